"""The Stedi-shaped clearinghouse in real time: what it answers, refuses, and how it fails."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import QUICK, Exchange, questions
from tests.simulator.driving import Simulator
from tests.simulator.stedi import CHECK, check_for, client, of_case
from tests.simulator.test_answers import MEANINGS
from tests.simulator.wire import Reading, named, read, split

Json = dict[str, Any]


def reading(answer: Json) -> Reading:
    """What JSON says of service type 30, and where it refuses."""
    for error in answer["errors"]:
        return Reading("rejected", error["code"], error["location"].removeprefix("Loop "))
    seen = {b["code"] for b in answer["benefitsInformation"] if "30" in b.get("serviceTypeCodes", ())}
    return Reading("active" if seen & {"1", "5"} else "inactive" if "6" in seen else "unknown")


@pytest.mark.parametrize("case", [case for case in MEANINGS if case != "aaa_2100a"])
def test_json_and_the_271_inside_it_mean_what_the_case_is(
    case: str, simulator: Simulator, population: Json
) -> None:
    for each in of_case(population, case):
        status, answer = client(simulator).check(check_for(each))
        assert status == 200, answer
        assert reading(answer) == read(split(answer["x12"].encode()))
        assert reading(answer) in MEANINGS[case]


def test_parties_dates_and_money_are_given(simulator: Simulator, population: Json) -> None:
    each = next(x for x in of_case(population, "active") if x.payer["key"] == "SUMMIT")
    _, answer = client(simulator).check(check_for(each))
    assert answer["payer"]["payorIdentification"] == answer["tradingPartnerServiceId"] == "SHP01"
    assert answer["subscriber"]["memberId"] == each.coverage["member_id"]
    assert answer["subscriber"]["relationToSubscriberCode"] == "18"
    assert answer["planDateInformation"]["planBegin"].isdecimal()
    assert answer["meta"]["applicationMode"] == "production" and answer["id"].startswith("ec_")
    kinds = {benefit["code"]: benefit for benefit in answer["benefitsInformation"]}
    assert kinds["A"]["benefitPercent"].startswith("0.")
    assert all(isinstance(b.get("benefitAmount", ""), str) for b in kinds.values())


def test_a_dependent_is_a_party_of_its_own(simulator: Simulator, population: Json) -> None:
    each = of_case(population, "dependent")[0]
    _, answer = client(simulator).check(check_for(each))
    (dependent,) = answer["dependents"]
    assert dependent["firstName"] == each.patient["first_name"].upper() and "memberId" not in dependent


def test_the_trace_is_the_clearinghouses_own(simulator: Simulator, population: Json) -> None:
    each = of_case(population, "active")[0]
    _, answer = client(simulator).check(check_for(each, submitterTransactionIdentifier="mine-1"))
    trace = answer["meta"]["outboundTraceId"]
    echoed = {trn[2] for trn in named(split(answer["x12"].encode()), "TRN", "2")}
    assert echoed == {trace} and "mine-1" not in answer["x12"]
    booked = [e for e in simulator.entries("270", "271") if e.get("trace") == trace]
    assert [e["event"] for e in booked] == ["270", "271"]
    assert {(e["via"], e["submitterTransactionIdentifier"]) for e in booked} == {("stedi", "mine-1")}
    assert booked[1]["started"] <= booked[1]["ended"]


def test_every_rejection_stands_under_its_party_and_on_top(simulator: Simulator, population: Json) -> None:
    for each in of_case(population, "aaa_2100c"):
        _, answer = client(simulator).check(check_for(each))
        assert answer["subscriber"]["aaaErrors"] == answer["errors"] != []
        assert answer["errors"][0]["followupAction"] == "Please Correct and Resubmit"


def test_both_forms_of_the_key_are_taken_and_no_other(simulator: Simulator, population: Json) -> None:
    body = check_for(of_case(population, "active")[0])
    right = client(simulator)
    assert right.check(body, Authorization=f"Key {right.key}")[0] == 200
    for wrong in ("", "Key", "test_", right.key[:-1], f"Bearer {right.key}"):
        status, refusal = right.check(body, Authorization=wrong)
        assert (status, refusal["code"]) == (403, "FORBIDDEN")
    assert right.call("GET", CHECK)[0] == 403


WRONG = [
    ("/tradingPartnerServiceId", {"tradingPartnerServiceId": ""}),
    ("/tradingPartnerServiceId", {"tradingPartnerServiceId": "x" * 81}),
    ("/provider", {"provider": {}}),
    ("/provider", {"provider": {"npi": "1999999984"}}),
    ("/provider/npi", {"provider": {"organizationName": "R", "npi": "1999999985"}}),
    ("/provider/npi", {"provider": {"organizationName": "R", "npi": "20000"}}),
    ("/provider/organizationName", {"provider": {"organizationName": "A*B", "npi": "1999999984"}}),
    ("/provider/organizationName", {"provider": {"organizationName": "A" * 61, "npi": "1999999984"}}),
    ("/subscriber", {"subscriber": {"firstName": "Ana"}}),
    ("/subscriber", {"subscriber": "Ana"}),
    ("/subscriber/memberId", {"subscriber": {"memberId": "1"}}),
    ("/subscriber/memberId", {"subscriber": {"memberId": "W_1"}}),
    ("/subscriber/dateOfBirth", {"subscriber": {"dateOfBirth": "2001-01-01"}}),
    ("/subscriber/dateOfBirth", {"subscriber": {"dateOfBirth": "20010230"}}),
    ("/subscriber/lastName", {"subscriber": {"lastName": "Łuk"}}),
    ("/subscriber/lastName", {"subscriber": {"lastName": 7}}),
    ("/subscriber/gender", {"subscriber": {"lastName": "Doe", "gender": "X"}}),
    ("/subscriber/address/city", {"subscriber": {"lastName": "Doe", "address": {"address1": "1 A St"}}}),
    ("/dependents", {"dependents": [{}, {}]}),
    ("/dependents", {"dependents": []}),
    ("/dependents/0/individualRelationshipCode", {"dependents": [{"individualRelationshipCode": "02"}]}),
    ("/encounter/serviceTypeCodes/0", {"encounter": {"serviceTypeCodes": ["abc"]}}),
    (
        "/encounter/dateOfService",
        {"encounter": {"dateOfService": "20251122", "endDateOfService": "20251122"}},
    ),
    ("/encounter", {"encounter": {"beginningDateOfService": "20251122"}}),
    ("/controlNumber", {"controlNumber": "12345678"}),
]


@pytest.mark.parametrize(("path", "changes"), WRONG)
def test_a_field_that_may_not_be_so_is_named(
    path: str, changes: Json, simulator: Simulator, population: Json
) -> None:
    status, refusal = client(simulator).check(check_for(of_case(population, "active")[0], **changes))
    assert status == 400
    assert path in {problem["path"] for problem in refusal["fieldList"]}
    assert "validation error" in refusal["message"] and all(p["message"] for p in refusal["fieldList"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_what_is_no_json_object_is_a_bad_request(body: bytes, simulator: Simulator) -> None:
    status, refusal = client(simulator).call("POST", CHECK, body)
    assert status == 400 and refusal["fieldList"][0]["path"] == ""


def test_a_backtick_becomes_an_apostrophe_and_a_warning(simulator: Simulator, population: Json) -> None:
    each = of_case(population, "active")[0]
    provider = {"organizationName": "River`s Edge", "npi": "1999999984"}
    _, answer = client(simulator).check(check_for(each, provider=provider))
    assert answer["provider"]["providerOrgName"] == "River's Edge" and len(answer["warnings"]) == 1


@pytest.mark.parametrize("named_by", ["CASCA", "CASCADE", "CCN20"])
def test_a_payer_is_known_by_its_ids_and_aliases(
    named_by: str, simulator: Simulator, population: Json
) -> None:
    each = of_case(population, "active", "CCN20")[0]
    _, answer = client(simulator).check(check_for(each, tradingPartnerServiceId=named_by))
    assert answer["tradingPartnerServiceId"] == "CCN20" and reading(answer) == Reading("active")


def test_an_unknown_payer_is_a_79_under_400(simulator: Simulator, population: Json) -> None:
    body = check_for(of_case(population, "active")[0], tradingPartnerServiceId="NOBODY")
    status, refusal = client(simulator).check(body)
    assert status == 400 and refusal["errors"][0]["code"] == "79" and "x12" not in refusal


def test_silence_of_a_payer_is_a_504(simulator: Simulator, population: Json) -> None:
    status, refusal = client(simulator).check(check_for(of_case(population, "no_answer")[0]))
    assert (status, refusal["code"]) == (504, "GATEWAY_TIMEOUT")


@pytest.mark.parametrize(("habit", "statuses"), [("400", {400}), ("mixed", {200, 400})])
def test_rejections_may_come_under_400(habit: str, statuses: set[int], launch: Any, population: Json) -> None:
    simulator = launch(*QUICK, "--aaa-http-status", habit)
    body = check_for(of_case(population, "aaa_2100c")[0])
    replies = [client(simulator).check(body) for _ in range(12)]
    assert {status for status, _ in replies} == statuses
    assert all(answer["errors"] and answer["x12"].startswith("ISA") for _, answer in replies)
    assert client(simulator).check(check_for(of_case(population, "active")[0]))[0] == 200


def test_more_calls_at_once_than_the_account_may_have_are_throttled(launch: Any, population: Json) -> None:
    simulator = launch("--delay-ms", "700", "--most-calls", "3")
    body = check_for(of_case(population, "active", "CCN20")[0])
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: client(simulator).check(body), range(8)))
    refused = [answer for status, answer in replies if status == 429]
    assert len(refused) == 5 == len(simulator.entries("throttled"))
    assert refused[0]["code"] == "TOO_MANY_REQUESTS" and refused[0]["message"].endswith("CUSTOMER_LIMIT")
    assert len(simulator.entries("270")) == 3


FAULTS = [
    ("throttled", 429),
    ("http_503", 503),
    ("http_500", 500),
    ("aaa_42_79", 200),
    ("answer_is_999", 200),
    ("unknown_code", 200),
    ("no_benefits", 200),
    ("truncated_answer", 200),
    ("another_members_answer", 200),
]


def test_faults_are_played_in_json(launch: Any, tmp_path: Path, population: Json) -> None:
    rules = [f'[[fault]]\nname = "{name}"\nafter = {at}\ntimes = 1\n' for at, (name, _) in enumerate(FAULTS)]
    (tmp_path / "scenario.toml").write_text("".join(rules), encoding="utf-8")
    simulator = launch(*QUICK, "--scenario", str(tmp_path / "scenario.toml"))
    each = of_case(population, "active", "CCN20")[0]
    replies = {name: client(simulator).check(check_for(each)) for name, _ in FAULTS}
    assert {name: status for name, (status, _) in replies.items()} == dict(FAULTS)
    given = {name: answer for name, (_, answer) in replies.items()}
    assert [error["code"] for error in given["aaa_42_79"]["errors"]] == ["42", "79"]
    acknowledged = given["answer_is_999"]
    assert (
        named(split(acknowledged["x12"].encode()), "ST", "999") and "benefitsInformation" not in acknowledged
    )
    assert given["unknown_code"]["benefitsInformation"][0]["code"] == "ZZ9"
    assert "benefitsInformation" not in given["no_benefits"] and given["no_benefits"]["errors"] == []
    assert not given["truncated_answer"]["x12"].rstrip().endswith("~")
    assert given["another_members_answer"]["subscriber"]["memberId"] != each.coverage["member_id"]


# Payer, member id, who is asked about, whether through a subscriber, and what comes of it.
MOCKS = [
    ("60054", "AETNA12345", ("Jane", "Doe", "20040404"), None, "active"),
    ("87726", "UHCINACTIVE", ("Jane", "Doe", "19710101"), None, "inactive"),
    ("60054", "AETNA9wcSu", ("John", "Doe", ""), ("Jordan", "Doe", "20010714"), "dependent"),
    ("62308", "CIGNAJTUxNm", ("John", "Doe", ""), ("Jordan", "Doe", "20150920"), "as subscriber"),
    ("87726", "UHCAAA42", ("Jane", "Doe", "20010101"), None, "42"),
    ("87726", "UHCAAA43", ("Jane", "Doe", "19700101"), None, "43"),
    ("87726", "UHCAAA72", ("John", "Doe", "19900101"), None, "72"),
    ("87726", "UHCAAA79", ("John", "Doe", "19700101"), None, "79"),
    ("60054", "AETNA12345", ("Jane", "Doe", "20040405"), None, "error"),
    ("60054", "AETNA12345", ("Jane", "Roe", "20040404"), None, "error"),
    ("62308", "AETNA12345", ("Jane", "Doe", "20040404"), None, "error"),
    ("SHP01", "AETNA12345", ("Jane", "Doe", "20040404"), None, "79 under 400"),
]


@pytest.mark.parametrize(("payer", "member_id", "subscriber", "dependent", "outcome"), MOCKS)
def test_a_test_key_gives_the_mock_members_and_nobody_else(
    payer: str,
    member_id: str,
    subscriber: tuple[str, str, str],
    dependent: tuple[str, str, str] | None,
    outcome: str,
    simulator: Simulator,
) -> None:
    keys = ("firstName", "lastName", "dateOfBirth")
    person = {key: value for key, value in zip(keys, subscriber, strict=True) if value}
    body: Json = {
        "tradingPartnerServiceId": payer,
        "provider": {"organizationName": "Anyone", "npi": "1999999984"},
        "subscriber": {"memberId": member_id, **person},
    }
    if dependent:
        body["dependents"] = [dict(zip(keys, dependent, strict=True))]
    status, answer = client(simulator, test=True).check(body)
    if outcome == "error":
        assert status == 400 and "mock" in answer["message"]
        return
    if outcome == "79 under 400":
        assert status == 400 and answer["errors"][0]["code"] == "79"
        return
    assert status == 200 and answer["meta"]["applicationMode"] == "test"
    if outcome.isdecimal():
        assert [error["code"] for error in answer["errors"]] == [outcome]
        return
    assert reading(answer) == Reading("inactive" if outcome == "inactive" else "active")
    assert len(answer["dependents"]) == (1 if outcome == "dependent" else 0)
    if outcome == "as subscriber":
        assert answer["subscriber"]["firstName"] == "JORDAN"


def test_the_dental_mock_is_active_for_dental_care(simulator: Simulator) -> None:
    person = {"firstName": "Beaver", "lastName": "Dent", "dateOfBirth": "19690628"}
    body = {
        "tradingPartnerServiceId": "52133",
        "provider": {"organizationName": "Anyone", "npi": "1999999984"},
        "subscriber": {"memberId": "404404404", **person},
        "encounter": {"serviceTypeCodes": ["35"]},
    }
    _, answer = client(simulator, test=True).check(body)
    stated = {(b["code"], *b["serviceTypeCodes"]) for b in answer["benefitsInformation"]}
    assert ("1", "35") in stated and ("1", "30") not in stated


def test_a_test_key_does_not_reach_the_population(simulator: Simulator, population: Json) -> None:
    body = check_for(of_case(population, "active")[0])
    assert client(simulator, test=True).check(body)[0] == 400
    assert client(simulator, test=True).call("POST", "/eligibility-manager/batch-eligibility", {})[0] == 403


def test_payers_can_be_listed_searched_and_looked_up(simulator: Simulator, population: Json) -> None:
    ours = client(simulator)
    _, listed = ours.call("GET", "/payers")
    assert {each["primaryPayerId"] for each in listed["items"]} == {
        each["payer_id"] for each in population["payers"]
    }
    assert ours.call("GET", "/payers?pageSize=10")[1] == listed
    assert ours.call("GET", "/payers?pageSize=9")[0] == 400
    assert {each["transactionSupport"]["eligibilityCheck"] for each in listed["items"]} == {"SUPPORTED"}
    _, found = ours.call("GET", "/payers/search?query=cascade&eligibilityCheck=SUPPORTED")
    assert found["items"][0]["payer"]["primaryPayerId"] == "CCN20" and found["stats"]["total"] == len(
        found["items"]
    )
    assert found["items"][0]["matches"]["displayName"].startswith("<b>Cascade</b>")
    assert ours.call("GET", "/payers/search?query=x&dentalClaimSubmission=SUPPORTED")[1]["items"] == []
    assert ours.call("GET", "/payers/search?pageSize=9")[0] == 400
    assert ours.call("GET", "/payer/LAKES")[1]["payer"]["primaryPayerId"] == "LKS09"
    assert ours.call("GET", "/payer/NOONE")[0] == 404
    status, table = ours.call("GET", "/payers/csv")
    assert status == 200 and table.count(b"\r\n") == 7


def test_every_question_of_a_population_can_be_asked_in_json(
    simulator: Simulator, exchanges: list[Exchange], population: Json
) -> None:
    """The same people get the same meaning by JSON as by X12."""
    by_x12 = {each.trace: each.answer for each in exchanges}
    for each in list(questions(population))[:60]:
        if each.case in {"aaa_2100a", "no_answer"} or not by_x12[each.trace]:
            continue
        _, answer = client(simulator).check(check_for(each))
        assert reading(answer) == read(by_x12[each.trace])
