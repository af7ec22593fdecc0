"""The clearinghouse of the file payers: takes 270 files from an inbox, puts 999s and 271s out.

A file moves from `inbox` to `taken` (it is gone: the sign that it was taken) and, once answered, to
`archive`; one that breaks a published limit to `rejected`. What the journal says of it decides what a
restarted simulator still has to do. Files taken up again after a restart play no faults.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tradingpartners.simulator.acknowledgements import Verdict, read_acknowledgements
from tradingpartners.simulator.answering import Answer, Answering
from tradingpartners.simulator.file_faults import OF_ANSWERS, OF_FILES, OF_FOLDERS, OF_PUSHES
from tradingpartners.simulator.file_limits import Gate, Limits, Put, Refusal, Sign
from tradingpartners.simulator.folders import Folders, given_name
from tradingpartners.simulator.journal import Entry, read_journal
from tradingpartners.simulator.payers import Transport
from tradingpartners.simulator.replies import Parcel, Replies, asked_about
from tradingpartners.simulator.scenarios import Fault, On
from tradingpartners.simulator.segments import Interchange, UnreadableError, read_interchange
from tradingpartners.simulator.uploads import Upload, Uploads, now, stamp

LOOKS_EVERY = 0.1
# TA105: what the interchange contains is not valid.
INVALID_CONTENT = "024"
PLAYABLE = {"sftp": OF_FILES - OF_PUSHES, "as2": OF_FILES - OF_FOLDERS}


@dataclass(frozen=True)
class FileManners:
    """How the clearinghouse deals with files. ISA14 of its 271s is 1 where it wants acknowledgements."""

    file_delay: float
    limits: Limits = Limits()
    wants_acknowledgements: bool = False


@dataclass
class Held:
    """A file that may stay, and what the journal is to say of it once it is taken."""

    put: Put
    upload: Upload
    via: str
    seen: Entry = field(default_factory=dict)


class Clearinghouse:
    def __init__(self, answering: Answering, folders: Folders, manners: FileManners) -> None:
        self.answering = answering
        self.folders = folders
        self.manners = manners
        self.payer_ids = answering.payer_ids(Transport.SFTP)
        self.replies = Replies(
            answering,
            folders,
            file_delay=manners.file_delay,
            wants_acknowledgements=manners.wants_acknowledgements,
        )
        self.uploads = Uploads()
        self.gate = Gate(manners.limits)
        self.held: dict[str, Held] = {}  # by name in the inbox
        self.at_work: set[str] = set()
        self.received: dict[str, str] = {}  # sha256 of the contents → name in `taken`
        self.journaled: dict[str, str] = {}  # name in `taken` → the way it came, from the journal
        self.tasks: asyncio.TaskGroup | None = None
        self.is_open = asyncio.Event()
        for entry in read_journal(answering.journal.path):
            if entry["event"] in {"file", "duplicate_file"}:
                self.remember(entry)

    def remember(self, entry: Entry) -> None:
        if entry["direction"] == "out":
            self.replies.remember(entry)
        else:
            self.journaled[entry["taken"]] = entry.get("via", "sftp")
            self.received.setdefault(entry["sha256"], entry["taken"])

    async def run(self) -> None:
        """Finish what an earlier process left, then watch the inbox for ever."""
        self.replies.outbox.finish(self.replies.written)
        async with asyncio.TaskGroup() as self.tasks:
            for path in sorted(self.folders.taken.iterdir()):
                put = Put(given_name(path.name), now())
                self.open(path, put, {}, via=self.journaled.get(path.name, "sftp"))
            self.is_open.set()
            while True:
                await self.look()
                await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Judge what is new in the inbox, and take what has been there for long enough."""
        whole, uploading = self.folders.in_inbox()
        uploads = [(self.upload(path), path) for path in whole]
        new = [each for each in uploads if not self.is_held(each[1].name, each[0])]
        for upload, path in sorted(new, key=lambda each: (each[0].put_at, each[1].name)):
            others = {"others_in_inbox": len(whole) - 1, "others_uploading": uploading}
            held = await self.judge(path, upload, {**others, "others_unanswered": len(self.at_work)})
            if held is not None:
                self.held[path.name] = held
        keep = timedelta(seconds=self.manners.limits.keep_seconds)
        due = [(held.put.at, name) for name, held in self.held.items() if held.put.at + keep <= now()]
        for _, name in sorted(due):
            self.take(self.folders.inbox / name, self.held.pop(name))

    async def receive(self, name: str, raw: bytes, *, via: str) -> None:
        """A file that was pushed: it is put and taken in one. Booked once this returns."""
        await self.is_open.wait()
        path = self.folders.pushed / self.folders.number(name)
        path.write_bytes(raw)
        upload = Upload(now(), now())
        held = await self.judge(path, upload, {"others_unanswered": len(self.at_work)}, name=name, via=via)
        if held is not None:
            self.take(path, held)

    def is_held(self, name: str, upload: Upload) -> bool:
        """A file put over one that is held takes its place, and is judged anew."""
        held = self.held.get(name)
        if held is not None and held.upload != upload:
            del self.held[name]
            held.put.passed |= dict.fromkeys(Sign, upload.put_at)
            return False
        return held is not None

    def upload(self, path: Path) -> Upload:
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return self.uploads.of(path.name, modified=modified)

    async def judge(
        self, path: Path, upload: Upload, others: Entry, *, name: str = "", via: str = "sftp"
    ) -> Held | None:
        """Acknowledgements are read at once; questions may stay, or are turned away."""
        raw, name = path.read_bytes(), name or path.name
        verdicts = read_acknowledgements(raw)
        if verdicts:
            self.book_acknowledgements(path, name, verdicts)
            return None
        put = Put(name, upload.put_at)
        isa13, sets, header = glance(raw)
        seen: Entry = {
            "file": name,
            "temporary": upload.temporary,
            "appeared_at": stamp(upload.appeared_at),
            "put_at": stamp(upload.put_at),
            "isa13": isa13,
            "transaction_sets": sets,
        }
        refusal = self.gate.judge(put, transaction_sets=sets)
        self.answering.record([{"event": "put", **seen, "via": via}])
        if refusal is None:
            return Held(put, upload, via, {**others, **seen})
        await self.refuse(path, refusal, seen, header, via=via)
        return None

    async def refuse(
        self, path: Path, refusal: Refusal, seen: Entry, header: tuple[str, ...], *, via: str
    ) -> None:
        numbered = self.folders.number(seen["file"])
        self.answering.record(
            [{"event": refusal.reason.value, **seen, "others": list(refusal.others), "rejected": numbered}]
        )
        path.rename(self.folders.rejected / numbered)
        self.uploads.removed(path.name)
        if header and self.manners.limits.says_why:
            await self.replies.reject(header, INVALID_CONTENT, taken=numbered, via=via)

    def take(self, path: Path, held: Held) -> None:
        taken = self.folders.taken / self.folders.number(held.put.file)
        path.rename(taken)
        self.uploads.removed(path.name)
        left_at = now()
        held.put.passed[Sign.GONE] = left_at
        self.open(taken, held.put, {**held.seen, "left_at": stamp(left_at)}, via=held.via)

    def open(self, path: Path, put: Put, more: Entry, *, via: str) -> None:
        """Book a taken file in, if it is not yet, and start answering it."""
        raw = path.read_bytes()
        first = self.received.get(sha256(raw).hexdigest(), path.name)
        asked, problem = None, None
        try:
            asked = None if first != path.name else read_interchange(raw)
        except UnreadableError as error:
            problem = error.code
        is_new = path.name not in self.journaled
        if is_new:
            self.book_in(path.name, raw, asked, {"problem": problem, **more, "via": via})
        if asked is None:
            put.passed |= {Sign.ACKNOWLEDGED: now(), Sign.ANSWERED: now()}
            path.rename(self.folders.archive / path.name)
            return
        self.at_work.add(path.name)
        if self.tasks is not None:
            self.tasks.create_task(self.work(self.parcel(path.name, asked, put, via=via, plays=is_new)))

    async def work(self, parcel: Parcel) -> None:
        await self.replies.work(parcel, self.payer_ids)
        self.at_work.discard(parcel.taken)

    def parcel(self, taken: str, asked: Interchange, put: Put, *, via: str, plays: bool) -> Parcel:
        """The faults are drawn now, in the order in which files are taken."""
        playable = PLAYABLE[via] | OF_ANSWERS
        if not plays or not self.answering.stage.scenario.names(On.FILE) & playable:
            return Parcel(taken, asked, put, via)
        answers = self.answering.answer_all(asked, payer_ids=self.payer_ids)
        drawn = ((place, self.fault_in(each, taken)) for place, each in enumerate(answers))
        faults = {place: fault for place, fault in drawn if fault}
        payers = {answer.payer_id for answer in answers}
        fault = self.answering.stage.fault_for(
            On.FILE,
            payer=payers.pop() if len(payers) == 1 else "",
            member_ids=[member for each in answers for member in asked_about(each)],
            playable=PLAYABLE[via],
            taken=taken,
        )
        return Parcel(taken, asked, put, via, fault, faults)

    def fault_in(self, answer: Answer, taken: str) -> Fault | None:
        return self.answering.stage.fault_for(
            On.FILE, payer=answer.payer_id, member_ids=asked_about(answer), playable=OF_ANSWERS, taken=taken
        )

    def book_in(self, taken: str, raw: bytes, asked: Interchange | None, more: Entry) -> None:
        """The file and every question in it, in one piece. A file seen before is a duplicate."""
        digest = sha256(raw).hexdigest()
        file = given_name(taken)
        arrival: Entry = {
            **more,
            "event": "duplicate_file" if digest in self.received else "file",
            "direction": "in",
            "file": file,
            "taken": taken,
            "sha256": digest,
            "isa13": asked.control_number if asked else None,
            "transaction_sets": sum(len(g.transaction_sets) for g in asked.groups) if asked else 0,
        }
        entries = [arrival]
        if asked is not None:
            for answer in self.answering.answer_all(asked, payer_ids=self.payer_ids):
                entries += answer.questions_asked(isa13=asked.control_number, file=file, via=arrival["via"])
        self.answering.record(entries)
        self.remember(arrival)

    def book_acknowledgements(self, path: Path, name: str, verdicts: tuple[Verdict, ...]) -> None:
        """What the other side says of our interchanges; `of` is the file it speaks of, if it is ours."""
        self.answering.record(
            [
                {
                    "event": "acknowledgement",
                    "file": name,
                    "kind": verdict.kind,
                    "acknowledges": verdict.control_number,
                    "of": self.replies.sent_as(verdict.control_number),
                    "code": verdict.code,
                    "note": verdict.note,
                    "transaction_sets": verdict.sets,
                }
                for verdict in verdicts
            ]
        )
        self.uploads.removed(path.name)
        path.rename(self.folders.archive / self.folders.number(name))


def glance(raw: bytes) -> tuple[str | None, int, tuple[str, ...]]:
    """ISA13, the number of ST, and ISA; nothing where the file is no interchange."""
    try:
        asked = read_interchange(raw)
    except UnreadableError:
        return None, 0, ()
    return asked.control_number, sum(len(group.transaction_sets) for group in asked.groups), asked.header
