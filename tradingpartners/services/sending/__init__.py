"""Send one unit: claim → leave out who is held → write and mark → wire → keep what came back.

No transaction is open while anything is on the wire, and the connection is given back first.
What a worker writes about its unit is fenced by the lease token: one that was paused past its
lease finds that the unit is no longer its own, and stops. What the wire did is a fact whoever
owns the unit, so a reply that came is always kept.
"""

from __future__ import annotations

import logging

from practice.tenancy import tenant
from tradingpartners.services.claiming import Claim
from tradingpartners.services.clock import database_now
from tradingpartners.services.sending import files, live
from tradingpartners.services.sending.hopeless import give_up
from tradingpartners.services.sending.lease import LeaseLost, own
from tradingpartners.services.sending.sifting import sift

__all__ = ["send"]

log = logging.getLogger(__name__)


def send(claim: Claim) -> None:
    """Send the claimed unit, as a file or question by question. Safe to run twice."""
    try:
        with tenant(claim.organization_id):
            dispatch = own(claim)
            if give_up(claim, dispatch, now=database_now()):
                return
        if not sift(claim):
            return
        with tenant(claim.organization_id):
            dispatch = own(claim)
            is_file, now = dispatch.partner.sends_files, database_now()
            file = files.write_file(claim, dispatch, now=now) if is_file else None
            questions = [] if is_file else live.write_questions(dispatch, now=now)
        if file is not None:
            files.hand_over(claim, dispatch, file)
        elif not is_file:
            live.ask_in_turn(claim, dispatch, questions)
    except LeaseLost:
        log.warning("lease lost: dispatch=%s", claim.dispatch_id)
