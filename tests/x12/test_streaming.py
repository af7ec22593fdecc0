"""A stream: the same however it is cut, one set at a time, in memory that does not grow."""

import os
import random
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, interchange, sample, sample_names, transaction_set
from tradingpartners.x12 import (
    Event,
    Finding,
    FindingCode,
    GroupClosed,
    GroupOpened,
    InterchangeAcknowledgement,
    InterchangeClosed,
    InterchangeOpened,
    RefusedSet,
    TransactionSet,
    X12Error,
    X12ErrorCode,
    limits,
    read,
    read_271,
    read_stream,
)
from tradingpartners.x12.envelope import interchange_reader, open_envelopes, streaming

SIZES = (1, 2, 7, 106, 4096)
ANSWER = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")
HEADER, _, _ = interchange(ANSWER).partition("GS*")
GROUP = "GS*HB*ACME1*RIVER*20260105*0700*101*X*005010X279A1~"
END = "GE*1*101~IEA*1*000000101~"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[begin : begin + size] for begin in range(0, len(data), size)]


def told(chunks: Iterable[bytes] | Iterable[str]) -> list[Event | tuple[X12ErrorCode, int]]:
    """The events of a stream, and at the end of one that cannot be read why and where."""
    events: list[Event | tuple[X12ErrorCode, int]] = []
    try:
        for event in read_stream(chunks):
            events.append(event)  # noqa: PERF402 - what came before an error is kept
    except X12Error as error:
        events.append((error.code, error.offset))
    return events


def names(chunks: Iterable[bytes] | Iterable[str]) -> list[str]:
    return [type(event).__name__ for event in read_stream(chunks)]


# However it is cut


@pytest.mark.parametrize("name", sample_names())
def test_a_sample_in_chunks_is_the_sample(name: str) -> None:
    data = sample(name)
    whole = told([data])
    for size in SIZES:
        assert told(cut(data, size)) == whole


CORPUS = os.environ.get("X12_CORPUS", "")


@pytest.mark.oracle
@pytest.mark.skipif(not CORPUS, reason="X12_CORPUS is not set: name the folder with 271/, 270/, MANIFEST.tsv")
@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_others_in_chunks_is_the_file(size: int) -> None:
    for path in sorted(Path(CORPUS).glob("*/*.edi")):
        data = path.read_bytes()
        assert told(cut(data, size)) == told([data]), path.name


PIECES = [
    ANSWER,
    interchange(ANSWER),
    HEADER,
    GROUP,
    END,
    "ISA*",
    "ISA|00|",
    sample("pipe_elements_newline_segments.edi").decode(),
    sample("unpadded_header.edi").decode(),
    "ST*271*0001~",
    "SE*1*0001~",
    "NTE*X~",
    "TA1*000000101*260105*0700*A*000~",
    "~",
    "\r\n",
    "  ",
    "é€😀",
    "\0",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from(["utf-8", "utf-8-sig"]), st.data())
def test_any_mixture_cut_anywhere_is_read_alike(
    pieces: list[str], encoding: str, data: st.DataObject
) -> None:
    wire = "".join(pieces).encode(encoding)
    cuts = data.draw(st.lists(st.integers(0, len(wire)), max_size=6).map(sorted))
    chunks = [wire[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert told(chunks) == told([wire])


@pytest.mark.parametrize("seed", range(3))
def test_damaged_inputs_are_read_alike(seed: int) -> None:
    dice = random.Random(seed)
    noise = [b"~ISA*", b"~SE*", b"~IEA*", b"~GS*", b"\xe9", b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\0", b"~"]
    for _ in range(60):
        data = sample(dice.choice(sample_names()))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            data = data[:at] + dice.choice(noise) + data[at + dice.randrange(3) :]
        size = dice.choice(SIZES[:4])
        assert told(cut(data, size)) == told([data])


# What is too large, where the limits are small.
LARGE = [
    b"X" * 50,
    b"~" + b" " * 45 + b"SE*1*0001~",
    b"~" + b" " * 30 + b"GS*" + b"Y" * 50,
    *[b"~" + name + b"*" + b"Z" * 60 + b"~" for name in (b"ST", b"SE", b"IEA", b"TA1", b"NTE")],
    *[b"~SE*" + b"Z" * length + b"~" for length in (36, 37, 38)],
    b"^1" * 6,
    b":1" * 5,
    b"*1" * 12,
    b"~HL*1" * 5,
    b"~A" * 40,
    b"~\n~\n~  ~",
    b"~ISA*" + b"Q" * 20,
]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (limits, interchange_reader, streaming):
        monkeypatch.setattr(module, "LONGEST_SEGMENT", 40)
    for module in (limits, open_envelopes):
        monkeypatch.setattr(module, "HARMLESS", 3)
    for name, limit in [("SEGMENTS", 30), ("ELEMENTS", 9), ("REPETITIONS", 4), ("COMPONENTS", 3)]:
        monkeypatch.setattr(limits, f"MOST_{name}", limit)
    for name, limit in [("LONGEST_SET", 400), ("MOST_LEVELS", 3), ("MOST_FINDINGS", 20), ("_BLOCK", 60)]:
        monkeypatch.setattr(limits, name, limit)
    monkeypatch.setattr(streaming, "_SHORT", 16)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("seed", range(3))
def test_what_is_too_large_is_refused_alike(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(60):
        data = sample(dice.choice(sample_names()))
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(data))
            data = data[:at] + dice.choice(LARGE) + data[at + dice.choice([0, 0, 5, 40]) :]
        whole = told([data])
        for size in (1, 7, 31, dice.randint(2, 300)):
            assert told(cut(data, size)) == whole


def test_bytes_that_are_not_utf_8_are_latin_1_one_by_one() -> None:
    wire = interchange(ANSWER.replace("ALICE", "ALÍCE€")).encode().replace("Í".encode(), b"\xcd")
    for chunks in ([wire], cut(wire, 1), cut(wire, 2)):
        (transaction,) = [event for event in read_stream(chunks) if isinstance(event, TransactionSet)]
        assert "*ALÍCE€*" in transaction.text
    assert "*ALÍCE€*" in read(wire).text


def test_text_is_streamed_as_bytes_are() -> None:
    wire = interchange(ANSWER)
    assert told(["\ufeff", *wire]) == told([b"\xef", b"\xbb\xbf", wire.encode()]) == told([wire])


def test_a_nul_ends_the_stream_behind_what_stood_before_it() -> None:
    wire = interchange(ANSWER, ANSWER.replace("0001", "0002"))
    at = wire.index("SE*11*0002")
    for size in (1, 50, len(wire) + 1):
        events = told(cut((wire[:at] + "\0" + wire[at:]).encode(), size))
        assert events[-1] == (X12ErrorCode.NUL_CHARACTER, at)
        assert [event.control_number for event in events if isinstance(event, TransactionSet)] == ["0001"]


@pytest.mark.parametrize("size", SIZES)
def test_what_cannot_be_read_says_where(size: int) -> None:
    with pytest.raises(X12Error) as refusal:
        list(read_stream(cut(b"\n\n ISA*00*" + b"X" * 1000, size)))
    assert (refusal.value.code, refusal.value.offset) == (
        X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT,
        403,
    )


# What it tells, and when


def test_a_stream_tells_everything_in_the_order_it_stands_in() -> None:
    wire = interchange(
        "NTE*X~", ANSWER, transaction_set("HL*1", number="0002").replace("SE*3*0002~", ""), END[:9]
    )
    wire = wire.replace("GS*", "TA1*000000101*260105*0700*A*000~GS*", 1)
    assert names([wire]) == [
        "InterchangeOpened",
        "InterchangeAcknowledgement",
        "GroupOpened",
        "Finding",  # NTE
        "TransactionSet",
        "Finding",  # its SE is missing
        "RefusedSet",
        "Finding",  # GE says 1
        "GroupClosed",
        "Finding",  # a second GE
        "InterchangeClosed",
    ]


def test_each_end_says_what_came() -> None:
    events = list(read_stream([interchange(ANSWER, ANSWER.replace("SE*", "XX*")).replace("IEA*1", "IEA*2")]))
    (group,) = [event for event in events if isinstance(event, GroupClosed)]
    assert (group.sets_received, group.sets_refused, group.sets_stated, group.complete) == (2, 1, 2, True)
    last = events[-1]
    assert isinstance(last, InterchangeClosed)
    assert (last.groups_received, last.complete, last.repeated) == (1, True, False)
    assert last.header.control_number == "000000101"


def test_a_set_is_told_as_soon_as_its_se_is_there() -> None:
    wire = interchange(ANSWER)
    end = wire.index("GE*")

    def chunks() -> Iterator[str]:
        yield wire[:end]
        pytest.fail("the set was there")

    stream = read_stream(chunks())
    seen = [next(stream) for _ in range(3)]
    assert [type(event) for event in seen] == [InterchangeOpened, GroupOpened, TransactionSet]


def test_what_is_wrong_with_a_set_is_told_before_the_set() -> None:
    events = list(read_stream([interchange(ANSWER.replace("SE*11", "SE*12"))]))
    at = [type(event) for event in events].index(TransactionSet)
    found = events[at - 1]
    assert isinstance(found, Finding) and found.code == FindingCode.SEGMENT_COUNT_WRONG


def test_spans_count_the_characters_of_the_whole_input() -> None:
    wire = "\n" + interchange(ANSWER.replace("ALICE", "ÁLICE")) + "\n" + interchange(ANSWER)
    for event in read_stream(cut(b"\xef\xbb\xbf" + wire.encode(), 7)):
        if isinstance(event, TransactionSet):
            assert wire[slice(*event.span)] == event.text
        elif isinstance(event, InterchangeClosed):
            assert wire[slice(*event.span)].startswith("ISA*")
            assert wire[slice(*event.span)].endswith("IEA*1*000000101~")


def test_a_whole_reading_holds_what_the_stream_told() -> None:
    for name in sample_names():
        reading, events = read(sample(name)), list(read_stream(cut(sample(name), 50)))
        groups = [group for each in reading.interchanges for group in each.groups]

        def kept(kind: type, events: list[Event] = events) -> list[Event]:
            return [event for event in events if isinstance(event, kind)]

        assert kept(TransactionSet) == [t for group in groups for t in group.transactions]
        assert kept(RefusedSet) == [refused for group in groups for refused in group.refused]
        assert kept(Finding) == list(reading.findings)
        assert kept(InterchangeAcknowledgement) == [
            a for each in reading.interchanges for a in each.acknowledgements
        ]


def test_delimiters_change_at_the_next_isa_even_without_an_iea_before() -> None:
    wire = sample("without_trailers.edi") + sample("pipe_elements_newline_segments.edi")
    for size in SIZES:
        events = list(read_stream(cut(wire, size)))
        closed = [event.complete for event in events if isinstance(event, InterchangeClosed)]
        assert closed == [False, True]
        numbers = [event.control_number for event in events if isinstance(event, TransactionSet)]
        assert numbers == ["0001", "0002", "0001", "0002"]


# Flat memory

CHUNK = 65_536


def chunks_of(*parts: str | tuple[int, str]) -> Iterator[str]:
    """Text, and text many times over, in chunks of an ordinary size."""
    for part in parts:
        count, text = part if isinstance(part, tuple) else (1, part)
        each = max(1, CHUNK // len(text))
        for _ in range(count // each):
            yield text * each
        yield text * (count % each)


def peak_of(chunks: Iterator[str]) -> tuple[int, list[str]]:
    """The most memory at one time, in megabytes, and the numbers of the sets that came whole."""
    tracemalloc.start()
    try:
        numbers = []
        for event in read_stream(chunks):
            if isinstance(event, TransactionSet):
                read_271(event, event.delimiters)
                numbers.append(event.control_number)
        return tracemalloc.get_traced_memory()[1] >> 20, numbers
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_sets() -> None:
    few, _ = peak_of(chunks_of(HEADER, GROUP, (300, ANSWER), END))
    many, numbers = peak_of(chunks_of(HEADER, GROUP, (3_000, ANSWER), END))
    assert len(numbers) == 3_000
    assert many <= few + 1


GOOD = ANSWER.replace("0001", "0002")
HOSTILE: dict[str, tuple[str | tuple[int, str], ...]] = {
    "a segment of 10 MB": (GROUP, "ST*271*0001~MSG*", (1_000_000, "X" * 10), "~SE*3*0001~"),
    "a segment of 10 MB in no set": (GROUP, "NTE*", (1_000_000, "X" * 10), "~"),
    "a GS of 10 MB": (GROUP, "GS*HB*", (1_000_000, "X" * 10), "~"),
    "an SE of 10 MB": (GROUP, "ST*271*0001~SE*", (1_000_000, "X" * 10), "~"),
    "ten million blanks": (GROUP, "ST*271*0001~", (1_000_000, " " * 10), "SE*2*0001~"),
    "a million elements": (GROUP, "ST*271*0001~EB", (1_000_000, "*1"), "~SE*3*0001~"),
    "a million repetitions": (GROUP, "ST*271*0001~EB*1**", (1_000_000, "30^"), "~SE*3*0001~"),
    "a million HLs": (GROUP, "ST*271*0001~", (1_000_000, "HL*1*1*22*1~"), "SE*3*0001~"),
    "a million segments without SE": (GROUP, "ST*271*0001~", (1_000_000, "EB*1~")),
    "many lines between sets": (GROUP, (400_000, "NTE*X~\n")),
    "many refused sets": (GROUP, (30_000, "ST*271*0001~")),
    "many empty groups": ((10_000, GROUP + "GE*0*101~"), GROUP),
    "many TA1s": ((20_000, "TA1*000000101*260105*0700*A*000~"), GROUP),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_part_costs_no_memory_and_no_neighbour(name: str) -> None:
    peak, numbers = peak_of(chunks_of(HEADER, *HOSTILE[name], GOOD, END))
    assert numbers == ["0002"]
    assert peak <= 4


@pytest.mark.parametrize("text", ["X" * 400, "ISA*" + "X" * 396, "Dear payer,\n" * 30, " \n" * 200])
def test_an_endless_input_without_an_isa_costs_no_memory(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(X12Error):
            list(read_stream(chunks_of("ISA*00*", (25_000, text))))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_long_segment_in_single_characters_is_read_whole() -> None:
    body = "ST*271*0001~MSG*" + "X" * 60_000 + "~SE*3*0001~"
    (transaction,) = [
        event for event in read_stream([HEADER, GROUP, *body, END]) if isinstance(event, TransactionSet)
    ]
    assert transaction.text == body
