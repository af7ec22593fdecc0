"""The ISA: what separates what, in whatever shape it comes."""

import zlib

import pytest

from tests.x12.wire import sample
from tradingpartners.x12 import (
    Delimiters,
    FindingCode,
    Reading,
    X12Error,
    X12ErrorCode,
    acknowledge,
    read,
    read_stream,
)

TWO_SETS = sample("271_two_sets.edi").decode()
ONE_LINE = TWO_SETS.replace("\n", "")


def read_both_ways(data: bytes | str) -> Reading:
    """The whole reading, after the stream in small pieces has said the same."""
    pieces = [data[begin : begin + 5] for begin in range(0, len(data), 5)]
    try:
        reading = read(data)
    except X12Error as error:
        with pytest.raises(X12Error) as refusal:
            list(read_stream(pieces))  # type: ignore[arg-type]
        assert (refusal.value.code, refusal.value.offset) == (error.code, error.offset)
        raise
    assert list(read_stream(pieces)) == list(read_stream([data]))  # type: ignore[arg-type]
    return reading


def contents(reading: Reading) -> list[list[list[str]]]:
    return [
        transaction.segments
        for interchange in reading.interchanges
        for group in interchange.groups
        for transaction in group.transactions
    ]


def with_delimiters(element: str, component: str, repetition: str, segment: str) -> str:
    return ONE_LINE.translate(str.maketrans("*:^~", element + component + repetition + segment))


@pytest.mark.parametrize(
    "delimiters",
    [
        Delimiters("|", ">", "!", "\r"),
        Delimiters("|", ">", "!", "\n"),
        Delimiters("~", "^", "`", "\\"),
        Delimiters(">", "|", "^", "$"),
        Delimiters("*", ">", ":", "'"),
        Delimiters("\x1d", "\x1f", "\x1e", "\x1c"),
    ],
    ids=repr,
)
def test_delimiters_come_from_the_isa(delimiters: Delimiters) -> None:
    reading = read_both_ways(with_delimiters(*delimiters))
    assert reading.interchanges[0].delimiters == delimiters
    assert reading.findings == ()
    assert contents(reading) == contents(read_both_ways(ONE_LINE))


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("LF after", TWO_SETS),
        ("CR after", TWO_SETS.replace("\n", "\r")),
        ("CRLF after", TWO_SETS.replace("\n", "\r\n")),
        ("LF as", ONE_LINE.replace("~", "\n")),
        ("CR as", ONE_LINE.replace("~", "\r")),
        ("CRLF as", ONE_LINE.replace("~", "\r\n")),
        ("blank lines", TWO_SETS.replace("\n", "\n\n \n")),
        ("blank lines between lines", ONE_LINE.replace("~", "\n\n")),
        ("indented", TWO_SETS.replace("\n", "\n    ")),
        ("indented by tabs", TWO_SETS.replace("\n", "\n\t")),
        ("byte order mark", "\ufeff" + TWO_SETS),
        ("blanks before", " \r\n\t" + TWO_SETS),
        ("blanks behind", TWO_SETS + "\n\n   \n"),
        ("blanks before line ends", TWO_SETS.replace("\n", "   \r\n")),
        ("last line end missing", TWO_SETS.rstrip("\n")),
    ],
)
def test_line_ends_and_blanks_change_nothing(shape: str, text: str) -> None:
    reading = read_both_ways(text)
    assert reading.findings == ()
    assert contents(reading) == contents(read_both_ways(ONE_LINE))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_names_survive_either_encoding(encoding: str) -> None:
    reading = read_both_ways(ONE_LINE.replace("ALICE", "ALÍCE").encode(encoding))
    assert contents(reading)[0][8][:5] == ["NM1", "IL", "1", "AMES", "ALÍCE"]


def test_an_unpadded_isa_is_read_and_reported() -> None:
    reading = read_both_ways(sample("unpadded_header.edi"))
    assert [finding.code for finding in reading.findings] == ["interchange_header_not_padded"]
    assert reading.interchanges[0].header.sender == "ACME1"
    assert contents(reading) == contents(read_both_ways(ONE_LINE))


@pytest.mark.parametrize("isa11", ["U", " ", "0"])
def test_an_isa11_that_is_no_separator_leaves_no_repetition(isa11: str) -> None:
    wire = ONE_LINE.replace("*0700*^*", f"*0700*{isa11}*", 1)
    assert read_both_ways(wire).interchanges[0].delimiters.repetition == ""


def test_a_4010_isa11_equal_to_another_delimiter_is_none() -> None:
    wire = ONE_LINE.replace("*^*00501*", "*:*00401*", 1)
    assert read_both_ways(wire).interchanges[0].delimiters.repetition == ""


REFUSED = [
    ("", X12ErrorCode.EMPTY),
    (" \n ", X12ErrorCode.EMPTY),
    ("Dear payer, please see the answer below.", X12ErrorCode.NOT_X12),
    ("<html><body>503</body></html>", X12ErrorCode.NOT_X12),
    ("UNB+UNOA:1+ACME+RIVER", X12ErrorCode.NOT_X12),
    (ONE_LINE[106:], X12ErrorCode.NOT_X12),
    ("ISA", X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT),
    (ONE_LINE[:60], X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT),
    (ONE_LINE[:105], X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT),
    (ONE_LINE.replace("*", "A"), X12ErrorCode.INVALID_ELEMENT_SEPARATOR),
    (ONE_LINE.replace("*", " "), X12ErrorCode.INVALID_ELEMENT_SEPARATOR),
    (ONE_LINE.replace("*T*:~", "*T*X~"), X12ErrorCode.INVALID_COMPONENT_SEPARATOR),
    (ONE_LINE.replace("*T*:~", "*T* ~"), X12ErrorCode.INVALID_COMPONENT_SEPARATOR),
    (ONE_LINE.replace("~", "9"), X12ErrorCode.INVALID_SEGMENT_TERMINATOR),
    (ONE_LINE.replace("~", " "), X12ErrorCode.INVALID_SEGMENT_TERMINATOR),
    (ONE_LINE.replace("*T*:~", "*T*~~"), X12ErrorCode.REPEATED_DELIMITER),
    (ONE_LINE.replace("*T*:~", "*T***"), X12ErrorCode.REPEATED_DELIMITER),
    (ONE_LINE.replace("*0700*^*", "*0700*:*", 1), X12ErrorCode.REPEATED_DELIMITER),
    # ISA16 lost: 105 characters, and the terminator stands where the component separator should.
    (ONE_LINE.replace("*T*:~", "*T*~"), X12ErrorCode.INVALID_SEGMENT_TERMINATOR),
    (ONE_LINE.replace("ALICE", "AL\0ICE"), X12ErrorCode.NUL_CHARACTER),
    (ONE_LINE.encode("utf-16").decode("latin-1"), X12ErrorCode.NUL_CHARACTER),
    (ONE_LINE.encode("cp037").decode("latin-1"), X12ErrorCode.NOT_X12),
    (zlib.compress(ONE_LINE.encode()).decode("latin-1"), X12ErrorCode.NOT_X12),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_an_input_without_a_readable_isa_is_refused(text: str, code: X12ErrorCode) -> None:
    with pytest.raises(X12Error) as refusal:
        read_both_ways(text)
    assert refusal.value.code == code
    assert 0 <= refusal.value.offset <= len(text)


def test_an_error_says_nothing_of_the_input() -> None:
    with pytest.raises(X12Error) as refusal:
        read_both_ways(ONE_LINE[:60])
    assert str(refusal.value) == "interchange_header_cut_short at 60"


@pytest.mark.parametrize(
    ("version", "found"),
    [("00501", [FindingCode.INTERCHANGE_REPETITION_SEPARATOR_WRONG]), ("00401", [])],
)
def test_isa11_u_is_a_fault_where_it_must_be_a_separator(version: str, found: list[FindingCode]) -> None:
    wire = ONE_LINE.replace("*^*00501*", f"*U*{version}*", 1)
    wire = wire.replace("005010X279A1", "004010X092A1") if version == "00401" else wire
    reading = read_both_ways(wire)
    codes = [finding.code for finding in reading.findings if finding.at.segment_id == "ISA"]
    assert codes == found
    assert len(contents(reading)) == 2


def test_a_4010_header_around_a_5010_group_is_read_and_reported_once() -> None:
    reading = read_both_ways(ONE_LINE.replace("*^*00501*", "*U*00401*", 1))
    assert [finding.code for finding in reading.findings] == [FindingCode.INTERCHANGE_VERSION_WRONG]
    assert contents(reading) == contents(read(ONE_LINE))


@pytest.mark.parametrize("name", ["O~NEIL", "~SE*1", "DOE~ST*271*0009"])
def test_a_delimiter_in_the_data_gives_no_set_that_is_accepted(name: str) -> None:
    reading = read_both_ways(ONE_LINE.replace("ALICE", name, 1))
    (said,) = acknowledge(reading.interchanges[0])
    assert {each.code for each in said.sets[:-1]} == {"R"}
    assert (said.sets[-1].control_number, said.sets[-1].code) == ("0002", "A")


def test_the_repetition_separator_in_a_message_stays_in_it() -> None:
    wire = ONE_LINE.replace("SE*11*0001", "MSG*CALL 9^5 OR 1:30*X~SE*12*0001")
    reading = read_both_ways(wire)
    assert ["MSG", "CALL 9^5 OR 1:30", "X"] in contents(reading)[0]
