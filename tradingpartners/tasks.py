"""Wake-ups: ids in, one service call. Running one twice does no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError

from practice import outbox
from practice.models import User
from tradingpartners.bells import listen, ring
from tradingpartners.messages.directories import DirectoryError
from tradingpartners.services import (
    breakers,
    claiming,
    directory,
    inbound,
    overdue,
    polling,
    receipts,
    sending,
    trying,
)
from tradingpartners.transports import TransportError

log = logging.getLogger(__name__)
Found = TypeVar("Found")


@shared_task(name="tradingpartners.send")
def send_task(organization_id: str, dispatch_id: str, queue: str) -> None:
    """A bell of a queue: send its next due unit, whichever that is, and ring for the one after."""
    claim = claiming.claim_next(queue)
    if claim is not None:
        sending.send(claim)
        ring(send_task, organization_id, dispatch_id, queue, queue=queue)


@shared_task(name="tradingpartners.poll")
def poll_task(organization_id: str, partner_id: str) -> None:
    deliveries, queues = polling.poll(UUID(organization_id), UUID(partner_id))
    if deliveries:
        inbound.read_deliveries(UUID(organization_id), deliveries)
    ring_queues(UUID(organization_id), queues)


@shared_task(name="tradingpartners.read_inbound")
def read_inbound_task(organization_id: str) -> None:
    if inbound.read_waiting(UUID(organization_id)):
        ring(read_inbound_task, organization_id)


@shared_task(name="tradingpartners.read_delivery")
def read_delivery_task(organization_id: str, delivery_id: str) -> None:
    inbound.read_deliveries(UUID(organization_id), [UUID(delivery_id)])


@shared_task(name="tradingpartners.send_receipts")
def send_receipts_task(organization_id: str) -> None:
    receipts.send_receipts(UUID(organization_id))


def ring_queues(organization_id: UUID, queues: Iterable[str]) -> None:
    """Something of these queues may go now: a file was taken, a pause is over."""
    for queue in queues:
        ring(send_task, organization_id, organization_id, queue, queue=queue)


@shared_task(name="tradingpartners.try_out")
def try_out_task(organization_id: str, partner_id: str) -> None:
    trying.try_out(UUID(organization_id), UUID(partner_id))


@shared_task(name="tradingpartners.fetch_directory")
def fetch_directory_task(organization_id: str, partner_id: str, user_id: str) -> None:
    reader = User.objects.get(pk=user_id)
    try:
        directory.fetch_directory(UUID(organization_id), UUID(partner_id), read_by=reader)
    except (TransportError, DirectoryError) as error:
        log.warning("directory not read: partner=%s error=%s", partner_id, type(error).__name__)


@shared_task(name="practice.send_outbox")
def send_outbox_task(organization_id: str) -> None:
    outbox.send_due(UUID(organization_id))


def ring_units() -> None:
    """Wake the workers for what is due, and make them listen where a bell went unheard."""
    bells = claiming.units_to_ring()
    for queue in {bell.queue for bell in bells if bell.unheard}:
        listen(send_task.app, queue)
    for bell in bells:
        ring(send_task, bell.organization_id, bell.dispatch_id, bell.queue, queue=bell.queue)


def keep_going() -> None:
    """The gateway's share of the tick: lost leases, lost bells, lost readers, due polls, the SLA.

    Each step, and each organization in it, by itself: one that fails must not stop the others.
    """
    _step(breakers.note_changes)
    _step(claiming.free_lost_leases)
    _step(ring_units)
    _each(partial(ring, poll_task), polling.partners_to_poll)
    _each(partial(ring, read_inbound_task), inbound.organizations_waiting)
    _each(partial(ring, send_receipts_task), receipts.organizations_owing)
    _each(overdue.fail_overdue, overdue.overdue_organizations)
    _each(partial(ring, send_outbox_task), outbox.organizations_due)
    _each(inbound.overdue_acknowledgements, inbound.organizations_unacknowledged)


def _each(deed: Callable[..., object], rows: Callable[[], Iterable[Any]]) -> None:
    """The deed for each row of ids that somebody finds: one id, or several."""
    for row in _step(rows) or ():
        _step(deed, *(row if isinstance(row, tuple) else (row,)))


def _step(deed: Callable[..., Found], *ids: object) -> Found | None:
    try:
        return deed(*ids)
    except (DatabaseError, ValueError, LookupError) as error:
        name = getattr(deed, "__name__", "ring")
        log.error("tick: %s failed: rows=%s error=%s", name, ids, type(error).__name__)
        return None
