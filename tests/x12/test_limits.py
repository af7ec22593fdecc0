"""Hostile sizes: what is too large costs its own set, is refused early, and costs no neighbour."""

import time
from datetime import UTC, datetime

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, interchange, response_to, transaction_set
from tradingpartners.x12 import (
    Finding,
    FindingCode,
    Reading,
    acknowledge,
    acknowledge_interchange,
    read,
    read_271,
    read_stream,
)
from tradingpartners.x12.limits import (
    LONGEST_SEGMENT,
    LONGEST_SET,
    MOST_COMPONENTS,
    MOST_ELEMENTS,
    MOST_LEVELS,
    MOST_REPETITIONS,
    MOST_SEGMENTS,
)

NOW = datetime(2026, 1, 6, 8, 30, tzinfo=UTC)
ANSWER = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")
NEIGHBOUR = ANSWER.replace("0001", "0002")
HEADER, _, _ = interchange(ANSWER).partition("ST*")
END = "GE*2*101~IEA*1*000000101~"


def set_numbers(reading: Reading) -> list[str]:
    return [
        transaction.control_number
        for each in reading.interchanges
        for group in each.groups
        for transaction in group.transactions
    ]


def between(*body: str) -> str:
    """Two sets: one with these segments in it, and its neighbour."""
    segments = "~".join(["ST*271*0001*005010X279A1", *body, f"SE*{len(body) + 2}*0001"])
    return f"{HEADER}{segments}~{NEIGHBOUR}{END}"


# Just allowed, just not, which finding, and the segment it is about.
LIMITS = [
    ("MSG*" + "X" * (LONGEST_SEGMENT - 4), "MSG*" + "X" * (LONGEST_SEGMENT - 3), "segment_too_long"),
    ("EB" + "*1" * MOST_ELEMENTS, "EB" + "*1" * (MOST_ELEMENTS + 1), "too_many_elements"),
    (
        "EB*1**30" + "^1" * MOST_REPETITIONS,
        "EB*1**30" + "^1" * (MOST_REPETITIONS + 1),
        "too_many_repetitions",
    ),
    ("HI*ABK" + ":1" * MOST_COMPONENTS, "HI*ABK" + ":1" * (MOST_COMPONENTS + 1), "too_many_components"),
]


@pytest.mark.parametrize(("allowed", "refused", "code"), LIMITS, ids=[case[2] for case in LIMITS])
def test_what_exceeds_a_limit_by_one_costs_its_own_set(allowed: str, refused: str, code: str) -> None:
    reading = read(between(allowed))
    assert (set_numbers(reading), reading.findings) == (["0001", "0002"], ())
    reading = read(between("BHT*0022", refused))
    assert set_numbers(reading) == ["0002"]
    (finding,) = reading.findings
    assert (finding.code.value, finding.at.transaction) == (code, "0001")
    assert (finding.at.segment_number, finding.at.segment_id) == (3, refused.split("*")[0])


@pytest.mark.parametrize(
    ("segment", "allowed", "code"),
    [
        ("X*1", MOST_SEGMENTS - 2, FindingCode.TOO_MANY_SEGMENTS),
        ("HL*1", MOST_LEVELS, FindingCode.TOO_MANY_LEVELS),
    ],
)
def test_more_segments_or_levels_than_allowed_cost_their_own_set(
    segment: str, allowed: int, code: FindingCode
) -> None:
    reading = read(between(*[segment] * allowed))
    assert (set_numbers(reading), reading.findings) == (["0001", "0002"], ())
    reading = read(between(*[segment] * (allowed + 1)))
    assert set_numbers(reading) == ["0002"]
    assert [finding.code for finding in reading.findings] == [code]


def test_a_set_that_is_too_long_costs_no_other() -> None:
    message = "MSG*" + "X" * 9_995
    reading = read(between(*[message] * (LONGEST_SET // 10_000 + 1)))
    assert set_numbers(reading) == ["0002"]
    assert [finding.code for finding in reading.findings] == [FindingCode.SET_TOO_LONG]


def test_five_thousand_people_under_one_st_are_read() -> None:
    people = ["HL*3*2*22*0", "TRN*2*T0001*9PREFLIGHT", "NM1*IL*1*AMES*ALICE****MI*W0001", *["EB*1**30"] * 20]
    reading = read(between(*ABOVE_SUBSCRIBER, *people * 5_000))
    transaction = reading.interchanges[0].groups[0].transactions[0]
    assert reading.findings == ()
    assert len(read_271(transaction, transaction.delimiters).answers) == 5_000


@pytest.mark.parametrize(("allowed", "refused", "code"), LIMITS, ids=[case[2] for case in LIMITS])
@pytest.mark.parametrize("size", [1_000, 65_536])
def test_a_limit_is_the_same_in_a_stream(allowed: str, refused: str, code: str, size: int) -> None:
    for wire in (between(allowed), between("BHT*0022", refused), between(refused, allowed, refused)):
        pieces = [wire[begin : begin + size] for begin in range(0, len(wire), size)]
        assert list(read_stream(pieces)) == list(read_stream([wire]))


@pytest.mark.parametrize(("allowed", "refused", "code"), LIMITS, ids=[case[2] for case in LIMITS])
def test_a_set_refused_for_its_size_is_rejected_in_the_999(allowed: str, refused: str, code: str) -> None:
    reading = read(between(refused))
    (said,) = acknowledge(reading.interchanges[0])
    assert [(each.code, each.notes[:1]) for each in said.sets] == [("R", ("5",)), ("A", ())]
    assert (said.code, said.received, said.accepted) == ("P", 2, 1)


# Ten megabytes, a million of anything

MILLIONS = [
    ("MSG*" + "X" * 10_000_000, "segment_too_long"),
    ("EB" + "*1" * 1_000_000, "segment_too_long"),
    ("EB*1**" + "^".join(["30"] * 1_000_000), "segment_too_long"),
    ("HI*" + ":".join(["1"] * 1_000_000), "segment_too_long"),
    ("~".join(["HL*1*1*22*1"] * 1_000_000), "too_many_levels"),
    ("~".join(["EB*1"] * 1_000_000), "too_many_segments"),
    ("EB*1~" + " " * 10_000_000, "segment_too_long"),
]


@pytest.mark.parametrize(("segment", "code"), MILLIONS, ids=[case[0][:12] for case in MILLIONS])
def test_a_million_of_anything_costs_its_own_set(segment: str, code: str) -> None:
    reading = read(between(segment).replace("SE*3*0001", "SE*0*0001"))
    assert set_numbers(reading) == ["0002"]
    assert [finding.code.value for finding in reading.findings] == [code]


@pytest.mark.parametrize("name", ["GS*HB*", "GE*2*", "NTE*", "TA1*", "SE*2*"])
def test_an_endless_segment_of_the_envelope_costs_itself_only(name: str) -> None:
    endless = name + "X" * 10_000_000 + "~"
    reading = read(f"{HEADER}{ANSWER}{endless}{NEIGHBOUR}{END}")
    assert set_numbers(reading) == ["0001", "0002"]
    codes = [finding.code.value for finding in reading.findings]
    assert codes.count("segment_too_long" if name != "NTE*" else "segment_unexpected") == 1


@pytest.mark.parametrize("name", ["ST*271*", "SE*2*", "TA1*"])
def test_an_endless_segment_of_a_set_costs_that_set_only(name: str) -> None:
    endless = ("" if name == "ST*271*" else "ST*271*0001~") + name + "X" * 10_000_000
    reading = read(f"{HEADER}{endless}~SE*2*0001~{NEIGHBOUR}{END}")
    assert set_numbers(reading) == ["0002"]
    assert [r.set_id for r in reading.interchanges[0].groups[0].refused] == ["271"]
    assert reading.findings[0].code in ("segment_too_long", "set_control_number_invalid")


def test_identifiers_in_findings_are_never_long() -> None:
    long = "9" * 60_000
    wire = interchange(ANSWER.replace("0001", long)).replace("*101*X", f"*{long}*X")
    for finding in read(wire).findings:
        assert len(repr(finding)) < 600


# Findings


def test_more_findings_than_anyone_reads_end_in_one_that_says_so() -> None:
    reading = read(interchange(*["NTE*X~"] * 50_000, ANSWER))
    assert len(reading.findings) == 1_000
    assert reading.findings[-1].code == FindingCode.TOO_MANY_FINDINGS
    assert set_numbers(reading) == ["0001"]


def test_a_stream_ends_its_findings_as_a_whole_reading_does() -> None:
    for junk in (998, 999, 1_000, 1_001, 1_002):
        wire = HEADER + "NTE*X~" * junk + ANSWER + END.replace("GE*2", "GE*1")
        told = [event for event in read_stream([wire]) if isinstance(event, Finding)]
        assert told == list(read(wire).findings)
        assert len(told) == min(junk, 1_000)
        assert (told[-1].code == FindingCode.TOO_MANY_FINDINGS) == (junk > 1_000)


def test_what_is_wrong_behind_a_thousand_findings_still_rejects() -> None:
    wrong = interchange(*[ANSWER.replace("SE*11", "SE*12")] * 1_300)
    late = interchange("NTE*X~", ANSWER).replace("000000101", "000000102").replace("IEA*1", "IEA*2")
    first, second = read(wrong + late).interchanges
    (said,) = acknowledge(first)
    assert (said.code, said.received, said.accepted) == ("R", 1_300, 0)
    assert all(each.notes[:1] == ("4",) for each in said.sets)
    note = acknowledge_interchange(second, now=NOW)
    assert (note.code, note.note) == ("R", "021")
    assert [finding.code.value for finding in second.groups[0].findings] == [
        "segment_unexpected",
        "set_count_wrong",
    ]


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


def test_levels_below_levels_without_end_are_found() -> None:
    below = [f"HL*{number}*{number - 1}*23*1" for number in range(4, 40)]
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *below))
    found = [f for f in response_to(wire).findings if f.code is FindingCode.HIERARCHY_TOO_DEEP]
    assert [finding.at.segment_number for finding in found] == list(range(27, 46))
