"""The test database is made by its owner; every test body runs as the app role."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

KEPT = {"django_migrations", "django_content_type", "auth_permission", "practice_user"}


def pytest_configure() -> None:
    """Two processes of tests share one Redis, and not their keys. The partners of tests live here."""
    settings.PRIVATE_PARTNERS = ["127.0.0.0/8"]
    os.environ["PRIVATE_PARTNERS"] = "127.0.0.0/8"  # for the processes that tests start
    # `./run` calls a checkout dev; the routes of tests are of the usual environment.
    settings.ENVIRONMENT = os.environ["ENVIRONMENT"] = "prod"
    settings.CACHES["default"]["KEY_PREFIX"] = os.environ.get("PYTEST_XDIST_WORKER", "alone")


ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "preflight_template_"


def _template() -> str:
    """The name of a prepared database to copy, made once for these migrations and then kept.

    Preparing takes some twenty seconds, a copy half a second; every worker and run would pay it.
    """
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")) + [ROOT / "practice/database.py"]:
        digest.update(path.read_bytes())
    name = TEMPLATE + digest.hexdigest()[:16]
    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(urlunsplit(url._replace(path="/postgres")), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(271270)")
        made = [row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()]
        if name not in made:
            for old in made:
                if old.startswith(TEMPLATE):
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


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    database = connections["default"].settings_dict
    app_role = database["OPTIONS"].pop("options")
    database["OPTIONS"].pop("pool")
    database["TEST"]["TEMPLATE"] = _template()
    with django_db_blocker.unblock():
        connection.close()
        made = setup_databases(verbosity=0, interactive=False, keepdb=django_db_keepdb)
        connection.close()
        # No test loses its server: a commit need not wait for the disk.
        database["OPTIONS"]["options"] = f"{app_role} -c synchronous_commit=off"
    yield
    with django_db_blocker.unblock():
        database["OPTIONS"].pop("options")
        connection.close()
        if not django_db_keepdb:
            teardown_databases(made, verbosity=0)


def _empty_tables(self: Any) -> None:
    """What the app role may not do between real-transaction tests, its session's owner may."""
    connection.close()  # a test may leave a broken transaction behind
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        tables = [f'"{name}"' for name in connection.introspection.table_names() if name not in KEPT]
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        cursor.execute("DELETE FROM practice_user WHERE username <> 'system'")
    connection.close()


@pytest.fixture(autouse=True, scope="session")
def _flush_as_owner() -> None:
    TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[method-assign]
