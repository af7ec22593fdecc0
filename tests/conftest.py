"""The test database is made by its owner; every test body runs as the app role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

from tests.template import template

KEPT = {"django_migrations", "django_content_type", "auth_permission", "practice_user"}


def pytest_configure() -> None:
    """Two processes of tests share one Redis, and not their keys. The partners of tests live here."""
    settings.PRIVATE_PARTNERS = ["127.0.0.0/8"]
    os.environ["PRIVATE_PARTNERS"] = "127.0.0.0/8"  # for the processes that tests start
    # `./run` calls a checkout dev; the routes of tests are of the usual environment.
    settings.ENVIRONMENT = os.environ["ENVIRONMENT"] = "prod"
    settings.CACHES["default"]["KEY_PREFIX"] = os.environ.get("PYTEST_XDIST_WORKER", "alone")


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
    database["TEST"]["TEMPLATE"] = template()
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
