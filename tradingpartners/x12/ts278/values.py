"""278, health care services review: what 005010X217 asks and answers, as values.

One tree for both directions and for reader and writer: `ts278_reader.py` reads it,
`ts278_writer.py` writes it, `certification.py` says what the payer decided. Codes stand as they
stand in the file; absent is "", None or ().
"""

from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.errors import Finding
from tradingpartners.x12.parties import (
    Address,
    DateRange,
    Party,
    Procedure,
    Reference,
    RelatedEntity,
    ServiceDelivery,
    Trace,
)
from tradingpartners.x12.ts271.values import Rejection

VERSION = "005010X217"
FUNCTIONAL_ID = "HI"
# BHT02.
REQUEST = "13"
RESPONSE = "11"
# HL03 below the patient; 4010 has the provider of the service where 5010 has the patient event.
PATIENT_EVENT = "EV"
SERVICE = "SS"
PROVIDER_OF_SERVICE = "19"
# REF01: the number of an earlier authorization, and the number a payer keeps a request under.
PREVIOUS_AUTHORIZATION = "BB"
ADMINISTRATIVE_REFERENCE = "NT"


class CertificationType(StrEnum):
    """UM02: what is asked for."""

    APPEAL_IMMEDIATE = "1"
    APPEAL_STANDARD = "2"
    CANCEL = "3"
    EXTENSION = "4"
    INITIAL = "I"
    RENEWAL = "R"
    REVISION = "S"


class ReviewPriority(StrEnum):
    """How soon an answer is needed, in the words of CMS-0057-F."""

    STANDARD = "standard"
    EXPEDITED = "expedited"
    EMERGENCY = "emergency"


# UM06. E is elective care, not a standard request: that one leaves UM06 out.
LEVELS_OF_SERVICE = {
    ReviewPriority.STANDARD: "",
    ReviewPriority.EXPEDITED: "U",
    ReviewPriority.EMERGENCY: "03",
}


class Facility(NamedTuple):
    """C023 of UM04: a place of service (qualifier B) or a type of bill (A)."""

    code: str
    qualifier: str = "B"
    frequency: str = ""


class RelatedCauses(NamedTuple):
    """C024 of UM05: the accident or work that led to it, and where."""

    causes: tuple[str, ...]
    state: str = ""
    country: str = ""


class ReviewInformation(NamedTuple):
    """UM: what kind of review."""

    # UM01: AR admission, HS health services, SC specialty care, IN services reserved.
    category: str
    certification_type: str = ""
    service_type: str = ""
    facility: Facility | None = None
    related_causes: RelatedCauses | None = None
    # UM06, see LEVELS_OF_SERVICE.
    level_of_service: str = ""
    current_health_condition: str = ""
    prognosis: str = ""
    release_of_information: str = ""
    delay_reason: str = ""


class ReviewDecision(NamedTuple):
    """HCR as it stands; `certification.py` says what it means."""

    action: str
    # HCR02: the authorization number only where something was certified.
    number: str = ""
    reasons: tuple[str, ...] = ()
    second_opinion: str = ""


class HealthCareCode(NamedTuple):
    """C022 of HI: a diagnosis (ABK principal, ABF other) or a procedure, without its dot."""

    qualifier: str
    code: str
    date: DateRange | None = None
    amount: Decimal | None = None
    quantity: Decimal | None = None
    version: str = ""
    # C022-8: the last code, where a range of them is meant.
    last_code: str = ""


class ProfessionalService(NamedTuple):
    """SV1."""

    procedure: Procedure
    amount: Decimal | None = None
    unit: str = ""
    quantity: Decimal | None = None
    # SV107: which diagnoses of the event's HI this is for, counted from 1.
    diagnosis_pointers: tuple[int, ...] = ()
    # SV111: early and periodic screening of a child.
    epsdt: str = ""
    # SV120.
    nursing_home_level: str = ""


class InstitutionalService(NamedTuple):
    """SV2: a revenue code, a procedure, or both."""

    revenue_code: str = ""
    procedure: Procedure | None = None
    amount: Decimal | None = None
    unit: str = ""
    quantity: Decimal | None = None
    rate: Decimal | None = None
    # SV209 and SV210.
    nursing_home_status: str = ""
    nursing_home_level: str = ""


class DentalService(NamedTuple):
    """SV3."""

    procedure: Procedure
    amount: Decimal | None = None
    oral_cavities: tuple[str, ...] = ()
    # SV305: I initial placement, R replacement.
    prosthesis: str = ""
    quantity: Decimal | None = None
    description: str = ""


class Tooth(NamedTuple):
    """TOO: which tooth, and which of its surfaces."""

    code: str
    surfaces: tuple[str, ...] = ()
    qualifier: str = "JP"


class Attachment(NamedTuple):
    """PWK: what is sent along, how, and the number by which a 275 is found again."""

    report_type: str
    transmission: str = ""
    control_number: str = ""
    description: str = ""
    control_number_qualifier: str = "AC"


class PatientCondition(NamedTuple):
    """CRC: whether conditions of a category apply."""

    category: str
    applies: str
    codes: tuple[str, ...]


class Admission(NamedTuple):
    """CL1."""

    type: str = ""
    source: str = ""
    status: str = ""
    nursing_home_status: str = ""


class ClinicalInformation(NamedTuple):
    """CR1 ambulance, CR2 chiropractic, CR5 oxygen, CR6 home health: the elements as they stand."""

    segment_id: str
    # The first is element 1.
    elements: tuple[str, ...]


class ReviewEntity(NamedTuple):
    """A name loop below an event or a service: 2010E, 2010F."""

    entity: RelatedEntity
    rejections: tuple[Rejection, ...] = ()
    # Of another organization that manages the event (2010EC).
    dates: tuple[DateRange, ...] = ()


class ReviewPerson(NamedTuple):
    """2010C, the subscriber, or 2010D, the dependent."""

    party: Party
    birth_date: date | None = None
    gender: str = ""
    # INS02: 18 self, 01 spouse, 19 child …
    relationship: str = ""
    # INS17, where several were born together; INS08 of those who serve or served in the forces.
    birth_sequence: str = ""
    employment_status: str = ""
    references: tuple[Reference, ...] = ()
    address: Address | None = None
    rejections: tuple[Rejection, ...] = ()


class ReviewService(NamedTuple):
    """2000F: one service of an event."""

    information: ReviewInformation | None = None
    decision: ReviewDecision | None = None
    traces: tuple[Trace, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[DateRange, ...] = ()
    # HI: of a response, what is still to be sent (LOI); a request has none.
    procedures: tuple[HealthCareCode, ...] = ()
    line: ProfessionalService | InstitutionalService | DentalService | None = None
    teeth: tuple[Tooth, ...] = ()
    delivery: ServiceDelivery | None = None
    attachments: tuple[Attachment, ...] = ()
    messages: tuple[str, ...] = ()
    providers: tuple[ReviewEntity, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    segment_number: int = 0


class PatientEvent(NamedTuple):
    """2000E: an admission, a course of treatment, a visit."""

    information: ReviewInformation | None = None
    decision: ReviewDecision | None = None
    traces: tuple[Trace, ...] = ()
    references: tuple[Reference, ...] = ()
    # DTP: AAH the event, 435 admission, 096 discharge, 472 service; of a certification 102 issued,
    # 007 effective, 036 ends.
    dates: tuple[DateRange, ...] = ()
    diagnoses: tuple[HealthCareCode, ...] = ()
    delivery: ServiceDelivery | None = None
    conditions: tuple[PatientCondition, ...] = ()
    admission: Admission | None = None
    clinical: tuple[ClinicalInformation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    messages: tuple[str, ...] = ()
    providers: tuple[ReviewEntity, ...] = ()
    services: tuple[ReviewService, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    segment_number: int = 0


class ReviewPatient(NamedTuple):
    """A subscriber, or a dependent below one, with the events asked about."""

    subscriber: ReviewPerson | None = None
    # The patient, where it is not the subscriber.
    dependent: ReviewPerson | None = None
    events: tuple[PatientEvent, ...] = ()
    segment_number: int = 0

    @property
    def person(self) -> ReviewPerson | None:
        """Who is treated."""
        return self.dependent or self.subscriber

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """Those of the patient, and of the subscriber a dependent stands below."""
        people = (self.subscriber, self.dependent)
        return tuple([each for person in people if person for each in person.rejections])


class HealthCareServicesReview(NamedTuple):
    """A 278 from ST to SE."""

    # BHT02: REQUEST, RESPONSE; an inquiry or a notification has others.
    purpose: str
    # BHT03: a response repeats that of the request.
    reference_identification: str
    date: date | None
    time: time | None
    payer: RelatedEntity | None
    requester: RelatedEntity | None
    patients: tuple[ReviewPatient, ...] = ()
    # BHT06: RU services reserved; of a response 18 final, 19 more will follow.
    transaction_type: str = ""
    # Those above the patients, with their loops.
    rejections: tuple[Rejection, ...] = ()
    traces: tuple[Trace, ...] = ()
    findings: tuple[Finding, ...] = ()
    # Whether the payer speaks: by BHT02, or by what is in it where BHT02 is missing.
    is_response: bool = False
