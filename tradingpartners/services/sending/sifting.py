"""Before a unit goes: whoever may not be asked now is left out of it, and waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from practice.tenancy import tenant
from tradingpartners.contents import OutcomeKind, transaction_set
from tradingpartners.models import Dispatch, Interchange, Transaction
from tradingpartners.services import refusing
from tradingpartners.services.attempts import End, end_unsent
from tradingpartners.services.claiming import Claim
from tradingpartners.services.clock import database_now
from tradingpartners.services.holding import PLACE_KEPT, Day, Hold, HoldCode, holds, left_today
from tradingpartners.services.planning import CANCELLED
from tradingpartners.services.sending.lease import own, put_back
from tradingpartners.services.sending.walking import leave_paused, leave_refused


def sift(claim: Claim) -> bool:
    """Whether something of the unit may go; what may not has a unit of its own then, or the unit
    is put back.

    One transaction, outside of an organization: places in a payer's day are counted over all
    practices and taken before anybody else counts.
    """
    with transaction.atomic():
        with tenant(claim.organization_id):
            dispatch = own(claim)
            now = database_now()
            waiting = _wanted(dispatch, now)
            if hold := _held_by_partner(dispatch, waiting, now):
                if not _is_empty(dispatch):
                    put_back(claim, later=hold.due_at(now) - now, sent=False, waits_for=hold.code)
                    return False
                waiting = []
            payers = {row.payer.pk: row.payer for row in waiting if row.payer}
            held = holds(payers.values(), now=now)
        capped = {pk for pk, payer in payers.items() if payer.daily_cap is not None and pk not in held}
        days = left_today(capped)
        with tenant(claim.organization_id):
            out = _held_back(waiting, held, days, now)
            return _leave_out(claim, dispatch, waiting, out, now)


def _held_by_partner(dispatch: Dispatch, waiting: Sequence[Transaction], now: datetime) -> Hold | None:
    """Why nothing goes to this partner; what need not wait for it has left the unit."""
    attempts = [row.as_attempt() for row in waiting]
    if dispatch.partner.sending_paused:
        leave_paused(dispatch, attempts, now=now)
        return Hold(HoldCode.PARTNER_PAUSED)
    if code := refusing.met_by(dispatch, now=now):
        leave_refused(dispatch, attempts, code, now=now)
        return Hold(HoldCode.PARTNER_REFUSES)
    return None


def _wanted(dispatch: Dispatch, now: datetime) -> list[Transaction]:
    """What is left to ask, locked. Questions of a sweep that was cancelled while they were put end
    here, but for those a person has replayed."""
    prepared = Transaction.objects.prepared().filter(dispatch=dispatch, interchange=None)
    waiting = list(prepared.select_for_update(of=("self",)).select_related("payer").order_by("pk"))
    asked = [
        (row.correlation_id, row.subject_id)
        for row in waiting
        if row.correlation_id and row.subject_id and row.replays_id is None
    ]
    stopped = transaction_set(dispatch.transaction_set).unwanted(asked) if asked else set()
    gone = [row for row in waiting if row.subject_id in stopped and row.replays_id is None]
    end_unsent([End(row.as_attempt(), OutcomeKind.UNKNOWN, CANCELLED) for row in gone], now=now)
    return [row for row in waiting if row not in gone] if gone else waiting


def _is_empty(dispatch: Dispatch) -> bool:
    """Nothing of it waits, and nothing of it is out or written."""
    attempts = Transaction.objects.filter(dispatch=dispatch, state__in=["prepared", "sent"])
    written = [Interchange.State.COMPOSED, Interchange.State.IN_FLIGHT]
    files = Interchange.objects.filter(dispatch=dispatch, state__in=written)
    return not attempts.exists() and not files.exists()


def _held_back(
    waiting: Sequence[Transaction], held: dict[UUID, Hold], days: dict[UUID, Day], now: datetime
) -> dict[UUID, Hold]:
    """Attempt → why it waits; the others have their place in their payer's day."""
    out: dict[UUID, Hold] = {}
    placed: list[UUID] = []
    left = {payer_id: day.left for payer_id, day in days.items()}
    for row in waiting:
        payer_id = row.payer_id
        if payer_id is None:
            continue
        if payer_id in held:
            out[row.pk] = held[payer_id]
        elif payer_id in days and (row.sent_at is None or row.sent_at < now - PLACE_KEPT):
            if left[payer_id] > 0:
                left[payer_id] -= 1
                placed.append(row.pk)
            else:
                out[row.pk] = Hold(HoldCode.DAILY_CAP, days[payer_id].ends)
    if placed:
        Transaction.objects.filter(pk__in=placed).update(sent_at=Now())
    return out


def _leave_out(
    claim: Claim,
    dispatch: Dispatch,
    waiting: Sequence[Transaction],
    out: dict[UUID, Hold],
    now: datetime,
) -> bool:
    if out and len(out) == len(waiting) and not _asks_already(dispatch):
        first = min(out.values(), key=lambda hold: hold.due_at(now))
        Transaction.objects.filter(pk__in=out).update(sent_at=None)
        put_back(claim, later=first.due_at(now) - now, sent=False, waits_for=first.code)
        return False
    units: dict[tuple[UUID | None, Hold], list[UUID]] = defaultdict(list)
    going: list[UUID] = []
    for row in waiting:
        if row.pk in out:
            units[row.payer_id, out[row.pk]].append(row.pk)
        else:
            going.append(row.pk)
    for (_, hold), attempt_ids in units.items():
        _move(dispatch, attempt_ids, due_at=hold.due_at(now), waits_for=hold.code)
    most = dispatch.partner.max_st_per_interchange if dispatch.partner.sends_files else len(going)
    for start in range(most, len(going), most or 1):  # the limit is lower than when it was planned
        _move(dispatch, going[start : start + most], due_at=now)
    return True


def _move(dispatch: Dispatch, attempt_ids: Sequence[UUID], *, due_at: datetime, waits_for: str = "") -> None:
    """Into a unit of their own; who waits gives its place in the day back."""
    unit = Dispatch.objects.create(
        partner=dispatch.partner,
        payer=dispatch.payer,
        transaction_set=dispatch.transaction_set,
        correlation_id=dispatch.correlation_id,
        lane=dispatch.lane,
        queue=dispatch.queue,
        due_at=due_at,
        waits_for=waits_for,
    )
    moved = Transaction.objects.filter(pk__in=attempt_ids)
    moved.update(dispatch=unit, **({"sent_at": None} if waits_for else {}))


def _asks_already(dispatch: Dispatch) -> bool:
    """Whether an earlier worker has sent something of it, whose end has to be seen to."""
    return Transaction.objects.unanswered().filter(dispatch=dispatch).exists()
