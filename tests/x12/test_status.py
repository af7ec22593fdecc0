"""What an answer says of a person's coverage: each case with the reason for its verdict."""

import time

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, answer_with, interchange, response_to, transaction_set
from tradingpartners.x12 import CoverageStatus, deciding_benefits, status

ACTIVE, INACTIVE = CoverageStatus.ACTIVE, CoverageStatus.INACTIVE
REJECTED, UNKNOWN = CoverageStatus.REJECTED, CoverageStatus.UNKNOWN

# Reason; the segments below the name; asked about nothing known, about 30, about 35.
CASES: list[tuple[str, tuple[str, ...], CoverageStatus, CoverageStatus, CoverageStatus]] = [
    ("the plan is active", ("EB*1**30",), ACTIVE, ACTIVE, ACTIVE),
    ("full risk capitation is active", ("EB*2**30",), ACTIVE, ACTIVE, ACTIVE),
    ("capitated services are active", ("EB*3**30",), ACTIVE, ACTIVE, ACTIVE),
    ("capitated to the primary doctor is active", ("EB*4**30",), ACTIVE, ACTIVE, ACTIVE),
    ("pending investigation is active", ("EB*5**30",), ACTIVE, ACTIVE, ACTIVE),
    ("the plan is inactive", ("EB*6**30",), INACTIVE, INACTIVE, INACTIVE),
    ("inactive pending an update", ("EB*7**30",), INACTIVE, INACTIVE, INACTIVE),
    ("inactive pending investigation", ("EB*8**30",), INACTIVE, INACTIVE, INACTIVE),
    ("no service type speaks of everything", ("EB*1",), ACTIVE, ACTIVE, ACTIVE),
    ("no service type, inactive", ("EB*6*IND",), INACTIVE, INACTIVE, INACTIVE),
    ("30 among others speaks of the plan", ("EB*1**1^30^35",), ACTIVE, ACTIVE, ACTIVE),
    ("another type says nothing of 30", ("EB*1**98",), ACTIVE, UNKNOWN, UNKNOWN),
    ("dental alone answers dental only", ("EB*1**35",), ACTIVE, UNKNOWN, ACTIVE),
    ("the type asked about goes first", ("EB*1**30", "EB*6**35"), ACTIVE, ACTIVE, INACTIVE),
    ("dental active in an inactive plan", ("EB*6**30", "EB*1**35"), INACTIVE, INACTIVE, ACTIVE),
    ("active and inactive contradict", ("EB*1**30", "EB*6**30"), UNKNOWN, UNKNOWN, UNKNOWN),
    ("30 and no type contradict", ("EB*1**30", "EB*6"), UNKNOWN, UNKNOWN, UNKNOWN),
    ("types beside 30 do not contradict it", ("EB*1**30", "EB*6**98"), ACTIVE, ACTIVE, ACTIVE),
    ("only other types, and they differ", ("EB*1**33", "EB*6**98"), UNKNOWN, UNKNOWN, UNKNOWN),
    ("dental said twice, differently", ("EB*1**30", "EB*1**35", "EB*6**35"), ACTIVE, ACTIVE, UNKNOWN),
    ("silence is unknown, never inactive", (), UNKNOWN, UNKNOWN, UNKNOWN),
    ("money is no status", ("EB*C**30***23*500",), UNKNOWN, UNKNOWN, UNKNOWN),
    ("another payer is no status", ("EB*R**30",), UNKNOWN, UNKNOWN, UNKNOWN),
    ("not a benefit is no status", ("EB*I**35",), UNKNOWN, UNKNOWN, UNKNOWN),
    ("cannot process is no status", ("EB*V**35",), UNKNOWN, UNKNOWN, UNKNOWN),
    ("a code that is none is no status", ("EB*ZZ**30",), UNKNOWN, UNKNOWN, UNKNOWN),
    ("rejected", ("AAA*N**72*C",), REJECTED, REJECTED, REJECTED),
    ("rejected though the request was valid", ("AAA*Y**42*R",), REJECTED, REJECTED, REJECTED),
    ("benefits decide beside an AAA of one", ("EB*1**30", "EB*V**35", "AAA*N**53*C"), ACTIVE, ACTIVE, ACTIVE),
    ("benefits decide beside an AAA before them", ("AAA*N**71*C", "EB*6**30"), INACTIVE, INACTIVE, INACTIVE),
    ("an AAA below an EB that says nothing", ("EB*V**35", "AAA*N**53*C"), UNKNOWN, UNKNOWN, UNKNOWN),
]


@pytest.mark.parametrize(("reason", "segments", "unasked", "general", "dental"), CASES)
def test_status_follows_the_rule(
    reason: str,
    segments: tuple[str, ...],
    unasked: CoverageStatus,
    general: CoverageStatus,
    dental: CoverageStatus,
) -> None:
    answer = answer_with(*segments)
    assert status(answer, (), None) == unasked
    assert status(answer) == general
    assert status(answer, (), "35") == dental


def test_the_deciding_benefits_point_to_their_segments() -> None:
    answer = answer_with("EB*1**30", "EB*C**35", "EB*6**35")
    assert [benefit.segment_number for benefit in deciding_benefits(answer.benefits, "35")] == [12]
    assert [benefit.segment_number for benefit in deciding_benefits(answer.benefits, None)] == [10]


def test_many_dependents_below_a_subscriber_of_many_rejections_cost_no_more_than_their_number() -> None:
    benefits = ["EB*V", "AAA*N**72*C"] * 3_000
    people = [each for at in range(4, 3_004) for each in (f"HL*{at}*3*23*0", "NM1*03*1*AMES*BOBBY")]
    answers = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *benefits, *people))).answers
    begun = time.process_time()
    assert {status(each) for each in answers} == {UNKNOWN}
    assert time.process_time() - begun < 0.5
