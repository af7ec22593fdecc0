"""Findings about routes, and changes of a connection, in words."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from practice.models import Facility, User
from tradingpartners.models import Payer, Route, TradingPartner
from tradingpartners.route_words import finding
from tradingpartners.services import routing
from tradingpartners.services.overdue import in_words
from tradingpartners.setup.fields import SETTINGS
from tradingpartners.setup.partner_forms import FilesForm, IdentityForm, LimitsForm
from tradingpartners.words import Explained

# What the history says of a button that asks for no reason.
RESUMED = "resumed on its page"


@dataclass(frozen=True)
class Why:
    """One route, and what stands in its way."""

    partner: TradingPartner | None
    route: Route | None
    findings: Sequence[Explained]
    is_ok: bool
    waits: bool = False


def explain(payer: Payer, facility: Facility) -> list[Why]:
    """Each route from a facility to a payer, in the order they are tried."""
    found = routing.explain(payer, facility, "270")
    return [_why(each) for each in found] or [Why(None, None, [finding("no_route")], False)]


def _why(found: routing.RouteFinding) -> Why:
    codes = [*found.reasons, *([found.waits_for] if found.waits_for else [])]
    said = [_UNWRITABLE.get(code) or finding(code) for code in codes or ["ok"]]
    return Why(found.route.partner, found.route, said, found.is_open, bool(found.waits_for))


_CHARACTERS = "Correct it: letters, digits and signs, but not * : ^ or ~."
_UNWRITABLE = {
    "unwritable:payer_identifier": Explained(
        "The payer's identifier on this route cannot be written.", _CHARACTERS
    ),
    "unwritable:payer_name": Explained("The payer's name on this route cannot be written.", _CHARACTERS),
    "unwritable:provider_name": Explained(
        "The name it is asked under cannot be written.", f"{_CHARACTERS} It stands under Who asks."
    ),
}


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
    if field.name == "credentials_changed_at":
        if old != new:
            yield "Credentials replaced"
    elif field.name == "settings":
        yield from _settings_changed(after.transport, old, new)
    elif field.name == "poller_paused" and old != new:
        because = f" ({row.pgh_reason})" if row.pgh_reason else ""
        yield f"{_LABELS[field.name]}: {_plain(old)} → {_plain(new)}{because}"
    elif old != new:
        label = _LABELS.get(field.name, field.verbose_name)
        yield f"{label}: {_shown(field, old, people)} → {_shown(field, new, people)}"


def _settings_changed(transport: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    labels = {each.key: each.label for each in SETTINGS.get(transport, ())}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{labels.get(key, key)}: {_setting(key, old.get(key))} → {_setting(key, new.get(key))}"


def _setting(key: str, value: Any) -> str:
    """Keys and certificates by their fingerprint: as people compare them, and short."""
    lines = [value] if isinstance(value, str) else value
    if key == "host_keys" and lines:
        return ", ".join(map(_fingerprint, lines))
    if key.endswith("certificates") and value:
        return f"SHA256:{_digest(str(value).encode())}"
    return _plain(value)


def _fingerprint(line: str) -> str:
    """As ssh-keygen -l prints it."""
    words = str(line).split()
    kinds = [place for place, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-", "sk-"))]
    try:
        key = b64decode(words[kinds[0] + 1], validate=True)
    except (IndexError, ValueError):
        return "a key that cannot be read"
    return f"{words[kinds[0]]} SHA256:{_digest(key)}"


def _digest(content: bytes) -> str:
    return b64encode(sha256(content).digest()).decode().rstrip("=")


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
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))[:200] or "none"
    return "none" if value in (None, "", [], {}) else str(value)[:200]
