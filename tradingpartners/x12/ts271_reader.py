"""Read a 271 from ST to SE.

A set is cut at its HLs, a person at the first EB, a benefit at the next EB; each piece is read by
one function. Nothing inside a set raises: what cannot be read is None and a finding.
"""

from datetime import date
from typing import NamedTuple

from tradingpartners.x12.benefits import read_eb
from tradingpartners.x12.elements import read_date
from tradingpartners.x12.envelope import TransactionSet
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.hierarchy import (
    DEPENDENT,
    INFORMATION_RECEIVER,
    INFORMATION_SOURCE,
    SUBSCRIBER,
    HierarchicalLevel,
    read_hierarchy,
)
from tradingpartners.x12.parties import (
    DateRange,
    Party,
    Reference,
    RelatedEntity,
    Trace,
    read_party,
    read_reference,
    read_trace,
)
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.ts271 import (
    PRE_HIERARCHY,
    Answer,
    Benefit,
    EligibilityResponse,
    Rejection,
)


class _Details(NamedTuple):
    """What stands between one EB and the next."""

    dates: tuple[DateRange, ...] = ()
    messages: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    entities: tuple[RelatedEntity, ...] = ()
    rejections: tuple[Rejection, ...] = ()


class _Person(NamedTuple):
    """A 2000C or 2000D as it stands, before it is known who was answered for."""

    level: HierarchicalLevel
    party: Party
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


_SEGMENT_IDS = "ST BHT HL TRN NM1 REF N3 N4 PER AAA PRV DMG INS HI DTP MPI EB HSD MSG III LS LE SE"
_SEGMENTS = frozenset(_SEGMENT_IDS.split())
_NO_DETAILS = _Details()
_NOBODY = Party("", "", "", "", "", "", "")


def read_271(transaction: TransactionSet, delimiters: Delimiters) -> EligibilityResponse:
    """Read a 271 from ST to SE."""
    return _Reader(transaction, delimiters).read()


class _Reader(SetReader):
    """Walks one set; holds what stands above the place it has come to."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction)
        # 4010 has no repetition separator, yet its senders repeat service types with a caret.
        self.repetition = delimiters.repetition or "^"
        self.component = delimiters.component
        self.has_rejections = "AAA" in self.names
        self.traces = {at: read_trace(self.segment(at)) for at in self.all("TRN", 1, len(self.names))}
        self.payer: Party | None = None
        self.receiver: Party | None = None
        self.rejections: list[Rejection] = []
        # Those that stand above the next person: before any HL, at the source, at the receiver.
        self.above: tuple[list[Rejection], list[Rejection], list[Rejection]] = ([], [], [])
        self.people: list[_Person] = []
        self.subscriber: _Person | None = None
        self.subscribers: dict[str, _Person] = {}

    def read(self) -> EligibilityResponse:
        self.check_names(_SEGMENTS)
        levels = read_hierarchy(self)
        heading_end = levels[0].start if levels else len(self.names) - 1
        before = self._rejections(PRE_HIERARCHY, 1, heading_end)
        self.above = (before, [], [])
        self.rejections += before
        for level in levels:
            self._read_level(level)
        bht_at = self.first("BHT", 1, heading_end)
        if bht_at == heading_end:
            self.find(FindingCode.SEGMENT_MISSING, 1)
        bht = self.segment(bht_at) if bht_at < heading_end else ["BHT"]
        return EligibilityResponse(
            reference_identification=element_at(bht, 3) or None,
            date=read_date(element_at(bht, 4)),
            payer=self.payer,
            receiver=self.receiver,
            rejections=tuple(self.rejections),
            answers=_answers(self.people),
            traces=tuple(self.traces.values()),
            findings=tuple(self.findings),
        )

    def _read_level(self, level: HierarchicalLevel) -> None:
        before, source, receiver = self.above
        if level.level == SUBSCRIBER:
            self.subscriber = self._person(level, None)
            self.subscribers[level.id] = self.subscriber
            self.people.append(self.subscriber)
        elif level.level == DEPENDENT:
            holder = self.subscribers.get(level.parent_id, self.subscriber)
            self.people.append(self._person(level, holder))
        elif level.level == INFORMATION_SOURCE:
            party, source = self._upper_level(level, "A")
            self.payer = self.payer or party
            self.above = (before, source, [])
        elif level.level == INFORMATION_RECEIVER:
            party, receiver = self._upper_level(level, "B")
            self.receiver = self.receiver or party
            self.above = (before, source, receiver)

    def _upper_level(self, level: HierarchicalLevel, letter: str) -> tuple[Party | None, list[Rejection]]:
        """2000A with 2100A, or 2000B with 2100B: who it is, and its AAA."""
        name_at = self.first("NM1", level.start, level.end)
        party = read_party(self.segment(name_at)) if name_at < level.end else None
        rejections = [
            *self._rejections(f"2000{letter}", level.start, name_at),
            *self._rejections(f"2100{letter}", name_at, level.end),
        ]
        self.rejections += rejections
        stray = self.first("EB", level.start, level.end)
        if stray < level.end:
            self.find(FindingCode.SEGMENT_UNEXPECTED, stray + 1)
        return party, rejections

    def _person(self, level: HierarchicalLevel, subscriber: _Person | None) -> _Person:
        """2000C or 2000D to the end of its 2110."""
        letter = "C" if level.level == SUBSCRIBER else "D"
        start = level.start
        benefits_at = self.first("EB", start, level.end)
        name_at = self.first("NM1", start, benefits_at)
        found: dict[str, list[int]] = {}
        for position in range(start + 1, benefits_at):
            found.setdefault(self.names[position], []).append(position)
        rejections = [
            *self._rejections(f"2000{letter}", start, name_at),
            *self._rejections(f"2100{letter}", name_at, benefits_at),
        ]
        benefits = self._benefits(benefits_at, level.end, f"2110{letter}", rejections)
        birth_date, gender = self._demographics(found.get("DMG"))
        before, source, receiver = self.above
        return _Person(
            level=level,
            party=read_party(self.segment(name_at)) if name_at < benefits_at else _NOBODY,
            birth_date=birth_date,
            gender=gender,
            traces=tuple([self.traces[at] for at in found.get("TRN", ())]),
            references=tuple([read_reference(self.segment(at)) for at in found.get("REF", ())]),
            dates=tuple([self.date_range(at) for at in found.get("DTP", ())]),
            rejections=tuple(rejections),
            benefits=tuple(benefits),
            changed=any(_marks_change(self.segment(at)) for at in found.get("INS", ())),
            rejections_above=(*before, *source, *receiver),
            subscriber=subscriber,
        )

    def _demographics(self, positions: list[int] | None) -> tuple[date | None, str | None]:
        """DMG02 and DMG03."""
        if not positions:
            return None, None
        segment = self.segment(positions[0])
        text = element_at(segment, 2)
        birth_date = read_date(text)
        if birth_date is None and text:
            self.find(FindingCode.DATE_INVALID, positions[0] + 1, 2)
        return birth_date, element_at(segment, 3) or None

    def _benefits(self, start: int, end: int, loop: str, rejections: list[Rejection]) -> list[Benefit]:
        """The EBs from `start`; AAA among them belong to `loop`."""
        positions = self.all("EB", start, end)
        benefits = []
        for at, following in zip(positions, [*positions[1:], end], strict=False):
            details = _NO_DETAILS
            if following > at + 1:
                details = self._details(at + 1, following, loop)
                rejections += details.rejections
            benefits.append(self._benefit(at, details))
        return benefits

    def _benefit(self, position: int, details: _Details) -> Benefit:
        values, faults = read_eb(self.texts[position], self.element, self.repetition, self.component)
        for code, element in faults:
            self.find(code, position + 1, element)
        dates, messages, references, entities, _ = details
        return Benefit(*values, dates, messages, position + 1, references, entities)

    def _details(self, start: int, end: int, loop: str) -> _Details:
        """DTP, MSG, REF, AAA of a 2110 and the NM1 of its 2120."""
        dates: list[DateRange] = []
        messages: list[str] = []
        references: list[Reference] = []
        entities: list[RelatedEntity] = []
        for position in range(start, end):
            name = self.names[position]
            if name == "MSG":
                messages.append(element_at(self.segment(position), 1))
            elif name == "DTP":
                dates.append(self.date_range(position))
            elif name == "NM1":
                entities.append(RelatedEntity(read_party(self.segment(position))))
            elif name == "REF":
                references.append(read_reference(self.segment(position)))
        return _Details(
            tuple(dates),
            tuple(messages),
            tuple(references),
            tuple(entities),
            tuple(self._rejections(loop, start, end)),
        )

    def _rejections(self, loop: str, start: int, end: int) -> list[Rejection]:
        if not self.has_rejections:
            return []
        return [self._rejection(loop, position) for position in self.all("AAA", start, end)]

    def _rejection(self, loop: str, position: int) -> Rejection:
        segment = self.segment(position)
        code = element_at(segment, 3) or None
        if code is None:
            self.find(FindingCode.ELEMENT_MISSING, position + 1, 3)
        valid_request, follow_up = element_at(segment, 1), element_at(segment, 4)
        return Rejection(loop, valid_request or None, code, follow_up or None, position + 1)


def _marks_change(ins: Segment) -> bool:
    return element_at(ins, 3) == "001" and element_at(ins, 4) == "25"


def _answers(people: list[_Person]) -> tuple[Answer, ...]:
    """A subscriber with no EB and no AAA of its own above a dependent was not answered for."""
    holders = {id(person.subscriber) for person in people}
    return tuple(
        [
            _answer(person)
            for person in people
            if person.benefits or person.rejections or id(person) not in holders
        ]
    )


def _answer(person: _Person) -> Answer:
    party, holder = person.party, person.subscriber
    return Answer(
        is_dependent=person.level.level == DEPENDENT,
        member_id=party.id or (holder.party.id if holder else "") or None,
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
        subscriber=holder.party if holder else None,
        rejections_above=person.rejections_above,
        subscriber_rejections=holder.rejections if holder else (),
        segment_number=person.level.start + 1,
    )
