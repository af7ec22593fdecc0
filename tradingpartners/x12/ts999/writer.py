"""Write a 999, 005010X231A1: what is absent, too long or no code of the guide is refused by name."""

from collections.abc import Sequence

from tradingpartners.x12.envelope.writing import MOST_SETS, write_transaction_set
from tradingpartners.x12.errors import WriteErrorCode, X12WriteError
from tradingpartners.x12.segments import DEFAULT_DELIMITERS, Delimiters, Segment, check_text
from tradingpartners.x12.ts999.values import (
    MOST_NOTES,
    VERSION,
    Context,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)


def _codes(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


_GROUP_CODES = _codes("A E M P R W X")
_SET_CODES = _codes("A E M R W X")
_GROUP_NOTES = _codes("1 2 3 4 5 6 10 11 12 13 14 15 16 17 18 19 23 24 25 26")
_SET_NOTES = _codes("1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 18 19 23 24 25 26 27 I5 I6")
_SEGMENT_NOTES = _codes("1 2 3 4 5 6 7 8 I4 I6 I7 I8 I9")
_ELEMENT_NOTES = _codes("1 2 3 4 5 6 7 8 9 10 11 12 13 I10 I11 I12 I13 I6 I9")
# Data elements 719, 722, 1528 and 1686 count places.
_HIGHEST_SEGMENT, _HIGHEST_ELEMENT, _HIGHEST_REPETITION = 999_999, 99, 9_999


def write_999(
    acknowledgement: ImplementationAcknowledgement,
    *,
    control_number: str,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
) -> str:
    """The acknowledgement from ST to SE."""
    body = _Writer(delimiters).segments(acknowledgement)
    return write_transaction_set("999", control_number, VERSION, body, delimiters=delimiters)


class _Writer:
    """Values to segments, in one set of delimiters."""

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters

    def segments(self, acknowledgement: ImplementationAcknowledgement) -> list[Segment]:
        """AK1 to AK9."""
        body = [
            _trimmed(
                "AK1",
                self._text(acknowledgement.functional_id, "functional_id", 2, 2),
                self._group_number(acknowledgement.group_control_number),
                self._text(acknowledgement.version, "version", 1, 12),
            )
        ]
        for each in acknowledgement.sets:
            body += self._set(each)
        counts = [
            _number(getattr(acknowledgement, field), field, 0, MOST_SETS)
            for field in ("included", "received", "accepted")
        ]
        code = _code(acknowledgement.code, "code", _GROUP_CODES)
        return [*body, ["AK9", code, *counts, *_notes(acknowledgement.notes, "notes", _GROUP_NOTES)]]

    def _set(self, each: SetAcknowledgement) -> list[Segment]:
        set_id = self._text(each.set_id, "sets.set_id", 3, 3)
        number = self._text(each.control_number, "sets.control_number", 4, 9)
        version = self._text(each.version, "sets.version", 0, 35)
        code = _code(each.code, "sets.code", _SET_CODES)
        notes = _notes(each.notes, "sets.notes", _SET_NOTES)
        errors = [segment for error in each.errors for segment in self._segment_error(error)]
        return [_trimmed("AK2", set_id, number, version), *errors, ["IK5", code, *notes]]

    def _segment_error(self, error: SegmentError) -> list[Segment]:
        """IK3, its CTXs, its IK4s with theirs."""
        segments = [
            _trimmed(
                "IK3",
                self._text(error.segment_id, "errors.segment_id", 2, 3),
                _number(error.segment_number, "errors.segment_number", 1, _HIGHEST_SEGMENT),
                self._text(error.loop, "errors.loop", 0, 6),
                _code(error.code, "errors.code", _SEGMENT_NOTES),
            ),
            *[self._context(context) for context in error.contexts],
        ]
        for element in error.elements:
            position = [
                _number(element.element, "errors.elements.element", 1, _HIGHEST_ELEMENT),
                _optional(element.component, "errors.elements.component", _HIGHEST_ELEMENT),
                _optional(element.repetition, "errors.elements.repetition", _HIGHEST_REPETITION),
            ]
            segments.append(
                _trimmed(
                    "IK4",
                    self._composite(position),
                    self._text(element.reference, "errors.elements.reference", 0, 4),
                    _code(element.code, "errors.elements.code", _ELEMENT_NOTES),
                )
            )
            segments += [self._context(context) for context in element.contexts]
        return segments

    def _context(self, context: Context) -> Segment:
        if len(context.names) > 1 and not self.delimiters.repetition:
            raise X12WriteError(WriteErrorCode.REQUIRED, "delimiters.repetition")
        names = [self._composite(name) for name in context.names]
        return _trimmed(
            "CTX",
            self.delimiters.repetition.join(names),
            self._text(context.segment_id, "contexts.segment_id", 0, 3),
            _optional(context.segment_number, "contexts.segment_number", _HIGHEST_SEGMENT),
            self._text(context.loop, "contexts.loop", 0, 6),
            self._composite(context.position),
            self._composite(context.references),
        )

    def _composite(self, parts: Sequence[str]) -> str:
        """Components, without empty ones at the end."""
        component = self.delimiters.component
        texts = [self._text(part, "errors", 0, 35) for part in parts]
        return component.join(texts).rstrip(component)

    def _group_number(self, number: str) -> str:
        """AK102, which is a number."""
        text = self._text(number, "group_control_number", 1, 9)
        if not text.isdigit():
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group_control_number")
        return text

    def _text(self, value: str | None, field: str, shortest: int, longest: int) -> str:
        return check_text(value, field=field, delimiters=self.delimiters, shortest=shortest, longest=longest)


def _code(code: str | None, field: str, known: frozenset[str]) -> str:
    if not code:
        raise X12WriteError(WriteErrorCode.REQUIRED, field)
    if code not in known:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, field)
    return code


def _notes(notes: Sequence[str], field: str, known: frozenset[str]) -> list[str]:
    if len(notes) > MOST_NOTES:
        raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, field)
    return [_code(note, field, known) for note in notes]


def _number(number: int | None, field: str, lowest: int, highest: int) -> str:
    if number is None:
        raise X12WriteError(WriteErrorCode.REQUIRED, field)
    if type(number) is not int or not lowest <= number <= highest:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, field)
    return str(number)


def _optional(number: int | None, field: str, highest: int) -> str:
    return "" if number is None else _number(number, field, 1, highest)


def _trimmed(*elements: str) -> Segment:
    """A segment without empty elements at its end."""
    segment = list(elements)
    while not segment[-1]:
        segment.pop()
    return segment
