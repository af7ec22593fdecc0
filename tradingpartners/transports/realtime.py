"""X12 over HTTP, plain or in an envelope of CAQH CORE: one POST, one reply, one total deadline. TLS
verified, no redirects, no proxies.

Settings: url, envelope, core_sender_id, core_receiver_id, ca_certificates, api_key_header. Credentials:
username and password, token, api_key, client_certificate and client_key. See docs/transports.md.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from uuid import UUID

import requests

from practice import outbound
from practice.outbound import OutboundError
from practice.outbound.http import Call, GuardedSession, call_within, guarded_session
from tradingpartners.transports import (
    Connection,
    LiveQuestion,
    NotSent,
    Reply,
    Step,
    Unsure,
    core,
)
from tradingpartners.transports.failing import failure_of
from tradingpartners.transports.tls import tls_of
from tradingpartners.transports.trying import Trial

LARGEST_REPLY = 4 * 1024 * 1024
PLAIN = "plain"
_X12 = "application/edi-x12"
_API_KEY_HEADER = "X-API-Key"
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_VALUE = re.compile(r"[\x21-\x7e]{1,4096}")
_AT_THE_DOOR = frozenset({401, 403, 404, 413, 429, 503})
_BUSY = frozenset({429, 503})
# A reply in an envelope may come with these, and then says more than they do.
_ENVELOPED_REFUSAL = frozenset({400, 500})
_TRIAL_SECONDS = 10.0


class _Partner(NamedTuple):
    """A partner's settings and credentials, whole. `account`: user name and password."""

    partner_id: UUID
    url: str
    envelope: core.Envelope | None
    account: tuple[str, str] | None
    headers: dict[str, str]
    tls: ssl.SSLContext


def check(connection: Connection) -> None:
    _partner(connection)


def _partner(connection: Connection) -> _Partner:
    """Raises NotSent("settings:…") with the setting at fault."""
    settings = connection.settings
    url, envelope = settings.get("url"), settings.get("envelope") or PLAIN
    if not isinstance(url, str):
        raise NotSent("settings:url")
    try:
        outbound.check_address(url, schemes=("https", "http"), placeholders=("payer_id",))
    except OutboundError:
        raise NotSent("settings:url") from None
    if envelope != PLAIN and envelope not in core.ENVELOPES:
        raise NotSent("settings:envelope")
    account, headers = _account(connection), _headers(connection)
    if account and envelope == PLAIN:
        # In UTF-8: requests would write Latin-1, and fail where that has no such letter.
        basic = base64.b64encode(":".join(account).encode()).decode()
        headers.setdefault("Authorization", f"Basic {basic}")
    return _Partner(
        connection.partner_id, url, core.ENVELOPES.get(envelope), account, headers, tls_of(connection)
    )


def _account(connection: Connection) -> tuple[str, str] | None:
    given = connection.credentials
    if bool(given.get("username")) != bool(given.get("password")):
        raise NotSent("settings:credentials")
    return (str(given["username"]), str(given["password"])) if given.get("username") else None


def _headers(connection: Connection) -> dict[str, str]:
    """What says who we are in a header of its own."""
    given, headers = connection.credentials, {}
    name = connection.settings.get("api_key_header") or _API_KEY_HEADER
    if not _HEADER.fullmatch(str(name)):
        raise NotSent("settings:api_key_header")
    if given.get("token"):
        headers["Authorization"] = f"Bearer {given['token']}"
    if given.get("api_key"):
        headers[str(name)] = str(given["api_key"])
    if not all(_VALUE.fullmatch(value.removeprefix("Bearer ")) for value in headers.values()):
        raise NotSent("settings:credentials")
    return headers


@lru_cache(maxsize=512)
def _session(partner_id: UUID, payer_id: UUID, connections: int, tls: ssl.SSLContext) -> GuardedSession:
    """One connection pool a payer: a slow one cannot use up another's."""
    return guarded_session(connections, tls=tls)


def ask(connection: Connection, question: LiveQuestion, *, deadline: float) -> Reply:
    """Raises NotSent (no connection, no certificate, turned away) or Unsure (time ran out, connection
    lost, an HTTP error after the request was read)."""
    partner = _partner(connection)
    session = _session(partner.partner_id, question.payer_id, question.connections, partner.tls)
    url = partner.url.replace("{payer_id}", quote(question.payer_identifier, safe=""))
    sealed = _seal(partner, connection, question)
    with call_within(deadline) as call, _failures(call):
        response = _post(session, url, sealed, partner, deadline)
        with response:
            return Reply(_payload(partner, response), response.status_code)


def _seal(partner: _Partner, connection: Connection, question: LiveQuestion) -> core.Sealed:
    if partner.envelope is None:
        return core.Sealed(question.body, question.content_type)
    settings = connection.settings
    username, password = partner.account or ("", "")
    letter = core.Letter(
        payload=question.body,
        payload_type=core.PAYLOAD_TYPES[question.transaction_set],
        payload_id=question.message_id,
        sent_at=datetime.now(UTC),
        sender_id=str(settings.get("core_sender_id") or question.sender_id),
        receiver_id=str(settings.get("core_receiver_id") or question.receiver_id),
        username=username,
        password=password,
    )
    return partner.envelope.seal(letter)


def _payload(partner: _Partner, response: requests.Response) -> bytes:
    """What the reply carries; where its status says no and its body is no envelope, what that says."""
    status = response.status_code
    if partner.envelope is None or status not in {200, *_ENVELOPED_REFUSAL}:
        _refuse_status(response)
    body = _body(response)
    if partner.envelope is None:
        return body
    kind = response.headers.get("Content-Type", "")
    try:
        return core.open_reply(partner.envelope, body, kind, http_status=status)
    except core.NoEnvelope:
        _refuse_status(response)
        raise


@contextmanager
def _failures(call: Call) -> Iterator[None]:
    """What requests raises, as ours. No chain: its text holds the address, and may hold what a person
    put into it."""
    try:
        yield
    except (requests.exceptions.RequestException, OutboundError, UnicodeError) as error:
        raise failure_of(error, call) from None


def _post(
    session: GuardedSession, url: str, sealed: core.Sealed, partner: _Partner, deadline: float
) -> requests.Response:
    """The reply's head; its body is still on the wire."""
    accept = {"Accept": _X12} if partner.envelope is None else {}
    return session.post(
        url,
        data=sealed.body,
        headers={"Content-Type": sealed.content_type, **accept, **partner.headers},
        timeout=(min(5.0, deadline), deadline),
        stream=True,
    )


def try_out(connection: Connection) -> list[Step]:
    """settings, resolve, connect, tls (not for http), http: a HEAD, which asks nothing."""
    trial = Trial()
    with trial:
        with trial.step("settings"):
            partner = _partner(connection)
        parts = urlsplit(partner.url)
        host, is_plain = parts.hostname or "", parts.scheme == "http"
        port = parts.port or (80 if is_plain else 443)
        with trial.step("resolve"):
            addresses = outbound.resolve(host, port, within=_TRIAL_SECONDS, is_plain=is_plain)
        with trial.step("connect"):
            line = outbound.connect_to(addresses, port, within=_TRIAL_SECONDS)
        with line:
            if not is_plain:
                with trial.step("tls"), partner.tls.wrap_socket(line, server_hostname=host):
                    pass
        with trial.step("http"):
            _say_hello(partner)
    return trial.steps


def _say_hello(partner: _Partner) -> None:
    """Raises NotSent where a HEAD is refused for who we are, or fails; 404 and 405 are as good as 200:
    there is nothing to read at such an address."""
    session = guarded_session(tls=partner.tls)
    url = partner.url.replace("{payer_id}", "0")
    with call_within(_TRIAL_SECONDS) as call, _failures(call), session:
        response = session.head(url, headers=partner.headers, timeout=_TRIAL_SECONDS)
    status = response.status_code
    if status in {401, 403, 407} or (status >= 500 and status != 501):
        raise NotSent(f"http_{status}", http_status=status)


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in _AT_THE_DOOR:
        pause = _pause(response.headers.get("Retry-After", "")) if status in _BUSY else None
        raise NotSent(f"http_{status}", http_status=status, retry_after=pause)
    raise Unsure(f"http_{status}", http_status=status)


def _pause(retry_after: str) -> int:
    """Retry-After in seconds, given as such or as a date; 0 where it says nothing."""
    if retry_after.isdigit():
        return int(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0, int((until - datetime.now(UTC)).total_seconds()))


def _body(response: requests.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(16_384):
        parts.append(part)
        size += len(part)
        if size > LARGEST_REPLY:
            raise Unsure("reply_too_large")
    return b"".join(parts)
