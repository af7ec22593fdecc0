"""Availity's Coverages: a form is posted, its coverage is there at once or is polled for.

Settings: `url`, the base address where it is not Availity's own (https://…/v1); `demo`, for Availity's
canned answers, with `scenario`, which of them. Credentials: `client_id` and `client_secret`.

Demo and live are one host: they differ in the scope of the token, and an answer of the other kind
than was asked for is not believed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from practice.outbound.http import GuardedSession
from tradingpartners.transports import (
    Awaited,
    Connection,
    Fetched,
    LiveQuestion,
    Look,
    NotSent,
    Promise,
    RemoteFile,
    Reply,
    Step,
    TransportError,
    Unsure,
    rest,
)

FILES_GROW = False
AVAILITY = "https://api.availity.com/v1"
_SCOPE = "healthcare-hipaa-transactions"
# Of the 300 s a token lives, where Availity does not say otherwise.
_TOKEN_SECONDS, _TOKEN_SHARE = 300, 0.8
_MOCK = "X-Api-Mock-Response"
_WAIT_SECONDS = (0.5, 1.0, 1.5, 2.0)
# What is left of the deadline for one more look.
_LAST_LOOK_SECONDS = 0.5
_READ_SECONDS = 30.0
# Coverages asked about at one look of the poller, in turn.
_MOST_LOOKED_AT = 100


def check(connection: Connection) -> None:
    rest.check_base(connection, AVAILITY)
    _credentials(connection)


def _credentials(connection: Connection) -> tuple[str, str]:
    given = connection.credentials
    client_id, secret = given.get("client_id"), given.get("client_secret")
    if not (isinstance(client_id, str) and client_id and isinstance(secret, str) and secret):
        raise NotSent("settings:credentials")
    return client_id, secret


# --- the token --------------------------------------------------------------------------------------


class _Token(NamedTuple):
    text: str
    until: float


# By the hash of address, scope and credentials: in memory only, and gone with the process.
_tokens: dict[bytes, _Token] = {}
_lock = threading.Lock()


def _token(connection: Connection, deadline: float) -> str:
    """A token that holds for this call; asked for anew after four fifths of its life.

    Whatever goes wrong here is NotSent: no question was on its way yet.
    """
    key = _token_key(connection)
    with _lock:
        known = _tokens.get(key)
    if known is not None and known.until > time.monotonic():
        return known.text
    client_id, secret = _credentials(connection)
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "scope": _scope(connection),
    }
    try:
        response = rest.call(
            rest.session(connection.partner_id, 2),
            "POST",
            rest.base_address(connection, AVAILITY) + "/token",
            deadline=deadline,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
    except Unsure as error:
        raise NotSent(f"token_{error.code}") from None
    given = rest.json_object(response)
    text, seconds = given.get("access_token"), given.get("expires_in")
    if response.status != 200 or not isinstance(text, str) or not text.isascii() or not text.isprintable():
        raise NotSent(f"token_http_{response.status}", http_status=response.status)
    life = seconds if isinstance(seconds, int) and 0 < seconds < 86_400 else _TOKEN_SECONDS
    with _lock:
        _tokens[key] = _Token(text, time.monotonic() + life * _TOKEN_SHARE)
    return text


def _token_key(connection: Connection) -> bytes:
    parts = (rest.base_address(connection, AVAILITY), _scope(connection), *_credentials(connection))
    return sha256(json.dumps(parts).encode()).digest()


def _scope(connection: Connection) -> str:
    return f"{_SCOPE} {_SCOPE}-{'demo' if connection.settings.get('demo') else 'standard'}"


def forget_tokens() -> None:
    with _lock:
        _tokens.clear()


# --- asking -----------------------------------------------------------------------------------------


def ask(connection: Connection, question: LiveQuestion, *, deadline: float) -> Reply | Promise:
    """The coverage if it is there within the deadline; else a promise of it, under its id."""
    until = time.monotonic() + deadline
    pool = rest.session(question.payer_id, question.connections)
    response = _call(
        connection,
        pool,
        "POST",
        "/coverages",
        until=until,
        headers={"Content-Type": question.content_type},
        body=question.body,
    )
    if response.status in {200, 400}:
        return Reply(response.body, response.status)
    if response.status != 202:
        raise rest.refuse(response)
    reference = _coverage_id(response)
    for wait in (*_WAIT_SECONDS, *[_WAIT_SECONDS[-1]] * 1_000):
        if time.monotonic() + wait + _LAST_LOOK_SECONDS > until:
            break
        time.sleep(wait)
        try:
            found = _call(connection, pool, "GET", _path(reference), until=until)
        except TransportError:  # Availity has the question: whatever this was, the poller goes on
            break
        if found.status == 200:
            return Reply(found.body, 200)
        if found.status != 202:
            break
    return Promise(reference, 202)


def _coverage_id(response: rest.Response) -> str:
    """Of the body, else the last part of Location."""
    said = rest.json_object(response).get("id")
    found = str(said) if isinstance(said, str | int) and not isinstance(said, bool) else ""
    found = found or response.headers.get("Location", "").rstrip("/").rsplit("/", 1)[-1]
    if not 0 < len(found) <= 200 or not found.isprintable():
        raise Unsure("no_coverage_id", http_status=202)
    return found


def _path(reference: str) -> str:
    return "/coverages/" + quote(reference, safe="")


def _call(
    connection: Connection,
    pool: GuardedSession,
    method: str,
    path: str,
    *,
    until: float,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> rest.Response:
    settings = connection.settings
    is_demo, scenario = bool(settings.get("demo")), settings.get("scenario")
    token = _token(connection, until - time.monotonic())
    response = rest.call(
        pool,
        method,
        rest.base_address(connection, AVAILITY) + path,
        deadline=until - time.monotonic(),
        headers={
            "Authorization": f"Bearer {token}",
            **({"X-Api-Mock-Scenario-ID": str(scenario)} if is_demo and scenario else {}),
            **(headers or {}),
        },
        body=body,
    )
    if response.status == 401:  # revoked before its time: the next call asks for another
        with _lock:
            _tokens.pop(_token_key(connection), None)
        raise NotSent("token_revoked", http_status=401)
    is_mock = response.headers.get(_MOCK, "").lower() == "true"
    if response.status in {200, 202} and is_mock != is_demo:
        raise Unsure("answer_is_canned" if is_mock else "demo_is_live", http_status=response.status)
    return response


# --- fetching what was promised -----------------------------------------------------------------------


def look(connection: Connection, awaited: Sequence[Awaited], cursor: Mapping[str, Any]) -> Look:
    """Every promised coverage in turn, a hundred at a time; whether it is there, its fetch tells."""
    in_order = sorted(awaited, key=lambda each: each.interchange_id)
    later = [each for each in in_order if str(each.interchange_id) > str(cursor.get("after", ""))]
    turn = (later or in_order)[:_MOST_LOOKED_AT]
    files = [
        RemoteFile(f"coverage-{each.interchange_id.hex}.json", 0, 0, each.interchange_id, each.reference)
        for each in turn
    ]
    return Look(files, cursor={"after": str(turn[-1].interchange_id)} if turn else {})


def fetch(connection: Connection, file: RemoteFile) -> bytes | Fetched | None:
    pool = rest.session(connection.partner_id, 2)
    response = _call(connection, pool, "GET", _path(file.token), until=time.monotonic() + _READ_SECONDS)
    if response.status == 200:
        return response.body
    if response.status == 202:
        return None
    if response.status == 404:  # expired, or deleted there
        return Fetched(b"", is_over=True)
    raise rest.refuse(response)


def put_away(connection: Connection, file: RemoteFile) -> None:
    """Coverages expire by themselves."""


# --- trying out, and the payer list -------------------------------------------------------------------


def try_out(connection: Connection) -> list[Step]:
    """Ask for a token: no question, and yet address, certificate and credentials are tried."""
    started = time.monotonic()
    try:
        check(connection)
    except TransportError as error:
        return [Step("settings", error.code)]
    try:
        with _lock:
            _tokens.pop(_token_key(connection), None)
        _token(connection, 20.0)
    except TransportError as error:
        return [Step("settings"), Step("token", error.code, _since(started))]
    return [Step("settings"), Step("token", "", _since(started))]


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def list_payers(connection: Connection, *, deadline: float = 60.0) -> bytes:
    """Availity's payers that take a 270, as JSON."""
    until = time.monotonic() + deadline
    response = rest.call(
        rest.session(connection.partner_id, 2),
        "GET",
        rest.base_address(connection, AVAILITY) + "/availity-payer-list",
        deadline=deadline,
        headers={"Authorization": f"Bearer {_token(connection, until - time.monotonic())}"},
        params={"transactionType": "270"},
        largest=64 * 1024 * 1024,
    )
    if response.status != 200:
        raise rest.refuse(response)
    return response.body
