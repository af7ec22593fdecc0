"""X12 over HTTP: one POST, one reply, one total deadline. TLS verified, no redirects, no proxies."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter

from tradingpartners.transports import NotSent, Reply, Unsure

LARGEST_REPLY = 4 * 1024 * 1024
_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)


@lru_cache(maxsize=512)
def _session(payer_id: UUID, connections: int) -> requests.Session:
    """One connection pool a payer: a slow one cannot use up another's."""
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, pool_block=False, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def ask(
    url: str,
    body: bytes,
    *,
    credentials: dict[str, Any],
    payer_id: UUID,
    connections: int,
    deadline: float,
) -> Reply:
    """The reply's bytes within `deadline` seconds in all, connecting included.

    Raises NotSent (refused, not resolved, certificate) or Unsure (time ran out, connection lost,
    an HTTP error after the request was read).
    """
    started = time.monotonic()
    auth = (credentials["username"], credentials["password"]) if "username" in credentials else None
    with _post(_session(payer_id, connections), url, body, auth, deadline) as response:
        _refuse_status(response)
        return Reply(_body(response, started + deadline), response.status_code)


def _post(
    session: requests.Session, url: str, body: bytes, auth: tuple[str, str] | None, deadline: float
) -> requests.Response:
    """The reply's head; its body is still on the wire."""
    try:
        return session.post(
            url,
            data=body,
            auth=auth,
            headers={"Content-Type": "application/edi-x12", "Accept": "application/edi-x12"},
            timeout=(min(5.0, deadline), deadline),
            allow_redirects=False,
            stream=True,
        )
    except requests.exceptions.SSLError as error:
        raise NotSent("tls") from error
    except requests.exceptions.ConnectTimeout as error:
        raise NotSent("connect_timeout") from error
    except requests.exceptions.ReadTimeout as error:
        raise Unsure("timeout") from error
    except requests.exceptions.ConnectionError as error:
        # A kept-alive connection that breaks may have carried the request.
        refused = "NewConnectionError" in repr(error)
        raise (NotSent("connection_refused") if refused else Unsure("connection_lost")) from error
    except _BAD_ADDRESS as error:
        raise NotSent("bad_address") from error
    except requests.exceptions.RequestException as error:
        raise Unsure("connection_lost") from error


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    after = response.headers.get("Retry-After", "")
    retry_after = int(after) if after.isdigit() else None
    if status in {401, 403, 404, 413, 429, 503}:  # turned away at the door
        raise NotSent(f"http_{status}", http_status=status, retry_after=retry_after)
    raise Unsure(f"http_{status}", http_status=status)


def _body(response: requests.Response, until: float) -> bytes:
    """Read to the end, against the clock: a reply that drips is cut off at the deadline."""
    parts, size = [], 0
    try:
        for part in response.iter_content(16_384):
            parts.append(part)
            size += len(part)
            if size > LARGEST_REPLY:
                raise Unsure("reply_too_large")
            if time.monotonic() > until:
                raise Unsure("timeout")
    except requests.exceptions.RequestException as error:
        raise Unsure("connection_lost") from error
    return b"".join(parts)
