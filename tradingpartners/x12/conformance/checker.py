"""Whether a transaction set is what its guide says: which segments, where, how often, with what.

A pass of its own beside the readers, which take what they can: this one says all that is wrong, as
precisely as a 999 can. A segment is looked for where the set has come to; where it does not fit it
is found wrong once, and what follows is checked from the same place.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from tradingpartners.x12.conformance.guide_tables import (
    WHOLE_SET,
    Guide,
    Item,
    Loop,
    LoopUse,
    SegmentUse,
    guide_for,
)
from tradingpartners.x12.conformance.segment_check import Fault, check_segment
from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, FindingCode, Location, cap_findings
from tradingpartners.x12.segments import Delimiters, Segment, element_at, segment_id
from tradingpartners.x12.set_reader import SetReader

# Segments in which nobody stands, and which come again word for word: their faults are remembered.
_REPEATING = frozenset(["AAA", "DTP", "EB", "EQ", "HSD", "III", "LE", "LS"])

_HL = "HL"
_LAST = "SE"


def check_content(
    transaction: TransactionSet, delimiters: Delimiters, *, read: Iterable[Finding] = ()
) -> tuple[Finding, ...]:
    """What is wrong with a set by its guide, and what its reader found beyond that."""
    guide = guide_for(transaction)
    if guide is None:
        return tuple(read)
    return _merge(_Checker(transaction, delimiters, guide).check(), tuple(read))


def _merge(checked: tuple[Finding, ...], read: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What the check and the reader of one set found, each place once.

    The check knows better what is wrong; but where money stands in the wrong element, the reader
    knows more than that it is no code.
    """
    found = list(checked)
    misplaced = {_spot(each) for each in read if each.code is FindingCode.AMOUNT_MISPLACED}
    found = [each for each in found if _spot(each) not in misplaced]
    said = {_spot(each) for each in found}
    found += [each for each in read if each.code not in _OF_THE_SET and _spot(each) not in said]
    found.sort(key=lambda finding: finding.at.segment_number)
    return cap_findings(found)


# What the check says of the set as a whole, whatever place the readers give it.
_OF_THE_SET = frozenset([FindingCode.SEGMENT_MISSING, FindingCode.HIERARCHY_MISSING])


def _spot(finding: Finding) -> tuple[int, int | None]:
    return finding.at.segment_number, finding.at.element


class _OpenLoop:
    """A loop while its segments come: how far it is, and what came how often."""

    __slots__ = ("loop", "place", "uses")

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.place = 0
        self.uses = [0] * len(loop.items)

    def missing(self, until: int) -> Iterator[Item]:
        """What the guide requires from here to another place and has not come."""
        for item in self.loop.items:
            if self.place <= item.place < until and item.required and not self.uses[item.position]:
                yield item


class _Level(NamedTuple):
    """An HL that was read."""

    number: int
    id: str
    level: str
    children_stated: str
    loop: str


class _Checker(SetReader):
    """Walks one set; holds the loops that are open, the transaction set outermost."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters, guide: Guide) -> None:
        super().__init__(transaction)
        self.delimiters = delimiters
        self.guide = guide
        self.open: list[_OpenLoop] = [_OpenLoop(guide.loops[WHOLE_SET])]
        self.levels: list[_Level] = []
        self.ids: dict[str, int] = {}
        self.with_children: set[int] = set()
        # The HLs above the place it has come to, as indexes of `levels`.
        self.above: list[int] = []
        # Below an HL of no level that the guide knows, nothing can be placed.
        self.lost = False

    def check(self) -> tuple[Finding, ...]:
        for position, name in enumerate(self.names):
            if name == _LAST:
                self.lost = False
            if name == _HL and self.guide.levels:
                self._level(position)
            elif not self.lost:
                self._place(position, name)
            if len(self.findings) > MOST_FINDINGS:
                break
        else:
            self._check_children()
        self.findings.sort(key=lambda finding: finding.at.segment_number)
        return cap_findings(self.findings)

    # Where a segment belongs

    def _place(self, position: int, name: str) -> None:
        """Find the place of a segment: as it should be first, as it may have been meant then."""
        value = self._first_value(position)

        def fits(use: SegmentUse) -> bool:
            codes = use.qualifier.codes
            return not codes or value in codes

        def any_code(use: SegmentUse) -> bool:
            return True

        found = self._ahead(name, fits) or self._ahead(name, any_code, with_room=True)
        if found:
            self._enter(*found, position)
            return
        passed = self._passed(name, fits)
        if passed is None and self._enter_unopened(name, fits, position):
            return
        passed = passed or self._passed(name, any_code)
        if passed is None:
            self._find(self._misfit(name), position, self.open[-1].loop.id)
            return
        self._find(FindingCode.SEGMENT_OUT_OF_ORDER, position, self._loop_id(passed.loop))
        self._check_elements(passed, position)

    def _first_value(self, position: int) -> str:
        """The first element, in its first repetition and component: what tells segments apart."""
        value = (self.texts[position].split(self.element, 2)[1:2] or [""])[0]
        if self.delimiters.repetition:
            value = value.partition(self.delimiters.repetition)[0]
        return value.partition(self.delimiters.component)[0].strip()

    def _ahead(
        self, name: str, fits: Callable[[SegmentUse], bool], *, with_room: bool = False
    ) -> tuple[int, Item] | None:
        """A place from here on, innermost loop first; or one that is not full."""
        for depth in range(len(self.open) - 1, -1, -1):
            loop = self.open[depth]
            for item in loop.loop.by_segment.get(name, ()):
                if item.place < loop.place or not fits(self._segment_of(item)):
                    continue
                if not with_room or isinstance(item, SegmentUse) or loop.uses[item.position] < item.most:
                    return depth, item
        return None

    def _passed(self, name: str, fits: Callable[[SegmentUse], bool]) -> SegmentUse | None:
        """The place of a segment that comes too late."""
        for loop in reversed(self.open):
            for item in loop.loop.by_segment.get(name, ()):
                if isinstance(item, SegmentUse) and item.place < loop.place and fits(item):
                    return item
        return None

    def _enter_unopened(self, name: str, fits: Callable[[SegmentUse], bool], position: int) -> bool:
        """A segment of a loop whose first segment is missing."""
        for depth in range(len(self.open) - 1, -1, -1):
            loop = self.open[depth]
            for item in loop.loop.items:
                if isinstance(item, SegmentUse) or item.level or item.place < loop.place:
                    continue
                inner = self.guide.loops[item.id]
                for within in inner.by_segment.get(name, ()):
                    if loop.uses[item.position] < item.most and fits(self._segment_of(within)):
                        self._open(depth, item, position)
                        self._find_missing(inner.opener, position, inner.id)
                        self._enter(depth + 1, within, position)
                        return True
        return False

    def _misfit(self, name: str) -> FindingCode:
        if not segment_id(name):
            return FindingCode.SEGMENT_ID_INVALID
        known = name in self.guide.segment_ids
        return FindingCode.SEGMENT_UNEXPECTED if known else FindingCode.SEGMENT_NOT_IN_SET

    # Going there

    def _enter(self, depth: int, item: Item, position: int) -> None:
        """Go to an item of the loop at a depth, and check the segment that stands there."""
        if isinstance(item, LoopUse):
            self._open(depth, item, position)
            self._check_elements(self.guide.loops[item.id].opener, position)
            return
        self._go(depth, item, position)
        if self.open[depth].uses[item.position] > item.most:
            self._find(FindingCode.SEGMENT_TOO_OFTEN, position, self._loop_id(item.loop))
        self._check_elements(item, position)

    def _open(self, depth: int, item: LoopUse, position: int) -> None:
        self._go(depth, item, position)
        inner = _OpenLoop(self.guide.loops[item.id])
        inner.uses[0] = 1
        if self.open[depth].uses[item.position] > item.most:
            self._find(FindingCode.LOOP_TOO_OFTEN, position, inner.loop.id)
        self.open.append(inner)

    def _go(self, depth: int, item: Item, position: int) -> None:
        """Close the loops below a depth and count what comes there."""
        while len(self.open) > depth + 1:
            self._close(position)
        loop = self.open[depth]
        for missing in loop.missing(item.place):
            self._miss(missing, position, loop.loop.id)
        loop.place = max(loop.place, item.place)
        loop.uses[item.position] += 1

    def _close(self, position: int) -> None:
        loop = self.open.pop()
        for missing in loop.missing(len(loop.loop.items)):
            self._miss(missing, position, loop.loop.id)

    def _miss(self, item: Item, position: int, loop: str) -> None:
        if isinstance(item, LoopUse):
            self._find_missing(self.guide.loops[item.id].opener, position, self._loop_id(item.id))
        else:
            self._find_missing(item, position, loop)

    def _find_missing(self, use: SegmentUse, position: int, loop: str) -> None:
        """It is missing before the segment that came in its place."""
        no_levels = use.id == _HL and not self.levels
        code = FindingCode.HIERARCHY_MISSING if no_levels else FindingCode.SEGMENT_MISSING
        self._find(code, position, loop, missing_id=use.id)

    # Hierarchy

    def _level(self, position: int) -> None:
        """HL: begins its level anew, whatever was open."""
        segment = self.segment(position)
        level = element_at(segment, 3)
        use = self.guide.levels.get(level)
        self.lost = use is None
        while len(self.open) > 1:
            self._close(position)
        if use is None:
            code = FindingCode.HIERARCHY_LEVEL_UNKNOWN if level else FindingCode.ELEMENT_MISSING
            self._find(code, position, "", Fault(code, 3))
            self._check_id(segment, position, "")
            self._count_child(element_at(segment, 2))
        else:
            self._check_id(segment, position, use.id)
            self._check_parent(segment, use, position)
            self._enter(0, use, position)
        identity = element_at(segment, 1)
        self.above.append(len(self.levels))
        self.ids[identity] = len(self.levels)
        self.levels.append(
            _Level(position + 1, identity, level, element_at(segment, 4), use.id if use else "")
        )

    def _check_id(self, segment: Segment, position: int, loop: str) -> None:
        """HL01 counts from 1."""
        identity = element_at(segment, 1)
        before = self.levels[-1].id if self.levels else "0"
        if not identity:
            return
        if identity in self.ids:
            self._find_in_hl(FindingCode.HIERARCHY_ID_REPEATED, position, 1, loop)
        elif _number(before) is not None and _number(identity) != (_number(before) or 0) + 1:
            self._find_in_hl(FindingCode.HIERARCHY_ID_OUT_OF_SEQUENCE, position, 1, loop)

    def _check_parent(self, segment: Segment, use: LoopUse, position: int) -> None:
        """HL02 is a level that stands above, of a kind that this one may stand below."""
        parent = element_at(segment, 2)
        if not use.below or not parent:
            self.above = []
            return
        at = self._count_child(parent)
        if at is None:
            self._find_in_hl(FindingCode.HIERARCHY_PARENT_UNKNOWN, position, 2, use.id)
            return
        above = self.levels[at]
        if at not in self.above or (above.loop and above.level not in use.below):
            self._find_in_hl(FindingCode.HIERARCHY_PARENT_WRONG, position, 2, use.id)
        if at in self.above:
            del self.above[self.above.index(at) + 1 :]

    def _count_child(self, parent: str) -> int | None:
        """Which level has one more below it."""
        at = self.ids.get(parent)
        if at is not None:
            self.with_children.add(at)
        return at

    def _check_children(self) -> None:
        """HL04 says whether there are levels below."""
        for index, level in enumerate(self.levels):
            stated = {"0": False, "1": True}.get(level.children_stated)
            if level.loop and stated is not None and stated != (index in self.with_children):
                self._find_in_hl(FindingCode.HIERARCHY_CHILDREN_WRONG, level.number - 1, 4, level.loop)

    def _find_in_hl(self, code: FindingCode, position: int, element: int, loop: str) -> None:
        self._find(code, position, loop, Fault(code, element))

    # Elements and findings

    def _check_elements(self, use: SegmentUse, position: int) -> None:
        text = self.texts[position]
        if use.id in _REPEATING:
            faults = _remembered(use, text, self.delimiters)
        else:
            faults = check_segment(use, text, self.delimiters)
        for fault in faults:
            self._find(fault.code, position, self._loop_id(use.loop), fault)

    def _segment_of(self, item: Item) -> SegmentUse:
        return self.guide.loops[item.id].opener if isinstance(item, LoopUse) else item

    def _loop_id(self, loop: str) -> str:
        return self.guide.loops[loop].id

    def _find(
        self,
        code: FindingCode,
        position: int,
        loop: str,
        fault: Fault | None = None,
        missing_id: str = "",
    ) -> None:
        transaction = self.transaction
        place = Location(
            interchange=transaction.interchange_control_number,
            transaction=transaction.control_number,
            segment_number=position + 1,
            segment_id=missing_id or segment_id(self.names[position]),
            element=fault.element if fault else None,
            group=transaction.group_control_number,
            component=fault.component if fault else None,
            repetition=fault.repetition if fault else None,
            loop=None if loop in ("", WHOLE_SET) else loop,
        )
        self.findings.append(Finding(code, place))


_remembered = lru_cache(maxsize=8192)(check_segment)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None
