"""One transaction told in sentences: from being queued to what became of it, with who and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from eligibility.transactions.listing import Row
from practice.models import User
from tradingpartners.models import (
    Dispatch,
    InboundDelivery,
    Interchange,
    Transaction,
    TransactionHistory,
    TransportLog,
)
from tradingpartners.route_words import WAITS
from tradingpartners.words import EVENTS, STATES, came_damaged, explain


@dataclass(frozen=True)
class Moment:
    """One line of the story; `link` is (address name, id) of what it speaks of."""

    at: datetime
    words: str
    detail: str = ""
    is_bad: bool = False
    link: tuple[str, UUID] | None = None


@dataclass(frozen=True)
class Story:
    moments: Sequence[Moment]
    wire: Sequence[TransportLog]
    interchange: Interchange | None
    delivery: InboundDelivery | None
    siblings: Sequence[Transaction]
    answers: Sequence[Transaction]


def tell(user: User, row: Row) -> Story:
    """Everything that is known of a transaction, oldest first."""
    told = row.transaction
    interchange = _interchange(user, told)
    delivery = _delivery(user, told)
    siblings = _siblings(user, told)
    answers = list(Transaction.objects.visible_to(user).filter(answers=told.pk).order_by("id"))
    wire = _wire(user, told, interchange, delivery)
    moments = [
        *_of_attempt(user, row, interchange),
        *_of_wire(wire),
        *_of_answers(user, answers),
        *_of_delivery(told, delivery),
        *_of_people(user, told),
    ]
    moments.sort(key=lambda moment: moment.at)
    return Story(moments, wire, interchange, delivery, siblings, answers)


def _interchange(user: User, told: Transaction) -> Interchange | None:
    if told.interchange_id is None:
        return None
    found = Interchange.objects.visible_to(user).filter(pk=told.interchange_id)
    return found.select_related("partner").defer("partner__credentials").first()


def _delivery(user: User, told: Transaction) -> InboundDelivery | None:
    if told.delivery_id is None:
        return None
    return InboundDelivery.objects.visible_to(user).filter(pk=told.delivery_id).first()


def _siblings(user: User, told: Transaction) -> list[Transaction]:
    """The other attempts at the same question."""
    if told.subject_id is None:
        return []
    rows = Transaction.objects.visible_to(user).attempts().filter(subject_id=told.subject_id)
    return list(rows.exclude(pk=told.pk).order_by("attempt", "id")[:50])


def _wire(
    user: User, told: Transaction, interchange: Interchange | None, delivery: InboundDelivery | None
) -> list[TransportLog]:
    """What the wire did with its unit. A live unit carries many questions: only this one's calls."""
    logs = TransportLog.objects.visible_to(user)
    if told.direction == "out" and interchange is not None:
        found = list(logs.filter(dispatch=told.dispatch_id, interchange=interchange.pk).order_by("id")[:100])
        return found
    if told.dispatch_id is not None and told.direction == "out":
        return list(logs.filter(dispatch=told.dispatch_id, interchange=None).order_by("id")[:100])
    if delivery is not None and delivery.file_name:
        of_partner = logs.filter(partner=delivery.partner_id, file_name=delivery.file_name)
        return list(of_partner.order_by("id")[:20])
    return []


def _of_attempt(user: User, row: Row, interchange: Interchange | None) -> Iterator[Moment]:
    told = row.transaction
    if told.direction != "out":
        return
    partner = row.partner.name if row.partner else "the partner"
    if told.replays_id:
        yield Moment(told.created_at, "A person had it asked again", link=("transaction", told.replays_id))
    else:
        yield Moment(told.created_at, f"Queued to be asked through {partner}", _asked_by(row))
    if told.dispatch_id and told.state == Transaction.State.PREPARED:
        unit = Dispatch.objects.visible_to(user).filter(pk=told.dispatch_id).first()
        if unit is not None:
            yield Moment(max(unit.due_at, told.created_at), WAITS.get(unit.waits_for, WAITS[""]))
    if interchange is not None and interchange.control_number is not None:
        name = f" as {interchange.file_name}" if interchange.file_name else ""
        yield Moment(
            interchange.created_at,
            f"Written{name}, ISA13 {interchange.control_number:09d}",
            f"place {told.set_control_number} in it" if told.set_control_number else "",
            link=("interchange", interchange.pk),
        )
        if interchange.acknowledged_at:
            yield Moment(interchange.acknowledged_at, f"Receipt: {interchange.acknowledgement}")
        elif interchange.taken_at:
            yield Moment(interchange.taken_at, f"{partner} has taken it")
    if told.sent_at:
        # marked in the transaction that writes it: told after, whichever of the two clocks was read first
        at = max(told.sent_at, interchange.created_at) if interchange is not None else told.sent_at
        yield Moment(at, "Marked as sent: from here on the payer may have read it")
    if told.closed_at and told.state != Transaction.State.ANSWERED:
        reason = explain(told.error)
        yield Moment(told.closed_at, STATES[told.state], f"{reason.what} {reason.todo}".strip(), is_bad=True)


def _asked_by(row: Row) -> str:
    number = f"attempt {row.transaction.attempt}" if row.transaction.attempt > 1 else ""
    return ", ".join(part for part in (f"asked {row.source}" if row.source else "", number) if part)


def _of_wire(wire: Sequence[TransportLog]) -> Iterator[Moment]:
    for log in wire:
        size = f"{log.size:,} bytes" if log.size is not None else ""
        status = f"HTTP {log.http_status}" if log.http_status else ""
        took = f"{log.duration_ms:,} ms" if log.duration_ms is not None else ""
        detail = ", ".join(part for part in (log.file_name, size, status, took) if part)
        words = EVENTS.get(log.event, log.event)
        if log.error:
            words = f"{words}, and failed: {explain(log.error).what}"
        yield Moment(log.created_at, words, detail, is_bad=bool(log.error))


def _of_answers(user: User, answers: Sequence[Transaction]) -> Iterator[Moment]:
    for answer in answers:
        if came_damaged(answer):
            yield Moment(answer.created_at, "An answer came damaged", link=("transaction", answer.pk))
            continue
        words = {
            "applied": "The answer came and was taken",
            "duplicate": "The same answer came once more",
            "late": "An answer came too late to matter",
            "quarantined": "An answer about somebody else came; it was kept apart",
        }.get(answer.disposition, "An answer came")
        differs = ", ".join(name.replace("_", " ") for name in answer.differences)
        yield Moment(
            answer.created_at,
            words,
            f"The payer knows the person otherwise: {differs}" if differs else "",
            is_bad=answer.disposition == "quarantined",
            link=("transaction", answer.pk),
        )


def _of_delivery(told: Transaction, delivery: InboundDelivery | None) -> Iterator[Moment]:
    if delivery is None:
        return
    name = delivery.file_name or "a reply"
    yield Moment(
        delivery.created_at,
        f"{delivery.get_came_by_display()}: {name}",
        f"place {told.position} in it" if told.position else "",
        link=("delivery", delivery.pk),
    )
    if delivery.read_at:
        yield Moment(delivery.read_at, "Read")
    if told.answers_id:
        yield Moment(told.created_at, "Matched to our question", link=("transaction", told.answers_id))


def _of_people(user: User, told: Transaction) -> Iterator[Moment]:
    """Changes that a person made, with the reason they gave."""
    history: Any = TransactionHistory._default_manager
    changes = list(history.filter(pgh_obj=told.pk).exclude(pgh_reason="").order_by("pgh_id"))
    actors = {change.pgh_actor for change in changes}
    names = {user.pk: user.get_full_name() or user.username for user in User.objects.filter(pk__in=actors)}
    for change in changes:
        if change.pgh_reason and change.pgh_actor in names:
            yield Moment(change.pgh_created_at, f"{names[change.pgh_actor]}: {change.pgh_reason}")
