"""A 278 in words for a biller, line by line."""

from collections.abc import Iterator

from tradingpartners.x12.code_tables import in_words, quantity_in_words, words
from tradingpartners.x12.parties import RelatedEntity
from tradingpartners.x12.reports.wording import (
    date_in_words,
    delivery_in_words,
    entity_in_words,
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
    ADMINISTRATIVE_REFERENCE,
    PREVIOUS_AUTHORIZATION,
    CertificationType,
    DentalService,
    HealthCareServicesReview,
    InstitutionalService,
    PatientEvent,
    ReviewInformation,
    ReviewPatient,
    ReviewService,
    Tooth,
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
# BHT02 of 005010X216.
NOTIFICATION = "CN"
# The words for dates that say what happened.
_HAPPENED = {
    "admission": "an admission",
    "discharge": "a discharge",
    "service": "a service",
    "accident": "an accident",
}
# C023-2 of UM04.
_TYPE_OF_BILL = "A"
# SV305.
_PROSTHESES = {"I": "first placement", "R": "replacement"}


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
    told: set[int] = set()
    for patient in review.patients:
        # Those of a subscriber stand with each dependent again.
        refused = [each for each in patient.rejections if each.segment_number not in told]
        told.update(each.segment_number for each in refused)
        yield from _answer(patient, review.rejections, refused)


def _request(patient: ReviewPatient, review: HealthCareServicesReview) -> Iterator[str]:
    for event in patient.events:
        yield f"{_sentence(event, review)} for {_person(patient)}"
        yield from _details(event)
        yield from _clinical(event)
        if event.diagnoses:
            yield f"  diagnoses: {', '.join(code.code for code in event.diagnoses)}"
        for service in event.services:
            yield f"  service: {_service_asked(service, event)}"
            for line in _details(service):
                yield f"  {line}"


def _sentence(event: PatientEvent, review: HealthCareServicesReview) -> str:
    """Who asks whom to do what, or who tells whom of what."""
    if review.purpose == NOTIFICATION:
        return f"{_name(review.requester)} notifies {_name(review.payer)} of {_happened(event)}"
    return f"{_name(review.requester)} asks {_name(review.payer)} to {_asked(event)}"


def _happened(event: PatientEvent) -> str:
    """What a notification is about: an admission, a discharge, a service."""
    kinds = [words("review_date").get(each.qualifier, "") for each in event.dates]
    named = [_HAPPENED[kind] for kind in kinds if kind in _HAPPENED]
    parts = [" and ".join(dict.fromkeys(named)) or "an event", *_kind(event.information)]
    return " ".join([*parts, *_numbers(event)])


def _asked(event: PatientEvent) -> str:
    """What is wanted, of what kind, how soon, about which earlier authorization."""
    information = event.information
    if information is None:
        own = any(service.information for service in event.services)
        return "decide on the services below" if own else "do something the request does not say"
    verb = in_words("certification_type", information.certification_type)
    return " ".join([verb, *_kind(information), *_numbers(event)])


def _kind(information: ReviewInformation | None) -> Iterator[str]:
    """The services, what they are part of, and how soon."""
    if information is None:
        return
    if information.service_type:
        yield in_words("service_type", information.service_type)
    yield f"({in_words('request_category', information.category)})"
    if information.level_of_service:
        yield f"- {in_words('level_of_service', information.level_of_service)}"


def _numbers(level: PatientEvent | ReviewService) -> Iterator[str]:
    """The numbers an earlier request goes by."""
    for each in level.references:
        if each.qualifier == PREVIOUS_AUTHORIZATION:
            yield f"under number {each.number}"
        elif each.qualifier == ADMINISTRATIVE_REFERENCE:
            yield f"under the payer's reference {each.number}"


def _service_asked(service: ReviewService, event: PatientEvent) -> str:
    """One service, with what is to be done with it where it is not what is asked for the event."""
    said = _line(service)
    own = service.information.certification_type if service.information else ""
    above = event.information.certification_type if event.information else ""
    if own and (own != above or own != CertificationType.INITIAL):
        said = f"{in_words('certification_type', own)} {said or 'a service not named'}"
    return " ".join(filter(None, [said or "not said which", *_numbers(service)]))


def _details(level: PatientEvent | ReviewService) -> Iterator[str]:
    """When, where, how much, who, what is sent along."""
    for period in level.dates:
        yield f"  {in_words('review_date', period.qualifier)}: {date_in_words(period)}"
    if level.information is not None:
        yield from _circumstances(level.information)
    if level.delivery is not None:
        yield f"  how much: {delivery_in_words(level.delivery)}"
    for provider in level.providers:
        yield f"  {entity_in_words(provider.entity)}"
    for attachment in level.attachments:
        how = in_words("transmission", attachment.transmission)
        yield f"  sent along {how}: {attachment.control_number or 'without a number'}"
    for message in level.messages:
        yield f"  says: {message}"


def _circumstances(information: ReviewInformation) -> Iterator[str]:
    """Where, and after what."""
    facility, causes = information.facility, information.related_causes
    if facility and facility.qualifier == _TYPE_OF_BILL:
        yield f"  where: type of bill {facility.code}"
    elif facility:
        yield f"  where: {in_words('place', facility.code)}"
    if causes:
        yield f"  because of: {', '.join(in_words('related_cause', code) for code in causes.causes)}"


def _clinical(event: PatientEvent) -> Iterator[str]:
    """CL1, CRC and CR1 to CR6; their many codes stand as they are."""
    admission = event.admission
    if admission is not None:
        kind = in_words("admission_type", admission.type) if admission.type else "not stated"
        parts = [kind]
        parts += [f"source code {admission.source}"] if admission.source else []
        parts += [f"patient status code {admission.status}"] if admission.status else []
        yield f"  kind of admission: {', '.join(parts)}"
    for condition in event.conditions:
        applies = {"Y": "yes", "N": "no"}.get(condition.applies, "not stated")
        codes = ", ".join(condition.codes)
        yield f"  {in_words('condition_category', condition.category)}: {applies}, codes {codes}"
    for each in event.clinical:
        said = ", ".join(filter(None, each.elements))
        yield f"  {in_words('clinical', each.segment_id)} ({each.segment_id}): {said}"


def _answer(
    patient: ReviewPatient, rejections: tuple[Rejection, ...], refused: list[Rejection]
) -> Iterator[str]:
    above = rejections or patient.rejections
    patients_own = [f"  {line}" for line in rejections_in_words(refused)]
    if not patient.events:
        yield f"{_person(patient)}: {_decided(patient_certification(patient, rejections))}"
        yield from patients_own
    for number, event in enumerate(patient.events):
        certification = event_certification(event, above)
        yield f"{_person(patient)}: {_outcome(certification, event)}"
        yield from patients_own if number == 0 else ()
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
        return ", ".join([_tooth(tooth) for tooth in service.teeth])
    codes: list[str] = []
    if isinstance(line, InstitutionalService) and line.revenue_code:
        codes.append(f"revenue code {line.revenue_code}")
    if line.procedure is not None:
        codes.append("-".join(filter(None, [line.procedure.code, *line.procedure.modifiers])))
    if line.quantity is not None:
        codes.append(quantity_in_words(_UNITS.get(getattr(line, "unit", ""), "UN"), line.quantity))
    if isinstance(line, DentalService):
        codes += [in_words("oral_cavity", area) for area in line.oral_cavities]
        codes += [_PROSTHESES[line.prosthesis]] if line.prosthesis in _PROSTHESES else []
        codes += [line.description] if line.description else []
    return ", ".join([*codes, *[_tooth(tooth) for tooth in service.teeth]])


def _tooth(tooth: Tooth) -> str:
    surfaces = ", ".join([in_words("tooth_surface", code) for code in tooth.surfaces])
    return f"tooth {tooth.code}{f' ({surfaces})' if surfaces else ''}"


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
