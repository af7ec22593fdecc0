"""271, the answer: what 005010X279A1 says, as values; `ts271_reader.py` reads it."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from tradingpartners.x12.errors import Finding
from tradingpartners.x12.parties import (
    Address,
    Contact,
    DateRange,
    Diagnosis,
    Party,
    Procedure,
    ProviderInformation,
    Reference,
    RelatedEntity,
    ServiceDelivery,
    Trace,
)

PRE_HIERARCHY = "pre-HL"

ACTIVE_CODES = frozenset("12345")
INACTIVE_CODES = frozenset("678")
# EB01 of 2110C and 2110D.
BENEFIT_CODES = frozenset([*ACTIVE_CODES, *INACTIVE_CODES, *"ABCDEFGHIJKLMNOPQRSTUVWXY", "CB", "MC"])
# EB01 whose figure is EB07.
MONEY_CODES = frozenset("BCGJY")


class Rejection(NamedTuple):
    """AAA: the payer could not answer; `loop` says for whom."""

    loop: str
    valid_request: str | None
    code: str | None
    follow_up: str | None
    segment_number: int


class AdditionalInformation(NamedTuple):
    """III of 2115: where or of what nature the benefit is, by a code; absent is ""."""

    qualifier: str
    code: str
    category: str = ""
    message: str = ""


class Benefit(NamedTuple):
    """EB of 2110C or 2110D with the segments that belong to it; codes as they stand."""

    code: str
    coverage_level: str | None
    service_types: tuple[str, ...]
    insurance_type: str | None
    plan: str | None
    period: str | None
    amount: Decimal | None
    percent: Decimal | None
    quantity_qualifier: str | None
    quantity: Decimal | None
    authorization_required: str | None
    in_network: str | None
    procedure: Procedure | None
    dates: tuple[DateRange, ...]
    messages: tuple[str, ...]
    segment_number: int
    references: tuple[Reference, ...]
    # 2120.
    entities: tuple[RelatedEntity, ...]
    # EB14: which diagnoses of the person's HI this is for, counted from 1.
    diagnosis_pointers: tuple[int, ...] = ()
    deliveries: tuple[ServiceDelivery, ...] = ()
    additional: tuple[AdditionalInformation, ...] = ()
    # AAA of this 2110: why the payer could not answer for these services.
    rejections: tuple[Rejection, ...] = ()
    # EB07, EB08, EB10 or the HSD have something, and it is no number.
    has_unreadable_figure: bool = False


class MilitaryService(NamedTuple):
    """MPI; absent is ""."""

    status: str
    employment: str
    affiliation: str
    description: str
    rank: str
    period: DateRange | None


class Answer(NamedTuple):
    """One person answered for: a subscriber, or a dependent below one."""

    is_dependent: bool
    # NM109; of the subscriber where a dependent has none.
    member_id: str | None
    last_name: str | None
    first_name: str | None
    middle_name: str | None
    suffix: str | None
    birth_date: date | None
    gender: str | None
    traces: tuple[Trace, ...]
    references: tuple[Reference, ...]
    dates: tuple[DateRange, ...]
    rejections: tuple[Rejection, ...]
    benefits: tuple[Benefit, ...]
    # INS03 001 with INS04 25: the payer says that it knows the person by other identifiers.
    other_identifiers_changed: bool
    # Of a dependent, the NM1 of its 2100C.
    subscriber: Party | None
    # Those before any HL, at 2000A, 2100A and 2100B that stand above this person.
    rejections_above: tuple[Rejection, ...]
    # Of a dependent, those of its 2000C, 2100C and 2110C.
    subscriber_rejections: tuple[Rejection, ...]
    segment_number: int
    # INS02: 18 self, 01 spouse, 19 child …
    relationship: str | None = None
    address: Address | None = None
    contacts: tuple[Contact, ...] = ()
    provider: ProviderInformation | None = None
    # HI, in the order their pointers count.
    diagnoses: tuple[Diagnosis, ...] = ()
    # MPI, where the person serves or served in the forces.
    military: MilitaryService | None = None
    # INS17: which of a multiple birth.
    birth_sequence: int | None = None


class EligibilityResponse(NamedTuple):
    """A 271 from ST to SE."""

    # BHT03: it repeats that of the question.
    reference_identification: str | None
    date: date | None
    payer: Party | None
    receiver: Party | None
    # Those above the subscriber.
    rejections: tuple[Rejection, ...]
    answers: tuple[Answer, ...]
    # Every TRN of the set: some payers echo a dependent's under its subscriber.
    traces: tuple[Trace, ...]
    findings: tuple[Finding, ...]
    # 2100A PER: whom to ask at the payer.
    payer_contacts: tuple[Contact, ...] = ()
    # 2100B in full.
    receiver_details: RelatedEntity | None = None
