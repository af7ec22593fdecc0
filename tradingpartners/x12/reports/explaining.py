"""A transaction set explained, segment by segment, for somebody who supports the desk.

What each segment is for and what each of its elements says, in words of our own.
"""

from __future__ import annotations

from typing import NamedTuple

from tradingpartners.x12.code_tables import words
from tradingpartners.x12.segments import WHITESPACE, Delimiters, Segment, split_segments


class ExplainedElement(NamedTuple):
    """`name` is empty where we have no words for the element, `meaning` where its value is no code."""

    position: int
    value: str
    name: str
    meaning: str


class ExplainedSegment(NamedTuple):
    """`number` counts from 1 at ST, as findings and the sources of a benefit do."""

    number: int
    segment_id: str
    text: str
    purpose: str
    elements: tuple[ExplainedElement, ...]


def explain_set(text: str) -> list[ExplainedSegment]:
    """Each segment of an ST…SE, which carries its separators with it; of other text, nothing."""
    delimiters = _delimiters(text)
    if delimiters is None:
        return []
    segments = split_segments(text, delimiters)
    return [_explained(number, segment, delimiters) for number, segment in enumerate(segments, 1)]


def _delimiters(text: str) -> Delimiters | None:
    """The element separator stands behind ST, the segment terminator before the next segment's id.

    The separators of components and repetitions stand in the ISA alone: the usual ones are assumed.
    """
    if not text.startswith("ST") or len(text) < 4 or text[2].isalnum():
        return None
    element = text[2]
    following = text.find(f"BHT{element}")
    before = text[:following].rstrip(WHITESPACE) if following > 0 else text.rstrip(WHITESPACE)
    terminator = before[-1]
    if terminator.isalnum():  # the line end is the terminator
        terminator = text[len(before)] if len(before) < len(text) else "\n"
    return Delimiters(element=element, segment=terminator)


def _explained(number: int, segment: Segment, delimiters: Delimiters) -> ExplainedSegment:
    segment_id, *values = segment
    elements = tuple(
        _element(segment_id, position, value, delimiters) for position, value in enumerate(values, 1) if value
    )
    purpose = words("segment").get(segment_id, "")
    return ExplainedSegment(number, segment_id, delimiters.element.join(segment), purpose, elements)


def _element(segment_id: str, position: int, value: str, delimiters: Delimiters) -> ExplainedElement:
    place = f"{segment_id}{position:02d}"
    table = words("element", "table").get(place, "")
    known = words(table) if table else {}
    meaning = ", ".join(known[each] for each in value.split(delimiters.repetition) if each in known)
    return ExplainedElement(position, value, words("element").get(place, ""), meaning)
