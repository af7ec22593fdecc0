"""Deliveries as bytes and as transaction sets: no database here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from tradingpartners import x12
from tradingpartners.messages import Incoming, ReadSet, dialect_of
from tradingpartners.models import InboundDelivery


class SetKey(NamedTuple):
    delivery_id: UUID
    position: int


class Set(NamedTuple):
    """One transaction set as delivered."""

    delivery: InboundDelivery
    position: int
    read: ReadSet

    @property
    def key(self) -> SetKey:
        return SetKey(self.delivery.pk, self.position)

    def answers(self) -> list[Incoming]:
        return self.read.answers(self.position)


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
        for event in dialect_of(self.delivery.partner).read(self.content):
            if isinstance(event, ReadSet):
                position += 1
                yield Set(self.delivery, position, event)
            elif isinstance(event, x12.InterchangeAcknowledgement):
                self.acknowledgements.append(event)
            else:
                self.findings.append(event)
