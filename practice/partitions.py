"""Tables partitioned by months of their UUIDv7 key, made so in their first migration.

A default partition takes what no month was made for; `manage.py database prepare` makes the months
ahead.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.migrations.operations import CreateModel


class CreatePartitionedModel(CreateModel):
    """CreateModel, by range of `id`."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = plain + " PARTITION BY RANGE (id)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        schema_editor.execute(f'CREATE TABLE "{table}_default" PARTITION OF "{table}" DEFAULT', params=None)


def month_start(year: int, month: int) -> UUID:
    """The smallest UUIDv7 of a month: its millisecond in the first 48 bits, the rest zero."""
    years, month0 = divmod(month - 1, 12)
    moment = datetime(year + years, month0 + 1, 1, tzinfo=UTC)
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def make_partitions(now: datetime, *, months: int = 24) -> int:
    """Make each month's partition from this one on, where it is missing; returns how many.

    A month whose rows already lie in the default partition is left there: moving them is a
    maintenance job, losing them is not possible either way.
    """
    made = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'p' AND n.nspname = current_schema()"
        )
        for (table,) in cursor.fetchall():
            for ahead in range(months):
                low = month_start(now.year, now.month + ahead)
                high = month_start(now.year, now.month + ahead + 1)
                years, month0 = divmod(now.month + ahead - 1, 12)
                name = f"{table}_{now.year + years}_{month0 + 1:02d}"
                cursor.execute("SELECT to_regclass(%s)", [name])
                if cursor.fetchone()[0] is not None:
                    continue
                cursor.execute(
                    f'SELECT EXISTS (SELECT 1 FROM "{table}_default" WHERE id >= %s AND id < %s)',
                    [low, high],
                )
                if cursor.fetchone()[0]:
                    continue
                cursor.execute(
                    f'CREATE TABLE "{name}" PARTITION OF "{table}" FOR VALUES'
                    f" FROM ('{low}') TO ('{high}')"
                )
                made += 1
    return made
