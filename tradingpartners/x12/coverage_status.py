"""What a 271 says of a person's coverage: active, inactive, rejected, unknown.

The rule in one place: a status EB (EB01 1-5 active, 6-8 inactive) speaks for the service types of
its EB03, or for all where EB03 is absent. Silence and contradiction are unknown, never inactive.
"""

from collections.abc import Iterable
from enum import StrEnum

from tradingpartners.x12.ts271 import ACTIVE_CODES, INACTIVE_CODES, Answer, Benefit, Rejection

# Health benefit plan coverage: the plan as a whole.
GENERAL_SERVICE_TYPE = "30"


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
    """The status of the service type asked about; None where the question is not known.

    With a question, EBs for other service types say nothing. Without one they decide where none
    speaks of the plan as a whole. Of `response_rejections` those count that stand above the person.
    """
    if any(rejection in answer.rejections_above for rejection in response_rejections):
        return CoverageStatus.REJECTED
    if answer.rejections and not answer.benefits:
        return CoverageStatus.REJECTED
    codes = {benefit.code for benefit in deciding_benefits(answer.benefits, service_type)}
    if not codes or (codes & ACTIVE_CODES and codes & INACTIVE_CODES):
        return CoverageStatus.UNKNOWN
    return CoverageStatus.ACTIVE if codes & ACTIVE_CODES else CoverageStatus.INACTIVE


def deciding_benefits(
    benefits: Iterable[Benefit], service_type: str | None = GENERAL_SERVICE_TYPE
) -> list[Benefit]:
    """The status EBs that decide, see `status`."""
    spoken = [b for b in benefits if b.code in ACTIVE_CODES or b.code in INACTIVE_CODES]
    if service_type not in (None, GENERAL_SERVICE_TYPE):
        named = [b for b in spoken if service_type in b.service_types]
        if named:
            return named
    general = [b for b in spoken if not b.service_types or GENERAL_SERVICE_TYPE in b.service_types]
    return general or (spoken if service_type is None else [])
