"""Take up deliveries, apply their sets in batches, close them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from practice.tenancy import dispatcher, tenant
from tradingpartners.contents import OutcomeKind
from tradingpartners.models import InboundDelivery, TradingPartner, Transaction
from tradingpartners.services import payloads
from tradingpartners.services.acknowledging import acknowledge, wants_acknowledgements
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.inbound.acknowledgements import acknowledge_interchanges
from tradingpartners.services.inbound.applying import apply_sets
from tradingpartners.services.inbound.arrivals import register
from tradingpartners.services.inbound.explaining import note
from tradingpartners.services.inbound.sets import Reading, Set
from tradingpartners.services.inbound.storing import stored_before

# Sets settled in one transaction: large enough to be set-based, small enough to show progress.
BATCH = 500
# A delivery whose reading failed this often without any progress is quarantined; the others go on.
MOST_RESCUES = 2
# Deliveries read at one wake-up: live replies are small, and another organization waits behind.
TURN = 100
# Bytes of a delivery that is read together with others, and held in memory whole.
SMALL = payloads.CHUNK


def organizations_waiting(*, older_than_seconds: int = 10) -> list[UUID]:
    """Organizations with something kept that nobody is reading: its reader was lost."""
    with dispatcher():
        waiting = _waiting(older_than_seconds).values_list("organization_id", flat=True)
        return list(waiting.order_by("organization_id").distinct())


def read_waiting(organization_id: UUID, *, older_than_seconds: int = 10) -> bool:
    """Read the oldest of what waits; whether there is more."""
    with tenant(organization_id):
        waiting = list(_waiting(older_than_seconds).order_by("pk").values_list("pk", flat=True)[: TURN + 1])
    read_deliveries(organization_id, waiting[:TURN])
    return len(waiting) > TURN


def _waiting(older_than_seconds: int) -> QuerySet[InboundDelivery]:
    return _free().filter(created_at__lt=Now() - timedelta(seconds=older_than_seconds))


def _free() -> QuerySet[InboundDelivery]:
    """Kept, not read, and read by nobody at the moment."""
    return InboundDelivery.objects.filter(
        Q(reader_until=None) | Q(reader_until__lt=Now()), read_at=None, payload__isnull=False
    )


def read_deliveries(organization_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Apply these deliveries, in batches of sets; each batch is one transaction.

    Those that somebody else is reading are left to them. One that was tried before is read by
    itself: what it does to its reader counts against no other. So is a large one, piece by piece.
    """
    with tenant(organization_id):
        unread = InboundDelivery.objects.filter(pk__in=delivery_ids, read_at=None)
        alone = set(
            unread.filter(Q(rescue_count__gt=0) | Q(payload__size__gt=SMALL)).values_list("pk", flat=True)
        )
    _read_together(organization_id, [each for each in delivery_ids if each not in alone])
    for delivery_id in sorted(alone):
        _read_together(organization_id, [delivery_id])


def _read_together(organization_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    with tenant(organization_id):
        deliveries = _take_up(delivery_ids)
        readings = _readings(organization_id, deliveries)
    if not deliveries:
        return
    for reading in readings:
        reading.survey()
    with tenant(organization_id):
        register(readings)
    sets = chain.from_iterable(reading.sets() for reading in readings)
    while len(batch := list(islice(sets, BATCH))) == BATCH:
        with tenant(organization_id):
            if _apply(batch):
                # what stops the next batch is another fault
                _unread(deliveries).update(rescue_count=0, reader_until=_lease_end())
    with tenant(organization_id):
        _apply(batch)
        _close(readings, now=timezone.now())


def _unread(deliveries: Iterable[InboundDelivery]) -> QuerySet[InboundDelivery]:
    return InboundDelivery.objects.filter(pk__in={each.pk for each in deliveries}, read_at=None)


def _take_up(delivery_ids: Sequence[UUID]) -> list[InboundDelivery]:
    """Lease those that are free. That they are tried is counted first: what kills its reader must end."""
    taken = list(
        _free()
        .filter(pk__in=delivery_ids)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("partner", "payload")
        .order_by("pk")
    )
    _unread(taken).update(rescue_count=F("rescue_count") + 1, reader_until=_lease_end())
    return taken


def _lease_end() -> Any:
    """A reader that has not finished a batch within its partner's lease is taken for lost."""
    partner = TradingPartner.all_objects.filter(pk=OuterRef("partner_id"))
    return ExpressionWrapper(Now() + Subquery(partner.values("lease")), DateTimeField())


def _readings(organization_id: UUID, deliveries: Sequence[InboundDelivery]) -> list[Reading]:
    sizes = {each.payload.pk: each.payload.size for each in deliveries if each.payload}
    to_read = _to_read(deliveries, sizes)
    contents = payloads.contents_of([each for each in to_read if sizes[each] <= SMALL])

    def pieces(payload_id: UUID) -> Iterable[bytes]:
        if payload_id in contents:
            return [contents[payload_id]]
        return payloads.pieces_of(organization_id, payload_id)

    return [
        Reading(each, error="poison")
        if each.rescue_count >= MOST_RESCUES
        else Reading(each, partial(pieces, each.payload_id) if each.payload_id in to_read else None)
        for each in deliveries
    ]


def _to_read(deliveries: Sequence[InboundDelivery], sizes: Mapping[UUID, int]) -> set[UUID]:
    """The payloads of these, without a file's that was read well under another name."""
    repeated = [each.payload_id for each in deliveries if each.is_duplicate and each.answering_id is None]
    read = InboundDelivery.objects.filter(
        payload__in=repeated, read_at__isnull=False, error="", held_at=None
    ).exclude(pk__in=[each.pk for each in deliveries])
    known = set(read.values_list("payload_id", flat=True))
    return {
        each.payload_id
        for each in deliveries
        if each.payload_id
        and each.rescue_count < MOST_RESCUES
        # a reply of nothing is no answer, a file of nothing is a fault
        and (each.answering_id is None or sizes[each.payload_id])
        and (each.payload_id not in known or each.answering_id is not None)
    }


def _apply(sets: Sequence[Set]) -> bool:
    """Apply those sets that no other reader, or an earlier reading, has ended; whether it told
    anything new."""
    if not sets:
        return False
    deliveries = {each.delivery.pk: each.delivery for each in sets}
    # The same rows for every reader of these deliveries: the second waits here for the first.
    list(_unread(deliveries.values()).select_for_update().order_by("pk").values_list("pk"))
    stored = stored_before(sets)
    new = [each for each in sets if each.key not in stored or stored[each.key].is_tried_anew]
    return bool(apply_sets(new, stored, now=timezone.now()))


def _close(readings: Sequence[Reading], *, now: datetime) -> None:
    """Note what could not be read, end the attempts whose reply was no answer, mark all as read."""
    for reading in readings:
        said = reading.valid_acknowledgements()
        remarks = acknowledge_interchanges(reading.delivery.partner_id, said, now=now)
        note(reading, remarks)
        _acknowledge(reading)
    _end_unanswered(readings, now)
    _unread(each.delivery for each in readings).update(read_at=now)


def _acknowledge(reading: Reading) -> None:
    """Tell the sender of a file what its partner row says is told."""
    delivery = reading.delivery
    is_new = reading.is_file and reading.interchanges and not delivery.is_duplicate
    if is_new and delivery.payload and wants_acknowledgements(delivery.partner):
        acknowledge(delivery, payloads.content_of(delivery.payload))


def _end_unanswered(readings: Sequence[Reading], now: datetime) -> None:
    """The reply on an attempt's own connection was no answer: the payer may have read the question."""
    codes = {
        reading.delivery.answering_id: f"unreadable:{reading.error}" if reading.error else "no_answer"
        for reading in readings
        if reading.delivery.answering_id
    }
    open_attempts = Transaction.objects.unanswered().filter(pk__in=codes).order_by("pk").as_attempts()
    end_attempts(
        [End(each, OutcomeKind.UNKNOWN, codes[each.id], again=True) for each in open_attempts], now=now
    )
