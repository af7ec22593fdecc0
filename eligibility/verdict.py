"""What an answer means for the question that was asked: status, the dates it holds for, the cause.

`x12.status` decides active or inactive for the service type asked about; here the dates come in
(design: "Active for what, and when"). Pure functions of values.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from eligibility.models import Cause, EligibilityCheck
from tradingpartners import x12

Status = EligibilityCheck.Status

# DTP01 of 2100C/D and 2110C/D that bound a coverage: plan, eligibility, benefit, policy.
_BEGINS = frozenset({"346", "356", "348", "539"})
_ENDS = frozenset({"347", "357", "349", "540"})
_RANGES = frozenset({"291", "307", "292"})
_ACTIVE_CODES = frozenset("12345")
_PENDING_CODES = frozenset("578")
_OTHER_PAYER = "R"


class Period(NamedTuple):
    """The first and last day a payer stated; None where it stated none."""

    begin: date | None
    end: date | None


class Verdict(NamedTuple):
    """`covers_*`: the dates for which an active or inactive verdict holds, both included."""

    status: Status
    cause: Cause | None = None
    code: str = ""
    words: str = ""
    covers_from: date | None = None
    covers_until: date | None = None
    other_payer_first: bool = False
    pending_at_payer: bool = False
    period: Period = Period(None, None)


def of_answer(answer: x12.Answer, *, service_type: str, asked: date) -> Verdict:
    """The verdict on an answer that is not a rejection.

    An active EB counts if the dates on it, else the person's, cover the day; an inactive one whose
    own dates lie elsewhere speaks of an older plan.
    """
    deciding = x12.deciding_benefits(answer.benefits, service_type)
    far = _period(answer.dates)
    active = [(b, _own_or(b, far)) for b in deciding if b.code in _ACTIVE_CODES]
    inactive = [b for b in deciding if b.code not in _ACTIVE_CODES]
    covering = [(b, period) for b, period in active if _within(asked, period)]
    opposing = [b for b in inactive if _within(asked, _period(b.dates))]
    if covering and not opposing:
        return _active(answer, covering, asked)
    if covering:
        return Verdict(Status.UNKNOWN, Cause.UNCLEAR, words="Answered both active and not active")
    if inactive:
        return _inactive(inactive, far, asked)
    if active:
        return Verdict(
            Status.UNKNOWN, Cause.UNCLEAR, words="Active, but not on this date", period=active[0][1]
        )
    return Verdict(Status.UNKNOWN, Cause.UNCLEAR, words="Answered without saying active or not", period=far)


def _active(answer: x12.Answer, covering: list[tuple[x12.Benefit, Period]], asked: date) -> Verdict:
    begins = [period.begin for _, period in covering]
    ends = [period.end for _, period in covering]
    period = Period(
        None if None in begins else min(filter(None, begins), default=None),
        None if None in ends else max(filter(None, ends), default=None),
    )
    other = any(benefit.code == _OTHER_PAYER for benefit in answer.benefits)
    return Verdict(
        Status.ACTIVE,
        Cause.OTHER_PAYER if other else None,
        covers_from=period.begin or asked,
        covers_until=period.end or month_end(asked),
        other_payer_first=other,
        pending_at_payer=any(b.code in _PENDING_CODES for b, _ in covering),
        period=period,
    )


def _inactive(inactive: list[x12.Benefit], far: Period, asked: date) -> Verdict:
    period = _own_or(inactive[0], far)
    ended = period.end is not None and period.end < asked
    begins_later = period.begin is not None and period.begin > asked
    return Verdict(
        Status.INACTIVE,
        Cause.NOT_ACTIVE,
        covers_from=period.end + timedelta(days=1) if ended and period.end else asked,
        covers_until=period.begin - timedelta(days=1) if begins_later and period.begin else month_end(asked),
        pending_at_payer=any(b.code in _PENDING_CODES for b in inactive),
        period=period,
    )


def of_rejection(code: str) -> Verdict:
    """The payer, or the limits of X12, refused the question as it stands: data to mend."""
    if code.startswith("unwritable:"):
        return Verdict(Status.ERROR, Cause.REJECTED, code="DATA", words=code)
    aaa = code.removeprefix("AAA").strip()
    if aaa in {"42", "80"}:  # asked again until the budget was spent: an outage, not a fault
        return Verdict(Status.UNKNOWN, Cause.COULD_NOT_CHECK, code=aaa, words=code)
    return Verdict(Status.ERROR, Cause.REJECTED, code=aaa, words=code)


def is_too_early(said: Verdict, *, asked: date, visit: date, effective: date) -> bool:
    """Whether "not active" only means "not yet": asked as of today about a visit beyond the payer's
    furthest date, by which the coverage will have begun. The night that brings it inside asks again.
    """
    begins = max(filter(None, [said.period.begin, effective]))
    return said.status != Status.ACTIVE and asked < visit and asked < begins <= visit


def of_silence(code: str) -> Verdict:
    """No answer: timeout, transport, 999 or TA1, SLA. Never "not active"."""
    return Verdict(Status.UNKNOWN, Cause.COULD_NOT_CHECK, words=code)


def _own_or(benefit: x12.Benefit, far: Period) -> Period:
    """The dates on an EB, each end by itself, else those of the person."""
    near = _period(benefit.dates)
    return Period(near.begin or far.begin, near.end or far.end)


def _period(dates: Iterable[x12.DateRange]) -> Period:
    begins: list[date] = []
    ends: list[date] = []
    for qualifier, begin, end in dates:
        if begin and qualifier in _BEGINS | _RANGES:
            begins.append(begin)
        if begin and qualifier in _ENDS:
            ends.append(begin)
        if end and qualifier in _RANGES | _BEGINS:
            ends.append(end)
    return Period(max(begins, default=None), min(ends, default=None))


def _within(day: date, period: Period) -> bool:
    return (period.begin is None or period.begin <= day) and (period.end is None or day <= period.end)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
