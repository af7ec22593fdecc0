"""Who may do what: seed 002's matrix as one table, and the one door that asks it.

Pages, API and admin call `allowed(user, "eligibility.read", organization)`; nobody compares
levels. Beneath it stand django-guardian object permissions on the organization, rewritten
whenever a level changes.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm

from practice.models import Level, Membership, Organization

STAFF = frozenset({30, 40, 51, 60, 70})

# right → levels that hold it. A right's codename is itself with an underscore.
MATRIX: dict[str, frozenset[int]] = {
    "eligibility.read": STAFF,
    "eligibility.trigger": frozenset({30, 70}),
    "eligibility.triage": frozenset({30, 51, 70}),
    "eligibility.update": frozenset({70}),
    "coverage.read": STAFF,
    "coverage.write": frozenset({30, 51, 70}),
    "plan.write": frozenset({51, 70}),
    "raw.read": frozenset({70}),
    "partner.read": frozenset({70}),
    "partner.update": frozenset({70}),
    "member.update": frozenset({70}),
}


class NotAllowed(Exception):
    """A person asked for something their role does not include."""

    code = "not_allowed"

    def __init__(self, right: str) -> None:
        super().__init__(f"This needs the right {right}.")
        self.right = right


def codename(right: str) -> str:
    return right.replace(".", "_")


def allowed(user: Any, right: str, organization: Organization | UUID | None) -> bool:
    """Whether the person holds the right in the organization.

    Platform operators (superusers) hold none: payers and operations are theirs, patients are not.
    """
    if right not in MATRIX:
        raise KeyError(right)
    if organization is None or not user.is_authenticated or not user.is_active or user.is_superuser:
        return False
    return codename(right) in rights_of(user, organization)


def rights_of(user: Any, organization: Organization | UUID) -> frozenset[str]:
    """Codenames of all rights, one query a request: kept on the user object."""
    organization_id = organization.pk if isinstance(organization, Organization) else organization
    cache: dict[UUID, frozenset[str]] = user.__dict__.setdefault("_preflight_rights", {})
    if organization_id not in cache:
        cache[organization_id] = frozenset(
            UserObjectPermission.objects.filter(
                user=user,
                object_pk=str(organization_id),
                content_type__app_label="practice",
                content_type__model="organization",
            ).values_list("permission__codename", flat=True)
        )
    return cache[organization_id]


def require(user: Any, right: str, organization: Organization | UUID | None) -> None:
    if not allowed(user, right, organization):
        raise NotAllowed(right)


@transaction.atomic
def set_level(membership: Membership, level: Level | int) -> Membership:
    """Give a membership its level and the person exactly the rights of that level.

    Explicit grants beyond the level are made afterwards, with `grant`.
    """
    membership.level = level
    membership.save()
    UserObjectPermission.objects.filter(
        user=membership.user, object_pk=str(membership.organization_id)
    ).delete()
    for right, levels in MATRIX.items():
        if level in levels:
            grant(membership, right)
    membership.user.__dict__.pop("_preflight_rights", None)
    return membership


def grant(membership: Membership, right: str) -> None:
    """One right beyond the level, e.g. `eligibility.update` for a biller who runs the sweeps."""
    organization = Organization.objects.get(pk=membership.organization_id)
    assign_perm(codename(right), membership.user, organization)
