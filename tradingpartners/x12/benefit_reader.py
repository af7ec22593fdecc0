"""Read 2110 of a 271, its 2115 and its 2120: each EB with the segments that stand below it."""

from collections.abc import Iterable
from typing import NamedTuple

from tradingpartners.x12.benefits import PLAIN, Faults, read_benefit
from tradingpartners.x12.envelope import TransactionSet
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.parties import RelatedEntity, read_entity, read_name, read_reference
from tradingpartners.x12.segments import Delimiters, element_at
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.ts271 import Benefit, Rejection

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
_SEGMENT_IDS = "ST BHT HL TRN NM1 REF N3 N4 PER AAA PRV DMG INS HI DTP MPI EB HSD MSG III LS LE SE"
# The segments of a 271; others have been found before, wherever they stand.
SEGMENTS = frozenset(_SEGMENT_IDS.split())


class BenefitReader(SetReader):
    """The part of the reader of a 271 that knows what belongs to a benefit."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction)
        self.delimiters = delimiters
        self.has_rejections = "AAA" in self.names

    def benefits(self, start: int, end: int, loops: Loops) -> list[Benefit]:
        """The EBs from `start` on, where the first stands; each goes up to the next."""
        texts, delimiters = self.texts, self.delimiters
        positions = self.all("EB", start, end)
        benefits = []
        for at, following in zip(positions, [*positions[1:], end], strict=True):
            if following > at + 1:
                benefits.append(self._benefit_and_below(at, following, loops))
                continue
            benefit, faults = read_benefit(texts[at], at + 1, delimiters)
            if faults:
                self._report(faults, [at], loops)
            benefits.append(benefit)
        return benefits

    def _benefit_and_below(self, start: int, end: int, loops: Loops) -> Benefit:
        names, texts = self.names, self.texts
        plain = [at for at in range(start, end) if names[at] in PLAIN]
        text = self.delimiters.segment.join([texts[at] for at in plain])
        benefit, faults = read_benefit(text, start + 1, self.delimiters)
        if faults:
            self._report(faults, plain, loops)
        if len(plain) == end - start:
            return benefit
        found = self.by_name(start + 1, end)
        self._check_below(found, loops)
        segment = self.segment
        return benefit._replace(
            messages=tuple([element_at(segment(at), 1) for at in found.get("MSG", ())]),
            references=tuple([read_reference(segment(at)) for at in found.get("REF", ())]),
            entities=self._entities(found, end, loops) if "NM1" in found else (),
            rejections=tuple([self.rejection(loops.benefit, at) for at in found.get("AAA", ())]),
        )

    def _entities(self, found: Found, end: int, loops: Loops) -> tuple[RelatedEntity, ...]:
        """2120: every NM1 with what follows it, whether or not LS and LE stand around them."""
        entities: list[list[int]] = []
        for position in range(found["NM1"][0], end):
            name = self.names[position]
            if name == "NM1":
                entities.append([])
            elif name not in _OF_ENTITY:
                continue
            entities[-1].append(position)
        return tuple([self.entity(positions) for positions in entities])

    def _check_below(self, found: Found, loops: Loops) -> None:
        """Segments that the guide has nowhere below an EB, or not behind an NM1, or only there."""
        related_at = found["NM1"][0] if "NM1" in found else None
        for name, positions in found.items():
            if name not in _BELOW_EB or (name in _OF_ENTITY and related_at is None):
                self.unexpected(positions, loops.benefit)
            elif name in _OF_BENEFIT and related_at is not None:
                # Payers put the MSG of a benefit behind its LE. It stays with the benefit.
                self.unexpected([at for at in positions if at > related_at], loops.related)

    def entity(self, positions: list[int]) -> RelatedEntity:
        """An NM1 and what stands with it."""
        if len(positions) == 1:
            return read_name(self.texts[positions[0]], self.delimiters)
        return read_entity([self.segment(at) for at in positions])

    def rejection(self, loop: str, position: int) -> Rejection:
        """AAA."""
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

    def _report(self, faults: Faults, positions: list[int], loops: Loops) -> None:
        """The faults of a benefit, whose segments stand at these positions."""
        for fault in faults:
            number = positions[fault.segment] + 1
            self.find(fault.code, number, fault.element, loop=loops.benefit, component=fault.component)
