"""A database and a Redis number of a test's own, for processes it starts and kills."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.template import template

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def own_servers(redis_number: int) -> Iterator[dict[str, str]]:
    """The environment of processes; the database is a prepared one, and dropped at the end."""
    owner = os.environ["DATABASE_URL"]
    name = f"crash_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template()}"')
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(urlsplit(owner)._replace(path=f"/{name}")),
        "REDIS_URL": urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{redis_number}")),
    }
    try:
        yield environment
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
