"""What the readers of 270, 271 and 999 share: one set, its segments, what is found wrong with it."""

from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, FindingCode, Location
from tradingpartners.x12.parties import DateRange, read_dtp
from tradingpartners.x12.segments import Segment, segment_id, segment_texts


class SetReader:
    """Walks one transaction set. Positions count from 0, segment numbers (ST is 1) from 1.

    Segments stay text until one is looked at: of a 271, most are benefits that repeat word for
    word in the answers for other people, and are known by their text.
    """

    def __init__(self, transaction: TransactionSet) -> None:
        self.transaction = transaction
        self.texts = segment_texts(transaction.text, transaction.delimiters)
        self.element = element = transaction.delimiters.element
        # `names.index` looks a segment up far faster than a loop over segments.
        self.names = [text.partition(element)[0] for text in self.texts]
        self.findings: list[Finding] = []

    def segment(self, position: int) -> Segment:
        return self.texts[position].split(self.element)

    def find(
        self,
        code: FindingCode,
        number: int,
        element: int | None = None,
        *,
        loop: str | None = None,
        component: int | None = None,
        missing: str | None = None,
    ) -> None:
        """A finding about a segment, or about one that is missing where it should have stood."""
        if len(self.findings) > MOST_FINDINGS:  # one more than anybody is told
            return
        transaction = self.transaction
        place = Location(
            interchange=transaction.interchange_control_number,
            transaction=transaction.control_number,
            segment_number=number,
            segment_id=missing or segment_id(self.names[number - 1]),
            element=element,
            group=transaction.group_control_number,
            component=component,
            loop=loop,
        )
        self.findings.append(Finding(code, place))

    def check_names(self, known: frozenset[str]) -> None:
        """Find the segments that are none of this set: most often a delimiter stood in the data."""
        if known.issuperset(self.names):
            return
        for number, name in enumerate(self.names, 1):
            if name not in known:
                valid = bool(segment_id(name))
                code = FindingCode.SEGMENT_UNEXPECTED if valid else FindingCode.SEGMENT_ID_INVALID
                self.find(code, number)

    def first(self, name: str, start: int, end: int) -> int:
        """Where the first such segment is; `end` where there is none."""
        try:
            return self.names.index(name, start, end)
        except ValueError:
            return end

    def everywhere(self, name: str) -> list[int]:
        """Where such segments are in the whole set: fast where there are few."""
        positions: list[int] = []
        at = -1
        for _ in range(self.names.count(name)):
            at = self.names.index(name, at + 1)
            positions.append(at)
        return positions

    def by_name(self, start: int, end: int) -> dict[str, list[int]]:
        """Where the segments of a stretch are, by their ids."""
        found: dict[str, list[int]] = {}
        names = self.names
        for position in range(start, end):
            found.setdefault(names[position], []).append(position)
        return found

    def all(self, name: str, start: int, end: int) -> list[int]:
        """Where such segments are."""
        names = self.names
        return [position for position in range(start, end) if names[position] == name]

    def date_range(self, position: int, loop: str | None = None) -> DateRange:
        """DTP, and a finding where its date cannot be read."""
        period, unreadable = read_dtp(self.texts[position], self.transaction.delimiters)
        if unreadable:
            self.find(FindingCode.DATE_INVALID, position + 1, 3, loop=loop)
        return period
