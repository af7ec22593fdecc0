"""Send one unit: claim → leave out who is held → write and mark → wire → keep what came back.

No transaction is open while anything is on the wire, and the connection is given back first.
What a worker writes about its unit is fenced by the lease token: one that was paused past its
lease finds that the unit is no longer its own, and stops. What the wire did is a fact whoever
owns the unit, so a reply that came is always kept.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from practice.tenancy import tenant
from tradingpartners import x12
from tradingpartners.retries import UNWRITABLE_IDENTITY
from tradingpartners.services.claiming import Claim
from tradingpartners.services.clock import database_now
from tradingpartners.services.sending import files, live
from tradingpartners.services.sending.hopeless import give_up
from tradingpartners.services.sending.lease import LeaseLost, own, put_back
from tradingpartners.services.sending.sifting import sift
from tradingpartners.services.wire import log_wire

__all__ = ["send"]

log = logging.getLogger(__name__)

# Somebody has to correct the connection; its units look again so often.
_AFTER_CORRECTION = timedelta(minutes=1)


def send(claim: Claim) -> None:
    """Send the claimed unit, as a file or question by question. Safe to run twice."""
    try:
        try:
            _send(claim)
        except x12.X12WriteError as error:
            log.warning("envelope refused: dispatch=%s field=%s", claim.dispatch_id, error.field)
            _wait_for_correction(claim)
    except LeaseLost:
        log.warning("lease lost: dispatch=%s", claim.dispatch_id)


def _send(claim: Claim) -> None:
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


def _wait_for_correction(claim: Claim) -> None:
    """No question of this connection can be written into an envelope: told, and the unit waits."""
    with tenant(claim.organization_id):
        dispatch = own(claim)
        log_wire(
            "put" if dispatch.partner.sends_files else "ask",
            partner_id=dispatch.partner_id,
            dispatch_id=dispatch.pk,
            started=time.monotonic(),
            error=UNWRITABLE_IDENTITY,
        )
        put_back(claim, later=_AFTER_CORRECTION, sent=False)
