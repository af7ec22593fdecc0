"""Trying a connection out, step by step, with the time each took."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from practice.outbound import NotResolved, OutboundError
from tradingpartners.transports import Step, TransportError


class _Ended(Exception):
    """A step failed and is noted."""


@dataclass
class Seen:
    """What a step may leave for a person to see."""

    note: str = ""


class Trial:
    """`with trial:` around all the steps, `with trial.step(name):` around each: the first that fails
    ends the outer block. What each found is in `steps`."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is _Ended

    @contextmanager
    def step(self, name: str) -> Iterator[Seen]:
        started, code, seen = time.monotonic(), "", Seen()
        try:
            yield seen
        except (TransportError, OSError, OutboundError) as error:
            code = _code_of(error)
        self.steps.append(Step(name, code, int((time.monotonic() - started) * 1000), seen.note))
        if code:
            raise _Ended


def _code_of(error: TransportError | OSError | OutboundError) -> str:
    if isinstance(error, TransportError):
        return error.code
    if isinstance(error, OutboundError):
        return "address_refused"
    if isinstance(error, NotResolved):
        return "not_resolved"
    if isinstance(error, ssl.SSLError):
        return "tls"
    return "timeout" if isinstance(error, TimeoutError) else "connection_refused"
