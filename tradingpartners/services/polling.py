"""Look into a file partner's folders: fetch what lies finished, see which of our files are gone."""

from __future__ import annotations

import time
from uuid import UUID

from django.db import connection
from django.utils import timezone

from practice.tenancy import dispatcher, tenant
from tradingpartners.models import (
    Direction,
    InboundDelivery,
    Interchange,
    TradingPartner,
    TransportKind,
    TransportLog,
)
from tradingpartners.services import payloads
from tradingpartners.services.sending import on_the_wire, take_interchanges
from tradingpartners.transports import RemoteFile, TransportError, sftp


def partners_to_poll() -> list[tuple[UUID, UUID]]:
    """(organization, partner) of file partners whose poll is due."""
    with dispatcher():
        return list(
            TradingPartner.all_objects.filter(
                transport=TransportKind.SFTP,
                is_active=True,
                is_deleted=False,
                poller_paused=False,
                poll_due_at__lte=timezone.now(),
            ).values_list("organization_id", "id")
        )


def poll(organization_id: UUID, partner_id: UUID) -> tuple[list[UUID], list[str]]:
    """One look. Returns the deliveries to read and the queues whose next file may go.

    Two pollers at once are one: the first moves the due time on.
    """
    with tenant(organization_id), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tradingpartners_tradingpartner SET poll_due_at = now() + poll_interval"
            " WHERE id = %s AND poll_due_at <= now() AND NOT poller_paused",
            [partner_id],
        )
        if not cursor.rowcount:
            return [], []
        partner = TradingPartner.objects.get(pk=partner_id)
    started = time.monotonic()
    try:
        files, dropped = on_the_wire(sftp.waiting, partner.settings, partner.credentials)
    except TransportError as error:
        _log(partner, "poll", started, error=error.code)
        return [], []
    fetched = [
        delivery_id for file in _stable(partner, files) if (delivery_id := _fetch(partner, file)) is not None
    ]
    with tenant(organization_id):
        queues = _taken_by_now(partner, dropped)
    return fetched, queues


def _stable(partner: TradingPartner, files: list[RemoteFile]) -> list[RemoteFile]:
    """Files not fetched yet whose size and time are what they were at the last look.

    The row of a sighting is the delivery that comes of it: unique by name, size and time.
    """
    with tenant(partner.organization_id):
        seen = {
            (row.file_name, row.remote_size, row.remote_modified): row.payload_id
            for row in InboundDelivery.objects.filter(
                partner=partner, file_name__in=[file.name for file in files]
            )
        }
        new = [file for file in files if tuple(file) not in seen]
        InboundDelivery.objects.bulk_create(
            (
                InboundDelivery(
                    partner=partner,
                    file_name=file.name,
                    remote_size=file.size,
                    remote_modified=file.modified,
                )
                for file in new
            ),
            ignore_conflicts=True,
        )
    return [file for file in files if tuple(file) in seen and seen[tuple(file)] is None]


def _fetch(partner: TradingPartner, file: RemoteFile) -> UUID | None:
    """Fetch one file and keep it, once by its hash; the delivery to read, if it came whole."""
    started = time.monotonic()
    try:
        content = on_the_wire(sftp.fetch, partner.settings, partner.credentials, file)
    except TransportError as error:
        _log(partner, "fetch", started, file_name=file.name, error=error.code)
        return None
    if len(content) != file.size:  # it was being written after all: the next look sees a new size
        return None
    with tenant(partner.organization_id):
        delivery = (
            InboundDelivery.objects.select_for_update()
            .filter(
                partner=partner,
                file_name=file.name,
                remote_size=file.size,
                remote_modified=file.modified,
                payload=None,
            )
            .first()
        )
        if delivery is None:
            return None
        delivery.payload, delivery.is_duplicate = payloads.keep_once(partner, content)
        delivery.save(update_fields=["payload", "is_duplicate"])
    _log(partner, "fetch", started, file_name=file.name, size=file.size)
    return delivery.pk


def _taken_by_now(partner: TradingPartner, dropped: set[str]) -> list[str]:
    if partner.taken_sign != TradingPartner.TakenSign.GONE:
        return []
    in_flight = Interchange.objects.filter(
        partner=partner,
        direction=Direction.OUT,
        state__in=[Interchange.State.IN_FLIGHT, Interchange.State.OVERDUE],
        # a put that is still under way has not dropped its file yet
        dispatch__state="done",
    ).values_list("pk", "file_name")
    gone = [pk for pk, name in in_flight if name not in dropped and f"{name}.tmp" not in dropped]
    return take_interchanges(gone, now=timezone.now())


def _log(partner: TradingPartner, event: str, started: float, *, error: str = "", **what: object) -> None:
    with tenant(partner.organization_id):
        TransportLog.objects.create(
            partner=partner,
            event=event,
            duration_ms=int((time.monotonic() - started) * 1000),
            error=error,
            **what,
        )
