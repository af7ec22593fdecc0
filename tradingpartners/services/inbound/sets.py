"""Deliveries as bytes and as transaction sets: no database here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from tradingpartners import x12
from tradingpartners.models import InboundDelivery

# What is decoded at a time.
_PIECE = 1 << 18


class SetKey(NamedTuple):
    delivery_id: UUID
    position: int


class Set(NamedTuple):
    """One transaction set as delivered."""

    delivery: InboundDelivery
    position: int
    transaction: x12.TransactionSet
    delimiters: x12.Delimiters
    text: str

    @property
    def key(self) -> SetKey:
        return SetKey(self.delivery.pk, self.position)


class Reading:
    """One reading of a delivery: its sets as they are asked for, and what is known when they end."""

    def __init__(self, delivery: InboundDelivery, content: bytes = b"", *, error: str = "") -> None:
        self.delivery = delivery
        self.content = content
        # Why nothing, or nothing more, can be read, and where.
        self.error = error
        self.offset = 0
        self.acknowledgements: list[x12.InterchangeAcknowledgement] = []
        self.findings: list[x12.Finding] = []

    def sets(self) -> Iterator[Set]:
        """Each transaction set, in flat memory; a damaged one never costs its neighbours."""
        try:
            yield from self._sets()
        except x12.X12Error as error:
            self.error, self.offset = error.code, error.offset

    def _sets(self) -> Iterator[Set]:
        if not self.content:
            return
        position = 0
        for event in x12.read_stream(_pieces(self.content)):
            if isinstance(event, x12.TransactionSet):
                position += 1
                yield Set(self.delivery, position, event, event.delimiters, event.text)
            elif isinstance(event, x12.InterchangeAcknowledgement):
                self.acknowledgements.append(event)
            elif isinstance(event, x12.Finding):
                self.findings.append(event)


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _PIECE):
        yield content[start : start + _PIECE]
