"""Stedi's real-time eligibility check v3: one POST, one reply.

Settings: `url`, the base address where it is not Stedi's own (https://…/2024-04-01). Credentials:
`api_key`; a test key is answered by Stedi's mock payers.
"""

from __future__ import annotations

from time import monotonic

from tradingpartners.transports import Connection, LiveQuestion, NotSent, Reply, Step, TransportError, rest

HEALTHCARE = "https://healthcare.us.stedi.com/2024-04-01"
PAYERS = "https://payers.us.stedi.com/2024-04-01"
_CHECK = "/change/medicalnetwork/eligibility/v3"
# A refusal by the payer comes under either, and so does one of the question as such.
_SAYS_SOMETHING = frozenset({200, 400})
_TRY_OUT_SECONDS = 20.0


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
        list_payers(connection, page_size=10, deadline=_TRY_OUT_SECONDS)
    except TransportError as error:
        return [Step("settings"), Step("payers", error.code, _since(started))]
    return [Step("settings"), Step("payers", "", _since(started))]


def _since(started: float) -> int:
    return int((monotonic() - started) * 1000)


def list_payers(
    connection: Connection, *, page_size: int | None = None, page_token: str = "", deadline: float = 60.0
) -> bytes:
    """Stedi's payer directory as JSON: all of it, or a page of at least ten."""
    paging = {"pageSize": str(page_size)} if page_size else {}
    response = rest.call(
        rest.session(connection.partner_id, 2),
        "GET",
        rest.base_address(connection, PAYERS) + "/payers",
        deadline=deadline,
        headers=authorization(connection),
        params={**paging, **({"pageToken": page_token} if page_token else {})},
        largest=64 * 1024 * 1024,
    )
    if response.status != 200:
        raise rest.refuse(response)
    return response.body
