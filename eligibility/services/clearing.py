"""What a person says of a case: dealt with, or not after all."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from eligibility.models import ExceptionCase
from practice.models import Organization
from practice.tenancy import current_actor_id, current_organization_id


def clear_case(case: ExceptionCase, *, disposition: str, note: str, now: datetime) -> ExceptionCase:
    """A person has dealt with it: for the visits it touches, the same finding stays cleared."""
    case.state = ExceptionCase.State.CLEARED
    case.disposition = ExceptionCase.Disposition(disposition)
    case.note = note
    case.closed_at = now
    case.closed_by_id = current_actor_id()
    case.holds_through = max(case.last_visit_date or _today(now), _today(now))
    case.save(update_fields=["state", "disposition", "note", "closed_at", "closed_by", "holds_through"])
    return case


def reopen_case(case: ExceptionCase) -> ExceptionCase:
    """Undo a clearing."""
    case.state = ExceptionCase.State.OPEN
    case.disposition, case.note = "", ""
    case.closed_at = case.closed_by = case.holds_through = None
    case.save(update_fields=["state", "disposition", "note", "closed_at", "closed_by", "holds_through"])
    return case


def _today(now: datetime) -> date:
    organization = Organization.objects.get(pk=current_organization_id())
    return timezone.localtime(now, organization.zone).date()
