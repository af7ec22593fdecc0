"""What a connection, a payer and a route may be set to: one place for the pages, the API and the admin.

Numbers have a range each; what goes over the wire has the transport's own rule. A fault names its field,
and repeats no value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from tradingpartners.messages import writable
from tradingpartners.models import Enrolment, ProviderIdentity, Route, TradingPartner, TransportKind
from tradingpartners.setup.faults import Fault as Fault
from tradingpartners.setup.faults import Range as Range
from tradingpartners.setup.fields import SETTINGS
from tradingpartners.setup.reaching import connection_faults
from tradingpartners.setup.settings_rules import clean_settings as clean_settings
from tradingpartners.transports.stedi_batch import LARGEST_BATCH

_DAY = timedelta(days=1)


def _spans(least: int, most: timedelta) -> Range:
    return Range(timedelta(seconds=least), most)


PARTNER_RANGES: Mapping[str, Range] = {
    "max_st_per_interchange": Range(1, 100_000),
    "max_interchanges_per_minute": Range(1, 1000),
    "max_concurrent_files": Range(1, 1000),
    "response_sla": _spans(1, 14 * _DAY),
    # A start whose worker was lost counts no more once its unit is claimed again: no sooner than after
    # the minute that it counts for.
    "lease": _spans(60, timedelta(hours=1)),
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
_IDS = ("sender_id", "receiver_id")
_GROUP_IDS = ("application_sender_id", "application_receiver_id")
_NO_ID = "2 to 15 letters, digits or signs, without accents; not * : ^ or ~."


# What somebody else may also take between this look and the save.
NAME_TAKEN = Fault("name", "unique", "A connection with this name is here already.")
PLACE_TAKEN = Fault("preference", "taken", "Another route to this payer has this place: choose the next one.")
IDENTITY_TAKEN = Fault("payer", "taken", "There is one for this facility and payer already.")


def partner_faults(partner: TradingPartner, changed: Collection[str]) -> Iterator[Fault]:
    """What is wrong with a connection as it would be saved; `changed` are its columns that differ now.

    It is asked of its transport when what reaches it changes, or when it is put in use.
    """
    columns = {name: getattr(partner, name) for name in PARTNER_RANGES if name in changed}
    yield from out_of_range(PARTNER_RANGES, columns)
    if "max_st_per_interchange" in changed or "transport" in changed:
        yield from _batch_fault(partner)
    if "name" in changed and _has_namesake(partner):
        yield NAME_TAKEN
    for name in _IDS:
        if name in changed and not writable.is_writable(getattr(partner, name), writable.ENVELOPE_ID):
            yield Fault(name, "invalid", _NO_ID)
    for name in _GROUP_IDS:  # empty: as the envelope's
        given = getattr(partner, name)
        if name in changed and given and not writable.is_writable(given, writable.ENVELOPE_ID):
            yield Fault(name, "invalid", _NO_ID)
    if REACHED_BY & set(changed):
        yield from connection_faults(partner)
    elif "is_active" in changed and partner.is_active:
        for fault in connection_faults(partner):
            words = f"Complete the connection first. {label_of(partner.transport, fault)}: {fault.words}"
            yield Fault("is_active", fault.code, words)
        if not all(writable.is_writable(getattr(partner, name), writable.ENVELOPE_ID) for name in _IDS):
            yield Fault("is_active", "invalid", "Complete the identity first: no file can carry its IDs.")


def _batch_fault(partner: TradingPartner) -> Iterator[Fault]:
    if partner.transport == TransportKind.STEDI_BATCH and partner.max_st_per_interchange > LARGEST_BATCH:
        words = f"Stedi takes {LARGEST_BATCH:,} at once, and no more."
        yield Fault("max_st_per_interchange", "out_of_range", words)


def _has_namesake(partner: TradingPartner) -> bool:
    return TradingPartner.objects.filter(name=partner.name).exclude(pk=partner.pk).exists()


def label_of(transport: str, fault: Fault) -> str:
    """What the page calls the field of a fault."""
    key = fault.field.partition(".")[2]
    labels = {each.key: each.label for each in SETTINGS[transport]}
    return labels.get(key, key.replace("_", " ").capitalize() or "Connection")


# --- routes, enrolments, who asks, pauses ---------------------------------------------------------------


_PLAIN = "letters, digits or signs, without accents; not * : ^ or ~."
_ROUTE_WORDS = {"payer_identifier": f"2 to 80 {_PLAIN}", "payer_name": f"1 to 60 {_PLAIN}"}


def route_faults(route: Route) -> Iterator[Fault]:
    """A route with all its columns."""
    for name in writable.unwritable_of(route):
        yield Fault(name, "invalid", _ROUTE_WORDS[name])
    if not PREFERENCES.allows(route.preference):
        yield Fault("preference", "out_of_range", PREFERENCES.words)
    place = {name: getattr(route, name) for name in ("payer_id", "environment", "preference")}
    taken = Route.objects.filter(transaction_set=route.transaction_set, **place).exclude(pk=route.pk)
    if taken.exists():
        yield PLACE_TAKEN


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
    if not writable.is_provider_name(identity.name):
        words = "1 to 60 letters, digits or signs; not * : ^ or ~. Accents are written as plain letters."
        yield Fault("name", "invalid", words)
    same = ProviderIdentity.objects.filter(facility=identity.facility_id, payer=identity.payer_id)
    if same.exclude(pk=identity.pk).exists():
        yield IDENTITY_TAKEN


_TAX_ID = re.compile(r"(\d{2})-(\d{7})")


def digits_of_tax_id(written: str) -> str:
    """12-3456789 is 123456789; anything else stays as it is."""
    found = _TAX_ID.fullmatch(written.strip())
    return f"{found[1]}{found[2]}" if found else written


IS_OVER = "This is over already: choose a later time, or leave it empty."


def is_over(resumes_at: datetime | None, *, now: datetime) -> bool:
    """Whether a pause until then would end as it begins."""
    return resumes_at is not None and resumes_at <= now
