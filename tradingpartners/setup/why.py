"""Findings about routes, and changes of a connection, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from practice.models import Facility, User
from tradingpartners.models import Payer, TradingPartner
from tradingpartners.services import routing
from tradingpartners.services.overdue import in_words
from tradingpartners.setup.fields import SETTINGS
from tradingpartners.setup.partner_forms import FilesForm, IdentityForm, LimitsForm
from tradingpartners.words import Explained, finding

# What the history says of a button that asks for no reason.
RESUMED = "resumed on its page"


@dataclass(frozen=True)
class Why:
    """One route, and what stands in its way."""

    partner: TradingPartner | None
    findings: Sequence[Explained]
    is_ok: bool


def explain(payer: Payer, facility: Facility) -> list[Why]:
    """Each route from a facility to a payer, in the order they are tried."""
    found = routing.explain(payer, facility, "270")
    return [_why(each) for each in found] or [Why(None, [finding("no_route")], False)]


def _why(found: routing.RouteFinding) -> Why:
    codes = [*found.reasons, *([found.waits_for] if found.waits_for else [])]
    return Why(found.route.partner, [finding(code) for code in codes or ["ok"]], found.is_open)


@dataclass(frozen=True)
class Change:
    at: datetime
    who: str
    what: Sequence[str]


def changes_in_words(partner: TradingPartner, rows: Sequence[Any]) -> list[Change]:
    """Newest first: each row holds what was before, the row after it what came of it."""
    owners = {row.owner_id for row in rows} | {partner.owner_id}
    named = User.objects.filter(pk__in={row.pgh_actor for row in rows} | owners)
    people = {each.pk: each.get_full_name() or each.username for each in named}
    fields = [f for f in rows[0]._meta.fields if not f.name.startswith("pgh_")] if rows else []
    changes = []
    after: Any = partner
    for row in rows:
        what = [words for field in fields for words in _changed(field, row, after, people)]
        if what:
            changes.append(Change(row.pgh_created_at, people.get(row.pgh_actor, "The system"), what))
        after = row
    return changes


# As the forms call them; what only a button sets has no form.
_LABELS = {
    "transport": "Kind of connection",
    "sending_paused": "Sending is paused",
    "paused_reason": "Why it is paused",
    "poller_paused": "Fetching is paused",
    "is_deleted": "Removed",
    **{
        name: str(field.label)
        for form in (LimitsForm, FilesForm, IdentityForm)
        for name, field in form.base_fields.items()
    },
}


def _changed(field: Any, row: Any, after: Any, people: Mapping[UUID, str]) -> Iterator[str]:
    old, new = getattr(row, field.attname), getattr(after, field.attname)
    if field.name == "settings":
        yield from _settings_changed(after.transport, old, new)
    elif old != new:
        label = _LABELS.get(field.name, field.verbose_name)
        yield f"{label}: {_shown(field, old, people)} → {_shown(field, new, people)}"


def _settings_changed(transport: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    labels = {each.key: each.label for each in SETTINGS.get(transport, ())}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{labels.get(key, key)}: {_plain(old.get(key))} → {_plain(new.get(key))}"


def _shown(field: Any, value: Any, people: Mapping[UUID, str]) -> str:
    if field.name == "owner" and value:
        return people.get(value, "somebody")
    choices = dict(getattr(field, "flatchoices", ()))
    return str(choices[value]) if value in choices else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return in_words(value)
    return "none" if value in (None, "", [], {}) else str(value)[:200]
