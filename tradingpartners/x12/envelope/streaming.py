"""Read an input of any size as a stream: one transaction set at a time, in flat memory.

    with open(name, "rb") as file:
        for event in read_stream(iter(lambda: file.read(65_536), b"")):
            match event:
                case TransactionSet(set_id="271"):
                    response = read_271(event, event.delimiters)

How the input is cut into chunks changes nothing: not the events, their order or their places.
`read` is made of the same events, so the two never differ.
"""

import re
from collections.abc import Iterable, Iterator

from tradingpartners.x12.envelope.decoding import Decoder
from tradingpartners.x12.envelope.interchange_reader import InterchangeReader
from tradingpartners.x12.envelope.values import Event
from tradingpartners.x12.envelope.window import Window
from tradingpartners.x12.errors import Finding, FindingCode, Location, X12Error, X12ErrorCode
from tradingpartners.x12.limits import (
    LONGEST_SEGMENT,
    MOST_INTERCHANGE_NUMBERS,
    FindingLimit,
    SeenNumbers,
)
from tradingpartners.x12.segments import (
    LONGEST_INTERCHANGE_HEADER,
    WHITESPACE,
    InterchangeStart,
    element_at,
    read_interchange_start,
)

# Behind a true ISA stands its element separator, which is no letter, digit or blank.
_INTERCHANGE = re.compile(rf"ISA(?=[^A-Za-z0-9{WHITESPACE}])")
_BLANKS = re.compile(rf"[{WHITESPACE}]*")
_ISA = "ISA"
# With less than this unfinished, a chunk is looked at as it comes.
_SHORT = 4_096


def read_stream(chunks: Iterable[bytes] | Iterable[str]) -> Iterator[Event]:
    """What stands in an input, as it becomes known; X12Error where nothing at all can be read.

    A finding about a set comes before the set. The chunks are bytes or text, of any size.
    """
    reader = StreamReader()
    decoder = Decoder()
    for chunk in chunks:
        yield from reader.receive(decoder.decode(chunk))
    yield from reader.receive(decoder.decode(b"", final=True))
    yield from reader.end()


class StreamReader:
    """Reads decoded text as it comes; each iterator is to be exhausted before the next call."""

    def __init__(self) -> None:
        self.window = Window()
        self.findings = FindingLimit()
        self.control_numbers = SeenNumbers(MOST_INTERCHANGE_NUMBERS)
        self.received = 0
        self.interchanges = 0
        self.interchange: InterchangeReader | None = None
        self.gap = _Gap(self.window)

    def receive(self, text: str) -> Iterator[Event]:
        nul = text.find("\0")
        if nul >= 0:
            offset = self.received + nul
            yield from self._receive(text[:nul])
            raise X12Error(X12ErrorCode.NUL_CHARACTER, offset)
        yield from self._receive(text)

    def _receive(self, text: str) -> Iterator[Event]:
        self.received += len(text)
        window = self.window
        window.add(text)
        # A long segment in short chunks is not copied for each of them.
        if (
            self.interchange is None
            or len(window.text) < _SHORT
            or window.pending_length > LONGEST_SEGMENT
            or self.interchange.delimiters.segment in text
        ):
            yield from self._advance()

    def end(self) -> Iterator[Event]:
        self.window.final = True
        yield from self._advance()
        if not self.interchanges:
            raise self.gap.error()
        last = self.findings.rest()
        if last is not None:
            yield last

    def _advance(self) -> Iterator[Event]:
        self.window.take_pending()
        while True:
            if self.interchange is None:
                start = self.gap.find()
                if start is not None or (self.window.final and self.interchanges):
                    yield from self._report(self.gap.finding(start))
                if start is None:
                    return
                self.interchange = self._open(start)
            yield from self.interchange.advance()
            if not self.interchange.done:
                return
            self.interchange = None
            self.gap = _Gap(self.window)

    def _open(self, start: InterchangeStart) -> InterchangeReader:
        self.interchanges += 1
        # A control number is the sender's own: another sender may use the same.
        sender = [element_at(start.elements, number) for number in (5, 6, 7, 8, 13)]
        repeated = self.control_numbers.repeats("*".join(sender))
        return InterchangeReader(self.window, start, findings=self.findings, repeated=repeated)

    def _report(self, finding: Finding | None) -> Iterator[Event]:
        admitted = self.findings.admit(finding) if finding else None
        if admitted:
            yield admitted


class _Gap:
    """What stands before an ISA: before the first, between two, behind the last."""

    def __init__(self, window: Window) -> None:
        self.window = window
        # Where in the input something that is not blank begins.
        self.offset: int | None = None
        self.code = FindingCode.CONTENT_OUTSIDE_INTERCHANGE
        # Why the ISA that should be there cannot be read.
        self.refusal: X12Error | None = None

    def find(self) -> InterchangeStart | None:
        """The next ISA that can be read; None where it has not come yet, or never will."""
        window = self.window
        if self.offset is None and not self._begin():
            window.drop(window.cursor)
            return None
        for match in _INTERCHANGE.finditer(window.text, window.cursor):
            window.cursor = match.start()
            try:
                return read_interchange_start(window.text, window.cursor)
            except X12Error as error:
                if self._is_unfinished(error):
                    break
                self._refuse(error)
        else:
            if not window.final:
                window.cursor = max(window.cursor, len(window.text) - len(_ISA))
        window.drop(window.cursor)
        return None

    def _begin(self) -> bool:
        """Look for the first that is not blank; False where not enough of it has come."""
        window = self.window
        match = _BLANKS.match(window.text, window.cursor)
        window.cursor = match.end() if match else window.cursor
        left = len(window.text) - window.cursor
        if not left or (left <= len(_ISA) and not window.final):
            return False
        self.offset = window.offset(window.cursor)
        if window.text.startswith(_ISA, window.cursor) and not _INTERCHANGE.match(window.text, window.cursor):
            self.refusal = X12Error(
                X12ErrorCode.INVALID_ELEMENT_SEPARATOR
                if left > len(_ISA)
                else X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT,
                self.offset + len(_ISA),
            )
        return True

    def _is_unfinished(self, error: X12Error) -> bool:
        left = len(self.window.text) - self.window.cursor
        cut_short = error.code == X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT
        return cut_short and left < LONGEST_INTERCHANGE_HEADER and not self.window.final

    def _refuse(self, error: X12Error) -> None:
        self.code = FindingCode.INTERCHANGE_HEADER_UNREADABLE
        if self.window.offset(self.window.cursor) == self.offset:
            self.refusal = X12Error(error.code, self.window.offset(error.offset))

    def finding(self, start: InterchangeStart | None) -> Finding | None:
        """That something stands where nothing should: before this ISA, or at the end."""
        if self.offset is None or (start and self.window.offset(start.begin) == self.offset):
            return None
        return Finding(self.code, Location(None, None, 1, _ISA))

    def error(self) -> X12Error:
        """Why there is no interchange in the whole input."""
        if self.offset is None:
            return X12Error(X12ErrorCode.EMPTY, 0)
        return self.refusal or X12Error(X12ErrorCode.NOT_X12, self.offset)
