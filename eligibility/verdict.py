"""What an answer means for the question that was asked, in the terms of our rows.

The rule stands in the codec (`x12.decide_coverage`); here its verdict becomes a check's status, the
cause of a case, and words. Pure functions of values.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from eligibility.models import Cause, EligibilityCheck
from tradingpartners import x12
from tradingpartners.retries import OUTAGES
from tradingpartners.x12 import CoverageReason, Period, month_end

__all__ = ["Verdict", "is_too_early", "month_end", "of_answer", "of_rejection", "of_silence"]

Status = EligibilityCheck.Status

_STATUS = {
    x12.CoverageStatus.ACTIVE: Status.ACTIVE,
    x12.CoverageStatus.INACTIVE: Status.INACTIVE,
    x12.CoverageStatus.UNKNOWN: Status.UNKNOWN,
}
_CAUSE = {
    x12.CoverageStatus.INACTIVE: Cause.NOT_ACTIVE,
    x12.CoverageStatus.UNKNOWN: Cause.UNCLEAR,
}
_UNCLEAR_WORDS = {
    CoverageReason.CONTRADICTION: "Answered both active and not active",
    CoverageReason.OTHER_TYPES_ONLY: "Answered for other services only",
    CoverageReason.ACTIVE_EARLIER: "Active, but not on this date: it ended before",
    CoverageReason.ACTIVE_LATER: "Active, but not on this date: it begins later",
    CoverageReason.ACTIVE_BEFORE_AND_AFTER: "Active, but not on this date",
    CoverageReason.PART_OF_RANGE: "Active on some of the days asked about only",
    CoverageReason.DATES_CONTRADICT: "Active, with dates that contradict each other",
    CoverageReason.ANSWERED_FOR_OTHER_DATE: "Answered for another date",
    CoverageReason.SERVICE_NOT_COVERED: "Says this service is not covered, not whether the plan is active",
    CoverageReason.SERVICE_NOT_PROCESSED: "Cannot say for this service",
    CoverageReason.CONTACT_ANOTHER: "Names somebody else to ask",
    CoverageReason.SILENT: "Answered without saying active or not",
}
# Of what a payer sent as codes; there is room for no more.
_LONGEST_CODE, _LONGEST_WORDS = 10, 200


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
    """The verdict on an answer that is not a rejection."""
    said = x12.decide_coverage(answer, service_type=service_type, asked=asked)
    if said.status is x12.CoverageStatus.REJECTED:
        return of_rejection(" ".join(["AAA", *x12.rejection_codes(x12.deciding_rejections(answer))]))
    is_active = said.status is x12.CoverageStatus.ACTIVE
    other_payer_first = is_active and said.other_payer_first
    return Verdict(
        _STATUS[said.status],
        Cause.OTHER_PAYER if other_payer_first else _CAUSE.get(said.status),
        words=_other_payer(said) if other_payer_first else _UNCLEAR_WORDS.get(said.reason, ""),
        covers_from=said.covers_from,
        covers_until=said.covers_until,
        other_payer_first=other_payer_first,
        pending_at_payer=said.is_pending,
        period=said.period,
    )


def _other_payer(said: x12.CoverageVerdict) -> str:
    """Its name, where the payer gave one."""
    named = next((each.name for each in said.other_payers if each.may_be_first and each.name), "")
    return f"Another payer: {named}" if named else ""


def of_rejection(code: str) -> Verdict:
    """The payer, or the limits of X12, refused the question as it stands: data to mend.

    `code` is "AAA" and every AAA03 that decides. The order a payer puts them in says nothing: only
    where all of them are outages is it one; beside one that is not, there is something to mend.
    """
    if code.startswith("unwritable:"):
        return Verdict(Status.ERROR, Cause.REJECTED, code="DATA", words=code)
    codes = [each[:_LONGEST_CODE] for each in code.removeprefix("AAA").split()]
    words = code[:_LONGEST_WORDS]
    to_mend = [each for each in codes if each not in OUTAGES]
    if codes and not to_mend:  # asked again until the budget was spent: an outage, not a fault
        return Verdict(Status.UNKNOWN, Cause.COULD_NOT_CHECK, code=codes[0], words=words)
    stated = [each for each in to_mend if each != x12.NO_CODE]
    return Verdict(Status.ERROR, Cause.REJECTED, code=stated[0] if stated else "", words=words)


def is_too_early(said: Verdict, *, asked: date, visit: date, effective: date) -> bool:
    """Whether "not active" only means "not yet": asked as of today about a visit beyond the payer's
    furthest date, by which the coverage will have begun. The night that brings it inside asks again.
    """
    begins = max(filter(None, [said.period.begin, effective]))
    return said.status != Status.ACTIVE and asked < visit and asked < begins <= visit


def of_silence(code: str) -> Verdict:
    """No answer: timeout, transport, 999 or TA1, SLA. Never "not active"."""
    return Verdict(Status.UNKNOWN, Cause.COULD_NOT_CHECK, words=code)
