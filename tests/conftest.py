"""The test database is made by its owner; every test body runs as the app role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

KEPT = {"django_migrations", "django_content_type", "auth_permission", "practice_user"}


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    from practice.database import grant_rights, prepare_roles
    from practice.partitions import make_partitions

    options = connections["default"].settings_dict["OPTIONS"]
    with django_db_blocker.unblock():
        app_role = options.pop("options")
        options.pop("pool")
        connection.close()
        prepare_roles()
        made = setup_databases(verbosity=0, interactive=False, keepdb=django_db_keepdb)
        make_partitions(timezone.now(), months=2)
        grant_rights()
        connection.close()
        options["options"] = app_role
    yield
    with django_db_blocker.unblock():
        options.pop("options")
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
