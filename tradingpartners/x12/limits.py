"""Limits against hostile input: what one transaction set, one segment, one element may hold.

Each is far above what any guide allows. They bound work and memory, they judge nobody's syntax.
"""

from collections.abc import Iterator

from tradingpartners.x12.errors import MOST_FINDINGS, Finding, FindingCode
from tradingpartners.x12.segments import WHITESPACE, Delimiters, segment_id

# Of a segment of the envelope no more is looked at either.
LONGEST_SEGMENT = 65_536
# Some ten thousand ordinary answers under one ST.
LONGEST_SET = 8_000_000
MOST_SEGMENTS = 500_000
MOST_ELEMENTS = 1_000
# Both in one element, a composite with its repetitions.
MOST_REPETITIONS = 1_000
MOST_COMPONENTS = 1_000
# HLs in a set, and how deep they may stand below each other: 278 has six levels.
MOST_LEVELS = 50_000
DEEPEST_LEVEL = 20
# How many control numbers a reader remembers to know one that comes again.
MOST_SET_NUMBERS = 100_000
MOST_INTERCHANGE_NUMBERS = 10_000
MOST_SET_IDS = 100
# No identifier of an envelope is longer; of a longer one only the beginning is kept.
LONGEST_IDENTIFIER = 35

# Nothing this short exceeds a limit, whatever is in it.
HARMLESS = min(LONGEST_SEGMENT, MOST_SEGMENTS, MOST_ELEMENTS, MOST_REPETITIONS, MOST_COMPONENTS, MOST_LEVELS)
# How much is looked at together.
_BLOCK = 1_000_000


class SetLimits:
    """Counts one transaction set while it comes, piece by piece, until it exceeds a limit.

    A piece ends where a segment ends, or is the beginning of a segment that is too long already:
    so the verdict does not depend on how the input was cut.
    """

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self.level = f"HL{delimiters.element}"
        self.length = self.segments = self.levels = 0
        self.exceeded: FindingCode | None = None
        # The id of the segment that exceeded it; `segments` is its number.
        self.segment_id = ""

    def take(self, piece: str) -> None:
        for block in _blocks(piece, self.delimiters.segment):
            if self.exceeded is None:
                self._take(block)

    def _take(self, block: str) -> None:
        terminator = self.delimiters.segment
        length = self.length + len(block)
        segments = self.segments + block.count(terminator) + (not block.endswith(terminator))
        levels = self.levels + block.count(self.level)
        in_all = length > LONGEST_SET or segments > MOST_SEGMENTS or levels > MOST_LEVELS
        if in_all or self._may_exceed(block):
            self._look_closely(block)
        else:
            self.length, self.segments, self.levels = length, segments, levels

    def _may_exceed(self, block: str) -> bool:
        """Whether one segment can be too large: counting costs nothing beside a closer look."""
        element, component, repetition, terminator = self.delimiters
        if len(block) <= HARMLESS:
            return False
        return (
            len(block) > LONGEST_SEGMENT
            or block.count(element) > MOST_ELEMENTS
            or block.count(component) > MOST_COMPONENTS
            or (bool(repetition) and block.count(repetition) > MOST_REPETITIONS)
        ) and max(map(len, block.split(terminator))) > HARMLESS

    def _look_closely(self, block: str) -> None:
        """Segment by segment."""
        begin = 0
        while begin < len(block) and self.exceeded is None:
            end = block.find(self.delimiters.segment, begin)
            end = len(block) if end < 0 else end
            self.segments += 1
            self.exceeded = self._excess(block[begin:end])
            if self.exceeded is not None:
                # Not more than is sure to be there, however the input was cut.
                start = block[begin : min(end, begin + LONGEST_SEGMENT + 1)].lstrip()
                self.segment_id = segment_id(start[:4].split(self.delimiters.element)[0])
            self.length += end + 1 - begin
            begin = end + 1

    def _excess(self, segment: str) -> FindingCode | None:
        element, component, repetition, _ = self.delimiters
        self.levels += segment.count(self.level)
        if self.length > LONGEST_SET:
            return FindingCode.SET_TOO_LONG
        if self.segments > MOST_SEGMENTS:
            return FindingCode.TOO_MANY_SEGMENTS
        if len(segment) > LONGEST_SEGMENT and _is_too_long(segment):
            return FindingCode.SEGMENT_TOO_LONG
        if segment.count(element) > MOST_ELEMENTS:
            return FindingCode.TOO_MANY_ELEMENTS
        if self.levels > MOST_LEVELS:
            return FindingCode.TOO_MANY_LEVELS
        if repetition and _holds_more(segment, element, repetition, MOST_REPETITIONS):
            return FindingCode.TOO_MANY_REPETITIONS
        if _holds_more(segment, element, component, MOST_COMPONENTS):
            return FindingCode.TOO_MANY_COMPONENTS
        return None


def _blocks(piece: str, terminator: str) -> Iterator[str]:
    """A piece in blocks of whole segments, so that no list of all its segments is ever made."""
    begin = 0
    while begin < len(piece):
        end = piece.rfind(terminator, begin, begin + _BLOCK) + 1
        if len(piece) - begin <= _BLOCK:
            end = len(piece)
        elif not end:
            end = piece.find(terminator, begin + _BLOCK) + 1 or len(piece)
        yield piece[begin:end]
        begin = end


def _is_too_long(segment: str) -> bool:
    """The blanks before a segment count by themselves: what stands behind them may be another's."""
    begun = len(segment.lstrip(WHITESPACE))
    return max(begun, len(segment) - begun) > LONGEST_SEGMENT


def _holds_more(segment: str, separator: str, delimiter: str, most: int) -> bool:
    """Whether one element holds more of this delimiter."""
    return segment.count(delimiter) > most and any(
        element.count(delimiter) > most for element in segment.split(separator)
    )


class SeenNumbers:
    """Control numbers met before; a file of a million is not remembered whole."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.seen: set[str] = set()

    def repeats(self, number: str) -> bool:
        if number in self.seen:
            return True
        if len(self.seen) < self.most:
            self.seen.add(number)
        return False


class FindingLimit:
    """Lets the findings of one input through until there are more than anyone reads.

    As `cap_findings` does: the last one then says that there were more, so it is held back.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last: Finding | None = None

    @property
    def reached(self) -> bool:
        return self.count > MOST_FINDINGS

    def admit(self, finding: Finding) -> Finding | None:
        self.count += 1
        if self.count < MOST_FINDINGS:
            return finding
        if self.count == MOST_FINDINGS:
            self.last = finding
        elif self.last is not None:
            finding, self.last = self.last, None
            return finding._replace(code=FindingCode.TOO_MANY_FINDINGS)
        return None

    def rest(self) -> Finding | None:
        """The one held back, at the end of the input."""
        return self.last
