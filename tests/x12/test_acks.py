"""999, 997 and TA1: what others say of our sets, and what we say of theirs."""

import time
from datetime import UTC, datetime

import pytest

from tests.x12.questions import ENVELOPE, group
from tests.x12.wire import (
    ABOVE_SUBSCRIBER,
    ALICE,
    interchange,
    only_set,
    sample,
    sample_names,
    transaction_set,
)
from tradingpartners.x12 import (
    TA1,
    AcknowledgementPolicy,
    Context,
    Delimiters,
    ElementError,
    Finding,
    FindingCode,
    ImplementationAcknowledgement,
    Location,
    SegmentError,
    SetAcknowledgement,
    Unanswerable,
    X12WriteError,
    acknowledge,
    acknowledge_interchange,
    acknowledge_reading,
    all_findings,
    read,
    read_999,
    write_999,
    write_interchange,
)

NOW = datetime(2026, 1, 6, 8, 30, tzinfo=UTC)


def acknowledgement_in(wire: bytes | str) -> ImplementationAcknowledgement:
    return read_999(only_set(wire)[0])


def acknowledgement_of(wire: bytes | str) -> ImplementationAcknowledgement:
    reading = read(wire)
    (acknowledgement,) = acknowledge(reading.interchanges[0])
    return acknowledgement


# What others say


def test_each_set_is_accepted_or_rejected_on_its_own() -> None:
    said = acknowledgement_in(sample("999_accepts_one_rejects_one.edi"))
    assert (said.functional_id, said.group_control_number, said.version) == ("HS", "101", "005010X279A1")
    assert (said.code, said.included, said.received, said.accepted) == ("P", 2, 2, 1)
    assert [(s.set_id, s.control_number, s.accepted, s.notes) for s in said.sets] == [
        ("270", "0001", True, ()),
        ("270", "0002", False, ("5",)),
    ]
    assert said.findings == ()


def test_an_error_names_segment_and_element() -> None:
    said = acknowledgement_in(sample("999_accepts_one_rejects_one.edi"))
    assert said.sets[1].errors == (
        SegmentError(
            segment_id="NM1",
            segment_number=8,
            loop="2100C",
            code="8",
            elements=(
                ElementError(9, None, None, "67", "1"),
                ElementError(3, 1, 2, "1035", "6"),
            ),
        ),
    )


def test_a_997_says_the_same() -> None:
    said = acknowledgement_in(sample("997_rejects.edi"))
    assert (said.code, said.sets[0].code, said.sets[0].notes) == ("R", "R", ("5",))
    assert said.sets[0].errors[0].elements[0].code == "1"


def test_counts_that_disagree_are_found() -> None:
    said = acknowledgement_in(sample("999_counts_disagree.edi"))
    assert [(f.code.value, f.at.segment_number, f.at.element) for f in said.findings] == [
        ("count_wrong", 5, 4)
    ]


def test_accepted_sets_need_not_be_listed() -> None:
    wire = interchange(
        transaction_set("AK1*HS*101", "AK2*270*0002", "IK5*R*5", "AK9*P*9*9*8", set_id="999"),
        functional_id="FA",
        version="005010X231A1",
    )
    said = acknowledgement_in(wire)
    assert said.findings == ()
    assert [each.control_number for each in said.sets] == ["0002"]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ((), ["segment_missing"]),
        (("AK1*HS*101",), ["segment_missing"]),
        (("AK1*HS*101", "AK2*270*0001", "AK9*A*1*1*1"), ["segment_missing", "count_wrong"]),
        (("AK1*HS*101", "IK3*NM1*3", "IK4*1**1", "IK5*A", "AK9*A*1*1*1"), ["segment_unexpected"] * 3),
        (("AK1*HS*101", "AK1*HS*102", "AK9*A*1*1*1"), ["segment_unexpected"]),
        (("AK1*HS*101", "AK9*A*x*y*z"), ["count_wrong", "count_wrong"]),
    ],
)
def test_a_damaged_999_is_read_with_findings(body: tuple[str, ...], codes: list[str]) -> None:
    said = acknowledgement_in(transaction_wire(*body))
    assert [finding.code.value for finding in said.findings] == codes


def transaction_wire(*body: str) -> str:
    return interchange(transaction_set(*body, set_id="999"), functional_id="FA", version="005010X231A1")


def test_contexts_are_kept_with_what_they_explain() -> None:
    (one,) = acknowledgement_in(sample("999_with_contexts.edi")).sets
    missing, wrong = one.errors
    trigger = Context((("SITUATIONAL TRIGGER", ""),), "NM1", 9, "2100", ("9",), ("67",))
    assert missing.contexts == (trigger, Context((("TRN02", "T0001"),)))
    assert wrong.contexts == (Context((("TRN02", "T0001"),)),)
    assert [each.segment_id for each in wrong.elements[0].contexts] == ["DTP"]


def test_a_flood_of_contexts_and_errors_is_bounded() -> None:
    flood = ("IK3*NM1*3**8", *["CTX*TRN02:1"] * 30_000, *["IK4*1**1"] * 30_000)
    (one,) = acknowledgement_in(
        transaction_wire("AK1*HS*101", "AK2*270*0001", *flood, "IK5*R*5", "AK9*R*1*1*0")
    ).sets
    assert len(one.errors[0].contexts) == 10
    assert len(one.errors[0].elements) == 30_000


ACKNOWLEDGEMENTS = [name for name in sample_names() if name.startswith("999")]


@pytest.mark.parametrize("delimiters", ["*:^~", "|>!\n", "~^`\\", "*>:'"])
@pytest.mark.parametrize("name", ACKNOWLEDGEMENTS)
def test_a_999_is_written_as_it_was_read(name: str, delimiters: str) -> None:
    text = sample(name).decode().replace("\n", "").translate(str.maketrans("*:^~", delimiters))
    transaction, around = only_set(text)
    assert around.delimiters == Delimiters(*list(delimiters))
    wrote = write_999(
        read_999(transaction),
        control_number=transaction.control_number,
        delimiters=around.delimiters,
    )
    assert wrote == transaction.text


def test_a_value_that_is_a_delimiter_is_refused_with_its_field() -> None:
    said = acknowledgement_in(sample("999_with_contexts.edi"))
    with pytest.raises(X12WriteError) as refusal:
        write_999(said._replace(version="A*B"), control_number="0001")
    assert refusal.value.field == "version"


ERROR = SegmentError("NM1", 4, "2100", "8", (ElementError(9, None, None, "67", "1"),))
REJECTED = SetAcknowledgement("270", "0001", None, "R", ("5",), (ERROR,))
OF_GROUP = ImplementationAcknowledgement("HS", "1", "005010X279A1", (REJECTED,), "R", 1, 1, 0, (), ())
UNWRITABLE = [
    (OF_GROUP._replace(version=None), "version"),
    (OF_GROUP._replace(group_control_number="A1"), "group_control_number"),
    (OF_GROUP._replace(code="Z"), "code"),
    (OF_GROUP._replace(included=None), "included"),
    (OF_GROUP._replace(accepted=-1), "accepted"),
    (OF_GROUP._replace(received=1_000_000), "received"),
    (OF_GROUP._replace(notes=("7",)), "notes"),
    (OF_GROUP._replace(notes=("1",) * 6), "notes"),
]
UNWRITABLE_SETS = [
    (REJECTED._replace(control_number="1"), "sets.control_number"),
    (REJECTED._replace(code="P"), "sets.code"),
    (REJECTED._replace(notes=("99",)), "sets.notes"),
]
UNWRITABLE_ERRORS = [
    (ERROR._replace(segment_id=""), "errors.segment_id"),
    (ERROR._replace(segment_number=None), "errors.segment_number"),
    (ERROR._replace(segment_number=0), "errors.segment_number"),
    (ERROR._replace(code=None), "errors.code"),
    (ERROR._replace(code="9"), "errors.code"),
    (ERROR._replace(elements=(ERROR.elements[0]._replace(element=None),)), "errors.elements.element"),
    (ERROR._replace(elements=(ERROR.elements[0]._replace(component=-1),)), "errors.elements.component"),
    (ERROR._replace(elements=(ERROR.elements[0]._replace(code=""),)), "errors.elements.code"),
]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        *UNWRITABLE,
        *[(OF_GROUP._replace(sets=(each,)), field) for each, field in UNWRITABLE_SETS],
        *[
            (OF_GROUP._replace(sets=(REJECTED._replace(errors=(each,)),)), field)
            for each, field in UNWRITABLE_ERRORS
        ],
    ],
)
def test_what_no_999_may_say_is_refused_with_its_field(
    said: ImplementationAcknowledgement, field: str
) -> None:
    assert write_999(OF_GROUP, control_number="0001")
    with pytest.raises(X12WriteError) as refusal:
        write_999(said, control_number="0001")
    assert refusal.value.field == field


# What we say


def test_a_clean_file_is_accepted() -> None:
    wire = sample("271_two_sets.edi")
    said = acknowledgement_of(wire)
    assert (said.code, said.included, said.received, said.accepted) == ("A", 2, 2, 2)
    assert [each.code for each in said.sets] == ["A", "A"]
    reading = read(wire)
    note = acknowledge_interchange(reading.interchanges[0], now=NOW)
    assert (note.control_number, note.code, note.note) == ("000000101", "A", "000")
    header = reading.interchanges[0].header
    assert (note.date, note.time) == (header.date, header.time)


SETS = [
    ("wrong_segment_count.edi", ["R", "A"], ("4",), "P"),
    ("wrong_set_control_number.edi", ["R", "A"], ("3",), "P"),
    ("set_without_trailer.edi", ["R", "A"], ("2",), "P"),
    ("repeated_set_control_number.edi", ["A", "R"], ("23",), "P"),
    ("271_money_unreadable.edi", ["E"], ("5",), "E"),
    ("271_hierarchy_damaged.edi", ["E"], ("5",), "E"),
]


@pytest.mark.parametrize(("name", "codes", "notes", "group_code"), SETS, ids=[case[0] for case in SETS])
def test_a_wrong_set_is_rejected_and_its_neighbour_accepted(
    name: str, codes: list[str], notes: tuple[str, ...], group_code: str
) -> None:
    said = acknowledgement_of(sample(name))
    assert [each.code for each in said.sets] == codes
    assert {each.notes for each in said.sets} - {()} == {notes}
    assert said.code == group_code
    assert said.accepted == sum(code != "R" for code in codes)


GROUPS = [
    ("functional_id_of_a_question.edi", ("1",)),
    ("version_without_addendum.edi", ("2",)),
    ("group_trailer_missing.edi", ("3",)),
    ("wrong_group_control_number.edi", ("4",)),
    ("wrong_set_count.edi", ("5",)),
]


@pytest.mark.parametrize(("name", "notes"), GROUPS, ids=[case[0] for case in GROUPS])
def test_a_fault_of_the_group_is_noted(name: str, notes: tuple[str, ...]) -> None:
    said = acknowledgement_of(sample(name))
    assert (said.code, said.notes) == ("E", notes)


def test_the_count_the_sender_stated_is_repeated() -> None:
    said = acknowledgement_of(sample("wrong_set_count.edi"))
    assert (said.included, said.received) == (3, 2)


INTERCHANGES = [
    ("without_trailers.edi", "R", "023"),
    ("wrong_interchange_control_number.edi", "R", "001"),
    ("wrong_group_count.edi", "R", "021"),
    ("interchange_version_4010.edi", "E", "017"),
    ("unpadded_header.edi", "E", "022"),
    ("last_terminator_missing.edi", "E", "004"),
    ("wrong_segment_count.edi", "A", "000"),
]


@pytest.mark.parametrize(("name", "code", "note"), INTERCHANGES, ids=[case[0] for case in INTERCHANGES])
def test_a_fault_of_the_interchange_is_noted_in_ta1(name: str, code: str, note: str) -> None:
    reading = read(sample(name))
    said = acknowledge_interchange(reading.interchanges[0], now=NOW)
    assert (said.code, said.note) == (code, note)


def test_findings_of_two_groups_with_the_same_set_numbers_are_kept_apart() -> None:
    answer = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")
    one = interchange(answer.replace("SE*11", "SE*99"))
    second_group = (
        interchange(answer)[106:].split("IEA*")[0].replace("*101~", "*102~").replace("*101*X", "*102*X")
    )
    reading = read(one.replace("IEA*1", second_group + "IEA*2"))
    said = acknowledge(reading.interchanges[0])
    assert [(each.group_control_number, each.code) for each in said] == [("101", "R"), ("102", "A")]


def test_acknowledgements_are_not_acknowledged() -> None:
    reading = read(sample("999_counts_disagree.edi"))
    assert acknowledge(reading.interchanges[0]) == ()


@pytest.mark.parametrize(
    "name", [name for name in sample_names() if "9" not in name[:3] and "ta1" not in name]
)
def test_what_we_say_is_written_and_read_back(name: str) -> None:
    reading = read(sample(name))
    for said in acknowledge(reading.interchanges[0]):
        text = write_999(said, control_number="0001")
        wire = write_interchange(ENVELOPE, [group([text], functional_id="FA", version="005010X231A1")])
        assert acknowledgement_in(wire) == said
        assert read(wire).findings == ()


# From findings


def found(
    code: FindingCode,
    segment_id: str = "EB",
    number: int = 9,
    *,
    element: int | None = None,
    component: int | None = None,
    repetition: int | None = None,
    loop: str | None = None,
) -> Finding:
    at = Location("000000101", "0001", number, segment_id, element, "101", component, repetition, loop)
    return Finding(code, at)


def errors_of(*findings: Finding) -> tuple[SegmentError, ...]:
    interchange_read = read(sample("271_inactive.edi")).interchanges[0]
    (group_said,) = acknowledge(interchange_read, content=lambda *_: findings)
    return group_said.sets[0].errors


SEGMENT_CODES = {
    FindingCode.SEGMENT_ID_INVALID: "1",
    FindingCode.SEGMENT_UNEXPECTED: "2",
    FindingCode.SEGMENT_MISSING: "3",
    FindingCode.LOOP_TOO_OFTEN: "4",
    FindingCode.SEGMENT_TOO_OFTEN: "5",
    FindingCode.SEGMENT_NOT_IN_SET: "6",
    FindingCode.SEGMENT_OUT_OF_ORDER: "7",
    FindingCode.TRAILING_SEPARATORS: "8",
}


@pytest.mark.parametrize(("code", "note"), SEGMENT_CODES.items())
def test_a_fault_of_a_segment_has_its_code(code: FindingCode, note: str) -> None:
    assert errors_of(found(code, loop="2110C")) == (SegmentError("EB", 9, "2110", note, ()),)


ELEMENT_CODES = {
    FindingCode.ELEMENT_MISSING: "1",
    FindingCode.ELEMENT_CONDITIONALLY_MISSING: "2",
    FindingCode.EXCESS_ELEMENTS: "3",
    FindingCode.ELEMENT_TOO_SHORT: "4",
    FindingCode.ELEMENT_TOO_LONG: "5",
    FindingCode.CHARACTER_INVALID: "6",
    FindingCode.CODE_UNKNOWN: "7",
    FindingCode.DATE_INVALID: "8",
    FindingCode.TIME_INVALID: "9",
    FindingCode.ELEMENTS_EXCLUDE_EACH_OTHER: "10",
    FindingCode.EXCESS_REPETITIONS: "12",
    FindingCode.EXCESS_COMPONENTS: "13",
    FindingCode.ELEMENT_NOT_USED: "I10",
}


@pytest.mark.parametrize(("code", "note"), ELEMENT_CODES.items())
def test_a_fault_of_an_element_has_its_code_and_reference(code: FindingCode, note: str) -> None:
    (error,) = errors_of(found(code, element=3, repetition=2))
    assert error.code == "8"
    assert error.elements == (ElementError(3, None, 2, "1365", note),)


def test_a_component_has_the_reference_of_its_own() -> None:
    (error,) = errors_of(found(FindingCode.CODE_UNKNOWN, element=13, component=1))
    assert error.elements == (ElementError(13, 1, None, "235", "7"),)


def test_every_finding_about_content_has_a_code() -> None:
    of_envelopes = {
        code
        for code in FindingCode
        if code.value.startswith(("interchange_", "group_", "set_", "segment_count", "segment_too_long"))
    }
    silent = {
        *of_envelopes,
        FindingCode.CONTENT_OUTSIDE_INTERCHANGE,
        FindingCode.SEGMENT_TERMINATOR_MISSING,
        FindingCode.FUNCTIONAL_ID_WRONG,
        FindingCode.VERSION_UNEXPECTED,
        FindingCode.TOO_MANY_ELEMENTS,
        FindingCode.TOO_MANY_SEGMENTS,
        FindingCode.TOO_MANY_REPETITIONS,
        FindingCode.TOO_MANY_COMPONENTS,
        FindingCode.TOO_MANY_LEVELS,
        FindingCode.TOO_MANY_FINDINGS,
    }
    for code in set(FindingCode) - silent:
        assert errors_of(found(code, element=1)), code


def test_faults_of_one_segment_stand_together_and_in_order() -> None:
    (first, second) = errors_of(
        found(FindingCode.CODE_UNKNOWN, number=12, element=6),
        found(FindingCode.CODE_UNKNOWN, number=11, element=3),
        found(FindingCode.ELEMENT_MISSING, number=11, element=1),
        found(FindingCode.ELEMENT_MISSING, number=11, element=1),
    )
    assert (first.segment_number, [each.element for each in first.elements]) == (11, [1, 3])
    assert (second.segment_number, second.elements[0].element) == (12, 6)


def test_a_segment_id_that_may_be_data_is_not_repeated() -> None:
    assert errors_of(found(FindingCode.SEGMENT_ID_INVALID, ""))[0].segment_id == "ZZZ"


def test_no_more_errors_than_a_999_should_hold() -> None:
    many = [found(FindingCode.CODE_UNKNOWN, number=number, element=1) for number in range(2, 5_000)]
    assert len(errors_of(*many)) == 1_000


# Rejected, or accepted with errors


@pytest.mark.parametrize(
    ("name", "kept", "strict"),
    [
        ("271_inactive.edi", ("A", "A"), ("A", "A")),
        ("271_money_unreadable.edi", ("E", "E"), ("R", "R")),
        ("271_hierarchy_damaged.edi", ("E", "E"), ("R", "R")),
        ("271_hierarchy_missing.edi", ("R", "R"), ("R", "R")),
        ("wrong_segment_count.edi", ("P", "R"), ("P", "R")),
        ("wrong_set_count.edi", ("E", "A"), ("R", "R")),
    ],
)
def test_what_could_be_read_is_kept_unless_the_policy_is_strict(
    name: str, kept: tuple[str, str], strict: tuple[str, str]
) -> None:
    reading = read(sample(name))
    for policy, expected in (
        (AcknowledgementPolicy.KEEP_READABLE, kept),
        (AcknowledgementPolicy.STRICT, strict),
    ):
        (said,) = acknowledge(reading.interchanges[0], policy=policy)
        assert (said.code, said.sets[0].code) == expected


def test_what_only_the_guide_forbids_is_noted_as_such() -> None:
    said = acknowledgement_of(
        interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE[:2], "NM1*IL*1*AMES***MS", "EB*1"))
    )
    assert (said.sets[0].code, said.sets[0].notes) == ("E", ("I5",))


@pytest.mark.parametrize("number", ["", "0001*", "12345678901", "Ä"])
def test_a_set_without_a_number_is_rejected_as_one(number: str) -> None:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")).replace("*", "|")
    wire = wire.replace("ST|271|0001|", f"ST|271|{number}|").replace("SE|11|0001", f"SE|11|{number}")
    said = acknowledgement_of(wire)
    assert (said.code, said.received, said.accepted) == ("R", 1, 0)
    (one,) = said.sets
    assert (one.set_id, one.control_number, one.code, one.notes[:1]) == ("271", "0000", "R", ("7",))
    write_999(said, control_number="0001")


def test_a_set_of_no_known_kind_is_named_by_its_group() -> None:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30"))
    said = acknowledgement_of(wire.replace("ST*271*", "ST*2*"))
    assert [each.set_id for each in said.sets] == ["271"]


def test_findings_beyond_the_first_thousand_still_reject_their_set() -> None:
    faulty = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *["EB*QQ"] * 1_500)
    late = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*QQ", number="0002")
    reading = read(interchange(faulty, late))
    (said,) = acknowledge_reading(reading, now=NOW, control_number=1).interchanges[0].groups
    assert [each.code for each in said.sets] == ["E", "E"]


# A whole input


def test_an_input_is_answered_to_its_sender() -> None:
    reading = read(sample("271_two_sets.edi"))
    answer = acknowledge_reading(reading, now=NOW, control_number=17, ta1=TA1.ALWAYS)
    (back,) = read(answer.wire).interchanges
    assert read(answer.wire).findings == () and all_findings(read(answer.wire)) == ()
    came, went = reading.interchanges[0].header, back.header
    assert (went.sender, went.receiver) == (came.receiver, came.sender)
    assert (went.control_number, went.usage, went.date) == ("000000017", came.usage, NOW.date())
    assert (back.groups[0].sender, back.groups[0].receiver) == (
        reading.interchanges[0].groups[0].receiver,
        reading.interchanges[0].groups[0].sender,
    )
    assert [note.control_number for note in back.acknowledgements] == [came.control_number]
    assert answer.accepted


def test_each_interchange_has_an_answer_in_its_own_delimiters() -> None:
    reading = read(sample("two_interchanges.edi") + sample("pipe_elements_newline_segments.edi"))
    answer = acknowledge_reading(reading, now=NOW, control_number=5)
    back = read(answer.wire).interchanges
    assert [each.header.control_number for each in back] == ["000000005", "000000006", "000000007"]
    assert back[2].delimiters == reading.interchanges[2].delimiters


def test_a_ta1_is_not_answered() -> None:
    answer = acknowledge_reading(read(sample("ta1_rejected.edi")), now=NOW, control_number=1)
    assert (answer.interchanges, answer.wire, answer.accepted) == ((), b"", True)


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_can_be_answered(name: str) -> None:
    answer = acknowledge_reading(read(sample(name)), now=NOW, control_number=1)
    if answer.wire:
        assert all_findings(read(answer.wire)) == ()


ANSWER = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")
WRONG = ANSWER.replace("SE*11", "SE*12")


def told(wire: str) -> list[list[str | None]]:
    """IK501 of every set, group by group."""
    reading = read(wire)
    return [[one.code for one in said.sets] for each in reading.interchanges for said in acknowledge(each)]


def test_the_same_control_number_does_not_hand_faults_on() -> None:
    group_after = interchange(ANSWER)[106:].split("IEA*")[0]
    assert told(interchange(WRONG, ANSWER)) == [["R", "R"]]  # the second repeats the number
    assert told(interchange(ANSWER, WRONG)) == [["A", "R"]]
    assert told(interchange(WRONG).replace("IEA*1", f"{group_after}IEA*2")) == [["R"], ["A"]]
    assert told(interchange(WRONG) + interchange(ANSWER).replace("ACME1 ", "ACME2 ")) == [["R"], ["A"]]


def test_groups_with_one_number_are_answered_to_their_own_senders() -> None:
    group_after = interchange(ANSWER)[106:].split("IEA*")[0].replace("*ACME1*RIVER*", "*ACME2*DELTA*", 1)
    reading = read(interchange(ANSWER).replace("IEA*1", f"{group_after}IEA*2"))
    answer = acknowledge_reading(reading, now=NOW, control_number=41)
    (back,) = read(answer.wire).interchanges
    assert [(each.sender, each.receiver) for each in back.groups] == [("RIVER", "ACME1"), ("DELTA", "ACME2")]
    assert [each.control_number for each in back.groups] == ["41", "42"]
    assert [each.transactions[0].control_number for each in back.groups] == ["000000041", "000000042"]
    assert answer.next_control_number == 43


def test_many_sets_with_one_number_are_answered_in_linear_time() -> None:
    faulty = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *["EB*QQ"] * 999)
    reading = read(interchange(faulty, *["ST*271*0001~SE*2*0001~", "ST*271*0001~"] * 2_500))
    started = time.process_time()
    answer = acknowledge_reading(reading, now=NOW, control_number=1)
    assert time.process_time() - started < 8
    assert len(answer.wire) < 500_000


def test_a_999_has_no_more_errors_than_its_reader_can_bear() -> None:
    faulty = [
        transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *["EB*QQ"] * 900, number=f"{n:04}") for n in range(1, 9)
    ]
    (said,) = acknowledge(read(interchange(*faulty)).interchanges[0])
    segments = [1 + len(error.elements) for each in said.sets for error in each.errors]
    assert 4_990 < sum(segments) <= 5_000
    assert {each.code for each in said.sets} == {"E"}


GROUPS_WITHOUT_999 = [
    ("GS*HB*", "GS*PO*", Unanswerable.FUNCTIONAL_ID),
    ("*101*X*", "*10A*X*", Unanswerable.CONTROL_NUMBER),
    ("*X*005010X279A1", "*X*", Unanswerable.VERSION),
    ("*X*005010X279A1", "*X*004010X092A1", Unanswerable.VERSION),
]


@pytest.mark.parametrize(("right", "wrong", "reason"), GROUPS_WITHOUT_999)
def test_a_group_no_999_can_speak_of_is_rejected_in_ta1(right: str, wrong: str, reason: Unanswerable) -> None:
    reading = read(interchange(ANSWER).replace(right, wrong, 1))
    answer = acknowledge_reading(reading, now=NOW, control_number=1)
    (one,) = answer.interchanges
    assert (one.note.code, one.note.note, one.groups) == ("R", "024", ())
    assert [each.reason for each in one.unanswered] == [reason]
    assert not answer.accepted
    assert all_findings(read(answer.wire)) == ()


def test_what_ta1_rejects_has_no_999() -> None:
    reading = read(interchange(ANSWER).replace("IEA*1", "IEA*2"))
    (one,) = acknowledge_reading(reading, now=NOW, control_number=1).interchanges
    assert (one.note.code, one.groups) == ("R", ())


def test_a_sender_who_cannot_be_written_to_costs_nobody_else_the_answer() -> None:
    nameless = interchange(ANSWER).replace(f"ZZ*{'ACME1':15}", f"ZZ*{'ÉTÉ':15}")
    answer = acknowledge_reading(read(nameless + interchange(ANSWER)), now=NOW, control_number=7)
    assert [(each.control_number, each.field) for each in answer.unanswered] == [("000000101", "receiver")]
    (back,) = read(answer.wire).interchanges
    assert (back.header.control_number, len(back.groups)) == ("000000007", 1)
    assert not answer.accepted


def test_an_empty_group_is_found_and_rejected() -> None:
    reading = read(interchange())
    assert [(f.code.value, f.at.segment_id) for f in reading.findings] == [("set_header_missing", "GS")]
    (said,) = acknowledge(reading.interchanges[0])
    assert (said.code, said.received) == ("R", 0)


def test_a_fault_of_gs_without_a_code_is_an_error_all_the_same() -> None:
    (one,) = read(interchange(ANSWER).replace("*20260105*0700*101", "*20260105*07*101")).interchanges
    (kept,) = acknowledge(one)
    (strict,) = acknowledge(one, policy=AcknowledgementPolicy.STRICT)
    assert (kept.code, kept.accepted, kept.sets[0].code) == ("E", 1, "A")
    assert (strict.code, strict.accepted, strict.sets[0].code) == ("R", 0, "R")


@pytest.mark.parametrize("outside", ["Dear payer,", "ISA*00*~"])
def test_what_nobody_can_be_told_of_is_not_accepted(outside: str) -> None:
    answer = acknowledge_reading(read(interchange(ANSWER) + outside), now=NOW, control_number=1)
    assert len(answer.untold) == 1
    assert all(each.accepted for each in answer.interchanges) and not answer.accepted


def test_a_faulty_999_is_not_answered_and_not_accepted() -> None:
    reading = read(sample("999_counts_disagree.edi"))
    answer = acknowledge_reading(reading, now=NOW, control_number=1)
    assert (answer.wire, [each.code.value for each in answer.untold]) == (b"", ["count_wrong"])
    assert not answer.accepted


def test_other_sets_among_acknowledgements_are_rejected_in_ta1() -> None:
    reading = read(interchange(ANSWER, functional_id="FA"))
    (one,) = acknowledge_reading(reading, now=NOW, control_number=1).interchanges
    assert (one.note.code, one.note.note) == ("R", "024")


@pytest.mark.parametrize(("number", "said"), [("1", "0000"), ("0001", "0001"), ("123456789", "123456789")])
def test_ak2_repeats_a_number_of_four_to_nine_characters(number: str, said: str) -> None:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30", number=number))
    (one,) = acknowledgement_of(wire).sets
    assert (one.control_number, one.code) == (said, "R" if said == "0000" else "A")


def test_a_set_no_999_can_name_is_not_accepted() -> None:
    (one,) = acknowledgement_of(interchange("ST*850*0001~SE*2*0001~")).sets
    assert (one.set_id, one.code, one.notes) == ("271", "R", ("1",))


@pytest.mark.parametrize(
    ("wire", "ta1", "told"),
    [
        (interchange(ANSWER), TA1.ASKED, False),
        (interchange(ANSWER).replace("*0*T*:", "*1*T*:"), TA1.ASKED, True),
        (interchange(ANSWER).replace("*0*T*:", "*1*T*:"), TA1.ON_ERRORS, False),
        (interchange(ANSWER).replace("*0*T*:", "*0*X*:"), TA1.ON_ERRORS, True),
        (interchange(ANSWER), TA1.ALWAYS, True),
    ],
)
def test_ta1_is_written_where_it_is_asked_for_or_something_is_wrong(wire: str, ta1: TA1, told: bool) -> None:
    answer = acknowledge_reading(read(wire), now=NOW, control_number=1, ta1=ta1)
    (back,) = read(answer.wire).interchanges
    assert bool(back.acknowledgements) == told
