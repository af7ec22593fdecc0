"""Row-level security as a migration operation, and the words of its policies.

Every table with an `organization` column, and the history tables, get the same policy: a row is
there when its organization is the one `with tenant(…)` named. Forced, so also for their owner.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.migrations.operations.base import Operation

# The subselect is evaluated once a statement, not once a row.
ORGANIZATION = "(SELECT NULLIF(current_setting('preflight.organization', true), '')::uuid)"
ACTOR = "(SELECT NULLIF(current_setting('preflight.actor', true), '')::uuid)"
OWN_ROWS = f"organization_id = {ORGANIZATION}"
THIS_ORGANIZATION = f"id = {ORGANIZATION}"
# Before an organization is chosen a person sees, and only sees, their own memberships and those
# practices' names.
OWN_MEMBERSHIPS = f"{ORGANIZATION} IS NULL AND user_id = {ACTOR}"
_BELONGS_TO = f"SELECT organization_id FROM practice_membership WHERE user_id = {ACTOR}"
OWN_ORGANIZATIONS = f"{ORGANIZATION} IS NULL AND id IN ({_BELONGS_TO})"


class Isolate(Operation):
    """Switch row-level security on for a model: `own` rows may be read and written, `seen` ones read."""

    reversible = True
    reduces_to_sql = True

    def __init__(
        self, model_name: str, *, own: str = OWN_ROWS, seen: str = "", dispatched: bool = False
    ) -> None:
        self.model_name, self.own, self.seen, self.dispatched = model_name, own, seen, dispatched

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        for statement in self.statements(table):
            schema_editor.execute(statement, params=None)

    def statements(self, table: str) -> list[str]:
        """The SQL, also for the test that compares it with the catalog."""
        sql = [
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY own_rows ON "{table}" USING ({self.own}) WITH CHECK ({self.own})',
        ]
        if self.seen:
            sql.append(f'CREATE POLICY seen_rows ON "{table}" FOR SELECT USING ({self.seen})')
        if self.dispatched:
            sql.append(
                f'CREATE POLICY dispatched ON "{table}" TO {settings.DISPATCHER_ROLE}'
                " USING (true) WITH CHECK (true)"
            )
        return sql

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        for policy in ("own_rows", "seen_rows", "dispatched"):
            schema_editor.execute(f'DROP POLICY IF EXISTS {policy} ON "{table}"', params=None)
        schema_editor.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY', params=None)

    def describe(self) -> str:
        return f"Isolate the rows of {self.model_name} by organization"


def tenant_models() -> list[type[models.Model]]:
    """Every model whose rows belong to an organization, history tables included."""
    return [
        model
        for model in apps.get_models()
        if any(field.name == "organization" for field in model._meta.concrete_fields)
        or model._meta.label in {"practice.Organization"}
    ]
