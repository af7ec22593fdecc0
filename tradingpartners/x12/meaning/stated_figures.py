"""What one EB states: a figure of one of the kinds a practice asks about, or a remark.

What was used so far passes for neither the whole nor the rest, and money in the wrong element for
no figure at all.
"""

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.ts271.benefits import misplaced_amount
from tradingpartners.x12.ts271.values import ACTIVE_CODES, INACTIVE_CODES, Benefit

# EB06.
YEAR_TO_DATE, REMAINING, EXCEEDED, NOT_EXCEEDED, LIFETIME, LIFETIME_REMAINING = (
    "24", "29", "30", "31", "32", "33",
)  # fmt: skip
_LEFT = frozenset({REMAINING, LIFETIME_REMAINING})
OF_A_LIFETIME = frozenset({LIFETIME, LIFETIME_REMAINING})
# What was used up or passed is neither the whole nor what is left.
_NEITHER = frozenset({YEAR_TO_DATE, EXCEEDED, NOT_EXCEEDED})
_VISITS = "VS"
# More than any benefit, and than a sum of money has room for.
_TOO_MUCH = Decimal(10**10)
_PERCENT = Decimal(100)

Value = str | Decimal | bool


class RemarkCode(StrEnum):
    """What an EB says that is no figure above."""

    NOT_COVERED = "not_covered"
    # A figure of a kind that has no field: a limit, a spend-down, a deductible used so far.
    STATED = "stated"
    # These want a person's eye: money in EB05, EB06 or EB08, and a figure that cannot be meant or read.
    AMOUNT_MISPLACED = "amount_misplaced"
    FIGURE_UNUSABLE = "figure_unusable"
    # More EBs and service types than anybody means: from this EB on not all are in the table.
    TOO_MANY = "too_many"


DOUBTFUL = frozenset({RemarkCode.AMOUNT_MISPLACED, RemarkCode.FIGURE_UNUSABLE, RemarkCode.TOO_MANY})


class Remark(NamedTuple):
    """The EB it is about has the codes and the figure as they stand."""

    code: RemarkCode
    benefit: Benefit


def stated_figure(benefit: Benefit) -> tuple[dict[str, Value], tuple[Remark, ...]]:
    """The status, or the value of EB07, EB08 or EB10, by its field of `Figures`; and what has none."""
    code = benefit.code
    if code in ACTIVE_CODES or code in INACTIVE_CODES:
        return {"status": code}, ()
    if code == "I":
        return {}, (Remark(RemarkCode.NOT_COVERED, benefit),)
    if _is_misplaced(benefit):
        return {}, (Remark(RemarkCode.AMOUNT_MISPLACED, benefit),)
    if benefit.has_unreadable_figure:
        return {}, (Remark(RemarkCode.FIGURE_UNUSABLE, benefit),)
    figures = (benefit.amount, benefit.percent, benefit.quantity)
    if any(figure is not None and not 0 <= figure < _TOO_MUCH for figure in figures):
        return {}, (Remark(RemarkCode.FIGURE_UNUSABLE, benefit),)
    if code == "A":
        return _coinsurance(benefit)
    if code == "B":
        return _copay(benefit)
    if code == "C":
        return _whole_or_left(benefit, "deductible", benefit.amount, benefit.percent)
    if code == "G":
        return _whole_or_left(benefit, "out_of_pocket", benefit.amount, benefit.percent)
    if code == "F":
        return _limit(benefit)
    stated = any(figure is not None for figure in figures)
    return {}, (Remark(RemarkCode.STATED, benefit),) if stated else ()


def _is_misplaced(benefit: Benefit) -> bool:
    """Money elsewhere than in EB07, and none there, not even what cannot be read."""
    if benefit.amount is not None or benefit.has_unreadable_figure:
        return False
    found = misplaced_amount(benefit.code, benefit.plan or "", benefit.period or "", benefit.percent)
    return found is not None


def _coinsurance(benefit: Benefit) -> tuple[dict[str, Value], tuple[Remark, ...]]:
    """EB08 .2 is 20 %; a payer that sends 20 means the same. An amount is no percentage."""
    percent = benefit.percent
    remarks = (Remark(RemarkCode.STATED, benefit),) if benefit.amount is not None else ()
    if percent is None:
        return {}, remarks
    if percent > _PERCENT:
        return {}, (Remark(RemarkCode.FIGURE_UNUSABLE, benefit),)
    return {"coinsurance": percent / _PERCENT if percent > 1 else percent}, remarks


def _copay(benefit: Benefit) -> tuple[dict[str, Value], tuple[Remark, ...]]:
    remarks = (Remark(RemarkCode.STATED, benefit),) if benefit.percent is not None else ()
    if benefit.amount is None:
        return {}, remarks
    if benefit.period in _LEFT | _NEITHER:
        return {}, (Remark(RemarkCode.STATED, benefit),)
    values: dict[str, Value] = {"copay": benefit.amount}
    if benefit.period:
        values["copay_period"] = benefit.period
    return values, remarks


def _limit(benefit: Benefit) -> tuple[dict[str, Value], tuple[Remark, ...]]:
    """EB*F: so many visits, by EB09/10 or else by HSD; any other limit is a remark."""
    unit, quantity = benefit.quantity_qualifier, benefit.quantity
    if quantity is None and benefit.amount is None:
        counted = next((each for each in benefit.deliveries if each.quantity is not None), None)
        unit, quantity = (counted.quantity_qualifier, counted.quantity) if counted else (None, None)
    if quantity is not None and not 0 <= quantity < _TOO_MUCH:
        return {}, (Remark(RemarkCode.FIGURE_UNUSABLE, benefit),)
    if unit == _VISITS:
        return _whole_or_left(benefit, "visits", quantity, benefit.percent)
    stated = any(figure is not None for figure in (quantity, benefit.amount, benefit.percent))
    return {}, (Remark(RemarkCode.STATED, benefit),) if stated else ()


def _whole_or_left(
    benefit: Benefit, field: str, figure: Decimal | None, other: Decimal | None
) -> tuple[dict[str, Value], tuple[Remark, ...]]:
    """EB06 29 and 33 are what is left; what was used so far is neither."""
    remarks = (Remark(RemarkCode.STATED, benefit),) if other is not None else ()
    if figure is None:
        return {}, remarks
    if benefit.period in _NEITHER:
        return {}, (Remark(RemarkCode.STATED, benefit),)
    return {f"{field}_remaining" if benefit.period in _LEFT else field: figure}, remarks
