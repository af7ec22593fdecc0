"""A partner that refuses our key: one question meets that, and the rest waits or goes another way.

Where one key serves all payers, the refusal concerns the whole connection and is noted on it. Behind
an address of its own a payer may refuse us alone: then only its units wait, and say so themselves.
It is over when the connection is tried out well, when its settings or credentials change, when somebody
resumes it, or when something sent is taken after all: after a quarter of an hour a unit that waits
tries that with one question or put, so that no refusal stands longer than it is true.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from tradingpartners.models import Dispatch, TradingPartner, TransportKind, TransportLog
from tradingpartners.services import telling
from tradingpartners.services.holding import TRY_AGAIN, HoldCode, refused_units

# Of a connection that reaches each payer by itself, these may be that payer's own word.
_OF_ONE_PAYER = frozenset({"http_401", "http_403", "core_unauthorized"})


def note(partner_id: UUID, code: str) -> None:
    """What a put or a question came to: the wire's code, empty where it worked."""
    if code in telling.REFUSES_OUR_KEY:
        partner = TradingPartner.objects.filter(pk=partner_id, refusal="")
        if code in _OF_ONE_PAYER:
            partner = partner.exclude(transport=TransportKind.REALTIME)
        partner.update(refusal=code)
    elif not code and _forget(partner_id):
        release(partner_id)


def end(partner_id: UUID) -> None:
    """It was mended, or may have been: what waits for it is due; one refusal more, and it waits again."""
    _forget(partner_id)
    release(partner_id)


def release(partner_id: UUID, payer_id: UUID | None = None) -> None:
    refused_units(partner_id, payer_id).update(due_at=Now(), waits_for="", rung_at=None)


def _forget(partner_id: UUID) -> bool:
    return TradingPartner.objects.filter(pk=partner_id).exclude(refusal="").update(refusal="") > 0


def is_trial(dispatch: Dispatch) -> bool:
    """A unit that has waited for the partner's refusal to end finds out whether it has."""
    return dispatch.waits_for == HoldCode.PARTNER_REFUSES


def is_hopeless(dispatch: Dispatch, *, now: datetime) -> bool:
    """It has waited as long as an answer may take."""
    return dispatch.created_at <= now - dispatch.partner.response_sla


def met_by(dispatch: Dispatch, *, now: datetime) -> str:
    """The code of the refusal that this unit would meet as others have; empty for none that is known,
    and for a unit that is to try."""
    if is_trial(dispatch):
        if not is_hopeless(dispatch, now=now):
            return ""
    elif not dispatch.partner.refusal and not (
        dispatch.payer_id and refused_units(dispatch.partner_id, dispatch.payer_id).exists()
    ):
        return ""
    return dispatch.partner.refusal or _last_refusal(dispatch)


def _last_refusal(dispatch: Dispatch) -> str:
    calls = TransportLog.objects.filter(
        partner=dispatch.partner_id, dispatch__queue=dispatch.queue, error__in=telling.REFUSES_OUR_KEY
    )
    return calls.order_by("-pk").values_list("error", flat=True).first() or ""


def put_off(dispatch: Dispatch) -> None:
    """This unit has met the refusal: those that wait for its end need not try before the next time.

    What has waited too long is due as it was, to be ended.
    """
    everywhere = TradingPartner.objects.filter(pk=dispatch.partner_id).exclude(refusal="").exists()
    waiting = refused_units(dispatch.partner_id, None if everywhere else dispatch.payer_id).filter(
        created_at__gt=Now() - F("partner__response_sla")
    )
    free = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    Dispatch.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(due_at=Now() + TRY_AGAIN)
