"""A functional group and a transaction set while they are read."""

from tradingpartners.x12.elements import read_date, read_time
from tradingpartners.x12.envelope.checks import identifier, read_number
from tradingpartners.x12.envelope.values import GroupClosed, GroupOpened, RefusedSet, TransactionSet
from tradingpartners.x12.errors import Finding, FindingCode
from tradingpartners.x12.limits import (
    HARMLESS,
    LONGEST_IDENTIFIER,
    MOST_SET_IDS,
    MOST_SET_NUMBERS,
    SeenNumbers,
    SetLimits,
)
from tradingpartners.x12.segments import Delimiters, Segment, count_segments, element_at

# How many findings of one kind an envelope keeps: who rejects it asks which kinds there are.
_MOST_OF_A_KIND = 20


class OwnFindings:
    """What is wrong with one interchange or one group, whatever else is wrong with the input."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.counts: dict[FindingCode, int] = {}

    def add(self, finding: Finding) -> None:
        count = self.counts[finding.code] = self.counts.get(finding.code, 0) + 1
        if count <= _MOST_OF_A_KIND:
            self.kept.append(finding)


class OpenGroup:
    """A functional group; an empty header where the input has no GS."""

    def __init__(self, header: Segment, segment_number: int) -> None:
        self.header = header
        self.segment_number = segment_number
        self.control_number = identifier(header, 6)
        self.version = identifier(header, 8)
        self.set_control_numbers = SeenNumbers(MOST_SET_NUMBERS)
        self.set_ids: set[str] = set()
        self.sets_received = self.sets_refused = 0
        self.sets_stated: int | None = None
        self.findings = OwnFindings()

    def opened(self) -> GroupOpened:
        header = self.header
        return GroupOpened(
            functional_id=identifier(header, 1),
            sender=identifier(header, 2),
            receiver=identifier(header, 3),
            date=read_date(element_at(header, 4)),
            time=read_time(element_at(header, 5)),
            control_number=self.control_number,
            version=self.version,
        )

    def closed(self, *, complete: bool) -> GroupClosed:
        return GroupClosed(
            self.control_number,
            self.sets_received,
            self.sets_refused,
            self.sets_stated,
            complete,
            tuple(self.findings.kept),
        )

    def repeats(self, control_number: str) -> bool:
        """Whether a set before had this ST02; of one that is too long only the beginning is known."""
        return len(control_number) < LONGEST_IDENTIFIER and self.set_control_numbers.repeats(control_number)

    def is_new(self, set_id: str) -> bool:
        """Whether no set before had this ST01: what it says of the GS is said once."""
        if set_id in self.set_ids or len(self.set_ids) >= MOST_SET_IDS:
            return False
        self.set_ids.add(set_id)
        return True

    def refuse(self, open_set: "OpenSet") -> RefusedSet:
        self.sets_refused += 1
        return RefusedSet(
            open_set.set_id,
            open_set.control_number,
            open_set.version or self.version,
            self.sets_received - 1,
            tuple(open_set.findings),
        )


class OpenSet:
    """A transaction set whose SE has not come yet; `offset` is where in the input its ST begins.

    The pieces that came are kept until SE, or until they exceed a limit: then only counted.
    """

    def __init__(self, header: Segment, offset: int, delimiters: Delimiters) -> None:
        self.set_id = identifier(header, 1)
        self.control_number = identifier(header, 2)
        self.version = identifier(header, 3)
        self.offset = offset
        self.delimiters = delimiters
        self.pieces: list[str] = []
        self.limits: SetLimits | None = None
        self.findings: list[Finding] = []
        self.terminators = 0

    def take(self, piece: str) -> None:
        """A piece that ends where a segment ends, or one that is too long already does not."""
        if self.limits is None:
            self.limits = SetLimits(self.delimiters)
        self.limits.take(piece)
        self.terminators += piece.count(self.delimiters.segment)
        self.pieces.append(piece)
        if self.limits.exceeded is not None:
            self.pieces.clear()

    def close(self, piece: str) -> tuple[str, int]:
        """Its text and how many segments it has; no text where it exceeded a limit."""
        if self.limits is None and len(piece) <= HARMLESS:
            return piece, count_segments(piece, self.delimiters)
        self.take(piece)
        if not self.pieces:
            return "", self.terminators
        text = "".join(self.pieces)
        return text, count_segments(text, self.delimiters)

    def faults(
        self, trailer: Segment, count: int, group: OpenGroup
    ) -> list[tuple[FindingCode, int, str, int]]:
        """SE01 and SE02 agree with what came, ST02 is new in its group, ST03 is GS08."""
        faults: list[tuple[FindingCode, int, str, int]] = []
        if read_number(element_at(trailer, 1)) != count:
            faults.append((FindingCode.SEGMENT_COUNT_WRONG, count, "SE", 1))
        if identifier(trailer, 2) != self.control_number:
            faults.append((FindingCode.SET_CONTROL_NUMBER_MISMATCH, count, "SE", 2))
        if group.repeats(self.control_number):
            faults.append((FindingCode.SET_CONTROL_NUMBER_REPEATED, 1, "ST", 2))
        if group.version and self.version and self.version != group.version:
            faults.append((FindingCode.VERSION_MISMATCH, 1, "ST", 3))
        return faults

    def transaction(
        self, text: str, count: int, end: int, group: OpenGroup, interchange: str
    ) -> TransactionSet:
        return TransactionSet(
            set_id=self.set_id,
            control_number=self.control_number,
            version=self.version or group.version,
            text=text,
            delimiters=self.delimiters,
            segment_count=count,
            span=(self.offset, end),
            interchange_control_number=interchange,
            group_control_number=group.control_number,
            findings=tuple(self.findings),
        )
