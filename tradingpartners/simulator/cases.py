"""The cases a demo population holds, and in which shares."""

import math
from enum import StrEnum
from random import Random


class Case(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    DEPENDENT = "dependent"
    TWO_COVERAGES = "two_coverages"
    NO_COVERAGE = "no_coverage"
    AAA_2100A = "aaa_2100a"
    AAA_2100C = "aaa_2100c"
    BOTH_MONTHS = "both_months"
    ENDING = "ending"
    CORRECTED_ID = "corrected_id"
    NO_ANSWER = "no_answer"
    OTHER_PAYER_FIRST = "other_payer_first"
    OTHER_TYPES_ONLY = "other_types_only"
    PENDING_INVESTIGATION = "pending_investigation"
    TERMINATED = "terminated"
    AAA_2100D = "aaa_2100d"


# Rounded up: each is at least this share of a population of any size that has room for it.
FIRM_SHARES = {
    Case.INACTIVE: 0.06,
    Case.DEPENDENT: 0.08,
    Case.TWO_COVERAGES: 0.06,
    Case.NO_COVERAGE: 0.06,
    Case.AAA_2100A: 0.06,
    Case.AAA_2100C: 0.06,
    Case.BOTH_MONTHS: 0.06,
    Case.ENDING: 0.06,
    Case.CORRECTED_ID: 0.06,
    # About 8 % of the one slow payer's members, and it is one of six.
    Case.NO_ANSWER: 0.013,
}
# Rounded: a small population may go without.
LOOSE_SHARES = {
    Case.OTHER_PAYER_FIRST: 0.02,
    Case.OTHER_TYPES_ONLY: 0.02,
    Case.PENDING_INVESTIGATION: 0.02,
    Case.TERMINATED: 0.02,
    Case.AAA_2100D: 0.01,
}


def draw_cases(members: int, dice: Random) -> list[Case]:
    """One case for each patient, in an order of chance; who has no other case is active."""
    cases = [case for case, share in FIRM_SHARES.items() for _ in range(math.ceil(share * members))]
    cases += [case for case, share in LOOSE_SHARES.items() for _ in range(round(share * members))]
    cases = cases[:members] + [Case.ACTIVE] * (members - len(cases))
    dice.shuffle(cases)
    return cases
