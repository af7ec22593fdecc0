"""The figures of an answer as BenefitDetail rows: what the codec read, in our columns and words.

`x12.benefit_figures` says what belongs together and what contradicts; here a condition becomes a
qualifier, and what has no column becomes a note. What is not stated stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from eligibility.models import BenefitDetail
from tradingpartners import x12
from tradingpartners.x12 import RemarkCode, in_words

_NOTES_LENGTH = 500
_PLACE_OF_SERVICE = "ZZ"
_VISIT = "27"
_CENT, _BASIS_POINT = Decimal("0.01"), Decimal("0.0001")

_REMARKS = {
    RemarkCode.NOT_COVERED: "Not covered",
    RemarkCode.AMOUNT_MISPLACED: "The payer put an amount where none belongs: look at its answer",
    RemarkCode.FIGURE_UNUSABLE: "The payer sent a figure that cannot be meant: look at its answer",
    RemarkCode.TOO_MANY: "The payer sent more than is shown here: look at its answer",
}


def benefit_rows(
    check_id: UUID, answer: x12.Answer, *, asked_type: str, asked: date | None = None
) -> list[BenefitDetail]:
    """Unsaved rows of one answer. EB03 absent speaks of the type asked about, and is marked so."""
    return [
        _row(check_id, figures) for figures in x12.benefit_figures(answer, asked_type=asked_type, asked=asked)
    ]


def _row(check_id: UUID, figures: x12.Figures) -> BenefitDetail:
    return BenefitDetail(
        eligibility_check_id=check_id,
        service_category=figures.service_type[:50],
        service_category_stated=figures.service_type_stated,
        coverage_level=figures.coverage_level[:50],
        network=figures.network.value,
        plan_name=figures.plan[:100],
        procedure=_procedure(figures.procedure),
        qualifier="; ".join(_conditions(figures.condition))[:100],
        status=figures.status or "",
        copay_amount=_money(figures.copay),
        coinsurance_percent=_rounded(figures.coinsurance, _BASIS_POINT),
        deductible_amount=_money(figures.deductible),
        deductible_remaining_amount=_money(figures.deductible_remaining),
        out_of_pocket_max_amount=_money(figures.out_of_pocket),
        out_of_pocket_remaining_amount=_money(figures.out_of_pocket_remaining),
        requires_referral=figures.referral_required,
        requires_prior_auth=figures.authorization_required,
        benefit_notes="\n".join(dict.fromkeys(_notes(figures)))[:_NOTES_LENGTH],
        sources=list(figures.segment_numbers),
        under_review=figures.is_doubtful,
    )


def _conditions(condition: x12.Condition) -> Iterator[str]:
    """When or where the row holds, if not always."""
    if condition.lifetime:
        yield "lifetime"
    for each in condition.additional:
        known = each.qualifier == _PLACE_OF_SERVICE
        yield in_words("place", each.code) if known else f"{each.qualifier} {each.code}".strip()
    for number in condition.diagnosis_pointers:
        yield f"diagnosis {number}"
    if any(condition.dates):
        begin, end = condition.dates
        yield " ".join([f"from {begin}"] * (begin is not None) + [f"until {end}"] * (end is not None))
    yield from condition.messages
    for delivery in condition.deliveries:
        if delivery.quantity is not None:
            yield _quantity(delivery.quantity, delivery.quantity_qualifier)
    if condition.insurance_type:
        yield f"insurance: {in_words('insurance_type', condition.insurance_type)}"
    if condition.period:
        yield f"period: {in_words('period', condition.period)}"
    if condition.number:
        yield f"stated {condition.number}"


def _notes(figures: x12.Figures) -> Iterator[str]:
    """The payer's messages, then the figures that have no column."""
    yield from figures.messages
    if figures.copay_period not in (None, _VISIT):
        yield f"Copay for {in_words('period', figures.copay_period)}"
    if figures.visits is not None:
        yield f"{x12.plain(figures.visits)} visits"
    if figures.visits_remaining is not None:
        yield f"{x12.plain(figures.visits_remaining)} visits left"
    for remark in figures.remarks:
        yield _REMARKS.get(remark.code) or _stated(remark.benefit)


def _stated(benefit: x12.Benefit) -> str:
    """A figure that has no column, as the payer sent it."""
    parts = [in_words("benefit", benefit.code)]
    if benefit.amount is not None:
        parts.append(f"${x12.plain(benefit.amount)}")
    if benefit.percent is not None:
        parts.append(f"{x12.plain(benefit.percent)} percent" if benefit.percent > 1 else _percent(benefit))
    if benefit.quantity is not None:
        parts.append(_quantity(benefit.quantity, benefit.quantity_qualifier or ""))
    parts += [
        _quantity(d.quantity, d.quantity_qualifier) for d in benefit.deliveries if d.quantity is not None
    ]
    if benefit.period:
        parts.append(in_words("period", benefit.period))
    return ", ".join(parts)


def _percent(benefit: x12.Benefit) -> str:
    return f"{x12.plain(((benefit.percent or Decimal(0)) * 100).normalize())} percent"


def _quantity(quantity: Decimal, unit: str) -> str:
    return f"{x12.plain(quantity)} {in_words('quantity', unit) if unit else ''}".strip()


def _procedure(procedure: x12.Procedure | None) -> str:
    """As it stands in EB13, less what it is called."""
    if procedure is None:
        return ""
    return ":".join([procedure.qualifier, procedure.code, *procedure.modifiers])[:100]


def _money(amount: Decimal | None) -> Decimal | None:
    return _rounded(amount, _CENT)


def _rounded(figure: Decimal | None, unit: Decimal) -> Decimal | None:
    return None if figure is None else figure.quantize(unit)


def all_rows(answered: Sequence[tuple[UUID, x12.Answer, str, date]]) -> list[BenefitDetail]:
    """(check, answer, asked type, asked date) of many answers, for one bulk write."""
    return [
        row
        for check_id, answer, asked_type, asked in answered
        for row in benefit_rows(check_id, answer, asked_type=asked_type, asked=asked)
    ]
