"""The HL tree of 270, 271 and 278: information source, receiver, subscriber, dependent."""

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


def read_hierarchy(
    transaction: TransactionSet, segments: list[Segment], names: list[str]
) -> tuple[list[HierarchicalLevel], list[Finding]]:
    """The levels in the order they stand in, and what is wrong with their ids."""
    starts = [position for position, name in enumerate(names) if name == "HL"]
    ends = [*starts, len(segments) - 1][1:]
    levels = [_read_level(segments, start, end) for start, end in zip(starts, ends, strict=True)]
    faults = _hierarchy_faults(levels) if levels else [_NO_HIERARCHY]
    return levels, [
        Finding(code, locate(transaction, segments, number or len(segments), element))
        for code, number, element in faults
    ]


def locate(
    transaction: TransactionSet, segments: list[Segment], number: int, element: int | None = None
) -> Location:
    """The place of segment `number` of a set, where ST is 1."""
    return Location(
        transaction.interchange_control_number,
        transaction.control_number,
        number,
        segment_id(segments[number - 1]),
        element,
        transaction.group_control_number,
    )


def _read_level(segments: list[Segment], start: int, end: int) -> HierarchicalLevel:
    hl = segments[start]
    number, parent, level = [*hl[1:4], "", "", ""][:3]
    if level not in _LEVELS:
        number, parent, level = number.strip(), parent.strip(), level.strip()
        if not level:
            level = _level_of_name(segments[start:end])
    return HierarchicalLevel(number, parent, level, start, end)


def _level_of_name(segments: list[Segment]) -> str:
    entities = [element_at(segment, 1) for segment in segments if segment[0] == "NM1"]
    return _LEVEL_OF_ENTITY.get(entities[0], "") if entities else ""


_LEVELS = frozenset(Level)
_Fault = tuple[FindingCode, int, int | None]
_NO_HIERARCHY: _Fault = (FindingCode.HIERARCHY_MISSING, 0, None)


def _hierarchy_faults(levels: list[HierarchicalLevel]) -> list[_Fault]:
    faults: list[_Fault] = []
    seen: set[str] = set()
    for level in levels:
        number = level.start + 1
        if not level.id:
            faults.append((FindingCode.HIERARCHY_ID_MISSING, number, 1))
        elif level.id in seen:
            faults.append((FindingCode.HIERARCHY_ID_REPEATED, number, 1))
        if level.parent_id and level.parent_id not in seen:
            faults.append((FindingCode.HIERARCHY_PARENT_UNKNOWN, number, 2))
        if level.level not in _LEVELS:
            faults.append((FindingCode.HIERARCHY_LEVEL_UNKNOWN, number, 3))
        seen.add(level.id)
    return faults
