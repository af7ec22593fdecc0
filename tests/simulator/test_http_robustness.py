"""Requests broken in every way, at every door: each is answered, and none raises what nobody expects."""

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.simulator.conftest import ask, questions
from tests.simulator.stedi import check_for
from tests.simulator.test_availity import SCOPE, form_for
from tests.simulator.wire import interchange
from tradingpartners.simulator.answering import Answering, read_knowledge
from tradingpartners.simulator.availity_door import AvailityHabits
from tradingpartners.simulator.desk import Desk, Pace
from tradingpartners.simulator.http_doors import doors_ready, open_doors
from tradingpartners.simulator.http_wire import HangUp, Request, RequestError
from tradingpartners.simulator.journal import Journal
from tradingpartners.simulator.stedi_door import StediHabits

CREDENTIALS = ("riverside", "secret")
ODD: tuple[Any, ...] = (
    "",
    None,
    0,
    -1,
    True,
    [],
    {},
    [None],
    "x" * 200,
    "\x00",
    "Ñ",
    "~",
    "９",
    {"a": 1},
    1e300,
)
MULTIPART = "multipart/form-data; boundary=b"


def spoil(value: Any, chance: Random) -> Any:
    """One value somewhere inside is another."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        return {**value, key: spoil(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        return [*value[:at], spoil(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def cut(body: bytes, chance: Random) -> bytes:
    """Some bytes lost, doubled or turned."""
    at = chance.randrange(len(body) + 1)
    deeds = [
        body[:at],
        body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :],
        body[:at] + body[at // 2 :],
    ]
    return chance.choice(deeds)


def requests(population: dict[str, Any], ready: dict[str, Any], token: str, chance: Random) -> list[Request]:
    each = chance.choice(list(questions(population)))
    check = check_for(each, submitterTransactionIdentifier="t")
    stedi = {"authorization": ready["stedi"]["key"]}
    test_key = {"authorization": ready["stedi"]["test_key"]}
    bearer = {"authorization": f"Bearer {token}", "content-type": "application/x-www-form-urlencoded"}
    fields = {"PayloadType": "X12_270_Request_005010X279A1", "Payload": interchange([ask(each)]).decode()}
    mime = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    soap = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><a/></e:Body></e:Envelope>"
    real_time, batch = "/2024-04-01/change/medicalnetwork/eligibility/v3", "/2024-04-01/eligibility-manager"
    form = {**form_for(each), chance.choice(list(form_for(each))): str(chance.choice(ODD))}
    query = urlencode(
        {"pageSize": chance.choice(ODD), "pageToken": chance.choice(ODD), "limit": chance.choice(ODD)}
    )
    return [
        Request("POST", real_time, stedi, json.dumps(spoil(check, chance)).encode()),
        Request("POST", real_time, test_key, json.dumps(spoil(check, chance)).encode()),
        Request("POST", real_time, stedi, cut(json.dumps(check).encode(), chance)),
        Request(
            "POST",
            f"{batch}/batch-eligibility",
            stedi,
            json.dumps(spoil({"items": [check]}, chance)).encode(),
        ),
        Request("GET", f"{batch}/polling/batch-eligibility?{query}&startDateTime=%FF", stedi, b""),
        Request("GET", f"/2024-04-01/payers/search?{query}&query=%00", stedi, b""),
        Request("POST", "/availity/v1/coverages", bearer, urlencode(form).encode()),
        Request("POST", "/availity/v1/coverages", bearer, cut(urlencode(form).encode(), chance)),
        Request("POST", "/availity/v1/token", bearer, cut(b"grant_type=client_credentials", chance)),
        Request("GET", f"/availity/v1/coverages?{query}", {"authorization": str(chance.choice(ODD))}, b""),
        Request(
            "POST", "/core/mime/CCN20", {"content-type": MULTIPART}, cut(mime.encode() + b"--b--", chance)
        ),
        Request(
            "POST",
            "/core/mime/CCN20",
            {"content-type": cut(MULTIPART.encode(), chance).decode("latin-1")},
            b"x",
        ),
        Request("POST", "/core/soap/CCN20", {}, cut(soap.encode(), chance)),
        Request("POST", "/payers/CCN20/x12", {}, b""),
        Request(
            chance.choice(("GET", "POST", "PUT")),
            cut(b"/2024-04-01/payer/x", chance).decode("latin-1"),
            stedi,
            b"",
        ),
    ]


def test_broken_requests_are_answered(
    population_file: Path, population: dict[str, Any], tmp_path: Path
) -> None:
    knowledge = read_knowledge(population_file)
    answering = Answering(knowledge, Journal(tmp_path / "journal"), today=knowledge.today)
    ready, chance = doors_ready(CREDENTIALS, "http://here"), Random(11)
    statuses: dict[int, int] = {}

    async def play() -> None:
        desk = Desk(answering, pace=Pace(delay=0, hold=0))
        habits = StediHabits(batch_delay=0)
        doors = open_doors(
            desk, credentials=CREDENTIALS, stedi=habits, availity=AvailityHabits(first_reply="200")
        )
        ours = ready["availity"]
        form = {"grant_type": "client_credentials", "scope": SCOPE}
        form |= {name: ours[name] for name in ("client_id", "client_secret")}
        content_type = {"content-type": "application/x-www-form-urlencoded"}
        asking = Request("POST", "/v1/token", content_type, urlencode(form).encode())
        token = json.loads((await doors["v1"].reply(asking, asyncio.StreamReader())).body)["access_token"]
        for _ in range(80):
            for request in requests(population, ready, token, chance):
                door = doors.get(request.steps[0] if request.steps else "")
                if door is None:
                    continue
                try:
                    status = (await door.reply(request, asyncio.StreamReader())).status.value
                except RequestError as error:
                    status = error.reply().status.value
                except HangUp:
                    status = 0
                statuses[status] = statuses.get(status, 0) + 1

    asyncio.run(play())
    assert {200, 400, 401, 404} <= statuses.keys()
    assert all(status < 500 or status == 504 for status in statuses)
