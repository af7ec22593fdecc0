"""HTTP connections whose every read counts against one deadline, and that know what was handed over.

A socket's own timeout begins anew with each byte: a server that sends one a second holds a
connection for as long as it likes.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


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


class _Connection(HTTPConnection):
    response_class = _TimedResponse

    def send(self, data: Any) -> None:
        _hand_over(self)
        super().send(data)


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse

    def send(self, data: Any) -> None:
        _hand_over(self)
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class TimedAdapter(HTTPAdapter):
    """Its connections are used inside `call_within` only."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
