"""The segments of the envelope: what they say, and what can be wrong with it, one rule a line.

Only what no reading of the standard allows is found: a code list that a partner may have extended
is no reason to doubt an interchange that could be read.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tradingpartners.x12.elements import read_date, read_time
from tradingpartners.x12.envelope.values import (
    FUNCTIONAL_IDS,
    ID_QUALIFIERS,
    IMPLEMENTATIONS,
    InterchangeAcknowledgement,
    InterchangeHeader,
)
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.limits import LONGEST_IDENTIFIER
from tradingpartners.x12.segments import InterchangeStart, Segment, element_at

# A finding that has no place yet: the code and the element.
Fault = tuple[FindingCode, int]


class _Rule(NamedTuple):
    element: int
    code: FindingCode
    allows: Callable[[str], object]


_ISA_RULES = (
    _Rule(1, FindingCode.INTERCHANGE_AUTHORIZATION_QUALIFIER_WRONG, re.compile("0[03]").fullmatch),
    _Rule(3, FindingCode.INTERCHANGE_SECURITY_QUALIFIER_WRONG, re.compile("0[01]").fullmatch),
    _Rule(5, FindingCode.INTERCHANGE_SENDER_QUALIFIER_WRONG, ID_QUALIFIERS.__contains__),
    _Rule(6, FindingCode.INTERCHANGE_SENDER_MISSING, bool),
    _Rule(7, FindingCode.INTERCHANGE_RECEIVER_QUALIFIER_WRONG, ID_QUALIFIERS.__contains__),
    _Rule(8, FindingCode.INTERCHANGE_RECEIVER_MISSING, bool),
    _Rule(9, FindingCode.INTERCHANGE_DATE_INVALID, read_date),
    # Midnight is a time, and true.
    _Rule(10, FindingCode.INTERCHANGE_TIME_INVALID, lambda text: read_time(text) is not None),
    _Rule(12, FindingCode.INTERCHANGE_VERSION_WRONG, re.compile("00[2-9]0[0-9]").fullmatch),
    _Rule(14, FindingCode.INTERCHANGE_ACKNOWLEDGEMENT_REQUEST_WRONG, re.compile("[01]").fullmatch),
    _Rule(15, FindingCode.INTERCHANGE_USAGE_WRONG, re.compile("[PT]").fullmatch),
)
_GS_RULES = (
    _Rule(2, FindingCode.GROUP_SENDER_MISSING, bool),
    _Rule(3, FindingCode.GROUP_RECEIVER_MISSING, bool),
    _Rule(4, FindingCode.GROUP_DATE_INVALID, read_date),
    _Rule(5, FindingCode.GROUP_TIME_INVALID, lambda text: read_time(text) is not None),
    _Rule(6, FindingCode.GROUP_CONTROL_NUMBER_INVALID, re.compile("[0-9]{1,9}").fullmatch),
    _Rule(7, FindingCode.GROUP_AGENCY_WRONG, re.compile("[TX]").fullmatch),
)
_SET_ID = re.compile("[0-9A-Z]{3}")


def identifier(segment: Segment, element: int) -> str:
    """An element that names something in the envelope; nobody's identifier is a megabyte."""
    return element_at(segment, element)[:LONGEST_IDENTIFIER]


def read_number(text: str) -> int | None:
    """A count: GE01, IEA01, SE01."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_header(start: InterchangeStart) -> InterchangeHeader:
    """ISA as it stands."""
    elements = start.elements
    return InterchangeHeader(
        sender_qualifier=element_at(elements, 5),
        sender=element_at(elements, 6),
        receiver_qualifier=element_at(elements, 7),
        receiver=element_at(elements, 8),
        date=read_date(element_at(elements, 9)),
        time=read_time(element_at(elements, 10)),
        repetition=start.delimiters.repetition,
        version=element_at(elements, 12),
        control_number=element_at(elements, 13),
        acknowledgement_requested=element_at(elements, 14) == "1",
        usage=element_at(elements, 15),
    )


def read_acknowledgement(segment: Segment) -> InterchangeAcknowledgement:
    """TA1 as it stands."""
    return InterchangeAcknowledgement(
        control_number=identifier(segment, 1),
        date=read_date(element_at(segment, 2)),
        time=read_time(element_at(segment, 3)),
        code=identifier(segment, 4),
        note=identifier(segment, 5),
    )


def header_faults(start: InterchangeStart) -> Iterator[Fault]:
    """ISA."""
    yield from _broken(_ISA_RULES, start.elements)
    version = element_at(start.elements, 12)
    # Before 00402 ISA11 is a standards id, and where the version is unknown nobody can say.
    if "00402" <= version <= "00999" and not start.delimiters.repetition:
        yield FindingCode.INTERCHANGE_REPETITION_SEPARATOR_WRONG, 11
    # Nine digits; in an ISA without its padding, which is said elsewhere, fewer are the same number.
    control_number = element_at(start.elements, 13)
    shortest = 9 if start.padded else 1
    digits = control_number.isascii() and control_number.isdigit()
    if not (digits and shortest <= len(control_number) <= 9):
        yield FindingCode.INTERCHANGE_CONTROL_NUMBER_INVALID, 13


def group_faults(header: Segment) -> Iterator[Fault]:
    """GS by itself; what depends on its sets is for `misfits`."""
    return _broken(_GS_RULES, header)


def misfits(header: Segment, set_id: str) -> Iterator[Fault]:
    """GS01 and GS08 do not fit the ST01 of a set in the group."""
    functional_id, version = identifier(header, 1), identifier(header, 8)
    if functional_id != FUNCTIONAL_IDS.get(set_id, functional_id):
        yield FindingCode.FUNCTIONAL_ID_WRONG, 1
    if version not in IMPLEMENTATIONS.get(set_id, (version,)):
        yield FindingCode.VERSION_UNEXPECTED, 8


def set_faults(set_id: str, control_number: str) -> Iterator[Fault]:
    """ST by itself."""
    if set_id not in FUNCTIONAL_IDS and not _SET_ID.fullmatch(set_id):
        yield FindingCode.SET_ID_INVALID, 1
    # Four to nine characters; but some send one, and that still names a set.
    if not 0 < len(control_number) <= 9:
        yield FindingCode.SET_CONTROL_NUMBER_INVALID, 2


def _broken(rules: tuple[_Rule, ...], segment: Segment) -> Iterator[Fault]:
    for rule in rules:
        if not rule.allows(element_at(segment, rule.element)):
            yield rule.code, rule.element
