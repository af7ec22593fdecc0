"""Receipts that partners want later, at an address of their own: rows that are due, sent until taken."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from practice.models import Outbox
from practice.tenancy import dispatcher, tenant
from tradingpartners.models import InboundDelivery
from tradingpartners.services import payloads
from tradingpartners.services.receiving import RECEIPT
from tradingpartners.services.wire import connection_of, log_wire, on_the_wire
from tradingpartners.transports import TransportError, as2

# Longer than sending one may take: another worker leaves it alone until then.
_LEASE = timedelta(seconds=120)
_AGAIN = timedelta(seconds=30)
_MOST_TRIES = 8
# Sent at one wake-up: a slow partner must not keep others waiting for long.
_TURN = 20


def organizations_owing() -> list[UUID]:
    """Organizations with something due to leave; what kind it is, only they see."""
    with dispatcher():
        due = Outbox.all_objects.filter(
            due_at__lte=Now(), sent_at=None, given_up_at=None, is_deleted=False
        ).values_list("organization_id", flat=True)
        return list(due.order_by("organization_id").distinct())


def send_receipts(organization_id: UUID) -> int:
    """Send those that are due; how many were taken. Two at once send each row once."""
    sent = 0
    for _ in range(_TURN):
        with tenant(organization_id):
            owed = _claim()
        if owed is None:
            break
        sent += _send(organization_id, owed)
    return sent


def _due() -> Outbox | None:
    return (
        Outbox.objects.filter(kind=RECEIPT, due_at__lte=Now(), sent_at=None, given_up_at=None)
        .select_for_update(skip_locked=True)
        .order_by("due_at")
        .first()
    )


def _claim() -> Outbox | None:
    """The next due row, put off for as long as sending it may take."""
    owed = _due()
    if owed is not None:
        Outbox.objects.filter(pk=owed.pk).update(due_at=Now() + _LEASE, tries=F("tries") + 1)
    return owed


def _send(organization_id: UUID, owed: Outbox) -> bool:
    with tenant(organization_id):
        delivery = InboundDelivery.objects.select_related("partner", "receipt").get(pk=owed.subject_id)
        raw = payloads.content_of(delivery.receipt) if delivery.receipt else b""
    started, code = time.monotonic(), ""
    try:
        receipt = as2.Message.from_bytes(raw)
        on_the_wire(as2.deliver_receipt, connection_of(delivery.partner), owed.payload["url"], receipt)
    except TransportError as error:
        code = error.code
    with tenant(organization_id):
        log_wire(
            "mdn_sent",
            partner_id=delivery.partner_id,
            started=started,
            size=len(raw),
            error=code,
            delivery_id=delivery.pk,
        )
        row = Outbox.objects.filter(pk=owed.pk, sent_at=None)
        if not code:
            row.update(sent_at=Now(), error="")
        elif owed.tries + 1 >= _MOST_TRIES:
            row.update(given_up_at=Now(), error=code)
        else:
            row.update(due_at=Now() + _AGAIN * 2**owed.tries, error=code)
    return not code
