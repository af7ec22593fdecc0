"""The lease of a claimed unit: whose it is, for how much longer, and its end.

Each of these locks the unit until the caller's transaction ends, and raises `LeaseLost` where
the token is no longer the unit's.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from tradingpartners.models import Dispatch
from tradingpartners.services.claiming import Claim


class LeaseLost(Exception):
    """Another worker owns this unit now; whatever we still held is not ours to write."""


def own(claim: Claim) -> Dispatch:
    """The unit, with its partner and payer."""
    dispatch = (
        Dispatch.objects.select_for_update(of=("self",))
        .select_related("partner", "payer")
        .filter(pk=claim.dispatch_id, lease_token=claim.lease_token, state=Dispatch.State.CLAIMED)
        .first()
    )
    if dispatch is None:
        raise LeaseLost
    return dispatch


def extend(claim: Claim) -> None:
    """Another whole lease from now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tradingpartners_dispatch d SET lease_until = now() + t.lease"
            " FROM tradingpartners_tradingpartner t WHERE t.id = d.partner_id"
            " AND d.id = %s AND d.lease_token = %s AND d.state = 'claimed'",
            [claim.dispatch_id, claim.lease_token],
        )
        if not cursor.rowcount:
            raise LeaseLost


def finish(claim: Claim) -> None:
    """Nothing of the unit is left to send."""
    _end(claim, Dispatch.State.DONE, timedelta(0))


def put_back(
    claim: Claim, *, later: timedelta = timedelta(0), sent: bool = True, waits_for: str = ""
) -> None:
    """The rest of the unit is due again, later for a reason; `sent`: something of it may have been
    handed over."""
    _end(claim, Dispatch.State.READY, later, sent=sent, waits_for=waits_for)


def _end(
    claim: Claim, state: Dispatch.State, later: timedelta, *, sent: bool = True, waits_for: str = ""
) -> None:
    mine = Dispatch.objects.filter(
        pk=claim.dispatch_id, lease_token=claim.lease_token, state=Dispatch.State.CLAIMED
    )
    ended = mine.update(
        state=state,
        lease_token=None,
        lease_until=None,
        rung_at=None,
        due_at=Now() + later,
        waits_for=waits_for,
        send_attempts=F("send_attempts") + int(sent),
    )
    if not ended:
        raise LeaseLost
