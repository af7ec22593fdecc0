"""Which segments of a 271 decide on a person's coverage, and what they say whatever the day.

A status EB (EB01 1-5 active, 6-8 inactive) speaks for the service types of its EB03, or for the
plan where it names none. Those naming the type asked about go before those for the plan; those for
other types say nothing. Silence and contradiction are unknown, never inactive. What dates do to it:
`coverage.py`.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import takewhile

from tradingpartners.x12.ts271.values import ACTIVE_CODES, INACTIVE_CODES, Answer, Benefit, Rejection

# Health benefit plan coverage: the plan as a whole.
GENERAL_SERVICE_TYPE = "30"

STATUS_CODES = ACTIVE_CODES | INACTIVE_CODES


class CoverageStatus(StrEnum):
    """The answer to "is this person covered?"."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


def status(
    answer: Answer,
    response_rejections: Iterable[Rejection] = (),
    service_type: str | None = GENERAL_SERVICE_TYPE,
) -> CoverageStatus:
    """The status of the service type asked about, whatever the day; None where it is not known.

    Of `response_rejections` those count that stand above the person.
    """
    if deciding_rejections(answer, response_rejections):
        return CoverageStatus.REJECTED
    return stated_status(deciding_benefits(answer.benefits, service_type))


def deciding_rejections(
    answer: Answer, response_rejections: Iterable[Rejection] | None = None
) -> tuple[Rejection, ...]:
    """The AAAs that make this answer a rejection; none where its benefits decide.

    Those above the person always do: all that are, or those among `response_rejections`.
    """
    above = answer.rejections_above
    if above and response_rejections is not None:
        here = set(above)
        above = tuple([rejection for rejection in response_rejections if rejection in here])
    if above or answer.benefits:
        return above
    # A dependent under a subscriber whom the payer could not find was not looked up.
    # Its benefits' stand behind its own, and a hostile answer has many of them for many dependents.
    return answer.rejections or tuple(
        takewhile(lambda rejection: not rejection.loop.startswith("2110"), answer.subscriber_rejections)
    )


# Instead of an AAA03 that a payer left out.
NO_CODE = "?"


def rejection_codes(rejections: Iterable[Rejection]) -> tuple[str, ...]:
    """Every AAA03 once, in the order they came: a person has to see all of them (CAQH CORE 259)."""
    return tuple(dict.fromkeys(rejection.code or NO_CODE for rejection in rejections))


def deciding_benefits(
    benefits: Iterable[Benefit], service_type: str | None = GENERAL_SERVICE_TYPE
) -> list[Benefit]:
    """The status EBs that decide for a service type, whatever their dates.

    Without a question, EBs for other types decide where none speaks of the plan as a whole.
    """
    spoken = [benefit for benefit in benefits if benefit.code in STATUS_CODES]
    if service_type not in (None, GENERAL_SERVICE_TYPE):
        named = [benefit for benefit in spoken if service_type in benefit.service_types]
        if named:
            return named
    general = [benefit for benefit in spoken if speaks_of_plan(benefit)]
    return general or (spoken if service_type is None else [])


def speaks_of_plan(benefit: Benefit) -> bool:
    """Whether an EB is for the plan as a whole: type 30, or neither service type nor procedure."""
    if benefit.service_types:
        return GENERAL_SERVICE_TYPE in benefit.service_types
    return benefit.procedure is None


def stated_status(deciding: Sequence[Benefit]) -> CoverageStatus:
    """What status EBs say together: contradiction and silence are unknown."""
    said = {benefit.code in ACTIVE_CODES for benefit in deciding}
    if len(said) != 1:
        return CoverageStatus.UNKNOWN
    return CoverageStatus.ACTIVE if True in said else CoverageStatus.INACTIVE
