"""Send one unit: claim → write and mark → wire → keep what came back.

No transaction is open while anything is on the wire, and the connection is given back first.
Every write after the claim checks the lease token: a worker that was paused past its lease finds
that its unit is no longer its own, and stops.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils import timezone

from practice.tenancy import inside, tenant
from tradingpartners import x12
from tradingpartners.contents import OutcomeKind, transaction_set
from tradingpartners.messages import write_attempt, write_envelope
from tradingpartners.models import (
    ControlNumber,
    Direction,
    Dispatch,
    InboundDelivery,
    Interchange,
    Route,
    TradingPartner,
    Transaction,
    TransportLog,
)
from tradingpartners.retries import WORKER_LOST
from tradingpartners.services import payloads
from tradingpartners.services.attempts import End, end_attempts, mark_sent, refuse_unwritable
from tradingpartners.services.claiming import Claim
from tradingpartners.services.inbound import read_deliveries
from tradingpartners.services.planning import routes_by_payer
from tradingpartners.transports import NotSent, Reply, TransportError, realtime, sftp

log = logging.getLogger(__name__)

# A live chunk gives its connection to the next organization after this.
LIVE_TURN_SECONDS = 20.0
# A unit that cannot be handed over is tried again, later each time.
_PUT_AGAIN = timedelta(seconds=15)


class LeaseLost(Exception):
    """Another worker owns this unit now; whatever we still held is not ours to write."""


def send(claim: Claim) -> None:
    """Send the claimed unit, as a file or question by question. Safe to run twice."""
    with tenant(claim.organization_id):
        dispatch = Dispatch.objects.select_related("partner", "payer").filter(pk=claim.dispatch_id).first()
        if dispatch is None or dispatch.lease_token != claim.lease_token:
            return
    try:
        if dispatch.partner.sends_files:
            _send_file(claim, dispatch)
        else:
            _send_live(claim, dispatch)
    except LeaseLost:
        log.warning("lease lost: dispatch=%s", claim.dispatch_id)


def on_the_wire(deed: Any, *args: Any, **kwargs: Any) -> Any:
    """The one way to a transport: outside of transactions, without a database connection."""
    if inside():
        raise RuntimeError("a transport was called inside a transaction")
    if not connection.in_atomic_block:  # only a test's own transaction may still be open
        connection.close()
    return deed(*args, **kwargs)


# --- files -----------------------------------------------------------------------------------


def _send_file(claim: Claim, dispatch: Dispatch) -> None:
    now = timezone.now()
    with tenant(claim.organization_id):
        _own(claim)
        interchange = Interchange.objects.filter(dispatch=dispatch).select_related("payload").first()
        if interchange is None:
            interchange = _compose(dispatch, now)
        if interchange is None:
            _finish(claim, state=Dispatch.State.DONE)
            return
        content = payloads.content_of(interchange.payload)
        if interchange.state == Interchange.State.COMPOSED:
            _start_flight(interchange, dispatch, content, now)
    started = time.monotonic()
    error = None
    try:
        on_the_wire(
            sftp.put, dispatch.partner.settings, dispatch.partner.credentials,
            interchange.file_name, content,
        )  # fmt: skip
    except TransportError as failure:
        error = failure.code
    with tenant(claim.organization_id):
        _own(claim)
        _log(dispatch, "put", started, size=len(content), file_name=interchange.file_name, error=error)
        if error is None:
            _finish(claim, state=Dispatch.State.DONE)
            if dispatch.partner.taken_sign == TradingPartner.TakenSign.UPLOADED:
                take_interchanges([interchange.pk], now=timezone.now())
        else:
            # The same bytes under the same name and ISA13: the partner sees one file.
            _finish(claim, state=Dispatch.State.READY, later=_PUT_AGAIN * 2 ** min(dispatch.send_attempts, 6))


def _compose(dispatch: Dispatch, now: datetime) -> Interchange | None:
    """Write the unit's questions into one interchange and keep its bytes; None if none is left.

    All in the caller's transaction: killed here, nothing was written and no number is spent.
    """
    attempts = list(
        dispatch.transactions.filter(state=Transaction.State.PREPARED).select_related("payer").order_by("pk")
    )
    written, refused = _write(attempts, now)
    if refused:
        refuse_unwritable(refused, now=now)
    if not written:
        return None
    number, epoch = reserve_control_number(dispatch.partner_id)
    partner = dispatch.partner
    content = write_envelope(
        partner, dispatch.transaction_set, [text for _, text in written], number=number, now=now
    )
    interchange = Interchange.objects.create(
        partner=partner,
        direction=Direction.OUT,
        dispatch=dispatch,
        control_number=number,
        epoch=epoch,
        state=Interchange.State.COMPOSED,
        payload=payloads.keep(content),
        span_end=len(content),
        file_name=f"{partner.sender_id}_{dispatch.transaction_set}_{epoch}_{number:09d}.edi",
    )
    for position, (attempt, _) in enumerate(written, start=1):
        attempt.interchange, attempt.set_control_number = interchange, f"{position:04d}"
    Transaction.objects.bulk_update(
        [attempt for attempt, _ in written], ["interchange", "set_control_number"], batch_size=500
    )
    return interchange


def _start_flight(interchange: Interchange, dispatch: Dispatch, content: bytes, now: datetime) -> None:
    """Mark the interchange and its attempts sent, with the text that goes out."""
    attempts = {
        attempt.set_control_number: attempt
        for attempt in interchange.transactions.filter(state=Transaction.State.PREPARED)
    }
    reading = x12.read(content)
    written = [
        (attempts[each.control_number], reading.text[slice(*each.span)])
        for each in reading.interchanges[0].groups[0].transactions
        if each.control_number in attempts
    ]
    if written:
        mark_sent(written, partner_code=dispatch.partner.code, now=now)
    interchange.state, interchange.started_at = Interchange.State.IN_FLIGHT, now
    interchange.save(update_fields=["state", "started_at"])


def take_interchanges(interchange_ids: list[UUID], *, now: datetime) -> list[str]:
    """The sign came that the partner has these files: the next may go. Returns the queues to ring."""
    taken = Interchange.objects.filter(
        pk__in=interchange_ids, state__in=[Interchange.State.IN_FLIGHT, Interchange.State.OVERDUE]
    )
    queues = list(taken.values_list("dispatch__queue", flat=True).distinct())
    taken.update(state=Interchange.State.TAKEN, taken_at=now)
    return queues


# --- live questions ----------------------------------------------------------------------------


def _send_live(claim: Claim, dispatch: Dispatch) -> None:
    """Ask one after another for one turn, keep each reply at once, then read them together."""
    until = time.monotonic() + LIVE_TURN_SECONDS
    kept: list[UUID] = []
    with tenant(claim.organization_id):
        _own(claim)
        _give_up_lost(dispatch)
        waiting = list(
            dispatch.transactions.filter(state=Transaction.State.PREPARED)
            .select_related("payer")
            .order_by("pk")
        )
        written, refused = _write(waiting, timezone.now())
        if refused:
            refuse_unwritable(refused, now=timezone.now())
        route = routes_by_payer([dispatch.payer_id], dispatch.transaction_set).get(dispatch.payer_id)
    asked = 0
    if route is not None:
        for attempt, text in written:
            if time.monotonic() > until:
                break
            asked += 1
            delivery_id = _ask(claim, dispatch, route, attempt, text)
            if delivery_id:
                kept.append(delivery_id)
    if kept:
        read_deliveries(claim.organization_id, kept)
    with tenant(claim.organization_id):
        _own(claim)
        left = asked < len(written)
        later = timedelta(minutes=5) if route is None else timedelta(0)
        _finish(claim, state=Dispatch.State.READY if left else Dispatch.State.DONE, later=later)


def _give_up_lost(dispatch: Dispatch) -> None:
    """Attempts that an earlier worker marked sent and never heard of again may have been read."""
    lost = dispatch.transactions.filter(state=Transaction.State.SENT).select_related("payer")
    kept = set(InboundDelivery.objects.filter(answering__in=lost).values_list("answering_id", flat=True))
    ends = [
        End(attempt, OutcomeKind.UNKNOWN, WORKER_LOST, again=True)
        for attempt in lost
        if attempt.pk not in kept  # its reply is stored and will be read
    ]
    if ends:
        end_attempts(ends, now=timezone.now())


def _ask(claim: Claim, dispatch: Dispatch, route: Route, attempt: Transaction, text: str) -> UUID | None:
    """One question over the wire; the reply is kept before anything is made of it."""
    now = timezone.now()
    partner, payer = dispatch.partner, attempt.payer
    with tenant(claim.organization_id):
        _own(claim, extend=True)
        number, epoch = reserve_control_number(partner.pk)
        body = write_envelope(partner, attempt.transaction_set, [text], number=number, now=now)
        attempt.interchange = Interchange.objects.create(
            partner=partner, direction=Direction.OUT, dispatch=dispatch, control_number=number,
            epoch=epoch, state=Interchange.State.IN_FLIGHT, started_at=now, span_end=len(body),
        )  # fmt: skip
        Transaction.objects.filter(pk=attempt.pk).update(interchange=attempt.interchange)
        mark_sent([(attempt, text)], partner_code=partner.code, now=now)
    started = time.monotonic()
    reply: Reply | None = None
    failure: TransportError | None = None
    try:
        reply = on_the_wire(
            realtime.ask,
            partner.settings["url"].format(payer_id=route.payer_identifier),
            body,
            credentials=partner.credentials or {},
            payer_id=payer.pk,
            connections=payer.live_connections + payer.batch_connections,
            deadline=payer.timeout.total_seconds(),
        )
    except TransportError as error:
        failure = error
    with tenant(claim.organization_id):
        _log(
            dispatch, "ask", started, size=len(body), error=failure.code if failure else None,
            http_status=reply.http_status if reply else failure.http_status if failure else None,
        )  # fmt: skip
        take_interchanges([attempt.interchange_id], now=timezone.now())
        if reply is None:
            kind = OutcomeKind.FAILED if isinstance(failure, NotSent) else OutcomeKind.UNKNOWN
            end_attempts([End(attempt, kind, str(failure), again=True)], now=timezone.now())
            return None
        payload, known = payloads.keep_once(partner, reply.body)
        return InboundDelivery.objects.create(
            partner=partner, payload=payload, answering=attempt, is_duplicate=known
        ).pk


# --- what both share -----------------------------------------------------------------------------


def _write(
    attempts: list[Transaction], now: datetime
) -> tuple[list[tuple[Transaction, str]], list[tuple[Transaction, str]]]:
    """Each attempt with its ST…SE, and those X12 cannot carry with the field at fault."""
    if not attempts:
        return [], []
    name = attempts[0].transaction_set
    contents = transaction_set(name).compose([attempt.subject_id for attempt in attempts])
    routes = routes_by_payer({attempt.payer_id for attempt in attempts}, name)
    written, refused = [], []
    for position, attempt in enumerate(attempts, start=1):
        route = routes.get(attempt.payer_id)
        if route is None:
            refused.append((attempt, "route"))
            continue
        try:
            text = write_attempt(
                attempt,
                contents[attempt.subject_id],
                route,
                set_control_number=f"{len(written) + 1:04d}",
                now=now,
            )
        except x12.X12WriteError as error:
            refused.append((attempt, error.field))
        else:
            written.append((attempt, text))
    return written, refused


def reserve_control_number(partner_id: UUID) -> tuple[int, int]:
    """(ISA13, epoch). A gap is harmless, a repeat is refused (TA1 025): spent even if the send fails."""
    ControlNumber.objects.bulk_create([ControlNumber(partner_id=partner_id)], ignore_conflicts=True)
    row = ControlNumber.objects.select_for_update().get(partner_id=partner_id)
    reserved = row.next, row.epoch
    wraps = row.next >= 999_999_999
    row.next, row.epoch = (1, row.epoch + 1) if wraps else (row.next + 1, row.epoch)
    row.save(update_fields=["next", "epoch"])
    return reserved


def _own(claim: Claim, *, extend: bool = False) -> None:
    """Lock the unit and make sure it is still ours."""
    mine = Dispatch.objects.select_for_update(of=("self",)).filter(
        pk=claim.dispatch_id, lease_token=claim.lease_token, state=Dispatch.State.CLAIMED
    )
    dispatch = mine.select_related("partner").first()
    if dispatch is None:
        raise LeaseLost
    if extend:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tradingpartners_dispatch SET lease_until = now() + %s WHERE id = %s",
                [dispatch.partner.lease, claim.dispatch_id],
            )


def _finish(claim: Claim, *, state: str, later: timedelta = timedelta(0)) -> None:
    Dispatch.objects.filter(pk=claim.dispatch_id).update(
        state=state,
        lease_token=None,
        lease_until=None,
        rung_at=None,
        due_at=timezone.now() + later,
        send_attempts=F("send_attempts") + 1,
    )


def _log(dispatch: Dispatch, event: str, started: float, *, error: str | None = None, **what: Any) -> None:
    TransportLog.objects.create(
        partner=dispatch.partner,
        dispatch=dispatch,
        event=event,
        duration_ms=int((time.monotonic() - started) * 1000),
        error=error or "",
        **what,
    )
