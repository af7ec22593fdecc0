"""Interchanges as bytes and as lists of elements: the simulator's own splitter and writer."""

from collections.abc import Iterable
from dataclasses import dataclass

# Where ISA's element separators stand: its elements have fixed widths.
ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
ISA_LENGTH = 106

Element = str | tuple[str, ...]  # a tuple is one element repeated
Segment = tuple[Element, ...]


class UnreadableError(Exception):
    """The bytes are no interchange that could be answered. `code` says why in one word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Delimiters:
    element: str = "*"
    repetition: str = "^"
    component: str = ":"
    terminator: str = "~"
    line_end: str = ""

    def clean(self, text: str) -> str:
        """X12 has no escape character: a delimiter inside data becomes a space."""
        for mark in (self.element, self.repetition, self.component, self.terminator):
            text = text.replace(mark, " ")
        return text


@dataclass(frozen=True)
class TransactionSet:
    """One ST…SE. `problem` is the 999's IK502 code where its trailer is wrong, else empty."""

    set_id: str
    control_number: str
    segments: tuple[tuple[str, ...], ...]
    problem: str


@dataclass(frozen=True)
class FunctionalGroup:
    header: tuple[str, ...]
    transaction_sets: tuple[TransactionSet, ...]

    @property
    def control_number(self) -> str:
        return self.header[6]


@dataclass(frozen=True)
class Interchange:
    header: tuple[str, ...]
    delimiters: Delimiters
    groups: tuple[FunctionalGroup, ...]

    @property
    def control_number(self) -> str:
        return self.header[13]


def read_interchange(raw: bytes) -> Interchange:
    """Read exactly one ISA…IEA; anything cut short or miscounted outside ST…SE is refused."""
    text = raw.removeprefix(b"\xef\xbb\xbf").decode("latin-1").lstrip(" \r\n")
    delimiters = read_delimiters(text)
    pieces = text.split(delimiters.terminator)
    if pieces.pop().strip():
        raise UnreadableError("cut_short")
    segments = [tuple(piece.strip("\r\n ").split(delimiters.element)) for piece in pieces if piece.strip()]
    trailer = segments[-1]
    if trailer[0] != "IEA" or len(trailer) < 3:
        raise UnreadableError("no_iea")
    groups = tuple(read_groups(segments[1:-1]))
    if trailer[2] != segments[0][13] or trailer[1] != str(len(groups)) or not groups:
        raise UnreadableError("wrong_iea")
    return Interchange(header=segments[0], delimiters=delimiters, groups=groups)


def read_delimiters(text: str) -> Delimiters:
    if not text.startswith("ISA") or len(text) < ISA_LENGTH:
        raise UnreadableError("no_isa")
    separator = text[3]
    if any(text[position] != separator for position in ISA_SEPARATORS):
        raise UnreadableError("shifted_isa")
    delimiters = Delimiters(separator, text[82], text[104], text[105])
    marks = {separator, delimiters.component, delimiters.terminator}
    if len(marks) < 3 or any(mark.isalnum() or mark == " " for mark in marks):
        raise UnreadableError("bad_delimiters")
    return delimiters


def read_groups(segments: list[tuple[str, ...]]) -> Iterable[FunctionalGroup]:
    start = 0
    while start < len(segments):
        header = segments[start]
        ends = (at for at in range(start, len(segments)) if segments[at][0] == "GE")
        end = next(ends, None)
        if header[0] != "GS" or len(header) < 9 or end is None or len(segments[end]) < 3:
            raise UnreadableError("bad_group")
        sets = tuple(read_transaction_sets(segments[start + 1 : end]))
        if segments[end][1:3] != (str(len(sets)), header[6]):
            raise UnreadableError("wrong_ge")
        yield FunctionalGroup(header=header, transaction_sets=sets)
        start = end + 1


def read_transaction_sets(segments: list[tuple[str, ...]]) -> Iterable[TransactionSet]:
    start = 0
    while start < len(segments):
        ends = (at for at in range(start, len(segments)) if segments[at][0] == "SE")
        end = next(ends, None)
        header = segments[start]
        if header[0] != "ST" or len(header) < 3 or end is None or len(segments[end]) < 3:
            raise UnreadableError("bad_transaction_set")
        yield TransactionSet(
            set_id=header[1],
            control_number=header[2],
            segments=tuple(segments[start + 1 : end]),
            problem=trailer_problem(header, segments[end], count=end - start + 1),
        )
        start = end + 1


def trailer_problem(header: tuple[str, ...], trailer: tuple[str, ...], *, count: int) -> str:
    """IK502: 3 is a control number that differs, 4 a wrong count of segments."""
    if trailer[2] != header[2]:
        return "3"
    return "" if trailer[1] == str(count) else "4"


def write_segment(segment: Segment, delimiters: Delimiters) -> str:
    parts = []
    for element in segment:
        repeats = (element,) if isinstance(element, str) else element
        parts.append(delimiters.repetition.join(delimiters.clean(part) for part in repeats))
    while parts[-1] == "":
        parts.pop()
    return delimiters.element.join(parts) + delimiters.terminator + delimiters.line_end
