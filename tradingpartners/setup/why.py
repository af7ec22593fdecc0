"""Findings about routes, and changes of a connection, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from practice.models import Facility, User
from tradingpartners.models import Payer, TradingPartner
from tradingpartners.services import routing
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
    actors = {row.pgh_actor for row in rows}
    people = {each.pk: each.get_full_name() or each.username for each in User.objects.filter(pk__in=actors)}
    fields = [f for f in rows[0]._meta.fields if not f.name.startswith("pgh_")] if rows else []
    changes = []
    after: Any = partner
    for row in rows:
        pairs = [(f.verbose_name, getattr(row, f.attname), getattr(after, f.attname)) for f in fields]
        what = [f"{name}: {_shown(old)} → {_shown(new)}" for name, old, new in pairs if old != new]
        if what:
            changes.append(Change(row.pgh_created_at, people.get(row.pgh_actor, "The system"), what))
        after = row
    return changes


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "none"
    return str(value)[:200]
