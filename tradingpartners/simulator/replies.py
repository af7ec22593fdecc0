"""What comes back for a file of questions: the 999 or TA1, then the 271s, each after its time."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tradingpartners.simulator.answer_faults import spoil_answers, spoil_bodies
from tradingpartners.simulator.answering import Answer, Answering
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.envelopes import (
    ACCEPTANCE,
    ANSWER,
    acknowledge_group,
    acknowledge_interchange,
    write_interchange,
    write_ta1,
)
from tradingpartners.simulator.file_faults import spoil_file
from tradingpartners.simulator.file_limits import Put, Sign
from tradingpartners.simulator.folders import Folders, given_name
from tradingpartners.simulator.inquiries import why_unanswerable
from tradingpartners.simulator.journal import Entry
from tradingpartners.simulator.outbox import Outbox, Outlet
from tradingpartners.simulator.payers import CLEARINGHOUSE_DELIMITERS
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.segments import Interchange, Segment

# How often all answers come in one file, in two, in three.
NUMBER_OF_FILES = (1, 1, 1, 2, 3)
NO_271 = frozenset({"silence", "ta1_rejected", "rejected_999", "no_271"})
WAITS_FOR_NEXT = frozenset({"answers_joined", "answers_reordered"})
LATE_LOOKS_EVERY = 0.1
TA1 = ("", "TA1", "")


@dataclass(frozen=True)
class Parcel:
    """A file that was taken and could be read. `taken` is its name here, unlike any other's.

    `faults` are those of single answers, by their place among the transaction sets that ask.
    """

    taken: str
    asked: Interchange
    put: Put
    via: str = "sftp"
    fault: Fault | None = None
    faults: Mapping[int, Fault] = field(default_factory=dict)

    @property
    def fault_name(self) -> str:
        return self.fault.name if self.fault else ""


@dataclass(frozen=True)
class Question:
    """One ST*270 of a parcel, what is to be said to it, and what goes wrong with that."""

    set_number: str
    answer: Answer
    fault: Fault | None

    @property
    def is_late(self) -> bool:
        return self.fault is not None and self.fault.name == "late_answer"


@dataclass(frozen=True)
class Said:
    """What goes out for one ST*270: bodies of ST*271s, what they mean, and the fault in them."""

    answers: Sequence[Answer]
    bodies: Sequence[Sequence[Segment]]
    fault: Fault | None


@dataclass(eq=False)
class Waiting:
    """Answers held back until others leave, which may take them along."""

    parcel: Parcel
    answers: Sequence[Said]
    left: asyncio.Event = field(default_factory=asyncio.Event)


class Replies:
    """Parts given before are not given again: the journal says which were, 0 is the acknowledgement."""

    def __init__(
        self,
        answering: Answering,
        folders: Folders,
        *,
        file_delay: float,
        wants_acknowledgements: bool = False,
    ) -> None:
        self.answering = answering
        self.folders = folders
        self.file_delay = file_delay
        self.wants_acknowledgements = wants_acknowledgements
        self.outbox = Outbox(folders)
        self.outlets: dict[str, Outlet] = {"sftp": self.outbox}
        self.given: dict[str, set[int]] = {}  # name in `taken` → parts written
        self.written: set[str] = set()  # names of files that left
        self.sent: dict[int, str] = {}  # control number → name
        self.waiting: list[Waiting] = []
        self.answered: dict[str, int] = {}  # member id asked about → how often answered

    def remember(self, entry: Entry) -> None:
        """A line of the journal about a file that left."""
        for taken in (entry["answers"], *entry.get("also_answers", ())):
            self.given.setdefault(taken, set()).add(entry["part"])
        self.written.add(entry["file"])
        self.sent[int(entry["isa13"])] = entry["file"]

    def sent_as(self, control_number: str) -> str | None:
        """The file with this ISA13 or GS06, which are one number here."""
        return self.sent.get(int(control_number)) if control_number.isdecimal() else None

    def is_given(self, parcel: Parcel, part: int) -> bool:
        return part in self.given.get(parcel.taken, set())

    async def work(self, parcel: Parcel, payer_ids: frozenset[str]) -> None:
        """Everything that is to come back for a parcel, however long it takes."""
        questions = list(self.read(parcel, payer_ids))
        await asyncio.sleep(self.file_delay)
        refused = await self.acknowledge(parcel)
        parcel.put.passed[Sign.ACKNOWLEDGED] = datetime.now().astimezone()
        if parcel.fault_name in NO_271:
            self.say_nothing(parcel, questions, parcel.fault_name)
        else:
            self.say_nothing(parcel, [x for x in questions if x.set_number in refused], parcel.fault_name)
            await self.answer(parcel, [x for x in questions if x.set_number not in refused])
        parcel.put.passed.setdefault(Sign.ANSWERED, datetime.now().astimezone())
        (self.folders.taken / parcel.taken).rename(self.folders.archive / parcel.taken)

    def read(self, parcel: Parcel, payer_ids: frozenset[str]) -> Iterable[Question]:
        sets = [each for group in parcel.asked.groups for each in group.transaction_sets]
        repetition = parcel.asked.delimiters.repetition
        answerable = (each for each in sets if not why_unanswerable(each))
        for place, each in enumerate(answerable):
            answer = self.answering.answer(each, repetition=repetition, payer_ids=payer_ids)
            yield Question(each.control_number, answer, parcel.faults.get(place))

    async def acknowledge(self, parcel: Parcel) -> frozenset[str]:
        """Give the 999, or what comes in its place; the ST02s it refuses by a fault."""
        fault, asked = parcel.fault_name, parcel.asked
        refused: frozenset[str] = frozenset()
        if fault == "partial_999":
            sets = [each.control_number for group in asked.groups for each in group.transaction_sets]
            refused = frozenset(sets[::2])
        if self.is_given(parcel, 0) or fault == "silence":
            return refused
        if parcel.fault and fault == "ta1_rejected":
            await self.reject(asked.header, parcel.fault.text("code"), taken=parcel.taken, via=parcel.via)
            return refused
        bodies = [
            acknowledge_group(group, refused=refused, refuse_all=fault == "rejected_999")
            for group in asked.groups
        ]
        await self.give(parcel, 0, ACCEPTANCE, bodies)
        return refused

    async def reject(self, header: Sequence[str], note: str, *, taken: str, via: str = "sftp") -> None:
        """A TA1 that rejects the interchange with this ISA."""
        number = next(self.answering.control_numbers)
        raw = write_ta1(
            header,
            "R",
            note,
            control_number=number,
            delimiters=CLEARINGHOUSE_DELIMITERS,
            now=datetime.now().astimezone(),
        )
        leaving = self.leaving(TA1, number, taken=taken, part=0, sets=0)
        self.outlets[via].prepare(leaving["file"], raw)
        self.answering.record([leaving])
        self.remember(leaving)
        await self.outlets[via].release(leaving["file"])

    async def answer(self, parcel: Parcel, questions: Sequence[Question]) -> None:
        """The 271s in one file or more, what is late in files of its own."""
        await asyncio.sleep(self.file_delay)
        silent = [each for each in questions if each.answer.is_silence]
        spoken = [each for each in questions if not each.answer.is_silence]
        said = [self.say(parcel.asked, each) for each in spoken if not each.is_late]
        late = [each for each in spoken if each.is_late]
        if parcel.fault and parcel.fault_name in WAITS_FOR_NEXT:
            joins = parcel.fault_name == "answers_joined"
            if await self.wait_for_next(parcel, said, parcel.fault.number("seconds"), joins=joins):
                self.say_nothing(parcel, silent, "no_answer")
                said, silent = [], []
        parts = self.number_of_parts(parcel, len(said))
        for part in range(1, parts + 1):
            if not self.is_given(parcel, part):
                await self.give_part(parcel, part, said[part - 1 :: parts], silent if part == 1 else [])
                await asyncio.sleep(self.file_delay / 2 if part < parts else 0)
        parcel.put.passed[Sign.ANSWERED] = datetime.now().astimezone()
        await asyncio.gather(
            *(self.answer_late(parcel, parts + nth, each) for nth, each in enumerate(late, start=1))
        )

    def say(self, asked: Interchange, question: Question) -> Said:
        now, fault = datetime.now().astimezone(), question.fault
        answers = spoil_answers([question.answer], fault, self.answering.records)
        return Said(answers, spoil_bodies([each.segments(now=now) for each in answers], asked, fault), fault)

    def number_of_parts(self, parcel: Parcel, answers: int) -> int:
        """A file that goes wrong is one file, unless it is to be several."""
        chance = dice("files", self.answering.seed, parcel.asked.control_number)
        wanted = chance.choice(NUMBER_OF_FILES)
        if parcel.fault:
            wanted = int(parcel.fault.number("parts")) if parcel.fault_name == "answers_split" else 1
        return max(1, min(wanted, answers))

    async def wait_for_next(
        self, parcel: Parcel, answers: Sequence[Said], seconds: float, *, joins: bool
    ) -> bool:
        """Hold answers until another file is answered; whether they left with it."""
        waiting = Waiting(parcel, answers if joins else ())
        self.waiting.append(waiting)
        try:
            await asyncio.wait_for(waiting.left.wait(), seconds)
        except TimeoutError:
            self.waiting.remove(waiting)
            return False
        return joins

    async def answer_late(self, parcel: Parcel, part: int, question: Question) -> None:
        """When its time has come; `after_newer`: or the member has been answered by then once more."""
        fault = question.fault
        if fault is None or self.is_given(parcel, part):
            return
        members = asked_about(question.answer)
        before = [self.answered.get(member, 0) for member in members]
        left = fault.number("seconds")
        while left > 0:
            newer = [self.answered.get(member, 0) for member in members] != before
            if fault.parameters["after_newer"] and newer:
                break
            await asyncio.sleep(min(LATE_LOOKS_EVERY, left))
            left -= LATE_LOOKS_EVERY
        await self.give_part(parcel, part, [self.say(parcel.asked, question)], [])

    async def give_part(
        self, parcel: Parcel, part: int, answers: Sequence[Said], silent: Sequence[Question]
    ) -> None:
        """One file of 271s, with those that wait for one; a line for each question met with silence."""
        self.say_nothing(parcel, silent, "no_answer")
        if not answers:
            return
        joining, self.waiting = self.waiting, []
        everything = [*answers, *(each for waiting in joining for each in waiting.answers)]
        await self.give(
            parcel,
            part,
            ANSWER,
            [body for each in everything for body in each.bodies],
            everything,
            also=[waiting.parcel.taken for waiting in joining if waiting.answers],
        )
        for member in (m for each in everything for x in each.answers for m in asked_about(x)):
            self.answered[member] = self.answered.get(member, 0) + 1
        for waiting in joining:
            waiting.left.set()

    def say_nothing(self, parcel: Parcel, questions: Sequence[Question], reason: str) -> None:
        file = given_name(parcel.taken)
        entries = [x for each in questions for x in each.answer.no_answers(reason=reason, file=file)]
        self.answering.record(entries)

    async def give(
        self,
        parcel: Parcel,
        part: int,
        kind: tuple[str, str, str],
        bodies: Sequence[Sequence[Segment]],
        answers: Sequence[Said] = (),
        also: Sequence[str] = (),
    ) -> None:
        """Write a file where nobody sees it, journal it, then let it be seen."""
        fault = parcel.fault if kind is ANSWER else None
        number = next(self.answering.control_numbers)
        leaving = self.leaving(kind, number, taken=parcel.taken, part=part, sets=len(bodies))
        if also:
            leaving = {**leaving, "also_answers": list(also)}
        if fault:
            leaving = {**leaving, "fault": fault.name}
        raw = self.write(parcel, kind, bodies, number, part)
        outlet = self.outlets[parcel.via]
        outlet.prepare(leaving["file"], spoil_file(raw, fault))
        given = [x for each in answers for x in entries_of(each, leaving, fault)]
        self.answering.record([*given, leaving])
        self.remember(leaving)
        await outlet.release(leaving["file"], fault)
        if fault and fault.name in AGAIN:
            await self.give_again(parcel, kind, bodies, number, leaving, raw)

    async def give_again(
        self,
        parcel: Parcel,
        kind: tuple[str, str, str],
        bodies: Sequence[Sequence[Segment]],
        number: int,
        leaving: Entry,
        raw: bytes,
    ) -> None:
        """The same once more, or something else that looks as if it were."""
        fault, first = parcel.fault_name, str(leaving["file"])
        other_content, other_name = AGAIN[fault]
        if other_content:
            if not other_name:
                number = next(self.answering.control_numbers)
            corrected = [[*body, ("MSG", "CORRECTED")] for body in bodies]
            raw = self.write(parcel, kind, corrected, number, 1)
        name = f"{first.removesuffix('.x12')}_2.x12" if other_name else first
        if not other_name:
            await self.outbox.was_fetched(
                first, seconds=float(parcel.fault.number("seconds")) if parcel.fault else 0
            )
        again = {**leaving, "file": name, "isa13": f"{number:09d}"}
        self.outlets[parcel.via].prepare(name, spoil_file(raw, None))
        self.answering.record([again])
        self.remember(again)
        await self.outlets[parcel.via].release(name)

    def write(
        self,
        parcel: Parcel,
        kind: tuple[str, str, str],
        bodies: Sequence[Sequence[Segment]],
        number: int,
        part: int,
    ) -> bytes:
        now = datetime.now().astimezone()
        raw = write_interchange(
            parcel.asked,
            bodies,
            kind=kind,
            control_number=number,
            delimiters=CLEARINGHOUSE_DELIMITERS,
            now=now,
            acknowledge=acknowledge_interchange(parcel.asked, now=now) if part == 0 else None,
            wants_ta1=self.wants_acknowledgements and kind is ANSWER,
        )
        return raw

    def leaving(self, kind: tuple[str, str, str], number: int, *, taken: str, part: int, sets: int) -> Entry:
        isa13 = f"{number:09d}"
        return {
            "event": "file",
            "direction": "out",
            "kind": kind[1],
            "file": f"{kind[1]}_{isa13}.x12",
            "answers": taken,
            "part": part,
            "isa13": isa13,
            "transaction_sets": sets,
        }


# Whether what comes again has other contents, and whether it has another name.
AGAIN: Mapping[str, tuple[bool, bool]] = {
    "same_file_twice": (False, False),
    "same_content_other_name": (False, True),
    "same_isa13_other_content": (True, True),
    "same_name_other_content": (True, False),
}


def entries_of(said: Said, leaving: Entry, fault: Fault | None) -> Iterable[Entry]:
    """A line for each answer; `fault` is its own, or that of the file it is in."""
    played = said.fault or fault
    more = {"fault": played.name} if played else None
    for answer in said.answers:
        yield from answer.answers_given(isa13=leaving["isa13"], file=leaving["file"], more=more)


def asked_about(answer: Answer) -> list[str]:
    return sorted({verdict.question.subscriber.member_id for verdict in answer.verdicts})
