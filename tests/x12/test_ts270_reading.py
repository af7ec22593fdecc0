"""270s that others write: read to values, and what is wrong with them found."""

from datetime import date

import pytest

from tests.x12.questions import NOW
from tests.x12.wire import interchange, only_set, sample, transaction_set
from tradingpartners.x12 import (
    Address,
    Diagnosis,
    EligibilityInquiry,
    FindingCode,
    Inquiry,
    Procedure,
    ProviderInformation,
    Reference,
    ServiceQuestion,
    WriteErrorCode,
    X12WriteError,
    as_questions,
    read_270,
    write_270,
)

ABOVE = (
    "BHT*0022*13*Q0001*20260105*0700",
    "HL*1**20*1",
    "NM1*PR*2*ACME HEALTH*****PI*ACME1",
    "HL*2*1*21*1",
    "NM1*1P*2*RIVER CLINIC*****XX*1234567893",
)
ALICE = ("HL*3*2*22*0", "TRN*1*T0001*9PREFLIGHT", "NM1*IL*1*AMES*ALICE****MI*W0001")
BOBBY = ("HL*4*3*23*0", "TRN*1*T0002*9PREFLIGHT", "NM1*03*1*AMES*BOBBY")


def inquiry(*segments: str) -> EligibilityInquiry:
    wire = interchange(transaction_set(*segments, set_id="270"), functional_id="HS")
    transaction, read_interchange = only_set(wire)
    return read_270(transaction, read_interchange.delimiters)


def alice_asked(*segments: str) -> Inquiry:
    (question,) = inquiry(*ABOVE, *ALICE, *segments).questions
    return question


def found(asked: EligibilityInquiry) -> list[tuple[FindingCode, str, int | None]]:
    return [(finding.code, finding.at.segment_id, finding.at.element) for finding in asked.findings]


# What stands below the name of a person, and the EQs it is read as.
ASKED: list[tuple[tuple[str, ...], tuple[ServiceQuestion, ...]]] = [
    (("EQ*30",), (ServiceQuestion(("30",)),)),
    (("EQ*30^35^98",), (ServiceQuestion(("30", "35", "98")),)),
    (("EQ*30^^ 35 ^",), (ServiceQuestion(("30", "35")),)),
    (("EQ*30", "EQ*35"), (ServiceQuestion(("30",)), ServiceQuestion(("35",)))),
    (("EQ**HC:99213:25:59",), (ServiceQuestion(procedure=Procedure("HC", "99213", ("25", "59"))),)),
    (("EQ*98*HC:99213*FAM",), (ServiceQuestion(("98",), Procedure("HC", "99213"), "FAM"),)),
    (
        ("EQ*98", "III*ZZ*11", "EQ*1"),
        (ServiceQuestion(("98",), place_of_service="11"), ServiceQuestion(("1",))),
    ),
    (("EQ*2", "REF*9F*R77"), (ServiceQuestion(("2",), authorization=Reference("9F", "R77", "")),)),
    (
        ("EQ*2", "DTP*291*D8*20260301"),
        (ServiceQuestion(("2",), service_date=date(2026, 3, 1)),),
    ),
    (
        ("HI*ABK:M2391*ABF:M25561", "EQ*2****2:1"),
        (ServiceQuestion(("2",), diagnosis_pointers=(2, 1)),),
    ),
]


@pytest.mark.parametrize(("segments", "asked"), ASKED)
def test_each_eq_is_read_with_what_narrows_it(
    segments: tuple[str, ...], asked: tuple[ServiceQuestion, ...]
) -> None:
    question = alice_asked(*segments)
    assert question.asked == asked
    assert question.service_types == tuple(code for each in asked for code in each.service_types)


def test_the_day_of_an_eq_is_the_day_asked_about_where_the_person_has_none() -> None:
    question = alice_asked("EQ*2", "DTP*291*RD8*20260301-20260302")
    assert (question.service_date, question.service_date_end) == (date(2026, 3, 1), date(2026, 3, 2))
    assert question.period is None
    question = alice_asked("DTP*291*D8*20260401", "EQ*2", "DTP*291*D8*20260301")
    assert question.service_date == date(2026, 4, 1)


def test_what_is_said_of_a_person_is_read() -> None:
    question = alice_asked(
        *("REF*SY*123456789", "REF*6P*G1", "N3*2 ELM ST*APT 3", "N4*TROY*NY*12180", "PRV*PC*PXC*207Q00000X"),
        *("DMG*D8*19800203*F", "INS*Y*18***************2", "HI*ABK:M2391", "DTP*102*D8*20250101", "EQ*30"),
    )
    person = question.person
    assert person is not None
    assert person.references == (Reference("SY", "123456789", ""), Reference("6P", "G1", ""))
    assert person.address == Address(("2 ELM ST", "APT 3"), "TROY", "NY", "12180")
    assert person.provider == ProviderInformation("PC", "PXC", "207Q00000X")
    assert (person.birth_date, person.gender, person.birth_sequence) == (date(1980, 2, 3), "F", 2)
    assert person.issue_date == date(2025, 1, 1)
    assert question.diagnoses == (Diagnosis("ABK", "M2391"),)


def test_who_asks_is_read_in_full() -> None:
    asked = inquiry(
        *ABOVE[:-1],
        *("NM1*1P*1*STONE*MARTA****SV*P77", "REF*4A*1234", "N3*1 MAIN ST", "N4*ALBANY*NY*12207"),
        *("PRV*BI*PXC*207Q00000X", *ALICE, "EQ*30"),
    )
    receiver = asked.information_receiver
    assert receiver is not None and asked.receiver == receiver.party
    assert (receiver.party.id_qualifier, receiver.party.id) == ("SV", "P77")
    assert receiver.references == (Reference("4A", "1234", ""),)
    assert receiver.address == Address(("1 MAIN ST",), "ALBANY", "NY", "12207")
    assert receiver.provider == ProviderInformation("BI", "PXC", "207Q00000X")
    assert (asked.purpose, asked.created) == ("13", NOW.replace(second=0, tzinfo=None))


def test_a_subscriber_without_eq_above_a_dependent_is_not_asked_about() -> None:
    transaction, read_interchange = only_set(sample("270_dependent_date_range_two_services.edi"))
    (question,) = read_270(transaction, read_interchange.delimiters).questions
    assert question.is_dependent
    assert (question.member_id, question.last_name, question.first_name) == ("W0001", "AMES", "BOBBY")
    assert question.birth_date == date(2015, 6, 7)
    assert question.service_types == ("30", "98")
    assert (question.service_date, question.service_date_end) == (date(2026, 1, 6), date(2026, 1, 31))
    assert [trace.number for trace in question.traces] == ["T0002"]
    assert question.holder is not None and question.holder.birth_date == date(1980, 2, 3)


def test_a_subscriber_with_eq_above_a_dependent_is_asked_about_too() -> None:
    transaction, read_interchange = only_set(sample("270_repeated_service_types_for_both.edi"))
    asked = read_270(transaction, read_interchange.delimiters)
    assert [(q.is_dependent, q.service_types) for q in asked.questions] == [
        (False, ("30", "35")),
        (True, ("98",)),
    ]
    assert asked.findings == ()
    about_alice, about_bobby = as_questions(asked)
    assert (about_alice.dependent, about_alice.trace_number) == (None, "T0001")
    assert about_bobby.subscriber == about_alice.subscriber
    assert about_bobby.dependent is not None and about_bobby.dependent.first_name == "BOBBY"


def test_each_dependent_belongs_to_the_subscriber_its_hl_names() -> None:
    carla = ("HL*5*2*22*1", "NM1*IL*1*STONE*CARLA****MI*W0002")
    dora = ("HL*6*5*23*0", "NM1*03*1*STONE*DORA")
    late = ("HL*7*3*23*0", "NM1*03*1*AMES*EVAN")
    people = (*ALICE, *BOBBY, "EQ*30", *carla, *dora, "EQ*30", *late, "EQ*30")
    asked = inquiry(*ABOVE, *people)
    assert [(q.first_name, q.member_id) for q in asked.questions] == [
        ("BOBBY", "W0001"),
        ("DORA", "W0002"),
        ("EVAN", "W0001"),
    ]
    assert asked.findings == ()


def test_a_4010_question_is_read_as_far_as_it_goes() -> None:
    asked = inquiry(
        *("BHT*0022*13**20021010*0800", *ABOVE[1:4], "NM1*1P*2******SV*123456"),
        *(
            "HL*3*2*22*0",
            "TRN*1*T0001*9876543210",
            "NM1*IL*1*AMES*ALICE****MI*W0001",
            "DTP*307*RD8*20021201-20021231",
        ),
        *("EQ*30", "III*BK*4280", "III*ZZ*11"),
    )
    (question,) = asked.questions
    assert (question.service_date, question.service_date_end) == (date(2002, 12, 1), date(2002, 12, 31))
    assert question.diagnoses == (Diagnosis("BK", "4280"),)
    assert question.asked == (ServiceQuestion(("30",), diagnosis_pointers=(1,), place_of_service="11"),)
    assert asked.findings == ()


SEGMENT, ELEMENT = FindingCode.SEGMENT_MISSING, FindingCode.ELEMENT_MISSING
DATE, CODE = FindingCode.DATE_INVALID, FindingCode.CODE_UNKNOWN
FAULTS = [
    ((*ABOVE[1:], *ALICE, "EQ*30"), [(SEGMENT, "BHT", None)]),
    (("BHT*0022*13*Q1*20261305*0700", *ABOVE[1:], *ALICE, "EQ*30"), [(DATE, "BHT", 4)]),
    ((*ABOVE, "HL*3*2*22*0", "EQ*30"), [(SEGMENT, "NM1", None)]),
    ((*ABOVE[:2], *ABOVE[3:], *ALICE, "EQ*30"), [(SEGMENT, "NM1", None)]),
    ((*ABOVE, *ALICE, *BOBBY), [(SEGMENT, "EQ", None)]),
    ((), [(FindingCode.HIERARCHY_MISSING, "HL", None), (SEGMENT, "BHT", None)]),
    ((*ABOVE, *ALICE, "EQ"), [(ELEMENT, "EQ", 1)]),
    ((*ABOVE, *ALICE, "EQ**:"), [(ELEMENT, "EQ", 1)]),
    ((*ABOVE, *ALICE, "DMG*D8*19800230", "EQ*30"), [(DATE, "DMG", 2)]),
    ((*ABOVE, *ALICE, "DTP*291*D8*2026", "EQ*30"), [(DATE, "DTP", 3)]),
    ((*ABOVE, *ALICE, "EQ*30", "DTP*291*RD8*20260101-"), [(DATE, "DTP", 3)]),
    ((*ABOVE, *ALICE, "HI*ABK", "EQ*30"), [(ELEMENT, "HI", 1)]),
    ((*ABOVE, *ALICE, "HI*ABK:M2391", "EQ*30****2"), [(CODE, "EQ", 5)]),
    ((*ABOVE, *ALICE, "EQ*30****X"), [(CODE, "EQ", 5)]),
    ((*ABOVE, *ALICE, "EB*1**30"), [(FindingCode.SEGMENT_UNEXPECTED, "EB", None)]),
]


@pytest.mark.parametrize(("segments", "findings"), FAULTS)
def test_what_is_wrong_is_found_where_it_is(
    segments: tuple[str, ...], findings: list[tuple[FindingCode, str, int | None]]
) -> None:
    assert found(inquiry(*segments)) == findings


def test_what_a_question_does_not_say_is_refused_when_it_is_asked_again() -> None:
    (question,) = as_questions(inquiry(*ABOVE, "HL*3*2*22*0", "NM1*IL*1*AMES*ALICE****MI*W0001", "EQ*30"))
    with pytest.raises(X12WriteError) as refusal:
        write_270(question, control_number="0001")
    assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.REQUIRED, "trace_number")
    with pytest.raises(X12WriteError) as refusal:
        as_questions(inquiry("BHT*0022*13*Q1", *ABOVE[1:], *ALICE, "EQ*30"))
    assert refusal.value.field == "created"
