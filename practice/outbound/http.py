"""HTTP sessions for partners and webhooks. They connect where `practice.outbound` lets them, follow no
redirect, ask no proxy, keep one deadline, and know whether anything was handed over.

A socket's own timeout begins anew with each byte: a server that sends one a second holds a
connection for as long as it likes.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from practice import outbound


@dataclass
class Call:
    """One POST: when it must be over, and whether a byte of it may have reached the other side."""

    until: float
    handed_over: bool = False

    @property
    def remaining(self) -> float:
        return self.until - time.monotonic()


_call: ContextVar[Call] = ContextVar("preflight_call")


@contextmanager
def call_within(seconds: float) -> Iterator[Call]:
    call = Call(time.monotonic() + seconds)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


class _TimedReader(io.RawIOBase):
    """Each read waits no longer than what is left of the call."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock, self._raw = sock, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = _call.get().remaining
        if remaining <= 0:
            raise TimeoutError
        self._sock.settimeout(remaining)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(sock, self.fp.detach()))


def _hand_over(connection: HTTPConnection) -> None:
    """Connected, and about to send the first byte."""
    if connection.sock is None:
        connection.connect()
    _call.get().handed_over = True


def _connect(connection: HTTPConnection, *, is_plain: bool) -> socket.socket:
    """OutboundError goes through urllib3 and requests as it is."""
    patience = connection.timeout if isinstance(connection.timeout, int | float) else _call.get().remaining
    within = max(0.001, min(_call.get().remaining, patience))
    try:
        return outbound.connect(connection.host, connection.port, within=within, is_plain=is_plain)
    except outbound.NotResolved:
        raise NameResolutionError("", connection, socket.gaierror()) from None
    except TimeoutError:
        raise ConnectTimeoutError(connection, "") from None
    except OSError:
        raise NewConnectionError(connection, "") from None


class _Connection(HTTPConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        return _connect(self, is_plain=True)

    def send(self, data: Any) -> None:
        _hand_over(self)
        super().send(data)


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        return _connect(self, is_plain=False)

    def send(self, data: Any) -> None:
        _hand_over(self)
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def __init__(self, connections: int, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=connections, pool_block=False, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._tls is not None:
            kwargs["ssl_context"] = self._tls
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Always; against the usual authorities, unless the context names its own."""
        if self._tls is None:
            super().cert_verify(conn, url, True, None)  # type: ignore[no-untyped-call]
        else:
            conn.cert_reqs = "CERT_REQUIRED"

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        return super().build_connection_pool_key_attributes(request, True)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        raise outbound.OutboundError(outbound.Refusal.SCHEME)


class GuardedSession(requests.Session):
    """Used inside `call_within` only. Raises `outbound.OutboundError` beside what requests raises."""

    def __init__(self, connections: int, tls: ssl.SSLContext | None) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        adapter = _Adapter(connections, tls)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        return super().send(request, **{**kwargs, "allow_redirects": False})


def guarded_session(connections: int = 1, *, tls: ssl.SSLContext | None = None) -> GuardedSession:
    """A pool of that many connections to one host; `tls` where the usual authorities are not meant."""
    return GuardedSession(connections, tls)
