"""X12 over HTTP: one POST, one reply, one total deadline. TLS verified, no redirects, no proxies."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import monotonic
from uuid import UUID

import requests

from practice.outbound import OutboundError
from practice.outbound.http import Call, GuardedSession, call_within, guarded_session
from tradingpartners.transports import Connection, LiveQuestion, NotSent, Reply, Step, TransportError, Unsure

LARGEST_REPLY = 4 * 1024 * 1024
_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
_AT_THE_DOOR = frozenset({401, 403, 404, 413, 429, 503})
_BUSY = frozenset({429, 503})


@lru_cache(maxsize=512)
def _session(payer_id: UUID, connections: int) -> GuardedSession:
    """One connection pool a payer: a slow one cannot use up another's."""
    return guarded_session(connections)


def check(connection: Connection) -> None:
    _address(connection, "0")
    if ("username" in connection.credentials) != ("password" in connection.credentials):
        raise NotSent("settings:credentials")


def _address(connection: Connection, payer_identifier: str) -> str:
    """`url`, which may name the payer as {payer_id}."""
    try:
        return str(connection.settings["url"]).format(payer_id=payer_identifier)
    except (LookupError, ValueError, AttributeError, TypeError):
        raise NotSent("settings:url") from None


def ask(connection: Connection, question: LiveQuestion, *, deadline: float) -> Reply:
    """Raises NotSent (no connection, no certificate, turned away) or Unsure (time ran out, connection
    lost, an HTTP error after the request was read)."""
    url = _address(connection, question.payer_identifier)
    given = connection.credentials
    auth = (given["username"], given["password"]) if "username" in given else None
    session = _session(question.payer_id, question.connections)
    with call_within(deadline) as call:
        try:
            with _post(session, url, question.body, auth, deadline) as response:
                _refuse_status(response)
                return Reply(_body(response), response.status_code)
        except (requests.exceptions.RequestException, OutboundError, UnicodeError) as error:
            # No chain: its text holds the address, and may hold what a person put into it.
            raise _failure(error, call) from None


def try_out(connection: Connection) -> list[Step]:
    started = monotonic()
    try:
        check(connection)
    except NotSent as error:
        return [Step("settings", error.code)]
    return [Step("settings", "", int((monotonic() - started) * 1000))]


def _post(
    session: requests.Session, url: str, body: bytes, auth: tuple[str, str] | None, deadline: float
) -> requests.Response:
    """The reply's head; its body is still on the wire."""
    return session.post(
        url,
        data=body,
        auth=auth,
        headers={"Content-Type": "application/edi-x12", "Accept": "application/edi-x12"},
        timeout=(min(5.0, deadline), deadline),
        stream=True,
    )


def _failure(error: Exception, call: Call) -> TransportError:
    """By whether anything was handed over: a broken connection may have carried the request."""
    if call.handed_over:
        is_late = call.remaining <= 0 or isinstance(error, requests.exceptions.Timeout)
        return Unsure("timeout" if is_late else "connection_lost")
    if isinstance(error, OutboundError):
        return NotSent("address_refused")
    if isinstance(error, (*_BAD_ADDRESS, UnicodeError)):
        return NotSent("bad_address")
    if isinstance(error, requests.exceptions.SSLError):
        return NotSent("tls")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent("connect_timeout")
    return NotSent("not_resolved" if "NameResolutionError" in repr(error) else "connection_refused")


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
