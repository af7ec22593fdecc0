"""A 270 as questions: who is asked about, for which date and which service types."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from tradingpartners.simulator.segments import TransactionSet

SegmentIn = tuple[str, ...]
SOURCE, RECEIVER, SUBSCRIBER, DEPENDENT = "20", "21", "22", "23"
HEALTH_BENEFIT_PLAN_COVERAGE = "30"


@dataclass
class Level:
    """One HL and the segments under it."""

    number: str
    parent: str
    code: str
    segments: list[SegmentIn] = field(default_factory=list)

    def element(self, segment_id: str, position: int) -> str:
        """The element of the first such segment; absent is empty."""
        for segment in self.segments:
            if segment[0] == segment_id and len(segment) > position:
                return segment[position].strip()
        return ""

    def all(self, segment_id: str) -> list[SegmentIn]:
        return [segment for segment in self.segments if segment[0] == segment_id]


@dataclass(frozen=True)
class Party:
    """A subscriber or dependent as asked about. `birth_date` is None where absent or no date."""

    last_name: str
    first_name: str
    member_id: str
    birth_date: date | None
    gender: str


@dataclass(frozen=True)
class Question:
    subscriber: Party
    dependent: Party | None
    subscriber_level: str  # HL01s: what hangs under one level is answered under one
    receiver_level: str
    receiver: SegmentIn
    traces: tuple[SegmentIn, ...]
    asked_date: str  # DTP03 of DTP*291 as it stands, or empty
    service_types: tuple[str, ...]

    @property
    def trace(self) -> str:
        return self.traces[0][2].strip() if self.traces else ""

    @property
    def patient(self) -> Party:
        return self.dependent or self.subscriber


@dataclass(frozen=True)
class Inquiry:
    reference: str  # BHT03
    payer_name: str
    payer_id: str
    questions: tuple[Question, ...]


def why_unanswerable(transaction_set: TransactionSet) -> str:
    """IK502 where there is nothing to answer: a wrong trailer, another set, nobody asked about."""
    if transaction_set.problem:
        return transaction_set.problem
    if transaction_set.set_id != "270":
        return "1"
    asks = any(level.code == SUBSCRIBER for level in read_levels(transaction_set.segments))
    return "" if asks else "5"


def read_inquiry(transaction_set: TransactionSet, *, repetition: str) -> Inquiry:
    """The questions of one ST*270: every level that asks, else every one with nobody beneath."""
    levels = {level.number: level for level in read_levels(transaction_set.segments)}
    parents = {level.parent for level in levels.values() if level.code == DEPENDENT}
    asking = [
        level
        for level in levels.values()
        if level.code == DEPENDENT
        or (level.code == SUBSCRIBER and (level.all("EQ") or level.number not in parents))
    ]
    source = next((level for level in levels.values() if level.code == SOURCE), None)
    header = next((x for x in transaction_set.segments if x[0] == "BHT"), ())
    return Inquiry(
        reference=header[3] if len(header) > 3 else "",
        payer_name=source.element("NM1", 3) if source else "",
        payer_id=source.element("NM1", 9) if source else "",
        questions=tuple(read_question(level, levels, repetition=repetition) for level in asking),
    )


def read_levels(segments: Iterable[SegmentIn]) -> Iterable[Level]:
    level = None
    for segment in segments:
        if segment[0] == "HL" and len(segment) > 3:
            if level is not None:
                yield level
            level = Level(number=segment[1], parent=segment[2], code=segment[3])
        elif level is not None:
            level.segments.append(segment)
    if level is not None:
        yield level


def read_question(asking: Level, levels: dict[str, Level], *, repetition: str) -> Question:
    nobody = Level(number="", parent="", code="")
    is_dependent = asking.code == DEPENDENT
    subscriber = levels.get(asking.parent, nobody) if is_dependent else asking
    receiver = levels.get(subscriber.parent, nobody)
    dates = [x for x in asking.all("DTP") + subscriber.all("DTP") if x[1:2] == ("291",)]
    types = [code for eq in asking.all("EQ") if len(eq) > 1 for code in eq[1].split(repetition)]
    traces = asking.all("TRN") or subscriber.all("TRN")
    return Question(
        subscriber=read_party(subscriber),
        dependent=read_party(asking) if is_dependent else None,
        subscriber_level=subscriber.number,
        receiver_level=receiver.number,
        receiver=next(iter(receiver.all("NM1")), ("NM1", "1P", "2")),
        traces=tuple(trace for trace in traces if len(trace) > 2),
        asked_date=dates[0][3].strip() if dates and len(dates[0]) > 3 else "",
        service_types=tuple(types) or (HEALTH_BENEFIT_PLAN_COVERAGE,),
    )


def read_party(level: Level) -> Party:
    return Party(
        last_name=level.element("NM1", 3),
        first_name=level.element("NM1", 4),
        member_id=level.element("NM1", 9),
        birth_date=read_day(level.element("DMG", 2)),
        gender=level.element("DMG", 3),
    )


def read_day(text: str) -> date | None:
    """A CCYYMMDD date, the first of a period; None where it is neither."""
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 - a calendar day
    except ValueError:
        return None
