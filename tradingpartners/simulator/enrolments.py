"""One person's coverage seen from both sides, and how each case makes the two sides differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol

from tradingpartners.simulator.cases import Case
from tradingpartners.simulator.identities import Identities
from tradingpartners.simulator.members import Behaviour, Dependent, Member, Person
from tradingpartners.simulator.months import first_of_month
from tradingpartners.simulator.payers import Payer, Plan


@dataclass(frozen=True)
class Household:
    subscriber: Person
    patient: Person
    relationship: str = "self"


@dataclass(frozen=True)
class Enrolment:
    """`member` is what the payer knows (None: nobody), the rest is what the practice believes."""

    payer: Payer
    plan: Plan
    member: Member | None
    subscriber: Person
    patient: Person
    relationship: str
    member_id: str
    group: str | None
    effective_date: date
    termination_date: date | None = None
    rank: int = 1

    def coverage_json(self) -> dict[str, Any]:
        ends = self.termination_date
        return {
            "payer": self.payer.key,
            "plan_name": self.plan.name,
            "plan_type": self.plan.plan_type,
            "member_id": self.member_id,
            "subscriber_first_name": self.subscriber.first_name,
            "subscriber_last_name": self.subscriber.last_name,
            "subscriber_birth_date": self.subscriber.birth_date.isoformat(),
            "relationship": self.relationship,
            "group_number": self.group,
            "rank": self.rank,
            "effective_date": self.effective_date.isoformat(),
            "termination_date": ends.isoformat() if ends else None,
        }

    def knowing(self, **changes: Any) -> "Enrolment":
        """The same enrolment where the payer's record differs, if it has one."""
        return replace(self, member=self.member and replace(self.member, **changes))

    def believing(self, person: Person) -> "Enrolment":
        """The same enrolment where the practice has its patient, a subscriber, as `person`."""
        return replace(self, subscriber=person, patient=person)


def enrol(identities: Identities, payer: Payer, plan: Plan, household: Household) -> Enrolment:
    """An active enrolment on which both sides agree."""
    dice, today = identities.dice, identities.today
    begin = first_of_month(today - timedelta(days=dice.randint(395, 1900)))
    group = None if plan.plan_type == "Medicaid" else identities.number("G######")
    through = household.relationship != "self"
    relatives = (Dependent(household.patient, household.relationship),) if through else ()
    member = Member(
        person=household.subscriber,
        member_id=identities.number(payer.id_format),
        accepts_ids=(),
        coverage_begin=begin,
        coverage_end=None,
        plan_name=plan.name,
        insurance_type=plan.insurance_type,
        group=group,
        address=identities.address(),
        benefits=identities.benefits(plan.plan_type),
        primary_care=identities.primary_care() if plan.plan_type in {"HMO", "Medicaid"} else None,
        dependents=relatives,
    )
    return Enrolment(
        payer=payer,
        plan=plan,
        member=member,
        subscriber=household.subscriber,
        patient=household.patient,
        relationship=household.relationship,
        member_id=member.member_id,
        group=group,
        effective_date=begin,
    )


class Adapt(Protocol):
    """Make an enrolment into the `nth` of its case."""

    def __call__(
        self,
        enrolment: Enrolment,
        *,
        nth: int,
        identities: Identities,
        visit_days: Sequence[date],
        last_day: date,
    ) -> Enrolment: ...


def behaving(*behaviours: Behaviour) -> Adapt:
    """The payer treats its members in turn in one of these ways."""

    def adapt(enrolment: Enrolment, *, nth: int, **_: Any) -> Enrolment:
        return enrolment.knowing(behaviour=behaviours[nth % len(behaviours)])

    return adapt


def inactive(enrolment: Enrolment, *, identities: Identities, **_: Any) -> Enrolment:
    days = identities.dice.randint(4, 150)
    return enrolment.knowing(coverage_end=identities.today - timedelta(days=days))


def terminated(enrolment: Enrolment, *, identities: Identities, **_: Any) -> Enrolment:
    """Both sides know that coverage has ended: nobody needs to ask."""
    ended = identities.today - timedelta(days=identities.dice.randint(1, 60))
    return replace(enrolment.knowing(coverage_end=ended), termination_date=ended)


def ending(
    enrolment: Enrolment,
    *,
    nth: int,
    identities: Identities,
    visit_days: Sequence[date],
    last_day: date,
) -> Enrolment:
    """Coverage ends inside the window: in turn on or after the first visit's day, and before it."""
    today, visit = identities.today, visit_days[0]
    if nth % 2 and visit > today:
        first, last = today, visit - timedelta(days=1)
    else:
        first, last = visit, last_day
    days = identities.dice.randint(0, (last - first).days)
    return enrolment.knowing(coverage_end=first + timedelta(days=days))


def corrected_id(enrolment: Enrolment, *, identities: Identities, **_: Any) -> Enrolment:
    """The practice still has an id the payer has replaced but accepts."""
    old = identities.number(enrolment.payer.id_format)
    return replace(enrolment.knowing(accepts_ids=(old,)), member_id=old)


def wrong_member_id(enrolment: Enrolment, identities: Identities) -> Enrolment:
    return replace(enrolment, member_id=identities.mistyped(enrolment.member_id))


def misspelt_name(enrolment: Enrolment, identities: Identities) -> Enrolment:
    """One small letter of the last name is left out."""
    name = enrolment.subscriber.last_name
    at = identities.dice.choice([at for at, mark in enumerate(name) if mark.islower()])
    misspelt = name[:at] + name[at + 1 :]
    return enrolment.believing(replace(enrolment.subscriber, last_name=misspelt))


def wrong_birth_date(enrolment: Enrolment, identities: Identities) -> Enrolment:
    born = identities.other_birth_date(enrolment.subscriber)
    return enrolment.believing(replace(enrolment.subscriber, birth_date=born))


def unheard_of(enrolment: Enrolment, _: Identities) -> Enrolment:
    return replace(enrolment, member=None)


# In turn: AAA03 72, 73, 75 and 71.
MISTAKES: tuple[Callable[[Enrolment, Identities], Enrolment], ...] = (
    wrong_member_id,
    misspelt_name,
    unheard_of,
    wrong_birth_date,
)


def mistaken(enrolment: Enrolment, *, nth: int, identities: Identities, **_: Any) -> Enrolment:
    return MISTAKES[nth % len(MISTAKES)](enrolment, identities)


def mistaken_dependent(enrolment: Enrolment, *, nth: int, identities: Identities, **_: Any) -> Enrolment:
    """The subscriber is right; in turn the patient is not on the policy, or born on another day."""
    if nth % 2 == 0:
        return enrolment.knowing(dependents=())
    born = identities.other_birth_date(enrolment.patient)
    return replace(enrolment, patient=replace(enrolment.patient, birth_date=born))


def on_both_ranks(first: Enrolment, second: Enrolment, *, nth: int, today: date) -> list[Enrolment]:
    """Two coverages of one patient, Medicaid last; every fifth second one has ended."""
    if first.plan.plan_type == "Medicaid":
        first, second = second, first
    second = replace(second, rank=2)
    if nth % 5 == 4:
        second = second.knowing(coverage_end=today - timedelta(days=45))
    return [first, second]


ADAPT: dict[Case, Adapt] = {
    Case.INACTIVE: inactive,
    Case.TERMINATED: terminated,
    Case.ENDING: ending,
    Case.CORRECTED_ID: corrected_id,
    Case.AAA_2100A: behaving(Behaviour.UNAVAILABLE, Behaviour.UNAVAILABLE_ONCE, Behaviour.NO_PARTICIPANT),
    Case.AAA_2100C: mistaken,
    Case.AAA_2100D: mistaken_dependent,
    Case.NO_ANSWER: behaving(Behaviour.NO_ANSWER),
    Case.OTHER_PAYER_FIRST: behaving(Behaviour.OTHER_PAYER_FIRST),
    Case.OTHER_TYPES_ONLY: behaving(Behaviour.OTHER_TYPES_ONLY),
    Case.PENDING_INVESTIGATION: behaving(Behaviour.PENDING_INVESTIGATION),
}
