"""Names, identifiers, traces and references: what the loops of 270, 271 and 278 share."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from tradingpartners.x12.elements import read_amount, read_period
from tradingpartners.x12.remembering import remember
from tradingpartners.x12.segments import Delimiters, Segment, element_at


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
    # TRN04: a part of the originator.
    division: str = ""


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
    # The end of a range that is there and cannot be read.
    end_unreadable: bool = False


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
    # N407: the part of a country that has no states.
    subdivision: str = ""


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
    """A name loop in full: 2100B and 2120 of a 271, 2010E and 2010F of a 278."""

    party: Party
    address: Address | None = None
    contacts: tuple[Contact, ...] = ()
    provider: ProviderInformation | None = None
    references: tuple[Reference, ...] = ()
    # NM110: what it is to the person above: 01 parent, 41 spouse …
    relationship: str = ""
    # N405 and N406: another kind of place, such as a region of TRICARE (RJ).
    location_qualifier: str = ""
    location: str = ""


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
    if len(segment) != 10:
        segment = [*segment, *_BLANKS][:10]
    _, entity, _, last, first, middle, _, suffix, qualifier, number = segment
    return Party(
        entity.strip(),
        last.strip(),
        first.strip(),
        middle.strip(),
        suffix.strip(),
        qualifier.strip(),
        number.strip(),
    )


_BLANKS = [""] * 10


def read_trace(segment: Segment) -> Trace:
    """TRN; payers pad what they echo, so every part is trimmed."""
    _, type_, number, originator, division = segment if len(segment) == 5 else [*segment, *_BLANKS][:5]
    return Trace(type_.strip(), number.strip(), originator.strip(), division.strip())


def read_procedure(components: list[str]) -> Procedure:
    """C003, however short it is."""
    parts = [part.strip() for part in components[:8]]
    qualifier, code, *modifiers, description, last_code = [*parts, *[""] * (8 - len(parts))]
    return Procedure(qualifier, code, tuple(filter(None, modifiers)), description, last_code)


def read_reference(segment: Segment) -> Reference:
    """REF."""
    _, qualifier, number, description = segment if len(segment) == 4 else [*segment, *_BLANKS][:4]
    return Reference(qualifier.strip(), number.strip(), description.strip())


def read_address(street: Segment, city: Segment) -> Address:
    """N3 and N4; one that is absent is an empty list."""
    lines = tuple([line for part in street[1:3] if (line := part.strip())])
    if len(city) < 8:
        city = [*city, *_BLANKS]
    _, name, state, postal_code, country, _, _, subdivision, *_ = city
    return Address(
        lines, name.strip(), state.strip(), postal_code.strip(), country.strip(), subdivision.strip()
    )


def read_contact(segment: Segment) -> Contact:
    """PER; numbers without a qualifier are kept, qualifiers without a number are not."""
    parts = [part.strip() for part in segment[1:9]]
    parts += [""] * (8 - len(parts))
    function, name, *pairs = parts
    numbers = [ContactNumber(*pair) for pair in zip(pairs[::2], pairs[1::2], strict=True) if pair[1]]
    return Contact(function, name, tuple(numbers))


def read_provider(segment: Segment) -> ProviderInformation:
    """PRV."""
    return ProviderInformation(element_at(segment, 1), element_at(segment, 2), element_at(segment, 3))


def read_entity(segments: list[Segment]) -> RelatedEntity:
    """An NM1 and the N3, N4, PER, PRV and REF around it, in whatever order."""
    if len(segments) == 1 and segments[0][0] == "NM1":  # most often nothing else is said
        return RelatedEntity(read_party(segments[0]), relationship=element_at(segments[0], 10))
    found: dict[str, list[Segment]] = {}
    for segment in segments:
        found.setdefault(segment[0], []).append(segment)
    name, city = found.get("NM1", _NONE)[0], found.get("N4", _NONE)[0]
    return RelatedEntity(
        party=read_party(name),
        address=read_address(found.get("N3", _NONE)[0], city) if "N3" in found or "N4" in found else None,
        contacts=tuple([read_contact(each) for each in found.get("PER", ())]),
        provider=read_provider(found["PRV"][0]) if "PRV" in found else None,
        references=tuple([read_reference(each) for each in found.get("REF", ())]),
        relationship=element_at(name, 10),
        location_qualifier=element_at(city, 5),
        location=element_at(city, 6),
    )


_NONE: list[Segment] = [[]]
# NM101 of payers and of those that ask them. Who they are is no secret of a patient.
_ASKERS_AND_PAYERS = frozenset(["1P", "2B", "36", "80", "FA", "GP", "P5", "PR"])


def read_public_name(text: str, delimiters: Delimiters) -> RelatedEntity:
    """The NM1 of a payer or of who asks, which is the same in every set of a file."""
    if element_at(text.split(delimiters.element, 2), 1) in _ASKERS_AND_PAYERS:
        return _remembered_name(text, delimiters)
    return read_entity([text.split(delimiters.element)])


@remember
def _remembered_name(text: str, delimiters: Delimiters) -> RelatedEntity:
    return read_entity([text.split(delimiters.element)])


def read_delivery(segment: Segment) -> ServiceDelivery:
    """HSD; an amount that cannot be read is None, and the caller reports it."""
    parts = [part.strip() for part in segment[1:9]]
    parts += [""] * (8 - len(parts))
    qualifier, quantity, unit, modulus, period, count, pattern, time_of_day = parts
    return ServiceDelivery(
        qualifier,
        read_amount(quantity),
        unit,
        read_amount(modulus),
        period,
        read_amount(count),
        pattern,
        time_of_day,
    )


# The elements of HSD that are amounts.
DELIVERY_AMOUNTS = (2, 4, 6)


def read_date_range(segment: Segment) -> DateRange:
    """DTP; an unreadable date is None, and the caller reports it."""
    begin, end = read_period(element_at(segment, 2), element_at(segment, 3))
    end_unreadable = end is None and begin is not None and "-" in element_at(segment, 3)
    return DateRange(element_at(segment, 1), begin, end, end_unreadable)


def is_unreadable(period: DateRange, segment: Segment) -> bool:
    """Whether a date that is there could not be read."""
    return period.begin is None or (period.end is None and "-" in element_at(segment, 3))


@remember
def read_dtp(text: str, delimiters: Delimiters) -> tuple[DateRange, bool]:
    """DTP before it is split, and whether its date is unreadable."""
    segment = text.split(delimiters.element)
    period = read_date_range(segment)
    return period, is_unreadable(period, segment)
