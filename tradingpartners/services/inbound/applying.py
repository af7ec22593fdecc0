"""Apply a batch of sets: end the attempts they answer, and keep a row of each set."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from practice.bulk import update_rows
from tradingpartners.contents import OutcomeKind, Recognition, Recognized, transaction_set
from tradingpartners.models import Attempt, Transaction
from tradingpartners.services import telling
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.inbound import storing
from tradingpartners.services.inbound.acknowledgements import ACKNOWLEDGEMENTS, acknowledge_sets
from tradingpartners.services.inbound.matching import Answer, Claimed, Matched, claim_attempts, match
from tradingpartners.services.inbound.sets import Set, SetKey
from tradingpartners.services.interchanges import take_interchanges
from tradingpartners.x12 import NO_CODE

log = logging.getLogger(__name__)

State, Disposition = Transaction.State, Transaction.Disposition

Rivals = dict[UUID, list[Attempt]]


def apply_sets(sets: Sequence[Set], stored: Mapping[SetKey, storing.Stored], *, now: datetime) -> list[UUID]:
    """In the caller's transaction: the attempts are locked, and ended once whoever else tries.

    `stored`: rows of these sets that an earlier reading made. Returns the sets whose row is new or
    tells something new.
    """
    noted = {
        each.key: acknowledge_sets(each, now=now)
        for each in sets
        if each.ruling is None and each.read.set_id in ACKNOWLEDGEMENTS and each.read.transaction
    }
    answers = [answer for each in sets for answer in _answers(each)]
    matched = end_answered(answers, now=now)
    changed = storing.store(sets, matched, noted, stored, now=now)
    answered = {each.attempt.interchange_id for each in matched if each.attempt}
    take_interchanges({each for each in answered if each}, now=now)
    _tell_of_unmatched(matched, now)
    return changed


def end_answered(answers: Sequence[Answer], *, now: datetime) -> list[Matched]:
    """Match these answers and end what they answer."""
    attempts = _lock_named(answers)
    rivals = lock_rivals(attempts.values())
    claimed = claim_attempts(answers, attempts)
    recognized = recognize(claimed)
    matched = match(claimed, recognized, rivals)
    end_matched(matched, rivals, now=now)
    return matched


def _answers(source: Set) -> list[Answer]:
    return [Answer(source, each) for each in source.answers()]


def _lock_named(answers: Sequence[Answer]) -> dict[UUID, Attempt]:
    """Our attempts that are named or on whose connection something came, in id order."""
    wanted = {name for answer in answers for name in (*answer.said.traces, *answer.said.references)}
    connections = {answer.source.delivery.answering_id for answer in answers}
    return lock_attempts(wanted | {each for each in connections if each})


def lock_attempts(attempt_ids: Iterable[UUID]) -> dict[UUID, Attempt]:
    found = (
        Transaction.objects.attempts()
        .filter(pk__in=set(attempt_ids))
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    return {attempt.id: attempt for attempt in found.as_attempts()}


def lock_rivals(attempts: Iterable[Attempt]) -> Rivals:
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


_ABOVE_ALL = Recognized(Recognition.SURE)


def recognize(claimed: Sequence[Claimed]) -> list[Recognized]:
    """How surely each answer is about who was asked about; what is above all persons is."""
    said = [(each.attempt, each.answer.said.answer) for each in claimed]
    asked = [(attempt, answer) for attempt, answer in said if attempt and answer]
    if not asked:
        return [_ABOVE_ALL] * len(claimed)
    handler = transaction_set(asked[0][0].transaction_set)
    known = iter(handler.recognize([(attempt.subject_id, answer) for attempt, answer in asked]))
    return [next(known) if attempt and answer else _ABOVE_ALL for attempt, answer in said]


def _is_applied(each: Matched) -> bool:
    return each.disposition == Disposition.APPLIED


def end_matched(matched: Sequence[Matched], rivals: Rivals, *, now: datetime) -> None:
    """End the attempts these answers apply to, and those that became needless by it."""
    ends: list[End] = []
    overtaken: list[Attempt] = []
    applied = {each.attempt.id for each in matched if each.attempt and _is_applied(each)}
    for each in matched:
        attempt, said = each.attempt, each.answer.said
        if attempt is None:
            continue
        if each.disposition == Disposition.QUARANTINED:
            log.error("answer about somebody else: attempt=%s", attempt.id)
            telling.privacy_incident(attempt, each.answer.source.delivery)
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
        ends.append(
            End(
                attempt,
                kind,
                said.code,
                text=said.text,
                answer=said.answer,
                again=said.again,
                differences=each.recognized.differences,
            )
        )
    _supersede(overtaken, now)
    end_attempts(ends, now=now)
    telling.mass_rejections([said for end in ends for said in _said(end)], now=now)


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


# --- word to people --------------------------------------------------------------------------


def _tell_of_unmatched(matched: Sequence[Matched], now: datetime) -> None:
    partners = {
        each.answer.source.delivery.partner for each in matched if each.disposition == Disposition.UNMATCHED
    }
    for partner in sorted(partners, key=lambda one: str(one.pk)):
        telling.unmatched_answers(partner, now=now)


def _said(end: End) -> Iterable[telling.Said]:
    """Each AAA03 of a refusal; an answer is one without a code."""
    if end.kind == OutcomeKind.REJECTED:
        codes = [each for each in end.code.removeprefix("AAA").split() if each != NO_CODE]
        return [telling.Said(end.attempt, code) for code in codes[:1]]
    return [telling.Said(end.attempt, "")] if end.kind == OutcomeKind.ANSWERED else []
