"""An acknowledgement in words for a biller: what was taken, what was not, and why."""

from collections.abc import Iterable, Iterator

from tradingpartners.x12.code_tables import in_words
from tradingpartners.x12.envelope.values import InterchangeAcknowledgement
from tradingpartners.x12.ts999.values import (
    Context,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)

_ACCEPTED = {"A": "accepted", "E": "accepted, errors noted", "P": "partly accepted"}
_ELEMENTS_WRONG = "8"
_NO_ERROR = "000"


def describe_ta1(acknowledgement: InterchangeAcknowledgement) -> str:
    """What the receiver of an interchange says of its header and trailer."""
    verdict = _ACCEPTED.get(acknowledgement.code, "REJECTED")
    said = f"Interchange {acknowledgement.control_number} was {verdict} (note {acknowledgement.note})"
    if acknowledgement.note in ("", _NO_ERROR):
        return said
    return f"{said}: {in_words('interchange_note', acknowledgement.note)}"


def describe_999(acknowledgement: ImplementationAcknowledgement) -> Iterator[str]:
    """The group, and of each set that was not taken as it is every error."""
    yield (
        f"Group {acknowledgement.group_control_number} was {_verdict(acknowledgement.code)}: "
        f"{acknowledgement.accepted} of {acknowledgement.received} sets"
    )
    for note in acknowledgement.notes:
        yield f"  {in_words('group_note', note)}"
    for each in acknowledgement.sets:
        if not each.accepted or each.notes or each.errors:
            yield from _set(each)


def _verdict(code: str | None) -> str:
    return _ACCEPTED.get(code or "", "REJECTED")


def _set(each: SetAcknowledgement) -> Iterator[str]:
    notes = "; ".join([in_words("set_note", note) for note in each.notes])
    yield f"  Set {each.control_number} was {_verdict(each.code)}{f': {notes}' if notes else ''}"
    for error in each.errors:
        for line in _error(error):
            yield f"    {line}"


def _error(error: SegmentError) -> Iterator[str]:
    """One line for the segment, or one for each of its elements."""
    place = f"segment {'unknown' if error.segment_number is None else error.segment_number}"
    if error.segment_id:
        place += f" ({error.segment_id})"
    if error.loop:
        place += f" in {error.loop}"
    if error.code != _ELEMENTS_WRONG or not error.elements:
        what = in_words("segment_error", error.code) if error.code else "no reason given"
        yield f"{place}: {what}{_because(error.contexts)}"
    for element in error.elements:
        contexts = (*error.contexts, *element.contexts)
        what = in_words("element_error", element.code) if element.code else "no reason given"
        yield f"{place}: {what}{_position(element)}{_because(contexts)}"


def _position(element: ElementError) -> str:
    named = (("element", element.element), ("part", element.component), ("repetition", element.repetition))
    parts = [f"{name} {number}" for name, number in named if number is not None]
    return f" ({', '.join(parts)})" if parts else ""


def _because(contexts: Iterable[Context]) -> str:
    """CTX: whose business it is, and what made it an error."""
    said = []
    for context in contexts:
        said += [f"about {name} {reference}" for name, reference in context.names if reference]
        if context.segment_id:
            number = "" if context.segment_number is None else f"segment {context.segment_number} "
            said.append(f"because of {number}({context.segment_id})")
    return "".join([f", {each}" for each in dict.fromkeys(said)])
