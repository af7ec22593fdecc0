"""The HL tree of 270, 271 and 278: information source, receiver, subscriber, dependent."""

from typing import NamedTuple

from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.limits import DEEPEST_LEVEL
from tradingpartners.x12.remembering import remember
from tradingpartners.x12.segments import Delimiters, element_at
from tradingpartners.x12.set_reader import SetReader

# HL03. No enum: on the path of every answer its member costs more than the comparison.
INFORMATION_SOURCE = "20"
INFORMATION_RECEIVER = "21"
SUBSCRIBER = "22"
DEPENDENT = "23"

_LEVELS = frozenset([INFORMATION_SOURCE, INFORMATION_RECEIVER, SUBSCRIBER, DEPENDENT])
# What HL03 must have been where it is empty: NM101 says who the level is about.
_LEVEL_OF_ENTITY = {
    "PR": INFORMATION_SOURCE,
    "X3": INFORMATION_SOURCE,
    "1P": INFORMATION_RECEIVER,
    "IL": SUBSCRIBER,
    "03": DEPENDENT,
    "QC": DEPENDENT,
}


_LOOPS = {
    INFORMATION_SOURCE: "2000A",
    INFORMATION_RECEIVER: "2000B",
    SUBSCRIBER: "2000C",
    DEPENDENT: "2000D",
}


class HierarchicalLevel(NamedTuple):
    """One HL and the segments below it, up to the next HL: `segments[start:end]`."""

    id: str
    parent_id: str
    level: str
    start: int
    end: int


def read_hierarchy(reader: SetReader, known: frozenset[str] = _LEVELS) -> list[HierarchicalLevel]:
    """The levels of a set in the order they stand in; what is wrong with them is found.

    `known` are the codes HL03 may have: those of 270 and 271 unless told otherwise.
    """
    starts = reader.everywhere("HL")
    delimiters = reader.transaction.delimiters
    text = delimiters.segment.join([reader.texts[start] for start in starts])
    hls, faults = _read_hls(text, delimiters)
    levels = []
    ends = [*starts, len(reader.names) - 1][1:]
    for (number, parent, level), start, end in zip(hls, starts, ends, strict=True):
        if level not in known:
            level = level or _level_of_name(reader, start, end)
            if level not in known:
                reader.find(FindingCode.HIERARCHY_LEVEL_UNKNOWN, start + 1, 3)
        levels.append(HierarchicalLevel(number, parent, level, start, end))
    for code, at, element in faults:
        reader.find(code, starts[at] + 1, element, loop=_LOOPS.get(levels[at].level))
    if not levels:
        reader.find(FindingCode.HIERARCHY_MISSING, len(reader.names), missing="HL")
    return levels


@remember
def _read_hls(
    text: str, delimiters: Delimiters
) -> tuple[list[tuple[str, str, str]], list[tuple[FindingCode, int, int]]]:
    """HL01 to HL03 of the HLs of a set, and what is wrong with which of them and its elements."""
    hls: list[tuple[str, str, str]] = []
    faults: list[tuple[FindingCode, int, int]] = []
    # How deep each level stands, by its number.
    seen: dict[str, int] = {}
    for at, segment in enumerate(text.split(delimiters.segment) if text else ()):
        number, parent, level = [*segment.split(delimiters.element)[1:4], "", "", ""][:3]
        number, parent = number.strip(), parent.strip()
        if not number:
            faults.append((FindingCode.HIERARCHY_ID_MISSING, at, 1))
        elif number in seen:
            faults.append((FindingCode.HIERARCHY_ID_REPEATED, at, 1))
        if parent and parent not in seen:
            faults.append((FindingCode.HIERARCHY_PARENT_UNKNOWN, at, 2))
        seen[number] = depth = seen.get(parent, 0) + 1
        if depth > DEEPEST_LEVEL:
            faults.append((FindingCode.HIERARCHY_TOO_DEEP, at, 2))
        hls.append((number, parent, level.strip()))
    return hls, faults


def _level_of_name(reader: SetReader, start: int, end: int) -> str:
    name_at = reader.first("NM1", start, end)
    entity = element_at(reader.segment(name_at), 1) if name_at < end else ""
    return _LEVEL_OF_ENTITY.get(entity, "")
