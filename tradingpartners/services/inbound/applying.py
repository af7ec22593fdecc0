"""Apply a batch of sets: end the attempts they answer, and keep a row of each set."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from practice.bulk import insert_rows, update_rows
from tradingpartners.contents import OutcomeKind, Recognition, transaction_set
from tradingpartners.models import Attempt, Direction, Transaction
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.inbound.acknowledgements import acknowledge_sets
from tradingpartners.services.inbound.matching import Answer, Claimed, Matched, claim_attempts, match
from tradingpartners.services.inbound.sets import Set, SetKey
from tradingpartners.services.interchanges import take_interchanges

log = logging.getLogger(__name__)

State, Disposition = Transaction.State, Transaction.Disposition

Rivals = dict[UUID, list[Attempt]]


def apply_sets(sets: Sequence[Set], *, now: datetime) -> None:
    """In the caller's transaction: the attempts are locked, and ended once whoever else tries."""
    for each in sets:
        if each.read.transaction and each.read.set_id in {"999", "997"}:
            acknowledge_sets(each, now=now)
    answers = [answer for each in sets for answer in _answers(each)]
    attempts = _lock_named(answers)
    rivals = _lock_rivals(attempts.values())
    claimed = claim_attempts(answers, attempts)
    matched = match(claimed, _recognize(claimed), rivals)
    _end(matched, rivals, now)
    _store(sets, matched, now)


def _answers(source: Set) -> list[Answer]:
    return [Answer(source, each) for each in source.answers()]


def _lock_named(answers: Sequence[Answer]) -> dict[UUID, Attempt]:
    """Our attempts that are named or on whose connection something came, in id order."""
    wanted = {name for answer in answers for name in (*answer.said.traces, *answer.said.references)}
    connections = {answer.source.delivery.answering_id for answer in answers}
    found = (
        Transaction.objects.attempts()
        .filter(pk__in=wanted | {each for each in connections if each})
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    return {attempt.id: attempt for attempt in found.as_attempts()}


def _lock_rivals(attempts: Iterable[Attempt]) -> Rivals:
    """By subject, its attempts that are open or have won."""
    found = (
        Transaction.objects.attempts()
        .filter(subject_id__in={attempt.subject_id for attempt in attempts})
        .filter(state__in=[State.PREPARED, State.SENT, State.ANSWERED])
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    rivals: Rivals = {}
    for rival in found.as_attempts():
        rivals.setdefault(rival.subject_id, []).append(rival)
    return rivals


# --- ends ------------------------------------------------------------------------------------


def _recognize(claimed: Sequence[Claimed]) -> list[Recognition]:
    """How surely each answer is about who was asked about; what is above all persons is."""
    said = [(each.attempt, each.answer.said.answer) for each in claimed]
    asked = [(attempt, answer) for attempt, answer in said if attempt and answer]
    if not asked:
        return [Recognition.SURE] * len(claimed)
    recognize = transaction_set(asked[0][0].transaction_set).recognize
    known = iter(recognize([(attempt.subject_id, answer) for attempt, answer in asked]))
    return [next(known) if attempt and answer else Recognition.SURE for attempt, answer in said]


def _is_applied(each: Matched) -> bool:
    return each.disposition == Disposition.APPLIED


def _end(matched: Sequence[Matched], rivals: Rivals, now: datetime) -> None:
    ends: list[End] = []
    overtaken: list[Attempt] = []
    applied = {each.attempt.id for each in matched if each.attempt and _is_applied(each)}
    for each in matched:
        attempt, said = each.attempt, each.answer.said
        if attempt is None:
            continue
        if each.disposition == Disposition.QUARANTINED:
            log.error("answer about somebody else: attempt=%s", attempt.id)
        is_alone = each.answer.source.delivery.answering_id and attempt.id not in applied
        if each.disposition == Disposition.QUARANTINED and is_alone:
            # Nobody else's answer is ours: the question stays open until the SLA or a person ends
            # it, but on a connection of its own there will be no other reply.
            ends.append(End(attempt, OutcomeKind.UNKNOWN, "answer_about_somebody_else", again=True))
        if not _is_applied(each):
            continue
        others = [rival for rival in rivals.get(attempt.subject_id, ()) if rival.id != attempt.id]
        still_asking = any(other.state in {State.PREPARED, State.SENT} for other in others)
        if said.again and still_asking:
            continue  # the later attempt will tell
        overtaken += others
        kind = OutcomeKind.LATE if attempt.state == State.FAILED else said.kind
        ends.append(End(attempt, kind, said.code, text=said.text, answer=said.answer, again=said.again))
    _supersede(overtaken, now)
    end_attempts(ends, now=now)


def _supersede(attempts: Sequence[Attempt], now: datetime) -> None:
    """Newer attempts that an earlier one's answer made needless."""
    for before, after in ((State.PREPARED, State.NEVER_SENT), (State.SENT, State.SUPERSEDED)):
        update_rows(
            Transaction,
            [
                (a.id, {"state": after, "error": "answered_by_earlier_attempt", "closed_at": now})
                for a in attempts
                if a.state == before
            ],
            where="t.state = %s",
            params=[before],
        )


# --- rows ------------------------------------------------------------------------------------


_WEIGHTS = [
    Disposition.UNMATCHED,
    Disposition.LATE,
    Disposition.DUPLICATE,
    Disposition.APPLIED,
    Disposition.QUARANTINED,
]


class _Disposed(NamedTuple):
    disposition: Transaction.Disposition
    attempt: Attempt | None


def _store(sets: Sequence[Set], matched: Sequence[Matched], now: datetime) -> None:
    """One row a set, whatever became of it; the partner of the interchange it answers took it."""
    disposed = _disposed(matched)
    insert_rows(Transaction, [_row(each, disposed.get(each.key), now) for each in sets])
    answered = {one.attempt.interchange_id for one in disposed.values() if one.attempt}
    take_interchanges({each for each in answered if each}, now=now)


def _disposed(matched: Sequence[Matched]) -> Mapping[SetKey, _Disposed]:
    """A set about several people is quarantined if any of it is, else applied if any of it was."""
    disposed: dict[SetKey, _Disposed] = {}
    for each in matched:
        key, new = each.answer.source.key, _Disposed(each.disposition, each.attempt)
        disposed[key] = max(disposed.get(key, new), new, key=_weight)
    return disposed


def _weight(disposed: _Disposed) -> int:
    return _WEIGHTS.index(disposed.disposition)


def _row(source: Set, disposed: _Disposed | None, now: datetime) -> Transaction:
    attempt = disposed.attempt if disposed else None
    return Transaction(
        direction=Direction.IN,
        transaction_set=source.read.set_id[:3],
        partner_id=source.delivery.partner_id,
        payer_id=attempt.payer.pk if attempt else None,
        subject_id=attempt.subject_id if attempt else None,
        correlation_id=attempt.correlation_id if attempt else None,
        set_control_number=source.read.control_number[:9],
        state=State.RECEIVED,
        closed_at=now,
        delivery_id=source.delivery.pk,
        position=source.position,
        disposition=disposed.disposition if disposed else Disposition.APPLIED,
        answers_id=attempt.id if attempt else None,
    )
