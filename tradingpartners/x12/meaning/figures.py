"""The figures of an answer's benefits: deductible, copay, coinsurance, out of pocket, visits.

One value per service type, level, network, plan and procedure, made of all EBs that speak of it;
each points back at its segments. A figure that holds only somewhere or sometimes keeps its
condition; one stated twice and differently is told apart by what the EBs say of themselves, never
picked from. What is not stated is None, and what stands in the wrong place is remarked, not guessed.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.meaning.periods import Period, stated_periods, union
from tradingpartners.x12.meaning.referrals import referral_required
from tradingpartners.x12.meaning.stated_figures import (
    DOUBTFUL,
    OF_A_LIFETIME,
    Remark,
    RemarkCode,
    Value,
    stated_figure,
)
from tradingpartners.x12.parties import Procedure, ServiceDelivery
from tradingpartners.x12.ts271.values import AdditionalInformation, Answer, Benefit


class Network(StrEnum):
    """EB12."""

    IN = "in"
    OUT = "out"
    BOTH = "both"
    NOT_STATED = ""


class Condition(NamedTuple):
    """When or where figures hold, as far as it sets them apart from others."""

    # Whatever else is stated: these always limit a figure.
    lifetime: bool = False
    additional: tuple[AdditionalInformation, ...] = ()
    diagnosis_pointers: tuple[int, ...] = ()
    # Days that do not include the one asked about.
    dates: Period = Period()
    # Only where figures would contradict each other without them.
    messages: tuple[str, ...] = ()
    deliveries: tuple[ServiceDelivery, ...] = ()
    # EB04.
    insurance_type: str = ""
    period: str = ""
    # Where nothing tells them apart, in the order of the answer.
    number: int = 0


class Figures(NamedTuple):
    """What is stated of one service type, level, network, plan, procedure and condition."""

    service_type: str
    # False where EB03 is absent and the type asked about stands in for it.
    service_type_stated: bool
    # EB02, or "".
    coverage_level: str
    network: Network
    plan: str
    procedure: Procedure | None
    condition: Condition
    # EB01 1-8.
    status: str | None = None
    copay: Decimal | None = None
    # EB06 of the copay: per visit, day, admission …
    copay_period: str | None = None
    # A fraction of one: .2 is 20 percent.
    coinsurance: Decimal | None = None
    deductible: Decimal | None = None
    deductible_remaining: Decimal | None = None
    out_of_pocket: Decimal | None = None
    out_of_pocket_remaining: Decimal | None = None
    visits: Decimal | None = None
    visits_remaining: Decimal | None = None
    authorization_required: bool | None = None
    referral_required: bool | None = None
    messages: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    segment_numbers: tuple[int, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """Whether a person should look at the answer itself."""
        return any(remark.code in DOUBTFUL for remark in self.remarks)


class _Key(NamedTuple):
    service_type: str
    coverage_level: str
    network: Network
    plan: str
    procedure: Procedure | None


class _Statement(NamedTuple):
    """One EB as it speaks of one key: its values by the field of `Figures`."""

    benefit: Benefit
    values: dict[str, Value]
    remarks: tuple[Remark, ...]
    # What always limits it.
    limits: Condition


# A figure and its rest belong together: told apart, they are told apart as a pair.
_FAMILIES = (
    ("status",),
    ("copay", "copay_period"),
    ("coinsurance",),
    ("deductible", "deductible_remaining"),
    ("out_of_pocket", "out_of_pocket_remaining"),
    ("visits", "visits_remaining"),
)
# What an EB requires stands where its figure does.
_REQUIREMENTS = (("authorization_required",), ("referral_required",))
_NETWORKS = {"Y": Network.IN, "N": Network.OUT, "W": Network.BOTH}
_YES_NO = {"Y": True, "N": False}
_WITHOUT_LIMITS = Condition()
# EBs times the service types of each: some twenty times those of a long answer.
_MOST_STATED = 20_000


def benefit_figures(answer: Answer, *, asked_type: str, asked: date | None = None) -> tuple[Figures, ...]:
    """Every figure of an answer. An EB without a service type speaks of the one asked about.

    Where there are too many, the last row says so and names the EBs that are in none.
    """
    by_key: dict[_Key, list[_Statement]] = {}
    count = 0
    left_out: list[Benefit] = []
    for benefit in answer.benefits:
        statement = _statement(benefit, asked)
        if statement is None:
            continue
        network = _NETWORKS.get(benefit.in_network or "", Network.NOT_STATED)
        service_types = dict.fromkeys(benefit.service_types or (asked_type,))
        if count + len(service_types) > _MOST_STATED:
            left_out.append(benefit)
            continue
        count += len(service_types)
        for service_type in service_types:
            key = _Key(
                service_type, benefit.coverage_level or "", network, benefit.plan or "", benefit.procedure
            )
            by_key.setdefault(key, []).append(statement)
    rows = [figures for key, said in by_key.items() for figures in _figures_of(key, said)]
    return (*rows, _excess(left_out, asked_type)) if left_out else tuple(rows)


def _excess(left_out: Sequence[Benefit], asked_type: str) -> Figures:
    return Figures(
        *(asked_type, False, "", Network.NOT_STATED, "", None, _WITHOUT_LIMITS),
        remarks=(Remark(RemarkCode.TOO_MANY, left_out[0]),),
        segment_numbers=tuple([benefit.segment_number for benefit in left_out]),
    )


def _statement(benefit: Benefit, asked: date | None) -> _Statement | None:
    """What an EB states; None where it has nothing for this table."""
    values, remarks = stated_figure(benefit)
    if benefit.authorization_required in _YES_NO:
        values["authorization_required"] = _YES_NO[benefit.authorization_required]
    referral = referral_required(benefit.messages) if benefit.messages else None
    if referral is not None:
        values["referral_required"] = referral
    if not (values or remarks or benefit.messages):
        return None
    return _Statement(benefit, values, remarks, _limits(benefit, asked))


def _limits(benefit: Benefit, asked: date | None) -> Condition:
    lifetime = benefit.period in OF_A_LIFETIME
    if not (lifetime or benefit.additional or benefit.diagnosis_pointers or benefit.dates):
        return _WITHOUT_LIMITS
    elsewhere = Period()
    if asked and benefit.dates:
        stated = stated_periods(benefit.dates)
        if not stated.overlapping(Period(asked, asked)):
            elsewhere = union(stated.periods)
    return Condition(lifetime, benefit.additional, benefit.diagnosis_pointers, elsewhere)


# --- one value a condition -----------------------------------------------------------------------


class _Row:
    """What comes together under one condition."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.statements: dict[int, _Statement] = {}

    def add(self, statement: _Statement, values: dict[str, Value]) -> None:
        self.values.update(values)
        self.statements.setdefault(statement.benefit.segment_number, statement)


def _figures_of(key: _Key, said: Sequence[_Statement]) -> list[Figures]:
    together = _all_together(said)
    if together is not None:
        return [_figures(key, said[0].limits, together)]
    rows: dict[Condition, _Row] = {}
    by_limits: dict[Condition, list[_Statement]] = {}
    for statement in said:
        by_limits.setdefault(statement.limits, []).append(statement)
    for limits, statements in by_limits.items():
        placed: dict[int, Condition] = {}
        for family in (*_FAMILIES, *_REQUIREMENTS):
            speaking = [s for s in statements if any(field in s.values for field in family)]
            apart = None if _agree(speaking, family) else _told_apart(limits, speaking, family)
            for at, statement in enumerate(speaking):
                number = statement.benefit.segment_number
                condition = apart[at] if apart else placed.get(number, limits)
                values = {field: s for field in family if (s := statement.values.get(field)) is not None}
                rows.setdefault(condition, _Row()).add(statement, values)
                placed.setdefault(number, condition)
        for statement in statements:
            if statement.benefit.segment_number not in placed:
                rows.setdefault(limits, _Row()).add(statement, {})
    return [_figures(key, condition, row) for condition, row in rows.items()]


def _all_together(said: Sequence[_Statement]) -> _Row | None:
    """One row, where nothing contradicts and nothing is limited: as it nearly always is."""
    row = _Row()
    for statement in said:
        if statement.limits is not said[0].limits:
            return None
        for field, value in statement.values.items():
            if row.values.get(field, value) != value:
                return None
        row.add(statement, statement.values)
    return row


def _told_apart(
    limits: Condition, speaking: Sequence[_Statement], family: tuple[str, ...]
) -> list[Condition]:
    """Under what each is to be kept, so that no field has two values: as little as does it."""
    conditions = [
        limits._replace(messages=s.benefit.messages, deliveries=_deliveries(s.benefit)) for s in speaking
    ]
    conditions = _narrowed(
        conditions, speaking, family, lambda c, s: c._replace(insurance_type=s.benefit.insurance_type or "")
    )
    # Where that is not enough, whole and rest cannot be paired: each value stands by its period.
    conditions = _narrowed(
        conditions, speaking, family, lambda c, s: c._replace(period=s.benefit.period or "")
    )
    numbers: dict[tuple[Condition, tuple[Value | None, ...]], int] = {}

    def numbered(condition: Condition, statement: _Statement) -> Condition:
        value = tuple([statement.values.get(field) for field in family])
        return condition._replace(number=numbers.setdefault((condition, value), len(numbers) + 1))

    return _narrowed(conditions, speaking, family, numbered)


def _narrowed(
    conditions: Sequence[Condition],
    speaking: Sequence[_Statement],
    family: tuple[str, ...],
    narrow: Callable[[Condition, _Statement], Condition],
) -> list[Condition]:
    """The conditions under which statements still contradict each other, made narrower."""
    groups: dict[Condition, list[_Statement]] = {}
    for condition, statement in zip(conditions, speaking, strict=True):
        groups.setdefault(condition, []).append(statement)
    enough = {condition for condition, group in groups.items() if _agree(group, family)}
    return [c if c in enough else narrow(c, s) for c, s in zip(conditions, speaking, strict=True)]


def _agree(statements: Sequence[_Statement], family: tuple[str, ...]) -> bool:
    return all(len({s.values[field] for s in statements if field in s.values}) <= 1 for field in family)


def _deliveries(benefit: Benefit) -> tuple[ServiceDelivery, ...]:
    """HSD, and EB09/10 where they bound another figure."""
    if benefit.quantity is None or benefit.code == "F":
        return benefit.deliveries
    return (ServiceDelivery(benefit.quantity_qualifier or "", benefit.quantity), *benefit.deliveries)


def _figures(key: _Key, condition: Condition, row: _Row) -> Figures:
    numbers = sorted(row.statements)
    statements = [row.statements[number] for number in numbers]
    messages = dict.fromkeys([message for each in statements for message in each.benefit.messages])
    return Figures(
        key.service_type,
        all(each.benefit.service_types for each in statements),
        key.coverage_level,
        key.network,
        key.plan,
        key.procedure,
        condition,
        **row.values,  # type: ignore[arg-type]  # by the fields of `_FAMILIES`
        messages=tuple(messages),
        remarks=tuple([remark for each in statements for remark in each.remarks]),
        segment_numbers=tuple(numbers),
    )
