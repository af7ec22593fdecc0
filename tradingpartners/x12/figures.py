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

from tradingpartners.x12.elements import read_amount
from tradingpartners.x12.parties import Procedure, ServiceDelivery
from tradingpartners.x12.periods import Period, stated_periods, union
from tradingpartners.x12.referrals import referral_required
from tradingpartners.x12.ts271 import (
    ACTIVE_CODES,
    INACTIVE_CODES,
    MONEY_CODES,
    AdditionalInformation,
    Answer,
    Benefit,
)

# EB06.
YEAR_TO_DATE, REMAINING, EXCEEDED, NOT_EXCEEDED, LIFETIME, LIFETIME_REMAINING = (
    "24", "29", "30", "31", "32", "33",
)  # fmt: skip
_LEFT = frozenset({REMAINING, LIFETIME_REMAINING})
_OF_A_LIFETIME = frozenset({LIFETIME, LIFETIME_REMAINING})
# What was used up or passed is neither the whole nor what is left.
_NEITHER = frozenset({YEAR_TO_DATE, EXCEEDED, NOT_EXCEEDED})
_VISITS = "VS"
# More than any benefit, and than a sum of money has room for.
_TOO_MUCH = Decimal(10**10)
_PERCENT = Decimal(100)


class Network(StrEnum):
    """EB12."""

    IN = "in"
    OUT = "out"
    BOTH = "both"
    NOT_STATED = ""


class RemarkCode(StrEnum):
    """What an EB says that is no figure above."""

    NOT_COVERED = "not_covered"
    # A figure of a kind that has no field: a limit, a spend-down, a deductible used so far.
    STATED = "stated"
    # These want a person's eye: money in EB05 or EB06, and a figure that cannot be meant.
    AMOUNT_MISPLACED = "amount_misplaced"
    FIGURE_UNUSABLE = "figure_unusable"


DOUBTFUL = frozenset({RemarkCode.AMOUNT_MISPLACED, RemarkCode.FIGURE_UNUSABLE})


class Remark(NamedTuple):
    """The EB it is about has the codes and the figure as they stand."""

    code: RemarkCode
    benefit: Benefit


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


Value = str | Decimal | bool


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


def benefit_figures(answer: Answer, *, asked_type: str, asked: date | None = None) -> tuple[Figures, ...]:
    """Every figure of an answer. An EB without a service type speaks of the one asked about."""
    by_key: dict[_Key, list[_Statement]] = {}
    for benefit in answer.benefits:
        statement = _statement(benefit, asked)
        if statement is None:
            continue
        network = _NETWORKS.get(benefit.in_network or "", Network.NOT_STATED)
        for service_type in dict.fromkeys(benefit.service_types or (asked_type,)):
            key = _Key(
                service_type, benefit.coverage_level or "", network, benefit.plan or "", benefit.procedure
            )
            by_key.setdefault(key, []).append(statement)
    return tuple([figures for key, said in by_key.items() for figures in _figures_of(key, said)])


def _statement(benefit: Benefit, asked: date | None) -> _Statement | None:
    """What an EB states; None where it has nothing for this table."""
    values, remarks = _figure(benefit)
    if benefit.authorization_required in _YES_NO:
        values["authorization_required"] = _YES_NO[benefit.authorization_required]
    referral = referral_required(benefit.messages) if benefit.messages else None
    if referral is not None:
        values["referral_required"] = referral
    if not (values or remarks or benefit.messages):
        return None
    return _Statement(benefit, values, remarks, _limits(benefit, asked))


def _limits(benefit: Benefit, asked: date | None) -> Condition:
    lifetime = benefit.period in _OF_A_LIFETIME
    if not (lifetime or benefit.additional or benefit.diagnosis_pointers or benefit.dates):
        return _WITHOUT_LIMITS
    elsewhere = Period()
    if asked and benefit.dates:
        stated = stated_periods(benefit.dates)
        if not stated.overlapping(Period(asked, asked)):
            elsewhere = union(stated.periods)
    return Condition(lifetime, benefit.additional, benefit.diagnosis_pointers, elsewhere)


def _figure(benefit: Benefit) -> tuple[dict[str, Value], tuple[Remark, ...]]:
    """The value of EB07, EB08 or EB10 by its field, and what has none."""
    code = benefit.code
    if code in ACTIVE_CODES or code in INACTIVE_CODES:
        return {"status": code}, ()
    if code == "I":
        return {}, (Remark(RemarkCode.NOT_COVERED, benefit),)
    if _is_misplaced(benefit):
        return {}, (Remark(RemarkCode.AMOUNT_MISPLACED, benefit),)
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
    """Money where the plan's name or the period belongs, and none where money does."""
    if benefit.amount is not None or benefit.percent is not None:
        return False
    if benefit.period and len(benefit.period) > 2:
        return read_amount(benefit.period) is not None
    plan = benefit.plan or ""
    return benefit.code in MONEY_CODES and "." in plan and read_amount(plan) is not None


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


def _told_apart(
    limits: Condition, speaking: Sequence[_Statement], family: tuple[str, ...]
) -> list[Condition]:
    """Under what each is to be kept, so that no field has two values: as little as does it."""
    conditions = [
        limits._replace(messages=s.benefit.messages, deliveries=_deliveries(s.benefit)) for s in speaking
    ]
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
    statements = [row.statements[number] for number in sorted(row.statements)]
    messages = dict.fromkeys(message for each in statements for message in each.benefit.messages)
    remarks = [remark for each in statements for remark in each.remarks]
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
        remarks=tuple(remarks),
        segment_numbers=tuple([each.benefit.segment_number for each in statements]),
    )
