"""What the dispatcher role may see and write is what the apps declare, column by column."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.django_db


def declared(attribute: str) -> set[tuple[str, str]]:
    return {
        (config.get_model(model)._meta.db_table, column)
        for config in apps.get_app_configs()
        for model, columns in getattr(config, attribute, {}).items()
        for column in columns
    }


@pytest.mark.parametrize(
    ("right", "attribute"), [("SELECT", "dispatcher_reads"), ("UPDATE", "dispatcher_writes")]
)
def test_the_dispatcher_has_the_declared_columns_and_no_other(right: str, attribute: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.column_privileges"
            " WHERE grantee = %s AND privilege_type = %s AND table_schema = 'public'",
            [settings.DISPATCHER_ROLE, right],
        )
        granted = set(cursor.fetchall())
    assert granted == declared(attribute)


def test_the_dispatcher_may_do_nothing_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(
            "SELECT DISTINCT privilege_type FROM information_schema.column_privileges WHERE grantee = %s",
            [settings.DISPATCHER_ROLE],
        )
        assert {right for (right,) in cursor.fetchall()} == {"SELECT", "UPDATE"}
