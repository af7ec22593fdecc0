"""A partner that takes nothing from us: what waits for it goes on to the next route."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tradingpartners.contents import OutcomeKind, transaction_set
from tradingpartners.models import Attempt, Dispatch, Interchange, Lane, Transaction
from tradingpartners.services import refusing
from tradingpartners.services.attempts import End, end_attempts, end_unsent
from tradingpartners.services.holding import HoldCode
from tradingpartners.services.routing import Asked, is_refusal, walks

# So long a file may wait for a partner that is paused, where there is another way. A person does not.
PAUSED_LONG = timedelta(hours=1)


def leave_paused(dispatch: Dispatch, waiting: Sequence[Attempt], *, now: datetime) -> None:
    """End what has waited too long for a paused partner and can be asked through another one."""
    if dispatch.lane == Lane.BATCH and dispatch.created_at > now - PAUSED_LONG:
        return
    others = _with_another_route(dispatch, waiting)
    code = HoldCode.PARTNER_PAUSED
    end_unsent(
        [End(each, OutcomeKind.FAILED, code, again=True) for each in waiting if each.id in others], now=now
    )


def leave_refused(dispatch: Dispatch, waiting: Sequence[Attempt], code: str, *, now: datetime) -> None:
    """End what can be asked through another partner than the one that refuses our key, and what has
    waited for this one as long as an answer may take."""
    others = _with_another_route(dispatch, waiting)
    is_over = refusing.is_hopeless(dispatch, now=now)
    ends = [
        End(each, OutcomeKind.FAILED, code, again=each.id in others)
        for each in waiting
        if is_over or each.id in others
    ]
    end_unsent(ends, now=now)
    unseen = Interchange.objects.filter(
        dispatch=dispatch, state=Interchange.State.IN_FLIGHT, published_at=None
    )
    for interchange_id in unseen.values_list("pk", flat=True):
        leave_refusing(dispatch, interchange_id, code, now=now)


def leave_refusing(dispatch: Dispatch, interchange_id: UUID, code: str, *, now: datetime) -> bool:
    """Give a file up that the partner refuses and never saw, if all of it can go another way.

    Else it waits: somebody may fill in what the partner wants. Its control number is spent.
    """
    if not is_refusal(code):
        return False
    sent = Transaction.objects.unanswered().filter(interchange=interchange_id)
    attempts = sent.select_for_update(of=("self",)).order_by("pk").as_attempts()
    if not attempts or len(_with_another_route(dispatch, attempts)) < len(attempts):
        return False
    Interchange.objects.filter(pk=interchange_id).update(state=Interchange.State.OVERDUE)
    end_attempts([End(each, OutcomeKind.FAILED, code, again=True) for each in attempts], now=now)
    return True


def _with_another_route(dispatch: Dispatch, attempts: Sequence[Attempt]) -> set[UUID]:
    if not attempts:
        return set()
    contents = transaction_set(dispatch.transaction_set)
    facilities = contents.facilities([each.subject_id for each in attempts])
    asked = {each.id: Asked(each.payer.pk, facilities.get(each.subject_id)) for each in attempts}
    ways = walks(asked.values(), dispatch.transaction_set, dispatch.lane)
    return {each.id for each in attempts if ways[asked[each.id]].beyond(dispatch.partner_id)}
