"""One AS2 POST: guarded, within one deadline, and clear about whether it was handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import requests

from practice.outbound import OutboundError
from practice.outbound.http import call_within, guarded_session
from tradingpartners.transports import NotSent, Unsure
from tradingpartners.transports.as2.agreement import Agreement
from tradingpartners.transports.as2.messages import Message
from tradingpartners.transports.failing import failure_of

LARGEST_REPLY = 1024 * 1024
_AT_THE_DOOR = frozenset({401, 403, 404, 405, 413, 415, 429, 503})
_BUSY = frozenset({429, 503})


class Reply(NamedTuple):
    """`headers` by small letters."""

    headers: Mapping[str, str]
    body: bytes


def post(agreement: Agreement, url: str, message: Message, *, deadline: float) -> Reply:
    """The reply under a 2xx. Raises NotSent (no connection, turned away) or Unsure."""
    with call_within(deadline) as call, guarded_session(tls=agreement.tls) as session:
        try:
            with session.post(
                url,
                data=message.body,
                headers=message.headers,
                auth=agreement.auth,
                timeout=(min(10.0, deadline), deadline),
                stream=True,
            ) as response:
                _refuse_status(response)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Reply(headers, _body(response))
        except (requests.exceptions.RequestException, OutboundError, UnicodeError, OSError) as error:
            # No chain: its text holds the address, and may hold what a person put into it.
            raise failure_of(error, call) from None


def knock(agreement: Agreement, *, deadline: float) -> None:
    """Whether somebody listens there: a HEAD, to which a server may answer what it likes."""
    with call_within(deadline) as call, guarded_session(tls=agreement.tls) as session:
        try:
            response = session.head(agreement.url, auth=agreement.auth, timeout=deadline)
        except (requests.exceptions.RequestException, OutboundError, UnicodeError, OSError) as error:
            raise failure_of(error, call) from None
    if response.status_code in {401, 403, 407, 502, 503, 504}:
        raise NotSent(f"http_{response.status_code}", http_status=response.status_code)


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in _AT_THE_DOOR:
        pause = response.headers.get("Retry-After", "")
        seconds = int(pause) if pause.isdecimal() else 0
        raise NotSent(f"http_{status}", http_status=status, retry_after=seconds if status in _BUSY else None)
    raise Unsure(f"http_{status}", http_status=status)


def _body(response: requests.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(16_384):
        parts.append(part)
        size += len(part)
        if size > LARGEST_REPLY:
            raise Unsure("reply_too_large")
    return b"".join(parts)
