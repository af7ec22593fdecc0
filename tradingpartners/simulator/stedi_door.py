"""A Stedi-shaped clearinghouse: real-time checks in JSON, batches and polls, the payer directory.

All under `/2024-04-01`, which stands for each of its three hosts.
"""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from tradingpartners.simulator.answering import Answering
from tradingpartners.simulator.checks import Check, ask_payer
from tradingpartners.simulator.desk import ON_CALL, Call, Desk, Given, Instead, Silence
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.faults import FAULTS
from tradingpartners.simulator.http_wire import Reply, Request, RequestError
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.stedi_batches import HOUSE, Batches
from tradingpartners.simulator.stedi_fields import Found, Problem, check_request
from tradingpartners.simulator.stedi_json import Answered, Json, write_acknowledgement, write_json
from tradingpartners.simulator.stedi_mock import Mock, find_mock, mock_records
from tradingpartners.simulator.stedi_payers import Directory
from tradingpartners.simulator.stedi_replies import (
    int_in,
    json_reply,
    refuse,
    refuse_fields,
    throttled,
    unknown_payer,
)
from tradingpartners.simulator.stedi_requests import read_check, read_json
from tradingpartners.simulator.stedi_results import BatchPages, check_batch

VERSION = "2024-04-01"
VIA = "stedi"
PRODUCTION, TEST = "production", "test"
# A page of the payer list is no smaller, so ours has but one.
LEAST_LISTED = 10
AAA_STATUSES = ("200", "400", "mixed")


@dataclass(frozen=True)
class StediHabits:
    """`aaa_http_status`: under which status a rejection comes, one of AAA_STATUSES."""

    aaa_http_status: str = "200"
    most_calls: int = 50
    batch_delay: float = 2.0
    token_seconds: float = 300.0


class StediDoor:
    def __init__(self, desk: Desk, *, keys: Mapping[str, str], habits: StediHabits) -> None:
        """`keys`: the mode of each API key."""
        self.keys = keys
        self.habits = habits
        self.desk = desk
        self.chance = dice("stedi", desk.answering.seed)
        mock = desk.answering.with_records(mock_records(desk.answering.today))
        self.desks = {PRODUCTION: desk, TEST: Desk(mock, pace=desk.pace)}
        self.directories = {mode: directory_of(each.answering) for mode, each in self.desks.items()}
        self.open_calls = dict.fromkeys(self.desks, 0)
        batches = Batches(desk, delay=habits.batch_delay, token_seconds=habits.token_seconds)
        self.pages = BatchPages(batches)

    async def reply(self, request: Request, line: asyncio.StreamReader) -> Reply:
        mode = self.authorize(request)
        if mode is None:
            return refuse(HTTPStatus.FORBIDDEN, "the API key is missing or wrong")
        match request.method, request.steps[1:]:
            case "POST", ["change", "medicalnetwork", "eligibility", "v3"]:
                return await self.check(request, mode, line)
            case _, ["change", "medicalnetwork", "eligibility", "v3"]:
                return refuse(HTTPStatus.FORBIDDEN, "only POST is answered here")
            case "GET", [("payers" | "payer"), *_]:
                return self.list_payers(request)
            case _, ["eligibility-manager", *_] if mode == TEST:
                return refuse(HTTPStatus.FORBIDDEN, "a test key has no batches")
            case "POST", ["eligibility-manager", "batch-eligibility"]:
                return self.submit(request)
            case _, ["eligibility-manager", "batch-eligibility"]:
                return refuse(HTTPStatus.FORBIDDEN, "only POST is answered here")
            case "GET", ["eligibility-manager", *rest]:
                return self.pages.reply(request, rest)
        return refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def authorize(self, request: Request) -> str | None:
        """The mode of the key, in the plain form or the older one with `Key` before it."""
        given = request.headers.get("authorization", "").removeprefix("Key ").strip()
        for key, mode in self.keys.items():
            if hmac.compare_digest(given.encode(), key.encode()):
                return mode
        return None

    async def check(self, request: Request, mode: str, line: asyncio.StreamReader) -> Reply:
        """One check in real time, for as many at once as the account may have open."""
        body = read_json(request.body)
        found = check_request(body)
        if found.problems:
            return refuse_fields(found)
        if self.open_calls[mode] >= self.habits.most_calls:
            self.desk.answering.record([{"event": "throttled", "via": VIA, "account": mode}])
            return throttled()
        self.open_calls[mode] += 1
        try:
            return await self.ask(body, found, mode, line)
        finally:
            self.open_calls[mode] -= 1

    async def ask(self, body: Json, found: Found, mode: str, line: asyncio.StreamReader) -> Reply:
        listed = self.directories[mode].find(body["tradingPartnerServiceId"])
        if listed is None:
            return unknown_payer(body["tradingPartnerServiceId"], mode)
        check = read_check(body, listed)
        mock = None
        if mode == TEST:
            mock = find_mock(check.payer_id, check.subscriber, check.dependent)
            if mock is None:
                return refuse(HTTPStatus.BAD_REQUEST, "this is none of the mock checks a test key may make")
            check = as_mocked(check, mock)
        desk = self.desks[mode]
        control_number = next(desk.answering.control_numbers)
        now = datetime.now().astimezone()
        identifier = body.get("submitterTransactionIdentifier")
        call = Call(
            ask_payer(check, house=HOUSE, control_number=control_number, now=now),
            check.payer_id,
            via=VIA,
            line=line,
            playable=ON_CALL,
            more={"submitterTransactionIdentifier": identifier, "account": mode},
            forced=mock_fault(mock) if mock else None,
        )
        try:
            given = await desk.answer(call)
        except Instead as instead:
            return instead.reply
        except Silence:
            if line.at_eof():
                raise
            return refuse(HTTPStatus.GATEWAY_TIMEOUT, "the payer did not answer in time")
        except RequestError as error:
            reply = refuse(error.status, error.status.phrase)
            return replace(reply, headers=error.headers)
        return self.answered(given, check, mode, found)

    def answered(self, given: Given, check: Check, mode: str, found: Found) -> Reply:
        name = given.fault.name if given.fault else ""
        if name == "throttled":
            return throttled()
        answered = Answered(
            payer_id=check.payer_id,
            trace=check.trace,
            isa13=given.isa13,
            mode=mode,
            raw=given.raw,
            warnings=found.warnings,
        )
        if name == "answer_is_999":
            return json_reply(write_acknowledgement(given.bodies[0], answered))
        answer = write_json(given.bodies[0], answered)
        if name == "no_benefits":
            answer.pop("benefitsInformation", None)
        if name == "unknown_code":
            new = {"code": "ZZ9", "name": "A Benefit of Next Year", "timeQualifierCode": "99"}
            answer["benefitsInformation"] = [new, *answer.get("benefitsInformation", [])]
        status = self.status_for(answer["errors"])
        return replace(json_reply(answer, status), manner=given.manner)

    def status_for(self, errors: Sequence[Json]) -> HTTPStatus:
        habit = self.habits.aaa_http_status
        if habit == "mixed":
            habit = self.chance.choice(("200", "400"))
        return HTTPStatus.BAD_REQUEST if errors and habit == "400" else HTTPStatus.OK

    def submit(self, request: Request) -> Reply:
        """A whole batch, or nothing of it."""
        body = read_json(request.body)
        found = check_batch(body)
        items = body["items"] if not found.problems else []
        read = []
        for index, item in enumerate(items):
            inner = check_request(item, f"/items/{index}", in_batch=True)
            found.problems += inner.problems
            if inner.problems:
                continue
            listed = self.directories[PRODUCTION].find(item["tradingPartnerServiceId"])
            if listed is None:
                path = f"/items/{index}/tradingPartnerServiceId"
                found.problems.append(Problem(path, "is no payer of ours"))
            else:
                read.append(
                    (read_check(item, listed), item["submitterTransactionIdentifier"], inner.warnings)
                )
        if found.problems:
            refused = {"event": "batch_refused", "items": len(items), "problems": len(found.problems)}
            self.desk.answering.record([refused])
            return refuse_fields(found)
        name = body.get("name", "")
        if name and self.pages.batches.has_name(name):
            return refuse(HTTPStatus.CONFLICT, "a batch of this name exists")
        retry_hours = body.get("maxRetryHours", 8)
        batch = self.pages.batches.submit(read, name=name, retry_hours=retry_hours)
        return json_reply({"batchId": batch.id, "submittedAt": batch.created})

    def list_payers(self, request: Request) -> Reply:
        """Both modes see the population's payers: the mock ones are only to be asked."""
        directory, query = self.directories[PRODUCTION], request.query
        match request.steps[1:]:
            case ["payers"]:
                size = int_in(query, "pageSize", usual=len(directory.listed) or 10, least=1, most=1000)
                if size is None or ("pageSize" in query and size < LEAST_LISTED):
                    return refuse(HTTPStatus.BAD_REQUEST, f"pageSize is {LEAST_LISTED} or more")
                return json_reply({"items": [each.to_json() for each in directory.listed]})
            case ["payers", "csv"]:
                return Reply(directory.csv().encode(), "text/csv; charset=utf-8")
            case ["payers", "search"]:
                asked = (query.get("query") or [""])[0]
                size = int_in(query, "pageSize", usual=20, least=10, most=100)
                if len(asked) > 200 or size is None:
                    return refuse(
                        HTTPStatus.BAD_REQUEST, "query has at most 200 characters, pageSize is 10..100"
                    )
                filters = {name: values[0] for name, values in query.items() if name in directory.filters}
                hits = directory.search(asked, filters)
                return json_reply({"items": hits[:size], "stats": {"total": len(hits)}})
            case ["payer", wanted]:
                listed = directory.by_stedi_id(wanted)
                if listed is not None:
                    return json_reply({"payer": listed.to_json()})
        return refuse(HTTPStatus.NOT_FOUND, "there is no such payer")


def directory_of(answering: Answering) -> Directory:
    return Directory(records.payer for records in answering.records.values())


def as_mocked(check: Check, mock: Mock) -> Check:
    """A dependent with an answer of its own is asked about as a subscriber."""
    if not mock.as_subscriber or check.dependent is None:
        return check
    alone = replace(check.dependent, member_id=check.subscriber.member_id)
    return replace(check, subscriber=alone, dependent=None)


def mock_fault(mock: Mock) -> Fault | None:
    if not mock.rejection:
        return None
    kind = FAULTS[f"aaa_{mock.rejection}"]
    return Fault(kind, dict(kind.parameters), 0)
