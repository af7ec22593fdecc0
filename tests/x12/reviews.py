"""Reviews about the cast, and the interchange they travel in."""

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal

from tests.x12.questions import ENVELOPE, group
from tests.x12.wire import interchange, only_set, sample_names
from tradingpartners.x12 import (
    DEFAULT_DELIMITERS,
    Attachment,
    DateRange,
    Delimiters,
    Facility,
    HealthCareCode,
    HealthCareServicesReview,
    Party,
    PatientEvent,
    Procedure,
    ProfessionalService,
    Reference,
    RelatedEntity,
    ReviewEntity,
    ReviewInformation,
    ReviewPatient,
    ReviewPerson,
    ReviewService,
    Trace,
    read_278,
    write_interchange,
)

VERSION = "005010X217"

PAYER = RelatedEntity(Party("X3", "ACME HEALTH", "", "", "", "PI", "ACME1"))
CLINIC = RelatedEntity(Party("1P", "RIVER CLINIC", "", "", "", "XX", "1234567893"))
ALICE = ReviewPerson(
    Party("IL", "AMES", "ALICE", "", "", "MI", "W0001"), birth_date=date(1980, 2, 3), gender="F"
)
BOBBY = ReviewPerson(Party("QC", "AMES", "BOBBY", "", "", "", ""), date(2015, 6, 7), "M")
MARTA = ReviewEntity(RelatedEntity(Party("71", "DOW", "MARTA", "", "", "XX", "1987654328")))

KNEE = ReviewService(
    information=ReviewInformation("HS", "I", "2"),
    traces=(Trace("1", "PA0001-1", "9PREFLIGHT"),),
    dates=(DateRange("472", date(2026, 12, 8), None),),
    line=ProfessionalService(
        Procedure("HC", "27447", ("RT",)), Decimal("1250.50"), "UN", Decimal(1), diagnosis_pointers=(1, 2)
    ),
)
SURGERY = PatientEvent(
    information=ReviewInformation("HS", "I", "2", Facility("22")),
    traces=(Trace("1", "PA0001", "9PREFLIGHT"),),
    dates=(DateRange("AAH", date(2026, 12, 1), date(2027, 2, 28)),),
    diagnoses=(
        HealthCareCode("ABK", "M17.11"),
        HealthCareCode("ABF", "E11.65", DateRange("", date(2025, 11, 4), None)),
    ),
    attachments=(Attachment("OB", "EL", "ATT0001"),),
    messages=("KNEE REPLACEMENT, SECOND TRY",),
    providers=(MARTA,),
    services=(KNEE,),
)
# What 278_request_initial.edi says.
INITIAL = HealthCareServicesReview(
    purpose="13",
    reference_identification="PA0001",
    date=date(2026, 1, 5),
    time=time(7, 0),
    payer=PAYER,
    requester=CLINIC,
    patients=(ReviewPatient(ALICE, events=(SURGERY,)),),
)
OLD_NUMBER = (Reference("BB", "AUTH001", ""),)


def asking(event: PatientEvent, *services: ReviewService) -> HealthCareServicesReview:
    """Alice's request for this event."""
    event = event._replace(services=services) if services else event
    return INITIAL._replace(patients=(ReviewPatient(ALICE, events=(event,)),))


def reviews_file(sets: Sequence[str], delimiters: Delimiters = DEFAULT_DELIMITERS) -> bytes:
    return write_interchange(
        ENVELOPE, [group(sets, functional_id="HI", version=VERSION)], delimiters=delimiters
    )


def set_of(*body: str, version: str = VERSION) -> str:
    segments = [f"ST*278*0001*{version}", *body, f"SE*{len(body) + 2}*0001"]
    return "".join(f"{segment}~" for segment in segments)


def review_in(wire: bytes | str) -> HealthCareServicesReview:
    transaction, read_interchange = only_set(wire)
    return read_278(transaction, read_interchange.delimiters)


ABOVE_PATIENT = (
    "HL*1**20*1",
    "NM1*X3*2*ACME HEALTH*****PI*ACME1",
    "HL*2*1*21*1",
    "NM1*1P*2*RIVER CLINIC*****XX*1234567893",
    "HL*3*2*22*1",
    "NM1*IL*1*AMES*ALICE****MI*W0001",
)


def review_with(*segments: str, purpose: str = "13", version: str = VERSION) -> HealthCareServicesReview:
    """Alice's review with these segments below her name."""
    heading = f"BHT*0007*{purpose}*PA0001*20260105*0700"
    body = set_of(heading, *ABOVE_PATIENT, *segments, version=version)
    return review_in(interchange(body, functional_id="HI", version=version))


def event_with(*segments: str, purpose: str = "13") -> PatientEvent:
    """Alice's one event with these segments in it."""
    ((event,),) = [each.events for each in review_with("HL*4*3*EV*0", *segments, purpose=purpose).patients]
    return event


NOT_CLEAN = (
    *("278_4010.edi", "278_elements_missing.edi", "278_notification.edi", "278_parents_wrong.edi"),
    *("278_response_undecided.edi", "278_segments_misplaced.edi", "278_unknown_level.edi"),
)


def clean_reviews() -> list[str]:
    return [name for name in sample_names() if name.startswith("278_") and name not in NOT_CLEAN]
