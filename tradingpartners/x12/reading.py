"""Read an input: its interchanges, one after another, and what stands where none should."""

import re

from tradingpartners.x12.envelope import Interchange, Reading
from tradingpartners.x12.errors import (
    Finding,
    FindingCode,
    Location,
    X12Error,
    X12ErrorCode,
    cap_findings,
)
from tradingpartners.x12.interchange_reader import HEADER_ID, InterchangeReader
from tradingpartners.x12.segments import WHITESPACE, InterchangeStart, decode, read_interchange_start

_BLANK = re.compile(rf"[{WHITESPACE}]*")
_INTERCHANGE = re.compile(HEADER_ID)


def read(data: bytes | str) -> Reading:
    """Read every interchange of an input; X12Error only where nothing can be read at all."""
    text = decode(data)
    start, findings = _first_interchange(text)
    interchanges: list[Interchange] = []
    while start is not None:
        interchange, found = InterchangeReader(text, start).read()
        interchanges.append(interchange)
        findings += found
        start, found = _next_interchange(text, interchange.span[1])
        findings += found
    return Reading(tuple(interchanges), cap_findings(findings), text)


def _first_interchange(text: str) -> tuple[InterchangeStart | None, list[Finding]]:
    """The first ISA that can be read: what stands before it is survived, an input without is not."""
    begin = _skip_blank(text, 0)
    if begin == len(text):
        raise X12Error(X12ErrorCode.EMPTY, 0)
    start, findings = _next_interchange(text, 0)
    if start is None:
        if text.startswith("ISA", begin):
            read_interchange_start(text, begin)  # says what is wrong with it
        raise X12Error(X12ErrorCode.NOT_X12, begin)
    return start, findings


def _next_interchange(text: str, end: int) -> tuple[InterchangeStart | None, list[Finding]]:
    """The next ISA that can be read, and whether something else stands before it."""
    begin = _skip_blank(text, end)
    if begin == len(text):
        return None, []
    code = FindingCode.CONTENT_OUTSIDE_INTERCHANGE
    for match in _INTERCHANGE.finditer(text, begin):
        try:
            start = read_interchange_start(text, match.start())
        except X12Error:
            code = FindingCode.INTERCHANGE_HEADER_UNREADABLE
            continue
        return start, [_outside(code)] if match.start() > begin else []
    return None, [_outside(code)]


def _skip_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _outside(code: FindingCode) -> Finding:
    return Finding(code, Location(None, None, 1, "ISA"))
