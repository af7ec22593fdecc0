"""270, the question: 005010X279A1, written from a value and read to values."""

import re
from datetime import date, datetime
from typing import NamedTuple

from tradingpartners.x12.elements import read_date, write_date, write_period, write_time
from tradingpartners.x12.envelope import TransactionSet
from tradingpartners.x12.errors import Finding, FindingCode, WriteErrorCode, X12WriteError
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
    Trace,
    read_party,
    read_reference,
    read_trace,
)
from tradingpartners.x12.segments import (
    DEFAULT_DELIMITERS,
    Delimiters,
    Segment,
    check_delimiters,
    check_text,
    element_at,
)
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.writing import write_transaction_set

VERSION = "005010X279A1"
FUNCTIONAL_ID = "HS"
# 2110C repeats 99 times.
MOST_SERVICE_TYPES = 99

_SERVICE_TYPE = re.compile(r"[A-Z0-9]{1,3}")
_NPI = re.compile(r"[0-9]{10}")
# INS02 of 2100D: spouse, child, other adult.
RELATIONSHIPS = frozenset(["01", "19", "34"])
# DTP01 that say which days are asked about; 307 and 472 are not of this guide.
_SERVICE_DATES = ("291", "307", "472")


class Subscriber(NamedTuple):
    """2100C of a question."""

    member_id: str | None
    last_name: str | None
    first_name: str | None
    birth_date: date | None
    middle_name: str | None = None
    suffix: str | None = None
    # M or F: the guide has no other.
    gender: str | None = None
    group_number: str | None = None


class Dependent(NamedTuple):
    """2100D of a question."""

    last_name: str | None
    first_name: str | None
    birth_date: date | None
    middle_name: str | None = None
    suffix: str | None = None
    gender: str | None = None
    group_number: str | None = None
    # INS02: 01 spouse, 19 child, 34 other adult.
    relationship: str | None = None


class EligibilityQuestion(NamedTuple):
    """One question about one person: what a 270 from ST to SE asks."""

    trace_number: str
    # TRN03, ten characters: "9" and a number of our own, or "1" and an EIN.
    trace_originator: str
    reference_identification: str
    payer_name: str
    payer_id: str
    provider_name: str
    provider_npi: str
    subscriber: Subscriber
    service_types: tuple[str, ...]
    service_date: date
    created: datetime
    # The patient, where it is not the subscriber.
    dependent: Dependent | None = None
    # The last day, where a range is asked about.
    service_date_end: date | None = None
    # With a first name the provider is a person, without one an organization.
    provider_first_name: str | None = None
    payer_id_qualifier: str = "PI"


def write_270(
    question: EligibilityQuestion,
    *,
    control_number: str,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
) -> str:
    """The question from ST to SE.

    A backtick in a name is written as an apostrophe (`repaired_names` says where); anything else
    that X12 cannot carry is refused.
    """
    check_delimiters(delimiters)
    write = _Writer(delimiters)
    patient_is_dependent = question.dependent is not None
    trace = [
        "TRN",
        "1",
        write.text(question.trace_number, "trace_number", 1, 50),
        write.text(question.trace_originator, "trace_originator", 10, 10),
    ]
    asked = [_service_date(question), *write.service_types(question.service_types)]
    body = [
        write.heading(question),
        ["HL", "1", "", "20", "1"],
        write.payer(question),
        ["HL", "2", "1", "21", "1"],
        write.provider(question),
        ["HL", "3", "2", "22", "1" if patient_is_dependent else "0"],
        *([] if patient_is_dependent else [trace]),
        *write.subscriber(question.subscriber),
    ]
    if question.dependent is not None:
        body += [["HL", "4", "3", "23", "0"], trace, *write.dependent(question.dependent)]
    return write_transaction_set("270", control_number, VERSION, body + asked, delimiters=delimiters)


def repaired_names(question: EligibilityQuestion) -> tuple[str, ...]:
    """The fields in which `write_270` writes an apostrophe for a backtick."""
    people: dict[str, Subscriber | Dependent | None] = {
        "subscriber": question.subscriber,
        "dependent": question.dependent,
    }
    return tuple(
        f"{role}.{field}"
        for role, person in people.items()
        if person is not None
        for field in _NAME_FIELDS
        if "`" in (getattr(person, field) or "")
    )


_NAME_FIELDS = ("last_name", "first_name", "middle_name", "suffix")


class _Writer:
    """Values to segments; every value passes one check."""

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters

    def text(self, value: str | None, field: str, shortest: int, longest: int) -> str:
        return check_text(value, field=field, delimiters=self.delimiters, shortest=shortest, longest=longest)

    def heading(self, question: EligibilityQuestion) -> Segment:
        reference = self.text(question.reference_identification, "reference_identification", 1, 50)
        created = question.created
        return ["BHT", "0022", "13", reference, write_date(created), write_time(created)]

    def payer(self, question: EligibilityQuestion) -> Segment:
        """2100A NM1."""
        name = self.text(question.payer_name, "payer_name", 1, 60)
        qualifier = self.text(question.payer_id_qualifier, "payer_id_qualifier", 2, 2)
        number = self.text(question.payer_id, "payer_id", 2, 80)
        return ["NM1", "PR", "2", name, "", "", "", "", qualifier, number]

    def provider(self, question: EligibilityQuestion) -> Segment:
        """2100B NM1."""
        if not _NPI.fullmatch(question.provider_npi):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "provider_npi")
        name = self.text(question.provider_name, "provider_name", 1, 60)
        first = self.text(question.provider_first_name, "provider_first_name", 0, 35)
        kind = "1" if first else "2"
        return ["NM1", "1P", kind, name, first, "", "", "", "XX", question.provider_npi]

    def subscriber(self, person: Subscriber) -> list[Segment]:
        """2100C."""
        name = self._name("IL", person, "subscriber")
        member_id = self.text(person.member_id, "subscriber.member_id", 0, 80)
        if member_id:
            if len(member_id) < 2:
                raise X12WriteError(WriteErrorCode.TOO_SHORT, "subscriber.member_id")
            name += [""] * (8 - len(name)) + ["MI", member_id]
        if len(name) == 3 and person.birth_date is None:
            raise X12WriteError(WriteErrorCode.REQUIRED, "subscriber")
        return [name, *self._person(person, "subscriber")]

    def dependent(self, person: Dependent) -> list[Segment]:
        """2100D."""
        name = self._name("03", person, "dependent")
        if len(name) == 3 and person.birth_date is None:
            raise X12WriteError(WriteErrorCode.REQUIRED, "dependent")
        segments = [name, *self._person(person, "dependent")]
        if person.relationship:
            if person.relationship not in RELATIONSHIPS:
                raise X12WriteError(WriteErrorCode.INVALID_VALUE, "dependent.relationship")
            segments.append(["INS", "N", person.relationship])
        return segments

    def service_types(self, codes: tuple[str, ...]) -> list[Segment]:
        """2110C or 2110D: one EQ for each, which needs no repetition separator."""
        if not 0 < len(codes) <= MOST_SERVICE_TYPES:
            code = WriteErrorCode.LIMIT_EXCEEDED if codes else WriteErrorCode.REQUIRED
            raise X12WriteError(code, "service_types")
        if not all(_SERVICE_TYPE.fullmatch(code) for code in codes):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "service_types")
        return [["EQ", code] for code in codes]

    def _name(self, entity: str, person: Subscriber | Dependent, role: str) -> Segment:
        """NM101 to NM107, no longer than there is something to say."""
        longest = (60, 35, 25, 10)
        last, first, middle, suffix = (
            self.text((getattr(person, field) or "").replace("`", "'"), f"{role}.{field}", 0, length)
            for field, length in zip(_NAME_FIELDS, longest, strict=True)
        )
        name = ["NM1", entity, "1", last, first, middle, "", suffix]
        while not name[-1]:
            name.pop()
        return name

    def _person(self, person: Subscriber | Dependent, role: str) -> list[Segment]:
        """REF and DMG."""
        segments = []
        group = self.text(person.group_number, f"{role}.group_number", 0, 50)
        if group:
            segments.append(["REF", "6P", group])
        if person.gender not in (None, "M", "F"):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, f"{role}.gender")
        if person.birth_date is not None:
            birth = ["DMG", "D8", write_date(person.birth_date)]
            segments.append([*birth, person.gender] if person.gender else birth)
        elif person.gender:
            segments.append(["DMG", "", "", person.gender])
        return segments


def _service_date(question: EligibilityQuestion) -> Segment:
    """2100C or 2100D DTP 291."""
    begin, end = question.service_date, question.service_date_end
    if end is not None and end < begin:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "service_date_end")
    return ["DTP", "291", *write_period(begin, end if end != begin else None)]


_SEGMENT_IDS = "ST BHT HL TRN NM1 REF N3 N4 PER PRV DMG INS HI DTP EQ AMT III SE"
_SEGMENTS = frozenset(_SEGMENT_IDS.split())


class Inquiry(NamedTuple):
    """One person asked about in a 270 somebody wrote."""

    is_dependent: bool
    member_id: str | None
    last_name: str | None
    first_name: str | None
    middle_name: str | None
    suffix: str | None
    birth_date: date | None
    gender: str | None
    service_types: tuple[str, ...]
    # The day asked about, or the first of a range.
    service_date: date | None
    service_date_end: date | None
    traces: tuple[Trace, ...]
    references: tuple[Reference, ...]
    dates: tuple[DateRange, ...]
    subscriber: Party | None
    segment_number: int


class EligibilityInquiry(NamedTuple):
    """A 270 from ST to SE."""

    reference_identification: str | None
    date: date | None
    payer: Party | None
    receiver: Party | None
    questions: tuple[Inquiry, ...]
    traces: tuple[Trace, ...]
    findings: tuple[Finding, ...]


def read_270(transaction: TransactionSet, delimiters: Delimiters) -> EligibilityInquiry:
    """Read a 270 from ST to SE. A subscriber without EQ above a dependent is not asked about."""
    return _Reader(transaction, delimiters).read()


class _Reader(SetReader):
    """Walks one set."""

    def __init__(self, transaction: TransactionSet, delimiters: Delimiters) -> None:
        super().__init__(transaction)
        self.repetition = delimiters.repetition or "^"

    def read(self) -> EligibilityInquiry:
        self.check_names(_SEGMENTS)
        levels = read_hierarchy(self)
        last = len(self.names) - 1
        bht_at = self.first("BHT", 1, last)
        if bht_at == last:
            self.find(FindingCode.SEGMENT_MISSING, 1)
        bht = self.segment(bht_at) if bht_at < last else ["BHT"]
        questions = self._questions(levels)
        return EligibilityInquiry(
            reference_identification=element_at(bht, 3) or None,
            date=read_date(element_at(bht, 4)),
            payer=self._party(levels, INFORMATION_SOURCE),
            receiver=self._party(levels, INFORMATION_RECEIVER),
            questions=tuple(questions),
            traces=tuple([read_trace(self.segment(at)) for at in self.all("TRN", 1, last)]),
            findings=tuple(self.findings),
        )

    def _questions(self, levels: list[HierarchicalLevel]) -> list[Inquiry]:
        people = [level for level in levels if level.level in (SUBSCRIBER, DEPENDENT)]
        questions: list[Inquiry] = []
        subscribers: dict[str, Party | None] = {}
        subscriber: Party | None = None
        for level, following in zip(people, [*people[1:], None], strict=False):
            if level.level == SUBSCRIBER:
                question = self._question(level, None)
                subscriber = subscribers[level.id] = self._party([level], SUBSCRIBER)
                above = following is not None and following.level == DEPENDENT
                if question.service_types or not above:
                    questions.append(question)
            else:
                holder = subscribers.get(level.parent_id, subscriber)
                questions.append(self._question(level, holder))
        return questions

    def _question(self, level: HierarchicalLevel, subscriber: Party | None) -> Inquiry:
        found: dict[str, list[Segment]] = {}
        dates: list[DateRange] = []
        for position in range(level.start + 1, level.end):
            segment = self.segment(position)
            found.setdefault(segment[0], []).append(segment)
            if segment[0] == "DTP":
                dates.append(self.date_range(position))
        party = read_party(found["NM1"][0]) if "NM1" in found else Party(*[""] * 7)
        demographics = found.get("DMG", [["DMG"]])[0]
        asked = next((each for each in dates if each.qualifier in _SERVICE_DATES), None)
        return Inquiry(
            is_dependent=level.level == DEPENDENT,
            member_id=party.id or (subscriber.id if subscriber else "") or None,
            last_name=party.last_name or None,
            first_name=party.first_name or None,
            middle_name=party.middle_name or None,
            suffix=party.suffix or None,
            birth_date=read_date(element_at(demographics, 2)),
            gender=element_at(demographics, 3) or None,
            service_types=tuple(
                [
                    code.strip()
                    for segment in found.get("EQ", [])
                    for code in element_at(segment, 1).split(self.repetition)
                    if code.strip()
                ]
            ),
            service_date=asked.begin if asked else None,
            service_date_end=asked.end if asked else None,
            traces=tuple([read_trace(segment) for segment in found.get("TRN", [])]),
            references=tuple([read_reference(segment) for segment in found.get("REF", [])]),
            dates=tuple(dates),
            subscriber=subscriber,
            segment_number=level.start + 1,
        )

    def _party(self, levels: list[HierarchicalLevel], wanted: str) -> Party | None:
        for level in levels:
            if level.level == wanted:
                name_at = self.first("NM1", level.start, level.end)
                return read_party(self.segment(name_at)) if name_at < level.end else None
        return None
