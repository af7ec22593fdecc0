"""Deliveries as bytes, interchanges and transaction sets: no database here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from tradingpartners import x12
from tradingpartners.messages import (
    Event,
    Incoming,
    InterchangeBegins,
    InterchangeEnds,
    ReadSet,
    read_pieces,
)
from tradingpartners.models import InboundDelivery, TradingPartner, Transaction
from tradingpartners.services.inbound.natures import nature_of

_Code = x12.FindingCode
# Findings that say a file did not come as it was sent: cut, spliced, or counted wrong.
DAMAGES = frozenset(
    {
        _Code.CONTENT_OUTSIDE_INTERCHANGE,
        _Code.INTERCHANGE_HEADER_UNREADABLE,
        _Code.INTERCHANGE_TRAILER_MISSING,
        _Code.INTERCHANGE_CONTROL_NUMBER_MISMATCH,
        _Code.GROUP_COUNT_WRONG,
        _Code.GROUP_TRAILER_MISSING,
        _Code.GROUP_CONTROL_NUMBER_MISMATCH,
        _Code.SET_COUNT_WRONG,
        _Code.SET_HEADER_MISSING,
    }
)
_MOST_FINDINGS = 200
# A file of nothing but headers shall not become a million rows.
MOST_INTERCHANGES = 10_000
TOO_MANY_INTERCHANGES = "too_many_interchanges"
_LINE_ENDS = {ord("\r"): None, ord("\n"): None}


class SetKey(NamedTuple):
    delivery_id: UUID
    position: int


class Ruling(NamedTuple):
    """What is decided of a set before anybody asks whom it answers: not to be applied, and why."""

    disposition: Transaction.Disposition
    code: str


class Set(NamedTuple):
    """One transaction set as delivered; `position` counts the sets of its file, unreadable ones too."""

    delivery: InboundDelivery
    position: int
    read: ReadSet
    interchange_id: UUID | None = None
    ruling: Ruling | None = None

    @property
    def key(self) -> SetKey:
        return SetKey(self.delivery.pk, self.position)

    def answers(self) -> list[Incoming]:
        return [] if self.ruling else self.read.answers(self.position)


class Found(NamedTuple):
    """One interchange of a delivery. The digest is of what was read of it, line ends left out:
    the same interchange again has the same."""

    sender: str
    control_number: int | None
    set_id: str
    digest: bytes
    span: tuple[int, int]
    is_complete: bool


class Place(NamedTuple):
    """The row of an interchange that came, and what is decided of all its sets."""

    interchange_id: UUID
    ruling: Ruling | None


class Reading:
    """A delivery to be read, twice: first what it holds, then its sets.

    Whether anything of it may be applied is known only when all of it was seen: whether it came
    whole, and whether its number has been used for something else.
    """

    def __init__(
        self,
        delivery: InboundDelivery,
        pieces: Callable[[], Iterable[bytes]] | None = None,
        *,
        error: str = "",
    ) -> None:
        self.delivery = delivery
        self.pieces = pieces
        # Why nothing, or nothing more, can be read, and where.
        self.error = error
        self.offset = 0
        self.nature = ""
        self.interchanges: list[Found] = []
        # Each with the place of its interchange among them.
        self.acknowledgements: list[tuple[int, x12.InterchangeAcknowledgement]] = []
        self.findings: list[x12.Finding] = []
        self.damages: set[str] = set()
        # Of each interchange, when its row is made.
        self.places: list[Place] = []

    @property
    def is_file(self) -> bool:
        """Not the reply to a question on its own connection, which belongs to nothing else."""
        return self.delivery.answering_id is None

    @property
    def holds_damage(self) -> bool:
        return self.is_file and bool(self.error or self.damages)

    @property
    def is_held(self) -> bool:
        """Whether this partner's damaged files wait for a person, and none has decided on this one."""
        wants = self.delivery.partner.damaged_files == TradingPartner.DamagedFiles.HOLD
        return wants and self.holds_damage and self.delivery.settled_at is None

    def valid_acknowledgements(self) -> list[x12.InterchangeAcknowledgement]:
        """Those of interchanges that are to be applied."""
        ruled = {index for index, place in enumerate(self.places) if place.ruling}
        return [said for index, said in self.acknowledgements if index not in ruled]

    def survey(self) -> None:
        """The first reading: interchanges, what they are worth, and what is wrong."""
        if self.pieces is None or self.error:
            return
        surveyor = _Surveyor(self)
        try:
            for event in read_pieces(self.delivery.partner, self.pieces()):
                surveyor.take(event)
        except x12.X12Error as error:
            self.error, self.offset = error.code, error.offset
            self.nature = nature_of(next(iter(self.pieces()), b"")) if not self.interchanges else ""
        if len(self.interchanges) > MOST_INTERCHANGES:
            self.error, self.pieces = TOO_MANY_INTERCHANGES, None

    def sets(self) -> Iterator[Set]:
        """The second reading: each transaction set; a damaged one never costs its neighbours."""
        try:
            yield from self._sets()
        except x12.X12Error as error:
            self.error, self.offset = error.code, error.offset

    def _sets(self) -> Iterator[Set]:
        if self.pieces is None:
            return
        position, places, place = 0, iter(self.places), None
        for event in read_pieces(self.delivery.partner, self.pieces()):
            if isinstance(event, InterchangeBegins):
                place = next(places, None)
            elif isinstance(event, ReadSet):
                position += 1
                ruling = self._ruling(event, place)
                yield Set(self.delivery, position, event, place.interchange_id if place else None, ruling)

    def _ruling(self, read: ReadSet, place: Place | None) -> Ruling | None:
        if place and place.ruling:
            return place.ruling
        # On a connection of its own an answer cannot have been mixed up with another's.
        if read.damage and (self.is_file or not read.text):
            return Ruling(Transaction.Disposition.QUARANTINED, read.damage)
        return None


class _Surveyor:
    """Takes the events of one delivery and tells its `Reading` what they amount to."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.begun: InterchangeBegins | None = None
        self.set_id = ""
        self.digest = hashlib.sha256()

    def take(self, event: Event) -> None:
        reading = self.reading
        if isinstance(event, ReadSet):
            self._set(event)
        elif isinstance(event, InterchangeBegins):
            self.begun, self.set_id = event, ""
            self.digest = hashlib.sha256("*".join(event).encode())
        elif isinstance(event, InterchangeEnds):
            self._end(event)
        elif isinstance(event, x12.InterchangeAcknowledgement):
            reading.acknowledgements.append((len(reading.interchanges), event))
            self.digest.update(f"TA1*{event.control_number}*{event.code}*{event.note}~".encode())
        else:
            if event.code in DAMAGES:
                reading.damages.add(event.code)
            if len(reading.findings) < _MOST_FINDINGS:
                reading.findings.append(event)

    def _set(self, read: ReadSet) -> None:
        self.set_id = self.set_id or read.set_id[:3]
        self.digest.update(f"{read.set_id}*{read.control_number}~".encode())
        self.digest.update(read.text.translate(_LINE_ENDS).encode())
        if read.damage:
            self.reading.damages.add(read.damage)

    def _end(self, event: InterchangeEnds) -> None:
        if self.begun is None:
            return
        number = self.begun.control_number
        self.reading.interchanges.append(
            Found(
                sender=self.begun.sender[:15],
                control_number=int(number) if number.isdecimal() and len(number) <= 9 else None,
                set_id=self.set_id,
                digest=self.digest.digest(),
                span=event.span,
                is_complete=event.is_complete,
            )
        )
        self.begun = None
