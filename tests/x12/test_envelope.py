"""Interchanges, groups and sets: counts, control numbers, what is missing, what is too large."""

from datetime import UTC, datetime

import pytest

from tests.x12.questions import ENVELOPE
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
    FindingCode,
    GroupClosed,
    InterchangeClosed,
    Reading,
    acknowledge,
    acknowledge_interchange,
    read,
    read_stream,
    write_interchange,
)

ANSWER = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")


def set_numbers(reading: Reading) -> list[str]:
    return [
        transaction.control_number
        for each in reading.interchanges
        for group in each.groups
        for transaction in group.transactions
    ]


def found(reading: Reading) -> list[tuple[str, str | None, int, str, int | None]]:
    return [
        (f.code.value, f.at.transaction, f.at.segment_number, f.at.segment_id, f.at.element)
        for f in reading.findings
    ]


BOTH = ["0001", "0002"]
STRAY = ("BHT", "HL", "NM1", "HL", "NM1", "HL", "TRN", "NM1", "EB")
FAULTS: list[tuple[str, list[str], list[tuple[str, str | None, int, str, int | None]]]] = [
    ("271_two_sets.edi", BOTH, []),
    ("two_interchanges.edi", [*BOTH, "0002"], []),
    ("pipe_elements_newline_segments.edi", BOTH, []),
    ("wrong_segment_count.edi", BOTH, [("segment_count_wrong", "0001", 11, "SE", 1)]),
    ("wrong_set_control_number.edi", BOTH, [("set_control_number_mismatch", "0001", 11, "SE", 2)]),
    (
        "repeated_set_control_number.edi",
        ["0001", "0001"],
        [("set_control_number_repeated", "0001", 1, "ST", 2)],
    ),
    ("wrong_set_count.edi", BOTH, [("set_count_wrong", None, 25, "GE", 1)]),
    ("wrong_group_control_number.edi", ["0001"], [("group_control_number_mismatch", None, 14, "GE", 2)]),
    ("wrong_group_count.edi", ["0001"], [("group_count_wrong", None, 15, "IEA", 1)]),
    (
        "wrong_interchange_control_number.edi",
        ["0001"],
        [("interchange_control_number_mismatch", None, 15, "IEA", 2)],
    ),
    ("set_without_trailer.edi", ["0002"], [("set_trailer_missing", "0001", 10, "EB", None)]),
    (
        "set_without_header.edi",
        ["0002"],
        [
            *[("segment_unexpected", None, number, name, None) for number, name in enumerate(STRAY, 3)],
            ("set_header_missing", None, 12, "SE", None),
            ("set_count_wrong", None, 24, "GE", 1),
        ],
    ),
    ("stray_segments.edi", BOTH, [("segment_unexpected", None, 14, "NTE", None)]),
    ("functional_id_of_a_question.edi", ["0001"], [("functional_id_wrong", None, 2, "GS", 1)]),
    ("version_without_addendum.edi", ["0001"], [("version_unexpected", None, 2, "GS", 8)]),
    ("version_of_set_and_group_differ.edi", ["0001"], [("version_mismatch", "0001", 1, "ST", 3)]),
    ("interchange_version_4010.edi", ["0001"], [("interchange_version_wrong", None, 1, "ISA", 12)]),
    (
        "without_trailers.edi",
        BOTH,
        [
            ("group_trailer_missing", None, 2, "GS", None),
            ("interchange_trailer_missing", None, 1, "ISA", None),
        ],
    ),
    ("last_terminator_missing.edi", BOTH, [("segment_terminator_missing", None, 26, "IEA", None)]),
    (
        "group_header_missing.edi",
        BOTH,
        [("group_header_missing", None, 2, "ST", None), ("group_count_wrong", None, 24, "IEA", 1)],
    ),
    ("group_trailer_missing.edi", BOTH, [("group_trailer_missing", None, 2, "GS", None)]),
    (
        "junk_between_interchanges.edi",
        [*BOTH, "0002"],
        [("content_outside_interchange", None, 1, "ISA", None)] * 3,
    ),
    (
        "two_interchanges_second_header_unreadable.edi",
        BOTH,
        [("interchange_header_unreadable", None, 1, "ISA", None)],
    ),
]


@pytest.mark.parametrize(("name", "numbers", "findings"), FAULTS, ids=[case[0] for case in FAULTS])
def test_a_fault_of_the_envelope_is_found_and_costs_no_neighbour(
    name: str, numbers: list[str], findings: list[tuple[str, str | None, int, str, int | None]]
) -> None:
    reading = read(sample(name))
    assert set_numbers(reading) == numbers
    assert found(reading) == findings


def test_the_header_is_read_without_its_padding() -> None:
    header = read(sample("271_two_sets.edi")).interchanges[0].header
    assert (header.sender_qualifier, header.sender) == ("ZZ", "ACME1")
    assert (header.receiver_qualifier, header.receiver) == ("ZZ", "RIVER")
    assert (str(header.date), str(header.time)) == ("2026-01-05", "07:00:00")
    assert (header.version, header.control_number) == ("00501", "000000101")
    assert (header.usage, header.acknowledgement_requested) == ("T", False)


def test_a_set_knows_where_it_stands_in_the_text() -> None:
    reading = read(sample("271_two_sets.edi"))
    for transaction in reading.interchanges[0].groups[0].transactions:
        begin, end = transaction.span
        text = reading.text[begin:end]
        assert text.startswith(f"ST*271*{transaction.control_number}*")
        assert text.endswith(f"*{transaction.control_number}~")
        assert transaction.segment_count == len(transaction.segments)


def test_interchanges_lie_side_by_side() -> None:
    reading = read(sample("two_interchanges.edi"))
    first, second = reading.interchanges
    assert reading.text[slice(*first.span)].startswith("ISA*")
    assert reading.text[slice(*first.span)].endswith("IEA*1*000000101~")
    assert reading.text[slice(*second.span)].endswith("IEA*1*000000102~")


def test_a_second_interchange_may_have_other_delimiters_even_without_an_iea_before() -> None:
    first = sample("without_trailers.edi").decode()
    second = sample("pipe_elements_newline_segments.edi").decode()
    reading = read(first + second)
    assert [each.delimiters.element for each in reading.interchanges] == ["*", "|"]
    assert [each.complete for each in reading.interchanges] == [False, True]
    assert set_numbers(reading) == ["0001", "0002", "0001", "0002"]


def test_an_unreadable_first_interchange_does_not_cost_the_second() -> None:
    reading = read(interchange(ANSWER).replace("*T*:~", "*T*A~", 1) + interchange(ANSWER))
    assert set_numbers(reading) == ["0001"]
    assert found(reading) == [("interchange_header_unreadable", None, 1, "ISA", None)]


def test_the_version_of_a_set_is_that_of_its_group_where_st03_is_absent() -> None:
    wire = interchange(ANSWER.replace("ST*271*0001*005010X279A1~", "ST*271*0001~"))
    assert only_set(wire)[0].version == "005010X279A1"


def test_a_file_cut_in_half_keeps_its_complete_sets() -> None:
    wire = interchange(*[ANSWER.replace("0001", f"{n:04}") for n in range(1, 21)])
    reading = read(wire[: len(wire) // 2])
    kept = set_numbers(reading)
    assert kept == [f"{n:04}" for n in range(1, len(kept) + 1)] and 8 <= len(kept) <= 10
    codes = [finding.code for finding in reading.findings]
    assert codes[0] == FindingCode.SET_TRAILER_MISSING
    assert reading.findings[0].at.transaction == f"{len(kept) + 1:04}"
    assert FindingCode.INTERCHANGE_TRAILER_MISSING in codes
    assert not reading.interchanges[0].complete


def test_a_set_whose_se_is_cut_is_not_kept() -> None:
    wire = interchange(ANSWER)
    cut = wire[: wire.index("SE*") + len("SE*11*00")]
    reading = read(cut)
    assert set_numbers(reading) == []
    assert reading.interchanges[0].groups[0].refused[0].control_number == "0001"


def test_a_set_that_lacks_only_its_last_terminator_is_kept() -> None:
    wire = interchange(ANSWER)
    reading = read(wire[: wire.index("~GE*")])
    assert set_numbers(reading) == ["0001"]
    assert reading.findings[0].code == FindingCode.SEGMENT_TERMINATOR_MISSING


def test_a_ta1_inside_a_set_belongs_to_the_set() -> None:
    wire = interchange(transaction_set("TA1*000000001*260105*0700*A*000"))
    transaction, read_interchange = only_set(wire)
    assert read_interchange.acknowledgements == ()
    assert transaction.segment_count == 3


@pytest.mark.parametrize("name", [name for name in sample_names() if "271" in name])
def test_findings_carry_places_and_no_values(name: str) -> None:
    for finding in read(sample(name)).findings:
        for secret in ("AMES", "ALICE", "W0001", "T0001"):
            assert secret not in repr(finding)


# What ISA, GS and ST say


def acknowledged(wire: str) -> tuple[list[tuple[str, int | None]], str, str, tuple[str, ...]]:
    """What is found in ISA and GS, what TA1 says of it, and what AK9 does."""
    reading = read(wire)
    (only,) = reading.interchanges
    assert set_numbers(reading) == ["0001"]
    note = acknowledge_interchange(only, now=NOW)
    (said,) = acknowledge(only)
    codes = [(finding.code.value, finding.at.element) for finding in reading.findings]
    return codes, note.code, note.note, said.notes


NOW = datetime(2026, 1, 6, 8, 30, tzinfo=UTC)
OF_ISA = [
    (1, "ZZ", "interchange_authorization_qualifier_wrong", "010"),
    (3, "XX", "interchange_security_qualifier_wrong", "012"),
    (1, "01", "interchange_authorization_qualifier_wrong", "010"),
    (5, "05", "interchange_sender_qualifier_wrong", "005"),
    # X12 has it, the guide of these sets has not.
    (5, "12", "interchange_sender_qualifier_wrong", "005"),
    (6, " " * 15, "interchange_sender_missing", "006"),
    (7, "  ", "interchange_receiver_qualifier_wrong", "007"),
    (8, " " * 15, "interchange_receiver_missing", "008"),
    (9, "261305", "interchange_date_invalid", "014"),
    (10, "2500", "interchange_time_invalid", "015"),
    (11, "U", "interchange_repetition_separator_wrong", "032"),
    (12, "5010 ", "interchange_version_wrong", "017"),
    (12, "00401", "interchange_version_wrong", "017"),
    (14, "Y", "interchange_acknowledgement_request_wrong", "019"),
    (15, "X", "interchange_usage_wrong", "020"),
]


@pytest.mark.parametrize(("element", "value", "code", "note"), OF_ISA)
def test_a_wrong_element_of_isa_is_noted_in_ta1_and_costs_nothing(
    element: int, value: str, code: str, note: str
) -> None:
    elements = interchange(ANSWER)[:105].split("*")
    elements[element] = value
    wire = "*".join(elements) + interchange(ANSWER)[105:]
    assert acknowledged(wire) == ([(code, element)], "E", note, ())


@pytest.mark.parametrize("number", ["101      ", "A00000101", "         ", "+00000101"])
def test_a_control_number_that_is_not_nine_digits_is_noted(number: str) -> None:
    wire = interchange(ANSWER).replace("000000101", number)
    assert acknowledged(wire) == ([("interchange_control_number_invalid", 13)], "E", "018", ())


@pytest.mark.parametrize("qualifier", ["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"])
def test_every_id_qualifier_of_the_guide_is_known(qualifier: str) -> None:
    assert read(interchange(ANSWER).replace("*ZZ*", f"*{qualifier}*")).findings == ()


def test_midnight_is_a_time() -> None:
    assert read(interchange(ANSWER).replace("*0700*", "*0000*")).findings == ()


OF_GS = [
    (2, "", "group_sender_missing", ()),
    (3, " ", "group_receiver_missing", ()),
    (4, "20260230", "group_date_invalid", ()),
    (5, "07", "group_time_invalid", ()),
    (7, "Q", "group_agency_wrong", ()),
    (8, "005010X279", "version_unexpected", ("2",)),
    (1, "HS", "functional_id_wrong", ("1",)),
]


@pytest.mark.parametrize(("element", "value", "code", "notes"), OF_GS)
def test_a_wrong_element_of_gs_is_noted_in_ak9_where_it_has_a_code_and_not_in_ta1(
    element: int, value: str, code: str, notes: tuple[str, ...]
) -> None:
    before, _, rest = interchange(ANSWER.replace("*005010X279A1", "")).partition("GS*")
    header, _, behind = rest.partition("~")
    elements = ["GS", *header.split("*")]
    elements[element] = value
    wire = f"{before}{'*'.join(elements)}~{behind}"
    assert acknowledged(wire) == ([(code, element)], "A", "000", notes)


def answer_in_group(number: str) -> str:
    return interchange(ANSWER).replace("*101*X", f"*{number}*X").replace("GE*1*101", f"GE*1*{number}")


@pytest.mark.parametrize("number", ["", "1234567890", "ABC"])
def test_a_group_whose_number_ak1_cannot_carry_is_read_and_rejected_in_ta1(number: str) -> None:
    reading = read(answer_in_group(number))
    assert set_numbers(reading) == ["0001"]
    assert [finding.code.value for finding in reading.findings] == ["group_control_number_invalid"]
    assert acknowledge(reading.interchanges[0]) == ()
    note = acknowledge_interchange(reading.interchanges[0], now=NOW)
    assert (note.code, note.note) == ("R", "024")


@pytest.mark.parametrize(
    ("header", "code", "note"),
    [
        ("ST*271*", "set_control_number_invalid", "7"),
        ("ST*271*1234567890", "set_control_number_invalid", "7"),
        ("ST**0001", "set_id_invalid", "6"),
        ("ST*2710*0001", "set_id_invalid", "6"),
    ],
)
def test_a_set_without_a_name_or_number_is_rejected_and_read(header: str, code: str, note: str) -> None:
    number = header.split("*")[2]
    wrong = ANSWER.replace("ST*271*0001", header).replace("SE*11*0001", f"SE*11*{number}")
    reading = read(interchange(wrong, ANSWER.replace("0001", "0002")))
    assert set_numbers(reading) == [number, "0002"]
    assert [finding.code.value for finding in reading.findings] == [code]
    (said,) = acknowledge(reading.interchanges[0])
    assert [(each.code, each.notes[:1]) for each in said.sets] == [("R", (note,)), ("A", ())]


def test_the_same_senders_control_number_twice_is_found_in_the_second() -> None:
    once = interchange(ANSWER)
    reading = read(once + once.replace("ACME1 ", "ACME2 ") + once)
    assert found(reading) == [("interchange_control_number_repeated", None, 1, "ISA", 13)]
    assert [each.repeated for each in reading.interchanges] == [False, False, True]
    said = [acknowledge_interchange(each, now=NOW) for each in reading.interchanges]
    assert [(note.code, note.note) for note in said] == [("A", "000"), ("A", "000"), ("R", "025")]


def test_ta1_names_the_interchange_by_its_date_and_time() -> None:
    (note,) = [acknowledge_interchange(e, now=NOW) for e in read(interchange(ANSWER)).interchanges]
    assert (str(note.date), str(note.time)) == ("2026-01-05", "07:00:00")
    wire = interchange(ANSWER).replace("*260105*0700*", "*269905*9900*")
    (note,) = [acknowledge_interchange(e, now=NOW) for e in read(wire).interchanges]
    assert (note.date, note.time) == (NOW.date(), NOW.time())


def test_a_control_number_that_ta1_cannot_carry_is_zeros_in_it() -> None:
    for number, said in [("         ", "000000000"), ("A0000*101", "000000000"), ("A00000101", "A00000101")]:
        reading = read(interchange(ANSWER).translate({ord("*"): "|"}).replace("000000101", number))
        note = acknowledge_interchange(reading.interchanges[0], now=NOW)
        assert note.control_number == said
        assert write_interchange(ENVELOPE, acknowledgements=[note])


def test_what_a_stream_closes_can_be_acknowledged() -> None:
    events = list(read_stream([interchange(ANSWER).replace("IEA*1", "IEA*2")]))
    (closed,) = [event for event in events if isinstance(event, InterchangeClosed)]
    note = acknowledge_interchange(closed, now=NOW)
    assert (note.code, note.note) == ("R", "021")


def test_stray_segments_are_noted_and_the_interchange_taken() -> None:
    reading = read(sample("stray_segments.edi"))
    note = acknowledge_interchange(reading.interchanges[0], now=NOW)
    assert (note.code, note.note) == ("E", "022")


def test_what_stands_between_two_groups_belongs_to_the_one_before() -> None:
    group = interchange(ANSWER)[106:].split("GE*")[0]
    wire = interchange(ANSWER)[:106] + f"{group}NTE*X~{group}GE*1*101~IEA*2*000000101~"
    assert [(f.code.value, f.at.group) for f in read(wire).findings] == [
        ("segment_unexpected", "101"),
        ("group_trailer_missing", "101"),
        ("group_control_number_repeated", "101"),
    ]


@pytest.mark.parametrize("name", sample_names())
def test_every_st_is_either_read_or_refused(name: str) -> None:
    reading = read(sample(name))
    closed = [each for each in read_stream([sample(name)]) if isinstance(each, GroupClosed)]
    for group, end in zip([g for e in reading.interchanges for g in e.groups], closed, strict=True):
        assert len(group.transactions) + len(group.refused) == end.sets_received
        assert len(group.refused) == end.sets_refused
        assert group.sets_stated == end.sets_stated
