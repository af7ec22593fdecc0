"""EB, the benefit segment of 2110C and 2110D: its elements as values.

The plans of one payer repeat the same EBs in answer after answer, so what was read of a text once
is remembered. No person stands in an EB.
"""

from decimal import Decimal
from functools import lru_cache

from tradingpartners.x12.elements import read_amount
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.parties import Procedure, read_procedure
from tradingpartners.x12.ts271 import BENEFIT_CODES, MONEY_CODES

# EB01 to EB13, as the first fields of `Benefit`.
BenefitValues = tuple[
    str,
    str | None,
    tuple[str, ...],
    str | None,
    str | None,
    str | None,
    Decimal | None,
    Decimal | None,
    str | None,
    Decimal | None,
    str | None,
    str | None,
    Procedure | None,
]
# What is wrong, and with which element.
BenefitFault = tuple[FindingCode, int]

_BLANKS = [""] * 13


@lru_cache(maxsize=8192)
def read_eb(
    text: str, element: str, repetition: str, component: str
) -> tuple[BenefitValues, tuple[BenefitFault, ...]]:
    """One EB as it stands; what cannot be read is None and a fault."""
    elements = [part.strip() for part in text.split(element)[1:14]]
    elements += _BLANKS[len(elements) :]
    code, level, types, insurance_type, plan, period, amount, percent, *others = elements
    quantity_qualifier, quantity, authorization, network, procedure = others
    values = (
        code,
        level or None,
        tuple([each for part in types.split(repetition) if (each := part.strip())]),
        insurance_type or None,
        plan or None,
        period or None,
        read_amount(amount),
        read_amount(percent),
        quantity_qualifier or None,
        read_amount(quantity),
        authorization or None,
        network or None,
        read_procedure(procedure.split(component)) if procedure else None,
    )
    return values, tuple(_faults(elements))


def _faults(elements: list[str]) -> list[BenefitFault]:
    code = elements[0]
    faults: list[BenefitFault] = []
    if not code:
        faults.append((FindingCode.ELEMENT_MISSING, 1))
    elif code not in BENEFIT_CODES:
        faults.append((FindingCode.CODE_UNKNOWN, 1))
    for position in (7, 8, 10):
        text = elements[position - 1]
        if text and read_amount(text) is None:
            faults.append((FindingCode.AMOUNT_INVALID, position))
    plan, period, amount = elements[4:7]
    if not amount:
        faults += _misplaced(code, plan, period)
    return faults


def _misplaced(code: str, plan: str, period: str) -> list[BenefitFault]:
    """Some payers put the money of EB07 one or two elements early; it stays where it is."""
    if len(period) > 2 and read_amount(period) is not None:
        return [(FindingCode.AMOUNT_MISPLACED, 6)]
    if code in MONEY_CODES and "." in plan and read_amount(plan) is not None:
        return [(FindingCode.AMOUNT_MISPLACED, 5)]
    return []
