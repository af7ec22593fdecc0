"""Rows to messages and back, one dialect a module: the one place that knows both worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from tradingpartners.messages import availity, stedi, x12_sets
from tradingpartners.messages.reading import (
    Event,
    Incoming,
    InterchangeBegins,
    InterchangeEnds,
    ReadSet,
)
from tradingpartners.models import Attempt, Route, TradingPartner

__all__ = [
    "DIALECTS",
    "READ_SETS",
    "Dialect",
    "Event",
    "Incoming",
    "InterchangeBegins",
    "InterchangeEnds",
    "ReadSet",
    "dialect_of",
    "fault_code",
    "read_pieces",
]


class Dialect(Protocol):
    """How questions are written for a partner, and how its answers are read."""

    CONTENT_TYPE: str

    def write_attempt(
        self, attempt: Attempt, contents: Any, route: Route, *, number: str, now: datetime
    ) -> str:
        """The text of one question, under `number`. Raises `x12.X12WriteError` naming the field that
        cannot be carried."""

    def write_file(
        self,
        partner: TradingPartner,
        transaction_set: str,
        texts: Sequence[str],
        *,
        number: int,
        now: datetime,
    ) -> bytes:
        """What goes over the wire, under the control number: one question, or a file of them."""

    def texts_of(self, content: bytes) -> dict[str, str]:
        """Number → text of the questions in a file we wrote."""

    def read(self, content: bytes) -> Iterator[Event]:
        """What a partner sent. Raises `x12.X12Error` where nothing, or nothing more, can be read."""


# By kind of partner (`TradingPartner.transport`).
DIALECTS: dict[str, Dialect] = {
    "realtime": x12_sets,
    "sftp": x12_sets,
    "as2": x12_sets,
    "stedi": stedi,
    "stedi_batch": stedi,
    "availity": availity,
}


# What a question that was refused for a field is ended with; by kind of partner, where one names them.
_FAULTS: dict[str, Callable[[str], str]] = {"stedi_batch": stedi.fault}


def fault_code(partner: TradingPartner, field: str) -> str:
    """The code of a question whose field the partner refuses, as it names the field."""
    return _FAULTS[partner.transport](field)


# What answers one of ours; every dialect reads its answers under the same names.
READ_SETS = frozenset(x12_sets.READERS)


def dialect_of(partner: TradingPartner) -> Dialect:
    return DIALECTS[partner.transport]


def read_pieces(partner: TradingPartner, pieces: Iterable[bytes]) -> Iterator[Event]:
    """What the partner sent, from pieces of it. X12 is read as they come, in flat memory; what other
    dialects speak are documents, which are read whole. Raises as `Dialect.read`."""
    dialect = dialect_of(partner)
    if dialect is x12_sets:
        return x12_sets.read_pieces(pieces)
    return dialect.read(b"".join(pieces))
