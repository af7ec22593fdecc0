"""Read one interchange, from its ISA to its IEA or to where it stops being one.

Only the envelope's own segments are looked for, by one pattern made from the delimiters; what
stands between ST and SE stays text until somebody reads it. So this costs less than `str.split`.

The input comes in pieces. What a piece decides is dealt with at once, and no more than one
unfinished segment and one unfinished set are kept; nothing depends on where the pieces were cut.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from tradingpartners.x12.envelope.checks import (
    group_faults,
    header_faults,
    identifier,
    misfits,
    read_acknowledgement,
    read_header,
    read_number,
    set_faults,
)
from tradingpartners.x12.envelope.open_envelopes import OpenGroup, OpenSet, OwnFindings
from tradingpartners.x12.envelope.values import Event, InterchangeClosed, InterchangeOpened
from tradingpartners.x12.envelope.window import Window
from tradingpartners.x12.errors import Finding, FindingCode, Location
from tradingpartners.x12.limits import (
    LONGEST_IDENTIFIER,
    LONGEST_SEGMENT,
    MOST_SET_NUMBERS,
    FindingLimit,
    SeenNumbers,
)
from tradingpartners.x12.segments import (
    WHITESPACE,
    InterchangeStart,
    Segment,
    element_at,
    segment_id,
    segment_texts,
)


@lru_cache(maxsize=64)
def _control_segments(element: str, terminator: str, final: bool) -> re.Pattern[str]:
    """Finds the segments of the envelope; an ISA may come with other delimiters than these.

    One is known by the character behind its name, or by the end of the input. The blanks leave the
    terminator out and are possessive: a megabyte of empty lines stays linear.
    """
    e, t, end = re.escape(element), re.escape(terminator), r"|\Z" if final else ""
    blanks = WHITESPACE.replace(terminator, "")
    header = rf"ISA(?=[^A-Za-z0-9{WHITESPACE}]{end})"
    return re.compile(rf"{t}[{blanks}]*+({header}|(?:GS|ST|SE|GE|IEA|TA1)(?=[{e}{t}]{end}))")


class InterchangeReader:
    """Reads one interchange from its ISA to its IEA, or to where it stops being one."""

    def __init__(
        self, window: Window, start: InterchangeStart, *, findings: FindingLimit, repeated: bool
    ) -> None:
        self.window = window
        self.delimiters = start.delimiters
        self.header = read_header(start)
        self.control_number = self.header.control_number
        self.version = self.header.version
        self.offset = window.offset(start.begin)
        self.findings = findings
        self.own_findings = OwnFindings()
        self.repeated = repeated
        self.events: list[Event] = [InterchangeOpened(self.header, self.delimiters, self.offset)]
        self.group_control_numbers = SeenNumbers(MOST_SET_NUMBERS)
        self.groups = 0
        self.group: OpenGroup | None = None
        self.open_set: OpenSet | None = None
        self.segments_seen = 1
        # The cursor stands inside a segment of which no more is wanted.
        self.skipping = False
        self.done = False
        window.cursor = start.end
        self._check_header(start)
        self.handlers = {
            "GS": self._group_header,
            "ST": self._set_header,
            "SE": self._set_trailer,
            "GE": self._group_trailer,
            "IEA": self._interchange_trailer,
            "TA1": self._acknowledgement,
        }

    def advance(self) -> Iterator[Event]:
        """What the window decides, in the order it stands there."""
        yield from self.events
        events = self.events = []
        window, delimiters = self.window, self.delimiters
        pattern = _control_segments(delimiters.element, delimiters.segment, window.final)
        for match in pattern.finditer(window.text, max(window.cursor - 1, 0)):
            if not self._control_segment(match.group(1), match.start(1)):
                break
            if events:
                yield from events
                events.clear()
            if self.done:
                return
        if window.final:
            self._end(len(window.text))
        else:
            self._settle()
        yield from events
        events.clear()

    def _control_segment(self, name: str, begin: int) -> bool:
        """Deal with one segment of the envelope; False where the rest of it has not come yet."""
        if name == "ISA":
            self._end(begin)
            return True
        text, limit = self.window.text, begin + LONGEST_SEGMENT + 1
        end = text.find(self.delimiters.segment, begin, limit) + 1
        if end:
            self.handlers[name](begin, end, True)
        elif limit <= len(text):
            self._cut_short(name, begin, limit)
        elif self.window.final:
            self.handlers[name](begin, len(text), False)
        else:
            return False
        return True

    def _cut_short(self, name: str, begin: int, end: int) -> None:
        """A segment that is too long is read as far as any is; a set it belongs to says so."""
        of_set = name == "ST" or (self.open_set is not None and name in ("SE", "TA1"))
        self.handlers[name](begin, end, True)
        if not of_set and not self.done:
            self._find(FindingCode.SEGMENT_TOO_LONG, name)
        self.skipping = self.open_set is None

    # What each segment of the envelope does; `end` is behind its terminator.

    def _group_header(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        self._report_between(begin)
        self._leave_group()
        header = self._take(begin, end)
        group = self.group = OpenGroup(header, self.segments_seen)
        self.events.append(group.opened())
        for code, element in group_faults(header):
            self._find(code, "GS", element)
        known = len(group.control_number) < LONGEST_IDENTIFIER  # of a longer one only the beginning is
        if known and self.group_control_numbers.repeats(group.control_number):
            self._find(FindingCode.GROUP_CONTROL_NUMBER_REPEATED, "GS", 6)
        if group.version.startswith("005010") and self.version != "00501":
            self._find(FindingCode.INTERCHANGE_VERSION_WRONG, "ISA", 12, number=1)
            self.version = "00501"  # said once

    def _set_header(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        self._report_between(begin)
        group = self.group
        if group is None:
            self._find(FindingCode.GROUP_HEADER_MISSING, "ST", number=self.segments_seen + 1)
            group = self.group = OpenGroup([], self.segments_seen)
            self.events.append(group.opened())
        open_set = self.open_set = OpenSet(
            self._split(begin, end), self.window.offset(begin), self.delimiters
        )
        group.sets_received += 1
        for code, element in set_faults(open_set.set_id, open_set.control_number):
            self._find_in_set(code, open_set, 1, "ST", element)
        if group.header and group.is_new(open_set.set_id):
            for code, element in misfits(group.header, open_set.set_id):
                self._find(code, "GS", element, number=group.segment_number)

    def _set_trailer(self, begin: int, end: int, terminated: bool) -> None:
        open_set, group = self.open_set, self.group
        if open_set is None or group is None:
            self._take(begin, end)
            self._find(FindingCode.SET_HEADER_MISSING, "SE")
            return
        text, count = self._close_set(open_set, end)
        if not text:
            self.events.append(group.refuse(open_set))
            return
        faults = open_set.faults(self._split(begin, end), count, group)
        for code, number, name, element in faults:
            self._find_in_set(code, open_set, number, name, element)
        if not terminated:
            self._find_in_set(FindingCode.SEGMENT_TERMINATOR_MISSING, open_set, count, "SE")
        # Where the text stops inside SE and SE disagrees, the set may have been cut.
        if terminated or not faults:
            offset = self.window.offset(end)
            self.events.append(open_set.transaction(text, count, offset, group, self.control_number))
        else:
            self.events.append(group.refuse(open_set))

    def _group_trailer(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        segment = self._take(begin, end)
        group = self.group
        if group is None:
            self._find(FindingCode.GROUP_HEADER_MISSING, "GE")
            return
        group.sets_stated = read_number(element_at(segment, 1))
        if group.sets_stated != group.sets_received:
            self._find(FindingCode.SET_COUNT_WRONG, "GE", 1)
        if identifier(segment, 2) != group.control_number:
            self._find(FindingCode.GROUP_CONTROL_NUMBER_MISMATCH, "GE", 2)
        if not terminated:
            self._find(FindingCode.SEGMENT_TERMINATOR_MISSING, "GE")
        self._close_group(group, complete=True)

    def _interchange_trailer(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        self._report_between(begin)
        self._leave_group()
        segment = self._take(begin, end)
        agrees = element_at(segment, 2) == self.control_number
        if read_number(element_at(segment, 1)) != self.groups:
            self._find(FindingCode.GROUP_COUNT_WRONG, "IEA", 1)
        if not agrees:
            self._find(FindingCode.INTERCHANGE_CONTROL_NUMBER_MISMATCH, "IEA", 2)
        if not terminated:
            self._find(FindingCode.SEGMENT_TERMINATOR_MISSING, "IEA")
        self._close(complete=terminated or agrees)

    def _acknowledgement(self, begin: int, end: int, terminated: bool) -> None:
        if self.open_set is not None:  # then it is a segment of that set, wherever it came from
            return
        segment = self._take(begin, end)
        if self.group is not None or self.groups:  # X12.5 has TA1 before the first GS
            self._find(FindingCode.SEGMENT_UNEXPECTED, "TA1")
        self.events.append(read_acknowledgement(segment))

    # What ends, and what ends without its trailer

    def _leave_set(self, begin: int) -> None:
        """A set is not kept where something else follows before its SE."""
        open_set = self.open_set
        if open_set is not None and self.group is not None:
            text, count = self._close_set(open_set, begin)
            name = segment_texts(text, self.delimiters)[-1] if text else "ST"
            name = segment_id(name.split(self.delimiters.element, 1)[0])
            self._find_in_set(FindingCode.SET_TRAILER_MISSING, open_set, count if text else 1, name)
            self.events.append(self.group.refuse(open_set))

    def _leave_group(self) -> None:
        group = self.group
        if group is not None:
            if group.header:
                self._find(FindingCode.GROUP_TRAILER_MISSING, "GS", number=group.segment_number)
            self._close_group(group, complete=False)

    def _close_group(self, group: OpenGroup, *, complete: bool) -> None:
        if not group.sets_received:
            self._find(FindingCode.SET_HEADER_MISSING, "GS", number=group.segment_number)
        self.events.append(group.closed(complete=complete))
        self.groups += 1
        self.group = None

    def _end(self, stop: int) -> None:
        """The input, or what belongs to this interchange of it, ends without IEA."""
        self._leave_set(stop)
        self._report_between(stop)
        self._leave_group()
        self._find(FindingCode.INTERCHANGE_TRAILER_MISSING, "ISA", number=1)
        self._close(complete=False)

    def _close(self, *, complete: bool) -> None:
        span = (self.offset, self.window.offset(self.window.cursor))
        found = tuple(self.own_findings.kept)
        self.events.append(InterchangeClosed(self.header, self.groups, span, complete, self.repeated, found))
        self.done = True

    # Pieces

    def _split(self, begin: int, end: int) -> Segment:
        """One segment of the envelope."""
        delimiters = self.delimiters
        return self.window.text[begin:end].removesuffix(delimiters.segment).split(delimiters.element)

    def _take(self, begin: int, end: int) -> Segment:
        self._report_between(begin)
        self.window.cursor = end
        self.segments_seen += 1
        return self._split(begin, end)

    def _close_set(self, open_set: OpenSet, end: int) -> tuple[str, int]:
        """The text of a set, none where one of its limits is exceeded, and its segments."""
        window = self.window
        text, count = open_set.close(window.text[window.cursor : end])
        window.cursor, self.open_set, self.skipping = end, None, False
        self.segments_seen += count
        limits = open_set.limits
        if limits is not None and limits.exceeded is not None:
            self._find_in_set(limits.exceeded, open_set, limits.segments, limits.segment_id)
        return text, count

    def _report_between(self, begin: int) -> None:
        """What stands between two segments of the envelope and belongs to no set."""
        window = self.window
        between = window.text[window.cursor : begin]
        window.cursor = begin
        if self.skipping:
            self.skipping = False
            between = between.partition(self.delimiters.segment)[2]
        if not between.strip(WHITESPACE):
            return
        for piece in between.split(self.delimiters.segment):
            if piece.strip(WHITESPACE):
                self._report_piece(piece)

    def _report_piece(self, piece: str) -> None:
        self.segments_seen += 1
        own = self.group.findings if self.group else self.own_findings
        if not self.findings.reached or FindingCode.SEGMENT_UNEXPECTED not in own.counts:
            name, *_ = piece.lstrip(WHITESPACE)[:4].split(self.delimiters.element)
            self._find(FindingCode.SEGMENT_UNEXPECTED, segment_id(name))

    def _settle(self) -> None:
        """Deal with all whole segments, so that no more than an unfinished one stays in the window."""
        window = self.window
        end = window.text.rfind(self.delimiters.segment, window.cursor) + 1
        if end and self.open_set is not None:
            self.open_set.take(window.text[window.cursor : end])
            window.cursor, self.skipping = end, False
        elif end:
            self._report_between(end)
        if not self.skipping and len(window.text) - window.cursor > LONGEST_SEGMENT:
            self._skip_segment()
        window.drop(len(window.text) if self.skipping else window.cursor - 1)

    def _skip_segment(self) -> None:
        """Begin to drop an unfinished segment that is too long already, or the blanks before one."""
        window, tail = self.window, self.window.text[self.window.cursor :]
        blanks = len(tail) - len(tail.lstrip(WHITESPACE))
        if len(tail) - blanks > LONGEST_SEGMENT:
            self.skipping = True
            if self.open_set is None:
                self._report_piece(tail)
            else:
                self.open_set.take(tail)
        elif blanks > LONGEST_SEGMENT:
            if self.open_set is not None:
                self.open_set.take(tail[:blanks])
            window.drop_blanks(window.cursor + blanks)

    # Findings

    def _check_header(self, start: InterchangeStart) -> None:
        if not start.padded:
            self._find(FindingCode.INTERCHANGE_HEADER_NOT_PADDED, "ISA")
        for code, element in header_faults(start):
            self._find(code, "ISA", element)
            if code == FindingCode.INTERCHANGE_VERSION_WRONG:
                self.version = "00501"  # said once
        if self.repeated:
            self._find(FindingCode.INTERCHANGE_CONTROL_NUMBER_REPEATED, "ISA", 13)

    def _find(
        self, code: FindingCode, name: str, element: int | None = None, number: int | None = None
    ) -> None:
        """A finding outside of a set, where ISA is segment 1; without a number, the last one."""
        group = self.group.control_number if self.group else None
        number = number or self.segments_seen
        finding = Finding(code, Location(self.control_number, None, number, name, element, group))
        self.own_findings.add(finding)
        if self.group and name != "ISA":
            self.group.findings.add(finding)
        self._report(finding)

    def _find_in_set(
        self,
        code: FindingCode,
        open_set: OpenSet,
        number: int,
        name: str,
        element: int | None = None,
    ) -> None:
        """A finding in a set, where ST is segment 1."""
        group = self.group.control_number if self.group else None
        place = Location(self.control_number, open_set.control_number, number, name, element, group)
        finding = Finding(code, place)
        open_set.findings.append(finding)
        self._report(finding)

    def _report(self, finding: Finding) -> None:
        admitted = self.findings.admit(finding)
        if admitted is not None:
            self.events.append(admitted)
