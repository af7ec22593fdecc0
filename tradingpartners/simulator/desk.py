"""Where a real-time question is answered, in whichever dialect it was asked.

The doors read a question out of their envelope and put the answer into it; what happens between,
with its delay, its silence and its faults, is the same for all of them and booked here.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from tradingpartners.simulator.answer_faults import spoil_answers, spoil_bodies, spoil_bytes
from tradingpartners.simulator.answering import Answer, Answering
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.envelopes import ACCEPTANCE, ANSWER, write_interchange
from tradingpartners.simulator.faults import FAULTS, On
from tradingpartners.simulator.http_wire import HangUp, Reply, RequestError
from tradingpartners.simulator.inquiries import why_unanswerable
from tradingpartners.simulator.payers import CLEARINGHOUSE_DELIMITERS, Payer
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.segments import Interchange, Segment

ON_CALL = frozenset(kind.name for kind in FAULTS.values() if On.CALL in kind.on)
# Only JSON can be wrong in these ways.
OF_JSON = frozenset({"throttled", "unknown_code", "no_benefits"})
PLAYS_X12 = ON_CALL - OF_JSON
# Answered by the status alone; all but 500 and 504 may say when to come again.
STATUSES = {
    "http_429": HTTPStatus.TOO_MANY_REQUESTS,
    "http_500": HTTPStatus.INTERNAL_SERVER_ERROR,
    "http_503": HTTPStatus.SERVICE_UNAVAILABLE,
    "http_504": HTTPStatus.GATEWAY_TIMEOUT,
}
# What stands in an answer's place under status 200.
INSTEAD = {
    "html_page": (b"<!DOCTYPE html><title>Maintenance</title><h1>Back soon</h1>\n", "text/html"),
    "garbage": (bytes(range(128, 256)) * 4, "application/octet-stream"),
    "empty": (b"", ""),
}
MINUTE = 60.0
MANNERS = frozenset({"drip_feed", "half_response", "wrong_content_length"})
WAITS = frozenset({"slow", "late_answer"})


class Silence(HangUp):
    """The payer was asked and has not answered for as long as it holds a line."""


class Instead(Exception):  # noqa: N818 - no error: the payer means to send this
    """Something is sent that is no answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("instead of an answer")
        self.reply = reply


@dataclass(frozen=True)
class Pace:
    """How long payers take over an answer, and how long one that gives none holds the line.

    `npi_per_minute`: a provider who asks a payer more often is put off with AAA 42; 0 is no limit.
    """

    delay: float
    hold: float
    npi_per_minute: int = 0


@dataclass(frozen=True)
class Call:
    """Questions for one payer. `more` goes into every line of the journal about them.

    `forced`: a fault to play whatever the scenario says, which is not asked then.
    """

    asked: Interchange
    payer_id: str
    via: str
    line: asyncio.StreamReader
    playable: frozenset[str] = PLAYS_X12
    more: Mapping[str, Any] = field(default_factory=dict)
    forced: Fault | None = None


@dataclass(frozen=True)
class Given:
    """An answer about to leave: the sets between ST and SE, the whole interchange, the fault in it."""

    answers: Sequence[Answer]
    bodies: Sequence[Sequence[Segment]]
    raw: bytes
    isa13: str
    fault: Fault | None

    @property
    def manner(self) -> Fault | None:
        return self.fault if self.fault and self.fault.name in MANNERS else None


class Desk:
    def __init__(self, answering: Answering, *, pace: Pace) -> None:
        self.answering = answering
        self.pace = pace
        self.dice = dice("http", answering.seed)
        self.asked_at: dict[tuple[str, str], deque[float]] = {}  # by payer id and NPI, the last minute

    async def answer(self, call: Call) -> Given:
        """The answer, in the payer's time. Raises Instead, HangUp or RequestError where there is none."""
        answers = self.answering.answer_all(call.asked, payer_ids={call.payer_id})
        more = {**call.more, "via": call.via, "started": timestamp()}
        record = self.answering.record
        for each in answers:
            isa13 = call.asked.control_number
            record(each.questions_asked(isa13=isa13, file=None, via=call.via, more=more))
        fault = (
            call.forced
            or self.put_off(call, answers)
            or self.answering.stage.fault_for(
                On.CALL,
                payer=call.payer_id,
                member_ids=members_of(answers),
                playable=call.playable,
                via=call.via,
            )
        )
        if fault is not None and fault.name in {*STATUSES, *INSTEAD, "hang_up"}:
            self.none_given(answers, fault.name, more)
            raise what_comes_instead(fault)
        if any(each.is_silence for each in answers):
            self.none_given(answers, "no_answer", more)
            await asyncio.sleep(self.pace.hold)
            raise Silence
        await asyncio.sleep(self.delay(self.answering.records[call.payer_id].payer, fault))
        if call.line.at_eof():
            self.none_given(answers, "client_gone", more)
            raise HangUp
        given = self.compose(call.asked, answers, fault)
        self.book(given, more)
        return given

    def put_off(self, call: Call, answers: Sequence[Answer]) -> Fault | None:
        """AAA 42 for a provider who has asked this payer too often within a minute."""
        most = self.pace.npi_per_minute
        if not most or not answers:
            return None
        receiver = answers[0].verdicts[0].question.receiver
        npi = receiver[9] if len(receiver) > 9 else ""
        asked_at = self.asked_at.setdefault((call.payer_id, npi), deque())
        now = time.monotonic()
        while asked_at and asked_at[0] < now - MINUTE:
            asked_at.popleft()
        if len(asked_at) < most:
            asked_at.append(now)
            return None
        self.answering.record(
            [{"event": "npi_throttled", "payer": call.payer_id, "npi": npi, "via": call.via}]
        )
        kind = FAULTS["aaa_42"]
        return Fault(kind, dict(kind.parameters), 0)

    def none_given(self, answers: Sequence[Answer], reason: str, more: Mapping[str, Any]) -> None:
        for each in answers:
            entry = {**more, "ended": timestamp()}
            self.answering.record(each.no_answers(reason=reason, file=None, more=entry))

    def compose(self, asked: Interchange, answers: Sequence[Answer], fault: Fault | None) -> Given:
        """The answers as the payer writes them, wrong in the way of the fault if there is one."""
        now = datetime.now().astimezone()
        answers = spoil_answers(answers, fault, self.answering.records)
        bodies = spoil_bodies([each.segments(now=now) for each in answers], asked, fault)
        payer = next((each.payer for each in answers if each.payer), None)
        delimiters = payer.delimiters if payer else CLEARINGHOUSE_DELIMITERS
        control_number = next(self.answering.control_numbers)
        raw = write_interchange(
            asked,
            bodies,
            kind=ACCEPTANCE if fault and fault.name == "answer_is_999" else ANSWER,
            control_number=control_number,
            delimiters=delimiters,
            now=now,
        )
        raw = spoil_bytes(raw, delimiters, fault)
        return Given(answers, bodies, raw, f"{control_number:09d}", fault)

    def book(self, given: Given, more: Mapping[str, Any]) -> None:
        """What is given, as far as it answers: a 999 does not."""
        if given.fault and given.fault.name == "answer_is_999":
            self.none_given(given.answers, given.fault.name, more)
            return
        entry = {**more, "ended": timestamp(), "fault": given.fault.name if given.fault else None}
        for each in given.answers:
            self.answering.record(each.answers_given(isa13=given.isa13, file=None, more=entry))

    def delay(self, payer: Payer, fault: Fault | None) -> float:
        usual = self.pace.delay * payer.pace * self.dice.uniform(0.5, 1.5)
        return fault.number("seconds") if fault and fault.name in WAITS else usual


def members_of(answers: Sequence[Answer]) -> set[str]:
    """Every member id asked about."""
    return {verdict.question.subscriber.member_id for each in answers for verdict in each.verdicts}


def what_comes_instead(fault: Fault) -> Exception:
    if fault.name == "hang_up":
        return HangUp()
    if fault.name in INSTEAD:
        body, content_type = INSTEAD[fault.name]
        return Instead(Reply(body, content_type))
    after = fault.parameters.get("retry_after")
    return RequestError(STATUSES[fault.name], **({"Retry_After": str(after)} if after else {}))


def is_answerable(asked: Interchange) -> bool:
    """Whether every set in it asks about somebody."""
    sets = [each for group in asked.groups for each in group.transaction_sets]
    return bool(sets) and not any(why_unanswerable(each) for each in sets)


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
