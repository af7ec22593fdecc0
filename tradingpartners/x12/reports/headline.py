"""The line a biller reads first: whether a person is covered, for what, when, as far as it is said.

No day is asked about here, so no date decides; the headline names the dates instead.
"""

from collections.abc import Iterable, Sequence

from tradingpartners.x12.code_tables import in_words
from tradingpartners.x12.meaning.coverage import CoverageReason, decide_coverage
from tradingpartners.x12.meaning.coverage_notices import NoticeCode
from tradingpartners.x12.meaning.coverage_status import (
    GENERAL_SERVICE_TYPE,
    STATUS_CODES,
    CoverageStatus,
    deciding_benefits,
    speaks_of_plan,
    status,
)
from tradingpartners.x12.meaning.periods import Period, own_or, service_dates, stated_periods
from tradingpartners.x12.reports.wording import (
    from_until_in_words,
    is_end_unreadable,
    procedure_in_words,
)
from tradingpartners.x12.ts271.values import ACTIVE_CODES, INACTIVE_CODES, Answer, Benefit, Rejection

# More than these make no headline.
_MOST_NAMED = 4
# EB01 that take something out of a plan: excluded, not a benefit of it.
_TAKEN_OUT = frozenset("EI")
_DATE_OF_DEATH = "442"
_PREMIUM_PAID_UNTIL = "343"
_OUT_OF_NETWORK = "N"
_NO_STATUS = "UNCLEAR: the answer does not say whether covered"
_UNCLEAR = {
    CoverageReason.SERVICE_NOT_COVERED: f"{_NO_STATUS}, only that something is no benefit of the plan",
    CoverageReason.SERVICE_NOT_PROCESSED: f"{_NO_STATUS}: the payer cannot",
    CoverageReason.CONTACT_ANOTHER: f"{_NO_STATUS}, but names whom to ask",
}
_STILL_OPEN = {
    NoticeCode.PENDING_INVESTIGATION: "the payer is still checking",
    NoticeCode.PENDING_UPDATE: "an update is on its way",
}


def headline(answer: Answer, rejections: Iterable[Rejection]) -> str:
    """Its status, as `status` gives it, with what limits it."""
    stated = status(answer, rejections, None)
    if stated is CoverageStatus.REJECTED:
        # The subscriber's reasons stand with the subscriber, who is answered for too.
        above = answer.rejections_above or answer.rejections
        return "REJECTED: the payer could not answer" + ("" if above else " for the subscriber, see there")
    deciding = deciding_benefits(answer.benefits, None)
    if stated is CoverageStatus.UNKNOWN:
        return _unclear(answer, deciding)
    verdict = decide_coverage(answer._replace(rejections_above=()), service_type=None)
    notices = [words for code, words in _STILL_OPEN.items() if code in verdict.notice_codes]
    active = stated is CoverageStatus.ACTIVE
    if NoticeCode.OUT_OF_NETWORK_ONLY in verdict.notice_codes:
        notices.insert(0, "out of network only")
    if not speaks_of_plan(deciding[0]):
        said = f"{'active' if active else 'NOT active'} for {_services(deciding)} only"
        parts = [said if active else said.removesuffix(" only"), *notices]
        return f"{', '.join(parts)}; plan as a whole not stated{_dates(answer, deciding, active)}"
    parts = [_dated(answer, deciding) if active else "NOT covered", *notices, *_exceptions(answer, active)]
    return f"{', '.join(parts)}{_dates(answer, deciding, active)}"


def _unclear(answer: Answer, deciding: Sequence[Benefit]) -> str:
    active = [benefit for benefit in deciding if benefit.code in ACTIVE_CODES]
    inactive = [benefit for benefit in deciding if benefit.code in INACTIVE_CODES]
    if not active or not inactive:
        return _UNCLEAR.get(decide_coverage(answer, service_type=None).reason, _NO_STATUS)
    if speaks_of_plan(deciding[0]):
        return "UNCLEAR: the answer says both covered and not covered"
    return (
        f"UNCLEAR: active for {_services(active)}, NOT for {_services(inactive)}; plan as a whole not stated"
    )


def _exceptions(answer: Answer, active: bool) -> list[str]:
    """What is said of other services than the plan: they are not as it is."""
    single = [benefit for benefit in answer.benefits if not speaks_of_plan(benefit)]
    like = ACTIVE_CODES if active else INACTIVE_CODES
    unlike = [
        benefit
        for benefit in single
        if benefit.code in STATUS_CODES - like or (active and benefit.code in _TAKEN_OUT)
    ]
    if not unlike:
        return []
    outside = all(benefit.in_network == _OUT_OF_NETWORK for benefit in unlike)
    alike = {code for benefit in single if benefit.code in like for code in benefit.service_types}
    both = [benefit for benefit in unlike if not alike.isdisjoint(benefit.service_types)]
    others = [benefit for benefit in unlike if alike.isdisjoint(benefit.service_types)]
    said = [f"except {_services(others)}{' out of network' if outside else ''}"] if others else []
    return [*said, f"unclear for {_services(both)}"] if both else said


def _services(benefits: Iterable[Benefit]) -> str:
    """The first services of many: "dental care, eye care and 3 more"."""
    named: dict[str, None] = {}
    for benefit in benefits:
        types = [code for code in benefit.service_types if code != GENERAL_SERVICE_TYPE]
        named.update(dict.fromkeys([in_words("service_type", code) for code in types]))
        if benefit.procedure and not types:
            named[procedure_in_words(benefit.procedure)] = None
    more = len(named) - _MOST_NAMED
    return ", ".join(list(named)[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _dated(answer: Answer, deciding: Sequence[Benefit]) -> str:
    """Covered, in the periods stated."""
    periods = _periods(answer, deciding)
    return f"covered {periods}" if periods else "covered"


def _periods(answer: Answer, deciding: Sequence[Benefit]) -> str:
    far = stated_periods(answer.dates)
    stated: dict[Period, None] = {}
    for benefit in deciding:
        own = stated_periods(benefit.dates)
        stated.update(dict.fromkeys(own_or(own, far).periods))
    periods = [period for period in stated if period.begin or period.end]
    if len(periods) > _MOST_NAMED:
        return ""
    return " or ".join([from_until_in_words(period.begin, period.end) for period in periods])


def _dates(answer: Answer, deciding: Sequence[Benefit], active: bool) -> str:
    """What the dates leave open."""
    dates = [*answer.dates, *[each for benefit in deciding for each in benefit.dates]]
    said = []
    far = stated_periods(answer.dates)
    stated = [far, *[own_or(stated_periods(benefit.dates), far) for benefit in deciding]]
    periods = _periods(answer, deciding)
    if any(each.contradictory for each in stated):
        said.append("its dates contradict each other")
    elif periods and not (active and speaks_of_plan(deciding[0])):
        said.append(f"dates stated: {periods}")
    elif not periods:
        days = [from_until_in_words(*day) for day in service_dates(dates)]
        if days:
            said.append(f"answered for {days[0].removeprefix('on ')}")
        else:
            said.append("dates below not weighed" if dates else "no dates stated")
    if any(each.unreadable for each in stated) or any(is_end_unreadable(each) for each in dates):
        said.append("a date is not readable")
    for qualifier, words in ((_DATE_OF_DEATH, "died"), (_PREMIUM_PAID_UNTIL, "premium paid up to")):
        said += [f"{words} {day}" for day in dict.fromkeys(_days(answer, qualifier))][:1]
    return "".join([f"; {each}" for each in said])


def _days(answer: Answer, qualifier: str) -> list[str]:
    return [str(each.begin) for each in answer.dates if each.qualifier == qualifier and each.begin]
