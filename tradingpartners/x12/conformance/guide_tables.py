"""The implementation guides as tables: loops, segments, elements, codes; from `guides/`.

`guides/README` says how the files are read by people. Each is read once, when a set of its kind is
first checked.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.segments import element_at

# The loop that stands for the transaction set itself.
WHOLE_SET = "SET"
NO_LIMIT = 1_000_000_000

# Which guide a version (ST03, or GS08) means; an addendum changes no loop. Other versions of these
# sets have other loops, and are not checked.
_GUIDES = {
    "270": "005010X279",
    "271": "005010X279",
    "278": "005010X217",
    "999": "005010X231",
}
_UNSPECIFIC_VERSIONS = ("", "005010")
_RESPONSE = "11"


class DataElement(NamedTuple):
    """A data element of the standard: type AN, ID, N0, R, DT or TM."""

    number: str
    type: str
    shortest: int
    longest: int


class ElementUse(NamedTuple):
    """An element of a segment in one place of a guide; usage R, S or N as the guides write it."""

    usage: str
    # None where it is a composite.
    data: DataElement | None
    components: tuple["ElementUse", ...]
    # Empty: any.
    codes: frozenset[str]
    # How often it may repeat.
    most: int


class SyntaxNote(NamedTuple):
    """A condition between elements: P0809, R0203, E0207, C0605, L030405."""

    kind: str
    elements: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class SegmentUse:
    """A segment in one loop of a guide; itself and no other is equal to it, so it is a cheap key."""

    id: str
    loop: str
    position: int
    # Items of one place may come in any order.
    place: int
    required: bool
    most: int
    elements: tuple[ElementUse, ...]
    notes: tuple[SyntaxNote, ...]

    @property
    def qualifier(self) -> ElementUse:
        """What tells it from other segments of its id: the first element, or its first component."""
        first = self.elements[0]
        return first.components[0] if first.components else first


class LoopUse(NamedTuple):
    """A loop in another loop; with a level (HL03), one of the hierarchy, and what it stands below."""

    id: str
    position: int
    place: int
    required: bool
    most: int
    level: str
    below: tuple[str, ...]


Item = SegmentUse | LoopUse


class Loop(NamedTuple):
    """What may stand in a loop, in its order."""

    # As findings name it: LS and LE stand in the loop that they bound another in.
    id: str
    items: tuple[Item, ...]
    # By the id of a segment: the segment itself, and the loops it opens.
    by_segment: dict[str, tuple[Item, ...]]
    opener: SegmentUse


class Guide(NamedTuple):
    """One transaction set of one guide."""

    name: str
    loops: dict[str, Loop]
    levels: dict[str, LoopUse]
    segment_ids: frozenset[str]


def guide_for(transaction: TransactionSet) -> Guide | None:
    """The guide a set is written to; None where there is no table for it."""
    family = _GUIDES.get(transaction.set_id)
    version = transaction.version
    if family is None or not (version in _UNSPECIFIC_VERSIONS or version.startswith(family)):
        return None
    if transaction.set_id != "278":
        return read_guide(transaction.set_id)
    bht = next((segment for segment in transaction.segments[:3] if segment[0] == "BHT"), ["BHT"])
    return read_guide("278_response" if element_at(bht, 2) == _RESPONSE else "278_request")


def data_element_number(segment_id: str, element: int, component: int | None) -> str:
    """The number of a data element (IK402), "" where it is a composite or not in the standard."""
    uses = _standard().get(segment_id, ((), ()))[0]
    use = uses[element - 1] if 0 < element <= len(uses) else None
    if use is None:
        return ""
    if use.components:
        parts = use.components
        use = parts[component - 1] if component and component <= len(parts) else None
    return use.data.number if use and use.data else ""


@cache
def read_guide(name: str) -> Guide:
    """One file of `guides/`."""
    blocks: dict[str, list[list[str]]] = {}
    for line in _lines(f"{name}.txt"):
        if line[0] != " ":
            blocks[line.strip()] = []
        else:
            blocks[next(reversed(blocks))].append(line.split())
    items = {loop: tuple(_items(loop, lines)) for loop, lines in blocks.items()}
    loops = {loop: _loop(loop, items) for loop in items}
    levels = {item.level: item for item in items[WHOLE_SET] if isinstance(item, LoopUse) and item.level}
    segment_ids = frozenset(
        item.id for each in items.values() for item in each if isinstance(item, SegmentUse)
    )
    return Guide(name, loops, levels, segment_ids)


def _loop(loop: str, items: dict[str, tuple[Item, ...]]) -> Loop:
    """What opens a loop is looked for in the loop around it: there it comes anew."""
    by_segment: dict[str, list[Item]] = {}
    for item in items[loop] if loop == WHOLE_SET else items[loop][1:]:
        if isinstance(item, SegmentUse):
            by_segment.setdefault(item.id, []).append(item)
        elif not item.level:
            by_segment.setdefault(items[item.id][0].id, []).append(item)
    opener = next(item for item in items[loop] if isinstance(item, SegmentUse))
    found = {segment: tuple(each) for segment, each in by_segment.items()}
    return Loop(loop.partition("/")[0], items[loop], found, opener)


def _items(loop: str, lines: list[list[str]]) -> Iterator[Item]:
    """The segments and loops of one loop; what follows its like stands in the same place."""
    place, before = -1, ""
    for position, words in enumerate(lines):
        kind = "level" if "level" in words else " ".join(words[:2]) if words[0] == "loop" else words[0]
        place += kind != before
        before = kind
        if words[0] == "loop":
            level, below = (words[5], tuple(words[7:])) if kind == "level" else ("", ())
            yield LoopUse(words[1], position, place, words[2] == "R", _most(words[3]), level, below)
        else:
            uses, notes = _standard()[words[0]]
            elements = tuple(_element_uses(uses, words[3], _codes(words[4:])))
            yield SegmentUse(
                words[0], loop, position, place, words[1] == "R", _most(words[2]), elements, notes
            )


def _most(word: str) -> int:
    return NO_LIMIT if word == "*" else int(word)


def _element_uses(
    standard: tuple[ElementUse, ...], usages: str, codes: dict[tuple[int, int], frozenset[str]]
) -> Iterator[ElementUse]:
    """`RS(RS)N`: a letter for each element, in brackets one for each component; N behind the last."""
    letters = re.findall(r"([RSN])(?:\(([RSN]+)\))?", usages)
    for position, use in enumerate(standard, 1):
        usage, parts = letters[position - 1] if position <= len(letters) else ("N", "")
        components = tuple(
            part._replace(usage=parts[at : at + 1] or "N", codes=codes.get((position, at + 1), frozenset()))
            for at, part in enumerate(use.components)
        )
        yield use._replace(usage=usage, components=components, codes=codes.get((position, 0), frozenset()))


def _codes(words: list[str]) -> dict[tuple[int, int], frozenset[str]]:
    """`01: A B 13-1: C 02..08-1: =list`, by element and component."""
    found: dict[tuple[int, int], set[str]] = {}
    places: list[tuple[int, int]] = []
    for word in words:
        if word.endswith(":"):
            elements, _, component = word[:-1].partition("-")
            first, _, last = elements.partition("..")
            numbers = range(int(first), int(last or first) + 1)
            places = [(number, int(component or 0)) for number in numbers]
            continue
        for place in places:
            listed = _code_lists()[word[1:]] if word[0] == "=" else (word.replace("_", " "),)
            found.setdefault(place, set()).update(listed)
    return {place: frozenset(codes) for place, codes in found.items()}


@cache
def _code_lists() -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in _lines("codes.txt"):
        if line[0] != " ":
            name = line.strip()
        else:
            lists[name] = (*lists.get(name, ()), *line.split())
    return lists


@cache
def _standard() -> dict[str, tuple[tuple[ElementUse, ...], tuple[SyntaxNote, ...]]]:
    """The segments of the standard: their elements, all situational, and their syntax notes."""
    rows = [line.partition("|") for line in _lines("segments.txt")]
    numbers = {row[0].split()[0]: row[0].split()[1:] for row in rows}
    return {
        row[0].split()[0]: (
            tuple(_standard_use(number, numbers) for number in row[0].split()[1:]),
            tuple(SyntaxNote(note[0], tuple(_pairs(note[1:]))) for note in row[2].split()),
        )
        for row in rows
    }


def _standard_use(word: str, numbers: dict[str, list[str]]) -> ElementUse:
    number, _, most = word.partition("*")
    parts = tuple(_standard_use(part, numbers) for part in numbers.get(number, ()))
    return ElementUse("S", _data_elements().get(number), parts, frozenset(), int(most or 1))


def _pairs(digits: str) -> Iterator[int]:
    for at in range(0, len(digits), 2):
        yield int(digits[at : at + 2])


@cache
def _data_elements() -> dict[str, DataElement]:
    rows = csv.DictReader(_lines("elements.csv"))
    return {
        row["number"]: DataElement(row["number"], row["type"], int(row["shortest"]), int(row["longest"]))
        for row in rows
    }


def _lines(name: str) -> list[str]:
    """The lines of a table, without comments and blank ones."""
    source = resources.files("tradingpartners.x12.conformance").joinpath("guides", name)
    lines = source.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
