"""What a connection, a payer and a route may be set to: one place for the pages, the API and the admin.

Numbers have a range each; what goes over the wire has the transport's own rule. A fault names its field,
and repeats no value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from tradingpartners.models import Enrolment, ProviderIdentity, Route, TradingPartner, TransportKind
from tradingpartners.services.overdue import in_words
from tradingpartners.setup.fields import SETTINGS, Setting
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.registry import transport_of
from tradingpartners.transports.stedi_batch import LARGEST_BATCH
from tradingpartners.words import explain
from tradingpartners.x12 import DEFAULT_DELIMITERS

_DAY = timedelta(days=1)


class Fault(NamedTuple):
    """`field` may lie in another one: settings.url, credentials.password. `code` is for programs."""

    field: str
    code: str
    words: str


class Range(NamedTuple):
    """Both ends are allowed; numbers, or lengths of time."""

    least: Any
    most: Any

    @property
    def words(self) -> str:
        least, most = (in_words(each) if isinstance(each, timedelta) else f"{each:,}" for each in self)
        return f"Between {least} and {most}."

    def allows(self, value: Any) -> bool:
        return value is None or bool(self.least <= value <= self.most)


def _spans(least: int, most: timedelta) -> Range:
    return Range(timedelta(seconds=least), most)


PARTNER_RANGES: Mapping[str, Range] = {
    "max_st_per_interchange": Range(1, 100_000),
    "max_interchanges_per_minute": Range(1, 1000),
    "max_concurrent_files": Range(1, 1000),
    "response_sla": _spans(1, 14 * _DAY),
    "lease": _spans(10, timedelta(hours=1)),
    "taken_timeout": _spans(60, 3 * _DAY),
    "poll_interval": _spans(5, _DAY),
    "acknowledgement_due": _spans(60, 3 * _DAY),
}
PAYER_RANGES: Mapping[str, Range] = {
    "timeout": Range(timedelta(seconds=1), timedelta(minutes=2)),
    "live_connections": Range(1, 500),
    "batch_connections": Range(1, 500),
    "breaker_failures": Range(1, 1000),
    "breaker_failure_rate": Range(1, 100),
    "breaker_window": _spans(1, timedelta(hours=1)),
    "breaker_minimum_calls": Range(1, 10_000),
    "breaker_open_time": _spans(1, timedelta(hours=1)),
    "retries": Range(0, 10),
    "retry_backoff": _spans(1, _DAY),
    "resend_gap": _spans(0, _DAY),
    "cached_answer_hours": Range(0, 744),
    "daily_cap": Range(1, 10_000_000),
}
PREFERENCES = Range(1, 99)


def out_of_range(ranges: Mapping[str, Range], given: Mapping[str, Any]) -> Iterator[Fault]:
    for name, allowed in ranges.items():
        if not allowed.allows(given.get(name)):
            yield Fault(name, "out_of_range", allowed.words)


# --- a connection ------------------------------------------------------------------------------------

REACHED_BY = frozenset({"transport", "settings", "credentials"})
# ISA06 and GS02 share the value: two characters at least, and none that parts anything.
_ID = re.compile(r"[A-Za-z0-9 !\"&'()+,\-./;?=%@\[\]_{}\\|<>#$]{2,15}")


def partner_faults(partner: TradingPartner, changed: Collection[str]) -> Iterator[Fault]:
    """What is wrong with a connection as it would be saved; `changed` are its columns that differ now.

    It is asked of its transport when what reaches it changes, or when it is put in use.
    """
    columns = {name: getattr(partner, name) for name in PARTNER_RANGES if name in changed}
    yield from out_of_range(PARTNER_RANGES, columns)
    if "max_st_per_interchange" in changed or "transport" in changed:
        yield from _batch_fault(partner)
    if "name" in changed and _has_namesake(partner):
        yield Fault("name", "unique", "A connection with this name is here already.")
    for name in ("sender_id", "receiver_id"):
        if name in changed and not _is_id(getattr(partner, name)):
            yield Fault(name, "invalid", "2 to 15 letters, digits or signs; not * : ^ or ~.")
    if REACHED_BY & set(changed):
        yield from connection_faults(partner)
    elif "is_active" in changed and partner.is_active:
        for fault in connection_faults(partner):
            words = f"Complete the connection first. {label_of(partner.transport, fault)}: {fault.words}"
            yield Fault("is_active", fault.code, words)


def _batch_fault(partner: TradingPartner) -> Iterator[Fault]:
    if partner.transport == TransportKind.STEDI_BATCH and partner.max_st_per_interchange > LARGEST_BATCH:
        words = f"Stedi takes {LARGEST_BATCH:,} at once, and no more."
        yield Fault("max_st_per_interchange", "out_of_range", words)


def _has_namesake(partner: TradingPartner) -> bool:
    return TradingPartner.objects.filter(name=partner.name).exclude(pk=partner.pk).exists()


def _is_id(value: str) -> bool:
    trimmed = value.strip(" ")
    return bool(_ID.fullmatch(trimmed)) and not set(DEFAULT_DELIMITERS) & set(trimmed)


# --- its settings and credentials ----------------------------------------------------------------------

_MISSING = "This is missing, or cannot be used."
# Where a transport's code says more than which field it is about.
_NAMED: Mapping[str, str] = {
    "partner_certificates_expired": "partner_certificates",
    "certificate_expired": "certificate",
    "public_url": "mdn",
}


def clean_settings(transport: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Digits become numbers where a number is meant; what is empty is left out."""
    numbers = {each.key for each in SETTINGS.get(transport, ()) if each.shape == "number"}
    return {
        key: int(value) if key in numbers and _is_digits(value) else value
        for key, value in given.items()
        if value not in (None, "", [])
    }


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10


def connection_faults(partner: TradingPartner) -> Iterator[Fault]:
    """Each setting by its shape; if all are well, whether its transport could reach it with them."""
    known = {each.key: each for each in SETTINGS[partner.transport]}
    faults = [
        *_setting_faults(known, partner.settings),
        *_credential_faults(known, partner.credentials or {}),
    ]
    yield from faults
    if not faults:
        yield from _transport_fault(partner, known)


def _setting_faults(known: Mapping[str, Setting], given: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in sorted(given.items()):
        setting = known.get(key)
        if setting is None:
            yield Fault(f"settings.{key}", "unknown_field", "There is no such setting.")
        elif setting.is_secret:
            words = "This belongs into the credentials: settings are shown to people."
            yield Fault(f"settings.{key}", "secret", words)
        elif words := _SHAPES[setting.shape](setting, value):
            yield Fault(f"settings.{key}", "invalid", words)


def _credential_faults(known: Mapping[str, Setting], given: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in sorted(given.items()):
        if key not in known or not known[key].is_secret:
            yield Fault(f"credentials.{key}", "unknown_field", "There is no such credential.")
        elif not isinstance(value, str) or len(value) > _LONGEST_LINES:
            yield Fault(f"credentials.{key}", "invalid", "This is not a text, or too long.")


_LONGEST, _LONGEST_LINES = 500, 40_000


def _text_fault(setting: Setting, value: Any) -> str:
    return "" if isinstance(value, str) and len(value) <= _LONGEST else "This is not a text, or too long."


def _lines_fault(setting: Setting, value: Any) -> str:
    lines = [value] if isinstance(value, str) else value
    is_text = isinstance(lines, list) and all(isinstance(each, str) for each in lines)
    return "" if is_text and sum(map(len, lines)) <= _LONGEST_LINES else "This is not a text, or too long."


def _number_fault(setting: Setting, value: Any) -> str:
    allowed = Range(setting.least, setting.most)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_number and allowed.allows(value) else allowed.words


def _flag_fault(setting: Setting, value: Any) -> str:
    return "" if isinstance(value, bool) else "True or false."


def _choice_fault(setting: Setting, value: Any) -> str:
    possible = [key for key, _ in setting.choices]
    return "" if value in possible else f"One of {', '.join(possible)}."


_SHAPES = {
    "text": _text_fault,
    "lines": _lines_fault,
    "pem": _lines_fault,
    "number": _number_fault,
    "flag": _flag_fault,
    "choice": _choice_fault,
}


def _transport_fault(partner: TradingPartner, known: Mapping[str, Setting]) -> Iterator[Fault]:
    connection = Connection(partner.pk, partner.settings, partner.credentials or {})
    try:
        transport_of(partner.transport).check(connection)
    except NotSent as error:
        said = error.code.partition(":")[2]
        key = _NAMED.get(said, said)
        words = explain(error.code).what if said in _NAMED else _MISSING
        if key == "credentials":
            key = _credential_at_fault(partner.transport, partner.credentials or {})
        if key in known:
            place = "credentials" if known[key].is_secret else "settings"
            yield Fault(f"{place}.{key}", "settings", words)
        else:
            yield Fault("settings", error.code.partition(":")[0], explain(error.code).what)


# What a kind of connection cannot do without, in the order in which people fill it in.
_WANTED: Mapping[str, tuple[str, ...]] = {
    TransportKind.STEDI: ("api_key",),
    TransportKind.STEDI_BATCH: ("api_key",),
    TransportKind.AVAILITY: ("client_id", "client_secret"),
}


_IN_HEADERS = ("token", "api_key")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,4096}")


def _credential_at_fault(transport: str, given: Mapping[str, Any]) -> str:
    """Which one a transport means that only says it is about the credentials: one that is missing, else
    one that can stand in no header."""
    wanted = _WANTED.get(transport, ("username", "password"))
    missing = [key for key in wanted if not given.get(key)]
    if transport == TransportKind.REALTIME and len(missing) != 1:  # neither half of a login is wrong
        unfit = [key for key in _IN_HEADERS if given.get(key) and not _HEADER_VALUE.fullmatch(given[key])]
        return (unfit or wanted)[0]
    return (missing or wanted)[0]


def label_of(transport: str, fault: Fault) -> str:
    """What the page calls the field of a fault."""
    key = fault.field.partition(".")[2]
    labels = {each.key: each.label for each in SETTINGS[transport]}
    return labels.get(key, key.replace("_", " ").capitalize() or "Connection")


# --- routes, enrolments, who asks, pauses ---------------------------------------------------------------


def route_faults(route: Route) -> Iterator[Fault]:
    """A route with all its columns."""
    if not PREFERENCES.allows(route.preference):
        yield Fault("preference", "out_of_range", PREFERENCES.words)
    place = {name: getattr(route, name) for name in ("payer_id", "environment", "preference")}
    taken = Route.objects.filter(transaction_set=route.transaction_set, **place).exclude(pk=route.pk)
    if taken.exists():
        words = "Another route to this payer has this place: choose the next one."
        yield Fault("preference", "taken", words)


def enrolment_faults(enrolment: Enrolment, *, today: date) -> Iterator[Fault]:
    """`decided_on` is since when its state holds: for what nobody applied for there is no such day."""
    state, since = Enrolment.State(enrolment.state), enrolment.decided_on
    if since is None:
        return
    if state in {Enrolment.State.NEEDED, Enrolment.State.NOT_NEEDED}:
        words = f"{state.label}: there is no day to it. Leave it empty, or choose another state."
        yield Fault("decided_on", "not_decided", words)
    elif since > today:
        yield Fault("decided_on", "in_the_future", "This day has not come yet.")


def identity_faults(identity: ProviderIdentity) -> Iterator[Fault]:
    """One name and number for a facility and a payer; nobody's stands for all of them."""
    same = ProviderIdentity.objects.filter(facility=identity.facility_id, payer=identity.payer_id)
    if same.exclude(pk=identity.pk).exists():
        yield Fault("payer", "taken", "There is one for this facility and payer already.")


IS_OVER = "This is over already: choose a later time, or leave it empty."


def is_over(resumes_at: datetime | None, *, now: datetime) -> bool:
    """Whether a pause until then would end as it begins."""
    return resumes_at is not None and resumes_at <= now
