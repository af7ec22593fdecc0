"""271, the answer: 005010X279A1, read to values.

A set is cut at its HLs, a person at the first EB, a benefit at the next EB; each piece is read by
one function. Nothing inside a set raises: what cannot be read is None and a finding.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tradingpartners.x12.elements import read_amount, read_date
from tradingpartners.x12.envelope import TransactionSet
from tradingpartners.x12.errors import Finding, FindingCode
from tradingpartners.x12.hierarchy import HierarchicalLevel, Level, locate, read_hierarchy
from tradingpartners.x12.parties import (
    DateRange,
    Party,
    Reference,
    Trace,
    is_unreadable,
    read_date_range,
    read_party,
    read_reference,
    read_trace,
)
from tradingpartners.x12.segments import Delimiters, Segment, element_at

PRE_HIERARCHY = "pre-HL"

ACTIVE_CODES = frozenset("12345")
INACTIVE_CODES = frozenset("678")
# EB01 of 2110C and 2110D.
BENEFIT_CODES = frozenset([*ACTIVE_CODES, *INACTIVE_CODES, *"ABCDEFGHIJKLMNOPQRSTUVWXY", "CB", "MC"])
# EB01 whose figure is EB07.
_MONEY_CODES = frozenset("BCGJY")


class Rejection(NamedTuple):
    """AAA: the payer could not answer; `loop` says for whom."""

    loop: str
    valid_request: str | None
    code: str | None
    follow_up: str | None
    segment_number: int


class Benefit(NamedTuple):
    """EB of 2110C or 2110D with the segments that belong to it; codes as they stand."""

    code: str
    coverage_level: str | None
    service_types: tuple[str, ...]
    insurance_type: str | None
    plan: str | None
    period: str | None
    amount: Decimal | None
    percent: Decimal | None
    quantity_qualifier: str | None
    quantity: Decimal | None
    authorization_required: str | None
    in_network: str | None
    procedure: str | None
    dates: tuple[DateRange, ...]
    messages: tuple[str, ...]
    segment_number: int
    references: tuple[Reference, ...]
    entities: tuple[Party, ...]


class Answer(NamedTuple):
    """One person answered for: a subscriber, or a dependent below one."""

    is_dependent: bool
    # NM109; of the subscriber where a dependent has none.
    member_id: str | None
    last_name: str | None
    first_name: str | None
    middle_name: str | None
    suffix: str | None
    birth_date: date | None
    gender: str | None
    traces: tuple[Trace, ...]
    references: tuple[Reference, ...]
    dates: tuple[DateRange, ...]
    rejections: tuple[Rejection, ...]
    benefits: tuple[Benefit, ...]
    # INS03 001 with INS04 25: the payer says that it knows the person by other identifiers.
    other_identifiers_changed: bool
    # Of a dependent, the NM1 of its 2100C.
    subscriber: Party | None
    # Those before any HL, at 2000A, 2100A and 2100B that stand above this person.
    rejections_above: tuple[Rejection, ...]
    # Of a dependent, those of its 2000C, 2100C and 2110C.
    subscriber_rejections: tuple[Rejection, ...]
    segment_number: int


class EligibilityResponse(NamedTuple):
    """A 271 from ST to SE."""

    # BHT03: it repeats that of the question.
    reference_identification: str | None
    date: date | None
    payer: Party | None
    receiver: Party | None
    # Those above the subscriber.
    rejections: tuple[Rejection, ...]
    answers: tuple[Answer, ...]
    # Every TRN of the set: some payers echo a dependent's under its subscriber.
    traces: tuple[Trace, ...]
    findings: tuple[Finding, ...]


class _Details(NamedTuple):
    """What stands between one EB and the next."""

    dates: tuple[DateRange, ...] = ()
    messages: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    entities: tuple[Party, ...] = ()


class _Person(NamedTuple):
    """A 2000C or 2000D as it stands, before it is known who was answered for."""

    level: HierarchicalLevel
    party: Party | None
    birth_date: date | None
    gender: str | None
    traces: tuple[Trace, ...]
    references: tuple[Reference, ...]
    dates: tuple[DateRange, ...]
    rejections: tuple[Rejection, ...]
    benefits: tuple[Benefit, ...]
    changed: bool
    rejections_above: tuple[Rejection, ...]
    subscriber: "_Person | None"


def read_271(transaction: TransactionSet, delimiters: Delimiters) -> EligibilityResponse:
    """Read a 271 from ST to SE."""
    return _Reader(transaction, delimiters).read()


class _Reader:
    """Walks one set; holds what the walk has passed."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        self.transaction = transaction
        self.segments = transaction.segments
        # 4010 has no repetition separator, yet its senders repeat service types with a caret.
        self.repetition = delimiters.repetition or "^"
        self.findings: list[Finding] = []
        self.traces: list[Trace] = []

    def read(self) -> EligibilityResponse:
        levels, faults = read_hierarchy(self.transaction)
        self.findings += faults
        heading_end = levels[0].start if levels else len(self.segments) - 1
        before = self._rejections(PRE_HIERARCHY, 1, heading_end)
        source: list[Rejection] = []
        receiver: list[Rejection] = []
        above = list(before)
        parties: dict[str, Party] = {}
        subscribers: dict[str, _Person] = {}
        subscriber: _Person | None = None
        people: list[_Person] = []
        for level in levels:
            if level.level == Level.SUBSCRIBER:
                subscriber = self._person(level, None, (*before, *source, *receiver))
                subscribers[level.id] = subscriber
                people.append(subscriber)
            elif level.level == Level.DEPENDENT:
                holder = subscribers.get(level.parent_id, subscriber)
                people.append(self._person(level, holder, (*before, *source, *receiver)))
            elif level.level == Level.INFORMATION_SOURCE:
                source, receiver = self._upper_level(level, "A", parties), []
                above += source
            elif level.level == Level.INFORMATION_RECEIVER:
                receiver = self._upper_level(level, "B", parties)
                above += receiver
        bht = next((s for s in self.segments[1:heading_end] if s[0] == "BHT"), None)
        if bht is None:
            self._find(FindingCode.SEGMENT_MISSING, 1)
        return EligibilityResponse(
            reference_identification=_or_none(bht, 3),
            date=read_date(element_at(bht, 4)) if bht else None,
            payer=parties.get("A"),
            receiver=parties.get("B"),
            rejections=tuple(above),
            answers=tuple(_answers(people)),
            traces=tuple(self.traces),
            findings=tuple(self.findings),
        )

    def _upper_level(
        self, level: HierarchicalLevel, letter: str, parties: dict[str, Party]
    ) -> list[Rejection]:
        """2000A and 2100A, or 2000B and 2100B: who it is (the first of them) and its AAA."""
        name_at = self._first("NM1", level.start, level.end)
        if name_at < level.end:
            parties.setdefault(letter, read_party(self.segments[name_at]))
        return [
            *self._rejections(f"2000{letter}", level.start + 1, name_at),
            *self._rejections(f"2100{letter}", name_at, level.end),
        ]

    def _person(
        self,
        level: HierarchicalLevel,
        subscriber: _Person | None,
        rejections_above: tuple[Rejection, ...],
    ) -> _Person:
        """2000C or 2000D to the end of its 2110."""
        letter = "C" if level.level == Level.SUBSCRIBER else "D"
        segments = self.segments
        benefits_at = self._first("EB", level.start, level.end)
        name_at = self._first("NM1", level.start, benefits_at)
        found: dict[str, list[int]] = {}
        for position in range(level.start + 1, benefits_at):
            found.setdefault(segments[position][0], []).append(position)
        traces = tuple([read_trace(segments[position]) for position in found.get("TRN", ())])
        self.traces += traces
        rejections = [
            self._rejection(f"2{'1' if position > name_at else '0'}00{letter}", position)
            for position in found.get("AAA", ())
        ]
        benefits = self._benefits(benefits_at, level.end, f"2110{letter}", rejections)
        birth_date, gender = self._demographics(found.get("DMG"))
        return _Person(
            level=level,
            party=read_party(segments[name_at]) if name_at < benefits_at else None,
            birth_date=birth_date,
            gender=gender,
            traces=traces,
            references=tuple([read_reference(segments[at]) for at in found.get("REF", ())]),
            dates=tuple([self._date(at) for at in found.get("DTP", ())]),
            rejections=tuple(rejections),
            benefits=tuple(benefits),
            changed=any(_marks_change(segments[at]) for at in found.get("INS", ())),
            rejections_above=rejections_above,
            subscriber=subscriber,
        )

    def _demographics(self, positions: list[int] | None) -> tuple[date | None, str | None]:
        """DMG02 and DMG03."""
        if not positions:
            return None, None
        segment = self.segments[positions[0]]
        text = element_at(segment, 2)
        birth_date = read_date(text)
        if birth_date is None and text:
            self._find(FindingCode.DATE_INVALID, positions[0] + 1, 2)
        return birth_date, element_at(segment, 3) or None

    def _benefits(self, start: int, end: int, loop: str, rejections: list[Rejection]) -> list[Benefit]:
        """The EBs from `start`; AAA among them belong to `loop`."""
        segments = self.segments
        positions = [at for at in range(start, end) if segments[at][0] == "EB"]
        benefits = []
        for at, following in zip(positions, [*positions[1:], end], strict=False):
            details = _NO_DETAILS
            if following > at + 1:
                details = self._details(at + 1, following)
                rejections += self._rejections(loop, at + 1, following)
            benefits.append(self._benefit(segments[at], at + 1, details))
        return benefits

    def _benefit(self, segment: Segment, number: int, details: _Details) -> Benefit:
        (
            _,
            code,
            level,
            types,
            insurance_type,
            plan,
            period,
            amount,
            percent,
            quantity_qualifier,
            quantity,
            authorization,
            network,
            procedure,
        ) = (segment + _BLANKS)[:14]
        if code not in BENEFIT_CODES:
            code = code.strip()
            self._check_code(code, number)
        if (len(period) > 2 or plan) and not amount:
            self._check_misplaced(code, plan, period, number)
        return Benefit(
            code,
            level or None,
            _service_types(types, self.repetition) if types else (),
            insurance_type or None,
            plan or None,
            period or None,
            self._amount(amount, number, 7) if amount else None,
            self._amount(percent, number, 8) if percent else None,
            quantity_qualifier or None,
            self._amount(quantity, number, 10) if quantity else None,
            authorization or None,
            network or None,
            procedure or None,
            details.dates,
            details.messages,
            number,
            details.references,
            details.entities,
        )

    def _details(self, start: int, end: int) -> _Details:
        """DTP, MSG, REF of a 2110 and the NM1 of its 2120."""
        dates: list[DateRange] = []
        messages: list[str] = []
        references: list[Reference] = []
        entities: list[Party] = []
        for position in range(start, end):
            segment = self.segments[position]
            name = segment[0]
            if name == "MSG":
                messages.append(element_at(segment, 1))
            elif name == "DTP":
                dates.append(self._date(position))
            elif name == "NM1":
                entities.append(read_party(segment))
            elif name == "REF":
                references.append(read_reference(segment))
        return _Details(tuple(dates), tuple(messages), tuple(references), tuple(entities))

    # Pieces

    def _first(self, name: str, start: int, end: int) -> int:
        """Where the first such segment is; `end` where there is none."""
        segments = self.segments
        for position in range(start, end):
            if segments[position][0] == name:
                return position
        return end

    def _rejections(self, loop: str, start: int, end: int) -> list[Rejection]:
        segments = self.segments
        return [
            self._rejection(loop, position)
            for position in range(start, end)
            if segments[position][0] == "AAA"
        ]

    def _rejection(self, loop: str, position: int) -> Rejection:
        segment = self.segments[position]
        valid_request, code, follow_up = (_or_none(segment, place) for place in (1, 3, 4))
        if code is None:
            self._find(FindingCode.ELEMENT_MISSING, position + 1, 3)
        return Rejection(loop, valid_request, code, follow_up, position + 1)

    def _date(self, position: int) -> DateRange:
        segment = self.segments[position]
        period = read_date_range(segment)
        if is_unreadable(period, segment):
            self._find(FindingCode.DATE_INVALID, position + 1, 3)
        return period

    def _amount(self, text: str, number: int, element: int) -> Decimal | None:
        amount = read_amount(text)
        if amount is None:
            self._find(FindingCode.AMOUNT_INVALID, number, element)
        return amount

    def _check_code(self, code: str, number: int) -> None:
        if not code:
            self._find(FindingCode.ELEMENT_MISSING, number, 1)
        elif code not in BENEFIT_CODES:
            self._find(FindingCode.CODE_UNKNOWN, number, 1)

    def _check_misplaced(self, code: str, plan: str, period: str, number: int) -> None:
        """Some payers put the money of EB07 one or two elements early; it stays where it is."""
        if len(period) > 2 and read_amount(period) is not None:
            self._find(FindingCode.AMOUNT_MISPLACED, number, 6)
        elif code in _MONEY_CODES and "." in plan and read_amount(plan) is not None:
            self._find(FindingCode.AMOUNT_MISPLACED, number, 5)

    def _find(self, code: FindingCode, number: int, element: int | None = None) -> None:
        self.findings.append(Finding(code, locate(self.transaction, number, element)))


_BLANKS = [""] * 14
_NO_DETAILS = _Details()


@lru_cache(maxsize=4096)
def _service_types(text: str, repetition: str) -> tuple[str, ...]:
    """EB03, one code or many."""
    return tuple([code for part in text.split(repetition) if (code := part.strip())])


def _marks_change(ins: Segment) -> bool:
    return element_at(ins, 3) == "001" and element_at(ins, 4) == "25"


def _or_none(segment: Segment | None, position: int) -> str | None:
    return (element_at(segment, position) or None) if segment else None


def _answers(people: Sequence[_Person]) -> list[Answer]:
    """A subscriber with no EB and no AAA of its own above a dependent was not answered for."""
    holders = {id(person.subscriber) for person in people if person.subscriber is not None}
    return [
        _answer(person)
        for person in people
        if person.benefits or person.rejections or id(person) not in holders
    ]


def _answer(person: _Person) -> Answer:
    party = person.party or _NOBODY
    holder = person.subscriber
    subscriber = holder.party if holder else None
    return Answer(
        is_dependent=person.level.level == Level.DEPENDENT,
        member_id=party.id or (subscriber.id if subscriber else "") or None,
        last_name=party.last_name or None,
        first_name=party.first_name or None,
        middle_name=party.middle_name or None,
        suffix=party.suffix or None,
        birth_date=person.birth_date,
        gender=person.gender,
        traces=person.traces,
        references=person.references,
        dates=person.dates,
        rejections=person.rejections,
        benefits=person.benefits,
        other_identifiers_changed=person.changed,
        subscriber=subscriber,
        rejections_above=person.rejections_above,
        subscriber_rejections=holder.rejections if holder else (),
        segment_number=person.level.start + 1,
    )


_NOBODY = Party("", "", "", "", "", "", "")
