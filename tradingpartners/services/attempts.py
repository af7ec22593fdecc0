"""Every step and end of an attempt, in sets: its row, its successor, and word to who asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from practice.bulk import update_rows
from tradingpartners.contents import Outcome, OutcomeKind, transaction_set
from tradingpartners.models import Transaction
from tradingpartners.retries import WORKER_LOST, next_attempt_at
from tradingpartners.services.planning import Subject, queue_questions, routes_by_payer
from tradingpartners.states import TRANSACTION_MOVES

State = Transaction.State

_STATE_OF = {
    OutcomeKind.ANSWERED: State.ANSWERED,
    OutcomeKind.LATE: State.ANSWERED,
    OutcomeKind.REJECTED: State.REJECTED,
    OutcomeKind.FAILED: State.FAILED,
    OutcomeKind.UNKNOWN: State.UNKNOWN,
}


class End(NamedTuple):
    """How an attempt ended. `again`: the question may be asked once more, if the budget allows."""

    attempt: Transaction
    kind: OutcomeKind
    code: str = ""
    text: str | None = None
    answer: Any = None
    again: bool = False


def end_attempts(ends: Sequence[End], *, now: datetime) -> None:
    """Close the attempts, queue successors, and report what is final.

    Fenced by state: an attempt that somebody else has ended since stays as it is and is not
    reported twice.
    """
    by_state: dict[str, list[End]] = defaultdict(list)
    for end in ends:
        by_state[_STATE_OF[end.kind]].append(end)
    ended: list[End] = []
    for state, group in by_state.items():
        before = [old for old, news in TRANSACTION_MOVES.items() if old and state in news]
        moved = set(
            update_rows(
                Transaction,
                [(e.attempt.pk, {"state": state, "error": e.code, "closed_at": now}) for e in group],
                where="t.state = ANY(%s)",
                params=[before],
            )
        )
        ended += [end for end in group if end.attempt.pk in moved]
    succeeded = _queue_successors(ended, now)
    _report([end for end in ended if end.attempt.pk not in succeeded], now)


def _queue_successors(ends: Sequence[End], now: datetime) -> set[UUID]:
    """New attempts, with new trace numbers; returns the attempts that got one."""
    due: dict[tuple[Any, ...], list[Subject]] = defaultdict(list)
    wanted = [end.attempt for end in ends if end.again]
    routes = routes_by_payer({a.payer_id for a in wanted}, wanted[0].transaction_set) if wanted else {}
    succeeded = set()
    for end in ends:
        attempt = end.attempt
        route = routes.get(attempt.payer_id)
        if not end.again or route is None:
            continue
        lost = end.code == WORKER_LOST  # our fault does not use up the payer's budget
        at = next_attempt_at(
            route.payer,
            attempt=1 if lost else attempt.attempt,
            sent=end.kind != OutcomeKind.FAILED,
            now=now,
        )
        if lost and at is None:
            at = now + route.payer.resend_gap
        if at is None:
            continue
        subject = Subject(attempt.subject_id, route, attempt.attempt + (not lost))
        # one unit for those due within the same second
        key = (attempt.transaction_set, attempt.correlation_id, attempt.lane, at.replace(microsecond=0))
        due[key].append(subject)
        succeeded.add(attempt.pk)
    for (set_name, correlation_id, lane, at), subjects in due.items():
        queue_questions(
            subjects, transaction_set=set_name, correlation_id=correlation_id, lane=lane, due_at=at
        )
    return succeeded


def _report(ends: Sequence[End], now: datetime) -> None:
    by_set: dict[str, list[Outcome]] = defaultdict(list)
    for end in ends:
        by_set[end.attempt.transaction_set].append(
            Outcome(
                transaction_id=end.attempt.pk,
                subject_id=end.attempt.subject_id,
                kind=end.kind,
                at=now,
                code=end.code,
                text=end.text,
                answer=end.answer,
            )
        )
    for name, outcomes in by_set.items():
        transaction_set(name).apply(outcomes)


def mark_sent(written: Sequence[tuple[Transaction, str]], *, partner_code: str, now: datetime) -> None:
    """The moment before the wire: from here on an attempt may have been read by the payer."""
    update_rows(
        Transaction,
        [(attempt.pk, {"state": State.SENT, "sent_at": now}) for attempt, _ in written],
        where="t.state = 'prepared'",
    )
    transaction_set(written[0][0].transaction_set).apply(
        [
            Outcome(
                transaction_id=attempt.pk,
                subject_id=attempt.subject_id,
                kind=OutcomeKind.SENT,
                at=now,
                text=text,
                partner_code=partner_code,
            )
            for attempt, text in written
        ]
    )


def refuse_unwritable(refused: Sequence[tuple[Transaction, str]], *, now: datetime) -> None:
    """Questions whose data X12 cannot carry: never sent, and a person must mend the named field."""
    update_rows(
        Transaction,
        [
            (attempt.pk, {"state": State.NEVER_SENT, "error": f"unwritable:{field}"[:60], "closed_at": now})
            for attempt, field in refused
        ],
    )
    for attempt, field in refused:
        transaction_set(attempt.transaction_set).apply(
            [Outcome(attempt.pk, attempt.subject_id, OutcomeKind.REJECTED, now, code=f"unwritable:{field}")]
        )
