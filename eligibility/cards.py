"""The coverage card and the benefits table: what the latest answer says, and nothing it does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from coverage.models import Coverage
from eligibility.desk import Word, check_word, coverage_level, service_type
from eligibility.models import BenefitDetail, EligibilityCheck
from practice.models import User
from practice.templatetags.preflight import money, plain_date

# For a copay: what the facility asked about, then an office visit, then the plan in general.
OFFICE_VISIT = "98"
WHOLE_PLAN = "30"


@dataclass(frozen=True)
class Figure:
    """An amount left of an amount, in words; empty where the payer named none."""

    left: Decimal | None = None
    whole: Decimal | None = None
    several: bool = False

    @property
    def words(self) -> str:
        if self.several:
            return "Several figures: see the benefits"
        if self.left is not None and self.whole is not None:
            return f"{money(self.left)} left of {money(self.whole)}"
        if self.left is not None:
            return f"{money(self.left)} left"
        return f"{money(self.whole)}, the payer does not say what is left" if self.whole is not None else ""

    @property
    def used_percent(self) -> int | None:
        if self.several or self.left is None or not self.whole:
            return None
        return round(100 * max(Decimal(0), min(Decimal(1), 1 - self.left / self.whole)))


@dataclass(frozen=True)
class Flag:
    """Whether something is needed first, and for which services."""

    needed: bool | None
    services: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        if self.needed is None:
            return "Payer does not say"
        if not self.needed:
            return "No"
        return f"Yes: {', '.join(self.services)}" if self.services else "Yes"


@dataclass(frozen=True)
class Difference:
    """One field as we have it and as the payer states it."""

    name: str
    ours: str
    payers: str

    @property
    def differs(self) -> bool:
        return self.ours != self.payers


@dataclass(frozen=True)
class Card:
    coverage: Coverage
    check: EligibilityCheck | None
    benefits: Sequence[BenefitDetail] = field(default_factory=list)

    @property
    def word(self) -> Word | None:
        return word_of(self.check) if self.check else None

    @property
    def rank_words(self) -> str:
        return {1: "First", 2: "Second", 3: "Third"}.get(self.coverage.rank, str(self.coverage.rank))

    @property
    def deductible(self) -> Figure:
        return self._figure("deductible_remaining_amount", "deductible_amount")

    @property
    def out_of_pocket(self) -> Figure:
        return self._figure("out_of_pocket_remaining_amount", "out_of_pocket_max_amount")

    @property
    def copay(self) -> str:
        """For the visit at hand; the services are named, because a copay is never general."""
        asked = self.check.service_type if self.check else WHOLE_PLAN
        wanted = [asked, OFFICE_VISIT] if asked != WHOLE_PLAN else [OFFICE_VISIT, WHOLE_PLAN]
        for code in wanted:
            rows = [b for b in self.benefits if b.service_category == code and b.copay_amount is not None]
            amounts = sorted({b.copay_amount for b in nearest(rows) if b.copay_amount is not None})
            if len(amounts) == 1:
                return f"{money(amounts[0])} ({service_type(code).lower()})"
            if amounts:
                return f"{money(amounts[0])} to {money(amounts[-1])} ({service_type(code).lower()})"
        return ""

    @property
    def prior_authorization(self) -> Flag:
        return flag((b.service_category, b.requires_prior_auth) for b in self.benefits)

    @property
    def referral(self) -> Flag:
        return flag((b.service_category, b.requires_referral) for b in self.benefits)

    @property
    def differences(self) -> list[Difference]:
        """Ours beside the payer's, for every field the payer stated; empty if it stated none."""
        ours = self.coverage
        rows = []
        if ours.payer_active is not None:
            rows.append(Difference("Active", yes(ours.is_active), yes(ours.payer_active)))
        if ours.payer_effective_date:
            rows.append(
                Difference("Begins", plain_date(ours.effective_date), plain_date(ours.payer_effective_date))
            )
        if ours.payer_termination_date:
            rows.append(Difference("Ends", ends(ours.termination_date), ends(ours.payer_termination_date)))
        return rows

    def _figure(self, left: str, whole: str) -> Figure:
        general = [
            b
            for b in self.benefits
            if b.service_category == WHOLE_PLAN
            and (getattr(b, left) is not None or getattr(b, whole) is not None)
        ]
        pairs = {(getattr(b, left), getattr(b, whole)) for b in nearest(general)}
        if len(pairs) > 1:
            return Figure(several=True)
        return Figure(*pairs.pop()) if pairs else Figure()


def word_of(check: EligibilityCheck) -> Word:
    return check_word(check.status, error_code=check.error_code, answered=check.response_received is not None)


def yes(value: bool) -> str:
    return "Yes" if value else "No"


def ends(day: date | None) -> str:
    return plain_date(day) if day else "No end"


def nearest(rows: Sequence[BenefitDetail]) -> list[BenefitDetail]:
    """The rows that speak of this person in the network before those that speak of others."""

    def distance(benefit: BenefitDetail) -> tuple[int, int]:
        level = {"IND": 0, "": 1}.get(benefit.coverage_level, 2)
        network = {"in": 0, "both": 0, "": 1}.get(benefit.network, 2)
        return network, level

    best = min((distance(b) for b in rows), default=None)
    return [b for b in rows if distance(b) == best]


def flag(stated: Iterable[tuple[str, bool | None]]) -> Flag:
    said = [(code, value) for code, value in stated if value is not None]
    needed = tuple(dict.fromkeys(service_type(code) for code, value in said if value))
    return Flag(True, needed) if needed else Flag(False if said else None)


@dataclass(frozen=True)
class Service:
    """All benefits of one kind of service, under its name."""

    name: str
    benefits: list[BenefitDetail]


def by_service(benefits: Iterable[BenefitDetail]) -> list[Service]:
    """The plan in general first, then the services in the payer's order."""
    groups: dict[str, list[BenefitDetail]] = {}
    for benefit in benefits:
        benefit.level_words = coverage_level(benefit.coverage_level)  # type: ignore[attr-defined]
        groups.setdefault(benefit.service_category, []).append(benefit)
    codes = sorted(groups, key=lambda code: code != WHOLE_PLAN)
    return [Service(service_type(code), groups[code]) for code in codes]


def cards(coverages: Sequence[Coverage], user: User) -> list[Card]:
    """Each coverage with its latest answered check and that answer's benefits: two queries."""
    keys = [coverage.pk for coverage in coverages]
    latest = {
        check.coverage_id: check
        for check in EligibilityCheck.objects.visible_to(user)
        .filter(coverage__in=keys, response_received__isnull=False)
        .order_by("coverage_id", "-response_received")
        .distinct("coverage_id")
        .defer("raw_request", "raw_response")
    }
    benefits: dict[UUID, list[BenefitDetail]] = {}
    for benefit in (
        BenefitDetail.objects.visible_to(user)
        .filter(eligibility_check__in=[check.pk for check in latest.values()], is_deleted=False)
        .order_by("id")
    ):
        benefits.setdefault(benefit.eligibility_check_id, []).append(benefit)
    made = []
    for coverage in coverages:
        check = latest.get(coverage.pk)
        made.append(Card(coverage, check, benefits.get(check.pk, []) if check else []))
    return made
