"""The segments of 2110 and 2115 that carry no person: EB, HSD, III as values.

The plans of one payer repeat the same segments in answer after answer, so what was read of a text
once is remembered. What may name somebody (REF, MSG, NM1) is read anew each time.
"""

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tradingpartners.x12.elements import read_amount, read_new_amount
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.parties import (
    DELIVERY_AMOUNTS,
    is_unreadable,
    read_date_range,
    read_delivery,
    read_procedure,
)
from tradingpartners.x12.remembering import LONGEST_REMEMBERED, remember
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.ts271.values import (
    BENEFIT_CODES,
    MONEY_CODES,
    AdditionalInformation,
    Benefit,
)


class Fault(NamedTuple):
    """What is wrong with which element; `segment` counts from the EB, which is 0."""

    code: FindingCode
    element: int
    component: int | None = None
    segment: int = 0


Faults = tuple[Fault, ...]

# The segments of a benefit that `read_benefit` reads.
PLAIN = frozenset(["EB", "HSD", "III", "DTP"])
_ELEMENTS = 14
_BLANKS = [""] * _ELEMENTS
_AMOUNT = 7
_MOST_KNOWN = 16_384


@lru_cache(maxsize=4)
def known_benefits(delimiters: Delimiters) -> dict[tuple[str, int], Benefit]:
    """Benefits by their text and the number of their EB; a plain dict, for nothing asks it more often.

    Many answers of one payer have a benefit in the same place, and then they share one value.
    """
    return {}


def read_benefit(text: str, number: int, delimiters: Delimiters) -> tuple[Benefit, Faults]:
    """An EB, segment `number` of its set, and the HSD, III and DTP below it.

    One without faults is known from then on.
    """
    benefit, faults = _read_benefit(text, number, delimiters)
    if faults:
        unreadable = any(fault.code is FindingCode.AMOUNT_INVALID for fault in faults)
        return benefit._replace(has_unreadable_figure=unreadable), faults
    if len(text) <= LONGEST_REMEMBERED:
        known = known_benefits(delimiters)
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[text, number] = benefit
    return benefit, faults


def _read_benefit(text: str, number: int, delimiters: Delimiters) -> tuple[Benefit, Faults]:
    element, _, _, terminator = delimiters
    eb, mark, below = text.partition(terminator)
    parts = eb.split(element, _AMOUNT + 1)
    if len(parts) <= _AMOUNT or not (amount_text := parts[_AMOUNT].strip()):
        benefit, faults = _read_plan(text, delimiters)
        return tuple.__new__(Benefit, (*benefit[:15], number, *benefit[16:])), faults
    # Amounts differ from person to person. What stands around them does not, and is read once.
    parts[_AMOUNT] = "0"
    benefit, faults = _read_plan(element.join(parts) + mark + below, delimiters)
    amount = read_new_amount(amount_text)
    if amount is None:
        faults = (Fault(FindingCode.AMOUNT_INVALID, _AMOUNT), *faults)
    # Not `_replace`, which takes eight times as long.
    fields = (*benefit[:6], amount, *benefit[7:15], number, *benefit[16:])
    return tuple.__new__(Benefit, fields), faults


@remember
def _read_plan(text: str, delimiters: Delimiters) -> tuple[Benefit, Faults]:
    """A benefit as if its EB were segment 0."""
    eb, *below = text.split(delimiters.segment)
    benefit, faults = _read_eb(eb, delimiters)
    segments = [segment.split(delimiters.element) for segment in below]
    return benefit._replace(
        dates=tuple([read_date_range(each) for each in segments if each[0] == "DTP"]),
        deliveries=tuple([read_delivery(each) for each in segments if each[0] == "HSD"]),
        additional=tuple([_read_iii(each) for each in segments if each[0] == "III"]),
    ), (*faults, *_faults_below(segments))


def _faults_below(segments: list[Segment]) -> list[Fault]:
    faults = []
    for number, segment in enumerate(segments, 1):
        if segment[0] == "DTP" and is_unreadable(read_date_range(segment), segment):
            faults.append(Fault(FindingCode.DATE_INVALID, 3, segment=number))
        elif segment[0] == "HSD":
            for at in DELIVERY_AMOUNTS:
                if _no_amount(element_at(segment, at)):
                    faults.append(Fault(FindingCode.AMOUNT_INVALID, at, segment=number))
    return faults


def _read_iii(segment: Segment) -> AdditionalInformation:
    return AdditionalInformation(*[element_at(segment, at) for at in (1, 2, 3, 4)])


def _read_eb(text: str, delimiters: Delimiters) -> tuple[Benefit, Faults]:
    """EB; what cannot be read is None and a fault."""
    # 4010 has no repetition separator, yet its senders repeat service types with a caret.
    element, component, repetition = delimiters.element, delimiters.component, delimiters.repetition or "^"
    elements = [part.strip() for part in text.split(element)[1 : _ELEMENTS + 1]]
    elements += _BLANKS[len(elements) :]
    code, level, types, insurance_type, plan, period, amount, percent, *others = elements
    quantity_qualifier, quantity, authorization, network, procedure, pointers = others
    service_types = tuple([each for part in types.split(repetition) if (each := part.strip())])
    diagnoses = _components(pointers, component)
    procedure_parts = _components(procedure, component)
    benefit = Benefit(
        code=code,
        coverage_level=level or None,
        service_types=service_types,
        insurance_type=insurance_type or None,
        plan=plan or None,
        period=period or None,
        amount=read_amount(amount),
        percent=read_amount(percent),
        quantity_qualifier=quantity_qualifier or None,
        quantity=read_amount(quantity),
        authorization_required=authorization or None,
        in_network=network or None,
        procedure=read_procedure(procedure_parts) if procedure_parts else None,
        dates=(),
        messages=(),
        segment_number=0,
        references=(),
        entities=(),
        diagnosis_pointers=tuple([int(each) for each in diagnoses if each in _POINTERS]),
    )
    return benefit, (*_faults(elements), *_pointer_faults(diagnoses))


def _components(text: str, component: str) -> list[str]:
    return [part.strip() for part in text.split(component)] if text else []


def _pointer_faults(parts: list[str]) -> list[Fault]:
    """EB14."""
    return [
        Fault(FindingCode.CODE_UNKNOWN, 14, component=number)
        for number, part in enumerate(parts, 1)
        if part and part not in _POINTERS
    ]


# HI holds twelve codes at most.
_POINTERS = frozenset([f"{number}" for number in range(1, 13)])


def _faults(elements: list[str]) -> list[Fault]:
    """EB01 and the amounts; the codes of the others are checked against the guide."""
    code, plan, period, amount, percent = elements[0], *elements[4:8]
    faults = [Fault(FindingCode.AMOUNT_INVALID, at) for at in (8, 10) if _no_amount(elements[at - 1])]
    if code not in BENEFIT_CODES:
        faults.append(Fault(FindingCode.CODE_UNKNOWN if code else FindingCode.ELEMENT_MISSING, 1))
    misplaced = None if amount else misplaced_amount(code, plan, period, read_amount(percent))
    return [*faults, Fault(FindingCode.AMOUNT_MISPLACED, misplaced)] if misplaced else faults


def _no_amount(text: str) -> bool:
    return text != "" and read_amount(text) is None


def misplaced_amount(code: str, plan: str, period: str, percent: Decimal | None) -> int | None:
    """Of an EB without EB07, which element has its money: some payers put it one or two elements
    early, or one late. It stays where it is."""
    if len(period) > 2 and read_amount(period) is not None:
        return 6
    if code in MONEY_CODES:
        if "." in plan and read_amount(plan) is not None:
            return 5
        if percent is not None and percent > 1:
            return 8
    return None
