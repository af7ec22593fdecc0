"""Pausing and resuming: a payer for one practice, a partner, its poller. Each with a reason.

Who may is the edge's question. The reason is in the rows and in their history. A deed that lets
something go again returns the queues to ring.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Now

from practice.tenancy import current_organization_id, tenant
from tradingpartners.models import (
    Direction,
    Dispatch,
    Interchange,
    Payer,
    PayerPause,
    TradingPartner,
    Transaction,
)
from tradingpartners.services import telling
from tradingpartners.services.clock import database_now
from tradingpartners.services.holding import HoldCode
from tradingpartners.services.interchanges import ACKNOWLEDGEMENTS, GONE_UNSEEN


def pause_payer(payer: Payer, *, reason: str, resumes_at: datetime | None = None) -> PayerPause:
    """Ask this payer nothing until then, or until somebody resumes it; said again it is changed."""
    with _because(reason):
        now = database_now()
        PayerPause.objects.filter(payer=payer, ended_at=None, resumes_at__lte=now).update(ended_at=now)
        pause, is_new = PayerPause.objects.select_for_update().get_or_create(
            payer=payer, ended_at=None, defaults={"reason": reason[:200], "resumes_at": resumes_at}
        )
        if not is_new:
            pause.reason, pause.resumes_at = reason[:200], resumes_at
            pause.save(update_fields=["reason", "resumes_at"])
            _release(_of_payer(payer))  # the end may have come nearer: they find the new one
        return pause


def resume_payer(payer: Payer, *, reason: str) -> list[str]:
    with _because(reason):
        PayerPause.objects.filter(payer=payer, ended_at=None).update(ended_at=database_now())
        return _release(_of_payer(payer))


def pause_partner(partner: TradingPartner, *, reason: str) -> None:
    """Send this partner nothing: no file, no question, no acknowledgement. It is still read from."""
    with _because(reason):
        TradingPartner.objects.filter(pk=partner.pk).update(sending_paused=True, paused_reason=reason[:200])


def resume_partner(partner: TradingPartner, *, reason: str) -> list[str]:
    """Send to it again, also where it refused our key: once more it will say whether it still does."""
    with _because(reason):
        TradingPartner.objects.filter(pk=partner.pk).update(
            sending_paused=False, paused_reason="", refusal=""
        )
        held = [HoldCode.PARTNER_PAUSED, HoldCode.PARTNER_REFUSES]
        return _release(Dispatch.objects.filter(partner=partner, waits_for__in=held))


def pause_poller(partner: TradingPartner, *, reason: str) -> None:
    """Leave what this partner has for us where it is."""
    with _because(reason):
        TradingPartner.objects.filter(pk=partner.pk).update(poller_paused=True)


def resume_poller(partner: TradingPartner, *, reason: str) -> None:
    """Look again at the next tick."""
    with _because(reason):
        TradingPartner.objects.filter(pk=partner.pk).update(poller_paused=False, poll_due_at=Now())


def release(dispatch: Dispatch, *, reason: str) -> list[str]:
    """A person lets a unit go that waits for one: the same bytes under the same number, once more.

    No queues: it does not wait for a person.
    """
    with _because(reason):
        unit = Dispatch.objects.select_for_update().filter(pk=dispatch.pk)
        files = [row for row in Interchange.objects.filter(dispatch__in=unit) if waits_for_a_person(row)]
        if not files and not unit.filter(state=Dispatch.State.READY, waits_for=HoldCode.PERSON):
            return []
        unit.update(state=Dispatch.State.READY)
        for interchange in files:
            if interchange.problem != GONE_UNSEEN:  # that one is uploaded anew, and settled then
                interchange.problem = ""
                interchange.save(update_fields=["problem"])
            telling.sending_is_settled(interchange.pk)
        return _release(unit)


def waits_for_a_person(interchange: Interchange) -> bool:
    """Whether it goes no further until `release`: its unit is held, or was handed over and the partner
    says since, or leaves open, that it has something else; and something of it is still to be answered,
    where anything ever is."""
    if interchange.direction != Direction.OUT or interchange.dispatch_id is None:
        return False
    unit = Dispatch.objects.filter(pk=interchange.dispatch_id)
    if unit.filter(state=Dispatch.State.READY, waits_for=HoldCode.PERSON).exists():
        return True
    if not interchange.problem or interchange.state == Interchange.State.TAKEN:
        return False
    if not unit.filter(state=Dispatch.State.DONE).exists():
        return False
    unanswered = Transaction.objects.unanswered().filter(interchange=interchange)
    return interchange.transaction_set in ACKNOWLEDGEMENTS or unanswered.exists()


def _because(reason: str) -> AbstractContextManager[None]:
    """The organization in context, with the reason for the history."""
    return tenant(current_organization_id(), reason=reason)


def _of_payer(payer: Payer) -> QuerySet[Dispatch]:
    waiting = Transaction.objects.prepared().filter(payer=payer).values("dispatch")
    return Dispatch.objects.filter(waits_for=HoldCode.PAYER_PAUSED, pk__in=waiting)


def _release(units: QuerySet[Dispatch]) -> list[str]:
    """Due at once; returns the queues to ring."""
    ready = units.filter(state=Dispatch.State.READY)
    queues = sorted(set(ready.values_list("queue", flat=True)))
    ready.update(due_at=Now(), waits_for="", rung_at=None)
    return queues
