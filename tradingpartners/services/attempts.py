"""Every step and end of an attempt, in sets: its row, its successor, and word to who asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from practice.bulk import update_rows
from tradingpartners.contents import Outcome, OutcomeKind, transaction_set
from tradingpartners.models import Attempt, Lane, Payer, Transaction
from tradingpartners.retries import FREE_THROTTLES, THROTTLED, WORKER_LOST, after_throttle, next_attempt_at
from tradingpartners.services.planning import Subject, queue_questions
from tradingpartners.services.routing import Asked, is_refusal, next_route, walks
from tradingpartners.states import TRANSACTION_MOVES

State = Transaction.State

_STATE_OF = {
    OutcomeKind.ANSWERED: State.ANSWERED,
    OutcomeKind.LATE: State.ANSWERED,
    OutcomeKind.REJECTED: State.REJECTED,
    OutcomeKind.FAILED: State.FAILED,
    OutcomeKind.UNKNOWN: State.UNKNOWN,
}


# --- steps -----------------------------------------------------------------------------------


class Written(NamedTuple):
    """An attempt and its ST…SE, under its ST02."""

    attempt: Attempt
    text: str
    control_number: str


def mark_sent(
    written: Sequence[Written], *, interchange_id: UUID, partner_code: str, now: datetime
) -> list[Written]:
    """The moment before the wire: from here on an attempt may have been read by the payer.

    Returns those that may go: one that an earlier attempt's answer has ended since is not among them.
    """
    moved = set(
        update_rows(
            Transaction,
            [
                (
                    each.attempt.id,
                    {
                        "state": State.SENT,
                        "sent_at": now,
                        "interchange": interchange_id,
                        "set_control_number": each.control_number,
                    },
                )
                for each in written
            ],
            where="t.state = 'prepared'",
        )
    )
    sent = [each for each in written if each.attempt.id in moved]
    _tell(
        (
            each.attempt,
            _outcome(each.attempt, OutcomeKind.SENT, now, text=each.text, partner_code=partner_code),
        )
        for each in sent
    )
    return sent


# --- ends ------------------------------------------------------------------------------------


class End(NamedTuple):
    """How an attempt ended. `again`: the question may be asked once more, if the budget allows."""

    attempt: Attempt
    kind: OutcomeKind
    code: str = ""
    text: str | None = None
    answer: Any = None
    again: bool = False
    retry_after: int | None = None
    differences: Any = None


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
                [(e.attempt.id, {"state": state, "error": e.code[:60], "closed_at": now}) for e in group],
                where="t.state = ANY(%s)",
                params=[before],
            )
        )
        ended += [end for end in group if end.attempt.id in moved]
    _hand_on(ended, now)


def end_unsent(ends: Sequence[End], *, now: datetime) -> None:
    """Close attempts that nobody has seen and that cannot go as they are."""
    moved = set(
        update_rows(
            Transaction,
            [
                (
                    e.attempt.id,
                    {"state": State.NEVER_SENT, "error": e.code[:60], "closed_at": now, "sent_at": None},
                )
                for e in ends
            ],
            where="t.state = 'prepared'",
        )
    )
    _hand_on([end for end in ends if end.attempt.id in moved], now)


def _hand_on(ended: Sequence[End], now: datetime) -> None:
    """Successors for those that may be asked again, and word of the others."""
    succeeded = _queue_successors([end for end in ended if end.again], now)
    final = [end for end in ended if end.attempt.id not in succeeded]
    reasons = _first_reasons(final)
    _tell(
        (
            end.attempt,
            _outcome(
                end.attempt,
                end.kind,
                now,
                code=reasons.get(end.attempt.id, end.code),
                text=end.text,
                answer=end.answer,
                differences=end.differences,
            ),
        )
        for end in final
    )


def _first_reasons(ends: Sequence[End]) -> dict[UUID, str]:
    """Where a walk down the routes ended with a refusal: why its first attempt came to nothing."""
    refused = {end.attempt.subject_id: end for end in ends if end.again and is_refusal(end.code)}
    if not refused:
        return {}
    earlier = (
        Transaction.objects.attempts()
        .filter(subject_id__in=refused)
        .order_by("subject_id", "pk")
        .values_list("subject_id", "replays", "error")
    )
    first: dict[UUID, str] = {}
    for subject_id, replays, error in earlier:
        if subject_id and (replays or subject_id not in first):  # a replay begins the walk anew
            first[subject_id] = error
    return {end.attempt.id: first.get(subject) or end.code for subject, end in refused.items()}


class _Unit(NamedTuple):
    """What makes one unit of several successors: due within the same second, among other things."""

    transaction_set: str
    correlation_id: UUID
    lane: Lane
    due_at: datetime


def _queue_successors(ends: Sequence[End], now: datetime) -> set[UUID]:
    """New attempts, with new trace numbers; returns the attempts that got one."""
    if not ends:
        return set()
    name = ends[0].attempt.transaction_set
    subjects = [end.attempt.subject_id for end in ends]
    unwanted = transaction_set(name).unwanted(
        [(e.attempt.correlation_id, e.attempt.subject_id) for e in ends]
    )
    facilities = transaction_set(name).facilities(subjects)
    asked = {
        each.attempt.id: Asked(each.attempt.payer.pk, facilities.get(each.attempt.subject_id))
        for each in ends
    }
    by_lane = {lane: walks(asked.values(), name, lane) for lane in {end.attempt.lane for end in ends}}
    throttles = _throttles(ends)
    units: dict[_Unit, list[Subject]] = defaultdict(list)
    succeeded = set()
    for end in ends:
        attempt = end.attempt
        route = next_route(
            by_lane[attempt.lane][asked[attempt.id]],
            attempt.partner_id,
            kind=end.kind,
            code=end.code,
            is_busy=end.retry_after is not None,
        )
        times = throttles.get(attempt.id, 0)
        is_throttled = 0 < times <= FREE_THROTTLES
        if is_throttled:
            at: datetime | None = after_throttle(times, now=now, retry_after=end.retry_after)
        else:
            at = _next_at(end, route.payer, now) if route else None
        if route is None or at is None or attempt.subject_id in unwanted:
            continue
        unit = _Unit(attempt.transaction_set, attempt.correlation_id, attempt.lane, at.replace(microsecond=0))
        is_free = is_throttled or end.code == WORKER_LOST or is_refusal(end.code)
        number = attempt.number if is_free else attempt.number + 1
        units[unit].append(Subject(attempt.subject_id, route, number))
        succeeded.add(attempt.id)
    for unit, followers in units.items():
        queue_questions(followers, **unit._asdict())
    return succeeded


def _throttles(ends: Sequence[End]) -> dict[UUID, int]:
    """Attempts the clearinghouse had no room for, and how often their question has met that by now."""
    met = {end.attempt.id: end.attempt.subject_id for end in ends if end.code == THROTTLED}
    if not met:
        return {}
    rows = Transaction.objects.attempts().filter(subject_id__in=met.values(), error=THROTTLED)
    times = Counter(rows.values_list("subject_id", flat=True))
    return {attempt_id: times[subject_id] for attempt_id, subject_id in met.items()}


def _next_at(end: End, payer: Payer, now: datetime) -> datetime | None:
    """When the next attempt is due. A lost worker is our fault and a refusal is between us and the
    partner: neither uses up the payer's budget."""
    if is_refusal(end.code):
        return now if end.kind == OutcomeKind.FAILED else now + payer.resend_gap
    if end.code == WORKER_LOST:
        return next_attempt_at(payer, attempt=1, sent=True, now=now) or now + payer.resend_gap
    return next_attempt_at(
        payer,
        attempt=end.attempt.number,
        sent=end.kind != OutcomeKind.FAILED,
        now=now,
        retry_after=end.retry_after,
    )


# --- word to who asked -----------------------------------------------------------------------


def _outcome(attempt: Attempt, kind: OutcomeKind, now: datetime, **what: Any) -> Outcome:
    return Outcome(transaction_id=attempt.id, subject_id=attempt.subject_id, kind=kind, at=now, **what)


def _tell(outcomes: Iterable[tuple[Attempt, Outcome]]) -> None:
    by_set: dict[str, list[Outcome]] = defaultdict(list)
    for attempt, outcome in outcomes:
        by_set[attempt.transaction_set].append(outcome)
    for name, told in by_set.items():
        transaction_set(name).apply(told)
