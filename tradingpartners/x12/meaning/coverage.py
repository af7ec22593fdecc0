"""What a 271 means for the service type and the days asked about: the status, why, and for when.

`coverage_status.py` says which EBs decide. Here their dates come in: an EB counts on the days its
dates hold, its own, else the person's. The service type goes before the dates: dental that ended is
not made active by a plan that goes on.
"""

import calendar
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.meaning.coverage_notices import (
    Notice,
    NoticeCode,
    OtherPayer,
    Surroundings,
    authorization_required,
    benefit_notices,
    deciding_notices,
    other_payers,
    payer_notices,
    person_notices,
    primary_care_provider,
    surroundings,
)
from tradingpartners.x12.meaning.coverage_status import (
    GENERAL_SERVICE_TYPE,
    STATUS_CODES,
    CoverageStatus,
    deciding_benefits,
    deciding_rejections,
    speaks_of_plan,
    stated_status,
)
from tradingpartners.x12.meaning.periods import (
    Period,
    StatedPeriods,
    leaves_no_gap,
    own_or,
    service_dates,
    stated_periods,
    union,
)
from tradingpartners.x12.parties import DateRange, RelatedEntity
from tradingpartners.x12.ts271.values import ACTIVE_CODES, INACTIVE_CODES, Answer, Benefit


class CoverageReason(StrEnum):
    """Why a status is what it is."""

    # Active and inactive: what the deciding EBs speak of.
    SERVICE_TYPE = "service_type"
    PLAN = "plan"
    # Where no service type was asked about and none speaks of the plan.
    ANY_SERVICE_TYPE = "any_service_type"
    # Rejected: above the person, for the person, for the subscriber of a dependent.
    REJECTED_ABOVE = "rejected_above"
    REJECTED_PERSON = "rejected_person"
    REJECTED_SUBSCRIBER = "rejected_subscriber"
    # Unknown, though a status is stated.
    CONTRADICTION = "contradiction"
    OTHER_TYPES_ONLY = "other_types_only"
    ACTIVE_EARLIER = "active_earlier"
    ACTIVE_LATER = "active_later"
    ACTIVE_BEFORE_AND_AFTER = "active_before_and_after"
    PART_OF_RANGE = "part_of_range"
    DATES_CONTRADICT = "dates_contradict"
    ANSWERED_FOR_OTHER_DATE = "answered_for_other_date"
    # Unknown, because no status is: what is said of the type asked about instead, or nothing.
    SERVICE_NOT_COVERED = "service_not_covered"
    SERVICE_NOT_PROCESSED = "service_not_processed"
    CONTACT_ANOTHER = "contact_another"
    SILENT = "silent"


class CoverageVerdict(NamedTuple):
    """What an answer means for the service type and the days asked about."""

    status: CoverageStatus
    reason: CoverageReason
    # The segments that decided, counted from ST.
    segment_numbers: tuple[int, ...] = ()
    # As the payer states it, whatever was asked.
    period: Period = Period()
    # The days an active or inactive verdict holds for, both included; None where it is neither.
    covers_from: date | None = None
    covers_until: date | None = None
    notices: tuple[Notice, ...] = ()
    other_payers: tuple[OtherPayer, ...] = ()
    primary_care_provider: RelatedEntity | None = None
    authorization_required: bool | None = None

    @property
    def is_pending(self) -> bool:
        """Whether the payer is still at work on this coverage (EB01 5, 7, 8)."""
        return bool({NoticeCode.PENDING_INVESTIGATION, NoticeCode.PENDING_UPDATE} & self.notice_codes)

    @property
    def other_payer_first(self) -> bool:
        """Whether another payer may have to pay first."""
        return NoticeCode.OTHER_PAYER_FIRST in self.notice_codes

    @property
    def notice_codes(self) -> frozenset[NoticeCode]:
        return frozenset([notice.code for notice in self.notices])


class _Dated(NamedTuple):
    """A deciding EB, the dates on it, and those with the person's in the gaps."""

    benefit: Benefit
    own: StatedPeriods
    stated: StatedPeriods


class _Decision(NamedTuple):
    status: CoverageStatus
    reason: CoverageReason
    deciding: Sequence[Benefit] = ()
    period: Period = Period()
    covers: Period = Period()
    notices: tuple[Notice, ...] = ()


def decide_coverage(
    answer: Answer,
    *,
    service_type: str | None = GENERAL_SERVICE_TYPE,
    asked: date | None = None,
    asked_until: date | None = None,
    about_dependent: bool | None = None,
) -> CoverageVerdict:
    """The verdict for one service type (None: not known) on a day or from a day to another.

    Without a day, dates decide nothing. `about_dependent`: whether the question was put in a 2000D.
    """
    days = Period(asked, max(asked, asked_until or asked)) if asked else None
    rejections = deciding_rejections(answer)
    if rejections:
        return CoverageVerdict(
            CoverageStatus.REJECTED,
            _rejected_reason(answer),
            tuple([rejection.segment_number for rejection in rejections]),
            notices=tuple(person_notices(answer, days, about_dependent)),
        )
    around = surroundings(answer, service_type, days)
    decision = _decide(answer, around)
    payers = other_payers(around)
    return CoverageVerdict(
        decision.status,
        decision.reason,
        tuple([benefit.segment_number for benefit in decision.deciding]),
        decision.period,
        decision.covers.begin,
        decision.covers.end,
        (
            *deciding_notices(decision.deciding),
            *decision.notices,
            *payer_notices(payers),
            *benefit_notices(around),
            *person_notices(answer, days, about_dependent),
        ),
        payers,
        primary_care_provider(around.benefits),
        authorization_required(around),
    )


def _rejected_reason(answer: Answer) -> CoverageReason:
    if answer.rejections_above:
        return CoverageReason.REJECTED_ABOVE
    return CoverageReason.REJECTED_PERSON if answer.rejections else CoverageReason.REJECTED_SUBSCRIBER


def _decide(answer: Answer, around: Surroundings) -> _Decision:
    deciding = deciding_benefits(answer.benefits, around.service_type)
    far = stated_periods(answer.dates)
    if not deciding:
        return _without_status(answer, around, union(far.periods))
    reason = _reason(deciding, around.service_type)
    if around.asked is None:
        said = stated_status(deciding)
        unclear = said is CoverageStatus.UNKNOWN
        return _Decision(
            said, CoverageReason.CONTRADICTION if unclear else reason, deciding, union(far.periods)
        )
    dated = []
    for benefit in deciding:
        own = stated_periods(benefit.dates)
        dated.append(_Dated(benefit, own, own_or(own, far)))
    decision = _on_days(dated, reason, around.asked)
    own_dates = [each for benefit in decision.deciding for each in benefit.dates]
    return _as_answered_for(decision, around.asked, [*answer.dates, *own_dates])


def _without_status(answer: Answer, around: Surroundings, period: Period) -> _Decision:
    spoken = [benefit for benefit in answer.benefits if benefit.code in STATUS_CODES]
    if spoken:
        return _Decision(CoverageStatus.UNKNOWN, CoverageReason.OTHER_TYPES_ONLY, period=period)
    said = {notice.code for notice in benefit_notices(around)}
    for notice, reason in (
        (NoticeCode.SERVICE_NOT_COVERED, CoverageReason.SERVICE_NOT_COVERED),
        (NoticeCode.SERVICE_NOT_PROCESSED, CoverageReason.SERVICE_NOT_PROCESSED),
        (NoticeCode.CONTACT_ANOTHER, CoverageReason.CONTACT_ANOTHER),
    ):
        if notice in said:
            return _Decision(CoverageStatus.UNKNOWN, reason, period=period)
    return _Decision(CoverageStatus.UNKNOWN, CoverageReason.SILENT, period=period)


def _reason(deciding: Sequence[Benefit], service_type: str | None) -> CoverageReason:
    """What the EBs that `deciding_benefits` chose have in common."""
    if service_type in deciding[0].service_types and service_type != GENERAL_SERVICE_TYPE:
        return CoverageReason.SERVICE_TYPE
    return CoverageReason.PLAN if speaks_of_plan(deciding[0]) else CoverageReason.ANY_SERVICE_TYPE


def _on_days(dated: Sequence[_Dated], reason: CoverageReason, asked: Period) -> _Decision:
    """Active EBs count on the days of their dates, the person's where they have none; inactive ones
    whose own dates lie elsewhere speak of another plan or time."""
    active = [each for each in dated if each.benefit.code in ACTIVE_CODES]
    inactive = [each for each in dated if each.benefit.code in INACTIVE_CODES]
    holding = [each for each in active if not each.stated.contradictory and each.stated.overlapping(asked)]
    opposing = [each for each in inactive if each.own.overlapping(asked)]
    if holding and opposing:
        return _unknown(CoverageReason.CONTRADICTION, [*holding, *opposing])
    if holding:
        return _active(holding, inactive, reason, asked)
    if inactive:
        return _inactive(inactive, active, reason, asked)
    if any(each.stated.contradictory for each in active):
        return _unknown(CoverageReason.DATES_CONTRADICT, active)
    return _unknown(_elsewhere(active, asked), active)


def _unknown(reason: CoverageReason, dated: Sequence[_Dated]) -> _Decision:
    return _Decision(CoverageStatus.UNKNOWN, reason, _benefits(dated), union(_periods(dated)))


def _elsewhere(active: Sequence[_Dated], asked: Period) -> CoverageReason:
    periods = _periods(active)
    if all(period.is_before(asked.begin) for period in periods):
        return CoverageReason.ACTIVE_EARLIER
    if all(period.is_after(asked.end) for period in periods):
        return CoverageReason.ACTIVE_LATER
    return CoverageReason.ACTIVE_BEFORE_AND_AFTER


def _active(
    holding: Sequence[_Dated], inactive: Sequence[_Dated], reason: CoverageReason, asked: Period
) -> _Decision:
    # An EB that states no date says nothing of how long: it does not lengthen what others state.
    periods = [period for period in _periods(holding) if period.overlaps(asked)]
    if periods and not leaves_no_gap(periods, asked):
        return _unknown(CoverageReason.PART_OF_RANGE, holding)
    period = union(periods)
    unreadable = tuple([each.benefit.segment_number for each in holding if each.stated.unreadable])
    if unreadable:  # A bound is there, and nobody can say where: only the days asked about are sure.
        covers = asked
    else:
        elsewhere = [each for other in inactive for each in other.own.periods]
        covers = _between(elsewhere, _from_begin_to_end_or_month(period, asked), asked)
    notices = (Notice(NoticeCode.DATES_UNREADABLE, unreadable),) if unreadable else ()
    return _Decision(CoverageStatus.ACTIVE, reason, _benefits(holding), period, covers, notices)


def _inactive(
    inactive: Sequence[_Dated], active: Sequence[_Dated], reason: CoverageReason, asked: Period
) -> _Decision:
    stated = _periods(inactive)
    within = [each for each in stated if each.end and each.overlaps(asked)]
    if within and asked.begin != asked.end and not leaves_no_gap(within, asked):
        return _unknown(CoverageReason.PART_OF_RANGE, inactive)
    begin, end = _between([*stated, *_periods(active)], Period(), asked)
    numbers = tuple([each.benefit.segment_number for each in inactive])
    # The payer may have answered as of today about a day in the past.
    notices = (Notice(NoticeCode.INACTIVE_WITHIN_STATED_PERIOD, numbers),) if within else ()
    return _Decision(
        CoverageStatus.INACTIVE,
        reason,
        _benefits(inactive),
        stated[0] if stated else Period(),
        Period(begin or asked.begin, end or month_end(asked.end or date.max)),
        notices,
    )


def _from_begin_to_end_or_month(period: Period, asked: Period) -> Period:
    """A verdict holds between the dates stated; with no end stated, before the end of the month."""
    return Period(period.begin or asked.begin, period.end or month_end(asked.end or date.max))


def _between(periods: Iterable[Period], covers: Period, asked: Period) -> Period:
    """`covers`, cut short where one of these ended before or begins after the days asked about."""
    begin, end = covers
    for period in periods:
        if period.end and period.is_before(asked.begin) and (begin is None or begin <= period.end):
            begin = period.end + timedelta(days=1)
        elif period.begin and period.is_after(asked.end) and (end is None or end >= period.begin):
            end = period.begin - timedelta(days=1)
    return Period(begin, end)


def _as_answered_for(decision: _Decision, asked: Period, dates: Iterable[DateRange]) -> _Decision:
    """A payer that says which day it answered for (DTP 472) has not answered for all others.

    What it said then holds as if that day had been asked about: between the dates stated, else to
    the end of that month.
    """
    days = service_dates(dates)
    if decision.status is CoverageStatus.UNKNOWN or not days or leaves_no_gap(days, asked):
        return decision
    answered = union(days)
    begin, end = decision.period
    if decision.status is CoverageStatus.ACTIVE:
        holds = _from_begin_to_end_or_month(decision.period, answered)
    else:
        ended = decision.period.is_before(asked.begin) and end
        begins_later = decision.period.is_after(asked.end) and begin
        holds = Period(ended or answered.begin, begins_later or month_end(answered.end or date.max))
    if not leaves_no_gap([holds], asked):
        return decision._replace(
            status=CoverageStatus.UNKNOWN, reason=CoverageReason.ANSWERED_FOR_OTHER_DATE, covers=Period()
        )
    until = min(filter(None, [decision.covers.end, holds.end]))
    return decision._replace(covers=decision.covers._replace(end=until))


def _periods(dated: Iterable[_Dated]) -> list[Period]:
    return [period for each in dated for period in each.stated.periods]


def _benefits(dated: Iterable[_Dated]) -> list[Benefit]:
    return [each.benefit for each in dated]


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
