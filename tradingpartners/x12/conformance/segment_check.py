"""One segment against its place in a guide: elements, components, repetitions, syntax notes.

What is wrong is a code and where in the segment; which segment it is, the caller knows.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tradingpartners.x12.conformance.guide_tables import DataElement, ElementUse, SegmentUse, SyntaxNote
from tradingpartners.x12.elements import read_date, read_time
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.segments import Delimiters

# A date format (element 1250) and the date or time in it (1251).
_FORMAT, _FORMATTED = "1250", "1251"
_OLDEST_YEAR = 1800

_UNPRINTABLE = re.compile(r"[^ -~]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")
_DECIMAL_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")


class Fault(NamedTuple):
    """What is wrong in a segment, and where; element None: with the segment as a whole."""

    code: FindingCode
    element: int | None = None
    component: int | None = None
    repetition: int | None = None


def check_segment(use: SegmentUse, text: str, delimiters: Delimiters) -> tuple[Fault, ...]:
    """Everything wrong with the elements of one segment."""
    values = text.split(delimiters.element)[1:]
    faults: list[Fault] = []
    if values and not values[-1]:
        faults.append(Fault(FindingCode.TRAILING_SEPARATORS))
    while values and not values[-1]:
        values.pop()
    if len(values) > len(use.elements):
        faults.append(Fault(FindingCode.EXCESS_ELEMENTS, len(use.elements) + 1))
    values += [""] * (len(use.elements) - len(values))
    formats: frozenset[str] = frozenset()
    for position, (element, value) in enumerate(zip(use.elements, values, strict=False), 1):
        if not value and element.usage != "R":
            continue
        faults += _check_element(element, position, value, formats, delimiters)
        if element.data and element.data.number == _FORMAT:
            formats = _formats(element, value)
    for note in use.notes:
        faults += _check_note(note, use.elements, values)
    return tuple(faults)


def _check_element(
    use: ElementUse, position: int, value: str, formats: frozenset[str], delimiters: Delimiters
) -> Iterator[Fault]:
    """An element in all its repetitions."""
    if not value.strip():
        if use.usage == "R":
            yield Fault(FindingCode.ELEMENT_MISSING, position)
        return
    if use.usage == "N":
        yield Fault(FindingCode.ELEMENT_NOT_USED, position)
        return
    # 4010 has no repetition separator, yet its senders repeat service types with a caret.
    separator = delimiters.repetition or ("^" if use.most > 1 else "")
    repetitions = value.split(separator) if separator else [value]
    if len(repetitions) > use.most:
        yield Fault(FindingCode.EXCESS_REPETITIONS, position)
    for number, each in enumerate(repetitions[: use.most], 1):
        repetition = number if use.most > 1 and len(repetitions) > 1 else None
        if use.components:
            yield from _check_composite(use, position, repetition, each, delimiters.component)
        elif delimiters.component in each:
            yield Fault(FindingCode.CHARACTER_INVALID, position, None, repetition)
        elif use.data and (each or repetition):
            for code in _check_value(use, use.data, each, formats):
                yield Fault(code, position, None, repetition)


def _check_composite(
    use: ElementUse, position: int, repetition: int | None, value: str, separator: str
) -> Iterator[Fault]:
    """Its components, each as an element of its own."""
    values = value.split(separator)
    if len(values) > len(use.components):
        yield Fault(FindingCode.EXCESS_COMPONENTS, position, None, repetition)
    values += [""] * (len(use.components) - len(values))
    formats: frozenset[str] = frozenset()
    for number, (component, part) in enumerate(zip(use.components, values, strict=False), 1):
        if not part.strip():
            if component.usage == "R":
                yield Fault(FindingCode.ELEMENT_MISSING, position, number, repetition)
            continue
        if component.usage == "N":
            yield Fault(FindingCode.ELEMENT_NOT_USED, position, number, repetition)
            continue
        if component.data:
            for code in _check_value(component, component.data, part, formats):
                yield Fault(code, position, number, repetition)
            if component.data.number == _FORMAT:
                formats = _formats(component, part)


def _check_value(
    use: ElementUse, data: DataElement, value: str, formats: frozenset[str]
) -> Iterator[FindingCode]:
    """Length, characters, code, date: each may be wrong by itself."""
    numeric = data.type in ("R", "N0")
    length = len(value.replace("-", "").replace(".", "")) if numeric else len(value)
    if length < data.shortest:
        yield FindingCode.ELEMENT_TOO_SHORT
    if length > data.longest:
        yield FindingCode.ELEMENT_TOO_LONG
    if _UNPRINTABLE.search(value):
        yield FindingCode.CHARACTER_INVALID
        return
    if data.type in ("AN", "ID") and value.endswith(" ") and len(value.rstrip()) >= data.shortest:
        yield FindingCode.CHARACTER_INVALID
    if use.codes and value.rstrip() not in use.codes:
        yield FindingCode.CODE_UNKNOWN
    if data.number == _FORMATTED:
        yield from _check_formatted(value.rstrip(), formats)
    else:
        yield from _check_type(data.type, value)


def _check_type(kind: str, value: str) -> Iterator[FindingCode]:
    if kind == "DT" and not _is_date(value):
        yield FindingCode.DATE_INVALID
    elif kind == "TM" and not _is_time(value):
        yield FindingCode.TIME_INVALID
    elif kind == "R" and not _DECIMAL_NUMBER.fullmatch(value):
        yield FindingCode.AMOUNT_INVALID
    elif kind == "N0" and not _WHOLE_NUMBER.fullmatch(value):
        yield FindingCode.CHARACTER_INVALID


def _formats(use: ElementUse, value: str) -> frozenset[str]:
    """The formats a date may be in: the one stated, or all the guide knows where it knows that not."""
    return frozenset([value]) if not use.codes or value in use.codes else use.codes


def _check_formatted(value: str, formats: frozenset[str]) -> Iterator[FindingCode]:
    known = [_FORMATS[each] for each in formats if each in _FORMATS]
    if known and not any(reads(value) for reads in known):
        yield FindingCode.TIME_INVALID if formats == {"TM"} else FindingCode.DATE_INVALID


def _is_date(value: str) -> bool:
    day = read_date(value) if len(value) == 8 and " " not in value else None
    return day is not None and day.year >= _OLDEST_YEAR


def _is_range(value: str) -> bool:
    begin, hyphen, end = value.partition("-")
    return bool(hyphen) and _is_date(begin) and _is_date(end)


def _is_moment(value: str) -> bool:
    return _is_date(value[:8]) and len(value) == 12 and _is_time(value[8:])


def _is_time(value: str) -> bool:
    return " " not in value and read_time(value) is not None


_FORMATS = {"D8": _is_date, "RD8": _is_range, "DT": _is_moment, "TM": _is_time}


def _check_note(note: SyntaxNote, uses: tuple[ElementUse, ...], values: list[str]) -> Iterator[Fault]:
    """A syntax note; what the guide requires or forbids by itself has been said already."""
    present = [number for number in note.elements if values[number - 1].strip()]
    absent = [number for number in note.elements if number not in present]
    needed: list[int] = []
    if (note.kind == "P" and present) or (note.kind == "C" and note.elements[0] in present):
        needed = absent
    elif (note.kind == "L" and present == [note.elements[0]]) or (note.kind == "R" and not present):
        needed = absent[:1]
    elif note.kind == "E" and len(present) > 1:
        yield Fault(FindingCode.ELEMENTS_EXCLUDE_EACH_OTHER, present[1])
    for number in needed:
        if uses[number - 1].usage == "S":
            yield Fault(FindingCode.ELEMENT_CONDITIONALLY_MISSING, number)
