"""A run in words and figures, as the list and the detail page show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q

from eligibility.desk import CANCELLED_REASON, Advice, Word, member_advice
from eligibility.models import EligibilityCheck
from practice.models import User
from sweeps.models import SweepRun, SweepRunMember
from tradingpartners.models import Payer

STATE_WORDS = {
    "queued": ("Waiting to start", "waiting"),
    "running": ("Running", "checking"),
    "completed": ("Finished", "ready"),
    "cancelled": ("Cancelled", "stopped"),
    "failed": ("Broke off", "needs-you"),
    "missed": ("Missed", "could-not-check"),
}

# An active answer does not make a visit ready by itself: another payer may come first, and one that
# was asked as of today may end before the day of the visit. `member_rows` says the same of one row.
OTHER_PAYER = Q(outcome="active", eligibility_check__other_payer_first=True)
AHEAD = Q(outcome="active", eligibility_check__covers_until__lt=F("service_date")) & ~OTHER_PAYER

# SQL conditions of the figures, in the order of `Progress`: every member is in exactly one of them.
PARTS: dict[str, Q] = {
    "ready": Q(outcome="active") & ~OTHER_PAYER & ~AHEAD,
    "not_active": Q(outcome="inactive"),
    "needs_you": OTHER_PAYER
    | Q(state="received", outcome="unknown")
    | Q(state="failed", outcome="aaa_rejected")
    | Q(state="skipped") & ~Q(failure_reason=CANCELLED_REASON),
    "could_not_check": Q(state="failed") & ~Q(outcome="aaa_rejected")
    | Q(state="skipped", failure_reason=CANCELLED_REASON),
    "asked": Q(state="submitted"),
    "queued": Q(state="queued"),
    "ahead": AHEAD,
}


@dataclass(frozen=True)
class Segment:
    """One stretch of the progress bar, placed in percent."""

    icon: str
    words: str
    count: int
    start: float
    width: float


@dataclass(frozen=True)
class Progress:
    """The members of a run by what the desk calls them."""

    ready: int = 0
    not_active: int = 0
    needs_you: int = 0
    could_not_check: int = 0
    asked: int = 0
    queued: int = 0
    ahead: int = 0

    @property
    def total(self) -> int:
        return self.finished + self.open

    @property
    def finished(self) -> int:
        return self.ready + self.not_active + self.needs_you + self.could_not_check + self.ahead

    @property
    def open(self) -> int:
        return self.asked + self.queued

    @property
    def checking(self) -> int:
        """Not known yet for the visit: being asked, or asked again nearer to it."""
        return self.open + self.ahead

    @property
    def exceptions(self) -> int:
        """Whom a person has to look at."""
        return self.not_active + self.needs_you + self.could_not_check

    @property
    def percent(self) -> int:
        return 100 * self.finished // self.total if self.total else 100

    @property
    def segments(self) -> list[Segment]:
        parts = [
            ("ready", "ready", self.ready),
            ("not-active", "not active", self.not_active),
            ("needs-you", "need you", self.needs_you),
            ("could-not-check", "could not check", self.could_not_check),
            ("checking", "active now, asked again before the visit", self.ahead),
            ("checking", "asked, waiting for the payer", self.asked),
            ("queued", "waiting to be asked", self.queued),
        ]
        made, start = [], 0.0
        for icon, words, count in parts:
            width = round(100 * count / self.total, 2) if self.total else 0.0
            made.append(Segment(icon, words, count, round(start, 2), width))
            start += width
        return made


def progress_of(run_ids: Iterable[UUID], user: User) -> dict[UUID, Progress]:
    """Figures of some runs, in one query."""
    counted = (
        SweepRunMember.objects.visible_to(user)
        .filter(run__in=list(run_ids))
        .order_by()
        .values_list("run_id")
        .annotate(**{name: Count("id", filter=where) for name, where in PARTS.items()})
    )
    return {run_id: Progress(*figures) for run_id, *figures in counted}


@dataclass(frozen=True)
class PayerLine:
    name: str
    progress: Progress


def by_payer(run: SweepRun, user: User) -> list[PayerLine]:
    """The same figures per payer; members without any coverage have none."""
    counted = (
        SweepRunMember.objects.visible_to(user)
        .filter(run=run)
        .order_by("payer__name")
        .values_list("payer__name")
        .annotate(**{name: Count("id", filter=where) for name, where in PARTS.items()})
    )
    return [PayerLine(name or "No insurance on file", Progress(*figures)) for name, *figures in counted]


@dataclass(frozen=True)
class Cancelling:
    """Exactly what cancelling a run would do, if it were done now."""

    skipped: int
    sent: int


def if_cancelled(run: SweepRun, user: User) -> Cancelling:
    """What was sent to a payer cannot be called back; everything else is skipped."""
    sent = EligibilityCheck.objects.filter(pk=OuterRef("eligibility_check"), request_sent__isnull=False)
    members = SweepRunMember.objects.visible_to(user).filter(run=run)
    counted = members.aggregate(
        waiting=Count("id", filter=Q(state="queued") & ~Q(Exists(sent))),
        sent=Count("id", filter=Q(state="submitted") | Q(state="queued") & Q(Exists(sent))),
    )
    return Cancelling(counted["waiting"], counted["sent"])


@dataclass(frozen=True)
class RunLine:
    """A run as the list shows it."""

    run: SweepRun
    progress: Progress
    scope: str
    now: datetime

    @property
    def state_words(self) -> str:
        return STATE_WORDS[self.run.state][0]

    @property
    def state_icon(self) -> str:
        return STATE_WORDS[self.run.state][1]

    @property
    def took(self) -> timedelta | None:
        if self.run.started_at is None:
            return None
        return (self.run.completed_at or self.now) - self.run.started_at


def run_lines(runs: Iterable[SweepRun], user: User, now: datetime) -> list[RunLine]:
    """Expects runs with their facility; two queries for however many."""
    listed = list(runs)
    progress = progress_of((run.pk for run in listed), user)
    names = payer_names(payer_id for run in listed for payer_id in run.payer_ids)
    return [
        RunLine(
            run,
            progress.get(run.pk, Progress()),
            scope_in_words(
                window_in_words(run.window_from, run.window_to),
                run.facility.name if run.facility else "",
                [names[str(i)] for i in run.payer_ids if str(i) in names],
            ),
            now,
        )
        for run in listed
    ]


def payer_names(payer_ids: Iterable[object]) -> dict[str, str]:
    wanted = {str(payer_id) for payer_id in payer_ids}
    if not wanted:
        return {}
    return {str(pk): name for pk, name in Payer.objects.filter(pk__in=wanted).values_list("pk", "name")}


def window_in_words(first: date, last: date) -> str:
    """24 to 30 Nov."""
    if first == last:
        return f"{first.day} {first:%b}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last.day} {last:%b}"
    return f"{first.day} {first:%b} to {last.day} {last:%b}"


def days_in_words(start: int, end: int) -> str:
    """The window of a schedule, which moves with each fire."""
    if start == end:
        return "that day" if start == 0 else f"day {start} after"
    return f"the next {end} days" if start == 0 else f"days {start} to {end} after"


def scope_in_words(window: str, facility: str, payers: list[str]) -> str:
    who = f"{payers[0]} and {len(payers) - 1} more" if len(payers) > 1 else (payers[0] if payers else "")
    return ", ".join(part for part in (f"Visits {window}", facility or "all facilities", who) if part)


@dataclass(frozen=True)
class MemberRow:
    """One member with its words."""

    member: SweepRunMember
    advice: Advice
    zone: str

    @property
    def word(self) -> Word:
        return self.advice.word


def member_rows(members: Iterable[SweepRunMember], zone: str) -> list[MemberRow]:
    """Expects members `for_list()` with their checks."""
    rows = []
    for member in members:
        check = member.eligibility_check
        until = check.covers_until if check else None
        words = member_advice(
            member.state,
            member.outcome,
            member.failure_reason,
            check.error_code if check else "",
            reaches_visit=until is None or until >= member.service_date,
            other_payer_first=check is not None and check.other_payer_first,
        )
        own_zone = member.appointment.facility.time_zone if member.appointment else zone
        rows.append(MemberRow(member, words, own_zone))
    return rows


STATES: Mapping[str, str] = {
    "queued": "Waiting to be asked",
    "submitted": "Asked",
    "received": "Answered",
    "failed": "Failed",
    "skipped": "Skipped",
}
