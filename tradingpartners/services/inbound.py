"""Read what was delivered: match each answer to its attempt, end the attempts, keep a disposition.

The bytes are kept before anything is made of them, so reading can be repeated: sets that an
interrupted reading has already stored are passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Max, Q
from django.utils import timezone

from practice.bulk import insert_rows, update_rows
from practice.tenancy import dispatcher, tenant
from tradingpartners import x12
from tradingpartners.contents import OutcomeKind, transaction_set
from tradingpartners.messages import READERS, Incoming
from tradingpartners.models import Direction, InboundDelivery, Interchange, TradingPartner, Transaction
from tradingpartners.services import payloads
from tradingpartners.services.attempts import End, end_attempts

log = logging.getLogger(__name__)

State, Disposition = Transaction.State, Transaction.Disposition

# Sets settled in one transaction: large enough to be set-based, small enough to show progress.
BATCH = 500
# A delivery whose reading failed this often is quarantined; the others go on.
_MOST_RESCUES = 2


class Set(NamedTuple):
    """One transaction set as delivered."""

    delivery: InboundDelivery
    position: int
    transaction: x12.TransactionSet
    delimiters: x12.Delimiters
    text: str


def unread_deliveries(*, older_than_seconds: int = 10) -> list[tuple[UUID, UUID]]:
    """(organization, delivery) of what was kept and not read: its reader was lost."""
    with dispatcher():
        return list(
            InboundDelivery.objects.filter(
                read_at=None,
                payload__isnull=False,
                created_at__lt=timezone.now() - timedelta(seconds=older_than_seconds),
            )
            .order_by("created_at")
            .values_list("organization_id", "id")[:200]
        )


def read_deliveries(organization_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Apply these deliveries, in batches of sets; each batch is one transaction."""
    with tenant(organization_id):
        deliveries = list(
            InboundDelivery.objects.filter(pk__in=delivery_ids, read_at=None)
            .select_related("partner", "payload", "answering__payer")
            .order_by("pk")
        )
        InboundDelivery.objects.filter(pk__in=[d.pk for d in deliveries]).update(
            rescue_count=F("rescue_count") + 1
        )
        sets = list(chain.from_iterable(_sets_of(delivery) for delivery in deliveries))
    for start in range(0, len(sets) or 1, BATCH):
        last = start + BATCH >= len(sets)
        with tenant(organization_id):
            _apply(sets[start : start + BATCH])
            if last:
                InboundDelivery.objects.filter(pk__in=[d.pk for d in deliveries]).update(
                    read_at=timezone.now()
                )


def _sets_of(delivery: InboundDelivery) -> Iterator[Set]:
    """The delivery's sets that are not stored yet; what cannot be read is noted on it."""
    if delivery.is_duplicate and delivery.answering_id is None:
        return
    if delivery.rescue_count >= _MOST_RESCUES:
        _note_unreadable(delivery, "poison", 0)
        return
    try:
        reading = x12.read(payloads.content_of(delivery.payload))
    except x12.X12Error as error:
        _note_unreadable(delivery, error.code, error.offset)
        return
    InboundDelivery.objects.filter(pk=delivery.pk).update(
        findings=[
            {"code": f.code, "transaction": f.at.transaction, "segment": f.at.segment_number}
            for f in reading.findings[:200]
        ]
    )
    stored = Transaction.objects.filter(delivery=delivery).aggregate(last=Max("position"))["last"] or 0
    position = 0
    for interchange in reading.interchanges:
        _acknowledge_interchanges(delivery.partner, interchange.acknowledgements)
        for group in interchange.groups:
            for transaction in group.transactions:
                position += 1
                if position > stored:
                    text = reading.text[slice(*transaction.span)]
                    yield Set(delivery, position, transaction, interchange.delimiters, text)
    if delivery.answering and not any(g.transactions for i in reading.interchanges for g in i.groups):
        _end_unanswered(delivery, "no_transaction_set")


def _note_unreadable(delivery: InboundDelivery, code: str, offset: int) -> None:
    log.warning("unreadable delivery: delivery=%s code=%s offset=%s", delivery.pk, code, offset)
    InboundDelivery.objects.filter(pk=delivery.pk).update(error=code, error_offset=offset)
    if delivery.answering:
        _end_unanswered(delivery, f"unreadable:{code}")


def _end_unanswered(delivery: InboundDelivery, code: str) -> None:
    """The reply on an attempt's own connection was no answer: the payer may have read the question."""
    end_attempts([End(delivery.answering, OutcomeKind.UNKNOWN, code[:60], again=True)], now=timezone.now())


# --- one batch -----------------------------------------------------------------------------------


def _apply(sets: Sequence[Set]) -> None:
    now = timezone.now()
    incoming: list[tuple[Set, Incoming]] = []
    for each in sets:
        set_id = each.transaction.set_id
        if set_id in READERS:
            read = READERS[set_id](each.transaction, each.delimiters, position=each.position, text=each.text)
            incoming += [(each, one) for one in read]
        elif set_id in {"999", "997"}:
            _apply_999(each, now)
    dispositions = _match(incoming, now)
    _store(sets, dispositions, now)


class _Disposed(NamedTuple):
    disposition: str
    attempt: Transaction | None


SetKey = tuple[UUID, int]


def _key(source: Set) -> SetKey:
    return source.delivery.pk, source.position


class _Matched(NamedTuple):
    source: Set
    incoming: Incoming
    attempt: Transaction


def _match(incoming: Sequence[tuple[Set, Incoming]], now: datetime) -> dict[SetKey, _Disposed]:
    """End the attempts these answers belong to; says per set what became of it."""
    attempts = _attempts(incoming)
    rivals = _rivals(attempts.values())
    disposed: dict[SetKey, _Disposed] = {}
    matched: list[_Matched] = []
    taken: set[UUID] = set()
    for source, one in incoming:
        attempt = _attempt_of(source, one, attempts)
        if attempt is None:
            disposed.setdefault(_key(source), _Disposed(Disposition.UNMATCHED, None))
            continue
        verdict = _disposition(one, attempt, rivals.get(attempt.subject_id, []), taken)
        if verdict == Disposition.APPLIED:
            taken.add(attempt.subject_id)
            matched.append(_Matched(source, one, attempt))
        _dispose(disposed, source, _Disposed(verdict, attempt))
    strangers = _strangers(matched)
    for each in strangers:
        disposed[_key(each.source)] = _Disposed(Disposition.QUARANTINED, each.attempt)
        log.error("answer about somebody else: attempt=%s", each.attempt.pk)
    _end([each for each in matched if each not in strangers], strangers, rivals, now)
    return disposed


def _dispose(disposed: dict[SetKey, _Disposed], source: Set, new: _Disposed) -> None:
    """A set about several people is applied if any of it was."""
    old = disposed.get(_key(source))
    if old is None or old.disposition != Disposition.APPLIED:
        disposed[_key(source)] = new


def _attempts(incoming: Sequence[tuple[Set, Incoming]]) -> dict[UUID, Transaction]:
    """Our attempts that are named or on whose connection something came, locked in id order."""
    wanted = {name for _, one in incoming for name in one.named}
    wanted |= {source.delivery.answering_id for source, _ in incoming if source.delivery.answering_id}
    found = (
        Transaction.objects.attempts()
        .filter(pk__in=wanted)
        .select_for_update(of=("self",))
        .select_related("payer")
        .order_by("pk")
    )
    return {attempt.pk: attempt for attempt in found}


def _rivals(attempts: Iterable[Transaction]) -> dict[UUID, list[Transaction]]:
    """Other attempts of the same subjects that are open or have won."""
    attempts = list(attempts)
    rivals: dict[UUID, list[Transaction]] = {}
    for rival in (
        Transaction.objects.attempts()
        .filter(subject_id__in=[attempt.subject_id for attempt in attempts])
        .filter(state__in=[State.PREPARED, State.SENT, State.ANSWERED])
        .select_for_update(of=("self",))
        .order_by("pk")
    ):
        rivals.setdefault(rival.subject_id, []).append(rival)
    return rivals


def _attempt_of(source: Set, one: Incoming, attempts: dict[UUID, Transaction]) -> Transaction | None:
    for name in one.named:
        if name in attempts:
            return attempts[name]
    # A reply without a trace belongs to the question on whose connection it came.
    return attempts.get(source.delivery.answering_id) if source.delivery.answering_id else None


def _disposition(
    one: Incoming, attempt: Transaction, rivals: Sequence[Transaction], taken: set[UUID]
) -> Disposition:
    if attempt.state in {State.ANSWERED, State.REJECTED} or attempt.subject_id in taken:
        return Disposition.DUPLICATE
    won = any(rival.state == State.ANSWERED and rival.pk != attempt.pk for rival in rivals)
    open_or_unsure = attempt.state in {State.SENT, State.UNKNOWN}
    late_answer = attempt.state == State.FAILED and one.kind == OutcomeKind.ANSWERED
    if won or not (open_or_unsure or late_answer):
        return Disposition.LATE
    return Disposition.APPLIED


def _strangers(matched: Sequence[_Matched]) -> list[_Matched]:
    """Answers with our trace about somebody else: kept, applied to nobody."""
    answered = [each for each in matched if each.incoming.kind == OutcomeKind.ANSWERED]
    if not answered:
        return []
    recognize = transaction_set(answered[0].attempt.transaction_set).recognize
    known = recognize([(each.attempt.subject_id, each.incoming.answer) for each in answered])
    return [each for each, is_known in zip(answered, known, strict=True) if not is_known]


def _end(
    matched: Sequence[_Matched],
    strangers: Sequence[_Matched],
    rivals: dict[UUID, list[Transaction]],
    now: datetime,
) -> None:
    ends: list[End] = []
    overtaken: list[Transaction] = []
    for _, one, attempt in matched:
        others = [r for r in rivals.get(attempt.subject_id, []) if r.pk != attempt.pk]
        still_asking = any(other.state in {State.PREPARED, State.SENT} for other in others)
        if one.again and still_asking:
            continue  # the later attempt will tell
        overtaken += others
        kind = OutcomeKind.LATE if attempt.state == State.FAILED else one.kind
        ends.append(End(attempt, kind, one.code, text=one.text, answer=one.answer, again=one.again))
    _supersede(overtaken, now)
    # Nobody else's answer is ours: the question stays unanswered until the SLA or a person ends it,
    # but on a connection of its own there will be no other reply.
    ends += [
        End(each.attempt, OutcomeKind.UNKNOWN, "answer_about_somebody_else", again=True)
        for each in strangers
        if each.source.delivery.answering_id
    ]
    end_attempts(ends, now=now)


def _supersede(attempts: Sequence[Transaction], now: datetime) -> None:
    """Newer attempts that an earlier one's answer made needless."""
    for before, after in ((State.PREPARED, State.NEVER_SENT), (State.SENT, State.SUPERSEDED)):
        update_rows(
            Transaction,
            [
                (a.pk, {"state": after, "error": "answered_by_earlier_attempt", "closed_at": now})
                for a in attempts
                if a.state == before
            ],
            where="t.state = %s",
            params=[before],
        )


def _store(sets: Sequence[Set], dispositions: dict[SetKey, _Disposed], now: datetime) -> None:
    """One row a set, whatever became of it; the partner of the interchange it answers took it."""
    insert_rows(
        Transaction,
        [
            Transaction(
                direction=Direction.IN,
                transaction_set=each.transaction.set_id[:3],
                partner=each.delivery.partner,
                payer_id=disposed.attempt.payer_id if disposed.attempt else None,
                subject_id=disposed.attempt.subject_id if disposed.attempt else None,
                correlation_id=disposed.attempt.correlation_id if disposed.attempt else None,
                set_control_number=each.transaction.control_number[:9],
                state=State.RECEIVED,
                closed_at=now,
                delivery=each.delivery,
                position=each.position,
                disposition=disposed.disposition,
                answers=disposed.attempt,
            )
            for each in sets
            for disposed in [dispositions.get(_key(each), _Disposed(Disposition.APPLIED, None))]
        ],
    )
    answered = {d.attempt.interchange_id for d in dispositions.values() if d.attempt}
    _taken([pk for pk in answered if pk], now)


# --- acknowledgements ----------------------------------------------------------------------------


def _taken(interchange_ids: Sequence[UUID], now: datetime) -> None:
    Interchange.objects.filter(
        pk__in=interchange_ids, state__in=[Interchange.State.IN_FLIGHT, Interchange.State.OVERDUE]
    ).update(state=Interchange.State.TAKEN, taken_at=now)


def _ours(partner: TradingPartner, control_number: str) -> Interchange | None:
    """The newest interchange of ours with this ISA13 (numbers repeat after a wrap)."""
    if not control_number.isdigit():
        return None
    return (
        Interchange.objects.filter(
            partner=partner, direction=Direction.OUT, control_number=int(control_number)
        )
        .order_by("-epoch")
        .first()
    )


def _acknowledge_interchanges(
    partner: TradingPartner, acknowledgements: Sequence[x12.InterchangeAcknowledgement]
) -> None:
    """TA1: the partner has, or refuses, a whole interchange."""
    now = timezone.now()
    for acknowledgement in acknowledgements:
        interchange = _ours(partner, acknowledgement.control_number)
        if interchange is None:
            continue
        Interchange.objects.filter(pk=interchange.pk).update(
            acknowledgement=f"TA1 {acknowledgement.code}"[:10]
        )
        _taken([interchange.pk], now)
        if acknowledgement.code == "R":
            _refuse(interchange, Q(), f"TA1 {acknowledgement.note}", now)


def _apply_999(source: Set, now: datetime) -> None:
    """999: the partner accepts or refuses each set of a group. GS06 repeats our ISA13."""
    acknowledgement = x12.read_999(source.transaction)
    interchange = _ours(source.delivery.partner, acknowledgement.group_control_number)
    if interchange is None:
        return
    Interchange.objects.filter(pk=interchange.pk).update(
        acknowledgement=f"999 {acknowledgement.code or ''}"[:10]
    )
    _taken([interchange.pk], now)
    refused = [each.control_number for each in acknowledgement.sets if not each.accepted]
    if acknowledgement.code == "R" and not refused:
        _refuse(interchange, Q(), "999 R", now)
    elif refused:
        _refuse(interchange, Q(set_control_number__in=refused), "999 R", now)


def _refuse(interchange: Interchange, which: Q, code: str, now: datetime) -> None:
    attempts = interchange.transactions.unanswered().filter(which).select_related("payer")
    end_attempts([End(attempt, OutcomeKind.FAILED, code[:60]) for attempt in attempts], now=now)
