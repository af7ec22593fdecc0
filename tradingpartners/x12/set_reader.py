"""What the readers of 270, 271 and 999 share: one set, its segments, what is found wrong with it."""

from tradingpartners.x12.envelope import TransactionSet
from tradingpartners.x12.errors import Finding, FindingCode
from tradingpartners.x12.hierarchy import locate
from tradingpartners.x12.parties import DateRange, is_unreadable, read_date_range


class SetReader:
    """Walks one transaction set. Positions count from 0, segment numbers (ST is 1) from 1."""

    def __init__(self, transaction: TransactionSet) -> None:
        self.transaction = transaction
        self.segments = transaction.segments
        # `names.index` looks a segment up far faster than a loop over segments.
        self.names = [segment[0] for segment in self.segments]
        self.findings: list[Finding] = []

    def find(self, code: FindingCode, number: int, element: int | None = None) -> None:
        self.findings.append(Finding(code, locate(self.transaction, self.segments, number, element)))

    def first(self, name: str, start: int, end: int) -> int:
        """Where the first such segment is; `end` where there is none."""
        try:
            return self.names.index(name, start, end)
        except ValueError:
            return end

    def all(self, name: str, start: int, end: int) -> list[int]:
        """Where such segments are."""
        names = self.names
        return [position for position in range(start, end) if names[position] == name]

    def date_range(self, position: int) -> DateRange:
        """DTP, and a finding where its date cannot be read."""
        segment = self.segments[position]
        period = read_date_range(segment)
        if is_unreadable(period, segment):
            self.find(FindingCode.DATE_INVALID, position + 1, 3)
        return period
