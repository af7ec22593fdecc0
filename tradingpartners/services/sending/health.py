"""What a call, or the answer that came to it later, says of its payer's health, for the breaker that
all practices share.

Only what the payer itself did counts. A practice's wrong password or address, or a clearinghouse's
own limit (429), must not close the payer to the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tradingpartners.admission import Verdict
from tradingpartners.retries import OUTAGES
from tradingpartners.transports import NotSent, Promise, Reply, TransportError

# Nothing was sent, and it was not for want of a right address or password.
_DOWN = frozenset({"connection_refused", "connect_timeout"})
# AAA03 79 beside an outage is a part of it (the clearinghouse cannot reach the payer).
_PART_OF_AN_OUTAGE = OUTAGES | {"79"}
_ISA_LENGTH = 106
_LISTS = frozenset({"aaaErrors", "validationMessages"})


def verdict_of(answer: Reply | Promise | TransportError) -> Verdict:
    """By what the wire did and, where a reply came, by the outline of it.

    No reply is parsed here: one that kills its reader is to meet the reader that counts its dead.
    """
    if isinstance(answer, Promise):
        return Verdict.PROMISED
    if isinstance(answer, Reply):
        return Verdict.GOOD if _is_answer(answer.body) else Verdict.FAILED
    if answer.http_status is not None:
        return Verdict.FAILED if answer.http_status >= 500 else Verdict.IGNORED
    if isinstance(answer, NotSent):
        return Verdict.FAILED if answer.code in _DOWN else Verdict.IGNORED
    return Verdict.FAILED


def _is_answer(body: bytes) -> bool:
    """Whether it is whole, in a form that is answered in, and says more than "try later"."""
    body = body.strip()
    if body.startswith(b"ISA") and len(body) > _ISA_LENGTH and b"IEA" in body:
        codes = set(_codes_of_x12(body))
    elif body.startswith(b"{"):
        try:
            said = json.loads(body)
            codes = {*_codes_in(said.get("errors")), *_codes_of_json(said)}
        except (ValueError, RecursionError):
            return False
    else:
        return False
    return not codes & OUTAGES or not codes <= _PART_OF_AN_OUTAGE


def _codes_of_x12(body: bytes) -> Iterator[str]:
    """AAA03 of every AAA segment."""
    if b"AAA" not in body:
        return
    separator, terminator = body[3:4], body[_ISA_LENGTH - 1 : _ISA_LENGTH]
    for segment in body.split(terminator):
        elements = segment.strip().split(separator)
        if elements[0] == b"AAA" and len(elements) > 3:
            yield elements[3].decode("latin-1")


def _codes_of_json(value: Any) -> Iterator[str]:
    """Of every `aaaErrors` (Stedi) and `validationMessages` (Availity), wherever it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _LISTS:
                yield from _codes_in(inner)
            else:
                yield from _codes_of_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _codes_of_json(inner)


def _codes_in(listed: Any) -> Iterator[str]:
    """AAA03 of each; the outermost `errors` has those of all parties, or what no party is to blame for."""
    if isinstance(listed, list):
        yield from (str(each.get("code")) for each in listed if isinstance(each, dict))
