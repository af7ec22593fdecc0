"""Batches of the Stedi-shaped clearinghouse: taken whole or not at all, answered over time, polled."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import QUICK, questions
from tests.simulator.driving import Simulator, until
from tests.simulator.stedi import BATCH, POLL, Client, check_for, client, of_case
from tests.simulator.test_answers import MEANINGS
from tests.simulator.test_stedi import reading

Json = dict[str, Any]
FAST = (*QUICK, "--batch-delay-ms", "100")


def items_for(
    population: Json, count: int = 20, skip: tuple[str, ...] = ("aaa_2100a", "no_answer")
) -> list[Json]:
    asked = [each for each in questions(population) if each.case not in skip][:count]
    return [
        check_for(each, submitterTransactionIdentifier=f"t{number}:{each.case}")
        for number, each in enumerate(asked)
    ]


def submit(asking: Client, items: list[Json], **more: Any) -> str:
    status, answer = asking.call("POST", BATCH, {"items": items, **more})
    assert status == 200, answer
    assert answer["submittedAt"]
    return str(answer["batchId"])


def status_of(asking: Client, batch_id: str) -> Json:
    status, answer = asking.call("GET", f"/eligibility-manager/batch/{batch_id}")
    assert status == 200
    return dict(answer)


def is_done(asking: Client, batch_id: str) -> bool:
    return str(status_of(asking, batch_id)["status"]).startswith("COMPLETED")


def poll_all(asking: Client, batch_id: str, size: int = 10) -> list[Json]:
    found, token = [], {}
    while True:
        status, page = asking.poll(batch_id, size=size, **token)
        assert status == 200
        found += page["items"]
        if "nextPageToken" not in page:
            return found
        token = {"pageToken": page["nextPageToken"]}


def test_every_check_of_a_batch_is_answered_once(launch: Any, population: Json) -> None:
    simulator = launch(*FAST)
    asking, items = client(simulator), items_for(population, 45)
    batch_id = submit(asking, items, name="nightly-1", maxRetryHours=12)
    until(lambda: is_done(asking, batch_id))
    done = status_of(asking, batch_id)
    assert (done["name"], done["batchType"], done["maxRetryHours"]) == ("nightly-1", "ELIGIBILITY", 12)
    assert (done["status"], done["totalCount"], done["successCount"]) == ("COMPLETED", 45, 45)
    answers = poll_all(asking, batch_id, size=7)
    identifiers = Counter(answer["submitterTransactionIdentifier"] for answer in answers)
    assert identifiers == Counter(item["submitterTransactionIdentifier"] for item in items)
    for answer in answers:
        case = answer["submitterTransactionIdentifier"].partition(":")[2]
        assert reading(answer) in MEANINGS[case]
        assert (answer["batchId"], answer["batchName"]) == (batch_id, "nightly-1")


def test_a_batch_is_booked_with_every_question_and_answer(launch: Any, population: Json) -> None:
    simulator = launch(*FAST)
    asking, items = client(simulator), items_for(population, 10)
    batch_id = submit(asking, items)
    until(lambda: is_done(asking, batch_id))
    assert status_of(asking, batch_id)["name"] == batch_id
    (arrival,) = simulator.entries("batch")
    assert (arrival["batch_id"], arrival["items"]) == (batch_id, 10)
    wanted = {item["submitterTransactionIdentifier"] for item in items}
    for event in ("270", "271"):
        booked = simulator.entries(event)
        assert {entry["submitterTransactionIdentifier"] for entry in booked} == wanted
        assert {(entry["batch_id"], entry["via"]) for entry in booked} == {(batch_id, "stedi-batch")}
        assert len({entry["trace"] for entry in booked}) == 10


def test_nothing_is_finished_before_its_time(launch: Any, population: Json) -> None:
    simulator = launch(*QUICK, "--batch-delay-ms", "60000")
    asking = client(simulator)
    batch_id = submit(asking, items_for(population, 3))
    state = status_of(asking, batch_id)
    assert (state["status"], state["inProgressCount"], state["successCount"]) == ("PENDING", 3, 0)
    assert poll_all(asking, batch_id) == []
    _, listed = asking.call("GET", f"/eligibility-manager/batch/{batch_id}/items")
    assert [item["state"] for item in listed["items"]] == ["PENDING"] * 3
    assert [item["index"] for item in listed["items"]] == [0, 1, 2]


def test_what_the_payer_cannot_answer_is_retried_and_absent_meanwhile(launch: Any, population: Json) -> None:
    """One of them answers the second time, one never does: no answer, not an empty one."""
    simulator = launch(*QUICK, "--batch-delay-ms", "600")
    asking = client(simulator)
    behaviours = {
        member["member_id"]: member["behaviour"]
        for known in population["truth"].values()
        for member in known["members"]
    }
    unavailable = of_case(population, "aaa_2100a")
    once, never = (
        next(e for e in unavailable if behaviours[e.coverage["member_id"]] == behaviour)
        for behaviour in ("aaa_2100a_42_once", "aaa_2100a_42")
    )
    silent = of_case(population, "no_answer")[0]
    asked = {"once": once, "never": never, "silent": silent, "good": of_case(population, "active")[0]}
    items = [check_for(each, submitterTransactionIdentifier=name) for name, each in asked.items()]
    batch_id = submit(asking, items)
    until(lambda: simulator.entries("retry"))
    _, listed = asking.call("GET", f"/eligibility-manager/batch/{batch_id}/items?state=RETRYING")
    assert len(listed["items"]) == 2
    early = {answer["submitterTransactionIdentifier"] for answer in poll_all(asking, batch_id)}
    assert early <= {"good"}
    until(lambda: is_done(asking, batch_id))
    done = status_of(asking, batch_id)
    assert (done["status"], done["successCount"], done["errorCount"]) == ("COMPLETED_WITH_ERRORS", 2, 2)
    answers = {answer["submitterTransactionIdentifier"]: answer for answer in poll_all(asking, batch_id)}
    assert answers.keys() == {"once", "never", "good"}
    assert answers["once"]["errors"] == [] and answers["never"]["errors"][0]["code"] == "42"
    _, failed = asking.call(
        "GET", f"/eligibility-manager/batch/{batch_id}/items?eligibilityCheckResult=FAILED"
    )
    known = [item["additionalInfo"]["eligibility"] for item in failed["items"]]
    assert {each["submitterTransactionIdentifier"] for each in known} == {"never", "silent"}


def test_one_wrong_item_refuses_the_whole_batch(simulator: Simulator, population: Json) -> None:
    asking, items = client(simulator), items_for(population, 5)
    before = len(simulator.entries("batch"))
    items[3]["subscriber"]["dateOfBirth"] = "01/02/2003"
    del items[4]["submitterTransactionIdentifier"]
    status, refusal = asking.call("POST", BATCH, {"items": items})
    assert status == 400 and refusal["message"] == "2 validation errors"
    assert {problem["path"] for problem in refusal["fieldList"]} == {
        "/items/3/subscriber/dateOfBirth",
        "/items/4/submitterTransactionIdentifier",
    }
    assert len(simulator.entries("batch")) == before
    items[3]["tradingPartnerServiceId"] = "NOBODY"
    assert asking.call("POST", BATCH, {"items": items[3:4]})[0] == 400


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/items"),
        ({"items": []}, "/items"),
        ({"items": [{}], "name": "a name"}, "/name"),
        ({"items": [{}], "maxRetryHours": 7}, "/maxRetryHours"),
        ({"items": [{}], "maxRetryHours": "8"}, "/maxRetryHours"),
        ({"items": [7]}, "/items/0"),
        ([], ""),
    ],
)
def test_a_batch_that_is_none_is_refused(body: Any, path: str, simulator: Simulator) -> None:
    status, refusal = client(simulator).call("POST", BATCH, body)
    assert status == 400 and path in {problem["path"] for problem in refusal["fieldList"]}


def test_a_name_is_taken_once(simulator: Simulator, population: Json) -> None:
    asking = client(simulator)
    submit(asking, items_for(population, 1), name="only-one")
    status, refusal = asking.call("POST", BATCH, {"items": items_for(population, 1), "name": "only-one"})
    assert (status, refusal["code"]) == (409, "CONFLICT")


def test_large_pages_are_sent_packed_only(simulator: Simulator) -> None:
    asking = client(simulator)
    assert asking.call("GET", f"{POLL}?pageSize=21")[0] == 400
    assert asking.call("GET", f"{POLL}?pageSize=20")[0] == 200
    assert asking.poll("", size=21)[0] == 200
    for size in (0, 201, -1):
        assert asking.poll("", size=size)[0] == 400


def test_only_what_was_finished_later_is_given(launch: Any, population: Json) -> None:
    simulator = launch(*FAST)
    asking = client(simulator)
    batch_id = submit(asking, items_for(population, 4))
    until(lambda: is_done(asking, batch_id))
    _, early = asking.poll(batch_id, startDateTime="2020-01-01T00:00:00Z")
    _, late = asking.poll(batch_id, startDateTime="2999-01-01T00:00:00+00:00")
    assert (len(early["items"]), len(late["items"])) == (4, 0)
    assert asking.poll(batch_id, startDateTime="yesterday")[0] == 400


def test_page_tokens_are_of_one_query_and_expire(launch: Any, population: Json) -> None:
    simulator = launch(*FAST, "--token-seconds", "0")
    asking = client(simulator)
    batch_id = submit(asking, items_for(population, 4))
    until(lambda: is_done(asking, batch_id))
    _, page = asking.poll(batch_id, size=2)
    assert len(page["items"]) == 2
    for token in (page["nextPageToken"], "garbage", "e30", "[]"):
        assert asking.poll(batch_id, size=2, pageToken=token)[0] == 400
    lasting = client(launch(*FAST))
    assert lasting.poll("", size=2, pageToken=page["nextPageToken"])[0] == 400


def test_batches_are_not_found_by_other_ids(simulator: Simulator) -> None:
    asking = client(simulator)
    for path in ("batch/none", "batch/none/items", "polling/batch-eligibility?batchId=none", "elsewhere"):
        assert asking.call("GET", f"/eligibility-manager/{path}")[0] == 404
    assert asking.call("GET", BATCH)[0] == 403
    assert asking.call("GET", "/nothing")[0] == 404


def test_faults_are_played_check_by_check_and_poll_by_poll(
    launch: Any, tmp_path: Path, population: Json
) -> None:
    names = ("batch_unanswered", "duplicate_answer", "unknown_trace", "aaa_75", "another_members_answer")
    on_file = [
        f'[[fault]]\nname = "{name}"\non = "file"\nafter = {at}\ntimes = 1\n' for at, name in enumerate(names)
    ]
    on_poll = '[[fault]]\nname = "short_page"\ntimes = 30\n'
    (tmp_path / "scenario.toml").write_text("".join([*on_file, on_poll]), encoding="utf-8")
    simulator = launch(*FAST, "--scenario", str(tmp_path / "scenario.toml"))
    asking = client(simulator)
    active = of_case(population, "active")[:6]
    batch_id = submit(
        asking,
        [check_for(each, submitterTransactionIdentifier=f"n{at}") for at, each in enumerate(active)],
    )
    until(lambda: len(simulator.entries("271", "no_answer")) >= 7)
    _, page = asking.poll(batch_id, size=4)
    assert len(page["items"]) == 2 and page["nextPageToken"]
    answers = poll_all(asking, batch_id)
    counts = Counter(answer["submitterTransactionIdentifier"].partition("-")[0] for answer in answers)
    assert counts == {"n1": 2, "unknown": 1, "n3": 1, "n4": 1, "n5": 1}
    by_name = {answer["submitterTransactionIdentifier"]: answer for answer in answers}
    assert by_name["n3"]["errors"][0]["code"] == "75"
    assert by_name["n4"]["subscriber"]["memberId"] != active[4].coverage["member_id"]


def test_a_page_token_can_be_too_old_by_scenario(launch: Any, tmp_path: Path, population: Json) -> None:
    rules = ("token_expired", "poll_500")
    scenario = "".join(
        f'[[fault]]\nname = "{name}"\nafter = {at}\ntimes = 1\n' for at, name in enumerate(rules)
    )
    (tmp_path / "scenario.toml").write_text(scenario.replace("after = 1", "after = 2"), encoding="utf-8")
    simulator = launch(*FAST, "--scenario", str(tmp_path / "scenario.toml"))
    asking = client(simulator)
    batch_id = submit(asking, items_for(population, 4))
    until(lambda: len(simulator.entries("271")) == 4)
    _, page = asking.poll(batch_id, size=2)
    statuses = [asking.poll(batch_id, size=2, pageToken=page["nextPageToken"])[0] for _ in range(3)]
    assert statuses == [400, 500, 200]


def test_a_large_batch_leaves_the_others_their_turn(launch: Any, population: Json) -> None:
    simulator = launch(*QUICK, "--batch-delay-ms", "2000")
    asking = client(simulator)
    item = items_for(population, 1)[0]
    batch_id = submit(asking, [{**item, "submitterTransactionIdentifier": str(n)} for n in range(2000)])
    status, answer = asking.check(item)
    assert status == 200 and answer["errors"] == []
    assert not is_done(asking, batch_id)


def test_a_batch_has_at_most_ten_thousand_checks(simulator: Simulator) -> None:
    status, refusal = client(simulator).call("POST", BATCH, {"items": [{}] * 10_001})
    assert status == 400 and [problem["path"] for problem in refusal["fieldList"]] == ["/items"]
