"""Which attempt an answer belongs to, and what becomes of it: no database here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from tradingpartners.contents import OutcomeKind, Recognition, Recognized
from tradingpartners.messages import Incoming
from tradingpartners.models import Attempt, Transaction
from tradingpartners.services.inbound.sets import Set

State, Disposition = Transaction.State, Transaction.Disposition


class Answer(NamedTuple):
    """One answer of a set: about one person, or above all persons."""

    source: Set
    said: Incoming


class Claimed(NamedTuple):
    """An answer and the attempt it may belong to: one it names by trace, or one it falls to."""

    answer: Answer
    attempt: Attempt | None
    by_trace: bool


class Matched(NamedTuple):
    answer: Answer
    disposition: Transaction.Disposition
    attempt: Attempt | None
    recognized: Recognized


def claim_attempts(answers: Sequence[Answer], attempts: Mapping[UUID, Attempt]) -> list[Claimed]:
    """For each answer its attempt: by its own trace, else by what its set or its connection goes by.

    An attempt that somebody in the delivery names by trace falls to nobody else there.
    """
    named = {
        (answer.source.delivery.pk, trace)
        for answer in answers
        for trace in answer.said.traces
        if trace in attempts
    }
    return [_claim(answer, attempts, named) for answer in answers]


def _claim(answer: Answer, attempts: Mapping[UUID, Attempt], named: Collection[tuple[UUID, UUID]]) -> Claimed:
    for trace in answer.said.traces:
        if trace in attempts:
            return Claimed(answer, attempts[trace], by_trace=True)
    delivery = answer.source.delivery
    for reference in (*answer.said.references, delivery.answering_id):
        if reference and reference in attempts and (delivery.pk, reference) not in named:
            return Claimed(answer, attempts[reference], by_trace=False)
    return Claimed(answer, None, by_trace=False)


def match(
    claimed: Sequence[Claimed],
    recognized: Sequence[Recognized],
    rivals: Mapping[UUID, Sequence[Attempt]],
) -> list[Matched]:
    """Each answer with its attempt and disposition, in order; the first for a subject is applied.

    `recognized`: how surely each is its subject's person; where several are answered for, the
    others are just not ours. `rivals`: by subject, its attempts that are open or have won.
    """
    chosen, strangers = _choose(claimed, [each.surely for each in recognized])
    matched: list[Matched] = []
    taken: set[UUID] = set()
    for index, (answer, attempt, _) in enumerate(claimed):
        if attempt is None or index not in chosen:
            matched.append(Matched(answer, Disposition.UNMATCHED, None, recognized[index]))
            continue
        disposition = _disposition(answer.said, attempt, rivals.get(attempt.subject_id, ()), taken)
        if disposition == Disposition.APPLIED:
            if index in strangers:
                disposition = Disposition.QUARANTINED
            else:
                taken.add(attempt.subject_id)
        matched.append(Matched(answer, disposition, attempt, recognized[index]))
    return matched


def _choose(claimed: Sequence[Claimed], recognized: Sequence[Recognition]) -> tuple[set[int], set[int]]:
    """By index: of those who claim one attempt the best recognized, and which are about somebody else."""
    crowds: dict[tuple[UUID, UUID], list[int]] = defaultdict(list)
    for index, (answer, attempt, _) in enumerate(claimed):
        if attempt is not None:
            crowds[answer.source.delivery.pk, attempt.id].append(index)
    chosen: set[int] = set()
    strangers: set[int] = set()
    for crowd in crowds.values():
        best = max(recognized[index] for index in crowd)
        falls_to_one_of_many = len(crowd) > 1 and not claimed[crowd[0]].by_trace
        if best == Recognition.STRANGER or (falls_to_one_of_many and best < Recognition.SURE):
            chosen.add(crowd[0])
            # A refusal often repeats too little of the person to be recognized by.
            if falls_to_one_of_many or claimed[crowd[0]].answer.said.kind == OutcomeKind.ANSWERED:
                strangers.add(crowd[0])
        else:
            chosen.update(index for index in crowd if recognized[index] == best)
    return chosen, strangers


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
