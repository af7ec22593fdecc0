"""Take up deliveries, apply their sets in batches, close them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
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
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.inbound.acknowledgements import acknowledge_interchanges
from tradingpartners.services.inbound.applying import apply_sets
from tradingpartners.services.inbound.sets import Reading, Set

log = logging.getLogger(__name__)

# Sets settled in one transaction: large enough to be set-based, small enough to show progress.
BATCH = 500
# A delivery whose reading failed this often without any progress is quarantined; the others go on.
MOST_RESCUES = 2
# Deliveries read at one wake-up: live replies are small, and another organization waits behind.
TURN = 100
_MOST_FINDINGS = 200


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
    itself: what it does to its reader counts against no other.
    """
    with tenant(organization_id):
        tried = list(
            InboundDelivery.objects.filter(pk__in=delivery_ids, rescue_count__gt=0, read_at=None)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
    _read_together(organization_id, [each for each in delivery_ids if each not in set(tried)])
    for delivery_id in tried:
        _read_together(organization_id, [delivery_id])


def _read_together(organization_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    with tenant(organization_id):
        deliveries = _take_up(delivery_ids)
    if not deliveries:
        return
    with tenant(organization_id):
        contents = payloads.contents_of(_to_read(deliveries))
    readings = [_read(delivery, contents) for delivery in deliveries]
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
        .select_related("partner")
        .order_by("pk")
    )
    _unread(taken).update(rescue_count=F("rescue_count") + 1, reader_until=_lease_end())
    return taken


def _lease_end() -> Any:
    """A reader that has not finished a batch within its partner's lease is taken for lost."""
    partner = TradingPartner.all_objects.filter(pk=OuterRef("partner_id"))
    return ExpressionWrapper(Now() + Subquery(partner.values("lease")), DateTimeField())


def _to_read(deliveries: Sequence[InboundDelivery]) -> set[UUID]:
    """The payloads of these, without a file's that was read well under another name."""
    repeated = [each.payload_id for each in deliveries if each.is_duplicate and each.answering_id is None]
    read = InboundDelivery.objects.filter(payload__in=repeated, read_at__isnull=False, error="")
    known = set(read.values_list("payload_id", flat=True))
    return {
        each.payload_id
        for each in deliveries
        if each.payload_id
        and each.rescue_count < MOST_RESCUES
        and (each.payload_id not in known or each.answering_id is not None)
    }


def _read(delivery: InboundDelivery, contents: Mapping[UUID, bytes]) -> Reading:
    if delivery.rescue_count >= MOST_RESCUES:
        return Reading(delivery, error="poison")
    if delivery.payload_id is None or delivery.payload_id not in contents:
        return Reading(delivery)
    return Reading(delivery, contents[delivery.payload_id])


def _apply(sets: Sequence[Set]) -> bool:
    """Apply those sets that no other reader, or an earlier reading, has stored; whether there are any."""
    if not sets:
        return False
    deliveries = {each.delivery.pk: each.delivery for each in sets}
    # The same rows for every reader of these deliveries: the second waits here for the first.
    list(_unread(deliveries.values()).select_for_update().order_by("pk").values_list("pk"))
    stored = Transaction.objects.last_positions(deliveries)
    new = [each for each in sets if each.position > stored.get(each.delivery.pk, 0)]
    apply_sets(new, now=timezone.now())
    return bool(new)


def _close(readings: Sequence[Reading], *, now: datetime) -> None:
    """Note what could not be read, end the attempts whose reply was no answer, mark all as read."""
    for reading in readings:
        _note(reading)
        acknowledge_interchanges(reading.delivery.partner_id, reading.acknowledgements, now=now)
    _end_unanswered(readings, now)
    _unread(each.delivery for each in readings).update(read_at=now)


def _note(reading: Reading) -> None:
    delivery = InboundDelivery.objects.filter(pk=reading.delivery.pk)
    if reading.error:
        log.warning(
            "unreadable delivery: delivery=%s code=%s offset=%s",
            reading.delivery.pk,
            reading.error,
            reading.offset,
        )
        delivery.update(error=reading.error, error_offset=reading.offset)
    elif reading.findings:
        delivery.update(
            findings=[
                {"code": f.code, "transaction": f.at.transaction, "segment": f.at.segment_number}
                for f in reading.findings[:_MOST_FINDINGS]
            ]
        )


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
