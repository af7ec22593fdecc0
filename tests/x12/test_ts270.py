"""270: written from values, refused where X12 cannot carry them, read back."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.x12.questions import ABOUT_ALICE, ABOUT_BOBBY, ALICE, BOBBY, questions_file
from tests.x12.wire import only_set, sample
from tradingpartners.x12 import (
    DEFAULT_DELIMITERS,
    Delimiters,
    EligibilityInquiry,
    EligibilityQuestion,
    Inquiry,
    WriteErrorCode,
    X12WriteError,
    read_270,
    repaired_names,
    write_270,
)

PIPES = Delimiters("|", ">", "!", "\n")


def inquiry(wire: bytes) -> EligibilityInquiry:
    transaction, interchange = only_set(wire)
    return read_270(transaction, interchange.delimiters)


def only_question(wire: bytes) -> Inquiry:
    (question,) = inquiry(wire).questions
    return question


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


def test_a_backtick_in_a_name_becomes_an_apostrophe_and_is_noted() -> None:
    question = ABOUT_BOBBY._replace(dependent=BOBBY._replace(last_name="O`STONE"))
    assert "NM1*03*1*O'STONE*BOBBY" in body(question)
    assert repaired_names(question) == ("dependent.last_name",)
    assert repaired_names(ABOUT_BOBBY) == ()


DELIMITER, UNSUPPORTED = WriteErrorCode.DELIMITER_IN_VALUE, WriteErrorCode.UNSUPPORTED_CHARACTER
INVALID = WriteErrorCode.INVALID_VALUE
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


# Reading what others ask


def test_a_subscriber_without_eq_above_a_dependent_is_not_asked_about() -> None:
    question = only_question(sample("270_dependent_date_range_two_services.edi"))
    assert question.is_dependent
    assert (question.member_id, question.last_name, question.first_name) == ("W0001", "AMES", "BOBBY")
    assert question.birth_date == date(2015, 6, 7)
    assert question.service_types == ("30", "98")
    assert (question.service_date, question.service_date_end) == (date(2026, 1, 6), date(2026, 1, 31))
    assert [trace.number for trace in question.traces] == ["T0002"]


def test_a_subscriber_with_eq_above_a_dependent_is_asked_about_too() -> None:
    asked = inquiry(sample("270_repeated_service_types_for_both.edi"))
    assert [(q.is_dependent, q.service_types) for q in asked.questions] == [
        (False, ("30", "35")),
        (True, ("98",)),
    ]
    assert asked.findings == ()


# Round trip


@dataclass(frozen=True)
class Alphabets:
    name: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0123456789 !\"&'()+,-./;?=%@[]_{}\\|<>#$"
    number: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"


def text(alphabet: str, shortest: int, longest: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=shortest, max_size=longest).filter(
        lambda value: len(value) == len(value.strip())
    )


days = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))
names = text(Alphabets.name, 1, 25)
maybe_names = st.none() | names
people = {
    "last_name": text(Alphabets.name, 1, 60),
    "first_name": text(Alphabets.name, 1, 35) | st.none(),
    "birth_date": days | st.none(),
    "middle_name": maybe_names,
    "suffix": text(Alphabets.name, 1, 10) | st.none(),
    "gender": st.sampled_from(["M", "F", None]),
    "group_number": text(Alphabets.number, 1, 50) | st.none(),
}
subscribers = st.builds(type(ALICE), member_id=text(Alphabets.number, 2, 80) | st.none(), **people)
dependents = st.builds(type(BOBBY), relationship=st.sampled_from(["01", "19", "34", None]), **people)
questions = st.builds(
    EligibilityQuestion,
    trace_number=text(Alphabets.number, 1, 50),
    trace_originator=text(Alphabets.number, 10, 10),
    reference_identification=text(Alphabets.number, 1, 50),
    payer_name=text(Alphabets.name, 1, 60),
    payer_id=text(Alphabets.number, 2, 80),
    provider_name=text(Alphabets.name, 1, 60),
    provider_npi=st.text("0123456789", min_size=10, max_size=10),
    subscriber=subscribers,
    service_types=st.lists(st.sampled_from(["30", "35", "98", "UC"]), min_size=1, max_size=4).map(tuple),
    service_date=days,
    created=st.just(ABOUT_ALICE.created),
    dependent=st.none() | dependents,
    service_date_end=st.none(),
    provider_first_name=maybe_names,
    payer_id_qualifier=st.sampled_from(["PI", "XV"]),
)


@settings(deadline=None, max_examples=150)
@given(questions, st.integers(0, 40))
def test_what_is_written_is_read_back(question: EligibilityQuestion, days_asked: int) -> None:
    if days_asked:
        question = question._replace(service_date_end=question.service_date + timedelta(days=days_asked))
    asked = inquiry(questions_file(write_270(question, control_number="0001")))
    patient = question.dependent or question.subscriber
    (read_question,) = asked.questions
    assert asked.findings == ()
    assert asked.reference_identification == question.reference_identification
    assert [trace.number for trace in read_question.traces] == [question.trace_number]
    assert read_question.is_dependent == (question.dependent is not None)
    assert read_question.member_id == question.subscriber.member_id
    assert read_question.service_types == question.service_types
    assert read_question.service_date == question.service_date
    assert read_question.service_date_end == question.service_date_end
    for field in ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender"):
        assert getattr(read_question, field) == getattr(patient, field)


@settings(deadline=None, max_examples=50)
@given(questions)
def test_what_is_written_means_the_same_with_other_delimiters(question: EligibilityQuestion) -> None:
    delimiters = Delimiters("\x1d", "\x1f", "\x1e", "\x1c")
    text = write_270(question, control_number="0001", delimiters=delimiters)
    plain = write_270(question, control_number="0001")
    other, _ = only_set(questions_file(text, delimiters=delimiters))
    same, _ = only_set(questions_file(plain))
    assert other.segments == same.segments


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
