"""Which attempt an answer belongs to, and what becomes of it: no database here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import Incoming
from tradingpartners.models import Attempt, Transaction
from tradingpartners.services.inbound.sets import Set

State, Disposition = Transaction.State, Transaction.Disposition


class Answer(NamedTuple):
    """One answer of a set: about one person, or above all persons."""

    source: Set
    said: Incoming


class Matched(NamedTuple):
    answer: Answer
    disposition: Transaction.Disposition
    attempt: Attempt | None


def match(
    answers: Sequence[Answer],
    attempts: Mapping[UUID, Attempt],
    rivals: Mapping[UUID, Sequence[Attempt]],
) -> list[Matched]:
    """Each answer with its attempt and disposition, in order; the first for a subject is applied.

    `rivals`: by subject, its attempts that are open or have won.
    """
    matched: list[Matched] = []
    taken: set[UUID] = set()
    for answer in answers:
        attempt = _attempt_of(answer, attempts)
        if attempt is None:
            matched.append(Matched(answer, Disposition.UNMATCHED, None))
            continue
        disposition = _disposition(answer.said, attempt, rivals.get(attempt.subject_id, ()), taken)
        if disposition == Disposition.APPLIED:
            taken.add(attempt.subject_id)
        matched.append(Matched(answer, disposition, attempt))
    return matched


def _attempt_of(answer: Answer, attempts: Mapping[UUID, Attempt]) -> Attempt | None:
    for name in answer.said.named:
        if name in attempts:
            return attempts[name]
    # A reply without a trace belongs to the question on whose connection it came.
    answering = answer.source.delivery.answering_id
    return attempts.get(answering) if answering else None


def _disposition(
    said: Incoming, attempt: Attempt, rivals: Sequence[Attempt], taken: set[UUID]
) -> Transaction.Disposition:
    if attempt.state in {State.ANSWERED, State.REJECTED} or attempt.subject_id in taken:
        return Disposition.DUPLICATE
    won = any(rival.state == State.ANSWERED and rival.id != attempt.id for rival in rivals)
    open_or_unsure = attempt.state in {State.SENT, State.UNKNOWN}
    late_answer = attempt.state == State.FAILED and said.kind == OutcomeKind.ANSWERED
    if won or not (open_or_unsure or late_answer):
        return Disposition.LATE
    return Disposition.APPLIED
