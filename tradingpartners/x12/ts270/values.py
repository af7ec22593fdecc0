"""270, the question: what 005010X279A1 asks, as values; `ts270_writer.py` writes and `ts270_reader.py`
reads them."""

from datetime import date, datetime
from typing import NamedTuple

from tradingpartners.x12.errors import Finding, WriteErrorCode, X12WriteError
from tradingpartners.x12.parties import (
    Address,
    DateRange,
    Diagnosis,
    Party,
    Procedure,
    ProviderInformation,
    Reference,
    RelatedEntity,
    Trace,
)

VERSION = "005010X279A1"
FUNCTIONAL_ID = "HS"


class Subscriber(NamedTuple):
    """2100C of a question."""

    member_id: str | None
    last_name: str | None
    first_name: str | None
    birth_date: date | None
    middle_name: str | None = None
    suffix: str | None = None
    # M or F: the guide has no other.
    gender: str | None = None
    # REF 6P.
    group_number: str | None = None
    # MI member id, II a standard health identifier.
    member_id_qualifier: str = "MI"
    # Other numbers of the person: SY, 1L, EJ patient account number …
    references: tuple[Reference, ...] = ()
    address: Address | None = None
    # PRV: the provider the question is about, where it is not who asks.
    provider: ProviderInformation | None = None
    # INS17, of one of a multiple birth.
    birth_sequence: int | None = None
    # DTP 102: when the card was issued.
    issue_date: date | None = None


class Dependent(NamedTuple):
    """2100D of a question."""

    last_name: str | None
    first_name: str | None
    birth_date: date | None
    middle_name: str | None = None
    suffix: str | None = None
    gender: str | None = None
    group_number: str | None = None
    # INS02: 01 spouse, 19 child, 34 other adult.
    relationship: str | None = None
    references: tuple[Reference, ...] = ()
    address: Address | None = None
    provider: ProviderInformation | None = None
    birth_sequence: int | None = None
    issue_date: date | None = None


class ServiceQuestion(NamedTuple):
    """EQ of 2110C or 2110D: service types, a procedure or both, and what narrows them."""

    # Several stand in one EQ, parted by the repetition separator.
    service_types: tuple[str, ...] = ()
    procedure: Procedure | None = None
    # EQ03: FAM, the benefits of the whole family; only where a subscriber is asked about.
    coverage_level: str | None = None
    # EQ05: which of the diagnoses this is for, counted from 1.
    diagnosis_pointers: tuple[int, ...] = ()
    # III: where the service would be given, 11 an office, 22 a hospital's outpatients …
    place_of_service: str | None = None
    # REF: 9F a referral, G1 a prior authorization.
    authorization: Reference | None = None
    # DTP 291, where it differs from the question's.
    service_date: date | None = None
    service_date_end: date | None = None


class EligibilityQuestion(NamedTuple):
    """One question about one person: what a 270 from ST to SE asks."""

    trace_number: str
    # TRN03, ten characters: "9" and a number of our own, or "1" and an EIN.
    trace_originator: str
    reference_identification: str
    payer_name: str
    payer_id: str
    provider_name: str
    provider_npi: str
    subscriber: Subscriber
    # Each in an EQ of its own: payers that read one type only then answer the first, and those that
    # know no repetition read them all. `asked` has the other form, and may stand alone.
    service_types: tuple[str, ...]
    # Without one the payer takes the day it answers.
    service_date: date | None
    created: datetime
    # The patient, where it is not the subscriber.
    dependent: Dependent | None = None
    # The last day, where a range is asked about.
    service_date_end: date | None = None
    # With a first name the provider is a person, without one an organization.
    provider_first_name: str | None = None
    payer_id_qualifier: str = "PI"
    # What follows most questions leave out.
    payer_entity: str = "PR"
    provider_entity: str = "1P"
    provider_middle_name: str | None = None
    provider_suffix: str | None = None
    # In place of an NPI: SV the payer's own number, FI tax id, PI payer id, 34 social security number …
    provider_id: str | None = None
    provider_id_qualifier: str = "XX"
    # Numbers by which payers know who asks: 4A a PIN, EO submitter id, JD user id …
    provider_references: tuple[Reference, ...] = ()
    provider_address: Address | None = None
    # PRV: the provider's part and taxonomy.
    provider_information: ProviderInformation | None = None
    # HI, the patient's; `asked` points at them.
    diagnoses: tuple[Diagnosis, ...] = ()
    # Behind the service types.
    asked: tuple[ServiceQuestion, ...] = ()
    # BHT02: 13 a request, 01 the cancellation of one.
    purpose: str = "13"


class Inquiry(NamedTuple):
    """One person asked about in a 270 somebody wrote."""

    is_dependent: bool
    member_id: str | None
    last_name: str | None
    first_name: str | None
    middle_name: str | None
    suffix: str | None
    birth_date: date | None
    gender: str | None
    # Of all EQs.
    service_types: tuple[str, ...]
    # The day asked about, or the first of a range; that of an EQ where the person has none.
    service_date: date | None
    service_date_end: date | None
    traces: tuple[Trace, ...]
    references: tuple[Reference, ...]
    dates: tuple[DateRange, ...]
    subscriber: Party | None
    segment_number: int
    # The person, and of a dependent the subscriber, as `write_270` takes them.
    person: Subscriber | Dependent | None = None
    holder: Subscriber | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    asked: tuple[ServiceQuestion, ...] = ()
    # The person's own DTP with the day asked about.
    period: DateRange | None = None


class EligibilityInquiry(NamedTuple):
    """A 270 from ST to SE."""

    reference_identification: str | None
    date: date | None
    payer: Party | None
    receiver: Party | None
    questions: tuple[Inquiry, ...]
    traces: tuple[Trace, ...]
    findings: tuple[Finding, ...]
    # BHT04 and BHT05, midnight where there is no time.
    created: datetime | None = None
    purpose: str | None = None
    # 2100B in full.
    information_receiver: RelatedEntity | None = None


def as_questions(inquiry: EligibilityInquiry) -> tuple[EligibilityQuestion, ...]:
    """What was read as `write_270` takes it, one question for each person.

    What the set does not say is "" or None; `write_270` refuses it where it must be said.
    """
    created = inquiry.created
    if created is None:
        raise X12WriteError(WriteErrorCode.REQUIRED, "created")
    return tuple([_as_question(inquiry, person, created) for person in inquiry.questions])


def _as_question(inquiry: EligibilityInquiry, person: Inquiry, created: datetime) -> EligibilityQuestion:
    nobody = Party(*[""] * 7)
    payer = inquiry.payer or nobody
    receiver = inquiry.information_receiver or RelatedEntity(nobody)
    provider = receiver.party
    has_npi = provider.id_qualifier in ("XX", "")
    trace = next((each for each in person.traces if each.type == "1"), Trace("1", "", ""))
    single = _leading_single_types(person.asked)
    return EligibilityQuestion(
        trace_number=trace.number,
        trace_originator=trace.originator,
        reference_identification=inquiry.reference_identification or "",
        payer_name=payer.last_name,
        payer_id=payer.id,
        provider_name=provider.last_name,
        provider_npi=provider.id if has_npi else "",
        subscriber=_holder(person),
        service_types=tuple([each.service_types[0] for each in person.asked[:single]]),
        service_date=person.period.begin if person.period else None,
        created=created,
        dependent=person.person if isinstance(person.person, Dependent) else None,
        service_date_end=person.period.end if person.period else None,
        provider_first_name=provider.first_name or None,
        payer_id_qualifier=payer.id_qualifier,
        payer_entity=payer.entity,
        provider_entity=provider.entity,
        provider_middle_name=provider.middle_name or None,
        provider_suffix=provider.suffix or None,
        provider_id=None if has_npi else provider.id,
        provider_id_qualifier=provider.id_qualifier or "XX",
        provider_references=receiver.references,
        provider_address=receiver.address,
        provider_information=receiver.provider,
        diagnoses=person.diagnoses,
        asked=person.asked[single:],
        purpose=inquiry.purpose or "",
    )


def _leading_single_types(asked: tuple[ServiceQuestion, ...]) -> int:
    """How many EQs ask about one service type and say nothing else."""
    for count, each in enumerate(asked):
        if len(each.service_types) != 1 or each != ServiceQuestion(each.service_types):
            return count
    return len(asked)


def _holder(person: Inquiry) -> Subscriber:
    holder = person.person if isinstance(person.person, Subscriber) else person.holder
    return holder or Subscriber(None, None, None, None)
