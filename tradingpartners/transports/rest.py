"""One call of a clearinghouse's HTTP interface: guarded, within a deadline, of a bounded size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import requests

from practice.outbound import OutboundError, check_address
from practice.outbound.http import GuardedSession, call_within, guarded_session
from tradingpartners.transports import Connection, NotSent, TransportError, Unsure
from tradingpartners.transports.failing import failure_of

LARGEST_REPLY = 4 * 1024 * 1024
# A throttle is the clearinghouse's own and over as soon as one of our calls is: seconds of peace.
THROTTLED = 1
_AT_THE_DOOR = frozenset({401, 403, 404, 405, 413, 415})


class Response(NamedTuple):
    """Any status. `date` is the server's clock, ours where it does not say."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    date: datetime


@lru_cache(maxsize=512)
def session(owner_id: UUID, connections: int) -> GuardedSession:
    """One pool a payer or partner: a slow one cannot use up another's."""
    return guarded_session(connections)


def base_address(connection: Connection, usual: str) -> str:
    """The address of the interface, from the setting `url`, else the clearinghouse's own."""
    return str(connection.settings.get("url") or usual).rstrip("/")


def check_base(connection: Connection, usual: str) -> None:
    """Raises NotSent where the setting `url` is none that may be reached."""
    try:
        check_address(base_address(connection, usual), schemes=("https", "http"))
    except OutboundError:
        raise NotSent("settings:url") from None


def call(
    pool: GuardedSession,
    method: str,
    url: str,
    *,
    deadline: float,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    largest: int = LARGEST_REPLY,
) -> Response:
    """The whole reply, whatever its status. Raises NotSent or Unsure by what was handed over."""
    if deadline <= 0:
        raise NotSent("timeout")
    with call_within(deadline) as within:
        try:
            with pool.request(
                method,
                url,
                params=params,
                data=body,
                headers={"Accept": "application/json", "Accept-Encoding": "gzip", **headers},
                timeout=(min(5.0, deadline), deadline),
                stream=True,
            ) as response:
                content = _body(response, largest)
                return Response(response.status_code, content, response.headers, _date(response))
        except (requests.exceptions.RequestException, OutboundError, UnicodeError) as error:
            # No chain: its text holds the address, and may hold what a person put into it.
            raise failure_of(error, within) from None


def _body(response: requests.Response, largest: int) -> bytes:
    """Counted as it is unpacked: a bomb stops here."""
    parts, size = [], 0
    for part in response.iter_content(65_536):
        parts.append(part)
        size += len(part)
        if size > largest:
            raise Unsure("reply_too_large")
    return b"".join(parts)


def _date(response: requests.Response) -> datetime:
    try:
        said = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def refuse(response: Response) -> TransportError:
    """What a status means that is no answer: turned away unread, or read and failed."""
    status = response.status
    if status == 429:
        return NotSent("throttled", http_status=status, retry_after=THROTTLED)
    if status in _AT_THE_DOOR:
        return NotSent(f"http_{status}", http_status=status)
    return Unsure(f"http_{status}", http_status=status)


def json_object(response: Response) -> dict[str, Any]:
    """The object that is the body; an empty one where it is none."""
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
