"""Write a 278 from ST to SE: requests, and responses, of 005010X217.

Loops and segments stand in the order of the guide whatever the order of the values; trailing empty
elements are cut. Dots of ICD codes are left out, a backtick in a patient's name becomes an
apostrophe; everything else that cannot stand in X12 is refused with its place in the review named.
"""

from collections.abc import Sequence

from tradingpartners.x12.elements import write_date, write_time
from tradingpartners.x12.envelope.writing import write_transaction_set
from tradingpartners.x12.errors import WriteErrorCode
from tradingpartners.x12.hierarchy import DEPENDENT, INFORMATION_RECEIVER, INFORMATION_SOURCE, SUBSCRIBER
from tradingpartners.x12.segments import DEFAULT_DELIMITERS, Delimiters, Segment, check_delimiters
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.codes import REQUEST_TYPES, RESPONSE_TYPES, REVIEW_REFERENCES
from tradingpartners.x12.ts278.fields import refuse, segment
from tradingpartners.x12.ts278.loops import event_name_loop
from tradingpartners.x12.ts278.names import NAMES, Names
from tradingpartners.x12.ts278.values import (
    ADMINISTRATIVE_REFERENCE,
    PATIENT_EVENT,
    PREVIOUS_AUTHORIZATION,
    REQUEST,
    RESPONSE,
    SERVICE,
    VERSION,
    CertificationType,
    HealthCareServicesReview,
    PatientEvent,
    ReviewPatient,
    ReviewPerson,
    ReviewService,
)

MOST_ATTACHMENTS = 10
MOST_TRACES = 2
# A payer adds a number of its own.
MOST_TRACES_OF_RESPONSE = 3
# A request of these kinds names what it is about by the payer's number.
_NEEDS_AUTHORIZATION = frozenset(
    [
        CertificationType.RENEWAL,
        CertificationType.REVISION,
        CertificationType.CANCEL,
        CertificationType.EXTENSION,
    ]
)
# A request still pended has no authorization number yet: the payer's own number does.
_NEEDS_NUMBER = frozenset([CertificationType.REVISION, CertificationType.CANCEL])


def write_278(
    review: HealthCareServicesReview,
    *,
    control_number: str,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
) -> str:
    """The review from ST to SE, request or response by its `purpose`."""
    check_delimiters(delimiters)
    if review.purpose not in (REQUEST, RESPONSE):
        refuse(WriteErrorCode.INVALID_VALUE, "purpose")
    body = _Writer(delimiters, review.purpose == RESPONSE).body(review)
    return write_transaction_set("278", control_number, VERSION, body, delimiters=delimiters)


def repaired_patient_names(review: HealthCareServicesReview) -> tuple[str, ...]:
    """The fields in which `write_278` writes an apostrophe for a backtick."""
    return tuple(
        f"patients[{number}].{role}.{field}"
        for number, patient in enumerate(review.patients)
        for role, person in (("subscriber", patient.subscriber), ("dependent", patient.dependent))
        if person is not None
        for field in NAMES
        if "`" in getattr(person.party, field)
    )


class _Writer(Names):
    """Values to segments; counts the levels."""

    def __init__(self, delimiters: Delimiters, is_response: bool) -> None:
        super().__init__(delimiters, is_response)
        self.levels = 0

    def body(self, review: HealthCareServicesReview) -> list[Segment]:
        """BHT, the payer, the requester, the patients."""
        above = _by_loop(review.rejections)
        if set(above) - {"2000A", "2010A", "2010B"}:
            refuse(WriteErrorCode.INVALID_VALUE, "rejections.loop")
        if not (review.patients or (self.is_response and review.rejections)):
            refuse(WriteErrorCode.REQUIRED, "patients")
        segments = [self._heading(review)]
        segments.append(self.level(INFORMATION_SOURCE, "", has_children=review.requester is not None))
        segments += self.rejected(above.get("2000A", ()), "rejections")
        segments += self.name_loop(review.payer, "payer", "2010A", above.get("2010A", ()))
        if review.requester is None:
            if review.patients or "2010B" in above:
                refuse(WriteErrorCode.REQUIRED, "requester")
            return segments
        segments.append(self.level(INFORMATION_RECEIVER, "1", has_children=bool(review.patients)))
        segments += self.name_loop(review.requester, "requester", "2010B", above.get("2010B", ()))
        return segments + self._patients(review.patients)

    def _heading(self, review: HealthCareServicesReview) -> Segment:
        if review.date is None or review.time is None:
            refuse(WriteErrorCode.REQUIRED, "date" if review.date is None else "time")
        types = RESPONSE_TYPES if self.is_response else REQUEST_TYPES
        return segment(
            "BHT",
            "0007",
            review.purpose,
            self.text(review.reference_identification, "reference_identification", 1, 50),
            write_date(review.date),
            write_time(review.time, seconds=bool(review.time.second)),
            self.code(review.transaction_type, "transaction_type", types),
        )

    def level(self, code: str, parent: str, *, has_children: bool) -> Segment:
        """HL."""
        self.levels += 1
        return ["HL", str(self.levels), parent, code, "1" if has_children else "0"]

    def _patients(self, patients: Sequence[ReviewPatient]) -> list[Segment]:
        """2000C and 2000D: dependents of one subscriber stand below it together."""
        segments: list[Segment] = []
        subscriber: ReviewPerson | None = None
        above = ""
        for number, patient in enumerate(patients):
            at = f"patients[{number}]"
            if patient.subscriber is None:
                refuse(WriteErrorCode.REQUIRED, f"{at}.subscriber")
            if patient.dependent is None or patient.subscriber != subscriber:
                subscriber = patient.subscriber
                has_children = bool(patient.events) or _is_followed_by_dependent(patients, number)
                segments.append(self.level(SUBSCRIBER, "2", has_children=has_children))
                segments += self.person(subscriber, f"{at}.subscriber", is_dependent=False)
                above = str(self.levels)
            parent = above
            if patient.dependent is not None:
                segments.append(self.level(DEPENDENT, above, has_children=bool(patient.events)))
                segments += self.person(patient.dependent, f"{at}.dependent", is_dependent=True)
                parent = str(self.levels)
            segments += self._events(patient, at, parent)
        return segments

    def _events(self, patient: ReviewPatient, at: str, parent: str) -> list[Segment]:
        if not patient.events and not self.is_response:
            refuse(WriteErrorCode.REQUIRED, f"{at}.events")
        segments: list[Segment] = []
        for number, event in enumerate(patient.events):
            segments += self.event(event, f"{at}.events[{number}]", parent)
        return segments

    # Loops

    def event(self, value: PatientEvent, at: str, parent: str) -> list[Segment]:
        """2000E and the services below it."""
        self._check_authorization(value, at)
        if value.information is None and not self.is_response:
            refuse(WriteErrorCode.REQUIRED, f"{at}.information")
        segments = [self.level(PATIENT_EVENT, parent, has_children=bool(value.services))]
        above = str(self.levels)
        segments += self._review(value, at)
        if value.diagnoses:
            segments.append(self.hi(value.diagnoses, f"{at}.diagnoses"))
        if value.delivery is not None:
            segments.append(self.hsd(value.delivery, f"{at}.delivery"))
        segments += [self.crc(each, f"{at}.conditions[{n}]") for n, each in enumerate(value.conditions)]
        if value.admission is not None:
            segments.append(self.cl1(value.admission, f"{at}.admission"))
        clinical = [self.clinical(each, f"{at}.clinical[{n}]") for n, each in enumerate(value.clinical)]
        if len({each[0] for each in clinical}) < len(clinical):
            refuse(WriteErrorCode.LIMIT_EXCEEDED, f"{at}.clinical")
        segments += sorted(clinical)
        segments += self._sent_along(value, at)
        segments += self._event_names(value, at)
        for number, service in enumerate(value.services):
            segments += self.service(service, f"{at}.services[{number}]", above, len(value.diagnoses))
        return segments

    def service(self, value: ReviewService, at: str, parent: str, diagnoses: int) -> list[Segment]:
        """2000F."""
        segments = [self.level(SERVICE, parent, has_children=False), *self._review(value, at)]
        if value.procedures:
            if not self.is_response:
                refuse(WriteErrorCode.INVALID_VALUE, f"{at}.procedures")
            segments.append(self.hi(value.procedures, f"{at}.procedures"))
        if value.line is not None:
            pointers = getattr(value.line, "diagnosis_pointers", ())
            if any(pointer > diagnoses for pointer in pointers):
                refuse(WriteErrorCode.INVALID_VALUE, f"{at}.line.diagnosis_pointers")
            segments.append(self.line(value.line, f"{at}.line"))
        segments += [self.too(each, f"{at}.teeth[{n}]") for n, each in enumerate(value.teeth)]
        if value.delivery is not None:
            segments.append(self.hsd(value.delivery, f"{at}.delivery"))
        segments += self._sent_along(value, at)
        for number, each in enumerate(value.providers):
            place = f"{at}.providers[{number}]"
            segments += self.name_loop(each.entity, place, "2010F", each.rejections)
        return segments

    def _review(self, value: PatientEvent | ReviewService, at: str) -> list[Segment]:
        """TRN, AAA, UM, HCR, REF and DTP."""
        if value.decision is not None and not self.is_response:
            refuse(WriteErrorCode.INVALID_VALUE, f"{at}.decision")
        most_traces = MOST_TRACES_OF_RESPONSE if self.is_response else MOST_TRACES
        self.count(value.traces, f"{at}.traces", most_traces)
        kinds = [each.qualifier for each in value.references]
        if len(set(kinds)) < len(kinds):
            refuse(WriteErrorCode.LIMIT_EXCEEDED, f"{at}.references")
        return [
            *[self.trn(each, f"{at}.traces[{n}]") for n, each in enumerate(value.traces)],
            *self.rejected(value.rejections, f"{at}.rejections"),
            *([self.um(value.information, f"{at}.information")] if value.information else []),
            *([self.hcr(value.decision, f"{at}.decision")] if value.decision else []),
            *self.references(value.references, f"{at}.references", REVIEW_REFERENCES),
            *[self.dtp(each, f"{at}.dates[{n}]") for n, each in enumerate(value.dates)],
        ]

    def _sent_along(self, value: PatientEvent | ReviewService, at: str) -> list[Segment]:
        """PWK and MSG."""
        self.count(value.attachments, f"{at}.attachments", MOST_ATTACHMENTS)
        self.count(value.messages, f"{at}.messages", 1)
        return [
            *[self.pwk(each, f"{at}.attachments[{n}]") for n, each in enumerate(value.attachments)],
            *[["MSG", self.text(each, f"{at}.messages", 1, 264)] for each in value.messages],
        ]

    def _event_names(self, value: PatientEvent, at: str) -> list[Segment]:
        """2010EA, 2010EB and 2010EC, in this order."""
        found: dict[str, list[Segment]] = {"2010EA": [], "2010EB": [], "2010EC": []}
        for number, each in enumerate(value.providers):
            place = f"{at}.providers[{number}]"
            loop = event_name_loop(each.entity.party.entity)
            if loop is None:
                refuse(WriteErrorCode.INVALID_VALUE, f"{place}.party.entity")
            found[loop.id] += self.name_loop(each.entity, place, loop.id, each.rejections, each)
        return [each for loop in found.values() for each in loop]

    def _check_authorization(self, event: PatientEvent, at: str) -> None:
        """A renewal, an extension, a revision, a cancellation says of what; services may say it for
        their event, an event for its services."""
        of_event = {each.qualifier for each in event.references}
        of_services = [{each.qualifier for each in service.references} for service in event.services]
        of_all = set.intersection(*of_services) if of_services else set()
        if self.is_response:
            return
        if _lacks_authorization(event, of_event | of_all):
            refuse(WriteErrorCode.REQUIRED, f"{at}.references.{PREVIOUS_AUTHORIZATION}")
        for number, service in enumerate(event.services):
            if _lacks_authorization(service, of_event | of_services[number]):
                place = f"{at}.services[{number}]"
                refuse(WriteErrorCode.REQUIRED, f"{place}.references.{PREVIOUS_AUTHORIZATION}")


def _is_followed_by_dependent(patients: Sequence[ReviewPatient], number: int) -> bool:
    """Whether a dependent stands below the subscriber of this patient."""
    subscriber = patients[number].subscriber
    return any(each.dependent and each.subscriber == subscriber for each in patients[number : number + 2])


def _lacks_authorization(level: PatientEvent | ReviewService, references: set[str]) -> bool:
    kind = level.information.certification_type if level.information else ""
    if kind not in _NEEDS_AUTHORIZATION or PREVIOUS_AUTHORIZATION in references:
        return False
    return kind not in _NEEDS_NUMBER or ADMINISTRATIVE_REFERENCE not in references


def _by_loop(rejections: Sequence[Rejection]) -> dict[str, list[Rejection]]:
    found: dict[str, list[Rejection]] = {}
    for each in rejections:
        found.setdefault(each.loop, []).append(each)
    return found
