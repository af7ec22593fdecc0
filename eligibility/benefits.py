"""EB segments of one answer to BenefitDetail rows (005010X279A1 2110C/D).

One row per (service type, level, network, plan, procedure), merging the EBs that speak of it:
EB06 29 is what remains, anything else the base. Two EBs that state one figure differently make a
second row, told apart by a qualifier. What is not stated stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from eligibility.models import BenefitDetail
from tradingpartners import x12

_REMAINING = frozenset({"29", "33"})  # EB06: remaining, lifetime remaining
_NETWORK = {"Y": "in", "N": "out", "W": "both"}
_YES_NO = {"Y": True, "N": False}
_STATUS_CODES = frozenset("12345678")
_NOTES_LENGTH = 500


class Key(NamedTuple):
    service_category: str
    coverage_level: str
    network: str
    plan_name: str
    procedure: str


def benefit_rows(check_id: UUID, answer: x12.Answer, *, asked_type: str) -> list[BenefitDetail]:
    """Unsaved rows of one answer. EB03 absent speaks of the type asked about, and is marked so."""
    rows: dict[tuple[Key, str], BenefitDetail] = {}
    for benefit in answer.benefits:
        figures = _figures(benefit)
        if not figures:
            continue
        for service_type in benefit.service_types or (asked_type,):
            key = Key(
                service_type[:50],
                (benefit.coverage_level or "")[:50],
                _NETWORK.get(benefit.in_network or "", ""),
                (benefit.plan or "")[:100],
                _procedure(benefit.procedure),
            )
            row = _row_for(rows, key, figures, benefit)
            row.service_category_stated = bool(benefit.service_types)
            _merge(row, figures, benefit)
    for row in rows.values():
        row.eligibility_check_id = check_id
    return list(rows.values())


def _figures(benefit: x12.Benefit) -> dict[str, Any]:
    """What this EB states, by column."""
    remaining = benefit.period in _REMAINING
    stated: dict[str, Any] = {}
    match benefit.code:
        case "B":
            stated["copay_amount"] = _money(benefit.amount)
        case "A":
            stated["coinsurance_percent"] = _fraction(benefit.percent)
        case "C":
            stated["deductible_remaining_amount" if remaining else "deductible_amount"] = _money(
                benefit.amount
            )
        case "G":
            stated["out_of_pocket_remaining_amount" if remaining else "out_of_pocket_max_amount"] = _money(
                benefit.amount
            )
        case code if code in _STATUS_CODES:
            stated["status"] = code
    if benefit.authorization_required in _YES_NO:
        stated["requires_prior_auth"] = _YES_NO[benefit.authorization_required]
    if benefit.messages:
        stated["benefit_notes"] = ""
    return {column: value for column, value in stated.items() if value is not None}


def _row_for(
    rows: dict[tuple[Key, str], BenefitDetail], key: Key, figures: dict[str, Any], benefit: x12.Benefit
) -> BenefitDetail:
    """The row of that key that does not contradict these figures, made if there is none."""
    for qualifier in _qualifiers(benefit):
        row = rows.get((key, qualifier))
        if row is None:
            row = rows[key, qualifier] = BenefitDetail(**key._asdict(), qualifier=qualifier, sources=[])
            return row
        if all(getattr(row, c) in {None, "", v} for c, v in figures.items() if c != "benefit_notes"):
            return row
    raise AssertionError("qualifiers never end")


def _qualifiers(benefit: x12.Benefit) -> Iterator[str]:
    """First none; then what the EB itself says of its difference; then a count."""
    yield ""
    said = "; ".join(
        part for part in (benefit.period and f"period {benefit.period}", *benefit.messages) if part
    )
    if said:
        yield said[:100]
    number = 2
    while True:
        yield f"stated {number}"
        number += 1


def _merge(row: BenefitDetail, figures: dict[str, Any], benefit: x12.Benefit) -> None:
    for column, value in figures.items():
        if column != "benefit_notes":
            setattr(row, column, value)
    if benefit.segment_number not in row.sources:
        row.sources.append(benefit.segment_number)
    for message in benefit.messages:
        if message not in row.benefit_notes:
            row.benefit_notes = "\n".join(filter(None, [row.benefit_notes, message]))[:_NOTES_LENGTH]


def _procedure(procedure: x12.Procedure | None) -> str:
    """As it stands in EB13, less what it is called."""
    if procedure is None:
        return ""
    return ":".join([procedure.qualifier, procedure.code, *procedure.modifiers])[:100]


def _money(amount: Decimal | None) -> Decimal | None:
    """Money fits numeric(12,2); what does not is not a sum a desk can use."""
    return None if amount is None or abs(amount) >= 10**10 else amount.quantize(Decimal("0.01"))


def _fraction(percent: Decimal | None) -> Decimal | None:
    """EB08 .2 is 20 %; payers that send 20 mean the same (seed: 0.00 - 1.00)."""
    if percent is None or percent < 0 or percent > 100:
        return None
    return (percent / 100 if percent > 1 else percent).quantize(Decimal("0.0001"))


def all_rows(answered: Sequence[tuple[UUID, x12.Answer, str]]) -> list[BenefitDetail]:
    """(check, answer, asked type) of many answers, for one bulk write."""
    return [
        row
        for check_id, answer, asked_type in answered
        for row in benefit_rows(check_id, answer, asked_type=asked_type)
    ]
