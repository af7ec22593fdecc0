"""A database as `manage.py database prepare` leaves it, to copy."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
_PREFIX = "preflight_template_"


def template() -> str:
    """The name of a prepared database to copy, made once for these migrations and then kept.

    Preparing takes some twenty seconds, a copy half a second; every worker and run would pay it.
    """
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")) + [ROOT / "practice/database.py"]:
        digest.update(path.read_bytes())
    name = _PREFIX + digest.hexdigest()[:16]
    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(urlunsplit(url._replace(path="/postgres")), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(271270)")
        made = [row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()]
        if name not in made:
            for old in made:
                if old.startswith(_PREFIX):
                    server.execute(f'DROP DATABASE IF EXISTS "{old}"')
            server.execute(f'CREATE DATABASE "{name}_new"')
            subprocess.run(
                [sys.executable, "manage.py", "database", "prepare", "-v0"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATABASE_URL": urlunsplit(url._replace(path=f"/{name}_new")),
                    "DATABASE_ROLE": "owner",
                },
                check=True,
            )
            server.execute(f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    return name
