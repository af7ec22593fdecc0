"""What a person decides about a file or an interchange that was not applied.

Whatever is to be applied after all is only opened for reading again: a worker, or the tick, reads
it, and what had an end keeps it.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from tradingpartners.models import Direction, InboundDelivery, Interchange, Transaction, TransportLog
from tradingpartners.services import telling
from tradingpartners.services.inbound.arrivals import DROPPED, OTHER_CONTENT
from tradingpartners.services.inbound.explaining import keep_decision
from tradingpartners.services.inbound.refusals import InboundError, Refusal, because

_Disposition = Transaction.Disposition


def accept_interchange(interchange_id: UUID, *, reason: str) -> Interchange:
    """Its number was used for other content: it is what it says, and its sets are to be applied."""
    with because(reason):
        interchange = _held_interchange(interchange_id)
        interchange.problem = ""
        interchange.save(update_fields=["problem"])
        if interchange.delivery_id:
            _open(_delivery(interchange.delivery_id), "accept_interchange", reason)
        telling.number_is_settled(interchange)
    return interchange


def drop_interchange(interchange_id: UUID, *, reason: str) -> Interchange:
    """It stays as it is, kept and not applied."""
    with because(reason):
        interchange = _held_interchange(interchange_id)
        interchange.problem = DROPPED
        interchange.save(update_fields=["problem"])
        _drop_held(interchange=interchange)
        if interchange.delivery_id:
            _log(_delivery(interchange.delivery_id), "drop_interchange", reason)
        telling.number_is_settled(interchange)
    return interchange


def release_delivery(delivery_id: UUID, *, reason: str) -> InboundDelivery:
    """A damaged file that was held: what came whole of it is to be applied."""
    with because(reason):
        delivery = _held_delivery(delivery_id)
        delivery.held_at, delivery.settled_at = None, Now()
        delivery.save(update_fields=["held_at", "settled_at"])
        _open(delivery, "release", reason)
        telling.file_is_settled(delivery)
    return delivery


def drop_delivery(delivery_id: UUID, *, reason: str) -> InboundDelivery:
    """A damaged file that was held: nothing of it is to be applied."""
    with because(reason):
        delivery = _held_delivery(delivery_id)
        delivery.settled_at = Now()
        delivery.save(update_fields=["settled_at"])
        _drop_held(delivery=delivery)
        _log(delivery, "drop", reason)
        telling.file_is_settled(delivery)
    return delivery


def reread(delivery_id: UUID, *, reason: str) -> InboundDelivery:
    """Read it again with the reader as it is now: sets that were unmatched, unreadable or held are
    tried anew, those that had an end keep it. `rereads` counts."""
    with because(reason):
        delivery = _delivery(delivery_id)
        if delivery.read_at is None or delivery.payload_id is None:
            raise InboundError(Refusal.NOT_READ_YET)
        if delivery.settled_at is None:
            delivery.held_at = None  # a better reader may find it sound; if not, it is held again
        delivery.rereads = F("rereads") + 1
        delivery.save(update_fields=["held_at", "rereads"])
        _open(delivery, "reread", reason)
    return delivery


def settle_delivery(delivery_id: UUID, *, reason: str) -> InboundDelivery:
    """A person has seen what is wrong with it, and nothing more is to be done."""
    with because(reason):
        delivery = _delivery(delivery_id)
        if delivery.held_at is not None and delivery.settled_at is None:
            raise InboundError(Refusal.NOT_FOR_A_PERSON)  # to be released or dropped
        delivery.settled_at = Now()
        delivery.save(update_fields=["settled_at"])
        _log(delivery, "settle", reason)
        telling.file_is_settled(delivery)
    return delivery


def _delivery(delivery_id: UUID) -> InboundDelivery:
    deliveries = InboundDelivery.objects.select_for_update(of=("self",)).select_related("partner")
    return deliveries.get(pk=delivery_id)


def _held_delivery(delivery_id: UUID) -> InboundDelivery:
    delivery = _delivery(delivery_id)
    if delivery.held_at is None or delivery.settled_at is not None:
        raise InboundError(Refusal.NOT_HELD)
    if delivery.read_at is None:
        raise InboundError(Refusal.NOT_READ_YET)
    return delivery


def _held_interchange(interchange_id: UUID) -> Interchange:
    interchange = Interchange.objects.select_for_update(of=("self",)).get(
        pk=interchange_id, direction=Direction.IN
    )
    if interchange.problem != OTHER_CONTENT:
        raise InboundError(Refusal.NOT_HELD)
    return interchange


def _drop_held(**which: Interchange | InboundDelivery) -> None:
    held = Transaction.objects.filter(direction=Direction.IN, disposition=_Disposition.HELD, **which)
    held.update(disposition=_Disposition.QUARANTINED, error=DROPPED)


def _open(delivery: InboundDelivery, event: str, reason: str) -> None:
    """As if it had just come: its reader finds what is stored of it."""
    InboundDelivery.objects.filter(pk=delivery.pk).update(read_at=None, reader_until=None, rescue_count=0)
    _log(delivery, event, reason)


def _log(delivery: InboundDelivery, event: str, reason: str) -> None:
    """Who did it and why, on the delivery, and that it was done beside what the wire did with the file."""
    TransportLog.objects.create(
        partner_id=delivery.partner_id, event=event, file_name=delivery.file_name, delivery=delivery
    )
    keep_decision(delivery, event, reason, now=timezone.now())
