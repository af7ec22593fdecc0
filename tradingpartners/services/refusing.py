"""A partner that refuses our key: nothing more is sent to it until that is mended.

Whoever meets the refusal notes it; units that are due find it and wait, or go another way. It is over
when the connection is tried out well, when its settings or credentials change, when somebody resumes
it, or when something sent meanwhile is taken after all.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models.functions import Now

from tradingpartners.models import Dispatch, TradingPartner
from tradingpartners.services import telling
from tradingpartners.services.holding import HoldCode


def note(partner_id: UUID, code: str) -> None:
    """What a put or a question came to: the wire's code, empty where it worked."""
    if code in telling.REFUSES_OUR_KEY:
        TradingPartner.objects.filter(pk=partner_id, refusal="").update(refusal=code)
    elif not code:
        end(partner_id)


def end(partner_id: UUID) -> None:
    """What waits for it is due; one refusal more, and the rest waits again."""
    refused = TradingPartner.objects.filter(pk=partner_id).exclude(refusal="")
    if refused.update(refusal=""):
        waiting = Dispatch.objects.filter(partner=partner_id, waits_for=HoldCode.PARTNER_REFUSES)
        waiting.filter(state=Dispatch.State.READY).update(due_at=Now(), waits_for="", rung_at=None)
