"""Read a 271 from ST to SE.

A set is cut at its HLs, a person at the first EB, a benefit at the next EB; each piece is read by
one function. Nothing inside a set raises: what cannot be read is None and a finding.
"""

from datetime import date
from typing import NamedTuple

from tradingpartners.x12.elements import read_date, read_period
from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import Finding, FindingCode
from tradingpartners.x12.hierarchy import (
    DEPENDENT,
    INFORMATION_RECEIVER,
    INFORMATION_SOURCE,
    SUBSCRIBER,
    HierarchicalLevel,
    read_hierarchy,
)
from tradingpartners.x12.parties import (
    Address,
    DateRange,
    Diagnosis,
    Party,
    RelatedEntity,
    read_address,
    read_contact,
    read_entity,
    read_party,
    read_provider,
    read_public_name,
    read_reference,
    read_trace,
)
from tradingpartners.x12.remembering import remember
from tradingpartners.x12.segments import Delimiters, element_at
from tradingpartners.x12.ts271.benefit_reader import SEGMENTS, BenefitReader, Found, Loops
from tradingpartners.x12.ts271.values import (
    PRE_HIERARCHY,
    Answer,
    Benefit,
    EligibilityResponse,
    MilitaryService,
    Rejection,
)


class _Person(NamedTuple):
    """A 2000C or 2000D; whether it was answered for is known when those below it are."""

    answer: Answer
    party: Party
    holder: "_Person | None"


class _Insured(NamedTuple):
    """INS. INS03 001 with INS04 25: the payer knows the person by other identifiers."""

    relationship: str | None = None
    changed: bool = False
    birth_sequence: int | None = None


_LOOPS = {
    SUBSCRIBER: Loops("2000C", "2100C", "2110C", "2120C"),
    DEPENDENT: Loops("2000D", "2100D", "2110D", "2120D"),
}
_OF_UPPER = frozenset(["NM1", "REF", "N3", "N4", "PER", "PRV", "AAA"])
_OF_PERSON = _OF_UPPER | frozenset(["TRN", "DMG", "INS", "HI", "DTP", "MPI"])
_LONE_NAME = ["NM1"]
_NOBODY = Party("", "", "", "", "", "", "")
_NOT_SAID = _Insured()
# INS17.
_SEQUENCES = frozenset([f"{number}" for number in range(1, 100)])


def read_271(transaction: TransactionSet, delimiters: Delimiters) -> EligibilityResponse:
    """Read a 271 from ST to SE."""
    return _Reader(transaction, delimiters).read()


class _Reader(BenefitReader):
    """Walks one set; holds what stands above the place it has come to."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction, delimiters)
        self.traces = {at: read_trace(self.segment(at)) for at in self.everywhere("TRN")}
        self.payer: RelatedEntity | None = None
        self.receiver: RelatedEntity | None = None
        self.rejections: list[Rejection] = []
        # Those that stand above the next person: before any HL, those and the source's, and with the
        # receiver's all. People below one level share one tuple.
        self.before: tuple[Rejection, ...] = ()
        self.above_receiver: tuple[Rejection, ...] = ()
        self.above: tuple[Rejection, ...] = ()
        self.people: list[_Person] = []
        self.subscriber: _Person | None = None
        self.subscribers: dict[str, _Person] = {}

    def read(self) -> EligibilityResponse:
        self.check_names(SEGMENTS)
        levels = read_hierarchy(self)
        reference, day = self._heading(levels[0].start if levels else len(self.names) - 1)
        for level in levels:
            self._read_level(level)
        payer, receiver = self.payer, self.receiver
        return EligibilityResponse(
            reference_identification=reference,
            date=day,
            payer=payer.party if payer else None,
            receiver=receiver.party if receiver else None,
            rejections=tuple(self.rejections),
            answers=_answers(self.people),
            traces=tuple(self.traces.values()),
            findings=tuple(sorted(self.findings, key=_place)) if self.findings else (),
            payer_contacts=payer.contacts if payer else (),
            receiver_details=receiver,
        )

    def _heading(self, end: int) -> tuple[str | None, date | None]:
        """BHT03 and BHT04; some payers reject before any HL."""
        self.before = self.above_receiver = self.above = self._rejections(PRE_HIERARCHY, 1, end)
        self.rejections += self.before
        at = self.first("BHT", 1, end)
        if at == end:
            self.find(FindingCode.SEGMENT_MISSING, 2, missing="BHT")
            return None, None
        bht = self.segment(at)
        return element_at(bht, 3) or None, read_date(element_at(bht, 4))

    def _read_level(self, level: HierarchicalLevel) -> None:
        if level.level == SUBSCRIBER:
            self.subscriber = self._person(level, None)
            self.subscribers[level.id] = self.subscriber
            self.people.append(self.subscriber)
        elif level.level == DEPENDENT:
            holder = self.subscribers.get(level.parent_id, self.subscriber)
            self.people.append(self._person(level, holder))
        elif level.level == INFORMATION_SOURCE:
            payer, source = self._upper_level(level, "2000A", "2100A")
            self.payer = self.payer or payer
            self.above_receiver = self.above = (*self.before, *source)
        elif level.level == INFORMATION_RECEIVER:
            receiver, rejections = self._upper_level(level, "2000B", "2100B")
            self.receiver = self.receiver or receiver
            self.above = (*self.above_receiver, *rejections)

    def _upper_level(
        self, level: HierarchicalLevel, loop: str, name_loop: str
    ) -> tuple[RelatedEntity | None, list[Rejection]]:
        """2000A with 2100A, or 2000B with 2100B: who it is, and its AAA."""
        start, end, names = level.start + 1, level.end, self.names
        if names[start:end] == _LONE_NAME:
            return read_public_name(self.texts[start], self.delimiters), []
        name_at = self.first("NM1", start, end)
        rejections = [
            *self._rejections(loop, start, name_at),
            *self._rejections(name_loop, name_at, end),
        ]
        self.rejections += rejections
        if not _OF_UPPER.issuperset(names[start:end]):
            stray = [at for at in range(start, end) if names[at] not in _OF_UPPER]
            self.unexpected(stray, name_loop)
        if name_at == end:
            self.find(FindingCode.SEGMENT_MISSING, start + 1, loop=name_loop, missing="NM1")
            return None, rejections
        return read_entity([self.segment(at) for at in range(name_at, end)]), rejections

    def _person(self, level: HierarchicalLevel, holder: _Person | None) -> _Person:
        """2000C or 2000D to the end of its 2110."""
        start, end, loops = level.start, level.end, _LOOPS[level.level]
        benefits_at = self.first("EB", start, end)
        found = self.by_name(start + 1, benefits_at)
        if not _OF_PERSON.issuperset(found):
            for name, positions in found.items():
                if name not in _OF_PERSON:
                    self.unexpected(positions, loops.name)
        name_at = found["NM1"][0] if "NM1" in found else benefits_at
        party = self._party(start, found, loops)
        benefits = self.benefits(benefits_at, end, loops) if benefits_at < end else []
        rejections: list[Rejection] = []
        if self.has_rejections:
            rejections += self._rejections(loops.level, start, name_at)
            rejections += self._rejections(loops.name, name_at, benefits_at)
            rejections += [rejection for benefit in benefits for rejection in benefit.rejections]
        answer = self._answer(level, found, party, holder, rejections, benefits)
        return _Person(answer, party, holder)

    def _answer(
        self,
        level: HierarchicalLevel,
        found: Found,
        party: Party,
        holder: _Person | None,
        rejections: list[Rejection],
        benefits: list[Benefit],
    ) -> Answer:
        """A person from the segments before its benefits, with what is said of it."""
        segment, loops = self.segment, _LOOPS[level.level]
        insured = self._insured(found["INS"]) if "INS" in found else _NOT_SAID
        birth_date, gender = self._demographics(found["DMG"][0], loops) if "DMG" in found else (None, None)
        return Answer(
            is_dependent=level.level == DEPENDENT,
            member_id=party.id or (holder.party.id if holder else "") or None,
            last_name=party.last_name or None,
            first_name=party.first_name or None,
            middle_name=party.middle_name or None,
            suffix=party.suffix or None,
            birth_date=birth_date,
            gender=gender,
            traces=tuple([self.traces[at] for at in found["TRN"]]) if "TRN" in found else (),
            references=tuple([read_reference(segment(at)) for at in found["REF"]]) if "REF" in found else (),
            dates=tuple([self.date_range(at, loops.name) for at in found["DTP"]]) if "DTP" in found else (),
            rejections=tuple(rejections),
            benefits=tuple(benefits),
            other_identifiers_changed=insured.changed,
            subscriber=holder.party if holder else None,
            rejections_above=self.above,
            subscriber_rejections=holder.answer.rejections if holder else (),
            segment_number=level.start + 1,
            relationship=insured.relationship,
            address=self._address(found),
            contacts=tuple([read_contact(segment(at)) for at in found["PER"]]) if "PER" in found else (),
            provider=read_provider(segment(found["PRV"][0])) if "PRV" in found else None,
            diagnoses=self._diagnoses(found["HI"]) if "HI" in found else (),
            military=self._military(found["MPI"][0], loops) if "MPI" in found else None,
            birth_sequence=insured.birth_sequence,
        )

    def _party(self, start: int, found: Found, loops: Loops) -> Party:
        """The NM1 of 2100C or 2100D."""
        if "NM1" not in found:
            self.find(FindingCode.SEGMENT_MISSING, start + 2, loop=loops.name, missing="NM1")
            return _NOBODY
        at, *others = found["NM1"]
        if others:
            self.unexpected(others, loops.name)
        return read_party(self.segment(at))

    def _demographics(self, position: int, loops: Loops) -> tuple[date | None, str | None]:
        """DMG02 and DMG03."""
        _, _, text, gender, *_ = [*self.segment(position), "", "", ""]
        birth_date = read_date(text)
        if birth_date is None and text.strip():
            self.find(FindingCode.DATE_INVALID, position + 1, 2, loop=loops.name)
        return birth_date, gender.strip() or None

    def _insured(self, positions: list[int]) -> _Insured:
        """INS, of which the guide has one."""
        insured = [_read_ins(self.texts[at], self.delimiters) for at in positions]
        return insured[0]._replace(changed=True) if any(each.changed for each in insured) else insured[0]

    def _address(self, found: Found) -> Address | None:
        """N3 and N4."""
        if "N3" not in found and "N4" not in found:
            return None
        return read_address(
            self.segment(found["N3"][0]) if "N3" in found else [],
            self.segment(found["N4"][0]) if "N4" in found else [],
        )

    def _diagnoses(self, positions: list[int]) -> tuple[Diagnosis, ...]:
        """HI."""
        component = self.delimiters.component
        codes = []
        for at in positions:
            for composite in self.segment(at)[1:]:
                qualifier, code, *_ = [part.strip() for part in (*composite.split(component), "")]
                if code:
                    codes.append(Diagnosis(qualifier, code))
        return tuple(codes)

    def _military(self, position: int, loops: Loops) -> MilitaryService:
        """MPI; its period has a format (MPI06) and no qualifier."""
        segment = self.segment(position)
        period = None
        if element_at(segment, 7):
            begin, end = read_period(element_at(segment, 6), element_at(segment, 7))
            period = DateRange("", begin, end)
            if begin is None or (end is None and "-" in element_at(segment, 7)):
                self.find(FindingCode.DATE_INVALID, position + 1, 7, loop=loops.name)
        status, employment, affiliation, description, rank = [element_at(segment, at) for at in range(1, 6)]
        return MilitaryService(status, employment, affiliation, description, rank, period)

    def _rejections(self, loop: str, start: int, end: int) -> tuple[Rejection, ...]:
        return self.rejections_at(self.all("AAA", start, end), loop) if self.has_rejections else ()


@remember
def _read_ins(text: str, delimiters: Delimiters) -> _Insured:
    segment = text.split(delimiters.element)
    sequence = element_at(segment, 17)
    return _Insured(
        relationship=element_at(segment, 2) or None,
        changed=element_at(segment, 3) == "001" and element_at(segment, 4) == "25",
        birth_sequence=int(sequence) if sequence in _SEQUENCES else None,
    )


def _place(finding: Finding) -> tuple[int, int]:
    return finding.at.segment_number, finding.at.element or 0


def _answers(people: list[_Person]) -> tuple[Answer, ...]:
    """A subscriber with no EB and no AAA of its own above a dependent was not answered for."""
    if len(people) == 1:
        return (people[0].answer,)
    holders = {id(person.holder) for person in people}
    return tuple(
        [
            person.answer
            for person in people
            if person.answer.benefits or person.answer.rejections or id(person) not in holders
        ]
    )
