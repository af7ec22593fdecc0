"""What the live page of operators reads: how each connection is doing, and what just happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from practice.models import Alert, User
from practice.outbox import alert_words
from tradingpartners.models import (
    Dispatch,
    InboundDelivery,
    Interchange,
    TradingPartner,
    TradingPartnerHistory,
    Transaction,
    TransportLog,
)
from tradingpartners.route_words import WAITS
from tradingpartners.words import EVENTS, explain

_SHOWN = 100
# A connection fails by the share of its last calls in the last hour; a single one is said for a while.
_CALLS = 5
_RECENT = timedelta(hours=1)
_JUST = timedelta(minutes=15)


@dataclass(frozen=True)
class Feed:
    """One connection as it stands."""

    partner: TradingPartner
    calls: Sequence[TransportLog]
    """Its last calls, the newest first."""
    now: datetime
    unanswered: int = 0
    oldest: datetime | None = None
    in_flight: int = 0
    overdue: int = 0
    to_decide: int = 0
    waiting: Sequence[tuple[str, int]] = field(default_factory=list)
    poller_reason: str = ""
    """Why somebody paused its poller; empty also where nobody said."""

    @property
    def last(self) -> TransportLog | None:
        return self.calls[0] if self.calls else None

    @property
    def is_failing(self) -> bool:
        """By its share of the last calls, so that one time-out is no failure and none lasts for ever."""
        recent = [call for call in self.calls if self.now - call.created_at < _RECENT]
        failed = sum(bool(call.error) for call in recent)
        return failed > 1 and failed * 2 >= len(recent)

    @property
    def has_just_failed(self) -> bool:
        last = self.last
        return last is not None and bool(last.error) and self.now - last.created_at < _JUST

    @property
    def word(self) -> str:
        if not self.partner.is_active:
            return "Off"
        if self.partner.sending_paused:
            return "Paused"
        if self.partner.refusal or self.is_failing or self.partner.poll_error:
            return "Failing"
        if self.partner.is_polled and self.partner.poller_paused:
            return "Not fetching"
        if self.overdue:
            return "Not taking files"
        if self.has_just_failed:
            return "One call failed"
        return "Working" if self.last is not None else "Not used yet"

    @property
    def icon(self) -> str:
        return {
            "Working": "ready",
            "Failing": "not-active",
            "Not taking files": "needs-you",
            "Not fetching": "needs-you",
            "Paused": "pause",
            "Off": "stopped",
        }.get(self.word, "waiting")

    @property
    def tone(self) -> str:
        """The colour: only the five words of the desk have one."""
        return self.icon if self.icon in {"ready", "not-active", "needs-you"} else "plain"

    @property
    def why(self) -> str:
        if self.partner.sending_paused:
            return self.partner.paused_reason
        if self.partner.refusal:
            return explain(self.partner.refusal).what
        failed = next((call.error for call in self.calls if call.error), "")
        if self.is_failing or self.has_just_failed and not self.partner.poll_error:
            return explain(failed).what
        if self.partner.poll_error:
            return explain(self.partner.poll_error).what
        return self.poller_words if self.word == "Not fetching" else ""

    @property
    def poller_words(self) -> str:
        """Of a paused poller."""
        if self.poller_reason:
            return f"Answers are not fetched, the poller is paused: {self.poller_reason}"
        return "Answers are not fetched: the poller is paused."

    @property
    def waiting_words(self) -> str:
        return ", ".join(f"{count:,} {WAITS.get(code, code).lower()}" for code, count in self.waiting)


@dataclass(frozen=True)
class Event:
    """One line of the stream. `link` is (address name, id) of what it speaks of."""

    at: datetime
    words: str
    where: str
    detail: str = ""
    is_bad: bool = False
    link: tuple[str, UUID] | None = None


# A row of the history is what was before: the newest in which it was not paused tells of the pause.
_POLLER_REASON = (
    TradingPartnerHistory._default_manager.filter(pgh_obj=OuterRef("pk"), poller_paused=False)
    .order_by("-pgh_id")
    .values("pgh_reason")[:1]
)


def feeds(user: User) -> list[Feed]:
    """Every connection of the practice, by name: as many queries as there are tables."""
    newest = TransportLog.objects.filter(partner=OuterRef("pk")).order_by("-id").values("pk")[:_CALLS]
    now = timezone.now()
    partners = list(
        TradingPartner.objects.visible_to(user)
        .defer("credentials")
        .annotate(last_logs=ArraySubquery(newest), poller_reason=Subquery(_POLLER_REASON))
        .order_by("name")
    )
    logs = TransportLog.objects.visible_to(user).in_bulk([pk for each in partners for pk in each.last_logs])
    unanswered, files, waiting = _unanswered(user), _files_out(user), _waiting(user)
    to_decide = dict(_counted(InboundDelivery.objects.visible_to(user).for_people(), "partner_id"))
    return [
        Feed(
            partner,
            [logs[pk] for pk in partner.last_logs if pk in logs],
            now,
            *unanswered.get(partner.pk, (0, None)),
            files.get((partner.pk, "in_flight"), 0),
            files.get((partner.pk, "overdue"), 0),
            to_decide.get(partner.pk, 0),
            waiting.get(partner.pk, []),
            (partner.poller_paused and partner.poller_reason) or "",
        )
        for partner in partners
    ]


def _unanswered(user: User) -> dict[UUID, tuple[int, datetime | None]]:
    """Of each connection: how many questions, and since when the oldest."""
    rows = Transaction.objects.visible_to(user).unanswered().values_list("partner_id")
    counted = rows.annotate(count=Count("pk"), oldest=Min("sent_at")).order_by()
    return {partner_id: (count, oldest) for partner_id, count, oldest in counted}


def _files_out(user: User) -> dict[tuple[UUID, str], int]:
    """By connection and state; one whose questions have all ended is nobody's trouble any more."""
    unanswered = Exists(Transaction.objects.unanswered().filter(interchange=OuterRef("pk")))
    out = Interchange.objects.visible_to(user).filter(
        Q(state="in_flight") | Q(state="overdue") & unanswered, direction="out"
    )
    return {(partner_id, state): count for partner_id, state, count in _counted(out, "partner_id", "state")}


def _waiting(user: User) -> dict[UUID, list[tuple[str, int]]]:
    """Of each connection: for what how many units wait."""
    units = Dispatch.objects.visible_to(user).filter(state=Dispatch.State.READY)
    waiting: dict[UUID, list[tuple[str, int]]] = {}
    for partner_id, code, count in sorted(_counted(units, "partner_id", "waits_for")):
        waiting.setdefault(partner_id, []).append((code, count))
    return waiting


def _counted(rows: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """The columns, and how many rows have them."""
    return list(rows.values_list(*columns).annotate(count=Count("pk")).order_by())


def events(user: User, *, partner_id: UUID | None = None, only_bad: bool = False) -> list[Event]:
    """What the wire did and what was told of it, newest first."""
    logs = TransportLog.objects.visible_to(user).order_by("-id")
    alerts = Alert.objects.visible_to(user).order_by("-id")
    if partner_id:
        logs, alerts = logs.filter(partner=partner_id), alerts.filter(subject_id=partner_id)
    if only_bad:
        logs = logs.exclude(error="")
    shown = list(logs[:_SHOWN])
    partners = TradingPartner.all_objects.visible_to(user).filter(pk__in={log.partner_id for log in shown})
    names = dict(partners.values_list("pk", "name"))
    told = [*(_of_log(log, names.get(log.partner_id, "")) for log in shown)]
    told += [
        Event(alert.created_at, alert_words(alert).title, "", is_bad=True, link=("alert", alert.pk))
        for alert in alerts[:_SHOWN]
    ]
    return sorted(told, key=lambda event: event.at, reverse=True)[:_SHOWN]


def _of_log(log: TransportLog, partner: str) -> Event:
    words = EVENTS.get(log.event, log.event.capitalize())
    if log.error:
        words = f"{words}: {explain(log.error).what}"
    size = f"{log.size:,} bytes" if log.size is not None else ""
    status = f"HTTP {log.http_status}" if log.http_status else ""
    took = f"{log.duration_ms:,} ms" if log.duration_ms is not None else ""
    detail = ", ".join(part for part in (log.file_name, size, status, took) if part)
    link = None
    if log.interchange_id:
        link = ("interchange", log.interchange_id)
    elif log.delivery_id:
        link = ("delivery", log.delivery_id)
    return Event(log.created_at, words, partner, detail, bool(log.error), link)
