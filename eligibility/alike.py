"""Cases with one cause behind them: a payer refuses many questions in the same way.

That is one thing to mend, the administrator's, who is told by an alert; the queue says it in one
line. Listed singly all the same are the visits of the next hours: somebody will stand at the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from eligibility.models import Cause, ExceptionCaseQuerySet
from practice.models import Alert
from tradingpartners.alert_words import likely_cause
from tradingpartners.models import PayerPause, Route

# Fewer are not worth a line of their own.
LEAST = 10
_SOON = timedelta(hours=4)
# Whose visit began so long ago stands at the desk still.
_JUST_BEGUN = timedelta(hours=2)
# The alert is raised by the first that were too many; those before it belong to them.
_BEFORE_THE_ALERT = timedelta(days=1)
_AFTER_IT_WAS_SEEN = timedelta(hours=1)


@dataclass(frozen=True)
class Alike:
    """One line for many cases."""

    alert: Alert
    payer: str
    why: str
    count: int
    cases: Q

    @property
    def payer_id(self) -> UUID | None:
        return self.alert.subject_id


def alike(cases: ExceptionCaseQuerySet, *, now: datetime) -> Sequence[Alike]:
    """What of these cases is one line, by the alerts that are not over: most cases first."""
    known = Alert.objects.filter(kind="mass_rejection", subject_id__isnull=False)
    alerts = known.exclude(state=Alert.State.RESOLVED).select_related("owner")
    folds: dict[tuple[UUID | None, str], tuple[Alert, Q]] = {}
    for alert in alerts.order_by("-last_seen_at"):
        about = alert.subject_id, str(alert.facts.get("code") or "")
        newest, before = folds.get(about, (alert, Q(pk__in=[])))
        folds[about] = newest, before | _told_by(alert, now)
    if not folds:
        return []
    names = {str(number): Count("pk", filter=fold) for number, (_, fold) in enumerate(folds.values())}
    counts = cases.order_by().aggregate(**names)
    lines = [
        Alike(
            alert,
            str(alert.facts.get("payer") or "A payer"),
            likely_cause(str(alert.facts.get("code") or "")),
            counts[str(number)],
            fold,
        )
        for number, (alert, fold) in enumerate(folds.values())
        if counts[str(number)] >= LEAST
    ]
    return sorted(lines, key=lambda line: -line.count)


@dataclass(frozen=True)
class Paused:
    """A payer nobody is asked about for now; `until` is None where a person has to resume it."""

    payer: str
    until: datetime | None


def paused_payers(*, now: datetime) -> Sequence[Paused]:
    """Paused by themselves, or because every connection that leads to them is; by name."""
    paused = PayerPause.objects.filter(Q(resumes_at=None) | Q(resumes_at__gt=now), ended_at=None)
    found = {
        each.payer_id: Paused(each.payer.name, each.resumes_at) for each in paused.select_related("payer")
    }
    routes = Route.objects.filter(transaction_set="270", partner__is_active=True, partner__is_deleted=False)
    ways = routes.values_list("payer_id", "payer__name").annotate(
        ways_open=Count("pk", filter=Q(partner__sending_paused=False))
    )
    for payer_id, name, ways_open in ways.order_by():
        if not ways_open:
            found.setdefault(payer_id, Paused(name, None))
    return sorted(found.values(), key=lambda each: each.payer)


def _told_by(alert: Alert, now: datetime) -> Q:
    soon = Q(visit_at__gte=now - _JUST_BEGUN, visit_at__lt=now + _SOON)
    since, until = alert.created_at - _BEFORE_THE_ALERT, alert.last_seen_at + _AFTER_IT_WAS_SEEN
    return Q(
        payer_id=alert.subject_id,
        cause=Cause.REJECTED,
        code=str(alert.facts.get("code") or ""),
        seen_at__range=(since, until),
    ) & (Q(visit_at=None) | ~soon)


def singly(cases: ExceptionCaseQuerySet, lines: Sequence[Alike]) -> ExceptionCaseQuerySet:
    """The cases that no line speaks for."""
    for line in lines:
        cases = cases.exclude(line.cases)
    return cases
