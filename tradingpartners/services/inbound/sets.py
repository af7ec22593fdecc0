"""Deliveries as bytes and as transaction sets: no database here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from tradingpartners import x12
from tradingpartners.models import InboundDelivery


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


class Reading(NamedTuple):
    """What stands in a delivery, or, in `error` and `offset`, why nothing can be read."""

    delivery: InboundDelivery
    sets: tuple[Set, ...] = ()
    acknowledgements: tuple[x12.InterchangeAcknowledgement, ...] = ()
    findings: tuple[x12.Finding, ...] = ()
    error: str = ""
    offset: int = 0


def read_content(delivery: InboundDelivery, content: bytes) -> Reading:
    try:
        reading = x12.read(content)
    except x12.X12Error as error:
        return Reading(delivery, error=error.code, offset=error.offset)
    return Reading(
        delivery,
        sets=tuple(_sets(delivery, reading)),
        acknowledgements=tuple(a for each in reading.interchanges for a in each.acknowledgements),
        findings=tuple(reading.findings),
    )


def _sets(delivery: InboundDelivery, reading: x12.Reading) -> Iterator[Set]:
    position = 0
    for interchange in reading.interchanges:
        for group in interchange.groups:
            for transaction in group.transactions:
                position += 1
                text = reading.text[slice(*transaction.span)]
                yield Set(delivery, position, transaction, interchange.delimiters, text)
