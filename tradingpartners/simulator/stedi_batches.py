"""Batches of a Stedi-shaped clearinghouse: taken whole, answered one check after another, polled.

A batch is answered over `delay` seconds. A check the payer cannot answer yet is retried: it is absent
from what is polled until it is answered or given up.
"""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from tradingpartners.simulator.checks import Check, ask_payer
from tradingpartners.simulator.desk import Desk, Given, members_of, timestamp
from tradingpartners.simulator.faults import FAULTS, On
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.segments import Interchange
from tradingpartners.simulator.stedi_json import Answered, Json, write_json

HOUSE, VIA = "STEDI", "stedi-batch"
PLAYS_BATCH = frozenset(
    name
    for name, kind in FAULTS.items()
    if kind.on >= {On.CALL, On.FILE} or name in {"batch_retrying", "batch_unanswered"}
)
# Answered later than the others of the batch.
PUTS_OFF = frozenset({"batch_retrying", "late_answer"})
# Checks answered in a row before the others get a turn.
IN_A_ROW = 20
UNAVAILABLE = "42"


class State(StrEnum):
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    STARTED = "STARTED"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"


DONE = frozenset({State.COMPLETED, State.COMPLETED_WITH_ERRORS})
RESULTS = {"active": "ACTIVE", "inactive": "INACTIVE", "unknown": "INVESTIGATE", "rejected": "FAILED"}


class TokenError(Exception):
    """A page token that is not ours, for another query, or too old."""


@dataclass
class Item:
    """One check of a batch. `answers`: what a poll shows for it, empty until it is answered."""

    index: int
    check: Check
    identifier: str
    asked: Interchange
    warnings: Sequence[Mapping[str, str]]
    state: State = State.PENDING
    updated: str = ""
    result: str = ""
    errors: list[Json] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)


@dataclass
class Batch:
    id: str
    name: str
    created: str
    retry_hours: int
    items: list[Item]
    state: State = State.PENDING
    updated: str = ""


@dataclass(frozen=True)
class Finished:
    """One line of what is polled, in the order of completion."""

    batch_id: str
    completed: str
    answer: Json


class Batches:
    def __init__(self, desk: Desk, *, delay: float, token_seconds: float) -> None:
        self.desk = desk
        self.answering = desk.answering
        self.delay = delay
        self.token_seconds = token_seconds
        self.batches: dict[str, Batch] = {}
        self.finished: list[Finished] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def has_name(self, name: str) -> bool:
        return any(batch.name == name for batch in self.batches.values())

    def submit(
        self, checks: Sequence[tuple[Check, str, Sequence[Mapping[str, str]]]], *, name: str, retry_hours: int
    ) -> Batch:
        """Take a batch whole, book every question in it, and start answering."""
        now = datetime.now().astimezone()
        control_numbers = self.answering.control_numbers
        items = [
            Item(
                index=index,
                check=check,
                identifier=identifier,
                asked=ask_payer(check, house=HOUSE, control_number=next(control_numbers), now=now),
                warnings=warnings,
                updated=timestamp(),
            )
            for index, (check, identifier, warnings) in enumerate(checks)
        ]
        batch_id = str(uuid4())
        batch = Batch(batch_id, name or batch_id, timestamp(), retry_hours, items, updated=timestamp())
        self.batches[batch.id] = batch
        self.answering.record([self.arrival(batch), *self.questions(batch)])
        task = asyncio.create_task(self.work(batch))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return batch

    def arrival(self, batch: Batch) -> Json:
        return {
            "event": "batch",
            "via": VIA,
            "batch_id": batch.id,
            "name": batch.name,
            "items": len(batch.items),
        }

    def questions(self, batch: Batch) -> list[Mapping[str, Any]]:
        entries: list[Mapping[str, Any]] = []
        for item in batch.items:
            for answer in self.answers_to(item):
                more = self.more(batch, item)
                isa13 = item.asked.control_number
                entries += answer.questions_asked(isa13=isa13, file=None, via=VIA, more=more)
        return entries

    def more(self, batch: Batch, item: Item) -> Json:
        return {
            "via": VIA,
            "batch_id": batch.id,
            "submitterTransactionIdentifier": item.identifier,
            "started": batch.created,
        }

    async def work(self, batch: Batch) -> None:
        """Every check in turn; then those put off again; then the batch is done."""
        await asyncio.sleep(self.delay / 4)
        batch.state = State.IN_PROGRESS
        for item in batch.items:
            item.state = State.STARTED
        put_off: list[tuple[Item, float]] = []
        for number, item in enumerate(batch.items, start=1):
            wait = self.work_on(batch, item, is_last_try=False)
            if wait is not None:
                put_off.append((item, wait))
            if number % IN_A_ROW == 0 or number == len(batch.items):
                await asyncio.sleep(self.delay / 2 * IN_A_ROW / len(batch.items))
        waited = 0.0
        for item, wait in sorted(put_off, key=lambda each: each[1]):
            await asyncio.sleep(max(0.0, wait - waited))
            waited = max(wait, waited)
            self.work_on(batch, item, is_last_try=True)
        is_whole = all(item.state is State.COMPLETED for item in batch.items)
        batch.state = State.COMPLETED if is_whole else State.COMPLETED_WITH_ERRORS
        batch.updated = timestamp()

    def work_on(self, batch: Batch, item: Item, *, is_last_try: bool) -> float | None:
        """Answer one check; or how many seconds until it is tried again."""
        answers = self.answers_to(item)
        fault = None
        if not is_last_try:
            fault = self.answering.stage.fault_for(
                On.FILE,
                payer=item.check.payer_id,
                member_ids=members_of(answers),
                playable=PLAYS_BATCH,
                via=VIA,
            )
        more = self.more(batch, item)
        if fault is not None and fault.name in PUTS_OFF:
            return self.put_off(item, fault.number("seconds"))
        if (fault is not None and fault.name == "batch_unanswered") or any(a.is_silence for a in answers):
            self.desk.none_given(answers, "no_answer", more)
            self.settle(item, State.COMPLETED_WITH_ERRORS, "FAILED")
            return None
        given = self.desk.compose(item.asked, answers, fault)
        truth = given.answers[0].verdicts[0].to_json()
        if truth["aaa"] == UNAVAILABLE and not is_last_try:
            self.answering.record([{"event": "retry", "trace": item.check.trace, **more}])
            self.answering.put_off |= {truth["member_id"]}
            return self.put_off(item, self.delay)
        self.desk.book(given, more)
        answer = self.answer_json(batch, item, given)
        is_answer = truth["aaa"] != UNAVAILABLE
        item.answers = [answer] * max(1, len(given.bodies))
        item.errors = answer["errors"]
        self.settle(
            item,
            State.COMPLETED if is_answer else State.COMPLETED_WITH_ERRORS,
            RESULTS.get(truth["status"], "FAILED"),
        )
        self.finished += [Finished(batch.id, item.updated, each) for each in item.answers]
        return None

    def answers_to(self, item: Item) -> Sequence[Any]:
        return self.answering.answer_all(item.asked, payer_ids={item.check.payer_id})

    def put_off(self, item: Item, wait: float) -> float:
        item.state, item.updated = State.RETRYING, timestamp()
        return wait

    def settle(self, item: Item, state: State, result: str) -> None:
        item.state, item.result, item.updated = state, result, timestamp()

    def answer_json(self, batch: Batch, item: Item, given: Given) -> Json:
        answered = Answered(
            payer_id=item.check.payer_id,
            trace=item.check.trace,
            isa13=given.isa13,
            mode="production",
            raw=given.raw,
            warnings=item.warnings,
        )
        answer = write_json(given.bodies[0], answered)
        named = {"batchId": batch.id, "batchName": batch.name}
        return {**named, **identifier_json(item.identifier, given.fault), **answer}

    def counts(self, batch: Batch) -> Json:
        states = [item.state for item in batch.items]
        return {
            "totalCount": len(states),
            "successCount": states.count(State.COMPLETED),
            "errorCount": states.count(State.COMPLETED_WITH_ERRORS),
            "inProgressCount": sum(state not in DONE for state in states),
            "validatedCount": len(states),
            "validationFailedCount": 0,
        }

    def page(
        self, found: Sequence[Any], *, query: str, token: str, size: int
    ) -> tuple[Sequence[Any], str | None]:
        """A page of what is found, and the token of the next one where there is more."""
        start = self.read_token(token, query) if token else 0
        page = found[start : start + size]
        end = start + len(page)
        return page, self.write_token(end, query) if end < len(found) else None

    def write_token(self, start: int, query: str) -> str:
        contents = {
            "start": start,
            "query": query,
            "until": datetime.now(UTC).timestamp() + self.token_seconds,
        }
        return urlsafe_b64encode(json.dumps(contents).encode()).decode().rstrip("=")

    def read_token(self, token: str, query: str) -> int:
        try:
            contents = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            start, given, until = int(contents["start"]), contents["query"], float(contents["until"])
        except (ValueError, KeyError, TypeError) as error:
            raise TokenError from error
        if given != query or start < 0 or until < datetime.now(UTC).timestamp():
            raise TokenError
        return start


def identifier_json(identifier: str, fault: Fault | None) -> Json:
    """The asker's own identifier, unless the fault is to lose or change it."""
    if fault is not None and fault.name == "no_trace":
        return {}
    if fault is not None and fault.name == "unknown_trace":
        return {"submitterTransactionIdentifier": f"unknown-{fault.drawn}"}
    return {"submitterTransactionIdentifier": identifier}
