"""A demo population: what a practice believes about its patients, and what each payer knows."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tradingpartners.simulator.cases import Case, draw_cases
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.enrolments import ADAPT, Enrolment, Household, enrol, on_both_ranks
from tradingpartners.simulator.identities import Identities
from tradingpartners.simulator.members import Member, Person
from tradingpartners.simulator.payers import PAYERS, SLOW_PAYER, Payer, Plan
from tradingpartners.simulator.visits import Practice, Visit

# The cases whose patient is insured through somebody else.
THROUGH_SUBSCRIBER = {Case.DEPENDENT, Case.AAA_2100D}

SENIOR = "Medicare Advantage"


def make_population(*, members: int, seed: int, today: date, window_days: int) -> dict[str, Any]:
    """The population as JSON values: the same arguments give the same population."""
    return Population(seed=seed, today=today, window_days=window_days).fill(members)


class Population:
    def __init__(self, *, seed: int, today: date, window_days: int) -> None:
        self.seed = seed
        self.today = today
        self.window_days = window_days
        self.dice = dice("population", seed)
        self.identities = Identities(self.dice, today=today)
        self.practice = Practice(self.identities, today=today, window_days=window_days)
        self.deck = self.deal_payers()
        self.truth: dict[str, list[Member]] = {key: [] for key in PAYERS}
        self.dealt: dict[Case, int] = {}

    def fill(self, members: int) -> dict[str, Any]:
        cases = draw_cases(members, self.dice)
        patients = [self.patient(number, case) for number, case in enumerate(cases, start=1)]
        return {
            "seed": self.seed,
            "today": self.today.isoformat(),
            "window_days": self.window_days,
            "payers": [payer_json(payer) for payer in PAYERS.values()],
            "practice": {**self.practice.to_json(), "patients": patients},
            "truth": {
                key: {"members": [member.to_json() for member in known]} for key, known in self.truth.items()
            },
            "cases": {
                case: [
                    patient["key"] for patient, drawn in zip(patients, cases, strict=True) if drawn == case
                ]
                for case in Case
            },
        }

    def deal_payers(self) -> Iterator[Payer]:
        """Every payer once, in an order of chance, then again: roughly equal shares."""
        while True:
            hand = list(PAYERS.values())
            self.dice.shuffle(hand)
            yield from hand

    def patient(self, number: int, case: Case) -> dict[str, Any]:
        visits = self.practice.visits(both_months=case is Case.BOTH_MONTHS)
        enrolments = self.enrolments(case, visits)
        believed = enrolments[0].patient if enrolments else self.identities.person(19, 64)
        for enrolment in enrolments:
            if enrolment.member is not None:
                self.truth[enrolment.payer.key].append(enrolment.member)
        return {
            "key": f"P{number:05d}",
            "mrn": f"RFM{100000 + number}",
            "first_name": believed.first_name,
            "last_name": believed.last_name,
            "birth_date": believed.birth_date.isoformat(),
            "gender": believed.gender,
            "phone": self.identities.phone(),
            "coverages": [enrolment.coverage_json() for enrolment in enrolments],
            "visits": [visit.to_json() for visit in visits],
        }

    def enrolments(self, case: Case, visits: tuple[Visit, ...]) -> list[Enrolment]:
        if case is Case.NO_COVERAGE:
            return []
        payer = SLOW_PAYER if case is Case.NO_ANSWER else next(self.deck)
        plan = self.dice.choice(payer.plans)
        enrolment = enrol(self.identities, payer, plan, self.household(case, plan))
        nth = self.dealt[case] = self.dealt.get(case, -1) + 1
        if case in ADAPT:
            enrolment = ADAPT[case](
                enrolment,
                nth=nth,
                identities=self.identities,
                visit_days=[visit.date for visit in visits],
                last_day=self.practice.last_day,
            )
        if case is Case.TWO_COVERAGES:
            return self.with_second(enrolment, nth=nth)
        return [enrolment]

    def with_second(self, first: Enrolment, *, nth: int) -> list[Enrolment]:
        payer = next(payer for payer in self.deck if payer is not first.payer)
        plan = self.dice.choice([plan for plan in payer.plans if plan.plan_type != SENIOR])
        household = Household(subscriber=first.patient, patient=first.patient)
        second = enrol(self.identities, payer, plan, household)
        return on_both_ranks(first, second, nth=nth, today=self.today)

    def household(self, case: Case, plan: Plan) -> Household:
        draw = self.identities.person
        youngest, oldest = (66, 88) if plan.plan_type == SENIOR else (26, 64)
        subscriber = draw(youngest, oldest)
        if case not in THROUGH_SUBSCRIBER:
            return Household(subscriber=subscriber, patient=subscriber)
        relationship = self.dice.choice(("spouse", "child", "child", "other"))
        patient: Person
        if relationship == "spouse":
            patient = draw(youngest, oldest, last_name=subscriber.last_name)
        elif relationship == "child":
            patient = draw(1, min(17, youngest - 1), last_name=subscriber.last_name)
        else:
            patient = draw(19, 25)
        return Household(subscriber=subscriber, patient=patient, relationship=relationship)


def payer_json(payer: Payer) -> dict[str, str]:
    return {
        "key": payer.key,
        "name": payer.name,
        "transport": payer.transport.value,
        "payer_id": payer.payer_id,
        "notes": payer.notes,
    }
