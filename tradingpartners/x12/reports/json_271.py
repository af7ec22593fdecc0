"""What a 271 says, as plain values for JSON."""

from tradingpartners.x12.meaning.coverage_status import status
from tradingpartners.x12.reports.json_values import (
    MOST_REPEATED,
    Json,
    json_address,
    json_contacts,
    json_date,
    json_dates,
    json_decimal,
    json_delivery,
    json_entity,
    json_party,
    json_procedure,
    json_provider,
    json_references,
    json_rejections,
    json_trace,
)
from tradingpartners.x12.ts271.values import Answer, Benefit, EligibilityResponse, MilitaryService


def inspect_271(response: EligibilityResponse) -> Json:
    """The keys a 271 has beside those of every set."""
    payer, receiver = response.payer, response.receiver_details
    return {
        "date": json_date(response.date),
        "payer": {**json_party(payer), "contacts": json_contacts(response.payer_contacts)} if payer else None,
        "receiver": json_entity(receiver) if receiver else None,
        "aaa": json_rejections(response.rejections),
        "answers": [_answer(answer, response) for answer in response.answers],
    }


def _answer(answer: Answer, response: EligibilityResponse) -> Json:
    return {
        "is_dependent": answer.is_dependent,
        "member_id": answer.member_id,
        "last_name": answer.last_name,
        "first_name": answer.first_name,
        "middle_name": answer.middle_name,
        "suffix": answer.suffix,
        "birth_date": json_date(answer.birth_date),
        "gender": answer.gender,
        "relationship": answer.relationship,
        "birth_sequence": answer.birth_sequence,
        "other_identifiers_changed": answer.other_identifiers_changed,
        "address": json_address(answer.address),
        "contacts": json_contacts(answer.contacts),
        "provider": json_provider(answer.provider),
        "references": json_references(answer.references),
        "diagnoses": [{"qualifier": each.qualifier, "code": each.code} for each in answer.diagnoses],
        "military": _military(answer.military) if answer.military else None,
        "subscriber": json_party(answer.subscriber) if answer.subscriber else None,
        "status": status(answer, response.rejections, None).value,
        "dates": json_dates(answer.dates),
        "aaa": json_rejections(answer.rejections),
        "subscriber_aaa": json_rejections(answer.subscriber_rejections[:MOST_REPEATED]),
        "benefits": [_benefit(benefit) for benefit in answer.benefits],
        "traces": [json_trace(trace) for trace in answer.traces],
        "segment_number": answer.segment_number,
    }


def _benefit(benefit: Benefit) -> Json:
    return {
        "code": benefit.code or None,
        "coverage_level": benefit.coverage_level,
        "service_types": list(benefit.service_types),
        "insurance_type": benefit.insurance_type,
        "plan": benefit.plan,
        "period": benefit.period,
        "amount": json_decimal(benefit.amount),
        "percent": json_decimal(benefit.percent),
        "quantity_qualifier": benefit.quantity_qualifier,
        "quantity": json_decimal(benefit.quantity),
        "authorization_required": benefit.authorization_required,
        "in_network": benefit.in_network,
        "procedure": json_procedure(benefit.procedure),
        "diagnosis_pointers": list(benefit.diagnosis_pointers),
        "deliveries": [json_delivery(delivery) for delivery in benefit.deliveries],
        "additional": [
            {
                "qualifier": each.qualifier or None,
                "code": each.code or None,
                "category": each.category or None,
                "message": each.message or None,
            }
            for each in benefit.additional
        ],
        "entities": [json_entity(entity) for entity in benefit.entities],
        "references": json_references(benefit.references),
        "dates": json_dates(benefit.dates),
        "messages": list(benefit.messages),
        "aaa": json_rejections(benefit.rejections),
        "segment_number": benefit.segment_number,
    }


def _military(military: MilitaryService) -> Json:
    period = military.period
    return {
        "status": military.status or None,
        "employment": military.employment or None,
        "affiliation": military.affiliation or None,
        "description": military.description or None,
        "rank": military.rank or None,
        "from": json_date(period.begin) if period else None,
        "to": json_date(period.end) if period else None,
    }
