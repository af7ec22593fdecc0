"""What was read, written again: the same bytes, or the same segments in other delimiters."""

import pytest

from tests.x12.questions import ENVELOPE, group
from tests.x12.wire import interchange, only_set, sample, sample_names, transaction_set
from tradingpartners.x12 import (
    Delimiters,
    WriteErrorCode,
    X12WriteError,
    inspection,
    read,
    rewrite,
    rewrite_set,
    write_interchange,
)

CLEAN = [name for name in sample_names() if not read(sample(name)).findings]
OTHERS = [
    Delimiters("|", ">", "!", "\n"),
    Delimiters("\x1d", "\x1f", "\x1e", "\x1c"),
    Delimiters("]", "}", "{", "'"),
    Delimiters(":", "*", "~", "^"),
    Delimiters("*", "<", "^", "\r"),
    Delimiters("`", ";", "_", "="),
]


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n"])
@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_sample_read_and_written_is_the_same_bytes(name: str, line_break: str) -> None:
    wire = sample(name)
    delimiters = read(wire).interchanges[0].delimiters
    if delimiters.segment != "\n":
        wire = wire.replace(b"\n", line_break.encode())
    assert rewrite(read(wire)).encode() == wire


@pytest.mark.parametrize("delimiters", OTHERS, ids=ascii)
@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_sample_says_the_same_in_other_delimiters_and_comes_back(
    name: str, delimiters: Delimiters
) -> None:
    reading = read(sample(name))
    own = reading.interchanges[0].delimiters
    text = rewrite(reading, delimiters=delimiters)
    again = read(text)
    used = delimiters if own.repetition else delimiters._replace(repetition="")
    assert {each.delimiters for each in again.interchanges} == {used}
    assert inspection(again) == inspection(reading)
    assert [t.segment_count for i in again.interchanges for g in i.groups for t in g.transactions] == [
        t.segment_count for i in reading.interchanges for g in i.groups for t in g.transactions
    ]
    # Line breaks go where the terminator is one.
    one_line = sample(name) if own.segment == "\n" else sample(name).replace(b"\n", b"")
    assert rewrite(read(rewrite(read(one_line), delimiters=delimiters)), delimiters=own).encode() == one_line


def test_faults_stay_as_they_were() -> None:
    for name in (
        "wrong_segment_count.edi",
        "without_trailers.edi",
        "stray_segments.edi",
        "unpadded_header.edi",
    ):
        reading = read(sample(name))
        again = read(rewrite(reading, delimiters=OTHERS[0]))
        assert [finding.code for finding in again.findings] == [finding.code for finding in reading.findings]


def test_what_stands_outside_of_the_interchanges_is_left_out() -> None:
    text = rewrite(read(sample("junk_between_interchanges.edi")))
    again = read(text)
    assert (len(again.interchanges), again.findings) == (2, ())


@pytest.mark.parametrize(
    ("delimiters", "field"),
    [
        (Delimiters(element="."), "delimiters.element"),
        (Delimiters(component="'"), "delimiters.component"),
        (Delimiters(repetition="/"), "delimiters.repetition"),
        (Delimiters(segment="&"), "delimiters.segment"),
    ],
)
def test_a_new_delimiter_that_stands_in_the_data_is_refused(delimiters: Delimiters, field: str) -> None:
    wire = interchange(transaction_set("BHT*0022*11*A.B'C/D&E", "EB*1**30^98"))
    with pytest.raises(X12WriteError) as refusal:
        rewrite(read(wire), delimiters=delimiters)
    assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.DELIMITER_IN_VALUE, field)


@pytest.mark.parametrize(
    "delimiters", [Delimiters(element="A"), Delimiters(component="~"), Delimiters(segment="§")]
)
def test_delimiters_nobody_could_read_are_refused(delimiters: Delimiters) -> None:
    with pytest.raises(X12WriteError):
        rewrite(read(sample(CLEAN[0])), delimiters=delimiters)


def test_a_repetition_separator_cannot_be_taken_away() -> None:
    with pytest.raises(X12WriteError) as refusal:
        rewrite(read(sample(CLEAN[0])), delimiters=Delimiters(repetition=""))
    assert refusal.value.field == "delimiters.repetition"


def test_an_interchange_without_a_repetition_separator_stays_without() -> None:
    wire = interchange(transaction_set("BHT*0022*11*A^B")).replace("*^*00501*", "*U*00401*")
    text = rewrite(read(wire), delimiters=OTHERS[0]._replace(repetition="^"))
    (again,) = read(text).interchanges
    assert again.delimiters == OTHERS[0]._replace(repetition="")
    assert again.groups[0].transactions[0].segments[1][3] == "A^B"


def test_a_set_travels_on_in_an_interchange_with_other_delimiters() -> None:
    transaction, _ = only_set(sample("271_active_with_benefits.edi"))
    text = rewrite_set(transaction, delimiters=OTHERS[0])
    again, _ = only_set(
        write_interchange(ENVELOPE, [group([text], functional_id="HB")], delimiters=OTHERS[0])
    )
    old, new = transaction.delimiters, OTHERS[0]
    table = {ord(before): after for before, after in zip(old, new, strict=True)}
    assert again.segments == [[each.translate(table) for each in segment] for segment in transaction.segments]
