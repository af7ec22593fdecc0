"""Read the loops of a 278: every segment into its loop, each loop into a value."""

from collections.abc import Callable
from typing import NamedTuple

from tradingpartners.x12.elements import read_amount, read_date
from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.hierarchy import HierarchicalLevel
from tradingpartners.x12.parties import (
    DateRange,
    Party,
    Reference,
    ServiceDelivery,
    Trace,
    read_delivery,
    read_entity,
    read_reference,
    read_trace,
)
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.certification import CertificationStatus, least_favourable, read_action
from tradingpartners.x12.ts278.loops import (
    AMOUNTS,
    CODES,
    REQUIRED,
    SEGMENTS,
    Level,
    NameLoop,
    event_name_loop,
)
from tradingpartners.x12.ts278.segments import (
    read_aaa,
    read_cl1,
    read_clinical,
    read_crc,
    read_hcr,
    read_hi,
    read_pwk,
    read_sv1,
    read_sv2,
    read_sv3,
    read_too,
    read_um,
)
from tradingpartners.x12.ts278.values import (
    PATIENT_EVENT,
    PROVIDER_OF_SERVICE,
    SERVICE,
    Attachment,
    DentalService,
    HealthCareCode,
    InstitutionalService,
    PatientEvent,
    ProfessionalService,
    ReviewDecision,
    ReviewEntity,
    ReviewInformation,
    ReviewPerson,
    ReviewService,
)

_NOBODY = Party("", "", "", "", "", "", "")
# What only a payer says.
_ANSWERS = ("AAA", "HCR")
_CLINICAL = ("CR1", "CR2", "CR4", "CR5", "CR6")
# What a patient has counts again for each of its events and dependents: a hostile file would have
# a million of both. The guide has 14 at most.
MOST_IN_A_LOOP = 100
# Segment ids to where they stand in the set.
Found = dict[str, list[int]]


class Named(NamedTuple):
    """A name loop: where its segments stand, NM1 among them."""

    loop: str
    found: Found


class Content(NamedTuple):
    """A level: what stands in it by itself, and in its name loops."""

    loop: str
    own: Found
    names: list[Named]


class LoopReader(SetReader):
    """Reads one level of a 278 at a time; `ts278_reader.py` makes the tree of them."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction)
        self.repetition = delimiters.repetition
        self.component = delimiters.component
        self.is_4010 = transaction.version.startswith("004010")
        self.is_response = False

    # Segments into loops

    def content(self, level: HierarchicalLevel, rules: Level) -> Content:
        """The segments of a level; those in a wrong place are found, and left where they are."""
        own: Found = {}
        names: list[Named] = []
        mine = rules.segments | rules.segments_of_4010 if self.is_4010 else rules.segments
        loop = NameLoop(rules.loop, frozenset())
        for position in range(level.start + 1, level.end):
            name = self.names[position]
            if name not in SEGMENTS:
                continue
            if name == "NM1":
                loop = self._name_loop(level, rules, position, bool(names))
                names.append(Named(loop.id, {name: [position]}))
            else:
                named = bool(names) and name in loop.segments
                misplaced = not named and (bool(names) or name not in mine)
                if misplaced or (name in _ANSWERS and not self.is_response):
                    self.find(FindingCode.SEGMENT_UNEXPECTED, position + 1, loop=loop.id)
                (names[-1].found if named else own).setdefault(name, []).append(position)
            self._check_elements(position, name, loop.id)
        return Content(rules.loop, own, names)

    def _name_loop(self, level: HierarchicalLevel, rules: Level, position: int, has_name: bool) -> NameLoop:
        """The loop an NM1 begins."""
        if level.level == PATIENT_EVENT:
            loop = event_name_loop(element_at(self.segment(position), 1))
            if loop is None:
                self.find(FindingCode.CODE_UNKNOWN, position + 1, 1, loop=rules.name.id)
            return loop or rules.name
        if has_name and level.level not in (SERVICE, PROVIDER_OF_SERVICE):
            self.find(FindingCode.SEGMENT_UNEXPECTED, position + 1, loop=rules.name.id)
        return rules.name

    def _check_elements(self, position: int, name: str, loop: str) -> None:
        """Elements a segment needs, codes that are few, amounts that cannot be read."""
        segment = self.segment(position)
        number = position + 1
        for element in REQUIRED.get(name, ()):
            if not element_at(segment, element):
                self.find(FindingCode.ELEMENT_MISSING, number, element, loop=loop)
        for element in range(1, len(segment)):
            codes = CODES.get((name, element))
            value = element_at(segment, element)
            if codes is not None and value and value not in codes:
                self.find(FindingCode.CODE_UNKNOWN, number, element, loop=loop)
        for element in AMOUNTS.get(name, ()):
            text = element_at(segment, element)
            if text and read_amount(text) is None:
                self.find(FindingCode.AMOUNT_INVALID, number, element, loop=loop)
        if name == "NM1":
            self._check_identifier(segment, number, loop)
        elif name == "HCR" and read_action(element_at(segment, 1)) == CertificationStatus.UNKNOWN:
            self.find(FindingCode.CODE_UNKNOWN, number, 1, loop=loop)

    def _check_identifier(self, nm1: Segment, number: int, loop: str) -> None:
        """NM108 and NM109 come together; a qualifier longer than two stands one element too early."""
        qualifier, identifier = element_at(nm1, 8), element_at(nm1, 9)
        if len(qualifier) > 2:
            self.find(FindingCode.CODE_UNKNOWN, number, 8, loop=loop)
        elif bool(qualifier) != bool(identifier):
            self.find(FindingCode.ELEMENT_MISSING, number, 9 if qualifier else 8, loop=loop)

    # Loops into values

    def person(self, level: HierarchicalLevel, content: Content) -> ReviewPerson:
        found = {**content.own, **(content.names[0].found if content.names else {})}
        if "NM1" not in found:
            self.find(FindingCode.SEGMENT_MISSING, level.start + 1, loop=content.loop, missing="NM1")
        entity = read_entity([self.segment(at) for places in found.values() for at in places])
        demographics = self._first(found, "DMG") or ["DMG"]
        birth_date = read_date(element_at(demographics, 2))
        if element_at(demographics, 2) and birth_date is None:
            self.find(FindingCode.DATE_INVALID, found["DMG"][0] + 1, 2, loop=content.loop)
        insured = self._first(found, "INS") or ["INS"]
        return ReviewPerson(
            party=entity.party if "NM1" in found else _NOBODY,
            birth_date=birth_date,
            gender=element_at(demographics, 3),
            relationship=element_at(insured, 2),
            birth_sequence=element_at(insured, 17),
            employment_status=element_at(insured, 8),
            references=entity.references,
            address=entity.address,
            rejections=self.rejections(content),
        )

    def event(self, level: HierarchicalLevel, content: Content, carried: PatientEvent) -> PatientEvent:
        """2000E, with what stood above it and belongs to it; the services are not in it yet."""
        own = content.own
        event = PatientEvent(
            information=self._information(own),
            decision=self._decision(own),
            traces=(*carried.traces, *self._traces(own)),
            references=self._references(own),
            dates=(*carried.dates, *self._dates(own, content.loop)),
            diagnoses=(*carried.diagnoses, *self._codes(own, content.loop)),
            delivery=self._delivery(own),
            attachments=(*carried.attachments, *self._attachments(own)),
            messages=self._messages(own),
            providers=tuple([self.entity(each) for each in content.names]),
            rejections=self._aaa(own, content.loop),
            segment_number=level.start + 1,
        )
        return self.with_clinical(event, own)

    def service(self, level: HierarchicalLevel, content: Content) -> ReviewService:
        own = content.own
        return ReviewService(
            information=self._information(own),
            decision=self._decision(own),
            traces=self._traces(own),
            references=self._references(own),
            dates=self._dates(own, content.loop),
            procedures=self._codes(own, content.loop),
            line=self._line(own),
            teeth=tuple([read_too(self.segment(at), self.component) for at in own.get("TOO", ())]),
            delivery=self._delivery(own),
            attachments=self._attachments(own),
            messages=self._messages(own),
            providers=tuple([self.entity(each) for each in content.names]),
            rejections=self._aaa(own, content.loop),
            segment_number=level.start + 1,
        )

    def carried(self, content: Content) -> PatientEvent:
        """What stands with a patient and belongs to its events: in 4010 it always does."""
        own = content.own
        return PatientEvent(
            traces=self._traces(own)[:MOST_IN_A_LOOP],
            dates=self._dates(own, content.loop)[:MOST_IN_A_LOOP],
            diagnoses=self._codes(own, content.loop)[:MOST_IN_A_LOOP],
            attachments=self._attachments(own)[:MOST_IN_A_LOOP],
        )

    def with_clinical(self, event: PatientEvent, own: Found) -> PatientEvent:
        """The event with what an event has in 5010 and a service had in 4010."""
        admission = self._first(own, "CL1")
        return event._replace(
            conditions=(*event.conditions, *[read_crc(self.segment(at)) for at in own.get("CRC", ())]),
            admission=read_cl1(admission) if admission else event.admission,
            clinical=(
                *event.clinical,
                *[read_clinical(self.segment(at)) for name in _CLINICAL for at in own.get(name, ())],
            ),
        )

    def entity(self, named: Named) -> ReviewEntity:
        """A name loop in full."""
        found = named.found
        return ReviewEntity(
            read_entity([self.segment(at) for places in found.values() for at in places]),
            self._aaa(found, named.loop),
            self._dates(found, named.loop),
        )

    def rejections(self, content: Content) -> tuple[Rejection, ...]:
        """AAA of a level and of the names in it."""
        named = [each for one in content.names for each in self._aaa(one.found, one.loop)]
        return (*self._aaa(content.own, content.loop), *named)

    def _aaa(self, found: Found, loop: str) -> tuple[Rejection, ...]:
        places = found.get("AAA", [])
        for at in places[MOST_IN_A_LOOP : MOST_IN_A_LOOP + 1]:
            self.find(FindingCode.SEGMENT_UNEXPECTED, at + 1, loop=loop)
        return tuple([read_aaa(self.segment(at), loop, at + 1) for at in places[:MOST_IN_A_LOOP]])

    def _first(self, found: Found, name: str) -> Segment | None:
        """A segment of which a loop has one; others are found."""
        places = found.get(name)
        if not places:
            return None
        for at in places[1:]:
            self.find(FindingCode.SEGMENT_UNEXPECTED, at + 1)
        return self.segment(places[0])

    def _information(self, own: Found) -> ReviewInformation | None:
        segment = self._first(own, "UM")
        return read_um(segment, self.component) if segment else None

    def _decision(self, own: Found) -> ReviewDecision | None:
        """HCR; of several, against the guide, the one that promises least."""
        self._first(own, "HCR")
        decisions = [read_hcr(self.segment(at), self.repetition) for at in own.get("HCR", ())]
        least = least_favourable(read_action(each.action) for each in decisions)
        return next((each for each in decisions if read_action(each.action) == least), None)

    def _traces(self, own: Found) -> tuple[Trace, ...]:
        return tuple([read_trace(self.segment(at)) for at in own.get("TRN", ())])

    def _references(self, own: Found) -> tuple[Reference, ...]:
        return tuple([read_reference(self.segment(at)) for at in own.get("REF", ())])

    def _dates(self, found: Found, loop: str) -> tuple[DateRange, ...]:
        """DTP; one without a date was found already."""
        return tuple(
            [
                self.date_range(at, loop)
                if element_at(self.segment(at), 3)
                else DateRange(element_at(self.segment(at), 1), None, None)
                for at in found.get("DTP", ())
            ]
        )

    def _codes(self, own: Found, loop: str) -> tuple[HealthCareCode, ...]:
        """HI; a code without a qualifier or a code is found, and so is a date that is none."""
        codes = []
        for at in own.get("HI", ()):
            for element, code in read_hi(self.segment(at), self.component):
                codes.append(code)
                if not (code.qualifier and code.code):
                    self.find(FindingCode.ELEMENT_MISSING, at + 1, element, loop=loop)
                if code.date is not None and code.date.begin is None:
                    self.find(FindingCode.DATE_INVALID, at + 1, element, loop=loop)
        return tuple(codes)

    def _delivery(self, own: Found) -> ServiceDelivery | None:
        segment = self._first(own, "HSD")
        return read_delivery(segment) if segment else None

    def _attachments(self, own: Found) -> tuple[Attachment, ...]:
        return tuple([read_pwk(self.segment(at)) for at in own.get("PWK", ())])

    def _messages(self, own: Found) -> tuple[str, ...]:
        texts = [element_at(self.segment(at), 1) for at in own.get("MSG", ())]
        return tuple(filter(None, texts))

    def _line(self, own: Found) -> ProfessionalService | InstitutionalService | DentalService | None:
        """SV1, SV2 or SV3: a service has one of them."""
        places = sorted(at for name in _LINES for at in own.get(name, ()))
        for at in places[1:]:
            self.find(FindingCode.SEGMENT_UNEXPECTED, at + 1)
        if not places:
            return None
        read_line = _LINES[self.names[places[0]]]
        return read_line(self.segment(places[0]), self.component)


_LINES: dict[str, Callable[[Segment, str], ProfessionalService | InstitutionalService | DentalService]] = {
    "SV1": read_sv1,
    "SV2": read_sv2,
    "SV3": read_sv3,
}
