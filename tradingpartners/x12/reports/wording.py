"""Values the codec reads, in words for a biller."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from tradingpartners.x12.code_tables import (
    in_words,
    period_in_words,
    quantity_in_words,
    span_in_words,
    words,
)
from tradingpartners.x12.elements import plain
from tradingpartners.x12.parties import (
    Address,
    Contact,
    DateRange,
    Party,
    Procedure,
    Reference,
    RelatedEntity,
    ServiceDelivery,
)
from tradingpartners.x12.ts271.values import Rejection

# DTP01 of a single date that is the last day: a certification expires.
_LAST_DAYS = frozenset({"036"})
# "Until further notice" is sent as 99991231, 20991231 and the like.
_OPEN_END_YEAR = 2099


def date_in_words(period: DateRange) -> str:
    """DTP: a day, or from when to when."""
    begin, end = period.begin, period.end
    if begin is None:
        return "not readable" if end is None else f"begin not readable, until {_last_day(end)}"
    if period.end_unreadable and end is None:
        return f"from {begin}, end not readable"
    if end is None and period.qualifier in _LAST_DAYS:
        return from_until_in_words(None, begin)
    if end is None:
        return _last_day(begin)
    return from_until_in_words(begin, end)


def from_until_in_words(begin: date | None, end: date | None) -> str:
    """The first and the last day, as far as they are known."""
    if begin is None:
        return "no end" if end is None or end.year >= _OPEN_END_YEAR else f"until {end}"
    if end is None:
        return f"from {begin}"
    if end == begin:
        return f"on {begin}"
    return f"from {begin}, no end" if end.year >= _OPEN_END_YEAR else f"{begin} to {end}"


def is_end_unreadable(period: DateRange) -> bool:
    return period.end is None and period.end_unreadable


def _last_day(day: date) -> str:
    return "no end" if day.year >= _OPEN_END_YEAR else str(day)


def dated_in_words(period: DateRange) -> str:
    """DTP: "Plan begins: 2026-01-01"."""
    return f"{_label('date', period.qualifier)}: {date_in_words(period)}"


def percent_in_words(share: Decimal) -> str:
    """EB08 is a fraction of one; some payers send the percentage itself."""
    return f"{plain((share * 100 if share <= 1 else share).normalize())}%"


def reference_in_words(reference: Reference) -> str:
    """REF: "Group number: G100 (ACME GROUP)"."""
    more = f" ({reference.description})" if reference.description else ""
    number = _masked(reference.number) if reference.qualifier == _SOCIAL_SECURITY else reference.number
    return f"{_label('reference', reference.qualifier)}: {number or 'missing'}{more}"


def _masked(number: str) -> str:
    """The last four of a social security number; none where it has no more."""
    return f"ends in {number[-4:]}" if len(number) > 4 else "not shown"


# REF01, and NM108.
_SOCIAL_SECURITY = "SY"
_SOCIAL_SECURITY_ID = "34"


def name_in_words(party: Party) -> str:
    """NM1: first name first."""
    return full_name(party.first_name, party.middle_name, party.last_name, party.suffix)


def full_name(*parts: str | None) -> str:
    """The parts of a name that are there."""
    return " ".join([part for part in parts if part]) or "nameless"


def entity_in_words(entity: RelatedEntity) -> str:
    """2120: "Primary care provider: MARTA STONE, NPI 1234567893, phone 5550100"."""
    party = entity.party
    parts = [name_in_words(party)]
    if party.id:
        parts.append(_coded("identifier", party.id_qualifier, party.id))
    if entity.relationship:
        parts.append(in_words("entity_relationship", entity.relationship))
    if entity.provider:
        parts.append(f"{in_words('provider', entity.provider.code)} provider")
        if entity.provider.number:
            parts.append(f"specialty {entity.provider.number}")
    if entity.address:
        parts.append(address_in_words(entity.address))
    if entity.location:
        parts.append(f"region {entity.location}")
    parts += [contact_in_words(contact) for contact in entity.contacts]
    parts += [reference_in_words(reference) for reference in entity.references]
    return f"{_label('entity', party.entity)}: {', '.join(parts)}"


def address_in_words(address: Address) -> str:
    """N3 and N4 on one line."""
    state = " ".join([part for part in (address.state, address.postal_code) if part])
    parts = [*address.lines, address.city, state, address.subdivision, address.country]
    return ", ".join([part for part in parts if part])


def contact_in_words(contact: Contact) -> str:
    """PER: a name where there is one, and its numbers."""
    numbers = [_coded("contact_number", each.qualifier, each.number) for each in contact.numbers]
    return ", ".join([part for part in (contact.name, *numbers) if part])


def procedure_in_words(procedure: Procedure) -> str:
    """C003: "procedure 99213 to 99215, modifiers 25 and 59"."""
    text = f"procedure {procedure.code or 'without a code'}"
    if procedure.last_code:
        text += f" to {procedure.last_code}"
    if procedure.modifiers:
        text += f" with modifier {', '.join(procedure.modifiers)}"
    return f"{text} ({procedure.description})" if procedure.description else text


def delivery_in_words(delivery: ServiceDelivery) -> str:
    """HSD: "12 visits, 3 per week, for 1 month"; "20 visits per calendar year"."""
    parts = []
    if delivery.quantity is not None:
        parts.append(quantity_in_words(delivery.quantity_qualifier, delivery.quantity))
    if delivery.unit:
        unit = in_words("delivery_unit", delivery.unit)
        parts.append(
            f"{plain(delivery.modulus)} per {unit}" if delivery.modulus is not None else f"per {unit}"
        )
    if delivery.period and delivery.unit:
        parts.append(span_in_words(delivery.period, delivery.period_count))
    elif delivery.period:
        period = period_in_words(delivery.period, delivery.period_count)
        parts = [" ".join([*parts, period])]
    if delivery.pattern:
        parts.append(in_words("delivery_pattern", delivery.pattern))
    if delivery.time_of_day:
        parts.append(in_words("delivery_time", delivery.time_of_day))
    return ", ".join(parts)


def rejections_in_words(rejections: Iterable[Rejection]) -> Iterator[str]:
    """AAA: for whom nothing was answered and why, whether to ask again, who puts it right."""
    for rejection in rejections:
        code = rejection.code or ""
        what = f"{in_words('rejection', code)} ({code})" if code else "No reason given"
        level = _LEVELS.get(rejection.loop[:5], "") or _LEVELS.get(rejection.loop, "for the question")
        fixer = words("rejection", "fixer").get(code, "call the payer")
        fixing = fixer if fixer in _DEEDS else f"to fix: {fixer}"
        yield f"Rejected {level} ({rejection.loop}): {what}; {_then(rejection)}; {fixing}"


def _then(rejection: Rejection) -> str:
    """AAA04, where it does not contradict AAA03: who cannot answer now has nothing to be corrected."""
    follow_up = rejection.follow_up
    if rejection.code in _NOT_NOW and follow_up not in _LATER:
        return "ask again later"
    return in_words("follow_up", follow_up) if follow_up else "no advice"


# AAA03 of a payer that cannot answer right now, and AAA04 that say when or that it will.
_NOT_NOW = frozenset({"42", "80"})
_LATER = frozenset("SWXY")
_DEEDS = frozenset({"call the payer", "nothing to fix"})
# The loops of a 271, and the 2010 and 2000 of a 278.
_LEVELS = {
    "2000A": "by the payer", "2100A": "by the payer", "2010A": "by the payer",
    "2000B": "for the provider who asks", "2100B": "for the provider who asks",
    "2010B": "for the provider who asks",
    "2000C": "for the member", "2100C": "for the member", "2010C": "for the member",
    "2000D": "for the patient", "2100D": "for the patient", "2010D": "for the patient",
    "2110C": "for the service", "2110D": "for the service", "2000F": "for the service",
    "2000E": "for the event", "2010E": "for a provider", "2010F": "for a provider",
}  # fmt: skip


def listed(parts: Iterable[str]) -> str:
    """Parts of a line, those that are empty left out."""
    return "; ".join([part for part in parts if part])


def _coded(table: str, qualifier: str, number: str) -> str:
    """A number and what it is: "NPI 1234567893"."""
    if table == "identifier" and qualifier == _SOCIAL_SECURITY_ID:
        number = _masked(number)
    return f"{in_words(table, qualifier)} {number}" if qualifier else f"number {number}"


def _label(table: str, code: str) -> str:
    return words(table).get(code, f"Code {code}" if code else "No code")
