"""The list of transactions: newest first, filtered by its address, page by page without counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from eligibility.desk import Word, check_word, found_by
from eligibility.models import EligibilityCheck
from eligibility.transactions.forms import OUTGOING
from practice.models import Organization, User
from tradingpartners import x12
from tradingpartners.models import (
    Dispatch,
    InboundDelivery,
    Interchange,
    Payer,
    TradingPartner,
    Transaction,
    TransportLog,
)
from tradingpartners.route_words import WAITS
from tradingpartners.services import replay
from tradingpartners.words import (
    ABOUT_SOMEBODY_ELSE,
    DISPOSITIONS,
    STATES,
    came_damaged,
    disposition,
    explain,
    kind,
)

PAGE_SIZE = 50

_ICONS = {
    "answered": "ready",
    "applied": "ready",
    "sent": "checking",
    "prepared": "waiting",
    "rejected": "needs-you",
    "failed": "could-not-check",
    "unknown": "could-not-check",
    "unmatched": "needs-you",
    "quarantined": "not-active",
    "held": "needs-you",
}


@dataclass(frozen=True)
class Row:
    """One line: a transaction and what stands around it, in words."""

    transaction: Transaction
    check: EligibilityCheck | None
    payer: Payer | None
    partner: TradingPartner | None
    waits_for: str = ""

    @property
    def kind(self) -> str:
        return kind(self.transaction)

    @property
    def masked_patient(self) -> str:
        """Initials: enough to tell two rows apart, not to tell who it is."""
        if self.check is None:
            return ""
        patient = self.check.patient
        return " ".join(f"{name[:1]}•••" for name in (patient.first_name, patient.last_name) if name)

    @property
    def icon(self) -> str:
        if self._key == "quarantined" and disposition(self.transaction) != ABOUT_SOMEBODY_ELSE:
            return "none" if self.transaction.error in {"dropped", "dismissed"} else "needs-you"
        if self._answer:
            return self._answer.icon
        return _ICONS.get(self._key, "none")

    @property
    def _key(self) -> str:
        return self.transaction.disposition or self.transaction.state

    @property
    def _answer(self) -> Word | None:
        """What the check says by the answer that was taken for it."""
        if self.check is None or self._key != Transaction.Disposition.APPLIED:
            return None
        return check_word(self.check.status, error_code=self.check.error_code)

    @property
    def result(self) -> str:
        if self._answer:
            return f"Answer: {self._answer.lower()}"
        if self.transaction.disposition:
            return disposition(self.transaction)
        if self.transaction.state == Transaction.State.PREPARED:
            return WAITS.get(self.waits_for, WAITS[""])
        if self.transaction.state == Transaction.State.ANSWERED and self.check is not None:
            return f"Answered: {check_word(self.check.status, error_code=self.check.error_code).lower()}"
        return STATES[self.transaction.state]

    @property
    def why(self) -> str:
        told = self.transaction
        if came_damaged(told):
            return x12.in_words("finding", told.error, explain(told.error).what)
        return explain(told.error).what if told.error else ""

    @property
    def took(self) -> int | None:
        """Milliseconds from the question to its end."""
        sent, closed = self.transaction.sent_at, self.transaction.closed_at
        return int((closed - sent).total_seconds() * 1000) if sent and closed else None

    @property
    def source(self) -> str:
        return found_by(self.check.trigger) if self.check else ""

    @property
    def at(self) -> datetime:
        return self.transaction.sent_at or self.transaction.created_at


def filtered(user: User, organization: Organization, chosen: dict[str, Any]) -> QuerySet[Transaction]:
    """The rows the address asks for, newest first."""
    rows = Transaction.objects.visible_to(user)
    plain = {
        "tx_type": "transaction_set",
        "correlation_id": "correlation_id",
        "interchange": "interchange_id",
        "payer": "payer_id",
        "partner": "partner_id",
        "lane": "lane",
    }
    rows = rows.filter(**{field: chosen[name] for name, field in plain.items() if chosen[name]})
    if chosen["status"]:
        rows = rows.filter(_of_status(chosen["status"]))
    if chosen["check"]:
        rows = rows.filter(Q(subject_id=chosen["check"]) | Q(answers__subject_id=chosen["check"]))
    if chosen["patient"]:
        checks = EligibilityCheck.objects.visible_to(user).filter(patient=chosen["patient"])
        rows = rows.filter(subject_id__in=checks.values("pk"))
    if chosen["day"]:
        begin = datetime.combine(chosen["day"], time(), organization.zone)
        rows = rows.filter(created_at__gte=begin, created_at__lt=begin + timedelta(days=1))
    return rows.order_by("-id")


_FILTERS = {state: status for status, state in OUTGOING.items()}


def _of_status(status: str) -> Q:
    if status in DISPOSITIONS:
        return Q(disposition=status)
    return Q(state=OUTGOING.get(status, status), direction="out")


def page_of(rows: QuerySet[Transaction], before: UUID | None) -> tuple[list[Transaction], UUID | None]:
    """One page, and where the next one begins: by key, because nobody counts millions for a page."""
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None


def with_words(user: User, transactions: Sequence[Transaction], *, patients: bool = True) -> list[Row]:
    """The rows with what they show: one query a table, whatever their number. Without `patients` no
    name is opened."""
    subjects = {each.subject_id for each in transactions if each.subject_id}
    checks = {
        check.pk: check
        for check in EligibilityCheck.objects.visible_to(user)
        .filter(pk__in=subjects)
        .select_related(*(["patient"] if patients else []))
        .defer("raw_request", "raw_response")
    }
    payers = Payer.objects.in_bulk({each.payer_id for each in transactions if each.payer_id})
    partners = {
        partner.pk: partner
        for partner in TradingPartner.all_objects.visible_to(user)
        .filter(pk__in=[each.partner_id for each in transactions])
        .defer("credentials")
    }
    prepared = [each for each in transactions if each.state == Transaction.State.PREPARED]
    waiting = {each.dispatch_id for each in prepared if each.dispatch_id}
    waits = dict(
        Dispatch.objects.visible_to(user).filter(pk__in=waiting).values_list("pk", "waits_for")
        if waiting
        else []
    )
    return [
        Row(
            each,
            checks.get(each.subject_id) if each.subject_id else None,
            payers.get(each.payer_id) if each.payer_id else None,
            partners.get(each.partner_id),
            waits.get(each.dispatch_id, "") if each.dispatch_id else "",
        )
        for each in transactions
    ]


def counts_of(user: User, correlation_id: UUID) -> dict[str, int]:
    """How many questions of a sweep, or of one check, stand where, in words: each by its newest attempt."""
    rows = Transaction.objects.visible_to(user).filter(correlation_id=correlation_id, direction="out")
    later = Transaction.objects.attempts().filter(subject_id=OuterRef("subject_id"), pk__gt=OuterRef("pk"))
    counted = rows.exclude(Exists(later)).values_list("state").annotate(count=Count("pk")).order_by("-count")
    return {STATES[state]: count for state, count in counted}


def again_words(rows: QuerySet[Transaction]) -> str:
    """What asking these again would ask: `3 failed, 6 refused`; empty where there is nothing."""
    counted = rows.order_by().values_list("state").annotate(count=Count("pk")).order_by("-count")
    return ", ".join(f"{count:,} {STATES[state].lower()}" for state, count in counted)


@dataclass(frozen=True)
class Orphans:
    """Questions of one file, or of one partner's live lane, that nobody answered in time."""

    partner: TradingPartner
    interchange: Interchange | None
    count: int
    first_sent: datetime | None
    transaction_ids: Sequence[UUID]


def orphans(user: User, *, limit: int = 100) -> list[Orphans]:
    """What passed its partner's time without an answer and was not asked again since, file by file."""
    rows = (
        Transaction.objects.visible_to(user)
        .orphaned()
        .values_list("partner_id", "interchange_id", "pk", "sent_at", "lane")
        .order_by("-id")[:20_000]
    )
    groups: dict[tuple[UUID, UUID | None], list[tuple[UUID, datetime | None]]] = {}
    for partner_id, interchange_id, pk, sent_at, lane in rows:
        # Each live question has an envelope of its own: they are one line a partner.
        key = (partner_id, interchange_id if lane == "batch" else None)
        groups.setdefault(key, []).append((pk, sent_at))
    shown = list(groups.items())[:limit]
    partners = TradingPartner.all_objects.visible_to(user).defer("credentials")
    partners_by_id = {each.pk: each for each in partners.filter(pk__in={key[0] for key, _ in shown})}
    interchanges = Interchange.objects.visible_to(user).in_bulk([key[1] for key, _ in shown if key[1]])
    return [
        Orphans(
            partners_by_id[partner_id],
            interchanges.get(interchange_id) if interchange_id else None,
            len(members),
            min((at for _, at in members if at), default=None),
            [pk for pk, _ in members],
        )
        for (partner_id, interchange_id), members in shown
    ]


def count_by_payer(rows: QuerySet[Transaction]) -> list[tuple[str, int]]:
    """Payers' names and how many of these go to each, the most first."""
    counted = rows.order_by().values_list("payer__name").annotate(count=Count("pk"))
    return sorted(counted, key=lambda pair: (-pair[1], pair[0] or ""))


def counts_in(rows: QuerySet[Transaction]) -> list[tuple[str, str, int]]:
    """How many transactions of a file stand where: the list's filter, its words, the number."""
    counted = rows.values_list("state", "disposition").annotate(count=Count("pk")).order_by("-count")
    return [
        (disposition, DISPOSITIONS.get(disposition, disposition), count)
        if disposition
        else (_FILTERS.get(state, state), STATES[state], count)
        for state, disposition, count in counted
    ]


def wire_of(user: User, file: Interchange) -> list[TransportLog]:
    """What the wire did with a file."""
    logs = TransportLog.objects.visible_to(user)
    if file.dispatch_id:
        return list(logs.filter(dispatch=file.dispatch_id).order_by("id")[:200])
    return []


def deliveries_answering(user: User, file: Interchange) -> list[tuple[InboundDelivery, int]]:
    """The arrivals that hold answers to a file of ours, and how many each."""
    counted = dict(
        Transaction.objects.visible_to(user)
        .filter(answers__interchange=file.pk, delivery__isnull=False)
        .values_list("delivery")
        .annotate(count=Count("pk"))
        .order_by()
    )
    found = InboundDelivery.objects.visible_to(user).filter(pk__in=counted).order_by("id")[:100]
    return [(each, counted[each.pk]) for each in found]


def replayable_of(correlation_id: UUID | None, interchange_id: UUID | None) -> QuerySet[Transaction]:
    """What of a sweep, or of a file, may be asked again; nothing where neither is named."""
    rows = replay.replayable(correlation_id=correlation_id)
    if interchange_id is not None:
        return rows.filter(interchange=interchange_id)
    return rows if correlation_id is not None else rows.none()
