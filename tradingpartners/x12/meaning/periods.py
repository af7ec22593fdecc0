"""The periods a payer states for a person or a benefit: DTP of 2100C/D and 2110C/D.

Dates of one kind follow each other (coverage ended, and began again); dates of different kinds hold
together (the plan runs, and the person is eligible). What contradicts itself is said so, not mended.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce
from itertools import groupby
from typing import NamedTuple

from tradingpartners.x12.parties import DateRange

# DTP01 to its kind. A single date of a range (307 D8) is its begin: that is how it is sent.
_BEGINS = {
    "291": "plan range", "292": "benefit range", "307": "eligibility range",
    "346": "plan", "348": "benefit", "356": "eligibility", "539": "policy",
    "340": "cobra", "193": "period", "318": "added",
}  # fmt: skip
_ENDS = {
    "347": "plan", "349": "benefit", "357": "eligibility", "540": "policy",
    "341": "cobra", "194": "period", "442": "life",
}  # fmt: skip
_KINDS = {**_BEGINS, **_ENDS}
SERVICE_DATE = "472"
# "Until further notice" is sent as 99991231, 20991231 and the like.
_OPEN_END_YEAR = 2099
# No payer states as many; a file that does is not worth the time.
_MOST_PERIODS = 100


class Period(NamedTuple):
    """The first and last day, both included; None is open."""

    begin: date | None = None
    end: date | None = None

    def overlaps(self, other: "Period") -> bool:
        return not (self.is_before(other.begin) or other.is_before(self.begin))

    def is_before(self, day: date | None) -> bool:
        """Whether it is over on that day."""
        return day is not None and self.end is not None and self.end < day

    def is_after(self, day: date | None) -> bool:
        """Whether it has not begun on that day."""
        return day is not None and self.begin is not None and self.begin > day

    @property
    def is_possible(self) -> bool:
        return self.begin is None or self.end is None or self.begin <= self.end


class StatedPeriods(NamedTuple):
    """What the dates of one place say; `periods` is empty where they say nothing that holds."""

    periods: tuple[Period, ...] = ()
    # An end before its begin, or kinds that never hold together.
    contradictory: bool = False
    # A date stands there and cannot be read.
    unreadable: bool = False

    def overlapping(self, other: Period) -> bool:
        """Whether a day of `other` is among them; where nothing is stated, every day is."""
        return not self.periods or any(period.overlaps(other) for period in self.periods)


def stated_periods(dates: Iterable[DateRange]) -> StatedPeriods:
    """The periods that DTPs bound; those with another purpose say nothing of it."""
    bounding = [each for each in dates if each.qualifier in _KINDS]
    if not bounding:
        return _NOTHING_STATED
    readable = [each for each in bounding if each.begin or each.end]
    unreadable = len(readable) < len(bounding)
    if not readable:
        return StatedPeriods(unreadable=unreadable)
    by_kind = groupby(sorted(readable, key=_kind), key=_kind)
    kinds = [_of_one_kind(list(members)) for _, members in by_kind]
    together = reduce(_together, kinds) if all(len(kind) <= _MOST_PERIODS for kind in kinds) else []
    return StatedPeriods(tuple(together), contradictory=not together, unreadable=unreadable)


def own_or(own: StatedPeriods, far: StatedPeriods) -> StatedPeriods:
    """The periods of a benefit; a bound it does not state is the person's, where that fits."""
    if not own.periods and not own.contradictory:
        return far._replace(unreadable=own.unreadable or far.unreadable)
    filled = tuple([_filled(period, far.periods) for period in own.periods])
    return own._replace(periods=filled, unreadable=own.unreadable or far.unreadable)


def service_dates(dates: Iterable[DateRange]) -> list[Period]:
    """The days the payer answered for, where it says."""
    return [Period(each.begin, each.end or each.begin) for each in dates if _is_service_date(each)]


def union(periods: Sequence[Period]) -> Period:
    """From the first begin to the last end."""
    begins = [period.begin for period in periods]
    ends = [period.end for period in periods]
    return Period(
        None if None in begins else min(filter(None, begins), default=None),
        None if None in ends else max(filter(None, ends), default=None),
    )


def leaves_no_gap(periods: Iterable[Period], asked: Period) -> bool:
    """Whether each day from `asked.begin` to `asked.end` is in one of them."""
    assert asked.begin and asked.end  # noqa: S101  what is asked about has both
    reached = asked.begin.toordinal() - 1
    for begin, end in sorted((each.begin or date.min, each.end or date.max) for each in periods):
        if begin.toordinal() > reached + 1:
            return False
        reached = max(reached, end.toordinal())
    return reached >= asked.end.toordinal()


_NOTHING_STATED = StatedPeriods()


def _is_service_date(each: DateRange) -> bool:
    return each.qualifier == SERVICE_DATE and each.begin is not None


def _kind(each: DateRange) -> str:
    return _KINDS[each.qualifier]


def _of_one_kind(dates: list[DateRange]) -> list[Period]:
    """Ranges as they stand, and single dates paired in the order of the calendar."""
    ranges = [Period(each.begin, _closed(each.end)) for each in dates if each.end]
    singles = sorted(
        (each.begin, each.qualifier in _ENDS) for each in dates if each.begin and each.end is None
    )
    periods = _apart([*ranges, *_paired(singles)])
    # An end, and then a begin that nothing ends: it stands on its head.
    upside_down = len(periods) > 1 and periods[0].begin is None and periods[-1].end is None
    return [] if upside_down or not all(period.is_possible for period in periods) else periods


def _paired(singles: list[tuple[date, bool]]) -> list[Period]:
    periods: list[Period] = []
    current: Period | None = None
    for day, is_end in singles:
        if is_end:
            ended = current.end if current else None
            current = Period(current.begin if current else None, ended or _closed(day))
        elif current and current.end:
            periods.append(current)
            current = Period(day)
        else:
            current = Period(day)
    return [*periods, current] if current else periods


def _closed(end: date | None) -> date | None:
    return None if end is None or end.year >= _OPEN_END_YEAR else end


def _apart(periods: list[Period]) -> list[Period]:
    """Of periods of one kind that overlap, what they have in common."""
    apart: list[Period] = []
    for period in sorted(periods, key=lambda each: each.begin or date.min):
        if apart and apart[-1].overlaps(period):
            apart[-1] = _common(apart[-1], period)
        else:
            apart.append(period)
    return apart


def _together(some: list[Period], others: list[Period]) -> list[Period]:
    return [_common(one, other) for one in some for other in others if one.overlaps(other)]


def _common(one: Period, other: Period) -> Period:
    begins = [day for day in (one.begin, other.begin) if day]
    ends = [day for day in (one.end, other.end) if day]
    return Period(max(begins, default=None), min(ends, default=None))


def _filled(own: Period, far: Sequence[Period]) -> Period:
    fitting = next((period for period in far if period.overlaps(own)), None)
    return own if fitting is None else Period(own.begin or fitting.begin, own.end or fitting.end)
