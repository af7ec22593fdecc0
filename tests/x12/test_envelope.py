"""Interchanges, groups and sets: counts, control numbers, what is missing, what is too large."""

import time

import pytest

from tests.x12.wire import (
    ABOVE_SUBSCRIBER,
    ALICE,
    interchange,
    only_set,
    sample,
    sample_names,
    transaction_set,
)
from tradingpartners.x12 import FindingCode, Reading, read

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


# Limits


def refused_codes(wire: str) -> list[str]:
    started = time.process_time()
    reading = read(wire)
    assert time.process_time() - started < 10
    assert set_numbers(reading) == ["0002"]
    return [finding.code.value for finding in reading.findings]


def with_hostile(segment: str) -> str:
    good = ANSWER.replace("0001", "0002")
    return interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, segment), good)


def test_a_segment_of_ten_megabytes_costs_its_set_only() -> None:
    assert refused_codes(with_hostile("MSG*" + "X" * 10_000_000)) == ["segment_too_long"]


def test_a_million_elements_cost_their_set_only() -> None:
    assert refused_codes(with_hostile("EB" + "*1" * 1_000_000)) == ["segment_too_long"]
    assert refused_codes(with_hostile("EB" + "*1" * 2_000)) == ["too_many_elements"]


def test_a_million_repetitions_cost_their_set_only() -> None:
    assert refused_codes(with_hostile("EB*1**" + "^".join(["30"] * 1_000_000))) == ["segment_too_long"]


def test_more_findings_than_anyone_reads_end_in_one_that_says_so() -> None:
    reading = read(interchange(*["NTE*X~"] * 50_000, ANSWER))
    assert len(reading.findings) == 1_000
    assert reading.findings[-1].code == FindingCode.TOO_MANY_FINDINGS
    assert set_numbers(reading) == ["0001"]


@pytest.mark.parametrize(
    "filler", ["\n", " ", "\n ", "~", "~\n", "ISA", "ISA*", "~ISA*", "ST*", "~ST*", "~SE~"]
)
def test_much_of_nothing_is_read_in_linear_time(filler: str) -> None:
    wire = interchange(ANSWER)
    for terminated in (wire, wire.replace("~", "\n")):
        started = time.process_time()
        read(terminated + filler * (400_000 // len(filler)))
        read(terminated[:200] + filler * (400_000 // len(filler)) + terminated[200:])
        assert time.process_time() - started < 10
