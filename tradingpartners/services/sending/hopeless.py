"""Units that can never go: their questions end with a reason, so that their run ends too."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from tradingpartners.contents import OutcomeKind
from tradingpartners.models import Dispatch, InboundDelivery, Transaction
from tradingpartners.retries import MOST_RESCUES, PARTNER_INACTIVE, WORKER_LOST
from tradingpartners.services.attempts import End, end_attempts, end_unsent
from tradingpartners.services.claiming import Claim
from tradingpartners.services.interchanges import ACKNOWLEDGEMENTS, promised
from tradingpartners.services.sending.lease import finish, put_back
from tradingpartners.services.wire import connection_of, log_wire
from tradingpartners.transports import NotSent
from tradingpartners.transports.registry import transport_of

# Until then somebody may have filled in what is missing.
_LOOK_AGAIN = timedelta(minutes=15)


def give_up(claim: Claim, dispatch: Dispatch, *, now: datetime) -> bool:
    """End the unit if its partner is out of use or wrongly filled, or if it kills its workers."""
    partner = dispatch.partner
    if not partner.is_active or partner.is_deleted:
        _end_prepared(dispatch, PARTNER_INACTIVE, now=now, again=True)
    elif dispatch.rescue_count >= MOST_RESCUES:
        _end_lost(dispatch, now=now)
        _end_prepared(dispatch, WORKER_LOST, now=now)
    elif code := _wrong_setting(dispatch):
        event = "put" if partner.sends_files else "ask"
        log_wire(event, partner_id=partner.pk, dispatch_id=dispatch.pk, started=time.monotonic(), error=code)
        if dispatch.transaction_set in ACKNOWLEDGEMENTS:  # its interchange is written: it waits
            put_back(claim, later=_LOOK_AGAIN, sent=False)
            return True
        _end_prepared(dispatch, code, now=now, again=True)
    else:
        return False
    finish(claim)
    return True


def _wrong_setting(dispatch: Dispatch) -> str:
    try:
        transport_of(dispatch.partner.transport).check(connection_of(dispatch.partner))
    except NotSent as error:
        return error.code
    return ""


def _end_prepared(dispatch: Dispatch, code: str, *, now: datetime, again: bool = False) -> None:
    attempts = Transaction.objects.prepared().filter(dispatch=dispatch).order_by("pk").as_attempts()
    end_unsent([End(each, OutcomeKind.FAILED, code, again=again) for each in attempts], now=now)


def _end_lost(dispatch: Dispatch, *, now: datetime) -> None:
    """What was sent and whose reply is neither kept nor promised."""
    sent = Transaction.objects.unanswered().filter(dispatch=dispatch).order_by("pk").as_attempts()
    replies = InboundDelivery.objects.filter(answering__in=[each.id for each in sent])
    kept = set(replies.values_list("answering_id", flat=True))
    polled_for = promised([each.interchange_id for each in sent])
    ends = [
        End(each, OutcomeKind.FAILED, WORKER_LOST)
        for each in sent
        if each.id not in kept and each.interchange_id not in polled_for
    ]
    end_attempts(ends, now=now)
