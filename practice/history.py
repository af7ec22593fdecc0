"""Change history: statement-level triggers keep each row as it was before a change, with who and why.

`tracked(Model, fields)` makes the append-only table of one model. Sealed columns are left out.
"""

from __future__ import annotations

from typing import Any

import pghistory
import pghistory.models
import pgtrigger
from django.db import models
from django.db.models.expressions import Func, Value
from django.db.models.functions import Cast, NullIf


def _setting(name: str, output: models.Field[Any, Any]) -> Any:
    text = Func(Value(name), Value(True), function="current_setting", output_field=models.TextField())
    value = NullIf(text, Value("", output_field=models.TextField()))
    return value if isinstance(output, models.TextField) else Cast(value, output)


def current_actor_default() -> Any:
    """SQL default: the actor `with tenant(…)` named."""
    return _setting("preflight.actor", models.UUIDField())


def current_organization_default() -> Any:
    return _setting("preflight.organization", models.UUIDField())


class Change(pghistory.models.Event):
    """A row as it was before a change. `pgh_actor` and `pgh_reason` fill themselves in."""

    pgh_actor = models.UUIDField(null=True, db_default=current_actor_default())
    pgh_reason = models.TextField(  # noqa: DJ001  null: nobody gave one
        null=True, db_default=_setting("preflight.reason", models.TextField())
    )

    class Meta:
        abstract = True


def tracked(model: type[models.Model], *fields: str) -> type[models.Model]:
    """The history table of `model`: prior values of `fields` at each update or delete.

    `id` and `organization` are always kept: row-level security needs the one, people the other.
    """
    own = {field.name for field in model._meta.fields}
    kept = [name for name in ("id", "organization", *fields) if name in own]
    name = f"{model.__name__}History"
    return pghistory.create_event_model(
        model,
        pghistory.UpdateEvent(row=pghistory.Old, level=pgtrigger.Statement),
        pghistory.DeleteEvent(level=pgtrigger.Statement),
        fields=kept,
        model_name=name,
        base_model=Change,
        abstract=False,
        context_field=None,  # type: ignore[arg-type]  # means "none", says its manual; its types forgot
        obj_field=pghistory.ObjForeignKey(db_index=True, related_name="history"),
    )
