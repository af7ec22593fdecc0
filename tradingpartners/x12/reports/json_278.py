"""What a 278 says, as plain values for JSON."""

from collections.abc import Iterable

from tradingpartners.x12.reports.json_values import (
    MOST_REPEATED,
    Json,
    json_address,
    json_date,
    json_dates,
    json_decimal,
    json_delivery,
    json_entity,
    json_procedure,
    json_references,
    json_rejections,
    json_trace,
)
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.certification import (
    Certification,
    certified_period,
    event_certification,
    patient_certification,
    review_certification,
    service_certification,
)
from tradingpartners.x12.ts278.values import (
    Admission,
    Attachment,
    DentalService,
    HealthCareCode,
    HealthCareServicesReview,
    InstitutionalService,
    PatientEvent,
    ProfessionalService,
    ReviewDecision,
    ReviewEntity,
    ReviewInformation,
    ReviewPatient,
    ReviewService,
)


def inspect_278(review: HealthCareServicesReview) -> Json:
    certification = review_certification(review)
    return {
        "purpose": review.purpose or None,
        "transaction_type": review.transaction_type or None,
        "is_response": review.is_response,
        "date": json_date(review.date),
        "payer": json_entity(review.payer) if review.payer else None,
        "requester": json_entity(review.requester) if review.requester else None,
        "aaa": json_rejections(review.rejections),
        **_certification(certification),
        "patients": [_patient(patient, review) for patient in review.patients],
    }


def _certification(certification: Certification | None) -> Json:
    """What was decided; of a request, nothing."""
    if certification is None:
        return {
            "status": None,
            "authorization_number": None,
            "administrative_reference": None,
            "needs_person": None,
            "flags": [],
        }
    return {
        "status": certification.status.value,
        "authorization_number": certification.authorization_number,
        "administrative_reference": certification.administrative_reference,
        "needs_person": certification.needs_person,
        "flags": [flag.value for flag in certification.flags],
    }


def _patient(patient: ReviewPatient, review: HealthCareServicesReview) -> Json:
    person, holder = patient.person, patient.subscriber
    party = person.party if person else None
    above = review.rejections or patient.rejections
    certification = patient_certification(patient, review.rejections) if review.is_response else None
    own_id = party.id if party else ""
    return {
        "is_dependent": patient.dependent is not None,
        "member_id": own_id or (holder.party.id if holder else "") or None,
        "last_name": (party.last_name or None) if party else None,
        "first_name": (party.first_name or None) if party else None,
        "middle_name": (party.middle_name or None) if party else None,
        "suffix": (party.suffix or None) if party else None,
        "birth_date": json_date(person.birth_date) if person else None,
        "gender": (person.gender or None) if person else None,
        "relationship": (person.relationship or None) if person else None,
        "address": json_address(person.address) if person else None,
        "references": json_references(person.references) if person else [],
        "aaa": json_rejections(_rejections(patient)),
        **_certification(certification),
        "events": [_event(event, above, review.is_response) for event in patient.events],
        "segment_number": patient.segment_number,
    }


def _rejections(patient: ReviewPatient) -> tuple[Rejection, ...]:
    """Those of the patient, and the first of a subscriber who has very many dependents."""
    if patient.dependent is None or patient.subscriber is None:
        return patient.rejections
    return (*patient.subscriber.rejections[:MOST_REPEATED], *patient.dependent.rejections)


def _event(event: PatientEvent, above: Iterable[Rejection], is_response: bool) -> Json:
    certification = event_certification(event, above) if is_response else None
    return {
        **_certification(certification),
        **_review(event),
        "diagnoses": [_code(code) for code in event.diagnoses],
        "admission": _admission(event.admission),
        "conditions": [
            {"category": each.category, "applies": each.applies or None, "codes": list(each.codes)}
            for each in event.conditions
        ],
        "clinical": [
            {"segment": each.segment_id, "elements": [text or None for text in each.elements]}
            for each in event.clinical
        ],
        "services": [_service(service, event, above, is_response) for service in event.services],
    }


def _service(
    service: ReviewService, event: PatientEvent, above: Iterable[Rejection], is_response: bool
) -> Json:
    certification = service_certification(service, event, above) if is_response else None
    return {
        **_certification(certification),
        **_review(service),
        **_line(service.line),
        "procedures": [_code(code) for code in service.procedures],
        "teeth": [{"code": each.code, "surfaces": list(each.surfaces)} for each in service.teeth],
    }


def _review(level: PatientEvent | ReviewService) -> Json:
    """What an event and a service have alike."""
    period = certified_period(level)
    return {
        **_information(level.information),
        "decision": _decision(level.decision),
        "period": json_dates([period])[0] if period else None,
        "traces": [json_trace(trace) for trace in level.traces],
        "references": json_references(level.references),
        "dates": json_dates(level.dates),
        "delivery": json_delivery(level.delivery) if level.delivery else None,
        "attachments": [_attachment(each) for each in level.attachments],
        "messages": list(level.messages),
        "providers": [_provider(each) for each in level.providers],
        "aaa": json_rejections(level.rejections),
        "segment_number": level.segment_number,
    }


def _information(information: ReviewInformation | None) -> Json:
    if information is None:
        information = ReviewInformation("")
    facility, causes = information.facility, information.related_causes
    return {
        "category": information.category or None,
        "certification_type": information.certification_type or None,
        "service_type": information.service_type or None,
        "facility": {"code": facility.code, "qualifier": facility.qualifier or None} if facility else None,
        "related_causes": list(causes.causes) if causes else [],
        "level_of_service": information.level_of_service or None,
    }


def _decision(decision: ReviewDecision | None) -> Json | None:
    """HCR as it stands."""
    if decision is None:
        return None
    return {
        "action": decision.action or None,
        "number": decision.number or None,
        "reasons": list(decision.reasons),
        "second_opinion": decision.second_opinion or None,
    }


def _line(line: ProfessionalService | InstitutionalService | DentalService | None) -> Json:
    """SV1, SV2 or SV3."""
    return {
        "revenue_code": line.revenue_code or None if isinstance(line, InstitutionalService) else None,
        "procedure": json_procedure(line.procedure) if line else None,
        "amount": json_decimal(line.amount) if line else None,
        "unit": None if line is None or isinstance(line, DentalService) else line.unit or None,
        "quantity": json_decimal(line.quantity) if line else None,
        "diagnosis_pointers": list(line.diagnosis_pointers) if isinstance(line, ProfessionalService) else [],
    }


def _code(code: HealthCareCode) -> Json:
    dated = json_dates([code.date])[0] if code.date else {}
    return {
        "qualifier": code.qualifier or None,
        "code": code.code or None,
        "date": dated.get("date"),
        "from": dated.get("from"),
        "to": dated.get("to"),
    }


def _attachment(attachment: Attachment) -> Json:
    return {
        "report_type": attachment.report_type or None,
        "transmission": attachment.transmission or None,
        "control_number": attachment.control_number or None,
        "description": attachment.description or None,
    }


def _admission(admission: Admission | None) -> Json | None:
    if admission is None:
        return None
    return {name: value or None for name, value in admission._asdict().items()}


def _provider(provider: ReviewEntity) -> Json:
    return {
        **json_entity(provider.entity),
        "dates": json_dates(provider.dates),
        "aaa": json_rejections(provider.rejections),
    }
