"""Stedi's real-time eligibility check v3: one POST, one reply.

Settings: `url`, the base address where it is not Stedi's own (https://…/2024-04-01). Credentials:
`api_key`; a test key is answered by Stedi's mock payers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import monotonic
from typing import Any

from tradingpartners.transports import (
    Connection,
    LiveQuestion,
    NotSent,
    Reply,
    Step,
    TransportError,
    Unsure,
    rest,
)

HEALTHCARE = "https://healthcare.us.stedi.com/2024-04-01"
PAYERS = "https://payers.us.stedi.com/2024-04-01"
_CHECK = "/change/medicalnetwork/eligibility/v3"
# A refusal by the payer comes under either, and so does one of the question as such.
_SAYS_SOMETHING = frozenset({200, 400})
_TRY_OUT_SECONDS, _LIST_SECONDS = 20.0, 60.0
_LARGEST_LIST, _MOST_PAGES = 64 * 1024 * 1024, 1_000


def check(connection: Connection) -> None:
    rest.check_base(connection, HEALTHCARE)
    authorization(connection)


def authorization(connection: Connection) -> dict[str, str]:
    """Raises NotSent where the key is missing or can stand in no header."""
    key = connection.credentials.get("api_key")
    if not isinstance(key, str) or not key.isascii() or not key.isprintable() or not key.strip():
        raise NotSent("settings:credentials")
    return {"Authorization": key.strip()}


def ask(connection: Connection, question: LiveQuestion, *, deadline: float) -> Reply:
    """429 is Stedi's own limit, not the payer's; 403 is the key or our address, for every question."""
    response = rest.call(
        rest.session(question.payer_id, question.connections),
        "POST",
        rest.base_address(connection, HEALTHCARE) + _CHECK,
        deadline=deadline,
        headers={**authorization(connection), "Content-Type": question.content_type},
        body=question.body,
    )
    if response.status not in _SAYS_SOMETHING:
        raise rest.refuse(response)
    return Reply(response.body, response.status)


def try_out(connection: Connection) -> list[Step]:
    """Ask for ten payers: no question, and yet address, certificate and key are tried."""
    started = monotonic()
    try:
        check(connection)
    except TransportError as error:
        return [Step("settings", error.code)]
    try:
        _payers(connection, {"pageSize": "10"}, deadline=_TRY_OUT_SECONDS)
    except TransportError as error:
        return [Step("settings"), Step("payers", error.code, _since(started))]
    return [Step("settings"), Step("payers", "", _since(started))]


def _since(started: float) -> int:
    return int((monotonic() - started) * 1000)


def list_payers(connection: Connection) -> bytes:
    """Stedi's whole payer directory as JSON, whether it comes at once or in pages."""
    items: list[Any] = []
    params: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = rest.json_object(_payers(connection, params, deadline=_LIST_SECONDS))
        listed = page.get("items")
        if not isinstance(listed, list):
            raise Unsure("bad_reply", http_status=200)
        items += listed
        token = page.get("nextPageToken")
        if not token:
            return json.dumps({"items": items}).encode()
        params = {"pageToken": str(token)}
    raise Unsure("too_many_pages")


def _payers(connection: Connection, params: Mapping[str, str], *, deadline: float) -> rest.Response:
    response = rest.call(
        rest.session(connection.partner_id, 2),
        "GET",
        rest.base_address(connection, PAYERS) + "/payers",
        deadline=deadline,
        headers=authorization(connection),
        params=params,
        largest=_LARGEST_LIST,
    )
    if response.status != 200:
        raise rest.refuse(response)
    return response
