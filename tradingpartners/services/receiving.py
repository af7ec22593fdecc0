"""What partners push to us (AS2): kept once, answered with a receipt, and told apart from their receipts.

A message is kept together with the receipt it is answered with, in one transaction: sent again, it
gets the same receipt and does nothing else. No transaction is open while bytes come or go.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from practice.models import Outbox
from practice.tenancy import dispatcher, tenant
from tradingpartners.messages import dialect_of
from tradingpartners.models import Direction, InboundDelivery, Interchange, TradingPartner, TransportKind
from tradingpartners.services import payloads, telling
from tradingpartners.services.interchanges import take_interchanges
from tradingpartners.services.wire import connection_of, log_wire
from tradingpartners.transports import NotSent, OutgoingFile, TransportError, as2

log = logging.getLogger(__name__)

# A receipt that is to come later, as a row that is due (`tradingpartners.services.receipts`).
RECEIPT = "as2_receipt"
# Refused messages of one partner that wait for a person; what comes beyond is logged, and not kept.
_MOST_REFUSED = 200
# What the transport log calls them.
_MESSAGE, _NOTICE = "message", "mdn"


class Caller(NamedTuple):
    """Who may hand something in: a partner under the names both agreed on."""

    organization_id: UUID
    partner_id: UUID


class Handled(NamedTuple):
    """The answer to a POST, and what is to be rung for: a delivery to read, queues whose next may go."""

    status: int = 200
    receipt: as2.Message | None = None
    unread: UUID | None = None
    queues: tuple[str, ...] = ()
    owes_receipt: bool = False


def admit(partner_id: UUID, headers: Mapping[str, str]) -> Caller | None:
    """Who calls, before anything is read of what they send; None for anybody else, and why is not said.

    `headers` by small letters, here and below.
    """
    with dispatcher():
        found = TradingPartner.all_objects.filter(
            pk=partner_id, transport=TransportKind.AS2, is_active=True, is_deleted=False
        ).values_list("organization_id", flat=True)
        organization_id = found.first()
    if organization_id is None:
        return None
    with tenant(organization_id):
        partner = TradingPartner.objects.get(pk=partner_id)
        if as2.names_in(headers) == as2.names_of(partner.settings):
            return Caller(organization_id, partner_id)
        log_wire(_MESSAGE, partner_id=partner_id, started=time.monotonic(), error="as2_names")
    return None


def receive(caller: Caller, headers: Mapping[str, str], body: bytes) -> Handled:
    """A message, or a receipt for one of ours. Safe to repeat."""
    started = time.monotonic()
    with tenant(caller.organization_id):
        partner = TradingPartner.objects.get(pk=caller.partner_id)
    try:
        agreement = as2.agreement_of(connection_of(partner))
    except NotSent as error:
        # our own keys are not in order: the partner shall try again until they are
        _log(caller, _MESSAGE, started, body, error.code)
        return Handled(503)
    notice = as2.read_notice(agreement, headers, body)
    if notice is not None:
        return _take_notice(caller, partner, notice, started, body)
    opened = as2.open_message(agreement, headers, body)
    return _Arrival(caller, partner, agreement, headers, opened, started).keep(body)


def _log(caller: Caller, event: str, started: float, body: bytes, error: str) -> None:
    with tenant(caller.organization_id):
        log_wire(event, partner_id=caller.partner_id, started=started, size=len(body), error=error)


# --- messages ----------------------------------------------------------------------------------


class _Arrival(NamedTuple):
    """One message of a partner, opened."""

    caller: Caller
    partner: TradingPartner
    agreement: as2.Agreement
    headers: Mapping[str, str]
    opened: as2.Opened
    started: float

    def keep(self, body: bytes) -> Handled:
        """Keep it, or find it kept, and say how it is answered."""
        with tenant(self.caller.organization_id):
            delivery, is_new = self._stored() if not self.opened.refusal else (self._refused(body), False)
            log_wire(
                _MESSAGE,
                partner_id=self.partner.pk,
                started=self.started,
                size=len(body),
                file_name=self.opened.file_name,
                error=self.opened.reason or (delivery.error if delivery else ""),
                delivery_id=delivery.pk if delivery else None,
            )
            return self._answer(delivery, is_new)

    def _stored(self) -> tuple[InboundDelivery, bool]:
        """The delivery, and whether it is new: the same Message-ID is the same delivery."""
        try:
            with transaction.atomic():
                return self._store(self.opened, message_id=self.opened.message_id), True
        except IntegrityError:
            known = InboundDelivery.objects.select_related("payload").get(
                partner=self.partner, message_id=self.opened.message_id
            )
        digest = hashlib.sha256(self.opened.content).digest()
        if known.payload is not None and bytes(known.payload.sha256) == digest:
            return known, False
        # one name for two contents: neither a repeat nor a message of its own
        refused = self.opened._replace(refusal="unexpected-processing-error", reason="message_id_reused")
        return self._store(refused), False

    def _refused(self, body: bytes) -> InboundDelivery | None:
        """A refused one, as it came; None where too many of them wait already.

        It takes no Message-ID: the partner may mend it and send it again under the same one.
        """
        waiting = InboundDelivery.objects.filter(
            partner=self.partner, came_by=InboundDelivery.Way.PUSHED, settled_at=None, message_id=""
        )
        if waiting.exclude(error="").count() >= _MOST_REFUSED:
            log.warning("refused message not kept: partner=%s", self.partner.pk)
            return None
        return self._store(self.opened)

    def _store(self, opened: as2.Opened, *, message_id: str = "") -> InboundDelivery:
        receipt = as2.write_receipt(self.agreement, self.headers, opened)
        payload, is_duplicate = payloads.keep_once(self.partner, opened.content)
        return InboundDelivery.objects.create(
            partner=self.partner,
            payload=payload,
            came_by=InboundDelivery.Way.PUSHED,
            message_id=message_id,
            file_name=opened.file_name,
            is_duplicate=is_duplicate,
            receipt=payloads.keep(receipt.to_bytes()),
            error=opened.reason,
            read_at=timezone.now() if opened.refusal else None,
        )

    def _answer(self, delivery: InboundDelivery | None, is_new: bool) -> Handled:
        unread = delivery.pk if delivery and is_new else None
        if not as2.wants_receipt(self.headers):
            return Handled(400 if self.opened.refusal else 200, unread=unread)
        if delivery is None or delivery.receipt is None:
            return Handled(receipt=as2.write_receipt(self.agreement, self.headers, self.opened))
        later = self.headers.get("receipt-delivery-option", "").strip()
        if later and as2.is_own_address(self.agreement, later):
            _owe_receipt(delivery, later)
            return Handled(202, unread=unread, owes_receipt=True)
        # to another host than the partner's own nothing is sent: it gets its receipt here
        stored = as2.Message.from_bytes(payloads.content_of(delivery.receipt))
        return Handled(receipt=stored, unread=unread)


def _owe_receipt(delivery: InboundDelivery, url: str) -> None:
    """Due at once; once, however often the message comes before it is sent."""
    waiting = Outbox.objects.filter(kind=RECEIPT, subject_id=delivery.pk, sent_at=None, given_up_at=None)
    if not waiting.filter(payload__url=url).exists():
        Outbox.objects.create(kind=RECEIPT, subject_id=delivery.pk, payload={"url": url}, due_at=Now())


# --- receipts for what we sent --------------------------------------------------------------------


def _take_notice(
    caller: Caller, partner: TradingPartner, notice: as2.Notice, started: float, body: bytes
) -> Handled:
    """The partner's word on an interchange: it is taken, or held with the reason. Once, however often."""
    with tenant(caller.organization_id):
        interchange = _interchange_of(partner, notice)
        content = payloads.content_of(interchange.payload) if interchange and interchange.payload else b""
    if interchange is None:
        _log(caller, _NOTICE, started, body, "mdn_of_nobody")
        return Handled(404)
    file = OutgoingFile(interchange.file_name, content, dialect_of(partner).CONTENT_TYPE, interchange.pk)
    code = ""
    try:
        as2.judge(notice, file)
    except TransportError as error:
        code = error.code
    with tenant(caller.organization_id):
        log_wire(
            _NOTICE,
            partner_id=partner.pk,
            started=started,
            size=len(body),
            error=code,
            interchange_id=interchange.pk,
            dispatch_id=interchange.dispatch_id,
        )
        ours = Interchange.objects.filter(pk=interchange.pk)
        if not code:
            ours.filter(problem__startswith="mdn_").update(problem="")
            telling.sending_is_settled(interchange.pk)
            return Handled(queues=tuple(take_interchanges([interchange.pk], now=timezone.now())))
        # the first word counts, and a taken one stays taken
        if ours.filter(problem="").exclude(state=Interchange.State.TAKEN).update(problem=code[:40]):
            telling.held_sending(interchange, code)
    return Handled()


def _interchange_of(partner: TradingPartner, notice: as2.Notice) -> Interchange | None:
    """The interchange whose id its Message-ID was made from."""
    try:
        interchange_id = UUID(notice.message_id.partition("@")[0])
    except ValueError:
        return None
    sent = Interchange.objects.filter(partner=partner, direction=Direction.OUT, started_at__isnull=False)
    return sent.select_related("payload", "partner").filter(pk=interchange_id).first()
