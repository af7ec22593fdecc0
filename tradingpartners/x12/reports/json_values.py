"""Values the codec reads, as plain values for JSON: dates ISO, amounts decimal strings, absent None."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from tradingpartners.x12.elements import plain
from tradingpartners.x12.parties import (
    Address,
    Contact,
    DateRange,
    Party,
    Procedure,
    ProviderInformation,
    Reference,
    RelatedEntity,
    ServiceDelivery,
    Trace,
)
from tradingpartners.x12.ts271.values import Rejection

Json = dict[str, object]

# Rejections of a subscriber stand with each dependent again: very many of both would fill the disk.
MOST_REPEATED = 20


def json_trace(trace: Trace) -> Json:
    return {
        "type": trace.type or None,
        "number": trace.number or None,
        "originator": trace.originator or None,
    }


def json_dates(dates: Iterable[DateRange]) -> list[Json]:
    return [
        {"qualifier": each.qualifier, "date": json_date(each.begin)}
        if each.end is None and not each.end_unreadable
        else {"qualifier": each.qualifier, "from": json_date(each.begin), "to": json_date(each.end)}
        for each in dates
    ]


def json_rejections(rejections: Iterable[Rejection]) -> list[Json]:
    return [
        {
            "loop": rejection.loop,
            "valid_request": rejection.valid_request,
            "code": rejection.code,
            "follow_up": rejection.follow_up,
        }
        for rejection in rejections
    ]


def json_date(day: date | None) -> str | None:
    return day.isoformat() if day else None


def json_decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def json_party(party: Party) -> Json:
    """NM1."""
    return {
        "entity": party.entity or None,
        "last_name": party.last_name or None,
        "first_name": party.first_name or None,
        "middle_name": party.middle_name or None,
        "suffix": party.suffix or None,
        "id_qualifier": party.id_qualifier or None,
        "id": party.id or None,
    }


def json_entity(entity: RelatedEntity) -> Json:
    """A name loop in full: the keys of its NM1 and the rest of it."""
    return {
        **json_party(entity.party),
        "relationship": entity.relationship or None,
        "location_qualifier": entity.location_qualifier or None,
        "location": entity.location or None,
        "address": json_address(entity.address),
        "contacts": json_contacts(entity.contacts),
        "provider": json_provider(entity.provider),
        "references": json_references(entity.references),
    }


def json_address(address: Address | None) -> Json | None:
    """N3 and N4."""
    if address is None:
        return None
    return {
        "lines": list(address.lines),
        "city": address.city or None,
        "state": address.state or None,
        "postal_code": address.postal_code or None,
        "country": address.country or None,
        "subdivision": address.subdivision or None,
    }


def json_contacts(contacts: Iterable[Contact]) -> list[Json]:
    """PER."""
    return [
        {
            "function": contact.function or None,
            "name": contact.name or None,
            "numbers": [
                {"qualifier": each.qualifier or None, "number": each.number} for each in contact.numbers
            ],
        }
        for contact in contacts
    ]


def json_provider(provider: ProviderInformation | None) -> Json | None:
    """PRV."""
    if provider is None:
        return None
    return {
        "code": provider.code or None,
        "qualifier": provider.qualifier or None,
        "number": provider.number or None,
    }


def json_references(references: Iterable[Reference]) -> list[Json]:
    """REF."""
    return [
        {
            "qualifier": each.qualifier or None,
            "number": each.number or None,
            "description": each.description or None,
        }
        for each in references
    ]


def json_procedure(procedure: Procedure | None) -> Json | None:
    """C003."""
    if procedure is None:
        return None
    return {
        "qualifier": procedure.qualifier or None,
        "code": procedure.code or None,
        "modifiers": list(procedure.modifiers),
        "description": procedure.description or None,
        "last_code": procedure.last_code or None,
    }


def json_delivery(delivery: ServiceDelivery) -> Json:
    """HSD."""
    return {
        "quantity_qualifier": delivery.quantity_qualifier or None,
        "quantity": json_decimal(delivery.quantity),
        "unit": delivery.unit or None,
        "modulus": json_decimal(delivery.modulus),
        "period": delivery.period or None,
        "period_count": json_decimal(delivery.period_count),
        "pattern": delivery.pattern or None,
        "time_of_day": delivery.time_of_day or None,
    }
