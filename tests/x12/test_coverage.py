"""What an answer means for a service type and a day: every case with the reason for its verdict."""

import random
from datetime import date
from typing import NamedTuple

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, answer_with, interchange, response_to, transaction_set
from tradingpartners.x12 import CoverageReason, CoverageStatus, CoverageVerdict, Period, decide_coverage

ACTIVE, INACTIVE = CoverageStatus.ACTIVE, CoverageStatus.INACTIVE
REJECTED, UNKNOWN = CoverageStatus.REJECTED, CoverageStatus.UNKNOWN
Why = CoverageReason


def day(text: str) -> date:
    """`25` is of November 2026, `1201` of 2026."""
    return date.fromisoformat({2: "2026-11-", 4: "2026"}.get(len(text), "") + text)


ASKED = day("25")
MONTH = ("25", "30")


class Case(NamedTuple):
    """Reason; the segments below the name; what is meant; the days it holds for; asked about."""

    reason: str
    segments: str
    status: CoverageStatus
    why: CoverageReason
    days: tuple[str, str] | None = None
    service_type: str | None = "30"
    asked: date = ASKED
    until: date | None = None


CASES = [
    # Active for what.
    Case("the plan is active, to the end of the month", "EB*1**30", ACTIVE, Why.PLAN, MONTH),
    Case("no service type speaks of the plan", "EB*1*IND", ACTIVE, Why.PLAN, MONTH),
    Case("30 in a list speaks of the plan", "EB*1**1^30^35", ACTIVE, Why.PLAN, MONTH),
    Case("the plan answers for a type it does not name", "EB*1**30", ACTIVE, Why.PLAN, MONTH, "98"),
    Case("the type asked about is named", "EB*1**98", ACTIVE, Why.SERVICE_TYPE, MONTH, "98"),
    Case("it is named in a list", "EB*1**1^33^98^UC", ACTIVE, Why.SERVICE_TYPE, MONTH, "UC"),
    Case("other types never make it active", "EB*1**33", UNKNOWN, Why.OTHER_TYPES_ONLY),
    Case("nor do they make a type active", "EB*1**33^98", UNKNOWN, Why.OTHER_TYPES_ONLY, None, "35"),
    Case("dental is not active in an active plan", "EB*1**30~EB*6**35",
         INACTIVE, Why.SERVICE_TYPE, MONTH, "35"),
    Case("dental is active in an inactive plan", "EB*6**30~EB*1**35", ACTIVE, Why.SERVICE_TYPE, MONTH, "35"),
    Case("an inactive type says nothing of the plan", "EB*1**30~EB*6**35", ACTIVE, Why.PLAN, MONTH),
    Case("a type that ended is not made active by its plan", "EB*1**30~EB*6**35~DTP*349*D8*20250131",
         INACTIVE, Why.SERVICE_TYPE, ("2025-02-01", "30"), "35"),
    Case("a status for a procedure says nothing of the plan", "EB*1*IND***********HC:99213",
         UNKNOWN, Why.OTHER_TYPES_ONLY),
    Case("where no type is known the plan decides", "EB*1**30~EB*6**35", ACTIVE, Why.PLAN, MONTH, None),
    Case("else whatever is named", "EB*1**33~EB*1**98", ACTIVE, Why.ANY_SERVICE_TYPE, MONTH, None),
    # The codes.
    Case("capitated is active", "EB*3**30", ACTIVE, Why.PLAN, MONTH),
    Case("pending investigation is active", "EB*5**30", ACTIVE, Why.PLAN, MONTH),
    Case("active, and also pending, is active", "EB*1**30~EB*5**30", ACTIVE, Why.PLAN, MONTH),
    Case("inactive", "EB*6**30", INACTIVE, Why.PLAN, MONTH),
    Case("inactive pending an update", "EB*7**30", INACTIVE, Why.PLAN, MONTH),
    Case("inactive pending investigation", "EB*8**30", INACTIVE, Why.PLAN, MONTH),
    Case("active and inactive contradict", "EB*1**30~EB*6**30", UNKNOWN, Why.CONTRADICTION),
    Case("so do 30 and no type", "EB*1**30~EB*7", UNKNOWN, Why.CONTRADICTION),
    Case("two plans of different names, both current", "EB*1**30**GOLD~EB*6**30**SILVER",
         UNKNOWN, Why.CONTRADICTION),
    Case("in network only: who asks may be outside", "EB*1**30*********Y~EB*6**30*********N",
         UNKNOWN, Why.CONTRADICTION),
    # No status is unknown, never inactive.
    Case("silence", "", UNKNOWN, Why.SILENT),
    Case("money is no status", "EB*C**30***23*500", UNKNOWN, Why.SILENT),
    Case("limits, exclusions and descriptions are none", "EB*F**30~EB*E**30~EB*D**30", UNKNOWN, Why.SILENT),
    Case("another payer is none", "EB*R**30", UNKNOWN, Why.SILENT),
    Case("a code nobody knows is none", "EB*ZZ**30", UNKNOWN, Why.SILENT),
    Case("not covered is none: the plan may be active", "EB*I**35",
         UNKNOWN, Why.SERVICE_NOT_COVERED, None, "35"),
    Case("not covered, of another type", "EB*I**35", UNKNOWN, Why.SILENT, None, "98"),
    Case("cannot process is none", "EB*V**35", UNKNOWN, Why.SERVICE_NOT_PROCESSED, None, "35"),
    Case("ask somebody else is none", "EB*U**30", UNKNOWN, Why.CONTACT_ANOTHER),
    Case("the plan decides where the type is not covered", "EB*1**30~EB*I**35",
         ACTIVE, Why.PLAN, MONTH, "35"),
    Case("or cannot be processed", "EB*1**30~EB*V**35", ACTIVE, Why.PLAN, MONTH, "35"),
    # Rejections.
    Case("rejected", "AAA*N**72*C", REJECTED, Why.REJECTED_PERSON),
    Case("rejected though the request was valid", "AAA*Y**42*R", REJECTED, Why.REJECTED_PERSON),
    Case("benefits decide beside an AAA", "EB*1**30~EB*V**35~AAA*N**53*C", ACTIVE, Why.PLAN, MONTH),
    Case("and beside one before them", "AAA*N**71*C~EB*6**30", INACTIVE, Why.PLAN, MONTH),
    # Active when: dates of the person.
    Case("begin and end of the plan bound it", "DTP*346*D8*20260101~DTP*347*D8*20261127~EB*1**30",
         ACTIVE, Why.PLAN, ("0101", "27")),
    Case("eligibility dates bound it", "DTP*356*D8*20260101~DTP*357*D8*20261127~EB*1**30",
         ACTIVE, Why.PLAN, ("0101", "27")),
    Case("a range bounds it", "DTP*291*RD8*20260101-20261231~EB*1**30", ACTIVE, Why.PLAN, ("0101", "1231")),
    Case("a single date of a range is its begin", "DTP*307*D8*20260101~EB*1**30",
         ACTIVE, Why.PLAN, ("0101", "30")),
    Case("a range without its mark", "DTP*307*D8*20260101-20261231~EB*1**30",
         ACTIVE, Why.PLAN, ("0101", "1231")),
    Case("plan and eligibility hold together",
         "DTP*291*RD8*20260101-20261231~DTP*307*RD8*20260401-20261126~EB*1**30",
         ACTIVE, Why.PLAN, ("0401", "26")),
    Case("the last day is covered", "DTP*347*D8*20261125~EB*1**30", ACTIVE, Why.PLAN, ("25", "25")),
    Case("the first day is covered", "DTP*346*D8*20261125~EB*1**30", ACTIVE, Why.PLAN, MONTH),
    Case("active, but it ended the day before", "DTP*347*D8*20261124~EB*1**30", UNKNOWN, Why.ACTIVE_EARLIER),
    Case("active, but it begins the day after", "DTP*346*D8*20261126~EB*1**30", UNKNOWN, Why.ACTIVE_LATER),
    Case("9999 is no end", "DTP*346*D8*20260101~DTP*347*D8*99991231~EB*1**30",
         ACTIVE, Why.PLAN, ("0101", "30")),
    Case("nor is it in a range", "DTP*291*RD8*20260101-99991231~EB*1**30", ACTIVE, Why.PLAN, ("0101", "30")),
    Case("COBRA bounds it", "DTP*340*D8*20260601~DTP*341*D8*20261126~EB*1**30",
         ACTIVE, Why.PLAN, ("0601", "26")),
    Case("a person added later was not covered", "DTP*346*D8*20200101~DTP*318*D8*20261201~EB*1**30",
         UNKNOWN, Why.ACTIVE_LATER),
    Case("nobody is covered after death", "DTP*442*D8*20260301~EB*1**30", UNKNOWN, Why.ACTIVE_EARLIER),
    Case("dates for other purposes bound nothing", "DTP*102*D8*20261201~DTP*636*D8*20261201~EB*1**30",
         ACTIVE, Why.PLAN, MONTH),
    Case("coverage ended and began again",
         "DTP*346*D8*20240101~DTP*347*D8*20241231~DTP*346*D8*20260201~EB*1**30",
         ACTIVE, Why.PLAN, ("0201", "30")),
    Case("and the day lies between", "DTP*307*RD8*20260101-20261031~DTP*307*RD8*20261201-20261231~EB*1**30",
         UNKNOWN, Why.ACTIVE_BEFORE_AND_AFTER),
    # Dates that say nothing.
    Case("an end before its begin", "DTP*346*D8*20260601~DTP*347*D8*20260101~EB*1**30",
         UNKNOWN, Why.DATES_CONTRADICT),
    Case("a range on its head", "DTP*291*RD8*20261231-20260101~EB*1**30", UNKNOWN, Why.DATES_CONTRADICT),
    Case("plan and eligibility that never meet",
         "DTP*291*RD8*20250101-20251231~DTP*307*RD8*20260101-20261231~EB*1**30",
         UNKNOWN, Why.DATES_CONTRADICT),
    Case("inactive is inactive whatever its dates", "DTP*346*D8*20260101~DTP*347*D8*20251231~EB*6**30",
         INACTIVE, Why.PLAN, MONTH),
    Case("an end nobody can read: the day asked about, and no more", "DTP*347*D8*202611~EB*1**30",
         ACTIVE, Why.PLAN, ("25", "25")),
    Case("a month alone is no date", "DTP*291*RD8*202601-202612~EB*1**30", ACTIVE, Why.PLAN, ("25", "25")),
    # Dates on the EB.
    Case("its own end goes before the person's", "DTP*347*D8*20261231~EB*1**30~DTP*349*D8*20261126",
         ACTIVE, Why.PLAN, ("25", "26")),
    Case("its own begin, and the person's end", "DTP*347*D8*20261231~EB*1**30~DTP*348*D8*20260301",
         ACTIVE, Why.PLAN, ("0301", "1231")),
    Case("dates of a figure bound no status", "EB*1**30~EB*C**30***23*500~DTP*349*D8*20261031",
         ACTIVE, Why.PLAN, MONTH),
    Case("an old plan that ended, and the new one",
         "EB*6**30**OLD~DTP*349*D8*20260814~EB*1**30**NEW~DTP*348*D8*20260815",
         ACTIVE, Why.PLAN, ("0815", "30")),
    Case("an old plan that ended cuts the days of one without dates", "EB*6**30~DTP*349*D8*20261031~EB*1**30",
         ACTIVE, Why.PLAN, MONTH),
    Case("one that ends later than the day contradicts", "EB*6**30~DTP*349*D8*20261231~EB*1**30",
         UNKNOWN, Why.CONTRADICTION),
    Case("inactive from a day still to come", "EB*1**30~EB*6**30~DTP*348*D8*20261128",
         ACTIVE, Why.PLAN, ("25", "27")),
    Case("two plan years, asked in the second",
         "EB*1**30~DTP*291*RD8*20250101-20251231~EB*1**30~DTP*291*RD8*20260101-20261231",
         ACTIVE, Why.PLAN, ("0101", "1231")),
    Case("an EB without dates lengthens no other", "EB*1**30~DTP*349*D8*20261126~EB*1",
         ACTIVE, Why.PLAN, ("25", "26")),
    Case("both plans are over", "EB*1**30~DTP*349*D8*20250101~EB*1**30~DTP*349*D8*20261101",
         UNKNOWN, Why.ACTIVE_EARLIER),
    Case("a type whose period is over is not its plan's", "EB*1**30~EB*1**35~DTP*349*D8*20261031",
         UNKNOWN, Why.ACTIVE_EARLIER, None, "35"),
    # Inactive when.
    Case("inactive since the day after the end", "DTP*347*D8*20261031~EB*6**30",
         INACTIVE, Why.PLAN, ("1101", "30")),
    Case("not yet: inactive until it begins", "DTP*346*D8*20261215~EB*6**30",
         INACTIVE, Why.PLAN, ("25", "1214")),
    Case("the old plan is over, the new one not begun",
         "EB*6**30~DTP*349*D8*20261031~EB*1**30~DTP*348*D8*20261128", INACTIVE, Why.PLAN, ("1101", "27")),
    Case("inactive inside the dates of the plan is inactive all the same",
         "DTP*291*RD8*20260101-20261231~EB*6**30", INACTIVE, Why.PLAN, MONTH),
    Case("active until the end of the person's dates, inactive since",
         "DTP*347*D8*20261031~EB*1**30~EB*6**30", INACTIVE, Why.PLAN, ("1101", "30")),
    # The day the payer says it answered for.
    Case("it answered for the day", "DTP*472*D8*20261125~EB*1**30", ACTIVE, Why.PLAN, MONTH),
    Case("it answered for an earlier day of the month", "DTP*472*D8*20261102~EB*1**30",
         ACTIVE, Why.PLAN, MONTH),
    Case("it answered for the month before", "DTP*472*D8*20261031~EB*1**30",
         UNKNOWN, Why.ANSWERED_FOR_OTHER_DATE),
    Case("but the plan's dates reach the day", "DTP*472*D8*20261031~DTP*291*RD8*20260101-20261231~EB*1**30",
         ACTIVE, Why.PLAN, ("0101", "1231")),
    Case("inactive next month is not inactive now", "EB*6**30~DTP*472*D8*20261201",
         UNKNOWN, Why.ANSWERED_FOR_OTHER_DATE),
    # Ranges.
    Case("the whole range, to the end of its last month", "EB*1**30", ACTIVE, Why.PLAN, ("25", "1231"),
         until=day("1205")),
    Case("the range reaches beyond the end", "DTP*347*D8*20261130~EB*1**30", UNKNOWN, Why.PART_OF_RANGE,
         until=day("1205")),
    Case("the range begins before the begin", "DTP*346*D8*20261126~EB*1**30", UNKNOWN, Why.PART_OF_RANGE,
         until=day("30")),
    Case("two plan years without a gap",
         "EB*1**30~DTP*291*RD8*20260101-20261231~EB*1**30~DTP*291*RD8*20270101-20271231",
         ACTIVE, Why.PLAN, ("0101", "2027-12-31"), asked=day("1220"), until=day("2027-01-10")),
    Case("two with a day between them",
         "EB*1**30~DTP*291*RD8*20260101-20261230~EB*1**30~DTP*291*RD8*20270101-20271231",
         UNKNOWN, Why.PART_OF_RANGE, asked=day("1220"), until=day("2027-01-10")),
    Case("not active on the last days of a range", "EB*6**30~DTP*349*D8*20261127", UNKNOWN, Why.PART_OF_RANGE,
         until=day("30")),
]  # fmt: skip


def verdict_of(case: Case) -> CoverageVerdict:
    answer = answer_with(*filter(None, case.segments.split("~")))
    return decide_coverage(answer, service_type=case.service_type, asked=case.asked, asked_until=case.until)


@pytest.mark.parametrize("case", CASES, ids=[case.reason for case in CASES])
def test_the_verdict_and_its_days_follow_the_rule(case: Case) -> None:
    said = verdict_of(case)
    assert (said.status, said.reason) == (case.status, case.why)
    held = (said.covers_from, said.covers_until)
    assert held == ((None, None) if case.days is None else tuple(map(day, case.days)))


@pytest.mark.parametrize("case", CASES, ids=[case.reason for case in CASES])
def test_a_verdict_holds_on_every_day_it_says_and_is_the_same_there(case: Case) -> None:
    said = verdict_of(case)
    if said.covers_from is None or said.covers_until is None or "472" in case.segments:
        return
    assert said.covers_from <= case.asked <= (case.until or case.asked) <= said.covers_until
    for other in (said.covers_from, said.covers_until):
        answer = answer_with(*filter(None, case.segments.split("~")))
        again = decide_coverage(answer, service_type=case.service_type, asked=other)
        assert again.status == said.status


def test_the_deciding_segments_are_named() -> None:
    assert verdict_of(Case("", "EB*1**30~EB*C**30~EB*1**98", ACTIVE, Why.PLAN)).segment_numbers == (10,)
    both = verdict_of(Case("", "EB*1**30~EB*C**30~EB*6**30", UNKNOWN, Why.CONTRADICTION))
    assert both.segment_numbers == (10, 12)
    refused = verdict_of(Case("", "AAA*N**72*C~AAA*N**58*C", REJECTED, Why.REJECTED_PERSON))
    assert refused.segment_numbers == (10, 11)


@pytest.mark.parametrize(
    ("segments", "period"),
    [
        (("EB*1**30",), Period()),
        (("DTP*346*D8*20260101", "EB*1**30"), Period(day("0101"))),
        (("DTP*346*D8*20260101", "DTP*347*D8*20261031", "EB*1**30"), Period(day("0101"), day("1031"))),
        (("DTP*346*D8*20261215", "EB*6**30"), Period(day("1215"))),
        (("DTP*347*D8*99991231", "EB*1**30"), Period()),
        (("DTP*346*D8*20260101", "EB*C**30***23*5"), Period(day("0101"))),
    ],
)
def test_the_period_is_what_the_payer_states(segments: tuple[str, ...], period: Period) -> None:
    assert decide_coverage(answer_with(*segments), asked=ASKED).period == period


def test_without_a_day_dates_decide_nothing() -> None:
    ended = answer_with("DTP*347*D8*20200101", "EB*1**30")
    said = decide_coverage(ended)
    assert (said.status, said.covers_from, said.period.end) == (ACTIVE, None, date(2020, 1, 1))
    assert decide_coverage(answer_with("EB*1**30", "EB*6**30")).reason == Why.CONTRADICTION


def test_the_source_refused_everybody_although_benefits_follow() -> None:
    above = [*ABOVE_SUBSCRIBER[:3], "AAA*N**42*R", *ABOVE_SUBSCRIBER[3:]]
    (answer,) = response_to(interchange(transaction_set(*above, *ALICE, "EB*1**30"))).answers
    said = decide_coverage(answer, asked=ASKED)
    assert (said.status, said.reason, said.segment_numbers) == (REJECTED, Why.REJECTED_ABOVE, (5,))


@pytest.mark.parametrize(
    ("subscriber", "dependent", "status", "why"),
    [
        (("AAA*N**75*C",), (), REJECTED, Why.REJECTED_SUBSCRIBER),
        (("AAA*N**75*C",), ("EB*1**30",), ACTIVE, Why.PLAN),
        (("AAA*N**75*C",), ("AAA*N**67*C",), REJECTED, Why.REJECTED_PERSON),
        (("EB*1**30", "EB*V**35", "AAA*N**53*C"), (), UNKNOWN, Why.SILENT),
        (("EB*1**30",), ("EB*6**30",), INACTIVE, Why.PLAN),
        (("EB*1**30",), (), UNKNOWN, Why.SILENT),
    ],
)
def test_a_dependent_has_a_verdict_of_its_own(
    subscriber: tuple[str, ...],
    dependent: tuple[str, ...],
    status: CoverageStatus,
    why: CoverageReason,
) -> None:
    below = ("HL*4*3*23*0", "NM1*03*1*AMES*BOBBY", *dependent)
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *subscriber, *below))
    bobby = response_to(wire).answers[-1]
    said = decide_coverage(bobby, asked=ASKED)
    assert bobby.is_dependent
    assert (said.status, said.reason) == (status, why)


def test_the_ends_of_the_calendar_are_days_like_others() -> None:
    assert decide_coverage(answer_with("EB*1**30"), asked=date.max).covers_until == date.max
    assert decide_coverage(answer_with("EB*6**30"), asked=date.min).covers_from == date.min


def test_dates_beyond_counting_cost_little_and_decide_nothing() -> None:
    days = [
        f"DTP*307*RD8*{year}{month:02d}01-{year}{month:02d}02"
        for year in range(1500, 1700)
        for month in range(1, 13)
    ]
    answer = answer_with(*days, *[each.replace("307", "291") for each in days], "EB*1**30")
    assert decide_coverage(answer, asked=ASKED).reason == Why.DATES_CONTRADICT


def composed(chosen: random.Random) -> list[str]:
    """Some status EBs and dates that may or may not fit each other."""
    kinds = ("291", "292", "307", "346", "347", "348", "349", "356", "357", "318", "341")
    days = ("20250101", "20251231", "20260101", "20261031", "20261125", "20261126", "99991231", "2026")

    def dates() -> list[str]:
        made = []
        for _ in range(chosen.randint(0, 2)):
            kind, begin, end = chosen.choice(kinds), chosen.choice(days), chosen.choice(days)
            is_range = chosen.random() < 0.5
            made.append(f"DTP*{kind}*RD8*{begin}-{end}" if is_range else f"DTP*{kind}*D8*{begin}")
        return made

    segments = dates()
    for _ in range(chosen.randint(1, 3)):
        segments += [f"EB*{chosen.choice('11567')}**{chosen.choice(('30', '', '35', '30^35'))}", *dates()]
    return segments


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_stated_a_verdict_is_the_same_on_the_first_and_last_of_its_days(seed: int) -> None:
    chosen = random.Random(seed)
    for _ in range(50):
        answer = answer_with(*composed(chosen))
        for service_type in ("30", "35"):
            said = decide_coverage(answer, service_type=service_type, asked=ASKED)
            if said.covers_from is None or said.covers_until is None:
                assert said.status == UNKNOWN
                continue
            assert said.covers_from <= ASKED <= said.covers_until
            for other in (said.covers_from, said.covers_until):
                assert decide_coverage(answer, service_type=service_type, asked=other).status == said.status
