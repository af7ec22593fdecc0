"""A 278 in words for a biller, line by line."""

from collections.abc import Iterator

from tradingpartners.x12.code_tables import in_words, quantity_in_words
from tradingpartners.x12.parties import RelatedEntity
from tradingpartners.x12.reports.wording import (
    date_in_words,
    delivery_in_words,
    name_in_words,
    rejections_in_words,
)
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.certification import (
    CERTIFYING,
    Certification,
    CertificationStatus,
    certified_period,
    event_certification,
    patient_certification,
    read_action,
    review_certification,
    service_certification,
)
from tradingpartners.x12.ts278.values import (
    PREVIOUS_AUTHORIZATION,
    HealthCareServicesReview,
    InstitutionalService,
    PatientEvent,
    ReviewPatient,
    ReviewService,
)

_STATUS = {
    CertificationStatus.NOT_REQUIRED: "No authorization needed",
    CertificationStatus.CERTIFIED: "Certified in total",
    CertificationStatus.MODIFIED: "Certified, but NOT AS ASKED",
    CertificationStatus.PARTIAL: "Certified IN PART only",
    CertificationStatus.PENDED: "Not decided yet",
    CertificationStatus.CONTACT_PAYER: "CALL THE PAYER",
    CertificationStatus.UNKNOWN: "UNCLEAR: a person must read the answer",
    CertificationStatus.CANCELLED: "Cancelled",
    CertificationStatus.REJECTED: "REJECTED: not looked at, so not decided",
    CertificationStatus.DENIED: "DENIED",
}
# SV103 and SV204 that HSD01 has other codes for.
_UNITS = {"DA": "DY"}


def describe_278(review: HealthCareServicesReview) -> Iterator[str]:
    if not review.is_response:
        for patient in review.patients:
            yield from _request(patient, review)
        return
    yield f"Answer of {_name(review.payer)}"
    yield from rejections_in_words(review.rejections)
    if not review.patients:
        certification = review_certification(review)
        yield _decided(certification) if certification else ""
    for patient in review.patients:
        yield from _answer(patient, review.rejections)


def _request(patient: ReviewPatient, review: HealthCareServicesReview) -> Iterator[str]:
    for event in patient.events:
        asks = f"{_name(review.requester)} asks {_name(review.payer)}"
        yield f"{asks} to {_asked(event)} for {_person(patient)}"
        yield from _details(event)
        if event.diagnoses:
            yield f"  diagnoses: {', '.join(code.code for code in event.diagnoses)}"
        for service in event.services:
            yield f"  service: {_service_asked(service)}"
            for line in _details(service):
                yield f"  {line}"


def _asked(event: PatientEvent) -> str:
    """What is wanted, of what kind, how soon, about which earlier authorization."""
    information = event.information
    if information is None:
        return "do something the request does not say"
    parts = [in_words("certification_type", information.certification_type)]
    if information.service_type:
        parts.append(in_words("service_type", information.service_type))
    parts.append(f"({in_words('request_category', information.category)})")
    if information.level_of_service:
        parts.append(f"- {in_words('level_of_service', information.level_of_service)}")
    parts += [
        f"under number {each.number}" for each in event.references if each.qualifier == PREVIOUS_AUTHORIZATION
    ]
    return " ".join(parts)


def _service_asked(service: ReviewService) -> str:
    parts = [_line(service)]
    if service.information and service.information.certification_type not in ("", "I"):
        parts.insert(0, in_words("certification_type", service.information.certification_type))
    return ", ".join(filter(None, parts)) or "not said which"


def _details(level: PatientEvent | ReviewService) -> Iterator[str]:
    """When, how much, who, what is sent along."""
    for period in level.dates:
        yield f"  {in_words('review_date', period.qualifier)}: {date_in_words(period)}"
    if level.delivery is not None:
        yield f"  how much: {delivery_in_words(level.delivery)}"
    for provider in level.providers:
        yield f"  by {_name(provider.entity)}"
    for attachment in level.attachments:
        how = in_words("transmission", attachment.transmission)
        yield f"  sent along {how}: {attachment.control_number or 'without a number'}"
    for message in level.messages:
        yield f"  says: {message}"


def _answer(patient: ReviewPatient, rejections: tuple[Rejection, ...]) -> Iterator[str]:
    above = rejections or patient.rejections
    if not patient.events:
        yield f"{_person(patient)}: {_decided(patient_certification(patient, rejections))}"
    for line in rejections_in_words(patient.rejections):
        yield f"  {line}"
    for event in patient.events:
        certification = event_certification(event, above)
        yield f"{_person(patient)}: {_outcome(certification, event)}"
        yield from _reasons(certification, event)
        for service in event.services:
            decided = service_certification(service, event, above)
            yield f"  {_line(service) or 'service'}: {_outcome(decided, service)}"
            for line in _reasons(decided, service):
                yield f"  {line}"


def _outcome(certification: Certification, level: PatientEvent | ReviewService) -> str:
    """The decision, with what holds where something is certified."""
    parts = [_decided(certification)]
    if certification.status in CERTIFYING:
        period = certified_period(level)
        if period is not None:
            parts.append(date_in_words(period))
        if level.delivery is not None:
            parts.append(delivery_in_words(level.delivery))
    return ", ".join(parts)


def _decided(certification: Certification) -> str:
    parts = [_STATUS[certification.status]]
    if certification.authorization_number:
        parts.append(f"number {certification.authorization_number}")
    if certification.administrative_reference:
        parts.append(f"the payer's reference {certification.administrative_reference}")
    return ", ".join(parts)


def _reasons(certification: Certification, level: PatientEvent | ReviewService) -> Iterator[str]:
    """Why it was decided so, and why a person should look."""
    decision = level.decision
    if decision is not None and read_action(decision.action) != certification.status:
        number = f", number {decision.number}" if decision.number else ""
        yield f"  the payer's own word: {in_words('certification_action', decision.action.upper())}{number}"
    for reason in decision.reasons if decision else ():
        yield f"  because: {in_words('decision_reason', reason.upper())} ({reason})"
    rejections = [*level.rejections, *[each for one in level.providers for each in one.rejections]]
    for line in rejections_in_words(rejections):
        yield f"  {line}"
    for flag in certification.flags:
        yield f"  look: {in_words('certification_flag', flag.value)}"
    for message in level.messages:
        yield f"  says: {message}"


def _line(service: ReviewService) -> str:
    """The procedure or revenue code, and how many."""
    line = service.line
    if line is None:
        return ""
    codes = []
    if isinstance(line, InstitutionalService) and line.revenue_code:
        codes.append(f"revenue code {line.revenue_code}")
    if line.procedure is not None:
        codes.append("-".join(filter(None, [line.procedure.code, *line.procedure.modifiers])))
    if line.quantity is not None:
        codes.append(quantity_in_words(_UNITS.get(getattr(line, "unit", ""), "UN"), line.quantity))
    return ", ".join(codes)


def _person(patient: ReviewPatient) -> str:
    person = patient.person
    if person is None:
        return "somebody not named"
    role = "dependent" if patient.dependent else "subscriber"
    name = name_in_words(person.party)
    holder = patient.subscriber.party.id if patient.subscriber else ""
    born = f", born {person.birth_date}" if person.birth_date else ""
    return f"{name} ({role}, member {person.party.id or holder or 'unknown'}{born})"


def _name(entity: RelatedEntity | None) -> str:
    return name_in_words(entity.party) if entity else "somebody not named"
