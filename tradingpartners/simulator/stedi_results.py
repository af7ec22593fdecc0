"""What is asked about batches afterwards: how far they are, which items they hold, what is answered."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from tradingpartners.simulator.faults import On
from tradingpartners.simulator.http_wire import Reply, Request
from tradingpartners.simulator.stedi_batches import VIA, Batch, Batches, Item, TokenError
from tradingpartners.simulator.stedi_fields import Found, Problem
from tradingpartners.simulator.stedi_json import Json
from tradingpartners.simulator.stedi_replies import int_in, json_reply, refuse

NAME = re.compile(r"[a-zA-Z0-9_-]{1,100}")
MOST_ITEMS = 10_000
# A page above this size is sent to those only who take it packed.
MOST_UNPACKED = 20
POLL = ["polling", "batch-eligibility"]


def check_batch(body: Any) -> Found:
    """What is wrong with a batch, its items aside."""
    found = Found()
    if not isinstance(body, dict):
        found.problems.append(Problem("", "must be an object"))
        return found
    items, name, hours = body.get("items"), body.get("name"), body.get("maxRetryHours", 8)
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        found.problems.append(Problem("/items", f"must have 1 to {MOST_ITEMS} items"))
    if name is not None and not (isinstance(name, str) and NAME.fullmatch(name)):
        found.problems.append(Problem("/name", "must match pattern ^[a-zA-Z0-9-_]{1,100}$"))
    if not isinstance(hours, int) or isinstance(hours, bool) or not 8 <= hours <= 24:
        found.problems.append(Problem("/maxRetryHours", "must be 8 to 24"))
    return found


def playable_at(request: Request, steps: Sequence[str]) -> frozenset[str]:
    """The faults this request has room for: without a token none can be too old."""
    names = {"poll_500"}
    if steps == POLL:
        names.add("short_page")
    if request.query.get("pageToken"):
        names.add("token_expired")
    return frozenset(names)


class BatchPages:
    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def reply(self, request: Request, steps: Sequence[str]) -> Reply:
        """`steps` is the path behind `eligibility-manager`."""
        stage = self.batches.answering.stage
        fault = stage.fault_for(On.POLL, playable=playable_at(request, steps), via=VIA)
        name = fault.name if fault else ""
        if name == "poll_500":
            return refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on our side")
        try:
            if name == "token_expired":
                raise TokenError
            match steps:
                case ["batch", batch_id] if batch_id in self.batches.batches:
                    return json_reply(self.status(self.batches.batches[batch_id]))
                case ["batch", batch_id, "items"] if batch_id in self.batches.batches:
                    return self.items(request.query, self.batches.batches[batch_id])
                case ["polling", "batch-eligibility"]:
                    return self.poll(request, is_short=name == "short_page")
        except TokenError:
            return refuse(HTTPStatus.BAD_REQUEST, "the page token is not valid, or no longer")
        return refuse(HTTPStatus.NOT_FOUND, "there is no such batch")

    def status(self, batch: Batch) -> Json:
        return {
            "id": batch.id,
            "name": batch.name,
            "batchType": "ELIGIBILITY",
            "status": batch.state.value,
            "source": "API",
            "createdAt": batch.created,
            "updatedAt": max([batch.updated, *(item.updated for item in batch.items)]),
            "maxRetryHours": batch.retry_hours,
            **self.batches.counts(batch),
        }

    def items(self, query: Mapping[str, Sequence[str]], batch: Batch) -> Reply:
        """Every item with its state, those that are wanted by state or result."""
        size = int_in(query, "pageSize", usual=100, least=1, most=1000)
        if size is None:
            return refuse(HTTPStatus.BAD_REQUEST, "pageSize is 1 to 1000")
        states = set(query.get("state", []))
        names = ("eligibilityCheckResult", "eligibilitySearchStatus", "eligibilitySearchOutcome")
        results = {value for name in names for value in query.get(name, [])}
        wanted = [
            item
            for item in batch.items
            if (not states or item.state in states) and (not results or item.result in results)
        ]
        page, token = self.page(wanted, f"{batch.id} {sorted(states)} {sorted(results)}", query, size)
        return json_reply({"items": [item_json(batch, item) for item in page], **token})

    def poll(self, request: Request, *, is_short: bool) -> Reply:
        """What is answered by now, of one batch or of all, in the order of completion."""
        query = request.query
        size = int_in(query, "pageSize", usual=10, least=1, most=200)
        if size is None:
            return refuse(HTTPStatus.BAD_REQUEST, "pageSize is 1 to 200")
        is_packed = "gzip" in request.headers.get("accept-encoding", "").lower()
        if size > MOST_UNPACKED and not is_packed:
            return refuse(
                HTTPStatus.BAD_REQUEST, f"a pageSize above {MOST_UNPACKED} needs Accept-Encoding: gzip"
            )
        batch_id, since = (query.get(name, [""])[0] for name in ("batchId", "startDateTime"))
        if batch_id and batch_id not in self.batches.batches:
            return refuse(HTTPStatus.NOT_FOUND, "there is no such batch")
        after = read_instant(since) if since else None
        if since and after is None:
            return refuse(HTTPStatus.BAD_REQUEST, "startDateTime is an ISO 8601 date and time with a zone")
        finished = [
            each.answer
            for each in self.batches.finished
            if (not batch_id or each.batch_id == batch_id)
            and (after is None or datetime.fromisoformat(each.completed) > after)
        ]
        page, token = self.page(
            finished, f"{batch_id} {since}", query, max(1, size // 2) if is_short else size
        )
        polled = {"event": "poll", "via": VIA, "batch_id": batch_id or None, "page_size": size}
        more = "nextPageToken" in token
        self.batches.answering.record([{**polled, "items": len(page), "more": more}])
        return json_reply({"items": page, **token}, gzipped=is_packed)

    def page(
        self, found: Sequence[Any], asked: str, query: Mapping[str, Sequence[str]], size: int
    ) -> tuple[list[Any], Json]:
        """The page a token stands for, and the member that holds the next token."""
        token = query.get("pageToken", [""])[0]
        page, following = self.batches.page(found, query=asked, token=token, size=size)
        return list(page), {"nextPageToken": following} if following else {}


def item_json(batch: Batch, item: Item) -> Json:
    check = item.check
    known = {
        "submitterTransactionIdentifier": item.identifier,
        "payerId": check.payer_id,
        "providerName": check.provider_name,
        "providerNpi": check.npi,
        "subscriberFirstName": check.subscriber.first_name,
        "subscriberLastName": check.subscriber.last_name,
        "subscriberMemberId": check.subscriber.member_id,
        "outboundTraceId": check.trace,
        "eligibilityCheckResult": item.result,
        "id": item.answers[0]["id"] if item.answers else "",
    }
    eligibility: Json = {name: value for name, value in known.items() if value}
    if item.errors:
        eligibility["aaaErrors"] = item.errors
    return {
        "batchId": batch.id,
        "index": item.index,
        "requestId": f"{batch.id}-{item.index}",
        "state": item.state.value,
        "createdAt": batch.created,
        "updatedAt": item.updated,
        "additionalInfo": {"eligibility": eligibility},
    }


def read_instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return instant if instant.tzinfo else None
