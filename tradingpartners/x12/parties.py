"""Names, identifiers, traces and references: what the loops of 270, 271 and 278 share."""

from datetime import date
from typing import NamedTuple

from tradingpartners.x12.elements import read_period
from tradingpartners.x12.segments import Segment, element_at


class Party(NamedTuple):
    """NM1: a person or an organization; absent is ""."""

    entity: str
    last_name: str
    first_name: str
    middle_name: str
    suffix: str
    id_qualifier: str
    id: str


class Trace(NamedTuple):
    """TRN: whose number a question or an answer goes by."""

    type: str
    number: str
    originator: str


class Reference(NamedTuple):
    """REF: group, plan, policy and other numbers."""

    qualifier: str
    number: str
    description: str


class DateRange(NamedTuple):
    """DTP: one date (`end` is None) or a range."""

    qualifier: str
    begin: date | None
    end: date | None


def read_party(segment: Segment) -> Party:
    """NM1, however short it is."""
    _, entity, _, last, first, middle, _, suffix, qualifier, number = [
        *segment[:10],
        *[""] * (10 - len(segment)),
    ]
    return Party(
        entity.strip(),
        last.strip(),
        first.strip(),
        middle.strip(),
        suffix.strip(),
        qualifier.strip(),
        number.strip(),
    )


def read_trace(segment: Segment) -> Trace:
    """TRN; payers pad what they echo, so every part is trimmed."""
    return Trace(element_at(segment, 1), element_at(segment, 2), element_at(segment, 3))


def read_reference(segment: Segment) -> Reference:
    """REF."""
    return Reference(element_at(segment, 1), element_at(segment, 2), element_at(segment, 3))


def read_date_range(segment: Segment) -> DateRange:
    """DTP; an unreadable date is None, and the caller reports it."""
    begin, end = read_period(element_at(segment, 2), element_at(segment, 3))
    return DateRange(element_at(segment, 1), begin, end)


def is_unreadable(period: DateRange, segment: Segment) -> bool:
    """Whether a date that is there could not be read."""
    return period.begin is None or (period.end is None and "-" in element_at(segment, 3))
