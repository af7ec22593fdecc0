"""What a Stedi-shaped clearinghouse says besides answers: JSON, refusals, the throttle."""

import gzip
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from tradingpartners.simulator.checks import new_trace
from tradingpartners.simulator.http_wire import JSON, Reply
from tradingpartners.simulator.stedi_fields import Found
from tradingpartners.simulator.stedi_json import error_json

THROTTLED = {
    "message": (
        "The request can't be submitted because the sender's submission has been throttled: CUSTOMER_LIMIT"
    ),
    "code": "TOO_MANY_REQUESTS",
}


def json_reply(contents: Any, status: HTTPStatus = HTTPStatus.OK, *, gzipped: bool = False) -> Reply:
    body = json.dumps(contents).encode()
    if gzipped:
        return Reply(gzip.compress(body), JSON, status, {"Content-Encoding": "gzip"})
    return Reply(body, JSON, status)


def refuse(status: HTTPStatus, message: str, *, code: str = "") -> Reply:
    return json_reply({"code": code or status.name, "message": message}, status)


def refuse_fields(found: Found) -> Reply:
    count = len(found.problems)
    message = f"{count} validation error{'s' if count != 1 else ''}"
    problems = [problem.to_json() for problem in found.problems[:100]]
    return json_reply({"message": message, "fieldList": problems}, HTTPStatus.BAD_REQUEST)


def throttled() -> Reply:
    return json_reply(THROTTLED, HTTPStatus.TOO_MANY_REQUESTS)


def unknown_payer(payer_id: str, mode: str) -> Reply:
    """A payer nobody set up: AAA 79 under HTTP 400, and no 271 behind it."""
    error = error_json(("AAA", "N", "", "79", "C"), "2100A")
    meta = {"applicationMode": mode, "traceId": new_trace()}
    party = {"payorIdentification": payer_id, "aaaErrors": [error]}
    body = {"tradingPartnerServiceId": payer_id, "meta": meta, "payer": party, "errors": [error]}
    return json_reply(body, HTTPStatus.BAD_REQUEST)


def int_in(query: Mapping[str, Sequence[str]], name: str, *, usual: int, least: int, most: int) -> int | None:
    """A whole number of the query within bounds; None where it is not."""
    text = (query.get(name) or [str(usual)])[0]
    return int(text) if text.isdecimal() and least <= int(text) <= most else None
