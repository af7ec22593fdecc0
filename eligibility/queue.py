"""What the queue page reads: its rows, their facets, and the coming days in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, Value, When

from eligibility.desk import CHECKING, NEEDS_YOU_CAUSES, Advice, Word, advice, cause_name, found_by
from eligibility.models import Cause, EligibilityCheck, ExceptionCase, ExceptionCaseQuerySet
from practice.models import Appointment, EligibilityStatus, Organization, User
from practice.templatetags.preflight import clinic_day, countdown

COMING_DAYS = 7
RAW = ("eligibility_check__raw_request", "eligibility_check__raw_response")


@dataclass(frozen=True)
class Row:
    """One line of the queue: a case and its words."""

    case: ExceptionCase
    advice: Advice
    zone: str
    now: datetime
    group: str
    # The facility's clock is not the organization's.
    is_elsewhere: bool

    @property
    def is_soon(self) -> bool:
        visit = self.case.visit_at
        return visit is not None and timedelta(0) <= visit - self.now < timedelta(hours=4)

    @property
    def countdown(self) -> str:
        return countdown(self.case.visit_at, self.now)

    @property
    def found(self) -> str:
        check = self.case.eligibility_check
        return found_by(check.trigger) if check else "by a sweep"

    @property
    def may_check(self) -> bool:
        return self.case.coverage_id is not None and self.advice.word is not Word.CHECKING


def of_tab(tab: str | None, user: User, organization: Organization, now: datetime) -> ExceptionCaseQuerySet:
    cases = ExceptionCase.objects.visible_to(user)
    if tab == "cleared":
        return cases.filter(closed_at__gte=midnight(organization, now)).exclude(
            state=ExceptionCase.State.OPEN
        )
    return cases.open() if tab == "open" else cases.needs_a_person(now)


def midnight(organization: Organization, now: datetime) -> datetime:
    return now.astimezone(organization.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def filtered(cases: ExceptionCaseQuerySet, chosen: dict[str, Any]) -> ExceptionCaseQuerySet:
    fields = {
        "cause": "cause",
        "payer": "payer_id",
        "facility": "appointment__facility_id",
        "day": "appointment__service_date",
    }
    return cases.filter(**{field: chosen[name] for name, field in fields.items() if chosen[name]})


def ordered(cases: ExceptionCaseQuerySet, tab: str | None, group: str) -> ExceptionCaseQuerySet:
    """By visit time; inside groups where one is chosen; what was cleared last comes first."""
    if tab == "cleared":
        return cases.order_by("-closed_at", "-id")
    first = {"cause": "cause", "payer": "payer__name", "facility": "appointment__facility__name"}.get(group)
    if first is None:
        return cases.by_visit()
    visit = F("visit_at").asc(nulls_last=True)
    return cases.order_by(F(first).asc(nulls_last=True), visit, "id")


def with_words(cases: ExceptionCaseQuerySet) -> ExceptionCaseQuerySet:
    """Everything a row or the panel says, in one query; no raw message is opened for it."""
    asked = EligibilityCheck.objects.pending().filter(coverage=OuterRef("coverage"))
    return (
        cases.select_related(
            "patient",
            "payer",
            "coverage__insurance_plan__payer",
            "appointment__facility",
            "eligibility_check",
            "closed_by",
        )
        .defer(*RAW)
        .annotate(is_asked=Exists(asked))
    )


def row(case: ExceptionCase, organization: Organization, now: datetime, group: str = "") -> Row:
    """Expects a case `with_words()` fetched."""
    check = case.eligibility_check
    words = advice(
        case.cause, case.code, case.reason, pending_at_payer=bool(check and check.pending_at_payer)
    )
    if case.state == ExceptionCase.State.OPEN and getattr(case, "is_asked", False):
        words = CHECKING
    zone = zone_of(case, organization)
    return Row(case, words, zone, now, title(case, group), zone != organization.time_zone)


def zone_of(case: ExceptionCase, organization: Organization) -> str:
    return case.appointment.facility.time_zone if case.appointment else organization.time_zone


def title(case: ExceptionCase, group: str) -> str:
    """The heading of the group a case falls into."""
    if group == "day":
        return clinic_day(case.appointment.service_date) if case.appointment else "No visit booked"
    if group == "cause":
        return cause_name(case.cause)
    if group == "payer":
        return case.payer.name if case.payer else "No payer"
    if group == "facility":
        return case.appointment.facility.name if case.appointment else "No facility"
    return ""


@dataclass(frozen=True)
class Facets:
    """How many cases there are per value of each filter, from one query."""

    total: int
    causes: list[tuple[str, str, int]]
    payers: list[tuple[UUID, str, int]]
    facilities: list[tuple[UUID, str, int]]
    days: list[tuple[date, str, int]]

    def in_group(self, group: str, heading: str) -> int:
        source: dict[str, Iterable[tuple[Any, str, int]]] = {
            "cause": self.causes,
            "payer": self.payers,
            "facility": self.facilities,
            "day": self.days,
        }
        known = {words: count for _, words, count in source.get(group, [])}
        return known.get(heading, self.total - sum(known.values()))


def facets(cases: ExceptionCaseQuerySet) -> Facets:
    counted = cases.order_by().values_list(
        "cause",
        "payer_id",
        "payer__name",
        "appointment__facility_id",
        "appointment__facility__name",
        "appointment__service_date",
    )
    causes: Counter[tuple[str, str]] = Counter()
    payers: Counter[tuple[UUID, str]] = Counter()
    facilities: Counter[tuple[UUID, str]] = Counter()
    days: Counter[tuple[date, str]] = Counter()
    total = 0
    for cause, payer_id, payer, facility_id, facility, day, count in counted.annotate(n=Count("id")):
        total += count
        causes[cause, cause_name(cause)] += count
        if payer_id:
            payers[payer_id, payer] += count
        if facility_id:
            facilities[facility_id, facility] += count
        if day:
            days[day, clinic_day(day)] += count
    return Facets(
        total,
        sorted(((k, words, n) for (k, words), n in causes.items()), key=lambda item: -item[2]),
        sorted(((k, words, n) for (k, words), n in payers.items()), key=lambda item: item[1]),
        sorted(((k, words, n) for (k, words), n in facilities.items()), key=lambda item: item[1]),
        sorted((k, words, n) for (k, words), n in days.items()),
    )


def tab_counts(user: User, organization: Organization, now: datetime) -> dict[str, int]:
    return {
        "needs-you": of_tab("needs-you", user, organization, now).count(),
        "cleared": of_tab("cleared", user, organization, now).count(),
        "open": of_tab("open", user, organization, now).count(),
    }


@dataclass(frozen=True)
class Figures:
    """Coming visits by the desk's word; `unasked` have none yet."""

    visits: int
    words: list[tuple[Word, int]]
    unasked: int
    day: date | None

    @property
    def in_words(self) -> str:
        """197 ready, 5 checking."""
        said = [f"{count:,} {word.lower()}" for word, count in self.words if count]
        return ", ".join([*said, f"{self.unasked:,} not asked yet"] if self.unasked else said)


def figures(user: User, organization: Organization, now: datetime, day: date | None = None) -> Figures:
    """The visits of one day, or of the days to come, each counted under exactly one word."""
    today = now.astimezone(organization.zone).date()
    visits = Appointment.objects.visible_to(user).filter(cancelled=False)
    if day:
        visits = visits.filter(service_date=day)
    else:
        visits = visits.filter(service_date__gte=today, service_date__lt=today + timedelta(days=COMING_DAYS))
    counted = dict(
        visits.annotate(word=visit_word_in_sql()).order_by().values_list("word").annotate(n=Count("id"))
    )
    words = [(word, counted.get(word.value, 0)) for word in Word]
    return Figures(sum(counted.values()), words, counted.get("", 0), day)


def visit_word_in_sql() -> Case:
    """`desk.visit_word` for whole tables; a test holds the two together."""
    touching = ExceptionCase.objects.open().filter(
        Q(last_visit_date=None) | Q(last_visit_date__gte=OuterRef("service_date")),
        patient=OuterRef("patient"),
    )
    needing = touching.filter(cause__in=sorted(NEEDS_YOU_CAUSES))
    failed = touching.filter(cause=Cause.COULD_NOT_CHECK)
    return Case(
        When(eligibility_status=EligibilityStatus.INACTIVE, then=Value(Word.NOT_ACTIVE.value)),
        When(eligibility_status=EligibilityStatus.PENDING, then=Value(Word.CHECKING.value)),
        When(Exists(needing), then=Value(Word.NEEDS_YOU.value)),
        When(eligibility_status=EligibilityStatus.ACTIVE, then=Value(Word.READY.value)),
        When(
            Q(eligibility_status=EligibilityStatus.UNKNOWN) | Exists(failed),
            then=Value(Word.COULD_NOT_CHECK.value),
        ),
        default=Value(""),
        output_field=CharField(),
    )


def opened_since(user: User, since: datetime, now: datetime) -> int:
    """How many problems came up after a page was shown."""
    return ExceptionCase.objects.visible_to(user).needs_a_person(now).filter(opened_at__gt=since).count()


def zone_today(organization: Organization, now: datetime) -> date:
    return now.astimezone(organization.zone).date()
