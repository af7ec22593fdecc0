"""270: written from values, refused where X12 cannot carry them, read back."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from tests.x12.questions import ABOUT_ALICE, ABOUT_BOBBY, ALICE, BOBBY, questions_file
from tests.x12.strategies import questions
from tests.x12.wire import only_set, sample
from tradingpartners.x12 import (
    DEFAULT_DELIMITERS,
    Address,
    Delimiters,
    Diagnosis,
    EligibilityInquiry,
    EligibilityQuestion,
    Procedure,
    ProviderInformation,
    Reference,
    ServiceQuestion,
    WriteErrorCode,
    X12WriteError,
    as_questions,
    is_npi,
    read_270,
    write_270,
)

PIPES = Delimiters("|", ">", "!", "\n")


def inquiry(wire: bytes) -> EligibilityInquiry:
    transaction, interchange = only_set(wire)
    return read_270(transaction, interchange.delimiters)


def body(question: EligibilityQuestion) -> list[str]:
    return write_270(question, control_number="0001").split("~")[1:-2]


# What the question says, and how it stands on the wire.
WIRE = [
    (ABOUT_ALICE, "0001", "270_subscriber.edi"),
    (ABOUT_BOBBY, "0002", "270_dependent_date_range_two_services.edi"),
]


@pytest.mark.parametrize(("question", "number", "name"), WIRE, ids=[case[2] for case in WIRE])
def test_a_question_is_written_as_the_sample_stands(
    question: EligibilityQuestion, number: str, name: str
) -> None:
    assert questions_file(write_270(question, control_number=number)) == sample(name).replace(b"\n", b"")


def test_the_trace_stands_under_the_patient() -> None:
    assert [s.split("*")[0] for s in body(ABOUT_ALICE)[5:8]] == ["HL", "TRN", "NM1"]
    lines = body(ABOUT_BOBBY)
    assert lines[lines.index("TRN*1*T0002*9PREFLIGHT") - 1] == "HL*4*3*23*0"
    assert sum(line.startswith("TRN") for line in lines) == 1


def test_what_is_not_known_is_left_out() -> None:
    subscriber = ALICE._replace(last_name=None, first_name=None)
    lines = body(ABOUT_ALICE._replace(subscriber=subscriber))
    assert "NM1*IL*1******MI*W0001" in lines
    subscriber = ALICE._replace(member_id=None, birth_date=None, gender=None)
    lines = body(ABOUT_ALICE._replace(subscriber=subscriber))
    assert "NM1*IL*1*AMES*ALICE" in lines
    assert not any(line.startswith("DMG") for line in lines)


def test_all_that_is_known_of_a_person_is_written() -> None:
    subscriber = ALICE._replace(middle_name="J", suffix="JR", group_number="G100")
    lines = body(ABOUT_ALICE._replace(subscriber=subscriber, provider_first_name="MARTA"))
    assert "NM1*1P*1*RIVER CLINIC*MARTA****XX*1234567893" in lines
    assert "NM1*IL*1*AMES*ALICE*J**JR*MI*W0001" in lines
    assert "REF*6P*G100" in lines
    assert "DMG*D8*19800203*F" in lines


def test_a_range_of_one_day_is_a_day() -> None:
    question = ABOUT_ALICE._replace(service_date_end=ABOUT_ALICE.service_date)
    assert body(question) == body(ABOUT_ALICE)


# Everything the guide lets a provider ask, each as it stands on the wire and as a value.
KNEE = ServiceQuestion(procedure=Procedure("HC", "73721", ("RT",)), diagnosis_pointers=(1, 2))
ALICES: list[tuple[dict[str, Any], list[str]]] = [
    ({"service_types": ("30", "98")}, ["EQ*30", "EQ*98"]),
    ({"asked": (ServiceQuestion(("1", "35")),)}, ["EQ*30", "EQ*1^35"]),
    ({"asked": (ServiceQuestion(("30",), coverage_level="FAM"),)}, ["EQ*30", "EQ*30**FAM"]),
    (
        {"diagnoses": (Diagnosis("ABK", "M2391"), Diagnosis("ABF", "M25561")), "asked": (KNEE,)},
        ["HI*ABK:M2391*ABF:M25561", "EQ*30", "EQ**HC:73721:RT***1:2"],
    ),
    (
        {"service_types": (), "asked": (ServiceQuestion(("98",), Procedure("HC", "99213")),)},
        ["EQ*98*HC:99213"],
    ),
    (
        {"asked": (ServiceQuestion(("98",), place_of_service="11"),)},
        ["EQ*30", "EQ*98", "III*ZZ*11"],
    ),
    (
        {"asked": (ServiceQuestion(("2",), authorization=Reference("G1", "A77", "")),)},
        ["EQ*30", "EQ*2", "REF*G1*A77"],
    ),
    (
        {
            "asked": (
                ServiceQuestion(("2",), service_date=date(2026, 2, 1), service_date_end=date(2026, 2, 3)),
            )
        },
        ["EQ*30", "EQ*2", "DTP*291*RD8*20260201-20260203"],
    ),
    ({"service_date": None}, ["EQ*30"]),
    ({"service_date_end": date(2026, 1, 31)}, ["DTP*291*RD8*20260106-20260131"]),
    ({"provider_first_name": "MARTA"}, ["NM1*1P*1*RIVER CLINIC*MARTA****XX*1234567893"]),
    (
        {"provider_first_name": "MARTA", "provider_middle_name": "J", "provider_suffix": "II"},
        ["NM1*1P*1*RIVER CLINIC*MARTA*J**II*XX*1234567893"],
    ),
    (
        {"provider_npi": "", "provider_id": "P-77", "provider_id_qualifier": "SV", "provider_entity": "FA"},
        ["NM1*FA*2*RIVER CLINIC*****SV*P-77"],
    ),
    (
        {"provider_references": (Reference("4A", "1234", ""), Reference("EO", "S1", "DESK"))},
        ["REF*4A*1234", "REF*EO*S1*DESK"],
    ),
    (
        {"provider_address": Address(("1 MAIN ST", "FLOOR 2"), "ALBANY", "NY", "12207")},
        ["N3*1 MAIN ST*FLOOR 2", "N4*ALBANY*NY*12207"],
    ),
    (
        {"provider_information": ProviderInformation("BI", "PXC", "207Q00000X")},
        ["PRV*BI*PXC*207Q00000X"],
    ),
    ({"payer_id_qualifier": "XV", "payer_entity": "P5"}, ["NM1*P5*2*ACME HEALTH*****XV*ACME1"]),
    ({"purpose": "01"}, ["BHT*0022*01*Q0001*20260105*0700"]),
    (
        {"subscriber": ALICE._replace(references=(Reference("SY", "123456789", ""),), group_number="G1")},
        ["REF*6P*G1", "REF*SY*123456789"],
    ),
    (
        {"subscriber": ALICE._replace(address=Address(("2 ELM ST",), "TROY", "NY", "12180"))},
        ["N3*2 ELM ST", "N4*TROY*NY*12180"],
    ),
    ({"subscriber": ALICE._replace(provider=ProviderInformation("PC", "", ""))}, ["PRV*PC"]),
    ({"subscriber": ALICE._replace(birth_sequence=2)}, ["INS*Y*18***************2"]),
    ({"subscriber": ALICE._replace(issue_date=date(2025, 1, 1))}, ["DTP*102*D8*20250101"]),
    ({"subscriber": ALICE._replace(member_id_qualifier="II")}, ["NM1*IL*1*AMES*ALICE****II*W0001"]),
    ({"dependent": BOBBY._replace(relationship="01")}, ["INS*N*01"]),
    ({"dependent": BOBBY._replace(birth_sequence=1)}, ["INS*N*19***************1"]),
    ({"dependent": BOBBY._replace(relationship=None)}, ["NM1*03*1*AMES*BOBBY", "DMG*D8*20150607*M"]),
    (
        {"dependent": BOBBY._replace(references=(Reference("EJ", "P1", ""),), issue_date=date(2025, 1, 1))},
        ["REF*EJ*P1", "DMG*D8*20150607*M", "INS*N*19", "DTP*102*D8*20250101"],
    ),
]


@pytest.mark.parametrize(("changes", "segments"), ALICES)
def test_a_question_is_written_and_read_alike(changes: dict[str, Any], segments: list[str]) -> None:
    question = ABOUT_ALICE._replace(created=ABOUT_ALICE.created.replace(second=0, tzinfo=None), **changes)
    lines = body(question)
    assert [line for line in lines if line in segments] == segments
    read = inquiry(questions_file(write_270(question, control_number="0001")))
    assert read.findings == ()
    assert as_questions(read) == (question,)


def test_segments_of_a_person_stand_in_the_order_of_the_guide() -> None:
    everything: dict[str, Any] = {
        "references": (Reference("SY", "123456789", ""),),
        "address": Address(("2 ELM ST",), "TROY", "NY", "12180"),
        "provider": ProviderInformation("PC", "", ""),
        "birth_sequence": 2,
        "issue_date": date(2025, 1, 1),
    }
    lines = body(
        ABOUT_BOBBY._replace(
            subscriber=ALICE._replace(**everything),
            dependent=BOBBY._replace(**everything),
            diagnoses=(Diagnosis("ABK", "M2391"),),
        )
    )
    names = " ".join(line.split("*")[0] for line in lines[5:])
    assert names == ("HL NM1 REF N3 N4 PRV DMG INS DTP HL TRN NM1 REF N3 N4 PRV DMG INS HI DTP DTP EQ EQ")


@pytest.mark.parametrize("npi", ["1234567893", "2000000002", "1000000004"])
def test_an_npi_ends_in_its_check_digit(npi: str) -> None:
    assert is_npi(npi)
    for digit in set("0123456789") - {npi[-1]}:
        assert not is_npi(npi[:-1] + digit)


DELIMITER, UNSUPPORTED = WriteErrorCode.DELIMITER_IN_VALUE, WriteErrorCode.UNSUPPORTED_CHARACTER
INVALID, LIMIT = WriteErrorCode.INVALID_VALUE, WriteErrorCode.LIMIT_EXCEEDED
REFUSALS: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"subscriber": ALICE._replace(last_name="AM*ES")}, DELIMITER, "subscriber.last_name"),
    ({"subscriber": ALICE._replace(last_name="O~NEIL")}, DELIMITER, "subscriber.last_name"),
    ({"subscriber": ALICE._replace(first_name="A:B")}, DELIMITER, "subscriber.first_name"),
    ({"subscriber": ALICE._replace(member_id="W^1")}, DELIMITER, "subscriber.member_id"),
    ({"dependent": BOBBY._replace(last_name="ÁMES")}, UNSUPPORTED, "dependent.last_name"),
    ({"dependent": BOBBY._replace(first_name="B\nB")}, UNSUPPORTED, "dependent.first_name"),
    ({"payer_name": "ACME`S"}, UNSUPPORTED, "payer_name"),
    ({"payer_name": " "}, WriteErrorCode.REQUIRED, "payer_name"),
    ({"payer_id": "A"}, WriteErrorCode.TOO_SHORT, "payer_id"),
    ({"provider_npi": "12345"}, INVALID, "provider_npi"),
    ({"provider_npi": "1234567890"}, INVALID, "provider_npi"),
    ({"provider_npi": "１２３４５６７８９３"}, INVALID, "provider_npi"),
    ({"provider_id": "P77", "provider_id_qualifier": "SV"}, INVALID, "provider_npi"),
    ({"provider_npi": "", "provider_id": "P77"}, INVALID, "provider_id_qualifier"),
    ({"provider_id_qualifier": "SV"}, INVALID, "provider_id_qualifier"),
    ({"provider_entity": "IL"}, INVALID, "provider_entity"),
    ({"payer_entity": "1P"}, INVALID, "payer_entity"),
    ({"payer_id_qualifier": ""}, WriteErrorCode.REQUIRED, "payer_id_qualifier"),
    ({"purpose": "11"}, INVALID, "purpose"),
    ({"provider_references": (Reference("ZZ", "1", ""),)}, INVALID, "provider_references.qualifier"),
    (
        {"provider_references": (Reference("4A", "", ""),)},
        WriteErrorCode.REQUIRED,
        "provider_references.number",
    ),
    ({"provider_references": (Reference("4A", "1", ""),) * 10}, LIMIT, "provider_references"),
    ({"provider_address": Address(("1 A~B",))}, DELIMITER, "provider_address.lines"),
    ({"provider_address": Address(("A", "B", "C"))}, LIMIT, "provider_address.lines"),
    ({"provider_address": Address((), "", "NY")}, WriteErrorCode.REQUIRED, "provider_address.city"),
    ({"provider_address": Address((), "TROY", "NYS")}, WriteErrorCode.TOO_LONG, "provider_address.state"),
    ({"provider_information": ProviderInformation("XX", "", "")}, INVALID, "provider_information.code"),
    (
        {"provider_information": ProviderInformation("BI", "ZZ", "1")},
        INVALID,
        "provider_information.qualifier",
    ),
    (
        {"provider_information": ProviderInformation("BI", "PXC", "")},
        WriteErrorCode.REQUIRED,
        "provider_information.number",
    ),
    (
        {"subscriber": ALICE._replace(references=(Reference("IF", "1", ""),))},
        INVALID,
        "subscriber.references.qualifier",
    ),
    (
        {"subscriber": ALICE._replace(references=(Reference("SY", "1", "MINE"),))},
        WriteErrorCode.TOO_LONG,
        "subscriber.references.description",
    ),
    (
        {"subscriber": ALICE._replace(group_number="G1", references=(Reference("SY", "1", ""),) * 9)},
        LIMIT,
        "subscriber.references",
    ),
    ({"subscriber": ALICE._replace(member_id_qualifier="ZZ")}, INVALID, "subscriber.member_id_qualifier"),
    ({"subscriber": ALICE._replace(birth_sequence=0)}, INVALID, "subscriber.birth_sequence"),
    (
        {"dependent": BOBBY._replace(relationship=None, birth_sequence=1)},
        WriteErrorCode.REQUIRED,
        "dependent.relationship",
    ),
    ({"diagnoses": (Diagnosis("ABF", "M2391"),)}, INVALID, "diagnoses.qualifier"),
    ({"diagnoses": (Diagnosis("ABK", "M23.91"),)}, INVALID, "diagnoses.code"),
    ({"diagnoses": (Diagnosis("ABK", "M2391"),) * 2}, INVALID, "diagnoses.qualifier"),
    ({"diagnoses": (Diagnosis("ABK", "M2391"), *[Diagnosis("ABF", "M2391")] * 8)}, LIMIT, "diagnoses"),
    ({"asked": (ServiceQuestion(),)}, WriteErrorCode.REQUIRED, "asked.service_types"),
    ({"asked": (ServiceQuestion(("3:",)),)}, INVALID, "asked.service_types"),
    ({"asked": (ServiceQuestion(("30",) * 100),)}, LIMIT, "asked.service_types"),
    ({"asked": (ServiceQuestion(("30",)),) * 99}, LIMIT, "service_types"),
    ({"asked": (ServiceQuestion(procedure=Procedure("XX", "1")),)}, INVALID, "asked.procedure.qualifier"),
    ({"asked": (ServiceQuestion(procedure=Procedure("HC", "9:1")),)}, DELIMITER, "asked.procedure.code"),
    (
        {"asked": (ServiceQuestion(procedure=Procedure("HC", "1", ("RTX",))),)},
        WriteErrorCode.TOO_LONG,
        "asked.procedure.modifiers",
    ),
    (
        {"asked": (ServiceQuestion(procedure=Procedure("HC", "1", ("RT",) * 5)),)},
        LIMIT,
        "asked.procedure.modifiers",
    ),
    (
        {"asked": (ServiceQuestion(procedure=Procedure("HC", "1", description="KNEE")),)},
        INVALID,
        "asked.procedure.description",
    ),
    ({"asked": (ServiceQuestion(("30",), diagnosis_pointers=(1,)),)}, INVALID, "asked.diagnosis_pointers"),
    ({"asked": (ServiceQuestion(("30",), place_of_service="1"),)}, INVALID, "asked.place_of_service"),
    ({"asked": (ServiceQuestion(("30",), coverage_level="IND"),)}, INVALID, "asked.coverage_level"),
    (
        {"dependent": BOBBY, "asked": (ServiceQuestion(("30",), coverage_level="FAM"),)},
        INVALID,
        "asked.coverage_level",
    ),
    (
        {"asked": (ServiceQuestion(("30",), authorization=Reference("SY", "1", "")),)},
        INVALID,
        "asked.authorization.qualifier",
    ),
    (
        {"asked": (ServiceQuestion(("30",), service_date_end=date(2026, 1, 1)),)},
        WriteErrorCode.REQUIRED,
        "asked.service_date",
    ),
    ({"provider_name": "X" * 61}, WriteErrorCode.TOO_LONG, "provider_name"),
    ({"trace_number": "T" * 51}, WriteErrorCode.TOO_LONG, "trace_number"),
    ({"trace_originator": "9SHORT"}, WriteErrorCode.TOO_SHORT, "trace_originator"),
    ({"reference_identification": ""}, WriteErrorCode.REQUIRED, "reference_identification"),
    ({"service_types": ()}, WriteErrorCode.REQUIRED, "service_types"),
    ({"service_types": ("30*",)}, INVALID, "service_types"),
    ({"service_types": ("30",) * 100}, WriteErrorCode.LIMIT_EXCEEDED, "service_types"),
    ({"service_date_end": date(2026, 1, 1)}, INVALID, "service_date_end"),
    ({"subscriber": ALICE._replace(gender="X")}, INVALID, "subscriber.gender"),
    ({"subscriber": ALICE._replace(member_id="1")}, WriteErrorCode.TOO_SHORT, "subscriber.member_id"),
    ({"dependent": BOBBY._replace(relationship="G8")}, INVALID, "dependent.relationship"),
    ({"subscriber": type(ALICE)(None, None, None, None)}, WriteErrorCode.REQUIRED, "subscriber"),
    ({"dependent": type(BOBBY)(None, None, None)}, WriteErrorCode.REQUIRED, "dependent"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSALS)
def test_what_x12_cannot_carry_is_refused_with_its_field(
    changes: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    with pytest.raises(X12WriteError) as refusal:
        write_270(ABOUT_ALICE._replace(**changes), control_number="0001")
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert str(refusal.value) == f"{code.value}: {field}"


@pytest.mark.parametrize("number", ["", "1", "0123456789", "00*1"])
def test_a_control_number_has_four_to_nine_characters(number: str) -> None:
    with pytest.raises(X12WriteError) as refusal:
        write_270(ABOUT_ALICE, control_number=number)
    assert refusal.value.field == "control_number"


def test_a_character_is_refused_only_where_it_is_a_delimiter() -> None:
    question = ABOUT_ALICE._replace(payer_name="ACME:WEST*")
    text = write_270(question, control_number="0001", delimiters=PIPES)
    payer = inquiry(questions_file(text, delimiters=PIPES)).payer
    assert payer is not None and payer.last_name == "ACME:WEST*"
    with pytest.raises(X12WriteError):
        write_270(ABOUT_ALICE._replace(payer_name="ACME|WEST"), control_number="0001", delimiters=PIPES)


def test_several_types_in_one_eq_need_a_repetition_separator() -> None:
    delimiters = Delimiters(repetition="")
    write_270(ABOUT_ALICE._replace(service_types=("30", "98")), control_number="0001", delimiters=delimiters)
    with pytest.raises(X12WriteError) as refusal:
        question = ABOUT_ALICE._replace(asked=(ServiceQuestion(("30", "98")),))
        write_270(question, control_number="0001", delimiters=delimiters)
    assert refusal.value.field == "delimiters.repetition"


# Round trip


@pytest.mark.parametrize("name", ["270_subscriber.edi", "270_dependent_date_range_two_services.edi"])
def test_a_sample_read_to_values_and_written_is_the_same_bytes(name: str) -> None:
    wire = sample(name).replace(b"\n", b"")
    transaction, _ = only_set(wire)
    (question,) = as_questions(inquiry(wire))
    assert write_270(question, control_number=transaction.control_number) == transaction.text


@settings(deadline=None, max_examples=150)
@given(questions)
def test_what_is_written_is_read_back_and_written_again_alike(question: EligibilityQuestion) -> None:
    text = write_270(question, control_number="0001")
    asked = inquiry(questions_file(text))
    assert asked.findings == ()
    (read_question,) = asked.questions
    patient = question.dependent or question.subscriber
    assert read_question.is_dependent == (question.dependent is not None)
    assert read_question.member_id == question.subscriber.member_id
    for field in ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender"):
        assert getattr(read_question, field) == getattr(patient, field)
    assert read_question.person == patient
    (again,) = as_questions(asked)
    assert again._replace(asked=(), service_types=()) == question._replace(asked=(), service_types=())
    assert write_270(again, control_number="0001") == text


@settings(deadline=None, max_examples=50)
@given(questions)
def test_what_is_written_means_the_same_with_other_delimiters(question: EligibilityQuestion) -> None:
    delimiters = Delimiters("\x1d", "\x1f", "\x1e", "\x1c")
    text = write_270(question, control_number="0001", delimiters=delimiters)
    plain = write_270(question, control_number="0001")
    assert as_questions(inquiry(questions_file(text, delimiters=delimiters))) == as_questions(
        inquiry(questions_file(plain))
    )


def test_delimiters_a_reader_could_not_tell_apart_are_refused() -> None:
    for delimiters in (
        DEFAULT_DELIMITERS._replace(component="*"),
        DEFAULT_DELIMITERS._replace(element="A"),
        DEFAULT_DELIMITERS._replace(element=" "),
        DEFAULT_DELIMITERS._replace(element="\n"),
        DEFAULT_DELIMITERS._replace(segment=""),
        DEFAULT_DELIMITERS._replace(segment="~\n"),
    ):
        with pytest.raises(X12WriteError):
            write_270(ABOUT_ALICE, control_number="0001", delimiters=delimiters)
