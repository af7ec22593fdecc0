"""The clearinghouse of the file payers: takes 270 files from an inbox, puts 999s and 271s out.

A file moves from `inbox` to `taken` (it is gone: the sign that it was taken) and, once answered, to
`archive`. What the journal says of it decides what a restarted simulator still has to do.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tradingpartners.simulator.answering import Answer, Answering
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.envelopes import (
    ACCEPTANCE,
    ANSWER,
    acknowledge_group,
    acknowledge_interchange,
    write_interchange,
)
from tradingpartners.simulator.journal import Entry, read_journal
from tradingpartners.simulator.payers import CLEARINGHOUSE_DELIMITERS, Transport
from tradingpartners.simulator.segments import (
    Interchange,
    Segment,
    UnreadableError,
    read_interchange,
)

LOOKS_EVERY = 0.1
# How often all answers come in one file, in two, in three.
NUMBER_OF_FILES = (1, 1, 1, 2, 3)


class Folders:
    """`home` is what an SFTP client sees as /."""

    def __init__(self, root: Path) -> None:
        self.home = root / "sftp"
        self.inbox = self.home / "inbox"
        self.outbox = self.home / "outbox"
        self.taken = root / "taken"
        self.archive = root / "archive"
        for folder in (self.inbox, self.outbox, self.taken, self.archive):
            folder.mkdir(parents=True, exist_ok=True)

    def next_number(self) -> int:
        names = [path.name for path in (*self.taken.iterdir(), *self.archive.iterdir())]
        return max((int(name.partition("_")[0]) for name in names), default=0) + 1


@dataclass(frozen=True)
class Parcel:
    """A file that was taken and could be read. `taken` is its name here, unlike any other's."""

    taken: str
    asked: Interchange


class Clearinghouse:
    def __init__(self, answering: Answering, folders: Folders, *, file_delay: float) -> None:
        self.answering = answering
        self.folders = folders
        self.file_delay = file_delay
        self.payer_ids = answering.payer_ids(Transport.SFTP)
        self.at_work: set[str] = set()
        self.received: dict[str, str] = {}  # sha256 of the contents → name in `taken`
        self.journaled: set[str] = set()  # names in `taken` whose arrival is in the journal
        self.given: dict[str, set[int]] = {}  # name in `taken` → parts written, 0 is the 999
        self.written: set[str] = set()  # names in the outbox
        for entry in read_journal(answering.journal.path):
            if entry["event"] in {"file", "duplicate_file"}:
                self.remember(entry)

    def remember(self, entry: Entry) -> None:
        if entry["direction"] == "out":
            self.given.setdefault(entry["answers"], set()).add(entry["part"])
            self.written.add(entry["file"])
        else:
            self.journaled.add(entry["taken"])
            self.received.setdefault(entry["sha256"], entry["taken"])

    async def run(self) -> None:
        """Finish what an earlier process left, then watch the inbox for ever."""
        self.finish_outgoing()
        async with asyncio.TaskGroup() as tasks:
            for path in sorted(self.folders.taken.iterdir()):
                self.open(path, tasks, {})
            while True:
                self.take_new(tasks)
                await asyncio.sleep(LOOKS_EVERY)

    def finish_outgoing(self) -> None:
        """A file the journal knows of was meant to leave; any other half is written again."""
        for path in self.folders.outbox.glob(".*.tmp"):
            name = path.name.removeprefix(".").removesuffix(".tmp")
            if name in self.written:
                path.rename(path.with_name(name))
            else:
                path.unlink()

    def take_new(self, tasks: asyncio.TaskGroup) -> None:
        present = [path for path in self.folders.inbox.iterdir() if path.is_file()]
        finished = [path for path in present if not is_temporary(path)]
        for path in sorted(finished, key=lambda each: (each.stat().st_mtime, each.name)):
            put_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            others = {
                "put_at": put_at.isoformat(timespec="milliseconds"),
                "others_in_inbox": len(finished) - 1,
                "others_uploading": len(present) - len(finished),
                "others_unanswered": len(self.at_work),
            }
            taken = self.folders.taken / f"{self.folders.next_number():06d}_{path.name}"
            path.rename(taken)
            self.open(taken, tasks, others)

    def open(self, path: Path, tasks: asyncio.TaskGroup, others: Entry) -> None:
        """Book a taken file in, if it is not yet, and start answering it."""
        raw = path.read_bytes()
        first = self.received.get(sha256(raw).hexdigest(), path.name)
        try:
            asked = None if first != path.name else read_interchange(raw)
            problem = None
        except UnreadableError as error:
            asked, problem = None, error.code
        if path.name not in self.journaled:
            self.book_in(path.name, raw, asked, {"problem": problem, **others})
        if asked is None:
            path.rename(self.folders.archive / path.name)
            return
        self.at_work.add(path.name)
        tasks.create_task(self.work(Parcel(taken=path.name, asked=asked)))

    def book_in(self, taken: str, raw: bytes, asked: Interchange | None, more: Entry) -> None:
        """The file and every question in it, in one piece. A file seen before is a duplicate."""
        digest = sha256(raw).hexdigest()
        file = taken.partition("_")[2]
        isa13 = asked.control_number if asked else None
        arrival: Entry = {
            "event": "duplicate_file" if digest in self.received else "file",
            "direction": "in",
            "file": file,
            "taken": taken,
            "sha256": digest,
            "isa13": isa13,
            "transaction_sets": sum(len(g.transaction_sets) for g in asked.groups) if asked else 0,
            **more,
        }
        entries = [arrival]
        if asked is not None:
            for answer in self.answering.answer_all(asked, payer_ids=self.payer_ids):
                entries += answer.questions_asked(isa13=asked.control_number, file=file, via="sftp")
        self.answering.record(entries)
        self.remember(arrival)

    async def work(self, parcel: Parcel) -> None:
        """The 999, then the 271s, each after its time; parts given before are not given again."""
        await asyncio.sleep(self.file_delay)
        if not self.is_given(parcel, 0):
            bodies = [acknowledge_group(group) for group in parcel.asked.groups]
            self.give(parcel, 0, ACCEPTANCE, bodies, [])
        await asyncio.sleep(self.file_delay)
        answers = self.answering.answer_all(parcel.asked, payer_ids=self.payer_ids)
        spoken = [answer for answer in answers if not answer.is_silence]
        silent = [answer for answer in answers if answer.is_silence]
        chance = dice("files", self.answering.seed, parcel.asked.control_number)
        parts = max(1, min(chance.choice(NUMBER_OF_FILES), len(spoken)))
        for part in range(1, parts + 1):
            if not self.is_given(parcel, part):
                self.answer(parcel, part, spoken[part - 1 :: parts], silent if part == 1 else [])
                await asyncio.sleep(self.file_delay / 2 if part < parts else 0)
        taken = self.folders.taken / parcel.taken
        taken.rename(self.folders.archive / parcel.taken)
        self.at_work.discard(parcel.taken)

    def is_given(self, parcel: Parcel, part: int) -> bool:
        return part in self.given.get(parcel.taken, set())

    def answer(self, parcel: Parcel, part: int, spoken: Sequence[Answer], silent: Sequence[Answer]) -> None:
        """One file of 271s; and a line for each question that is met with silence."""
        file = parcel.taken.partition("_")[2]
        nothing = [x for each in silent for x in each.no_answers(reason="no_answer", file=file)]
        if not spoken:
            self.answering.record(nothing)
            return
        now = datetime.now().astimezone()
        bodies = [each.segments(now=now) for each in spoken]
        self.give(parcel, part, ANSWER, bodies, spoken, nothing)

    def give(
        self,
        parcel: Parcel,
        part: int,
        kind: tuple[str, str, str],
        bodies: Sequence[Sequence[Segment]],
        answers: Sequence[Answer],
        more: Sequence[Entry] = (),
    ) -> None:
        """Write a file under a temporary name, journal it, then let it be seen."""
        now = datetime.now().astimezone()
        control_number = next(self.answering.control_numbers)
        isa13 = f"{control_number:09d}"
        name = f"{kind[1]}_{isa13}.x12"
        temporary = self.folders.outbox / f".{name}.tmp"
        temporary.write_bytes(
            write_interchange(
                parcel.asked,
                bodies,
                kind=kind,
                control_number=control_number,
                delimiters=CLEARINGHOUSE_DELIMITERS,
                now=now,
                acknowledge=acknowledge_interchange(parcel.asked, now=now) if part == 0 else None,
            )
        )
        leaving: Entry = {
            "event": "file",
            "direction": "out",
            "kind": kind[1],
            "file": name,
            "answers": parcel.taken,
            "part": part,
            "isa13": isa13,
            "transaction_sets": len(bodies),
        }
        given = [x for each in answers for x in each.answers_given(isa13=isa13, file=name)]
        self.answering.record([*given, *more, leaving])
        self.remember(leaving)
        temporary.rename(temporary.with_name(name))


def is_temporary(path: Path) -> bool:
    """Still being put: its sender renames it when it is whole."""
    return path.name.startswith(".") or path.name.endswith(".tmp")
