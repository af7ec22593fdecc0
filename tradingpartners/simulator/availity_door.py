"""An Availity-shaped clearinghouse: a token, a coverage asked for by form, and its result fetched.

Under `/availity/v1` and, as the vendor's own host has it, under `/v1`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from tradingpartners.simulator.availity_demo import demo_reply
from tradingpartners.simulator.availity_forms import FormError, read_form
from tradingpartners.simulator.availity_json import (
    COMMUNICATION_ERROR,
    IN_PROGRESS,
    Asking,
    Json,
    write_answer,
    write_coverage,
)
from tradingpartners.simulator.availity_tokens import DEMO, Tokens
from tradingpartners.simulator.checks import ask_payer
from tradingpartners.simulator.desk import MANNERS, OF_JSON, ON_CALL, Call, Desk, Given, Instead
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.http_wire import JSON, HangUp, Reply, Request, RequestError
from tradingpartners.simulator.stedi_replies import int_in

HOUSE, VIA = "AVAILITY", "availity"
FORM = "application/x-www-form-urlencoded"
# Only what can be seen in a coverage is worth playing.
IN_BYTES = frozenset(
    {"line_ends", "byte_order_mark", "nul_bytes", "utf_16", "truncated_answer", "answer_is_999"}
)
PLAYS = ON_CALL - MANNERS - OF_JSON - IN_BYTES
FIRST_REPLIES = ("202", "200", "mixed")
MOST_LISTED = 50


@dataclass(frozen=True)
class AvailityHabits:
    """`first_reply`: whether a coverage is given at once (200) or is to be fetched (202)."""

    first_reply: str = "202"
    token_seconds: float = 300.0


@dataclass
class Coverage:
    asking: Asking
    task: "asyncio.Task[Given]"
    updated: datetime

    def finish(self, task: "asyncio.Task[Given]") -> None:
        """Note the time; an error is looked at, so that asyncio does not report it as forgotten."""
        self.updated = datetime.now(UTC)
        if not task.cancelled():
            task.exception()

    def to_json(self) -> Json:
        """In progress until the payer has answered; what went wrong on the way is one status."""
        if not self.task.done():
            return write_coverage(self.asking, IN_PROGRESS, updated=self.asking.created)
        if self.task.exception() is not None:
            return write_coverage(self.asking, COMMUNICATION_ERROR, updated=self.updated)
        return write_answer(self.asking, self.task.result().bodies[0], updated=self.updated)


class AvailityDoor:
    def __init__(self, desk: Desk, *, client: tuple[str, str], habits: AvailityHabits) -> None:
        """`client` is its id and its secret."""
        self.desk = desk
        self.habits = habits
        self.tokens = Tokens(client_id=client[0], client_secret=client[1], seconds=habits.token_seconds)
        self.coverages: dict[str, Coverage] = {}
        self.chance = dice("availity", desk.answering.seed)

    async def reply(self, request: Request, line: asyncio.StreamReader) -> Reply:
        steps = request.steps[request.steps.index("v1") + 1 :] if "v1" in request.steps[:2] else []
        if steps == ["token"] and request.method == "POST":
            form = parse_qs(request.body.decode("latin-1"))
            return self.tokens.reply(form, request.content_type)
        mode = self.tokens.read(request.headers.get("authorization", ""))
        if mode is None:
            return refuse(HTTPStatus.UNAUTHORIZED, "The token is missing, wrong or over.")
        reply = demo_reply(request, steps) if mode == DEMO and steps[:1] == ["coverages"] else None
        if reply is None:
            reply = await self.answer(request, steps, line)
        traced = {"X-Availity-Transaction-ID": str(uuid4()), "X-Global-Transaction-ID": str(uuid4())}
        return replace(reply, headers={**reply.headers, **traced})

    async def answer(self, request: Request, steps: Sequence[str], line: asyncio.StreamReader) -> Reply:
        match request.method, steps:
            case "POST", ["coverages"]:
                return await self.create(request, line)
            case "GET", ["coverages"]:
                found = [each.to_json() for each in self.coverages.values()]
                return self.listing(request, "coverages", found)
            case "GET", ["coverages", coverage_id] if coverage_id in self.coverages:
                return coverage_reply(self.coverages[coverage_id])
            case "DELETE", ["coverages", coverage_id] if coverage_id in self.coverages:
                self.coverages.pop(coverage_id).task.cancel()
                return Reply(b"", "", HTTPStatus.NO_CONTENT)
            case "GET", ["availity-payer-list"]:
                return self.listing(request, "payers", self.payers(request.query))
        return refuse(HTTPStatus.NOT_FOUND, "There is no such resource.")

    async def create(self, request: Request, line: asyncio.StreamReader) -> Reply:
        """Ask the payer; say so, or wait for what it says."""
        if request.content_type != FORM:
            return refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A form is expected.")
        form = parse_qs(request.body.decode("utf-8", errors="replace"))
        try:
            check = read_form(form, self.desk.answering.records)
        except FormError as error:
            return refuse(HTTPStatus.BAD_REQUEST, "The form is not valid.", errors=error.problems)
        now = datetime.now().astimezone()
        asking = Asking(id=str(uuid4().int)[:19], customer_id="1194", created=now, check=check)
        control_number = next(self.desk.answering.control_numbers)
        call = Call(
            ask_payer(check, house=HOUSE, control_number=control_number, now=now),
            check.payer_id,
            via=VIA,
            # Who asked need not stay on the line.
            line=asyncio.StreamReader(),
            playable=PLAYS,
            more={"coverage_id": asking.id},
        )
        task = asyncio.create_task(self.desk.answer(call))
        coverage = Coverage(asking, task, updated=now)
        task.add_done_callback(coverage.finish)
        await asyncio.sleep(0)  # so far that a fault of the line has shown itself
        if task.done() and task.exception() is not None:
            return line_fault(task.exception())
        self.coverages[asking.id] = coverage
        if self.is_at_once():
            await asyncio.wait({task})
        return coverage_reply(coverage, is_new=True)

    def is_at_once(self) -> bool:
        habit = self.habits.first_reply
        return self.chance.random() < 0.5 if habit == "mixed" else habit == "200"

    def payers(self, query: Mapping[str, Sequence[str]]) -> list[Json]:
        wanted = {name: values[0] for name, values in query.items() if name not in {"offset", "limit"}}
        payers = [
            {
                "payerId": records.payer.payer_id,
                "name": records.payer.name,
                "transactionType": "270",
                "submissionMode": "API",
                "enrollmentRequired": "No",
            }
            for records in self.desk.answering.records.values()
        ]
        return [
            payer
            for payer in payers
            if all(payer.get(name, value) == value for name, value in wanted.items())
        ]

    def listing(self, request: Request, plural: str, found: Sequence[Json]) -> Reply:
        offset = int_in(request.query, "offset", usual=0, least=0, most=10**9)
        limit = int_in(request.query, "limit", usual=MOST_LISTED, least=1, most=MOST_LISTED)
        if offset is None or limit is None:
            return refuse(HTTPStatus.BAD_REQUEST, f"limit is 1 to {MOST_LISTED}, offset 0 or more.")
        page = list(found[offset : offset + limit])
        links = {"self": {"href": request.target}}
        counts = {"totalCount": len(found), "count": len(page), "offset": offset, "limit": limit}
        return json_reply({**counts, "links": links, plural: page})


def coverage_reply(coverage: Coverage, *, is_new: bool = False) -> Reply:
    """202 while there is something to wait for, and where to look."""
    body = coverage.to_json()
    if coverage.task.done():
        return json_reply(body)
    reply = json_reply(body, HTTPStatus.ACCEPTED)
    return (
        replace(reply, headers={"Location": f"/availity/v1/coverages/{coverage.asking.id}"})
        if is_new
        else reply
    )


def line_fault(error: BaseException | None) -> Reply:
    """What the desk did instead of answering, in the words of this dialect."""
    if isinstance(error, Instead):
        return error.reply
    if isinstance(error, RequestError):
        reply = refuse(error.status, error.status.phrase)
        return replace(reply, headers=error.headers)
    raise error or HangUp


def json_reply(contents: Any, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(json.dumps(contents).encode(), JSON, status)


def refuse(status: HTTPStatus, message: str, *, errors: Sequence[Json] = ()) -> Reply:
    body = {
        "statusCode": status.value,
        "reasonCode": 0,
        "userMessage": message,
        "developerMessage": status.phrase,
        "errors": list(errors),
    }
    return json_reply(body, status)
