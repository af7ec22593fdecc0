"""278: written from values, refused where X12 cannot carry them, the same bytes read and written."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.x12.reviews import (
    ALICE,
    BOBBY,
    CLINIC,
    INITIAL,
    KNEE,
    MARTA,
    OLD_NUMBER,
    SURGERY,
    asking,
    clean_reviews,
    review_in,
    reviews_file,
)
from tests.x12.wire import only_set, sample
from tradingpartners.x12 import (
    DEFAULT_DELIMITERS,
    LEVELS_OF_SERVICE,
    Address,
    Admission,
    Attachment,
    CertificationType,
    ClinicalInformation,
    Contact,
    ContactNumber,
    DateRange,
    Delimiters,
    DentalService,
    Facility,
    HealthCareCode,
    HealthCareServicesReview,
    InstitutionalService,
    PatientCondition,
    PatientEvent,
    Procedure,
    ProfessionalService,
    ProviderInformation,
    Reference,
    RelatedCauses,
    ReviewDecision,
    ReviewInformation,
    ReviewPatient,
    ReviewPriority,
    ReviewService,
    ServiceDelivery,
    Tooth,
    Trace,
    WriteErrorCode,
    X12WriteError,
    repaired_patient_names,
    write_278,
)
from tradingpartners.x12.ts271.values import Rejection

PIPES = Delimiters("|", ">", "!", "\n")


def lines(review: HealthCareServicesReview) -> list[str]:
    return write_278(review, control_number="0001").split("~")[:-1]


def test_a_request_is_written_as_the_sample_stands() -> None:
    wire = reviews_file([write_278(INITIAL, control_number="0001")])
    assert wire == sample("278_request_initial.edi").replace(b"\n", b"")


@pytest.mark.parametrize("delimiters", [DEFAULT_DELIMITERS, PIPES, Delimiters("~", "^", "`", "'")], ids=repr)
@pytest.mark.parametrize("name", clean_reviews())
def test_what_is_read_is_written_with_the_same_bytes(name: str, delimiters: Delimiters) -> None:
    transaction, _ = only_set(sample(name).replace(b"\n", b""))
    review = review_in(sample(name))
    wire = write_278(review, control_number="0001", delimiters=delimiters)
    assert wire == transaction.text.translate(str.maketrans("*:^~", "".join(delimiters)))
    assert review_in(reviews_file([wire], delimiters)) == review


def kind(certification_type: str, level_of_service: str = "", **fields: Any) -> HealthCareServicesReview:
    information = ReviewInformation("HS", certification_type, "2", level_of_service=level_of_service)
    return asking(SURGERY._replace(information=information, services=(), **fields))


@pytest.mark.parametrize(
    ("priority", "segment"),
    [
        (ReviewPriority.STANDARD, "UM*HS*I*2"),
        (ReviewPriority.EXPEDITED, "UM*HS*I*2***U"),
        (ReviewPriority.EMERGENCY, "UM*HS*I*2***03"),
    ],
)
def test_how_soon_is_said_and_a_standard_request_says_nothing(priority: ReviewPriority, segment: str) -> None:
    assert segment in lines(kind("I", LEVELS_OF_SERVICE[priority]))


@pytest.mark.parametrize("certification_type", ["R", "S", "3", "4"])
def test_what_is_about_an_earlier_authorization_names_it(certification_type: str) -> None:
    assert "REF*BB*AUTH001" in lines(kind(certification_type, references=OLD_NUMBER))
    with pytest.raises(X12WriteError) as refusal:
        write_278(kind(certification_type), control_number="0001")
    assert (refusal.value.code, refusal.value.field) == (
        WriteErrorCode.REQUIRED,
        "patients[0].events[0].references.BB",
    )


@pytest.mark.parametrize("certification_type", ["R", "4"])
def test_only_a_change_or_an_end_of_a_pended_request_may_name_the_payers_own_number(
    certification_type: str,
) -> None:
    pended = (Reference("NT", "PEND0001", ""),)
    assert "REF*NT*PEND0001" in lines(kind("3", references=pended))
    assert "REF*NT*PEND0001" in lines(kind("S", references=pended))
    with pytest.raises(X12WriteError):
        write_278(kind(certification_type, references=pended), control_number="0001")


def test_services_may_name_the_authorization_for_their_event_and_an_event_for_them() -> None:
    renewed = SURGERY._replace(information=ReviewInformation("HS", "R"))
    named = KNEE._replace(references=OLD_NUMBER)
    assert "REF*BB*AUTH001" in lines(asking(renewed, named, named))
    cancelled = KNEE._replace(information=ReviewInformation("HS", "3"))
    assert "UM*HS*3" in lines(asking(SURGERY._replace(references=OLD_NUMBER), cancelled))
    with pytest.raises(X12WriteError) as refusal:
        write_278(asking(renewed, named, KNEE), control_number="0001")
    assert refusal.value.field == "patients[0].events[0].references.BB"
    with pytest.raises(X12WriteError) as refusal:
        write_278(asking(SURGERY, KNEE, cancelled), control_number="0001")
    assert refusal.value.field == "patients[0].events[0].services[1].references.BB"


def test_icd_codes_lose_their_dot_and_other_codes_keep_it() -> None:
    codes = (HealthCareCode("ABK", "M17.11"), HealthCareCode("LOI", "1234.5"))
    assert "HI*ABK:M1711*LOI:1234.5" in lines(asking(SURGERY._replace(diagnoses=codes, services=())))


def test_trailing_empty_elements_and_components_are_cut() -> None:
    text = write_278(INITIAL, control_number="0001")
    assert "*~" not in text and ":~" not in text and ":*" not in text


def test_a_backtick_in_a_patients_name_becomes_an_apostrophe_and_is_noted() -> None:
    party = ALICE.party._replace(last_name="O`STONE")
    review = INITIAL._replace(patients=(ReviewPatient(ALICE._replace(party=party), None, (SURGERY,)),))
    assert "NM1*IL*1*O'STONE*ALICE****MI*W0001" in lines(review)
    assert repaired_patient_names(review) == ("patients[0].subscriber.last_name",)
    assert repaired_patient_names(INITIAL) == ()


def test_a_subscriber_with_events_of_its_own_stands_once_above_its_dependent() -> None:
    own = ReviewPatient(ALICE, events=(SURGERY._replace(services=()),))
    review = INITIAL._replace(patients=(own, ReviewPatient(ALICE, BOBBY, own.events)))
    levels = [line for line in lines(review) if line.startswith("HL")]
    assert levels[2:] == ["HL*3*2*22*1", "HL*4*3*EV*0", "HL*5*3*23*1", "HL*6*5*EV*0"]


def test_a_response_is_written_with_its_decision_and_its_refusals() -> None:
    decided = PatientEvent(decision=ReviewDecision("A4"), references=(Reference("NT", "PEND1", ""),))
    review = INITIAL._replace(
        purpose="11", transaction_type="19", patients=(ReviewPatient(ALICE, None, (decided,)),)
    )
    assert lines(review)[1].endswith("*19")
    assert lines(review)[-3:-1] == ["HCR*A4", "REF*NT*PEND1"]
    refused = Rejection("2000A", "Y", "42", "P", 0)
    nothing = INITIAL._replace(purpose="11", requester=None, patients=(), rejections=(refused,))
    assert lines(nothing)[2:4] == ["HL*1**20*0", "AAA*Y**42*P"]


DELIMITER, UNSUPPORTED = WriteErrorCode.DELIMITER_IN_VALUE, WriteErrorCode.UNSUPPORTED_CHARACTER
REQUIRED, INVALID = WriteErrorCode.REQUIRED, WriteErrorCode.INVALID_VALUE
SHORT, LONG, LIMIT = WriteErrorCode.TOO_SHORT, WriteErrorCode.TOO_LONG, WriteErrorCode.LIMIT_EXCEEDED
UM = ReviewInformation("HS", "I")
REFUSED = Rejection("2000E", "N", "15", "C", 0)

OF_REVIEW: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"purpose": "28"}, INVALID, "purpose"),
    ({"reference_identification": ""}, REQUIRED, "reference_identification"),
    ({"reference_identification": "R" * 51}, LONG, "reference_identification"),
    ({"date": None}, REQUIRED, "date"),
    ({"time": None}, REQUIRED, "time"),
    ({"transaction_type": "18"}, INVALID, "transaction_type"),
    ({"payer": None}, REQUIRED, "payer"),
    ({"requester": None}, REQUIRED, "requester"),
    (
        {"requester": CLINIC._replace(party=CLINIC.party._replace(id="", id_qualifier=""))},
        REQUIRED,
        "requester.party.id",
    ),
    ({"patients": ()}, REQUIRED, "patients"),
    ({"patients": (ReviewPatient(None, None, (SURGERY,)),)}, REQUIRED, "patients[0].subscriber"),
    ({"patients": (ReviewPatient(ALICE),)}, REQUIRED, "patients[0].events"),
    ({"rejections": (REFUSED,)}, INVALID, "rejections.loop"),
    ({"rejections": (REFUSED._replace(loop="2010A"),)}, INVALID, "payer.rejections"),
    ({"purpose": "11", "rejections": (REFUSED._replace(loop="pre-HL"),)}, INVALID, "rejections.loop"),
]
OF_PERSON: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"party": ALICE.party._replace(last_name="AM*ES")}, DELIMITER, "party.last_name"),
    ({"party": ALICE.party._replace(first_name="ÁLICE")}, UNSUPPORTED, "party.first_name"),
    ({"party": ALICE.party._replace(last_name="X" * 61)}, LONG, "party.last_name"),
    ({"party": ALICE.party._replace(id="1")}, SHORT, "party.id"),
    ({"party": ALICE.party._replace(id="")}, REQUIRED, "party.id"),
    ({"party": ALICE.party._replace(id_qualifier="")}, REQUIRED, "party.id_qualifier"),
    ({"party": ALICE.party._replace(id_qualifier="QQ")}, INVALID, "party.id_qualifier"),
    (
        {"party": ALICE.party._replace(last_name="", id="", id_qualifier="")},
        REQUIRED,
        "party.last_name",
    ),
    ({"gender": "W"}, INVALID, "gender"),
    ({"birth_date": None}, REQUIRED, "birth_date"),
    ({"relationship": "19"}, INVALID, "relationship"),
    ({"birth_sequence": "2"}, REQUIRED, "relationship"),
    ({"relationship": "18", "employment_status": "XX"}, INVALID, "employment_status"),
    ({"references": (Reference("Q", "1", ""),)}, INVALID, "references[0].qualifier"),
    ({"references": (Reference("6P", "", ""),)}, REQUIRED, "references[0].number"),
    ({"address": Address(("A", "B", "C"))}, LIMIT, "address.lines"),
    ({"address": Address((), "SPRINGFIELD", "ILL")}, INVALID, "address.state"),
    ({"address": Address((), "SPRINGFIELD", "IL", "6")}, INVALID, "address.postal_code"),
    ({"rejections": (REFUSED,)}, INVALID, "rejections"),
]
OF_EVENT: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"information": None}, REQUIRED, "information"),
    ({"information": UM._replace(category="")}, REQUIRED, "information.category"),
    ({"information": UM._replace(category="XX")}, INVALID, "information.category"),
    ({"information": UM._replace(certification_type="")}, REQUIRED, "information.certification_type"),
    ({"information": UM._replace(certification_type="Q")}, INVALID, "information.certification_type"),
    ({"information": UM._replace(certification_type="1")}, REQUIRED, "information.level_of_service"),
    ({"information": UM._replace(service_type="3*")}, INVALID, "information.service_type"),
    ({"information": UM._replace(facility=Facility(""))}, REQUIRED, "information.facility.code"),
    ({"information": UM._replace(facility=Facility("1:"))}, INVALID, "information.facility.code"),
    ({"information": UM._replace(facility=Facility("22", "C"))}, INVALID, "information.facility.qualifier"),
    (
        {"information": UM._replace(related_causes=RelatedCauses(()))},
        REQUIRED,
        "information.related_causes.causes",
    ),
    (
        {"information": UM._replace(related_causes=RelatedCauses(("ZZ",)))},
        INVALID,
        "information.related_causes.causes",
    ),
    ({"information": UM._replace(level_of_service="R")}, INVALID, "information.level_of_service"),
    ({"information": UM._replace(prognosis="9")}, INVALID, "information.prognosis"),
    ({"information": UM._replace(delay_reason="12")}, INVALID, "information.delay_reason"),
    ({"decision": ReviewDecision("A1", "AUTH001")}, INVALID, "decision"),
    ({"rejections": (REFUSED,)}, INVALID, "rejections"),
    ({"traces": (Trace("2", "T1", "9PREFLIGHT"),)}, INVALID, "traces[0].type"),
    ({"traces": (Trace("1", "", "9PREFLIGHT"),)}, REQUIRED, "traces[0].number"),
    ({"traces": (Trace("1", "T1", "9SHORT"),)}, SHORT, "traces[0].originator"),
    ({"traces": (Trace("1", "T1", "9PREFLIGHT"),) * 3}, LIMIT, "traces"),
    ({"references": OLD_NUMBER * 2}, LIMIT, "references"),
    ({"references": (Reference("9F", "R1", ""),)}, INVALID, "references[0].qualifier"),
    ({"dates": (DateRange("999", date(2026, 1, 1), None),)}, INVALID, "dates[0].qualifier"),
    ({"dates": (DateRange("472", None, None),)}, REQUIRED, "dates[0].begin"),
    ({"dates": (DateRange("472", date(2026, 1, 2), date(2026, 1, 1)),)}, INVALID, "dates[0].end"),
    ({"diagnoses": (HealthCareCode("", "M1711"),)}, REQUIRED, "diagnoses[0].qualifier"),
    ({"diagnoses": (HealthCareCode("ABK", ""),)}, REQUIRED, "diagnoses[0].code"),
    ({"diagnoses": (HealthCareCode("ABK", "."),)}, REQUIRED, "diagnoses[0].code"),
    ({"diagnoses": (HealthCareCode("ABK", "M1711:"),)}, INVALID, "diagnoses[0].code"),
    ({"diagnoses": (HealthCareCode("ABK", "M1711"),) * 13}, LIMIT, "diagnoses"),
    ({"delivery": ServiceDelivery("VS", None)}, REQUIRED, "delivery.quantity"),
    ({"delivery": ServiceDelivery("", Decimal(3))}, REQUIRED, "delivery.quantity_qualifier"),
    ({"delivery": ServiceDelivery("VS", Decimal(-3))}, INVALID, "delivery.quantity"),
    ({"delivery": ServiceDelivery("VS", Decimal("NaN"))}, INVALID, "delivery.quantity"),
    ({"delivery": ServiceDelivery("VS", Decimal(10**16))}, LONG, "delivery.quantity"),
    (
        {"delivery": ServiceDelivery("VS", Decimal(3), period_count=Decimal(2))},
        REQUIRED,
        "delivery.period",
    ),
    (
        {"delivery": ServiceDelivery("VS", Decimal(3), period="34", period_count=Decimal("1.5"))},
        INVALID,
        "delivery.period_count",
    ),
    ({"delivery": ServiceDelivery("", None)}, REQUIRED, "delivery"),
    ({"conditions": (PatientCondition("75", "X", ("01",)),)}, INVALID, "conditions[0].applies"),
    ({"conditions": (PatientCondition("75", "Y", ()),)}, REQUIRED, "conditions[0].codes"),
    ({"admission": Admission()}, REQUIRED, "admission"),
    ({"admission": Admission("12")}, INVALID, "admission.type"),
    ({"clinical": (ClinicalInformation("CR4", ("Y",)),)}, INVALID, "clinical[0].segment_id"),
    ({"clinical": (ClinicalInformation("CR1", ("LB", "MANY")),)}, INVALID, "clinical[0].elements[1]"),
    ({"clinical": (ClinicalInformation("CR6", ("3",)),)}, REQUIRED, "clinical[0].elements[7]"),
    ({"clinical": (ClinicalInformation("CR1", ("",) * 11),)}, LIMIT, "clinical[0].elements"),
    ({"clinical": (ClinicalInformation("CR1", ("LB", "9")),) * 2}, LIMIT, "clinical"),
    ({"attachments": (Attachment("OB"),)}, REQUIRED, "attachments[0].transmission"),
    ({"attachments": (Attachment("OB", "EL"),)}, REQUIRED, "attachments[0].control_number"),
    ({"attachments": (Attachment("ZZ", "VO"),)}, INVALID, "attachments[0].report_type"),
    ({"attachments": (Attachment("OB", "VO"),) * 11}, LIMIT, "attachments"),
    ({"messages": ("M" * 265,)}, LONG, "messages"),
    ({"messages": ("",)}, REQUIRED, "messages"),
    ({"messages": ("ONE", "TWO")}, LIMIT, "messages"),
]
SV1 = ProfessionalService(Procedure("HC", "27447"))
OF_LINE: list[tuple[Any, WriteErrorCode, str]] = [
    (SV1._replace(procedure=Procedure("", "27447")), REQUIRED, "line.procedure.qualifier"),
    (SV1._replace(procedure=Procedure("HC", "2744")), INVALID, "line.procedure.code"),
    (SV1._replace(procedure=Procedure("HC", "27447", ("R",))), INVALID, "line.procedure.modifiers"),
    (SV1._replace(procedure=Procedure("HC", "27447", ("RT",) * 5)), LIMIT, "line.procedure.modifiers"),
    (SV1._replace(procedure=Procedure("HC", "27447", (), "A:B")), DELIMITER, "line.procedure.description"),
    (SV1._replace(quantity=Decimal(1)), REQUIRED, "line.unit"),
    (SV1._replace(unit="UN"), REQUIRED, "line.quantity"),
    (SV1._replace(amount=Decimal("Infinity")), INVALID, "line.amount"),
    (SV1._replace(diagnosis_pointers=(0,)), INVALID, "line.diagnosis_pointers"),
    (SV1._replace(diagnosis_pointers=(3,)), INVALID, "line.diagnosis_pointers"),
    (SV1._replace(diagnosis_pointers=(1,) * 5), LIMIT, "line.diagnosis_pointers"),
    (SV1._replace(nursing_home_level="9"), INVALID, "line.nursing_home_level"),
    (InstitutionalService(), REQUIRED, "line.revenue_code"),
    (InstitutionalService("12"), INVALID, "line.revenue_code"),
    (DentalService(Procedure("AD", "D2740"), prosthesis="X"), INVALID, "line.prosthesis"),
    (DentalService(Procedure("AD", "D2740"), oral_cavities=("10",) * 6), LIMIT, "line.oral_cavities"),
]
PARTY = MARTA.entity.party
OF_PROVIDER: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"party": PARTY._replace(id="123")}, INVALID, "party.id"),
    ({"party": PARTY._replace(entity="IL")}, INVALID, "party.entity"),
    ({"provider": ProviderInformation("PE", "ZZ", "207Q00000X")}, INVALID, "provider.qualifier"),
    ({"contacts": (Contact("XX", "", ()),)}, INVALID, "contacts[0].function"),
    (
        {"contacts": (Contact("IC", "", (ContactNumber("ZZ", "1"),)),)},
        INVALID,
        "contacts[0].numbers[0].qualifier",
    ),
    ({"party": PARTY._replace(entity="PW")}, REQUIRED, "address"),
    (
        {
            "party": PARTY._replace(entity="PW"),
            "address": Address(("7 ELM STREET",), "SPRINGFIELD", "IL", "62702"),
            "contacts": (Contact("IC", "", ()),),
        },
        INVALID,
        "contacts",
    ),
]


def refusal_of(review: HealthCareServicesReview) -> tuple[WriteErrorCode, str]:
    with pytest.raises(X12WriteError) as refusal:
        write_278(review, control_number="0001")
    assert str(refusal.value) == f"{refusal.value.code.value}: {refusal.value.field}"
    return refusal.value.code, refusal.value.field


@pytest.mark.parametrize(("change", "code", "field"), OF_REVIEW)
def test_a_review_that_cannot_be_sent_is_refused(
    change: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    assert refusal_of(INITIAL._replace(**change)) == (code, field)


@pytest.mark.parametrize(("change", "code", "field"), OF_PERSON)
def test_a_person_that_cannot_be_written_is_refused(
    change: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    patient = ReviewPatient(ALICE._replace(**change), None, (SURGERY,))
    assert refusal_of(INITIAL._replace(patients=(patient,))) == (code, f"patients[0].subscriber.{field}")


@pytest.mark.parametrize(("change", "code", "field"), OF_EVENT)
def test_an_event_that_cannot_be_written_is_refused(
    change: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    event = SURGERY._replace(services=())._replace(**change)
    assert refusal_of(asking(event)) == (code, f"patients[0].events[0].{field}")


@pytest.mark.parametrize(("line", "code", "field"), OF_LINE)
def test_a_service_that_cannot_be_written_is_refused(line: Any, code: WriteErrorCode, field: str) -> None:
    service = ReviewService(line=line)
    assert refusal_of(asking(SURGERY, KNEE, service)) == (code, f"patients[0].events[0].services[1].{field}")


def test_a_request_has_no_codes_at_its_services() -> None:
    asked = KNEE._replace(procedures=(HealthCareCode("BO", "3E0P305"),))
    assert refusal_of(asking(SURGERY, asked)) == (INVALID, "patients[0].events[0].services[0].procedures")


def test_teeth_that_are_none_are_refused() -> None:
    place = "patients[0].events[0].services[0].teeth[0]"
    for tooth, code, field in [
        (Tooth(""), REQUIRED, "code"),
        (Tooth("14", ("X",)), INVALID, "surfaces"),
        (Tooth("14", ("M",) * 6), LIMIT, "surfaces"),
    ]:
        assert refusal_of(asking(SURGERY, KNEE._replace(teeth=(tooth,)))) == (code, f"{place}.{field}")


@pytest.mark.parametrize(("change", "code", "field"), OF_PROVIDER)
def test_a_provider_that_cannot_be_written_is_refused(
    change: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    event = SURGERY._replace(providers=(MARTA._replace(entity=MARTA.entity._replace(**change)),))
    assert refusal_of(asking(event)) == (code, f"patients[0].events[0].providers[0].{field}")


@pytest.mark.parametrize(
    ("decision", "code", "field"),
    [
        (ReviewDecision(""), REQUIRED, "action"),
        (ReviewDecision("a1"), INVALID, "action"),
        (ReviewDecision("A1", "N" * 51), LONG, "number"),
        (ReviewDecision("A3", "", ("0F", "0V")), LIMIT, "reasons"),
        (ReviewDecision("A3", "", ("0^F",)), DELIMITER, "reasons"),
        (ReviewDecision("A3", second_opinion="X"), INVALID, "second_opinion"),
    ],
)
def test_a_decision_that_cannot_be_written_is_refused(
    decision: ReviewDecision, code: WriteErrorCode, field: str
) -> None:
    review = asking(PatientEvent(decision=decision))._replace(purpose="11")
    assert refusal_of(review) == (code, f"patients[0].events[0].decision.{field}")


def test_a_value_fit_for_one_set_of_delimiters_may_not_fit_another() -> None:
    clinic = CLINIC._replace(party=CLINIC.party._replace(last_name="RIVER|CLINIC"))
    review = INITIAL._replace(requester=clinic)
    assert "NM1*1P*2*RIVER|CLINIC*****XX*1234567893" in lines(review)
    with pytest.raises(X12WriteError) as refusal:
        write_278(review, control_number="0001", delimiters=PIPES)
    assert (refusal.value.code, refusal.value.field) == (DELIMITER, "requester.party.last_name")


def test_every_certification_type_of_the_guide_can_be_written() -> None:
    for certification_type in CertificationType:
        review = kind(certification_type, "U", references=OLD_NUMBER)
        assert f"UM*HS*{certification_type.value}*2***U" in lines(review)
