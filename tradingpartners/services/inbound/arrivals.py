"""Interchanges that came, as rows: which of them are new, and which may not be applied.

A sender gives each interchange a number (ISA13) of its own. The same number with the same content
is the same interchange again; with other content one of the two is not what it seems to be, and a
person decides. Numbers are the sender's, and of each kind of file: many count their acknowledgements
apart from their answers. They come round again: what is older than `NUMBERS_HOLD` is another round.
Replies on a connection of their own are not looked at: there many senders use one number for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from practice.bulk import insert_rows
from practice.rows import uuid7
from tradingpartners.models import Direction, InboundDelivery, Interchange, Transaction
from tradingpartners.services import telling
from tradingpartners.services.inbound.sets import Found, Place, Reading, Ruling

NUMBERS_HOLD = timedelta(days=90)

# Interchange.problem
OTHER_CONTENT = "same_number_other_content"
DUPLICATE = "duplicate"
INCOMPLETE = "incomplete"
DROPPED = "dropped"

_Disposition = Transaction.Disposition
_RULINGS = {
    OTHER_CONTENT: Ruling(_Disposition.HELD, OTHER_CONTENT),
    DUPLICATE: Ruling(_Disposition.DUPLICATE, DUPLICATE),
    DROPPED: Ruling(_Disposition.QUARANTINED, DROPPED),
}
_HELD_FILE = Ruling(_Disposition.HELD, "held_file")


class _Number(NamedTuple):
    partner_id: UUID
    sender: str
    control_number: int
    set_id: str


class _Used(NamedTuple):
    """An interchange that has used its number up."""

    digest: bytes
    epoch: int
    delivery_id: UUID | None
    is_recent: bool


def register(readings: Sequence[Reading]) -> None:
    """Make the rows of these interchanges, once, and rule on them; damaged files are held."""
    _one_at_a_time(reading.delivery.partner_id for reading in readings if reading.is_file)
    for reading in readings:
        if reading.is_held:
            _hold(reading)
    made = _made_before(readings)
    used = _Numbers(readings)
    new: list[Interchange] = []
    for reading in readings:
        for found in reading.interchanges:
            row = made.get((reading.delivery.pk, found.span[0]))
            if row is None:
                row = _row(reading, found, used)
                new.append(row)
            ruling = _HELD_FILE if reading.delivery.held_at else _RULINGS.get(row.problem)
            reading.places.append(Place(row.pk, ruling))
    insert_rows(Interchange, new)
    for row in new:
        if row.problem == OTHER_CONTENT:
            telling.same_number_other_content(row)


def _one_at_a_time(partner_ids: Iterable[UUID]) -> None:
    """Until commit, nobody else decides whose number it is: two files may come at one moment."""
    with connection.cursor() as cursor:
        for partner_id in sorted(set(partner_ids)):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"numbers of {partner_id}"]
            )


def _hold(reading: Reading) -> None:
    delivery = reading.delivery
    if delivery.held_at is None:
        InboundDelivery.objects.filter(pk=delivery.pk).update(held_at=Now())
        delivery.refresh_from_db(fields=["held_at"])
        telling.held_file(delivery, sorted(reading.damages))


def _made_before(readings: Sequence[Reading]) -> dict[tuple[UUID | None, int], Interchange]:
    """Rows that an earlier reading of the same deliveries has made."""
    deliveries = sorted(each.delivery.pk for each in readings)
    # A second reader, whose first was taken for lost, waits here and finds them.
    list(
        InboundDelivery.objects.filter(pk__in=deliveries).select_for_update().order_by("pk").values_list("pk")
    )
    rows = Interchange.objects.filter(direction=Direction.IN, delivery_id__in=deliveries)
    return {(row.delivery_id, row.span_start): row for row in rows}


def _row(reading: Reading, found: Found, used: _Numbers) -> Interchange:
    epoch, problem = used.judge(reading, found)
    return Interchange(
        id=uuid7(),
        partner_id=reading.delivery.partner_id,
        direction=Direction.IN,
        state=Interchange.State.RECEIVED,
        control_number=found.control_number,
        epoch=epoch,
        sender_id=found.sender,
        transaction_set=found.set_id,
        sha256=found.digest,
        delivery_id=reading.delivery.pk,
        payload_id=reading.delivery.payload_id,
        file_name=reading.delivery.file_name,
        span_start=found.span[0],
        span_end=found.span[1],
        problem=problem,
    )


class _Numbers:
    """Which numbers are used up, and by what; what one file of a reading uses, the next one finds."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.used: dict[_Number, list[_Used]] = {}
        self.well_read: set[UUID] = set()
        files = [reading for reading in readings if reading.is_file]
        numbers = {found.control_number for each in files for found in each.interchanges}
        as_file = InboundDelivery.objects.filter(pk=OuterRef("delivery_id"), answering=None)
        rows = Interchange.objects.filter(
            Exists(as_file),
            partner__in={each.delivery.partner_id for each in files},
            direction=Direction.IN,
            control_number__in=numbers - {None},
            problem="",
        ).order_by("pk")
        if not numbers:
            return
        recent = set(rows.filter(created_at__gt=Now() - NUMBERS_HOLD).values_list("pk", flat=True))
        for row in rows:
            number = _Number(row.partner_id, row.sender_id, row.control_number or 0, row.transaction_set)
            self._use(number, _Used(bytes(row.sha256 or b""), row.epoch, row.delivery_id, row.pk in recent))
        self.well_read = set(
            InboundDelivery.objects.filter(
                pk__in={each.delivery_id for many in self.used.values() for each in many},
                read_at__isnull=False,
                error="",
            ).values_list("pk", flat=True)
        )

    def _use(self, number: _Number, used: _Used) -> None:
        self.used.setdefault(number, []).append(used)

    def judge(self, reading: Reading, found: Found) -> tuple[int, str]:
        """(round of numbers, problem) of an interchange that is new."""
        if not reading.is_file or found.control_number is None:
            return 1, "" if found.is_complete else INCOMPLETE
        number = _Number(reading.delivery.partner_id, found.sender, found.control_number, found.set_id)
        before = self.used.get(number, [])
        epoch = 1 + max((each.epoch for each in before if not each.is_recent), default=0)
        recent = [each for each in before if each.is_recent]
        epoch = max([epoch, *(each.epoch for each in recent)])
        for each in recent:
            if each.digest == found.digest:
                # What was never read to its end is read again instead.
                return epoch, DUPLICATE if each.delivery_id in self.well_read else ""
        if recent:
            return epoch, OTHER_CONTENT
        if not found.is_complete:  # the rest may still come, under the same number
            return epoch, INCOMPLETE
        self._use(number, _Used(found.digest, epoch, reading.delivery.pk, is_recent=True))
        return epoch, ""
