"""The EB loops of an answer (005010X279A1 2110C and 2110D)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tradingpartners.simulator.inquiries import HEALTH_BENEFIT_PLAN_COVERAGE
from tradingpartners.simulator.members import Behaviour, Member
from tradingpartners.simulator.payers import PAYERS, Payer
from tradingpartners.simulator.segments import Element, Segment
from tradingpartners.simulator.verdicts import DENTAL, OTHER_TYPES, Found, Status

ACTIVE, PENDING, INACTIVE = "1", "5", "6"
CALENDAR_YEAR, VISIT, REMAINING = "23", "27", "29"
# What a medical plan covers, besides saying so for type 30.
COVERED_TYPES = ("1", "33", "47", "48", "50", "86", "88", "98", "AL", "MH", "UC")
AUTHORIZED_TYPES = ("62", "73")
HELP_LINE = "8005550142"


@dataclass(frozen=True)
class Benefit:
    """One EB. `cost` is EB07, `percent` EB08, `visits` EB10; `network` is EB12."""

    code: str
    level: str = ""
    types: tuple[str, ...] = ()
    insurance_type: str = ""
    plan: str = ""
    period: str = ""
    cost: int | None = None
    percent: int | None = None
    visits: int | None = None
    authorization: str = ""
    network: str = ""
    follows: Sequence[Segment] = field(default_factory=tuple)

    def segments(self) -> list[Segment]:
        types: Element = self.types if len(self.types) > 1 else "".join(self.types)
        cost = "" if self.cost is None else str(self.cost)
        percent = "" if self.percent is None else f"{self.percent / 100:g}".removeprefix("0")
        quantity = ("", "") if self.visits is None else ("VS", str(self.visits))
        head: Segment = (
            "EB", self.code, self.level, types, self.insurance_type, self.plan, self.period,
            cost, percent or ("0" if self.percent == 0 else ""), *quantity,
            self.authorization, self.network,
        )  # fmt: skip
        return [head, *self.follows]


def benefit_loops(verdict: Found, payer: Payer) -> list[Segment]:
    """Status first, then what the plan pays: nothing but the status where there is no coverage."""
    member = verdict.member
    if verdict.status is Status.INACTIVE:
        benefits = [inactive(member, payer)]
    elif member.behaviour is Behaviour.OTHER_TYPES_ONLY:
        benefits = other_types_only(member, payer)
    elif member.behaviour is Behaviour.DENTAL_ONLY:
        benefits = dental_only(member, payer)
    else:
        asked = verdict.question.service_types
        benefits = [*statuses(member, payer, asked), *costs(member, payer), *limits(member, payer)]
        if member.behaviour is Behaviour.OTHER_PAYER_FIRST:
            benefits.append(other_payer(payer))
    return [segment for benefit in benefits for segment in benefit.segments()]


def message(text: str) -> Segment:
    return ("MSG", text)


def inactive(member: Member, payer: Payer) -> Benefit:
    return Benefit(
        INACTIVE,
        types=(HEALTH_BENEFIT_PLAN_COVERAGE,),
        insurance_type=member.insurance_type,
        plan=member.plan_name.upper(),
        follows=[message("NO COVERAGE ON THE DATE ASKED ABOUT")],
    )


def statuses(member: Member, payer: Payer, asked: tuple[str, ...]) -> list[Benefit]:
    pending = member.behaviour is Behaviour.PENDING_INVESTIGATION
    plan = Benefit(
        PENDING if pending else ACTIVE,
        level=payer.coverage_level,
        types=(HEALTH_BENEFIT_PLAN_COVERAGE,),
        insurance_type=member.insurance_type,
        plan=member.plan_name.upper(),
        follows=[message("COVERAGE UNDER REVIEW")] if pending else (),
    )
    if pending:
        return [plan]
    covered = [Benefit(ACTIVE, types=COVERED_TYPES)]
    if payer.one_type_per_segment:
        covered = [Benefit(ACTIVE, types=(code,)) for code in COVERED_TYPES]
    known = {HEALTH_BENEFIT_PLAN_COVERAGE, *COVERED_TYPES, *AUTHORIZED_TYPES}
    elsewhere = [Benefit("I", types=(code,)) for code in asked if code not in known]
    return [plan, *covered, *elsewhere]


def costs(member: Member, payer: Payer) -> list[Benefit]:
    """Deductible (C), out of pocket (G), co-payment (B), co-insurance (A)."""
    pays, one = member.benefits, payer.coverage_level
    whole = (HEALTH_BENEFIT_PLAN_COVERAGE,)

    def yearly(code: str, level: str, amount: int, remaining: int) -> list[Benefit]:
        return [
            Benefit(code, level, whole, period=CALENDAR_YEAR, cost=amount, network="Y"),
            Benefit(code, level, whole, period=REMAINING, cost=remaining, network="Y"),
        ]

    def visit(code: str, amount: int, *notes: str) -> Benefit:
        follows = [message(note) for note in notes]
        return Benefit("B", one, (code,), period=VISIT, cost=amount, network="Y", follows=follows)

    family = yearly("C", "FAM", pays.family_deductible, pays.family_deductible_remaining)
    return [
        *yearly("C", one, pays.deductible, pays.deductible_remaining),
        *(family if member.group else []),
        Benefit("C", one, whole, period=CALENDAR_YEAR, cost=pays.deductible * 2, network="N"),
        *yearly("G", one, pays.out_of_pocket, pays.out_of_pocket_remaining),
        visit("98", pays.copay_primary, "PRIMARY CARE VISIT"),
        visit("98", pays.copay_specialist, "SPECIALIST VISIT"),
        visit("UC", pays.copay_urgent),
        visit("86", pays.copay_emergency, "WAIVED IF ADMITTED"),
        Benefit("A", one, whole, percent=pays.coinsurance_in, network="Y"),
        Benefit("A", one, whole, percent=pays.coinsurance_out, network="N"),
    ]


def limits(member: Member, payer: Payer) -> list[Benefit]:
    pays, one = member.benefits, payer.coverage_level
    therapy = ("PT",)
    benefits = [
        Benefit(
            "F", one, therapy, period=CALENDAR_YEAR, visits=pays.therapy_visits, network="Y",
            follows=[("HSD", "VS", str(pays.therapy_visits), "", "", CALENDAR_YEAR, "1")],
        ),
        Benefit("F", one, therapy, period=REMAINING, visits=pays.therapy_visits_remaining),
        Benefit("CB", "", AUTHORIZED_TYPES, authorization="Y", network="Y"),
    ]  # fmt: skip
    caring = member.primary_care
    if caring is not None:
        name = (caring.last_name.upper(), caring.first_name.upper())
        nm1: Segment = ("NM1", "P3", "1", *name, "", "", "", "XX", caring.npi)
        benefits.append(Benefit("L", follows=related_entity(nm1, caring.phone)))
    return benefits


def related_entity(nm1: Segment, phone: str) -> list[Segment]:
    return [("LS", "2120"), nm1, ("PER", "IC", "", "TE", phone), ("LE", "2120")]


def other_payer(payer: Payer) -> Benefit:
    """EB*R: another payer, the next one along, is to be billed first."""
    keys = list(PAYERS)
    other = PAYERS[keys[(keys.index(payer.key) + 1) % len(keys)]]
    nm1: Segment = ("NM1", "PRP", "2", other.name.upper(), "", "", "", "", "PI", other.payer_id)
    return Benefit(
        "R",
        types=(HEALTH_BENEFIT_PLAN_COVERAGE,),
        follows=related_entity(nm1, HELP_LINE),
    )


def other_types_only(member: Member, payer: Payer) -> list[Benefit]:
    """Active for some service types, and not a word on health benefit plan coverage as such."""
    help_desk: Segment = ("NM1", "VN", "2", "BEHAVIORAL AND VISION SERVICES")
    return [
        *(Benefit(ACTIVE, types=(code,), plan=member.plan_name.upper()) for code in OTHER_TYPES),
        Benefit(
            "B", payer.coverage_level, OTHER_TYPES[:1], period=VISIT,
            cost=member.benefits.copay_primary, network="Y",
        ),
        Benefit("U", follows=related_entity(help_desk, HELP_LINE)),
    ]  # fmt: skip


def dental_only(member: Member, payer: Payer) -> list[Benefit]:
    """A plan for teeth: active for dental care, with its own deductible and yearly limit."""
    pays, one, teeth = member.benefits, payer.coverage_level, (DENTAL,)
    return [
        Benefit(ACTIVE, one, teeth, insurance_type=member.insurance_type, plan=member.plan_name.upper()),
        Benefit("C", one, teeth, period=CALENDAR_YEAR, cost=pays.deductible, network="Y"),
        Benefit("C", one, teeth, period=REMAINING, cost=pays.deductible_remaining, network="Y"),
        Benefit("A", one, teeth, percent=pays.coinsurance_in, network="Y"),
        Benefit("F", one, teeth, period=CALENDAR_YEAR, cost=pays.out_of_pocket, network="Y"),
    ]
