"""A unit asked question by question, each on a connection of its own.

Admission is asked before a question is marked sent: one it refuses stays prepared, and goes with
the rest of its unit when it may be worth while.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from practice.rows import uuid7
from practice.tenancy import tenant
from tradingpartners import admission
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import dialect_of
from tradingpartners.models import Attempt, Direction, Dispatch, InboundDelivery, Interchange, Transaction
from tradingpartners.retries import MOST_RESCUES, PAYER_UNAVAILABLE, WORKER_LOST
from tradingpartners.services import payloads, refusing, telling
from tradingpartners.services.attempts import End, Written, end_attempts, end_unsent, mark_sent
from tradingpartners.services.breakers import note_changes
from tradingpartners.services.claiming import Claim
from tradingpartners.services.clock import database_now
from tradingpartners.services.holding import TRY_AGAIN, HoldCode
from tradingpartners.services.inbound import read_deliveries
from tradingpartners.services.interchanges import promised, reserve_control_number, take_interchanges
from tradingpartners.services.planning import routes_by_payer
from tradingpartners.services.sending.health import verdict_of
from tradingpartners.services.sending.lease import LeaseLost, extend, finish, own, put_back
from tradingpartners.services.sending.walking import leave_refused
from tradingpartners.services.sending.writing import write_attempts
from tradingpartners.services.wire import connection_of, log_wire, on_the_wire
from tradingpartners.transports import LiveQuestion, NotSent, Promise, Reply, TransportError
from tradingpartners.transports.registry import LIVE

# A live chunk gives its connection to the next organization after this.
LIVE_TURN_SECONDS = 20.0

State = Transaction.State


class Question(NamedTuple):
    """A written attempt, and by what name the partner knows its payer."""

    written: Written
    payer_identifier: str

    @property
    def attempt(self) -> Attempt:
        return self.written.attempt


def write_questions(dispatch: Dispatch, *, now: datetime) -> list[Question]:
    """What is left to ask of the unit, in order."""
    attempts = (
        Transaction.objects.attempts()
        .filter(dispatch=dispatch, state__in=[State.PREPARED, State.SENT])
        .order_by("pk")
        .as_attempts()
    )
    _give_up_lost([attempt for attempt in attempts if attempt.state == State.SENT], now)
    waiting = [attempt for attempt in attempts if attempt.state == State.PREPARED]
    if not waiting:
        return []
    payers = {attempt.payer.pk for attempt in waiting}
    routes = routes_by_payer(payers, dispatch.transaction_set, partner_id=dispatch.partner_id)
    return [
        Question(written, routes[written.attempt.payer.pk].payer_identifier)
        for written in write_attempts(waiting, routes, now=now)
    ]


def _give_up_lost(sent: Sequence[Attempt], now: datetime) -> None:
    """Attempts that an earlier worker marked sent and never heard of again may have been read."""
    if not sent:
        return
    replies = InboundDelivery.objects.filter(answering__in=[attempt.id for attempt in sent])
    kept = set(replies.values_list("answering_id", flat=True))
    polled_for = promised([attempt.interchange_id for attempt in sent])
    lost = [
        attempt
        for attempt in sent
        # a reply that is stored will be read, a promised one fetched
        if attempt.id not in kept and attempt.interchange_id not in polled_for
    ]
    poison = _lost_too_often([attempt.subject_id for attempt in lost])
    ends = [
        End(attempt, OutcomeKind.FAILED, WORKER_LOST)
        if attempt.subject_id in poison
        else End(attempt, OutcomeKind.UNKNOWN, WORKER_LOST, again=True)
        for attempt in lost
    ]
    end_attempts(ends, now=now)


def _lost_too_often(subject_ids: Sequence[UUID]) -> set[UUID]:
    """Questions that have cost so many workers that they are taken for the cause."""
    rows = Transaction.objects.attempts().filter(subject_id__in=subject_ids, error=WORKER_LOST)
    before = Counter(rows.values_list("subject_id", flat=True))
    return {subject_id for subject_id, times in before.items() if subject_id and times + 1 >= MOST_RESCUES}


def ask_in_turn(claim: Claim, dispatch: Dispatch, questions: Sequence[Question]) -> None:
    """Ask one after another for one turn, keep each reply at once, then read them together."""
    turn = _ask_until(time.monotonic() + LIVE_TURN_SECONDS, claim, dispatch, questions)
    if turn.kept:
        read_deliveries(claim.organization_id, turn.kept)
    with tenant(claim.organization_id):
        if turn.asked == len(questions):
            finish(claim)
        elif turn.code in telling.REFUSES_OUR_KEY:
            _wait_for_the_key(claim, dispatch, turn.code)
        elif turn.refused is None:
            put_back(claim)
        else:
            _wait(claim, dispatch, turn.refused, sent=turn.asked > 0)
    note_changes()


class _Turn(NamedTuple):
    """The replies kept, how many questions had their say, and why the next one may not go: who does not
    admit it, or the wire's code of the last."""

    kept: list[UUID]
    asked: int
    refused: admission.Refused | None = None
    code: str = ""


def _ask_until(until: float, claim: Claim, dispatch: Dispatch, questions: Sequence[Question]) -> _Turn:
    kept: list[UUID] = []
    is_trial = refusing.is_trial(dispatch)
    for asked, question in enumerate(questions):
        if time.monotonic() > until:
            return _Turn(kept, asked)
        call = admission.admit(
            question.attempt.payer,
            question.attempt.lane,
            claim.organization_id,
            is_retry=question.attempt.number > 1,
        )
        if isinstance(call, admission.Refused):
            return _Turn(kept, asked, call)
        try:
            with call:
                delivery_id, code = _ask(claim, dispatch, question, call)
        except LeaseLost:  # what came is read all the same; putting the unit back meets it again
            return _Turn(kept, asked)
        if delivery_id is not None:
            kept.append(delivery_id)
        if code in telling.REFUSES_OUR_KEY or code and is_trial:  # so would be the others
            return _Turn(kept, asked + 1, code=code)
        if is_trial and delivery_id is not None:
            with tenant(claim.organization_id):
                refusing.release(dispatch.partner_id, dispatch.payer_id)
            is_trial = False
    return _Turn(kept, len(questions))


def _wait(claim: Claim, dispatch: Dispatch, refused: admission.Refused, *, sent: bool) -> None:
    """Put the unit back until it is worth asking for admission again.

    What waits for a payer that is cut off waits with it: its other units that are due would each be
    written and refused in turn. What has waited as long as an answer may take ends.
    """
    later = timedelta(seconds=refused.retry_in * random.uniform(1.0, 1.25))  # noqa: S311  spreads load
    if refused.code == admission.Refusal.BREAKER:
        _end_hopeless(dispatch, now=timezone.now())
        ready = Dispatch.objects.filter(
            queue=dispatch.queue,
            state=Dispatch.State.READY,
            due_at__lte=Now(),
            waits_for__in=["", refused.code],
        )
        free = ready.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)
        Dispatch.objects.filter(pk__in=list(free)).update(due_at=Now() + later, waits_for=refused.code)
    put_back(claim, later=later, sent=sent)
    Dispatch.objects.filter(pk=dispatch.pk).update(waits_for=refused.code)


def _wait_for_the_key(claim: Claim, dispatch: Dispatch, code: str) -> None:
    """Put the rest of the unit back until it may try again, but for what can go another way."""
    own(claim)  # whoever cancels locks the unit before its attempts, too
    now = database_now()
    waiting = Transaction.objects.prepared().filter(dispatch=dispatch).select_for_update(of=("self",))
    leave_refused(dispatch, waiting.order_by("pk").as_attempts(), code, now=now)
    refusing.put_off(dispatch)
    if Transaction.objects.prepared().filter(dispatch=dispatch).exists():
        put_back(claim, later=TRY_AGAIN, waits_for=HoldCode.PARTNER_REFUSES)
    else:
        finish(claim)


def _end_hopeless(dispatch: Dispatch, *, now: datetime) -> None:
    """Questions whose payer was cut off for as long as an answer may take."""
    if dispatch.created_at > now - dispatch.partner.response_sla:
        return
    waiting = Transaction.objects.prepared().filter(dispatch=dispatch).order_by("pk").as_attempts()
    end_unsent([End(each, OutcomeKind.FAILED, PAYER_UNAVAILABLE) for each in waiting], now=now)


class _Envelope(NamedTuple):
    interchange_id: UUID
    body: bytes


class _Asked(NamedTuple):
    """The delivery of the reply, kept before anything is made of it; the wire's code of a failure."""

    delivery_id: UUID | None = None
    code: str = ""


def _ask(claim: Claim, dispatch: Dispatch, question: Question, call: admission.Admitted) -> _Asked:
    """One question over the wire."""
    partner, payer = dispatch.partner, question.attempt.payer
    with tenant(claim.organization_id):
        envelope = _start(claim, dispatch, question, now=database_now())
    if envelope is None:
        return _Asked()
    started = time.monotonic()
    asked = LiveQuestion(
        body=envelope.body,
        content_type=dialect_of(partner).CONTENT_TYPE,
        message_id=envelope.interchange_id,
        payer_id=payer.pk,
        payer_identifier=question.payer_identifier,
        sender_id=partner.sender_id,
        receiver_id=partner.receiver_id,
        connections=payer.live_connections + payer.batch_connections,
        transaction_set=dispatch.transaction_set,
    )
    answer: Reply | Promise | TransportError
    try:
        answer = on_the_wire(
            LIVE[partner.transport].ask,
            connection_of(partner),
            asked,
            deadline=payer.timeout.total_seconds(),
        )
    except TransportError as failure:
        answer = failure
    seconds = time.monotonic() - started
    # No lease is asked for here: what the wire did stays true when the unit has gone to another
    # worker, and the attempt's own state fences its end.
    with tenant(claim.organization_id):
        delivery_id = _record(dispatch, question.attempt, envelope, answer, started=started)
    call.done(verdict_of(answer), seconds)
    return _Asked(delivery_id, answer.code if isinstance(answer, TransportError) else "")


def _start(claim: Claim, dispatch: Dispatch, question: Question, *, now: datetime) -> _Envelope | None:
    """Mark the question sent and put it into an interchange of its own; None if it may not go."""
    extend(claim)
    partner, interchange_id = dispatch.partner, uuid7()
    if not mark_sent([question.written], interchange_id=interchange_id, partner_code=partner.code, now=now):
        return None
    number, epoch = reserve_control_number(partner.pk)
    body = dialect_of(partner).write_file(
        partner, dispatch.transaction_set, [question.written.text], number=number, now=now
    )
    Interchange.objects.create(
        id=interchange_id,
        partner=partner,
        direction=Direction.OUT,
        dispatch=dispatch,
        transaction_set=dispatch.transaction_set,
        control_number=number,
        epoch=epoch,
        state=Interchange.State.IN_FLIGHT,
        started_at=now,
        span_end=len(body),
    )
    return _Envelope(interchange_id, body)


def _record(
    dispatch: Dispatch,
    attempt: Attempt,
    envelope: _Envelope,
    answer: Reply | Promise | TransportError,
    *,
    started: float,
) -> UUID | None:
    """Log the call; keep the reply and return its delivery, or end the attempt that got none."""
    now = timezone.now()
    log_wire(
        "ask",
        partner_id=dispatch.partner_id,
        dispatch_id=dispatch.pk,
        started=started,
        size=len(envelope.body),
        http_status=answer.http_status,
        error=answer.code if isinstance(answer, TransportError) else "",
        interchange_id=envelope.interchange_id,
    )
    take_interchanges([envelope.interchange_id], now=now)
    if isinstance(answer, Promise):  # the answer is fetched by the poll
        Interchange.objects.filter(pk=envelope.interchange_id).update(reference=answer.reference)
        return None
    if isinstance(answer, TransportError):
        kind = OutcomeKind.FAILED if isinstance(answer, NotSent) else OutcomeKind.UNKNOWN
        end = End(attempt, kind, answer.code, again=True, retry_after=answer.retry_after)
        end_attempts([end], now=now)
        return None
    payload, known = payloads.keep_once(dispatch.partner, answer.body)
    delivery = InboundDelivery.objects.create(
        partner=dispatch.partner,
        payload=payload,
        answering_id=attempt.id,
        is_duplicate=known,
        came_by=InboundDelivery.Way.REPLY,
    )
    return delivery.pk
