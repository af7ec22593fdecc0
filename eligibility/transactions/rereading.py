"""What the reader as it is now makes of an answer that was used, beside what is stored of it.

Nothing is written: what was used stays what it was, on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from eligibility import verdict
from eligibility.benefits import benefit_rows
from eligibility.models import BenefitDetail, EligibilityCheck
from eligibility.transactions.raw import read_set
from practice.models import User
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import Incoming
from tradingpartners.models import Transaction

_VERDICT = {
    "status": "Status",
    "covers_from": "Holds from",
    "covers_until": "Holds until",
    "other_payer_first": "Another payer first",
    "pending_at_payer": "Pending at the payer",
}
# What makes two benefits the same; ids and times of rows do not.
_BENEFIT = (
    "service_category",
    "coverage_level",
    "network",
    "plan_name",
    "procedure",
    "qualifier",
    "status",
    "copay_amount",
    "coinsurance_percent",
    "deductible_amount",
    "deductible_remaining_amount",
    "out_of_pocket_max_amount",
    "out_of_pocket_remaining_amount",
    "requires_referral",
    "requires_prior_auth",
    "benefit_notes",
)


class Change(NamedTuple):
    """One thing that would be read otherwise; a side that has none is empty."""

    what: str
    stored: str
    now: str


def differences(user: User, told: Transaction, check: EligibilityCheck) -> list[Change] | None:
    """What would be read otherwise today, `[]` for nothing; None where it cannot be read."""
    said = _said(user, told)
    if said is None:
        return None
    if said.kind == OutcomeKind.REJECTED or said.answer is None:
        today, benefits = verdict.of_rejection(said.code), []
    else:
        today = verdict.of_answer(said.answer, service_type=check.service_type, asked=check.service_date)
        benefits = benefit_rows(
            check.pk, said.answer, asked_type=check.service_type, asked=check.service_date
        )
    changes = [
        Change(words, _shown(getattr(check, field)), _shown(getattr(today, field)))
        for field, words in _VERDICT.items()
        if (getattr(check, field) or None) != (getattr(today, field) or None)
    ]
    return changes + _of_benefits(list(BenefitDetail.objects.filter(eligibility_check=check.pk)), benefits)


def _said(user: User, told: Transaction) -> Incoming | None:
    """Of a set about several people the answer to this question."""
    read = read_set(user, told)
    if read is None or told.position is None or read.damage:
        return None
    found = read.answers(told.position)
    named = [each for each in found if told.answers_id in {*each.traces, *each.references}]
    if len(named) == 1:
        return named[0]
    return found[0] if len(found) == 1 else None


def _of_benefits(stored: Sequence[BenefitDetail], today: Sequence[BenefitDetail]) -> list[Change]:
    old, new = Counter(map(_in_words, stored)), Counter(map(_in_words, today))
    gone = [Change("Benefit", words, "") for words in (old - new).elements()]
    return gone + [Change("Benefit", "", words) for words in (new - old).elements()]


def _in_words(benefit: BenefitDetail) -> str:
    values = [(field.replace("_", " "), getattr(benefit, field)) for field in _BENEFIT]
    return ", ".join(f"{name} {_shown(value)}" for name, value in values if value not in (None, ""))


def _shown(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "").isdigit() else text
