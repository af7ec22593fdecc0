"""Answers that belong to nobody by their numbers: whom they may answer, and a person's word on it.

The person in an answer only suggests. A programme that matched by name and birth date would, one
day, tell a front desk about somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from practice.tenancy import current_organization_id
from tradingpartners.contents import OutcomeKind, Recognition, Recognized, transaction_set
from tradingpartners.messages import Incoming
from tradingpartners.models import Attempt, Direction, InboundDelivery, Transaction
from tradingpartners.services import payloads
from tradingpartners.services.inbound import storing
from tradingpartners.services.inbound.applying import end_matched, lock_attempts, lock_rivals
from tradingpartners.services.inbound.matching import Answer, Matched
from tradingpartners.services.inbound.refusals import InboundError, Refusal, because
from tradingpartners.services.inbound.sets import Reading, Set
from tradingpartners.services.interchanges import take_interchanges

State, Disposition = Transaction.State, Transaction.Disposition

# By the set that answers, the set it answers.
_ASKED_BY = {"271": "270"}
_MAY_BE_MATCHED = frozenset({Disposition.UNMATCHED, Disposition.QUARANTINED})
# An attempt that may still have an answer.
_MAY_BE_ANSWERED = frozenset({State.SENT, State.UNKNOWN, State.FAILED})


class Candidate(NamedTuple):
    """An attempt an answer may belong to: how surely, and which fields agree and differ, by name."""

    attempt_id: UUID
    subject_id: UUID
    state: str
    sent_at: datetime | None
    surely: Recognition
    agreeing: tuple[str, ...]
    differing: tuple[str, ...]


def candidates(transaction_id: UUID) -> list[Candidate]:
    """Attempts of the same partner this answer may belong to, the likeliest first; often one."""
    row = _for_a_person(transaction_id, lock=False)
    _, said = _read(row)
    handler = transaction_set(_ASKED_BY[row.transaction_set])
    subjects = {subject for each in said if each.answer for subject in handler.find(each.answer)}
    attempts = _answerable(row, subjects)
    found = [_candidate(attempt, said) for attempt in attempts]
    return sorted(found, key=lambda one: (-one.surely, -len(one.agreeing), str(one.attempt_id)))


def match_by_hand(transaction_id: UUID, attempt_id: UUID, *, reason: str) -> None:
    """Apply the stored answer to this attempt: a person says so, whoever it seems to be about."""
    now = timezone.now()
    with because(reason):
        row = _for_a_person(transaction_id, lock=True)
        source, said = _read(row)
        attempt = lock_attempts([attempt_id]).get(attempt_id)
        if attempt is None or attempt.partner_id != row.partner_id:
            raise InboundError(Refusal.NO_SUCH_ATTEMPT)
        recognized, best = max(
            ((_recognized(attempt, each), each) for each in said), key=lambda pair: pair[0].surely
        )
        rivals = lock_rivals([attempt])
        _refuse_if_over(attempt, rivals.get(attempt.subject_id, ()), best)
        matched = Matched(Answer(source, best), Disposition.APPLIED, attempt, recognized)
        end_matched([matched], rivals, now=now)
        storing.rewrite(row.pk, matched, now=now)
        take_interchanges([attempt.interchange_id] if attempt.interchange_id else [], now=now)


def dismiss(transaction_id: UUID, *, reason: str) -> None:
    """It answers nothing of ours; it is kept, and no longer shown as waiting."""
    with because(reason):
        row = _for_a_person(transaction_id, lock=True)
        Transaction.objects.filter(pk=row.pk).update(error=storing.DISMISSED)


def _for_a_person(transaction_id: UUID, *, lock: bool) -> Transaction:
    rows = Transaction.objects.filter(direction=Direction.IN)
    row = (rows.select_for_update(of=("self",)) if lock else rows).get(pk=transaction_id)
    is_waiting = row.disposition in _MAY_BE_MATCHED and row.error != storing.DISMISSED
    if not is_waiting or row.transaction_set not in _ASKED_BY:
        raise InboundError(Refusal.NOT_FOR_A_PERSON)
    return row


def _read(row: Transaction) -> tuple[Set, list[Incoming]]:
    """The set of this row, read anew from the bytes that were kept."""
    if row.delivery_id is None or row.position is None:
        raise InboundError(Refusal.NOTHING_TO_READ)
    delivery = InboundDelivery.objects.select_related("partner").get(pk=row.delivery_id)
    if delivery.payload_id is None:
        raise InboundError(Refusal.NOTHING_TO_READ)
    pieces = partial(payloads.pieces_of, current_organization_id(), delivery.payload_id)
    source = next(islice(Reading(delivery, pieces).sets(), row.position - 1, None), None)
    said = source.read.answers(row.position) if source else []
    if source is None or not said:
        raise InboundError(Refusal.NOTHING_TO_READ)
    return source, said


def _answerable(row: Transaction, subjects: set[UUID]) -> list[Transaction]:
    """The newest attempt of each subject that went to this partner and has no answer."""
    rows = Transaction.objects.attempts().filter(
        partner=row.partner_id, subject_id__in=subjects, state__in=_MAY_BE_ANSWERED
    )
    newest = {each.subject_id: each for each in rows.select_related("payer").order_by("attempt", "pk")}
    if row.answers_id:  # under whose number it came
        named = Transaction.objects.attempts().filter(pk=row.answers_id, state__in=_MAY_BE_ANSWERED)
        newest.update({each.subject_id: each for each in named.select_related("payer")})
    return list(newest.values())


def _candidate(row: Transaction, said: Sequence[Incoming]) -> Candidate:
    attempt = row.as_attempt()
    best = max((_recognized(attempt, each) for each in said), key=lambda one: one.surely)
    return Candidate(
        attempt.id,
        attempt.subject_id,
        attempt.state,
        row.sent_at,
        best.surely,
        best.agreeing,
        best.differing,
    )


def _recognized(attempt: Attempt, said: Incoming) -> Recognized:
    if said.answer is None:
        return Recognized(Recognition.STRANGER)
    handler = transaction_set(attempt.transaction_set)
    (recognized,) = handler.recognize([(attempt.subject_id, said.answer)])
    return recognized


def _refuse_if_over(attempt: Attempt, rivals: Sequence[Attempt], said: Incoming) -> None:
    if any(rival.state == State.ANSWERED for rival in (attempt, *rivals)):
        raise InboundError(Refusal.ALREADY_ANSWERED)
    is_open = attempt.state in _MAY_BE_ANSWERED
    is_late_rejection = attempt.state == State.FAILED and said.kind != OutcomeKind.ANSWERED
    if not is_open or is_late_rejection:
        raise InboundError(Refusal.ATTEMPT_IS_OVER)
