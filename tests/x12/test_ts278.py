"""278: read to values, whatever shape it comes in."""

from datetime import date, time
from decimal import Decimal
from time import perf_counter

import pytest

from tests.x12.reviews import (
    ABOVE_PATIENT,
    ALICE,
    BOBBY,
    CLINIC,
    INITIAL,
    PAYER,
    SURGERY,
    VERSION,
    clean_reviews,
    event_with,
    review_in,
    review_with,
    set_of,
)
from tests.x12.wire import interchange, sample
from tradingpartners.x12 import (
    Address,
    Admission,
    ClinicalInformation,
    Contact,
    ContactNumber,
    DateRange,
    DentalService,
    Facility,
    HealthCareCode,
    HealthCareServicesReview,
    InstitutionalService,
    PatientCondition,
    Procedure,
    ProfessionalService,
    ProviderInformation,
    Reference,
    RelatedCauses,
    ReviewDecision,
    ReviewInformation,
    ServiceDelivery,
    Tooth,
    Trace,
    describe,
    inspection,
    read,
    review_certification,
)


def read_sample(name: str) -> HealthCareServicesReview:
    return review_in(sample(f"278_{name}.edi"))


def found(review: HealthCareServicesReview) -> list[tuple[str, int, int | None]]:
    return [(each.code.value, each.at.segment_number, each.at.element) for each in review.findings]


def test_a_request_is_read_to_the_value_it_is_written_from() -> None:
    review = read_sample("request_initial")
    (patient,) = review.patients
    (event,) = patient.events
    (service,) = event.services
    as_sent = SURGERY._replace(
        diagnoses=tuple(each._replace(code=each.code.replace(".", "")) for each in SURGERY.diagnoses)
    )
    assert event._replace(segment_number=0, services=()) == as_sent._replace(services=())
    assert service._replace(segment_number=0) == SURGERY.services[0]
    assert (patient.subscriber, patient.dependent) == (ALICE, None)
    assert (review.payer, review.requester) == (PAYER, CLINIC)
    assert (review.purpose, review.is_response) == ("13", False)
    assert (review.date, review.time) == (INITIAL.date, INITIAL.time)
    assert [each.number for each in review.traces] == ["PA0001", "PA0001-1"]


def test_a_dependent_the_people_and_the_places_are_read_in_full() -> None:
    review = read_sample("request_expedited_dependent")
    assert review.time == time(7, 0, 30)
    doctor = review.requester
    assert doctor is not None and doctor.provider == ProviderInformation("PE", "PXC", "207Q00000X")
    assert (doctor.party.first_name, doctor.party.middle_name, doctor.party.suffix) == ("MARTA", "J", "MD")
    assert doctor.references == (Reference("ZH", "PLAN77", ""),)
    assert doctor.address == Address(("1 RIVER ROAD", "SUITE 2"), "SPRINGFIELD", "IL", "62701")
    numbers = (("TE", "2175550100"), ("EX", "12"), ("FX", "2175550101"))
    assert doctor.contacts == (Contact("IC", "DESK", tuple(ContactNumber(*each) for each in numbers)),)
    (patient,) = review.patients
    assert patient.dependent == BOBBY._replace(relationship="19", birth_sequence="2")
    assert patient.person is patient.dependent
    subscriber = patient.subscriber
    assert subscriber is not None and subscriber.relationship == "18"
    assert subscriber.references == (Reference("6P", "G100", ""),)
    assert subscriber.address == Address(("7 ELM STREET",), "SPRINGFIELD", "IL", "62702")


def test_the_kind_of_review_is_read_with_its_composites() -> None:
    (patient,) = read_sample("request_expedited_dependent").patients
    assert patient.events[0].information == ReviewInformation(
        category="SC",
        certification_type="I",
        service_type="3",
        facility=Facility("11", "B"),
        related_causes=RelatedCauses(("AA", "AP"), "IL"),
        level_of_service="U",
        current_health_condition="7",
        prognosis="2",
        release_of_information="Y",
        delay_reason="8",
    )


def test_an_admission_is_read_with_its_providers_places_and_clinical_information() -> None:
    (patient,) = read_sample("request_emergency_admission").patients
    (event,) = patient.events
    assert event.admission == Admission("1", "1", "30")
    assert event.delivery == ServiceDelivery("DY", Decimal(5))
    assert event.clinical[0].segment_id == "CR1" and event.clinical[0].elements[8] == "STRETCHER"
    names = [each.entity.party.entity for each in event.providers]
    assert names == ["FA", "PW", "GG"]
    assert event.providers[2].dates == (DateRange("007", date(2026, 1, 1), date(2026, 1, 31)),)
    assert event.services[0].line == InstitutionalService(
        "0120", None, Decimal(2500), "DA", Decimal(5), Decimal(500), "2", "3"
    )


def test_home_care_and_dental_care_are_read_with_all_of_their_codes() -> None:
    (event,) = read_sample("request_home_health").patients[0].events
    assert event.conditions == (PatientCondition("76", "Y", ("01", "02")),)
    assert event.clinical == (
        ClinicalInformation("CR6", ("3", "20260101", "RD8", "20260101-20260228", "", "", "Y", "I")),
    )
    assert event.delivery == ServiceDelivery(
        "VS", Decimal(3), period="34", period_count=Decimal(2), pattern="D", time_of_day="D"
    )
    second = event.services[1]
    assert second.line == ProfessionalService(
        Procedure("HC", "S9123", description="NURSING AT HOME"), Decimal(95), "UN", Decimal(4), (), "", "2"
    )
    (crown,) = read_sample("request_dental").patients[0].events[0].services
    assert crown.line == DentalService(
        Procedure("AD", "D2740"), Decimal(980), ("10", "20"), "R", Decimal(1), "CROWN"
    )
    assert crown.teeth == (Tooth("14", ("M", "O", "D")),)


def test_dependents_of_one_subscriber_have_their_own_events() -> None:
    first, second = read_sample("request_two_dependents").patients
    assert first.subscriber == second.subscriber == ALICE
    assert [each.dependent and each.dependent.party.first_name for each in (first, second)] == [
        "BOBBY",
        "CARLA",
    ]
    assert [each.events[0].traces[0].number for each in (first, second)] == ["PA0009-1", "PA0009-2"]


def test_a_decision_is_read_with_its_reasons_numbers_and_dates() -> None:
    (event,) = read_sample("response_denied").patients[0].events
    assert event.decision == ReviewDecision("A3", "", ("0F",), "N")
    (event,) = read_sample("response_certified").patients[0].events
    assert event.decision == ReviewDecision("A1", "AUTH001")
    assert event.traces == (Trace("2", "PA0001", "9PREFLIGHT"), Trace("1", "ACME77", "1123456789"))
    assert [each.qualifier for each in event.dates] == ["102", "036", "007"]


# The sample, what it decides, under which number, by what the payer finds it again.
DECIDED = [
    ("response_certified", "certified", "AUTH001", None),
    ("response_denied", "denied", None, None),
    ("response_pended", "pended", None, "PEND0001"),
    ("response_modified_by_service", "modified", "AUTH002", None),
    ("response_partial", "partial", "AUTH003", None),
    ("response_services_differ", "pended", None, "PEND0002"),
    ("response_rejected_by_payer", "rejected", None, None),
    ("response_rejected_at_many_levels", "rejected", None, None),
    ("response_undecided", "unknown", None, None),
]


@pytest.mark.parametrize(("name", "status", "number", "reference"), DECIDED)
def test_a_response_decides(name: str, status: str, number: str | None, reference: str | None) -> None:
    verdict = review_certification(read_sample(name))
    assert verdict is not None
    assert (verdict.status, verdict.authorization_number, verdict.administrative_reference) == (
        status,
        number,
        reference,
    )


def test_a_request_decides_nothing_whatever_stands_in_it() -> None:
    assert review_certification(read_sample("request_initial")) is None
    assert review_certification(read_sample("segments_misplaced")) is None


def test_refusals_are_read_at_every_level_they_come_from() -> None:
    review = read_sample("response_rejected_at_many_levels")
    (patient,) = review.patients
    (event,) = patient.events
    assert [(each.loop, each.code) for each in review.rejections] == [("2010A", "41"), ("2010B", "44")]
    assert [(each.loop, each.code) for each in patient.rejections] == [
        ("2010C", "72"),
        ("2010C", "73"),
        ("2010D", "67"),
    ]
    assert [(each.loop, each.code) for each in event.rejections] == [("2000E", "15")]
    assert [(each.loop, each.code) for each in event.providers[0].rejections] == [("2010EA", "43")]
    assert [(each.loop, each.follow_up) for each in event.services[0].rejections] == [("2000F", "C")]


def test_a_payer_that_cannot_answer_sends_no_patient_and_that_is_no_fault() -> None:
    review = read_sample("response_rejected_by_payer")
    assert (review.patients, review.requester, review.findings) == ((), None, ())
    assert [(each.loop, each.valid_request, each.code) for each in review.rejections] == [
        ("2000A", "Y", "42")
    ]


@pytest.mark.parametrize("name", clean_reviews())
def test_nothing_is_found_in_a_clean_sample(name: str) -> None:
    assert read(sample(name)).findings == ()
    assert review_in(sample(name)).findings == ()


FAULTS: dict[str, list[tuple[str, int, int | None]]] = {
    "unknown_level": [
        ("hierarchy_level_unknown", 13, 3),
        ("segment_unexpected", 14, None),
        ("segment_unexpected", 15, None),
    ],
    "segments_misplaced": [
        ("segment_unexpected", 3, None),
        ("segment_unexpected", 6, None),
        ("segment_unexpected", 10, None),
        ("segment_unexpected", 14, None),
        ("segment_unexpected", 16, None),
        ("segment_unexpected", 18, None),
        ("segment_unexpected", 21, None),
    ],
    "elements_missing": [
        ("element_missing", 2, 2),
        ("date_invalid", 2, 4),
        ("code_unknown", 4, 8),
        ("segment_missing", 5, None),
        ("element_missing", 7, 2),
        ("element_missing", 7, 9),
        ("date_invalid", 8, 2),
        ("element_missing", 10, 2),
        ("element_missing", 11, 1),
        ("code_unknown", 11, 2),
        ("code_unknown", 11, 6),
        ("element_missing", 12, 1),
        ("element_missing", 13, 3),
        ("date_invalid", 14, 3),
        ("element_missing", 15, 1),
        ("element_missing", 15, 2),
        ("date_invalid", 15, 3),
        ("amount_invalid", 16, 2),
        ("element_missing", 17, 1),
        ("element_missing", 18, 1),
        ("element_missing", 21, 1),
        ("amount_invalid", 21, 2),
        ("amount_invalid", 21, 4),
    ],
    "parents_wrong": [
        ("hierarchy_parent_unknown", 5, 2),
        ("hierarchy_parent_unknown", 7, 2),
        ("hierarchy_parent_unknown", 9, 2),
        ("hierarchy_parent_unknown", 11, 2),
        ("hierarchy_parent_unknown", 13, 2),
        ("segment_missing", 15, None),
    ],
    "response_undecided": [
        ("code_unknown", 12, 1),
        ("segment_unexpected", 13, None),
        ("segment_unexpected", 15, None),
    ],
    "4010": [],
    "notification": [],
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_where_it_stands(name: str) -> None:
    assert found(read_sample(name)) == FAULTS[name]


MISSING = [
    (("HL*4*3*EV*0", "TRN*1*T1*9PREFLIGHT"), "13", ("segment_missing", 9, "UM")),
    ((), "13", ("segment_missing", 7, "HL")),
    (("HL*4*3*EV*0", "UM*HS*I"), "11", ("segment_missing", 9, "HCR")),
    (("HL*4*3*EV*1", "HL*5*4*SS*0", "UM*HS*I"), "11", ("segment_missing", 9, "HCR")),
]


@pytest.mark.parametrize(("segments", "purpose", "finding"), MISSING)
def test_what_a_request_or_a_response_needs_is_found_missing(
    segments: tuple[str, ...], purpose: str, finding: tuple[str, int, str]
) -> None:
    (only,) = review_with(*segments, purpose=purpose).findings
    assert (only.code.value, only.at.segment_number, only.at.segment_id) == finding


def test_a_service_that_decides_is_decision_enough() -> None:
    assert review_with("HL*4*3*EV*1", "HL*5*4*SS*0", "HCR*A1*N1", purpose="11").findings == ()
    assert review_with("AAA*N**67*C", purpose="11").findings == ()


def test_of_two_decisions_in_one_place_the_least_favourable_is_read() -> None:
    (event,) = read_sample("response_undecided").patients[0].events
    assert event.decision is not None and event.decision.action == "PENDEDCODE"
    assert event.delivery == ServiceDelivery("VS", Decimal(12))
    event = event_with("UM*HS*I", "HCR*A1*N1", "HCR*A3**0F", purpose="11")
    assert event.decision == ReviewDecision("A3", "", ("0F",))


def test_segments_in_a_wrong_place_are_read_where_it_is_plain_whose_they_are() -> None:
    review = read_sample("segments_misplaced")
    (patient,) = review.patients
    assert patient.subscriber == ALICE
    (event,) = patient.events
    assert event.information == ReviewInformation("HS", "I", "2")
    assert event.providers[0].entity.party.last_name == "DOW"
    (service,) = event.services
    assert isinstance(service.line, ProfessionalService)


def test_levels_below_a_wrong_parent_or_none_are_not_lost() -> None:
    (patient,) = read_sample("parents_wrong").patients
    assert patient.subscriber is None and patient.dependent is not None
    codes = [
        service.line.procedure.code
        for event in patient.events
        for service in event.services
        if isinstance(service.line, ProfessionalService)
    ]
    assert codes == ["97110", "97161"]


def test_an_event_of_nobody_is_still_an_event() -> None:
    review = review_with("HL*4*3*EV*0", "UM*HS*I")
    assert len(review.patients) == 1
    heading = "BHT*0007*13*PA0001*20260105*0700"
    lone = review_in(interchange(set_of(heading, "HL*1**EV*0", "UM*HS*I"), functional_id="HI"))
    assert [len(patient.events) for patient in lone.patients] == [1]
    assert lone.patients[0].person is None


def test_a_4010_request_is_read_as_far_as_it_goes() -> None:
    (patient,) = read_sample("4010").patients
    (event,) = patient.events
    assert [each.number for each in event.traces] == ["PA0010"]
    assert event.diagnoses == (HealthCareCode("BF", "7061"),)
    assert event.providers[0].entity.party.last_name == "HILL"
    assert event.admission == Admission("1")
    (service,) = event.services
    assert service.delivery == ServiceDelivery("VS", Decimal(30))
    assert service.dates == (DateRange("472", date(2026, 1, 5), date(2026, 6, 30)),)


def test_a_notification_is_read_and_nothing_is_asked_of_it() -> None:
    review = read_sample("notification")
    assert (review.purpose, review.is_response) == ("CN", False)
    assert review.patients[0].events[0].diagnoses == (HealthCareCode("ABK", "I2101"),)


@pytest.mark.parametrize("name", ["request_expedited_dependent", "response_denied", "request_dental"])
@pytest.mark.parametrize("signs", ["|>!\n", "~^`\\", ">|^$", "\x1d\x1f\x1e\x1c"])
def test_delimiters_change_nothing(name: str, signs: str) -> None:
    text = sample(f"278_{name}.edi").decode().replace("\n", "")
    assert review_in(text.translate(str.maketrans("*:^~", signs))) == read_sample(name)


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n\n", ""])
def test_line_ends_change_nothing(ending: str) -> None:
    text = sample("278_response_partial.edi").decode().replace("\n", ending)
    assert review_in(text) == read_sample("response_partial")


def test_trailing_separators_and_padding_change_nothing() -> None:
    event = event_with(
        "UM*HS *I* 2 * 22 : B **", "HCR* a1 *AUTH001 **", "TRN*2*T1  *9PREFLIGHT*", purpose="11"
    )
    assert event.information == ReviewInformation("HS", "I", "2", Facility("22", "B"))
    assert event.decision == ReviewDecision("a1", "AUTH001")
    assert event.traces == (Trace("2", "T1", "9PREFLIGHT"),)


@pytest.mark.parametrize(("isa11", "reasons"), [("^", ("0F", "0V")), ("U", ("0F^0V",))])
def test_reasons_repeat_where_there_is_a_separator_for_it(isa11: str, reasons: tuple[str, ...]) -> None:
    text = sample("278_response_denied.edi").decode().replace("*0F*", "*0F^0V*")
    (event,) = review_in(text.replace("*0700*^*00501*", f"*0700*{isa11}*00501*")).patients[0].events
    assert event.decision is not None and event.decision.reasons == reasons


def test_the_codes_of_a_service_are_read() -> None:
    review = review_with(
        "HL*4*3*EV*1", "UM*HS*I", "HL*5*4*SS*0", "HI*BO:3E0P305:D8:20260105:95:4*LOI:11506-3"
    )
    (service,) = review.patients[0].events[0].services
    day = DateRange("", date(2026, 1, 5), None)
    assert service.procedures == (
        HealthCareCode("BO", "3E0P305", day, Decimal(95), Decimal(4)),
        HealthCareCode("LOI", "11506-3"),
    )


def test_findings_carry_a_place_and_no_value() -> None:
    review = review_with("HL*4*3*EV*0", "UM*SECRET*I", "DTP*472*D8*SECRET", "SECRET*1")
    assert len(review.findings) == 3
    assert "SECRET" not in repr(review.findings)
    assert review.findings[0].at.loop == "2000E"


HOSTILE = {
    "refusals above dependents": [*["AAA*N**72*C"] * 20_000, *["HL*4*3*23*1", "NM1*QC*1*AMES"] * 20_000],
    "refusals above patients": ["HL*1**20*1", *["AAA*N**42*P"] * 20_000, *["HL*3*2*22*1"] * 20_000],
    "numbers above events": [*["TRN*1*T1"] * 20_000, *["HL*4*3*EV*1"] * 20_000],
    "conditions above services": [
        *("HL*4*3*EV*1", *["CRC*75*Y*01"] * 20_000),
        *["HL*5*4*SS*0", "CRC*75*Y*01"] * 20_000,
    ],
    "services below nobody": ["HL*9*9*SS*0", "SV1*HC:97110"] * 20_000,
    "decisions": ["HL*4*3*EV*1", *["HCR*A1*N1"] * 40_000],
    "codes": ["HL*4*3*EV*1", *["HI*" + "*".join(["ABK:M1711"] * 900)] * 40],
}


@pytest.mark.parametrize("segments", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("version", [VERSION, "004010X094A1"])
def test_a_hostile_278_costs_bounded_time(segments: list[str], version: str) -> None:
    body = set_of("BHT*0007*11*PA0001", *ABOVE_PATIENT, *segments, version=version)
    wire = interchange(body, functional_id="HI", version=version)
    begin = perf_counter()
    inspection(read(wire))
    assert sum(1 for _ in describe(read(wire))) > 0
    assert perf_counter() - begin < 30
