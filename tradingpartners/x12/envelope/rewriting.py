"""Write again what was read: the same segments, in the same delimiters or in others.

Nothing is put right on the way: counts and control numbers stay as they stand, so that what a
payer sent can be shown, kept or passed on as it was.
"""

from tradingpartners.x12.envelope.values import Interchange, Reading, TransactionSet
from tradingpartners.x12.errors import WriteErrorCode, X12WriteError
from tradingpartners.x12.segments import (
    WHITESPACE,
    Delimiters,
    check_delimiters,
    read_interchange_start,
    segment_texts,
)


def rewrite(reading: Reading, *, delimiters: Delimiters | None = None) -> str:
    """The interchanges of an input: byte for byte where it had no faults and the delimiters stay.

    Line breaks behind segments stay too, unless the terminator becomes one. What else stood outside
    of the interchanges is left out. Where a new delimiter stands in the data it is refused, because
    X12 has no escape.
    """
    if delimiters is not None:
        check_delimiters(delimiters)
    text, interchanges = reading.text, reading.interchanges
    begins = [*[each.span[0] for each in interchanges[1:]], len(text)]
    pieces: list[str] = []
    for interchange, following in zip(interchanges, begins, strict=True):
        chosen = delimiters or interchange.delimiters
        pieces.append(_rewrite_interchange(text, interchange, chosen))
        between = text[interchange.span[1] : following]
        if chosen.segment not in "\r\n" and not between.strip(WHITESPACE):
            pieces.append(between)
    return "".join(pieces)


def rewrite_set(transaction: TransactionSet, *, delimiters: Delimiters) -> str:
    """A transaction set from ST to SE, to stand in an interchange with these delimiters."""
    check_delimiters(delimiters)
    return _translate(transaction.text, transaction.delimiters, delimiters, "")


def _rewrite_interchange(text: str, interchange: Interchange, delimiters: Delimiters) -> str:
    begin, end = interchange.span
    after = text[read_interchange_start(text, begin).end :][:2]
    line_break = "" if delimiters.segment in "\r\n" else after[: len(after) - len(after.lstrip("\r\n"))]
    return _translate(text[begin:end], interchange.delimiters, delimiters, line_break)


def _translate(text: str, old: Delimiters, new: Delimiters, line_break: str) -> str:
    """Segments with each delimiter replaced; in ISA11 and ISA16 they replace themselves.

    The old delimiters are never data, so only a new one that was none before can be.
    """
    if old.repetition and not new.repetition:
        raise X12WriteError(WriteErrorCode.REQUIRED, "delimiters.repetition")
    segments = segment_texts(text, old)
    table: dict[int, str] = {}
    for name, before, after in zip(Delimiters._fields, old, new, strict=True):
        if before and before != after:
            if after not in old and any(after in segment for segment in segments):
                raise X12WriteError(WriteErrorCode.DELIMITER_IN_VALUE, f"delimiters.{name}")
            table[ord(before)] = after
    again = (old.segment + line_break).join(segments) + old.segment
    return again.translate(table) if table else again
