"""What a 999 or a 997 says, as plain values for JSON."""

from tradingpartners.x12.reports.json_values import Json
from tradingpartners.x12.ts999.values import (
    Context,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)


def inspect_999(acknowledgement: ImplementationAcknowledgement) -> Json:
    """The one key an acknowledgement has beside those of every set."""
    return {
        "acknowledgement": {
            "functional_id": acknowledgement.functional_id or None,
            "group_control_number": acknowledgement.group_control_number or None,
            "code": acknowledgement.code,
            "received": acknowledgement.received,
            "accepted": acknowledgement.accepted,
            "notes": list(acknowledgement.notes),
            "sets": [_set(each) for each in acknowledgement.sets],
        }
    }


def _set(each: SetAcknowledgement) -> Json:
    return {
        "set": each.set_id,
        "control_number": each.control_number,
        "code": each.code,
        "notes": list(each.notes),
        "errors": [_error(error) for error in each.errors],
    }


def _error(error: SegmentError) -> Json:
    return {
        "segment_id": error.segment_id or None,
        "segment_number": error.segment_number,
        "loop": error.loop,
        "code": error.code,
        "elements": [_element(element) for element in error.elements],
        "contexts": [_context(context) for context in error.contexts],
    }


def _element(element: ElementError) -> Json:
    return {
        "element": element.element,
        "component": element.component,
        "repetition": element.repetition,
        "reference": element.reference,
        "code": element.code or None,
        "contexts": [_context(context) for context in element.contexts],
    }


def _context(context: Context) -> Json:
    return {
        "names": [
            {"name": name or None, "reference": reference or None} for name, reference in context.names
        ],
        "segment_id": context.segment_id or None,
        "segment_number": context.segment_number,
        "loop": context.loop or None,
        "position": list(context.position),
        "references": list(context.references),
    }
