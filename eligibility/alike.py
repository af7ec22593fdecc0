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

# Fewer are not worth a line of their own.
LEAST = 10
SOON = timedelta(hours=4)
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


def _told_by(alert: Alert, now: datetime) -> Q:
    soon = Q(visit_at__gte=now, visit_at__lt=now + SOON)
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
