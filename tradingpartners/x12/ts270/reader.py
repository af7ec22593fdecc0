"""Read a 270 from ST to SE: who is asked about, by whom, and what."""

from datetime import date, datetime, time
from typing import NamedTuple

from tradingpartners.x12.elements import read_date, read_time
from tradingpartners.x12.envelope.values import TransactionSet
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
    Address,
    DateRange,
    Diagnosis,
    Party,
    Procedure,
    ProviderInformation,
    Reference,
    RelatedEntity,
    read_address,
    read_party,
    read_procedure,
    read_reference,
    read_trace,
)
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.ts270.values import (
    Dependent,
    EligibilityInquiry,
    Inquiry,
    ServiceQuestion,
    Subscriber,
)

_SEGMENT_IDS = "ST BHT HL TRN NM1 REF N3 N4 PER PRV DMG INS HI DTP EQ AMT III SE"
_SEGMENTS = frozenset(_SEGMENT_IDS.split())
# DTP01 that say which days are asked about; 307 and 472 are of 4010.
_SERVICE_DATES = ("291", "307", "472")
_ISSUED = "102"
_NOBODY = Party(*[""] * 7)
# III01 of 4010, which has no HI: the code is a diagnosis.
_DIAGNOSES = ("ABF", "ABK", "BF", "BK")


def read_270(transaction: TransactionSet, delimiters: Delimiters) -> EligibilityInquiry:
    """Read a 270 from ST to SE. A subscriber without EQ above a dependent is not asked about."""
    return _Reader(transaction, delimiters).read()


class _Holder(NamedTuple):
    """The subscriber above a dependent."""

    party: Party | None
    person: Subscriber | None


class _Reader(SetReader):
    """Walks one set."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction)
        self.repetition = delimiters.repetition or "^"
        self.component = delimiters.component

    def read(self) -> EligibilityInquiry:
        self.check_names(_SEGMENTS)
        levels = read_hierarchy(self)
        last = len(self.names) - 1
        bht_at = self.first("BHT", 1, last)
        if bht_at == last:
            self.find(FindingCode.SEGMENT_MISSING, 2, missing="BHT")
        bht = self.segment(bht_at) if bht_at < last else ["BHT"]
        day = read_date(element_at(bht, 4))
        if day is None and element_at(bht, 4):
            self.find(FindingCode.DATE_INVALID, bht_at + 1, 4)
        self._check_level_names(levels)
        receiver = self._entity(levels, INFORMATION_RECEIVER)
        payer = self._entity(levels, INFORMATION_SOURCE)
        questions = self._questions(levels)
        return EligibilityInquiry(
            reference_identification=element_at(bht, 3) or None,
            date=day,
            payer=payer.party if payer else None,
            receiver=receiver.party if receiver else None,
            questions=tuple(questions),
            traces=tuple([read_trace(self.segment(at)) for at in self.all("TRN", 1, last)]),
            findings=tuple(self.findings),
            created=datetime.combine(day, read_time(element_at(bht, 5)) or time()) if day else None,
            purpose=element_at(bht, 2) or None,
            information_receiver=receiver,
        )

    def _check_level_names(self, levels: list[HierarchicalLevel]) -> None:
        for level in levels:
            if self.first("NM1", level.start, level.end) == level.end:
                self.find(FindingCode.SEGMENT_MISSING, level.start + 2, missing="NM1")

    def _entity(self, levels: list[HierarchicalLevel], wanted: str) -> RelatedEntity | None:
        """2100A or 2100B: the first that has a name."""
        for level in levels:
            found = self._by_name(level.start + 1, level.end) if level.level == wanted else {}
            if "NM1" in found:
                return RelatedEntity(
                    party=read_party(found["NM1"][0]),
                    address=_address(found),
                    provider=_provider(found),
                    references=_references(found),
                )
        return None

    def _questions(self, levels: list[HierarchicalLevel]) -> list[Inquiry]:
        people = [level for level in levels if level.level in (SUBSCRIBER, DEPENDENT)]
        questions: list[Inquiry] = []
        holders: dict[str, _Holder] = {}
        holder: _Holder | None = None
        for level, following in zip(people, [*people, None][1:], strict=True):
            if level.level == DEPENDENT:
                questions.append(self._question(level, holders.get(level.parent_id, holder)))
                continue
            question = self._question(level, None)
            person = question.person if isinstance(question.person, Subscriber) else None
            holder = holders[level.id] = _Holder(self._party(level), person)
            above = following is not None and following.level == DEPENDENT
            if question.asked or not above:
                questions.append(question)
        return questions

    def _question(self, level: HierarchicalLevel, holder: _Holder | None) -> Inquiry:
        """2000C or 2000D."""
        start, end = level.start + 1, level.end
        asked_at = self.all("EQ", start, end)
        own_end = asked_at[0] if asked_at else end
        dates = {at: self.date_range(at) for at in self.all("DTP", start, end)}
        own_dates = [each for at, each in dates.items() if at < own_end]
        party = self._party(level) or _NOBODY
        person = self._person(level, party, own_end, own_dates)
        diagnoses = self._diagnoses(start, end)
        bounds = zip(asked_at, [*asked_at[1:], end], strict=False)
        asked = tuple([self._asked(*each, dates, diagnoses) for each in bounds])
        if not asked and level.level == DEPENDENT:
            self.find(FindingCode.SEGMENT_MISSING, end + 1, missing="EQ")
        period = _service_period(own_dates)
        day = period or _service_period(list(dates.values()))
        found = self._by_name(start, end)
        return Inquiry(
            is_dependent=level.level == DEPENDENT,
            member_id=party.id or (holder and holder.party and holder.party.id) or None,
            last_name=person.last_name,
            first_name=person.first_name,
            middle_name=person.middle_name,
            suffix=person.suffix,
            birth_date=person.birth_date,
            gender=person.gender,
            service_types=tuple([code for each in asked for code in each.service_types]),
            service_date=day.begin if day else None,
            service_date_end=day.end if day else None,
            traces=tuple([read_trace(each) for each in found.get("TRN", [])]),
            references=_references(found),
            dates=tuple(dates.values()),
            subscriber=holder.party if holder else None,
            segment_number=start,
            person=person,
            holder=holder.person if holder else None,
            diagnoses=tuple(diagnoses),
            asked=asked,
            period=period,
        )

    def _party(self, level: HierarchicalLevel) -> Party | None:
        name_at = self.first("NM1", level.start, level.end)
        return read_party(self.segment(name_at)) if name_at < level.end else None

    def _person(
        self, level: HierarchicalLevel, party: Party, end: int, dates: list[DateRange]
    ) -> Subscriber | Dependent:
        """2100C or 2100D."""
        found = self._by_name(level.start + 1, end)
        insured = found.get("INS", [["INS"]])[0]
        references = _references(found)
        # As `write_270` places it; behind other numbers it is one of them.
        group = references[0].number if references and references[0].qualifier == "6P" else ""
        person = Dependent(
            last_name=party.last_name or None,
            first_name=party.first_name or None,
            birth_date=self._birth_date(level.start + 1, end),
            middle_name=party.middle_name or None,
            suffix=party.suffix or None,
            gender=element_at(found.get("DMG", [["DMG"]])[0], 3) or None,
            group_number=group or None,
            relationship=element_at(insured, 2) or None,
            references=references[1:] if group else references,
            address=_address(found),
            provider=_provider(found),
            birth_sequence=_number(element_at(insured, 17)),
            issue_date=next((each.begin for each in dates if each.qualifier == _ISSUED), None),
        )
        if level.level == DEPENDENT:
            return person
        known = {field: value for field, value in person._asdict().items() if field != "relationship"}
        return Subscriber(**known, member_id=party.id or None, member_id_qualifier=party.id_qualifier or "MI")

    def _birth_date(self, start: int, end: int) -> date | None:
        """DMG02."""
        at = self.first("DMG", start, end)
        text = element_at(self.segment(at), 2) if at < end else ""
        day = read_date(text)
        if text and day is None:
            self.find(FindingCode.DATE_INVALID, at + 1, 2)
        return day

    def _diagnoses(self, start: int, end: int) -> list[Diagnosis]:
        """HI, in the order EQ05 counts them."""
        diagnoses: list[Diagnosis] = []
        for at in self.all("HI", start, end):
            for element, text in enumerate(self.segment(at)[1:], 1):
                qualifier, code = self._components(text, 2)
                if code:
                    diagnoses.append(Diagnosis(qualifier, code))
                elif text.strip():
                    self.find(FindingCode.ELEMENT_MISSING, at + 1, element)
        return diagnoses

    def _asked(
        self, start: int, end: int, dates: dict[int, DateRange], diagnoses: list[Diagnosis]
    ) -> ServiceQuestion:
        """2110C or 2110D: an EQ and what follows up to the next."""
        segment, found = self.segment(start), self._by_name(start + 1, end)
        types = [code.strip() for code in element_at(segment, 1).split(self.repetition)]
        service_types = tuple(filter(None, types))
        procedure = self._procedure(segment)
        if not service_types and procedure is None:
            self.find(FindingCode.ELEMENT_MISSING, start + 1, 1)
        period = _service_period([dates[at] for at in self.all("DTP", start, end)])
        pointers = [*self._pointers(segment, start, len(diagnoses))]
        place = None
        for each in found.get("III", []):
            qualifier, code = element_at(each, 1), element_at(each, 2)
            if qualifier in _DIAGNOSES and code:
                diagnoses.append(Diagnosis(qualifier, code))
                pointers.append(len(diagnoses))
            elif code and place is None:
                place = code
        return ServiceQuestion(
            service_types=service_types,
            procedure=procedure,
            coverage_level=element_at(segment, 3) or None,
            diagnosis_pointers=tuple(pointers),
            place_of_service=place,
            authorization=next(iter(_references(found)), None),
            service_date=period.begin if period else None,
            service_date_end=period.end if period else None,
        )

    def _procedure(self, segment: Segment) -> Procedure | None:
        """EQ02."""
        text = element_at(segment, 2)
        return read_procedure(text.split(self.component)) if text.strip(self.component) else None

    def _pointers(self, segment: Segment, at: int, diagnoses: int) -> list[int]:
        """EQ05; one that points at no diagnosis is found and left out."""
        pointers = []
        for text in filter(None, element_at(segment, 5).split(self.component)):
            pointer = _number(text) or 0
            if 0 < pointer <= diagnoses:
                pointers.append(pointer)
            else:
                self.find(FindingCode.CODE_UNKNOWN, at + 1, 5)
        return pointers

    def _components(self, text: str, count: int) -> list[str]:
        """The first components of a composite, absent ones as ""."""
        parts = [part.strip() for part in text.split(self.component, count)[:count]]
        return [*parts, *[""] * (count - len(parts))]

    def _by_name(self, start: int, end: int) -> dict[str, list[Segment]]:
        found: dict[str, list[Segment]] = {}
        for position in range(start, end):
            found.setdefault(self.names[position], []).append(self.segment(position))
        return found


def _address(found: dict[str, list[Segment]]) -> Address | None:
    """N3 and N4."""
    if "N3" not in found and "N4" not in found:
        return None
    return read_address(found.get("N3", [["N3"]])[0], found.get("N4", [["N4"]])[0])


def _provider(found: dict[str, list[Segment]]) -> ProviderInformation | None:
    """PRV."""
    if "PRV" not in found:
        return None
    return ProviderInformation(*[element_at(found["PRV"][0], position) for position in range(1, 4)])


def _references(found: dict[str, list[Segment]]) -> tuple[Reference, ...]:
    """REF."""
    return tuple([read_reference(each) for each in found.get("REF", [])])


def _service_period(dates: list[DateRange]) -> DateRange | None:
    return next((each for each in dates if each.qualifier in _SERVICE_DATES), None)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
