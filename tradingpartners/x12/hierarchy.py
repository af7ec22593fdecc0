"""The HL tree of 270, 271 and 278: information source, receiver, subscriber, dependent."""

from typing import NamedTuple

from tradingpartners.x12.errors import FindingCode
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
    last = len(reader.names) - 1
    starts = reader.all("HL", 0, last)
    ends = [*starts, last][1:]
    levels = [_read_level(reader, start, end) for start, end in zip(starts, ends, strict=True)]
    _check_levels(reader, levels, known)
    return levels


def _read_level(reader: SetReader, start: int, end: int) -> HierarchicalLevel:
    number, parent, level = _read_hl(reader.texts[start], reader.transaction.delimiters)
    return HierarchicalLevel(number, parent, level or _level_of_name(reader, start, end), start, end)


@remember
def _read_hl(text: str, delimiters: Delimiters) -> tuple[str, str, str]:
    """HL01 to HL03."""
    number, parent, level = [*text.split(delimiters.element)[1:4], "", "", ""][:3]
    return number.strip(), parent.strip(), level.strip()


def _level_of_name(reader: SetReader, start: int, end: int) -> str:
    name_at = reader.first("NM1", start, end)
    entity = element_at(reader.segment(name_at), 1) if name_at < end else ""
    return _LEVEL_OF_ENTITY.get(entity, "")


def _check_levels(reader: SetReader, levels: list[HierarchicalLevel], known: frozenset[str]) -> None:
    if not levels:
        reader.find(FindingCode.HIERARCHY_MISSING, len(reader.names))
    seen: set[str] = set()
    for level in levels:
        number, loop = level.start + 1, _LOOPS.get(level.level)
        if not level.id:
            reader.find(FindingCode.HIERARCHY_ID_MISSING, number, 1, loop=loop)
        elif level.id in seen:
            reader.find(FindingCode.HIERARCHY_ID_REPEATED, number, 1, loop=loop)
        if level.parent_id and level.parent_id not in seen:
            reader.find(FindingCode.HIERARCHY_PARENT_UNKNOWN, number, 2, loop=loop)
        if level.level not in known:
            reader.find(FindingCode.HIERARCHY_LEVEL_UNKNOWN, number, 3)
        seen.add(level.id)
