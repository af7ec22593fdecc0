"""What every row of an organization has: key, owner, audit block, two managers, two triggers."""

from typing import Any, Self, TypeVar
from uuid import UUID

import pgtrigger
import uuid_utils.compat
from django.db import models
from django.db.models.expressions import Func
from django.db.models.functions import Now

from practice.history import current_actor_default, current_organization_default
from practice.tenancy import current_actor_id, current_organization_id

Row = TypeVar("Row", bound=models.Model, covariant=True)


def uuid7() -> UUID:
    return uuid_utils.compat.uuid7()


class UUIDv7(Func):
    """PostgreSQL's uuidv7(), or the function of that name our first migration makes."""

    function = "uuidv7"
    output_field = models.UUIDField()
    arity = 0


def primary_key() -> Any:
    # db_default alone leaves an unsaved parent without a key; default alone leaves INSERT … SELECT so.
    return models.UUIDField(primary_key=True, default=uuid7, db_default=UUIDv7(), editable=False)


_CHANGED = pgtrigger.Referencing(old="old_values", new="new_values")  # type: ignore[no-untyped-call]  # theirs


class Moves(pgtrigger.Trigger):
    """Refuses a state change that is not in the table of allowed moves, for a statement at once.

    The table is data: `{from state: {to states}}`, with `""` for the states a row may begin in.
    Migrations carry it into the database; code and docs read the same one.
    """

    def __init__(self, *, moves: dict[str, set[str]], field: str = "state", **kwargs: Any) -> None:
        self.moves, self.field = moves, field
        super().__init__(
            **{
                "name": f"{field}_moves",
                "level": pgtrigger.Statement,
                "operation": pgtrigger.Update,
                "when": pgtrigger.After,
                "referencing": _CHANGED,
                **kwargs,
            }
        )

    def get_func(self, model: Any) -> str:
        allowed = ", ".join(
            f"('{old}', '{new}')" for old, news in sorted(self.moves.items()) if old for new in sorted(news)
        )
        column = model._meta.get_field(self.field).column
        return f"""
            IF EXISTS (
                SELECT 1 FROM old_values o JOIN new_values n USING (id)
                WHERE o."{column}" <> n."{column}"
                AND (o."{column}", n."{column}") NOT IN ({allowed})
            ) THEN
                RAISE EXCEPTION '{model._meta.db_table}: {column} may not move that way'
                USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """


class Touch(pgtrigger.Trigger):
    """Sets updated_at and updated_by, whoever writes and however."""

    def __init__(self) -> None:
        super().__init__(
            name="touch",
            operation=pgtrigger.Update,
            when=pgtrigger.Before,
            level=pgtrigger.Row,
            func=(
                "NEW.updated_at = now(); NEW.updated_by_id = COALESCE(NULLIF(current_setting("
                "'preflight.actor', true), '')::uuid, NEW.updated_by_id); RETURN NEW;"
            ),
        )


class TenantQuerySet(models.QuerySet[Row]):
    def visible_to(self, user: Any) -> Self:
        """Rows of the organizations this person belongs to: the only way from a user to a row."""
        return self.filter(
            organization__memberships__user=user.pk, organization__memberships__is_deleted=False
        )


TenantManager = models.Manager.from_queryset(TenantQuerySet)


class LiveManager(TenantManager[Row]):
    """Rows that were not deleted."""

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().filter(is_deleted=False)


class Owned(models.Model):
    """Key, organization, who and when. Row-level security and both triggers rest on these names."""

    id = primary_key()
    organization = models.ForeignKey(
        "practice.Organization",
        on_delete=models.PROTECT,
        related_name="+",
        default=current_organization_id,
        db_default=current_organization_default(),
        editable=False,
    )
    created_by = models.ForeignKey(
        "practice.User",
        on_delete=models.PROTECT,
        related_name="+",
        default=current_actor_id,
        db_default=current_actor_default(),
        editable=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_by = models.ForeignKey(
        "practice.User",
        on_delete=models.PROTECT,
        related_name="+",
        default=current_actor_id,
        db_default=current_actor_default(),
        editable=False,
        db_index=False,
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class TenantRow(Owned):
    """A row people edit; deleting hides it."""

    is_deleted = models.BooleanField(default=False, db_default=False, editable=False)

    objects = LiveManager()
    all_objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        abstract = True
        base_manager_name = "all_objects"
        triggers: list[pgtrigger.Trigger] = [Touch()]


def _unconstrained(to: str, default: Any, db_default: Any) -> Any:
    # A foreign-key check and an index a row cost a bulk load more than the rest of it (measured).
    return models.ForeignKey(
        to,
        on_delete=models.DO_NOTHING,
        related_name="+",
        default=default,
        db_default=db_default,
        editable=False,
        db_constraint=False,
        db_index=False,
    )


class EvidenceRow(models.Model):
    """A bulk row of evidence: never deleted, its audit keys unchecked and unindexed."""

    id = primary_key()
    organization = _unconstrained(
        "practice.Organization", current_organization_id, current_organization_default()
    )
    created_by = _unconstrained("practice.User", current_actor_id, current_actor_default())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_by = _unconstrained("practice.User", current_actor_id, current_actor_default())
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        abstract = True
        triggers: list[pgtrigger.Trigger] = [Touch()]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
