"""A unit as one file: written once, handed over until the partner has it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models.functions import Now

from practice.bulk import update_rows
from practice.tenancy import tenant
from tradingpartners.messages import dialect_of
from tradingpartners.models import Dispatch, Interchange, TradingPartner, Transaction, TransportLog
from tradingpartners.services import payloads, refusing, telling
from tradingpartners.services.attempts import Written, mark_sent
from tradingpartners.services.claiming import Claim
from tradingpartners.services.clock import database_now
from tradingpartners.services.holding import TRY_AGAIN, HoldCode
from tradingpartners.services.interchanges import (
    ACKNOWLEDGEMENTS,
    GONE_UNSEEN,
    keep_composed,
    reserve_control_number,
    take_interchanges,
)
from tradingpartners.services.planning import routes_by_payer
from tradingpartners.services.sending.lease import extend, finish, own, put_back
from tradingpartners.services.sending.refusals import end_refused
from tradingpartners.services.sending.walking import leave_refusing
from tradingpartners.services.sending.writing import write_attempts
from tradingpartners.services.wire import connection_of, log_wire, on_the_wire
from tradingpartners.transports import Held, NotSent, OutgoingFile, Receipt, Refused, TransportError, Unsure
from tradingpartners.transports.registry import FILES

# A file that cannot be handed over is tried again, later each time.
_PUT_AGAIN = timedelta(seconds=15)
_UPLOAD_GONE = "upload_gone"
# Not by itself: `pausing.release` lets it go.
_FOR_A_PERSON = timedelta(days=36_525)


class File(NamedTuple):
    interchange_id: UUID
    name: str
    content: bytes
    # An earlier put of it may have reached the partner.
    is_published: bool
    # Its bytes are not there, as far as we know.
    needs_upload: bool


def write_file(claim: Claim, dispatch: Dispatch, *, now: datetime) -> File | None:
    """The unit's file, marked sent: a new one, or the one an earlier worker wrote. None if nothing
    is left to ask, and the unit is finished.

    All in the caller's transaction: killed here, nothing was written and no number is spent.
    """
    interchange = Interchange.objects.filter(dispatch=dispatch).select_related("payload").first()
    if interchange is None:
        interchange = _compose(dispatch, now)
    if interchange is None or interchange.payload is None:
        finish(claim)
        return None
    is_new = interchange.state == Interchange.State.COMPOSED
    content = payloads.content_of(interchange.payload)
    if is_new:
        _start_flight(interchange, dispatch, content, now)
    if not _is_wanted(interchange):
        finish(claim)
        return None
    # One that was given up waiting for is out again, before anything of it is.
    out = Interchange.objects.filter(pk=interchange.pk).exclude(state=Interchange.State.TAKEN)
    out.update(state=Interchange.State.IN_FLIGHT, started_at=now)
    extend(claim)  # a whole lease for the upload, however long writing took
    is_published = interchange.published_at is not None
    needs_upload = not is_published or interchange.problem == GONE_UNSEEN
    return File(interchange.pk, interchange.file_name, content, is_published, needs_upload)


def _is_wanted(interchange: Interchange) -> bool:
    """Whether the partner lacks it, and it still asks for something or tells something."""
    if interchange.state == Interchange.State.TAKEN:
        return False
    asks = Transaction.objects.unanswered().filter(interchange=interchange)
    return interchange.transaction_set in ACKNOWLEDGEMENTS or asks.exists()


def _compose(dispatch: Dispatch, now: datetime) -> Interchange | None:
    """Write the unit's questions into one interchange and keep its bytes; None if none is left."""
    attempts = (
        Transaction.objects.prepared()
        .filter(dispatch=dispatch)
        .select_for_update(of=("self",))
        .order_by("pk")
        .as_attempts()
    )
    payers = {attempt.payer.pk for attempt in attempts}
    routes = routes_by_payer(payers, dispatch.transaction_set, partner_id=dispatch.partner_id)
    written = write_attempts(attempts, routes, now=now)
    if not written:
        return None
    number, epoch = reserve_control_number(dispatch.partner_id)
    partner = dispatch.partner
    content = dialect_of(partner).write_file(
        partner, dispatch.transaction_set, [each.text for each in written], number=number, now=now
    )
    interchange = keep_composed(dispatch, content, number=number, epoch=epoch)
    update_rows(
        Transaction,
        [
            (each.attempt.id, {"interchange": interchange.pk, "set_control_number": each.control_number})
            for each in written
        ],
    )
    return interchange


def _start_flight(interchange: Interchange, dispatch: Dispatch, content: bytes, now: datetime) -> None:
    """Mark the interchange and its attempts sent, with the text that goes out."""
    prepared = Transaction.objects.prepared().filter(interchange=interchange)
    attempts = {attempt.set_control_number: attempt for attempt in prepared.as_attempts()}
    texts = dialect_of(dispatch.partner).texts_of(content) if attempts else {}
    written = [
        Written(attempts[number], text, number) for number, text in texts.items() if number in attempts
    ]
    mark_sent(written, interchange_id=interchange.pk, partner_code=dispatch.partner.code, now=now)
    interchange.state, interchange.started_at = Interchange.State.IN_FLIGHT, now
    interchange.save(update_fields=["state", "started_at"])


def hand_over(claim: Claim, dispatch: Dispatch, file: File) -> None:
    """Upload the file, note that, give it its name; where that fails, later, the same bytes again.

    What is noted in between tells the next worker whether the partner may have seen the file: if
    not, it is uploaded again; if so, only its name is seen to. Of one that is gone then, or was before
    it had its name, nobody knows whether it was taken or swept away: a sign of the partner tells, or a
    person.
    """
    partner = dispatch.partner
    transport, connection = FILES[partner.transport], connection_of(partner)
    outgoing = OutgoingFile(
        file.name, file.content, dialect_of(partner).CONTENT_TYPE, message_id=file.interchange_id
    )
    started, receipt = time.monotonic(), Receipt()
    failure: TransportError | None = None
    try:
        if file.needs_upload:
            lies_there = on_the_wire(transport.upload, connection, outgoing)
            with tenant(claim.organization_id):
                extend(claim)
                uploaded = Interchange.objects.filter(pk=file.interchange_id)
                uploaded.update(published_at=Now(), problem="")
            if lies_there:  # a partner that reads what has no name yet may have taken it
                file = file._replace(is_published=True)
        receipt = on_the_wire(transport.publish, connection, outgoing)
    except TransportError as error:
        failure = error
    with tenant(claim.organization_id):
        log_wire(
            "put",
            partner_id=partner.pk,
            dispatch_id=dispatch.pk,
            interchange_id=file.interchange_id,
            started=started,
            file_name=file.name,
            size=len(file.content),
            error=failure.code if failure else _UPLOAD_GONE if receipt.is_gone and file.needs_upload else "",
        )
        if receipt.reference:
            unnamed = Interchange.objects.filter(pk=file.interchange_id, reference="")
            unnamed.update(reference=receipt.reference)
        if isinstance(failure, Refused):
            end_refused(dispatch, file.interchange_id, file.content, failure.faults, now=database_now())
            finish(claim)
            return
    _note(claim, dispatch, file, receipt, failure)


def _note(
    claim: Claim, dispatch: Dispatch, file: File, receipt: Receipt, failure: TransportError | None
) -> None:
    with tenant(claim.organization_id):
        own(claim)
        now = database_now()
        Interchange.objects.filter(pk=file.interchange_id).update(started_at=now)
        # What was given up waiting for while it was put is out.
        late = Interchange.objects.filter(pk=file.interchange_id, state=Interchange.State.OVERDUE)
        late.update(state=Interchange.State.IN_FLIGHT)
        if failure:
            _put_later(claim, dispatch, file, failure, now)
            return
        finish(claim)
        if receipt.is_gone:
            Interchange.objects.filter(pk=file.interchange_id).update(problem=GONE_UNSEEN)
            return
        is_told = dispatch.transaction_set in ACKNOWLEDGEMENTS  # nobody gives a sign for these
        if is_told or receipt.is_taken or dispatch.partner.taken_sign == TradingPartner.TakenSign.UPLOADED:
            take_interchanges([file.interchange_id], now=now)


def _put_later(claim: Claim, dispatch: Dispatch, file: File, failure: TransportError, now: datetime) -> None:
    """The same bytes again, later each time, or when a person says so; a refusal sends the questions
    another way where they have one."""
    if isinstance(failure, Held):
        interchange = Interchange.objects.select_related("partner").get(pk=file.interchange_id)
        interchange.problem = failure.code[:40]
        interchange.save(update_fields=["problem"])
        telling.held_sending(interchange, failure.code)
        put_back(claim, later=_FOR_A_PERSON, waits_for=HoldCode.PERSON)
        return
    is_unseen = isinstance(failure, NotSent) and not file.is_published
    if is_unseen:  # noted before the wire was tried: nothing of it came there
        Interchange.objects.filter(pk=file.interchange_id).update(published_at=None)
    if is_unseen and leave_refusing(dispatch, file.interchange_id, failure.code, now=now):
        finish(claim)
        return
    if failure.code in telling.REFUSES_OUR_KEY:
        refusing.put_off(dispatch)
        put_back(claim, later=TRY_AGAIN, sent=isinstance(failure, Unsure), waits_for=HoldCode.PARTNER_REFUSES)
        return
    puts = TransportLog.objects.filter(dispatch=dispatch.pk, event="put").count()
    put_back(claim, later=_PUT_AGAIN * 2 ** min(puts - 1, 6), sent=isinstance(failure, Unsure))
