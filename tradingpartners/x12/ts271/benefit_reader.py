"""Read 2110 of a 271, its 2115 and its 2120: each EB with the segments that stand below it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.parties import RelatedEntity, read_entity, read_reference
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.ts271.benefits import PLAIN, known_benefits, read_benefit
from tradingpartners.x12.ts271.values import Benefit, Rejection

Found = dict[str, list[int]]


class Loops(NamedTuple):
    """What the guide calls the loops of a person."""

    level: str
    name: str
    benefit: str
    related: str


_OF_BENEFIT = frozenset(["HSD", "REF", "DTP", "AAA", "MSG", "III"])
_OF_ENTITY = frozenset(["N3", "N4", "PER", "PRV"])
_BELOW_EB = _OF_BENEFIT | _OF_ENTITY | {"NM1", "LS", "LE"}
# What most benefits have that say who gives them.
_LONE_NAME = ["LS", "NM1", "LE"]
_SEGMENT_IDS = "ST BHT HL TRN NM1 REF N3 N4 PER AAA PRV DMG INS HI DTP MPI EB HSD MSG III LS LE SE"
# AAAs kept of one loop, where the guide has nine.
_MOST_REJECTIONS = 100
# The segments of a 271; others have been found before, wherever they stand.
SEGMENTS = frozenset(_SEGMENT_IDS.split())


class BenefitReader(SetReader):
    """The part of the reader of a 271 that knows what belongs to a benefit."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction)
        self.delimiters = delimiters
        self.known = known_benefits(delimiters)
        self.has_rejections = "AAA" in self.names

    def benefits(self, start: int, end: int, loops: Loops) -> list[Benefit]:
        """The EBs from `start` on, where the first stands; each goes up to the next."""
        names, texts, terminator = self.names, self.texts, self.delimiters.segment
        known = self.known
        positions = self.all("EB", start, end)
        benefits = []
        for at, following in zip(positions, [*positions[1:], end], strict=True):
            if following == at + 1:
                text = texts[at]
            elif following == at + 2 and names[at + 1] in PLAIN:
                text = texts[at] + terminator + texts[at + 1]
            else:
                benefits.append(self._benefit_and_below(at, following, loops))
                continue
            benefit = known.get((text, at + 1))
            benefits.append(benefit or self._benefit(text, range(at, following), loops))
        return benefits

    def _benefit(self, text: str, positions: Sequence[int], loops: Loops) -> Benefit:
        """An EB and the plain segments below it, which stand at these positions."""
        benefit, faults = read_benefit(text, positions[0] + 1, self.delimiters)
        for fault in faults:
            number = positions[fault.segment] + 1
            self.find(fault.code, number, fault.element, loop=loops.benefit, component=fault.component)
        return benefit

    def _benefit_and_below(self, start: int, end: int, loops: Loops) -> Benefit:
        names, texts, element = self.names, self.texts, self.element
        if names[start + 1 : end] == _LONE_NAME:
            text = texts[start]
            benefit = self.known.get((text, start + 1)) or self._benefit(text, [start], loops)
            entity = read_entity([self.segment(start + 2)])
            return tuple.__new__(Benefit, (*benefit[:17], (entity,), *benefit[18:]))
        plain = [start]
        messages: list[str] = []
        others = False
        for at in range(start + 1, end):
            name = names[at]
            if name == "MSG":
                messages.append(element_at(texts[at].split(element, 2), 1))
            elif name in PLAIN:
                plain.append(at)
            else:
                others = True
        text = self.delimiters.segment.join([texts[at] for at in plain])
        benefit = self.known.get((text, start + 1)) or self._benefit(text, plain, loops)
        if others:
            return self._benefit_and_others(benefit, tuple(messages), start + 1, end, loops)
        fields = (*benefit[:14], tuple(messages), *benefit[15:])
        return tuple.__new__(Benefit, fields) if messages else benefit

    def _benefit_and_others(
        self, benefit: Benefit, messages: tuple[str, ...], start: int, end: int, loops: Loops
    ) -> Benefit:
        """With REF, AAA and 2120."""
        found = self.by_name(start, end)
        self._check_below(found, loops)
        references = [read_reference(self.segment(at)) for at in found.get("REF", ())]
        rejections = self.rejections_at(found["AAA"], loops.benefit) if "AAA" in found else ()
        entities = self._entities(found["NM1"][0], end) if "NM1" in found else ()
        fields = (
            *benefit[:14],
            messages,
            start,
            tuple(references),
            entities,
            *benefit[18:21],
            rejections,
            *benefit[22:],
        )
        return tuple.__new__(Benefit, fields)

    def _entities(self, start: int, end: int) -> tuple[RelatedEntity, ...]:
        """2120: every NM1 with what follows it, whether or not LS and LE stand around them."""
        entities: list[list[Segment]] = []
        for position in range(start, end):
            name = self.names[position]
            if name == "NM1":
                entities.append([])
            elif name not in _OF_ENTITY:
                continue
            entities[-1].append(self.segment(position))
        return tuple([read_entity(segments) for segments in entities])

    def _check_below(self, found: Found, loops: Loops) -> None:
        """Segments that the guide has nowhere below an EB, or not behind an NM1, or only there."""
        related_at = found["NM1"][0] if "NM1" in found else None
        for name, positions in found.items():
            if name not in _BELOW_EB or (name in _OF_ENTITY and related_at is None):
                self.unexpected(positions, loops.benefit)
            elif name in _OF_BENEFIT and related_at is not None:
                # Payers put the MSG of a benefit behind its LE. It stays with the benefit.
                self.unexpected([at for at in positions if at > related_at], loops.related)

    def rejections_at(self, positions: Sequence[int], loop: str) -> tuple[Rejection, ...]:
        """The AAAs of one loop. Each person below an upper level has all of its, so they are bounded."""
        self.unexpected(positions[_MOST_REJECTIONS:], loop)
        return tuple([self._rejection(loop, at) for at in positions[:_MOST_REJECTIONS]])

    def _rejection(self, loop: str, position: int) -> Rejection:
        segment = self.segment(position)
        valid_request, code, follow_up = [element_at(segment, at) for at in (1, 3, 4)]
        if not code:
            self.find(FindingCode.ELEMENT_MISSING, position + 1, 3, loop=loop)
        return Rejection(loop, valid_request or None, code or None, follow_up or None, position + 1)

    def unexpected(self, positions: Iterable[int], loop: str) -> None:
        """Segments of this set that stand in a loop where the guide has none of them."""
        for position in positions:
            if self.names[position] in SEGMENTS:
                self.find(FindingCode.SEGMENT_UNEXPECTED, position + 1, loop=loop)
