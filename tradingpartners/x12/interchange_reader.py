"""Read one interchange, from its ISA to its IEA or to where it stops being one.

Only the envelope's own segments are looked for, by one pattern made from the delimiters; what
stands between ST and SE stays text until somebody reads it. So this costs less than `str.split`.
"""

import re
from functools import lru_cache

from tradingpartners.x12.elements import read_date, read_time
from tradingpartners.x12.envelope import (
    FUNCTIONAL_IDS,
    IMPLEMENTATIONS,
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeHeader,
    RefusedSet,
    TransactionSet,
)
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, FindingCode, Location
from tradingpartners.x12.segments import (
    LONGEST_SEGMENT,
    WHITESPACE,
    InterchangeStart,
    Segment,
    count_segments,
    element_at,
    oversize,
    segment_id,
    split_segments,
)

# Behind a true ISA stands its element separator, which is no letter, digit or blank.
HEADER_ID = rf"ISA(?![A-Za-z0-9{WHITESPACE}])"


@lru_cache(maxsize=64)
def _control_segments(element: str, terminator: str) -> re.Pattern[str]:
    """Finds the segments of the envelope; an ISA may come with other delimiters than these.

    The blanks leave the terminator out and are possessive: a megabyte of empty lines stays linear.
    """
    e, t = re.escape(element), re.escape(terminator)
    blanks = WHITESPACE.replace(terminator, "")
    return re.compile(rf"{t}[{blanks}]*+({HEADER_ID}|(?:GS|ST|SE|GE|IEA|TA1)(?=[{e}{t}]|\Z))")


def _number(text: str) -> int:
    """A count, or -1 where there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


class _OpenGroup:
    """A functional group while it is read; an empty header where the input has no GS."""

    def __init__(self, header: Segment, segment_number: int) -> None:
        self.header = header
        self.segment_number = segment_number
        self.control_number = element_at(header, 6)
        self.version = element_at(header, 8)
        self.transactions: list[TransactionSet] = []
        self.set_control_numbers: set[str] = set()
        self.sets_received = 0
        self.sets_stated: int | None = None
        self.refused: list[RefusedSet] = []
        self.set_ids: set[str] = set()

    @property
    def has_header(self) -> bool:
        return bool(self.header)

    def close(self) -> FunctionalGroup:
        header = self.header
        return FunctionalGroup(
            functional_id=element_at(header, 1),
            sender=element_at(header, 2),
            receiver=element_at(header, 3),
            date=read_date(element_at(header, 4)),
            time=read_time(element_at(header, 5)),
            control_number=self.control_number,
            version=self.version,
            transactions=tuple(self.transactions),
            refused=tuple(self.refused),
            sets_stated=self.sets_stated,
        )

    def refuse(self, open_set: "_OpenSet") -> None:
        self.refused.append(
            RefusedSet(
                open_set.set_id,
                open_set.control_number,
                open_set.version or self.version,
                self.sets_received - 1,
            )
        )


class _OpenSet:
    """A transaction set whose SE has not come yet."""

    def __init__(self, header: Segment, start: int) -> None:
        self.set_id = element_at(header, 1)
        self.control_number = element_at(header, 2)
        self.version = element_at(header, 3)
        self.start = start


class InterchangeReader:
    """Reads one interchange from its ISA to its IEA, or to where it stops being one."""

    def __init__(self, text: str, start: InterchangeStart) -> None:
        self.text = text
        self.start = start
        self.delimiters = start.delimiters
        self.control_number = element_at(start.elements, 13)
        self.findings: list[Finding] = []
        self.groups: list[FunctionalGroup] = []
        self.group_control_numbers: set[str] = set()
        self.acknowledgements: list[InterchangeAcknowledgement] = []
        self.group: _OpenGroup | None = None
        self.open_set: _OpenSet | None = None
        self.cursor = start.end  # everything before it is dealt with
        self.segments_seen = 1
        self.trailer_seen = self.complete = False

    def read(self) -> tuple[Interchange, list[Finding]]:
        if not self.start.padded:
            self._find(FindingCode.INTERCHANGE_HEADER_NOT_PADDED, "ISA")
        handlers = {
            "GS": self._group_header,
            "ST": self._set_header,
            "SE": self._set_trailer,
            "GE": self._group_trailer,
            "IEA": self._interchange_trailer,
            "TA1": self._acknowledgement,
        }
        element, terminator = self.delimiters.element, self.delimiters.segment
        text, stop = self.text, len(self.text)
        pattern = _control_segments(element, terminator)
        for match in pattern.finditer(text, self.start.end - 1):
            begin, name = match.start(1), match.group(1)
            if name == "ISA":
                stop = begin
                break
            end = text.find(terminator, begin)
            handlers[name](begin, end + 1 if end >= 0 else stop, end >= 0)
            if self.trailer_seen:
                break
        self._end(stop)
        return self._interchange(), self.findings

    def _interchange(self) -> Interchange:
        elements = self.start.elements
        header = InterchangeHeader(
            sender_qualifier=element_at(elements, 5),
            sender=element_at(elements, 6),
            receiver_qualifier=element_at(elements, 7),
            receiver=element_at(elements, 8),
            date=read_date(element_at(elements, 9)),
            time=read_time(element_at(elements, 10)),
            repetition=self.delimiters.repetition,
            version=element_at(elements, 12),
            control_number=self.control_number,
            acknowledgement_requested=element_at(elements, 14) == "1",
            usage=element_at(elements, 15),
        )
        return Interchange(
            header=header,
            delimiters=self.delimiters,
            groups=tuple(self.groups),
            acknowledgements=tuple(self.acknowledgements),
            span=(self.start.begin, self.cursor),
            complete=self.complete,
        )

    # What each segment of the envelope does; `end` is behind its terminator.

    def _group_header(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        self._leave_group()
        group = _OpenGroup(self._take(begin, end), self.segments_seen)
        self.group = group
        if group.control_number in self.group_control_numbers:
            self._find(FindingCode.GROUP_CONTROL_NUMBER_REPEATED, "GS", 6)
        self.group_control_numbers.add(group.control_number)
        if group.version.startswith("005010") and element_at(self.start.elements, 12) != "00501":
            self._find(FindingCode.INTERCHANGE_VERSION_WRONG, "ISA", 12, number=1)

    def _set_header(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        self._report_between(begin)
        group = self.group
        if group is None:
            self._find(FindingCode.GROUP_HEADER_MISSING, "ST", number=self.segments_seen + 1)
            group = self.group = _OpenGroup([], self.segments_seen)
        self.open_set = _OpenSet(self._split(begin, end), begin)
        group.sets_received += 1
        if group.has_header and self.open_set.set_id not in group.set_ids:
            group.set_ids.add(self.open_set.set_id)
            self._check_group(group, self.open_set.set_id)

    def _set_trailer(self, begin: int, end: int, terminated: bool) -> None:
        open_set, group = self.open_set, self.group
        if open_set is None or group is None:
            self._take(begin, end)
            self._find(FindingCode.SET_HEADER_MISSING, "SE")
            return
        seen = self.segments_seen
        text = self._close_set(open_set, end)
        if not text:
            group.refuse(open_set)
            return
        transaction = TransactionSet(
            set_id=open_set.set_id,
            control_number=open_set.control_number,
            version=open_set.version or group.version,
            text=text,
            delimiters=self.delimiters,
            segment_count=self.segments_seen - seen,
            span=(open_set.start, end),
            interchange_control_number=self.control_number,
            group_control_number=group.control_number,
        )
        faults = _set_faults(transaction, self._split(begin, end), group)
        group.set_control_numbers.add(transaction.control_number)
        self.findings += faults
        if not terminated:
            self._find_in_set(FindingCode.SEGMENT_TERMINATOR_MISSING, open_set, text)
        # Where the text stops inside SE and SE disagrees, the set may have been cut.
        if terminated or not faults:
            group.transactions.append(transaction)
        else:
            group.refuse(open_set)

    def _group_trailer(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        segment = self._take(begin, end)
        group = self.group
        if group is None:
            self._find(FindingCode.GROUP_HEADER_MISSING, "GE")
            return
        stated = _number(element_at(segment, 1))
        group.sets_stated = stated if stated >= 0 else None
        if stated != group.sets_received:
            self._find(FindingCode.SET_COUNT_WRONG, "GE", 1)
        if element_at(segment, 2) != group.control_number:
            self._find(FindingCode.GROUP_CONTROL_NUMBER_MISMATCH, "GE", 2)
        if not terminated:
            self._find(FindingCode.SEGMENT_TERMINATOR_MISSING, "GE")
        self.groups.append(group.close())
        self.group = None

    def _interchange_trailer(self, begin: int, end: int, terminated: bool) -> None:
        self._leave_set(begin)
        self._leave_group()
        segment = self._take(begin, end)
        agrees = element_at(segment, 2) == self.control_number
        if _number(element_at(segment, 1)) != len(self.groups):
            self._find(FindingCode.GROUP_COUNT_WRONG, "IEA", 1)
        if not agrees:
            self._find(FindingCode.INTERCHANGE_CONTROL_NUMBER_MISMATCH, "IEA", 2)
        if not terminated:
            self._find(FindingCode.SEGMENT_TERMINATOR_MISSING, "IEA")
        self.trailer_seen = True
        self.complete = terminated or agrees

    def _acknowledgement(self, begin: int, end: int, terminated: bool) -> None:
        if self.open_set is not None:  # then it is a segment of that set, wherever it came from
            return
        segment = self._take(begin, end)
        if self.group is not None or self.groups:  # X12.5 has TA1 before the first GS
            self._find(FindingCode.SEGMENT_UNEXPECTED, "TA1")
        self.acknowledgements.append(
            InterchangeAcknowledgement(
                control_number=element_at(segment, 1),
                date=read_date(element_at(segment, 2)),
                time=read_time(element_at(segment, 3)),
                code=element_at(segment, 4),
                note=element_at(segment, 5),
            )
        )

    # What ends without its trailer

    def _leave_set(self, begin: int) -> None:
        """A set is not kept where something else follows before its SE."""
        open_set = self.open_set
        if open_set is not None and self.group is not None:
            self.group.refuse(open_set)
            text = self._close_set(open_set, begin)
            self._find_in_set(FindingCode.SET_TRAILER_MISSING, open_set, text)

    def _leave_group(self) -> None:
        if self.group is not None:
            if self.group.has_header:
                self._find(FindingCode.GROUP_TRAILER_MISSING, "GS", number=self.group.segment_number)
            self.groups.append(self.group.close())
            self.group = None

    def _end(self, stop: int) -> None:
        if not self.trailer_seen:
            self._leave_set(stop)
            self._report_between(stop)
            self._leave_group()
            self._find(FindingCode.INTERCHANGE_TRAILER_MISSING, "ISA", number=1)

    # Pieces

    def _split(self, begin: int, end: int) -> Segment:
        """One segment of the envelope; nothing that long is one."""
        return split_segments(self.text[begin : min(end, begin + LONGEST_SEGMENT)], self.delimiters)[0]

    def _take(self, begin: int, end: int) -> Segment:
        self._report_between(begin)
        self.cursor = end
        self.segments_seen += 1
        return self._split(begin, end)

    def _close_set(self, open_set: _OpenSet, end: int) -> str:
        """The text of a set, none where one of its limits is exceeded."""
        text = self.text[open_set.start : end]
        self.cursor, self.open_set = end, None
        code = oversize(text, self.delimiters)
        if code is not None:
            self._find_in_set(code, open_set, "")
            self.segments_seen += text.count(self.delimiters.segment)
            return ""
        self.segments_seen += count_segments(text, self.delimiters)
        return text

    def _report_between(self, begin: int) -> None:
        """What stands between two segments of the envelope and belongs to no set."""
        between = self.text[self.cursor : begin]
        self.cursor = begin
        if not between.strip(WHITESPACE):
            return
        for piece in between.split(self.delimiters.segment):
            if piece.strip(WHITESPACE):
                self.segments_seen += 1
                if len(self.findings) <= MOST_FINDINGS:
                    name, *_ = piece.lstrip(WHITESPACE)[:4].split(self.delimiters.element)
                    self._find(FindingCode.SEGMENT_UNEXPECTED, segment_id(name))

    # Findings

    def _check_group(self, group: _OpenGroup, set_id: str) -> None:
        """GS01 and GS08 fit the ST01 of the sets in the group."""
        number = group.segment_number
        if element_at(group.header, 1) != FUNCTIONAL_IDS.get(set_id, element_at(group.header, 1)):
            self._find(FindingCode.FUNCTIONAL_ID_WRONG, "GS", 1, number=number)
        if group.version not in IMPLEMENTATIONS.get(set_id, (group.version,)):
            self._find(FindingCode.VERSION_UNEXPECTED, "GS", 8, number=number)

    def _find(
        self, code: FindingCode, name: str, element: int | None = None, number: int | None = None
    ) -> None:
        """A finding outside of a set, where ISA is segment 1; without a number, the last one."""
        group = self.group.control_number if self.group else None
        number = number or self.segments_seen
        place = Location(self.control_number, None, number, name, element, group)
        self.findings.append(Finding(code, place))

    def _find_in_set(self, code: FindingCode, open_set: _OpenSet, text: str) -> None:
        """A finding about the last segment of a set, or its ST."""
        segments = split_segments(text, self.delimiters) if text else [["ST"]]
        place = Location(
            interchange=self.control_number,
            transaction=open_set.control_number,
            segment_number=len(segments),
            segment_id=segment_id(segments[-1][0]),
            group=self.group.control_number if self.group else None,
        )
        self.findings.append(Finding(code, place))


def _set_faults(transaction: TransactionSet, trailer: Segment, group: _OpenGroup) -> list[Finding]:
    """SE01 and SE02 agree with what came, ST02 is new in its group, ST03 is GS08."""
    count = transaction.segment_count
    faults: list[tuple[FindingCode, int, str, int]] = []
    if _number(element_at(trailer, 1)) != count:
        faults.append((FindingCode.SEGMENT_COUNT_WRONG, count, "SE", 1))
    if element_at(trailer, 2) != transaction.control_number:
        faults.append((FindingCode.SET_CONTROL_NUMBER_MISMATCH, count, "SE", 2))
    if transaction.control_number in group.set_control_numbers:
        faults.append((FindingCode.SET_CONTROL_NUMBER_REPEATED, 1, "ST", 2))
    if group.version and transaction.version != group.version:
        faults.append((FindingCode.VERSION_MISMATCH, 1, "ST", 3))
    interchange, control_number = transaction.interchange_control_number, transaction.control_number
    in_group = transaction.group_control_number
    return [
        Finding(code, Location(interchange, control_number, number, name, element, in_group))
        for code, number, name, element in faults
    ]
