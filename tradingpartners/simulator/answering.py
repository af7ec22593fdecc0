"""Questions in, verdicts and answers out: what HTTP and files have in common."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from tradingpartners.simulator.answers import refusal_in, write_answer
from tradingpartners.simulator.inquiries import Inquiry, read_inquiry, why_unanswerable
from tradingpartners.simulator.journal import Entry, Journal, read_journal
from tradingpartners.simulator.members import Member
from tradingpartners.simulator.payers import PAYERS, Payer, Transport
from tradingpartners.simulator.scenarios import Scenario, Stage
from tradingpartners.simulator.segments import Interchange, Segment, TransactionSet
from tradingpartners.simulator.verdicts import Found, Records, Refused, Status, Verdict, decide


class PopulationError(Exception):
    """The population file cannot be used."""


@dataclass(frozen=True)
class Knowledge:
    """What all payers know, as a population file gives it."""

    seed: int
    today: date
    records: Mapping[str, Records]  # by payer id


def read_knowledge(path: Path) -> Knowledge:
    try:
        population = json.loads(path.read_text(encoding="utf-8"))
        return Knowledge(
            seed=population["seed"],
            today=date.fromisoformat(population["today"]),
            records={
                PAYERS[key].payer_id: Records(
                    PAYERS[key], [Member.from_json(record) for record in known["members"]]
                )
                for key, known in population["truth"].items()
            },
        )
    except OSError as error:
        raise PopulationError(f"cannot read {path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise PopulationError(f"{path} is not a population file") from error


@dataclass(frozen=True)
class Answer:
    """One ST answered. `payer` is None where nobody here is the payer asked."""

    inquiry: Inquiry
    payer: Payer | None
    verdicts: tuple[Verdict, ...]

    @property
    def is_silence(self) -> bool:
        return any(isinstance(v, Found) and v.status is Status.NONE for v in self.verdicts)

    @property
    def payer_id(self) -> str:
        return self.inquiry.payer_id

    def segments(self, *, now: datetime) -> list[Segment]:
        return write_answer(self.inquiry, self.verdicts, payer=self.payer, now=now)

    def questions_asked(
        self, *, isa13: str, file: str | None, via: str, more: Entry | None = None
    ) -> list[Entry]:
        return [
            {
                "event": "270",
                "payer": self.payer_id,
                "trace": verdict.question.trace,
                "member_id": verdict.question.subscriber.member_id,
                "reference": self.inquiry.reference,
                "isa13": isa13,
                "file": file,
                "via": via,
                **(more or {}),
            }
            for verdict in self.verdicts
        ]

    def answers_given(self, *, isa13: str, file: str | None, more: Entry | None = None) -> list[Entry]:
        given = {"isa13": isa13, "file": file, **(more or {})}
        return [self.entry("271", verdict, **given) for verdict in self.verdicts]

    def no_answers(self, *, reason: str, file: str | None, more: Entry | None = None) -> list[Entry]:
        nothing = {"status": Status.NONE.value, "aaa": None, "loop": None}
        given = {"reason": reason, "file": file, **(more or {})}
        entries = [self.entry("no_answer", verdict, **given) for verdict in self.verdicts]
        return [{**entry, "truth": {**entry["truth"], **nothing}} for entry in entries]

    def entry(self, event: str, verdict: Verdict, **more: Any) -> Entry:
        return {
            "event": event,
            "payer": self.payer_id,
            "trace": verdict.question.trace,
            "reference": self.inquiry.reference,
            "truth": verdict.to_json(),
            **more,
        }


class Answering:
    """All payers at their desks, with what they must remember from one question to the next.

    `stage` says which faults they play: every door asks it before it answers.
    """

    def __init__(
        self, knowledge: Knowledge, journal: Journal, *, today: date, scenario: Scenario | None = None
    ) -> None:
        self.seed = knowledge.seed
        self.today = today
        self.journal = journal
        self.stage = Stage(scenario or Scenario(), journal)
        self.records = knowledge.records
        self.put_off: frozenset[str] = frozenset()
        last = 0
        for entry in read_journal(journal.path):
            self.remember([entry])
            if entry["event"] == "271" or entry.get("direction") == "out":
                last = max(last, int(entry["isa13"]))
        self.control_numbers = count(last + 1)

    def with_records(self, records: Mapping[str, Records]) -> "Answering":
        """Other payers at the same desks: one journal, one run of control numbers."""
        others = copy(self)
        others.records = records
        return others

    def remember(self, entries: Iterable[Entry]) -> None:
        """Who was told to ask again is answered the next time, also by a restarted simulator."""
        told = {
            entry["truth"]["member_id"]
            for entry in entries
            if entry["event"] == "271" and entry["truth"]["aaa"] == "42"
        }
        if not told <= self.put_off:
            self.put_off |= told

    def record(self, entries: Sequence[Entry]) -> None:
        self.journal.write(entries)
        self.remember(entries)

    def answer(self, transaction_set: TransactionSet, *, repetition: str, payer_ids: Iterable[str]) -> Answer:
        """Decide on one ST*270 for one of `payer_ids`; a payer not among them is not here."""
        inquiry = read_inquiry(transaction_set, repetition=repetition)
        records = self.records.get(inquiry.payer_id)
        if inquiry.payer_id not in payer_ids:
            records = None
        verdicts: list[Verdict] = [
            decide(records, question, today=self.today, already_put_off=self.put_off)
            for question in inquiry.questions
        ]
        at_source = refusal_in("2100A", verdicts)
        if at_source is not None:
            aaa = at_source.rejection
            verdicts = [Refused(v.question, v.as_of, aaa, v.member) for v in verdicts]
        return Answer(inquiry, records.payer if records else None, tuple(verdicts))

    def answer_all(self, asked: Interchange, *, payer_ids: Iterable[str]) -> list[Answer]:
        """Every ST of an interchange that can be answered."""
        return [
            self.answer(
                transaction_set,
                repetition=asked.delimiters.repetition,
                payer_ids=payer_ids,
            )
            for group in asked.groups
            for transaction_set in group.transaction_sets
            if not why_unanswerable(transaction_set)
        ]

    def payer_ids(self, transport: Transport) -> frozenset[str]:
        return frozenset(
            payer_id for payer_id, records in self.records.items() if records.payer.transport is transport
        )
