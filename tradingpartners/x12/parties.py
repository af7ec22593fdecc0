"""Names, identifiers, traces and references: what the loops of 270, 271 and 278 share."""

from datetime import date
from decimal import Decimal
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


class Procedure(NamedTuple):
    """Composite C003 of EB13, EQ02 and SV101: a procedure or product; absent is ""."""

    qualifier: str
    code: str
    modifiers: tuple[str, ...] = ()
    description: str = ""
    # C003-8: the last code, where a range of them is meant.
    last_code: str = ""


class Diagnosis(NamedTuple):
    """HI: one code of a person's diagnoses; ABK principal, ABF other."""

    qualifier: str
    code: str


class Address(NamedTuple):
    """N3 and N4."""

    lines: tuple[str, ...]
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class ContactNumber(NamedTuple):
    """PER03/04, 05/06, 07/08: TE telephone, FX fax, EM mail, UR address on the web, EX extension."""

    qualifier: str
    number: str


class Contact(NamedTuple):
    """PER: whom to ask."""

    function: str
    name: str
    numbers: tuple[ContactNumber, ...]


class ProviderInformation(NamedTuple):
    """PRV: the part a provider has, and its taxonomy or number."""

    code: str
    qualifier: str
    number: str


class RelatedEntity(NamedTuple):
    """A name loop in full: 2120 of a 271, 2010E and 2010F of a 278."""

    party: Party
    address: Address | None = None
    contacts: tuple[Contact, ...] = ()
    provider: ProviderInformation | None = None
    references: tuple[Reference, ...] = ()


class ServiceDelivery(NamedTuple):
    """HSD: how much of a service, how often; absent is "" or None."""

    quantity_qualifier: str
    quantity: Decimal | None
    # HSD03 and HSD04: so many in each of these.
    unit: str = ""
    modulus: Decimal | None = None
    # HSD05 and HSD06: over so many of these.
    period: str = ""
    period_count: Decimal | None = None
    # HSD07 and HSD08.
    pattern: str = ""
    time_of_day: str = ""


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


def read_procedure(components: list[str]) -> Procedure:
    """C003, however short it is."""
    parts = [part.strip() for part in components[:8]]
    qualifier, code, *modifiers, description, last_code = [*parts, *[""] * (8 - len(parts))]
    return Procedure(qualifier, code, tuple(filter(None, modifiers)), description, last_code)


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
