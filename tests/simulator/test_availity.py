"""The Availity-shaped clearinghouse: a token, a form, a coverage to be fetched."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.simulator.conftest import QUICK, Exchange
from tests.simulator.driving import Simulator, until
from tests.simulator.staging import request
from tests.simulator.stedi import NPI, of_case

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"
SCOPE = "healthcare-hipaa-transactions"


def base(simulator: Simulator) -> str:
    return urlsplit(simulator.ready["availity"]["url"]).path


def token_reply(simulator: Simulator, **changes: str) -> tuple[int, Json]:
    ours = simulator.ready["availity"]
    form = {
        "grant_type": "client_credentials",
        "client_id": ours["client_id"],
        "client_secret": ours["client_secret"],
        "scope": f"{SCOPE} {SCOPE}-standard",
        **changes,
    }
    body = urlencode(form).encode()
    status, _, reply = request(simulator, "POST", f"{base(simulator)}/token", body, Content_Type=FORM)
    return status, json.loads(reply)


def token(simulator: Simulator, **changes: str) -> str:
    status, answer = token_reply(simulator, **changes)
    assert status == 200 and answer["token_type"] == "Bearer"
    return str(answer["access_token"])


def call(
    simulator: Simulator, method: str, path: str, form: Json | None = None, **headers: str
) -> tuple[int, dict[str, str], Any]:
    body = urlencode(form, doseq=True).encode() if form else b""
    given = {"Content_Type": FORM, "Authorization": f"Bearer {token(simulator)}", **headers}
    status, replied, reply = request(simulator, method, path, body, **given)
    return status, replied, json.loads(reply) if reply else None


def form_for(each: Exchange, **changes: Any) -> Json:
    patient, coverage = each.patient, each.coverage
    return {
        "payerId": each.payer["payer_id"],
        "providerNpi": NPI,
        "providerLastName": "Riverside Family Medicine",
        "memberId": coverage["member_id"],
        "patientLastName": patient["last_name"],
        "patientFirstName": patient["first_name"],
        "patientBirthDate": patient["birth_date"],
        "subscriberRelationship": "18" if coverage["relationship"] == "self" else "19",
        "asOfDate": each.day,
        "serviceType": "30",
        **changes,
    }


def create(simulator: Simulator, form: Json, **headers: str) -> tuple[int, dict[str, str], Any]:
    return call(simulator, "POST", f"{base(simulator)}/coverages", form, **headers)


def fetch(simulator: Simulator, form: Json) -> Json:
    """The coverage once it is there."""
    status, headers, body = create(simulator, form)
    assert status == 202 and body["status"] == "In Progress"
    found: list[Json] = []

    def is_there() -> bool:
        polled, _, coverage = call(simulator, "GET", headers["location"])
        found.append(coverage)
        return polled == 200

    until(is_there)
    assert found[-1]["id"] == body["id"]
    return found[-1]


MEANINGS = {
    "active": {"1"},
    "dependent": {"1"},
    "inactive": {"6"},
    "pending_investigation": {"5"},
    "corrected_id": {"1"},
}


@pytest.mark.parametrize("case", MEANINGS)
def test_a_coverage_means_what_the_case_is(case: str, simulator: Simulator, population: Json) -> None:
    for each in of_case(population, case)[:8]:
        coverage = fetch(simulator, form_for(each))
        assert (coverage["status"], coverage["statusCode"]) == ("Complete", "4")
        assert coverage["plans"][0]["statusCode"] in MEANINGS[case]
        assert coverage["payer"]["responsePayerId"] == each.payer["payer_id"]
        assert coverage["patient"]["firstName"] == each.patient["first_name"].upper()


def test_amounts_stand_in_four_lists_by_network(simulator: Simulator, population: Json) -> None:
    coverage = fetch(simulator, form_for(of_case(population, "active", "CCN20")[0]))
    whole = next(b for b in coverage["plans"][0]["benefits"] if b["type"] == "30")
    deductibles = whole["amounts"]["deductibles"]
    assert set(deductibles) == {"inNetwork", "outOfNetwork", "noNetwork", "notApplicableNetwork"}
    individual = next(entry for entry in deductibles["inNetwork"] if entry["levelCode"] == "IND")
    assert int(individual["total"]) >= int(individual["remaining"])
    assert whole["amounts"]["coInsurance"]["inNetwork"][0]["units"] == "Percent"


def test_another_payer_and_changed_identifiers_are_said(simulator: Simulator, population: Json) -> None:
    coverage = fetch(simulator, form_for(of_case(population, "other_payer_first")[0]))
    (other,) = coverage["plans"][0]["additionalPayers"]
    assert other["primary"] is True and other["payerId"]
    each = of_case(population, "corrected_id")[0]
    subscriber = fetch(simulator, form_for(each))["subscriber"]
    assert subscriber["updateYourRecords"] is True
    assert subscriber["memberId"] != each.coverage["member_id"]


REJECTED = {"72": "memberId", "73": "patientLastName", "75": "memberId", "71": "patientBirthDate"}


def test_a_rejection_is_a_request_error_that_blames_a_field(simulator: Simulator, population: Json) -> None:
    seen = set()
    for each in of_case(population, "aaa_2100c"):
        coverage = fetch(simulator, form_for(each))
        (message,) = coverage["validationMessages"]
        assert coverage["status"] == "Request Error" and "plans" not in coverage
        assert message["field"] == REJECTED[message["code"]]
        seen.add(message["code"])
    assert seen == set(REJECTED)


def test_an_absent_payer_is_a_communication_error(simulator: Simulator, population: Json) -> None:
    coverage = fetch(simulator, form_for(of_case(population, "no_answer")[0]))
    assert coverage["status"] == "Communication Error" and "plans" not in coverage


def test_a_question_is_booked_under_the_coverage(simulator: Simulator, population: Json) -> None:
    coverage = fetch(simulator, form_for(of_case(population, "active")[0]))
    booked = [e for e in simulator.entries("270", "271") if e.get("coverage_id") == coverage["id"]]
    assert [(e["event"], e["via"]) for e in booked] == [("270", "availity"), ("271", "availity")]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"scope": "other"}, 400, "invalid_scope"),
    ],
)
def test_a_token_is_given_to_the_client_only(
    changes: dict[str, str], status: int, error: str, simulator: Simulator
) -> None:
    assert token_reply(simulator, **changes) == (status, {"error": error})


def test_a_token_lives_five_minutes_and_no_longer(
    simulator: Simulator, launch: Any, population: Json
) -> None:
    assert token_reply(simulator)[1]["expires_in"] == 300
    brief = launch(*QUICK, "--token-seconds", "0")
    status, _, body = create(brief, form_for(of_case(population, "active")[0]))
    assert (status, body["statusCode"]) == (401, 401)


@pytest.mark.parametrize("wrong", ["", "Bearer", "Bearer x.y", "Bearer .", "Basic abc", "Bearer e30.00"])
def test_without_a_good_token_nothing_is_answered(wrong: str, simulator: Simulator, population: Json) -> None:
    form = form_for(of_case(population, "active")[0])
    assert create(simulator, form, Authorization=wrong)[0] == 401


def test_json_is_not_taken(simulator: Simulator, population: Json) -> None:
    form = form_for(of_case(population, "active")[0])
    assert create(simulator, form, Content_Type="application/json")[0] == 415


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("payerId", {"payerId": "NOBODY"}),
        ("providerNpi", {"providerNpi": "1999999985"}),
        ("patientBirthDate", {"patientBirthDate": "19800101"}),
        ("asOfDate", {"asOfDate": "2025-02-30"}),
        ("memberId", {"memberId": "", "patientBirthDate": ""}),
        ("patientLastName", {"patientLastName": "A~B"}),
    ],
)
def test_a_wrong_field_is_named(field: str, changes: Json, simulator: Simulator, population: Json) -> None:
    status, _, body = create(simulator, form_for(of_case(population, "active")[0], **changes))
    assert status == 400 and [error["field"] for error in body["errors"]] == [field]


def test_a_coverage_can_be_given_at_once(launch: Any, population: Json) -> None:
    form = form_for(of_case(population, "active")[0])
    simulator = launch(*QUICK, "--first-reply", "200")
    status, _, coverage = create(simulator, form)
    assert (status, coverage["status"]) == (200, "Complete")
    simulator.stop()
    mixed = launch(*QUICK, "--first-reply", "mixed")
    assert {create(mixed, form)[0] for _ in range(12)} == {200, 202}


def test_a_deleted_coverage_is_gone(simulator: Simulator, population: Json) -> None:
    _, headers, _ = create(simulator, form_for(of_case(population, "active")[0]))
    assert call(simulator, "DELETE", headers["location"])[0] == 204
    assert call(simulator, "GET", headers["location"])[0] == 404
    assert call(simulator, "DELETE", headers["location"])[0] == 404


def test_payers_are_listed_in_pages(simulator: Simulator, population: Json) -> None:
    path = f"{base(simulator)}/availity-payer-list"
    status, _, listed = call(simulator, "GET", f"{path}?transactionType=270&limit=4")
    assert status == 200 and (listed["totalCount"], listed["count"]) == (6, 4)
    _, _, rest = call(simulator, "GET", f"{path}?offset=4")
    ids = {each["payerId"] for each in listed["payers"] + rest["payers"]}
    assert ids == {each["payer_id"] for each in population["payers"]}
    assert call(simulator, "GET", f"{path}?transactionType=837")[2]["payers"] == []
    assert call(simulator, "GET", f"{path}?limit=51")[0] == 400


def test_the_vendors_own_paths_are_open_too(simulator: Simulator, population: Json) -> None:
    form = form_for(of_case(population, "active")[0])
    assert call(simulator, "POST", "/v1/coverages", form)[0] == 202
    status, headers, _ = call(simulator, "GET", "/v1/elsewhere")
    assert status == 404 and headers["x-availity-transaction-id"]


@pytest.mark.parametrize(
    ("scenario", "status", "text"),
    [
        ("", 200, "Complete"),
        ("Coverages-Complete-i", 200, "Complete"),
        ("Coverages-InProgress-i", 202, "In Progress"),
        ("Coverages-Retrying-i", 202, "Retrying"),
        ("Coverages-PayerError1-i", 200, "Communication Error"),
        ("Coverages-RequestError1-i", 400, "Request Error"),
    ],
)
def test_the_demo_scope_gives_canned_replies_and_asks_nobody(
    scenario: str, status: int, text: str, simulator: Simulator, population: Json
) -> None:
    asked = len(simulator.entries("270"))
    demo = token(simulator, scope=f"{SCOPE} {SCOPE}-demo")
    headers = {"Authorization": f"Bearer {demo}", "X_Api_Mock_Scenario_ID": scenario}
    given, replied, body = create(simulator, form_for(of_case(population, "active")[0]), **headers)
    assert (given, body["status"], replied["x-api-mock-response"]) == (status, text, "true")
    assert len(simulator.entries("270")) == asked


def test_faults_are_played_on_the_line_and_in_the_coverage(
    launch: Any, tmp_path: Path, population: Json
) -> None:
    names = ("http_503", "http_429", "html_page", "aaa_75", "another_members_answer")
    rules = [f'[[fault]]\nname = "{name}"\nafter = {at}\ntimes = 1\n' for at, name in enumerate(names)]
    (tmp_path / "scenario.toml").write_text("".join(rules), encoding="utf-8")
    simulator = launch(*QUICK, "--scenario", str(tmp_path / "scenario.toml"))
    each = of_case(population, "active", "CCN20")[0]
    form = form_for(each)
    status, headers, body = create(simulator, form)
    assert (status, headers["retry-after"], body["statusCode"]) == (503, "2", 503)
    assert create(simulator, form)[0] == 429
    with pytest.raises(json.JSONDecodeError):
        create(simulator, form)
    assert fetch(simulator, form)["validationMessages"][0]["code"] == "75"
    assert fetch(simulator, form)["patient"]["memberId"] != each.coverage["member_id"]
