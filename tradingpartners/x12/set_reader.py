"""What the readers of 270, 271 and 999 share: one set, its segments, what is found wrong with it."""

from functools import lru_cache

from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, FindingCode, Location
from tradingpartners.x12.parties import DateRange, read_dtp
from tradingpartners.x12.segments import SEGMENT_IDS, Segment, segment_id, segment_texts


class _Names(dict[str, str]):
    """The id of a segment by its first four characters: an id has three at most.

    One that is longer is none, and stands for itself as far as it is looked at.
    """

    def __init__(self, element: str) -> None:
        super().__init__()
        self.element = element

    def __missing__(self, start: str) -> str:
        name = start.partition(self.element)[0]
        if len(self) < _MOST_NAMES:
            self[start] = name
        return name


_MOST_NAMES = 4_096
_names_of = lru_cache(maxsize=16)(_Names)


def _texts_and_names(transaction: TransactionSet) -> tuple[list[str], list[str]]:
    """The segments of a set and their ids; blanks around segments show in ids that are none."""
    text, delimiters = transaction.text, transaction.delimiters
    known = _names_of(delimiters.element)
    texts = text.split(delimiters.segment)
    if not texts[-1]:
        texts.pop()
    names = [known[each[:4]] for each in texts]
    if "\n" in text or "\r" in text or not SEGMENT_IDS.issuperset(names):
        texts = segment_texts(text, delimiters)
        names = [known[each[:4]] for each in texts]
    return texts, names


class SetReader:
    """Walks one transaction set. Positions count from 0, segment numbers (ST is 1) from 1.

    Segments stay text until one is looked at: of a 271, most are benefits that repeat word for
    word in the answers for other people, and are known by their text.
    """

    def __init__(self, transaction: TransactionSet) -> None:
        self.transaction = transaction
        self.element = transaction.delimiters.element
        # `names.index` looks a segment up far faster than a loop over segments.
        self.texts, self.names = _texts_and_names(transaction)
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
