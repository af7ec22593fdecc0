"""Read a 278 from ST to SE: requests and responses of 005010X217, and what is like them.

A segment in a wrong place is found, and read all the same where it is plain what it belongs to; a
level below a wrong parent or none likewise. 005010X215 and 005010X216 have the same tree. Of
004010X094, what stands with a patient becomes part of the events asked about.
"""

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
from tradingpartners.x12.parties import RelatedEntity, read_trace
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.ts271.values import PRE_HIERARCHY, Rejection
from tradingpartners.x12.ts278.loop_reader import Content, Found, LoopReader
from tradingpartners.x12.ts278.loops import KNOWN_LEVELS, LEVELS, SEGMENTS, Level
from tradingpartners.x12.ts278.segments import read_aaa
from tradingpartners.x12.ts278.values import (
    PATIENT_EVENT,
    PROVIDER_OF_SERVICE,
    REQUEST,
    RESPONSE,
    SERVICE,
    HealthCareServicesReview,
    PatientEvent,
    ReviewPatient,
    ReviewService,
)


class _Event:
    """A 2000E and the services found below it so far."""

    def __init__(self, event: PatientEvent) -> None:
        self.event = event
        self.services: list[ReviewService] = []
        # Where CRC, CL1 and CR1 to CR6 stand in the services.
        self.clinical: Found = {}


class _Patient:
    """A 2000C or 2000D and the events found below it so far."""

    def __init__(self, patient: ReviewPatient, carried: PatientEvent) -> None:
        self.patient = patient
        # What stood with the patient and belongs to its events.
        self.carried = carried
        self.events: list[_Event] = []
        self.has_dependents = False


def read_278(transaction: TransactionSet, delimiters: Delimiters) -> HealthCareServicesReview:
    """Read a 278 from ST to SE, request or response."""
    return _Reader(transaction, delimiters).read()


class _Reader(LoopReader):
    """Walks one set; holds what stands above the place it has come to."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction, delimiters)
        # Other guides ask for less.
        self.is_strict = "X217" in transaction.version or not transaction.version
        self.payer: RelatedEntity | None = None
        self.requester: RelatedEntity | None = None
        self.above: list[Rejection] = []
        self.level_codes: dict[str, str] = {}
        self.patients: list[_Patient] = []
        self.patients_by_id: dict[str, _Patient] = {}
        self.events_by_id: dict[str, _Event] = {}

    def read(self) -> HealthCareServicesReview:
        self.check_names(SEGMENTS)
        known = frozenset(LEVELS) if self.is_4010 else KNOWN_LEVELS
        levels = read_hierarchy(self, known)
        last = len(self.names) - 1
        bht = self._heading(levels[0].start if levels else last)
        purpose = element_at(bht, 2)
        self.is_response = self._speaks_for_payer(purpose)
        for level in levels:
            self._read_level(level, known)
        self._check_levels(levels)
        return HealthCareServicesReview(
            purpose=purpose,
            reference_identification=element_at(bht, 3),
            date=read_date(element_at(bht, 4)),
            time=read_time(element_at(bht, 5)),
            payer=self.payer,
            requester=self.requester,
            patients=self._patients(),
            transaction_type=element_at(bht, 6),
            rejections=tuple(self.above),
            traces=tuple([read_trace(self.segment(at)) for at in self.all("TRN", 1, last)]),
            findings=tuple(sorted(self.findings, key=lambda finding: finding.at.segment_number)),
            is_response=self.is_response,
        )

    def _speaks_for_payer(self, purpose: str) -> bool:
        if purpose in (REQUEST, RESPONSE):
            return purpose == RESPONSE
        return "HCR" in self.names or "AAA" in self.names

    def _heading(self, end: int) -> Segment:
        """BHT, and an AAA before any HL."""
        at = self.first("BHT", 1, end)
        if at == end:
            self.find(FindingCode.SEGMENT_MISSING, 2, missing="BHT")
        for position in range(1, end):
            if self.names[position] == "AAA":
                self.above.append(read_aaa(self.segment(position), PRE_HIERARCHY, position + 1))
            if position != at and self.names[position] in SEGMENTS:
                self.find(FindingCode.SEGMENT_UNEXPECTED, position + 1)
        if at == end:
            return ["BHT"]
        bht = self.segment(at)
        for element in (1, 2):
            if not element_at(bht, element):
                self.find(FindingCode.ELEMENT_MISSING, at + 1, element)
        if element_at(bht, 4) and read_date(element_at(bht, 4)) is None:
            self.find(FindingCode.DATE_INVALID, at + 1, 4)
        return bht

    def _read_level(self, level: HierarchicalLevel, known: frozenset[str]) -> None:
        if level.level not in known:
            for position in range(level.start + 1, level.end):
                if self.names[position] in SEGMENTS:
                    self.find(FindingCode.SEGMENT_UNEXPECTED, position + 1)
            return
        rules = LEVELS[level.level]
        self._check_parent(level, rules)
        content = self.content(level, rules)
        if level.level in (PATIENT_EVENT, PROVIDER_OF_SERVICE):
            self._read_event(level, content)
        elif level.level == SERVICE:
            self._read_service(level, content)
        elif level.level in (SUBSCRIBER, DEPENDENT):
            self._read_patient(level, content)
        else:
            self._read_upper_level(level, content)

    def _check_parent(self, level: HierarchicalLevel, rules: Level) -> None:
        """A parent that is not there was found already; here, none at all or one of a wrong level."""
        above = self.level_codes.get(level.parent_id)
        if rules.parents and (not level.parent_id or (above is not None and above not in rules.parents)):
            self.find(FindingCode.HIERARCHY_PARENT_UNKNOWN, level.start + 1, 2, loop=rules.loop)
        self.level_codes[level.id] = level.level

    def _read_upper_level(self, level: HierarchicalLevel, content: Content) -> None:
        """2000A with 2010A, or 2000B with 2010B; a set has one of each."""
        self.above += self.rejections(content)
        entity = self.entity(content.names[0]).entity if content.names else None
        if entity is None:
            self.find(FindingCode.SEGMENT_MISSING, level.start + 1, loop=content.loop, missing="NM1")
        is_payer = level.level == INFORMATION_SOURCE
        if (self.payer if is_payer else self.requester) is not None:
            self.find(FindingCode.SEGMENT_UNEXPECTED, level.start + 1, loop=content.loop)
        if is_payer:
            self.payer = self.payer or entity
        else:
            self.requester = self.requester or entity

    def _read_patient(self, level: HierarchicalLevel, content: Content) -> None:
        """2000C or 2000D; a dependent without a subscriber above belongs to the last one."""
        person = self.person(level, content)
        patient = ReviewPatient(subscriber=person, segment_number=level.start + 1)
        if level.level == DEPENDENT:
            holder = self._patient_of(level.parent_id)
            if holder is not None and holder.patient.dependent is None:
                holder.has_dependents = True
            subscriber = holder.patient.subscriber if holder else None
            patient = patient._replace(subscriber=subscriber, dependent=person)
        read = self.patients_by_id[level.id] = _Patient(patient, self.carried(content))
        self.patients.append(read)

    def _patient_of(self, level_id: str) -> _Patient | None:
        return self.patients_by_id.get(level_id) or (self.patients[-1] if self.patients else None)

    def _patient_above(self, level: HierarchicalLevel) -> _Patient:
        """Whose event it is; an event of nobody is still an event."""
        patient = self._patient_of(level.parent_id)
        if patient is None:
            patient = _Patient(ReviewPatient(segment_number=level.start + 1), PatientEvent())
            self.patients.append(patient)
        return patient

    def _read_event(self, level: HierarchicalLevel, content: Content) -> None:
        patient = self._patient_above(level)
        event = self.events_by_id[level.id] = _Event(self.event(level, content, patient.carried))
        patient.events.append(event)
        if (
            level.level == PATIENT_EVENT
            and not self.is_response
            and self.is_strict
            and "UM" not in content.own
        ):
            self.find(FindingCode.SEGMENT_MISSING, level.start + 1, loop=content.loop, missing="UM")

    def _read_service(self, level: HierarchicalLevel, content: Content) -> None:
        """2000F; one without an event above belongs to the last of its patient."""
        event = self.events_by_id.get(level.parent_id)
        if event is None:
            patient = self._patient_above(level)
            if not patient.events:
                carried = patient.carried._replace(segment_number=level.start + 1)
                patient.events.append(_Event(carried))
            event = patient.events[-1]
        for name, places in content.own.items():
            event.clinical.setdefault(name, []).extend(places)
        event.services.append(self.service(level, content))

    def _check_levels(self, levels: list[HierarchicalLevel]) -> None:
        """What must be there: the payer, and unless it refuses, everybody and everything else."""
        if not levels:
            return
        there = {level.level for level in levels}
        wanted = (
            (INFORMATION_SOURCE,) if self.above else (INFORMATION_SOURCE, INFORMATION_RECEIVER, SUBSCRIBER)
        )
        for code in wanted:
            if code not in there:
                self.find(FindingCode.SEGMENT_MISSING, len(self.names), loop=LEVELS[code].loop, missing="HL")
        if not self.is_strict:
            return
        for patient in self.patients:
            self._check_patient(patient)

    def _check_patient(self, patient: _Patient) -> None:
        number = patient.patient.segment_number
        loop = LEVELS[PATIENT_EVENT].loop
        refused = bool(self.above or patient.patient.rejections)
        if not patient.events and not refused and not patient.has_dependents:
            self.find(FindingCode.SEGMENT_MISSING, number, loop=loop, missing="HL")
        if not self.is_response or refused:
            return
        for each in patient.events:
            levels: list[PatientEvent | ReviewService] = [each.event, *each.services]
            if not any(level.decision or level.rejections or _refuses(level) for level in levels):
                number = each.event.segment_number
                self.find(FindingCode.SEGMENT_MISSING, number, loop=loop, missing="HCR")

    def _patients(self) -> tuple[ReviewPatient, ...]:
        """A subscriber above a dependent is the patient only where it has events of its own."""
        return tuple(
            [
                each.patient._replace(events=tuple([self._whole(one) for one in each.events]))
                for each in self.patients
                if each.events or not each.has_dependents
            ]
        )

    def _whole(self, event: _Event) -> PatientEvent:
        return self.with_clinical(event.event, event.clinical)._replace(services=tuple(event.services))


def _refuses(level: PatientEvent | ReviewService) -> bool:
    return any(provider.rejections for provider in level.providers)
