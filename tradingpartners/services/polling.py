"""Look into a file partner's folders: fetch what lies finished, see which of our files are gone."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import connection
from django.utils import timezone

from practice.tenancy import dispatcher, tenant
from tradingpartners.models import (
    IS_POLLED,
    Direction,
    Dispatch,
    InboundDelivery,
    Interchange,
    TradingPartner,
)
from tradingpartners.services import payloads
from tradingpartners.services.interchanges import take_interchanges
from tradingpartners.services.wire import connection_of, log_wire, on_the_wire
from tradingpartners.transports import RemoteFile, TransportError
from tradingpartners.transports.registry import POLLED


def partners_to_poll() -> list[tuple[UUID, UUID]]:
    """(organization, partner) of file partners whose poll is due."""
    with dispatcher():
        return list(
            TradingPartner.all_objects.filter(
                transport__in=IS_POLLED,
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
    with tenant(organization_id):
        partner = _take_turn(partner_id)
        # Read before the folder is: a file put in between is not gone, it was not there yet.
        handed_over = _handed_over(partner) if partner else {}
    if partner is None:
        return [], []
    started = time.monotonic()
    try:
        seen = on_the_wire(POLLED[partner.transport].look, connection_of(partner), (), partner.poll_cursor)
    except TransportError as error:
        with tenant(organization_id):
            log_wire("poll", partner_id=partner_id, started=started, error=error.code)
        return [], []
    with tenant(organization_id):
        stable = _stable(partner, list(seen.files))
    fetched = [_fetch(organization_id, partner, file) for file in stable]
    with tenant(organization_id):
        queues = [] if seen.dropped is None else _taken_by_now(handed_over, seen.dropped)
    return [delivery_id for delivery_id in fetched if delivery_id is not None], queues


def _take_turn(partner_id: UUID) -> TradingPartner | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tradingpartners_tradingpartner SET poll_due_at = now() + poll_interval"
            " WHERE id = %s AND poll_due_at <= now() AND NOT poller_paused",
            [partner_id],
        )
        if not cursor.rowcount:
            return None
    return TradingPartner.objects.get(pk=partner_id)


def _stable(partner: TradingPartner, files: list[RemoteFile]) -> list[RemoteFile]:
    """Files not fetched yet whose size and time are what they were at the last look.

    The row of a sighting is the delivery that comes of it: unique by name, size and time.
    """
    sightings = InboundDelivery.objects.filter(
        partner=partner, file_name__in=[file.name for file in files]
    ).values_list("file_name", "remote_size", "remote_modified", "payload_id")
    seen: dict[tuple[object, ...], UUID | None] = {(*found,): kept for *found, kept in sightings}
    InboundDelivery.objects.bulk_create(
        (
            InboundDelivery(
                partner=partner, file_name=file.name, remote_size=file.size, remote_modified=file.modified
            )
            for file in files
            if _mark(file) not in seen
        ),
        ignore_conflicts=True,
    )
    return [file for file in files if _mark(file) in seen and seen[_mark(file)] is None]


def _mark(file: RemoteFile) -> tuple[object, ...]:
    """Name, size and time: what makes it the same file at the next look."""
    return (file.name, file.size, file.modified)


def _fetch(organization_id: UUID, partner: TradingPartner, file: RemoteFile) -> UUID | None:
    """Fetch one file and keep it, once by its hash; the delivery to read, if it came whole."""
    started, content, error = time.monotonic(), b"", ""
    try:
        content = on_the_wire(POLLED[partner.transport].fetch, connection_of(partner), file)
    except TransportError as failure:
        error = failure.code
    with tenant(organization_id):
        log_wire(
            "fetch",
            partner_id=partner.pk,
            started=started,
            file_name=file.name,
            size=None if error else len(content),
            error=error,
        )
        if error or len(content) != file.size:  # it was being written after all: the next look tells
            return None
        return _keep(partner, file, content)


def _keep(partner: TradingPartner, file: RemoteFile, content: bytes) -> UUID | None:
    """The content, on the row of its sighting; None if another poller was faster."""
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
    return delivery.pk


def _handed_over(partner: TradingPartner) -> dict[UUID, str]:
    """Names of our files in the drop folder, where it is the partner's sign that they leave it."""
    if partner.taken_sign != TradingPartner.TakenSign.GONE:
        return {}
    in_flight = Interchange.objects.filter(
        partner=partner,
        direction=Direction.OUT,
        state__in=[Interchange.State.IN_FLIGHT, Interchange.State.OVERDUE],
        # a put that is still under way has not dropped its file yet
        dispatch__state=Dispatch.State.DONE,
    )
    return dict(in_flight.values_list("pk", "file_name"))


def _taken_by_now(handed_over: Mapping[UUID, str], dropped: Collection[str]) -> list[str]:
    """The queues of those that have left the drop folder."""
    gone = [pk for pk, name in handed_over.items() if name not in dropped]
    return take_interchanges(gone, now=timezone.now())
