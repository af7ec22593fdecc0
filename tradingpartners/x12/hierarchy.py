"""The HL tree of 270, 271 and 278: information source, receiver, subscriber, dependent."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.envelope import TransactionSet
from tradingpartners.x12.errors import Finding, FindingCode, Location
from tradingpartners.x12.segments import Segment, element_at, segment_id


class Level(StrEnum):
    """HL03."""

    INFORMATION_SOURCE = "20"
    INFORMATION_RECEIVER = "21"
    SUBSCRIBER = "22"
    DEPENDENT = "23"


# What HL03 must have been where it is empty: NM101 says who the level is about.
_LEVEL_OF_ENTITY = {
    "PR": Level.INFORMATION_SOURCE,
    "1P": Level.INFORMATION_RECEIVER,
    "IL": Level.SUBSCRIBER,
    "03": Level.DEPENDENT,
    "QC": Level.DEPENDENT,
}


class HierarchicalLevel(NamedTuple):
    """One HL and the segments below it, up to the next HL: `segments[start:end]`."""

    id: str
    parent_id: str
    level: str
    start: int
    end: int


def read_hierarchy(transaction: TransactionSet) -> tuple[list[HierarchicalLevel], list[Finding]]:
    """The levels in the order they stand in, and what is wrong with their ids."""
    segments = transaction.segments
    starts = [position for position, segment in enumerate(segments) if segment[0] == "HL"]
    ends = [*starts, len(segments) - 1][1:]
    levels = [_read_level(segments, start, end) for start, end in zip(starts, ends, strict=True)]
    return levels, list(_hierarchy_faults(transaction, levels))


def locate(transaction: TransactionSet, segment_number: int, element: int | None = None) -> Location:
    """The place of a segment in its set, where ST is 1."""
    return Location(
        transaction.interchange_control_number,
        transaction.control_number,
        segment_number,
        segment_id(transaction.segments[segment_number - 1]),
        element,
        transaction.group_control_number,
    )


def _read_level(segments: list[Segment], start: int, end: int) -> HierarchicalLevel:
    hl = segments[start]
    level = element_at(hl, 3)
    if not level:
        names = [segment for segment in segments[start:end] if segment[0] == "NM1"]
        level = _LEVEL_OF_ENTITY.get(element_at(names[0], 1), "") if names else ""
    return HierarchicalLevel(element_at(hl, 1), element_at(hl, 2), level, start, end)


def _hierarchy_faults(transaction: TransactionSet, levels: list[HierarchicalLevel]) -> Iterator[Finding]:
    if not levels:
        yield Finding(FindingCode.HIERARCHY_MISSING, locate(transaction, len(transaction.segments)))
    seen: set[str] = set()
    for level in levels:
        number = level.start + 1
        if not level.id:
            yield Finding(FindingCode.HIERARCHY_ID_MISSING, locate(transaction, number, 1))
        elif level.id in seen:
            yield Finding(FindingCode.HIERARCHY_ID_REPEATED, locate(transaction, number, 1))
        if level.parent_id and level.parent_id not in seen:
            yield Finding(FindingCode.HIERARCHY_PARENT_UNKNOWN, locate(transaction, number, 2))
        if level.level not in _LEVELS:
            yield Finding(FindingCode.HIERARCHY_LEVEL_UNKNOWN, locate(transaction, number, 3))
        seen.add(level.id)


_LEVELS = frozenset(Level)
