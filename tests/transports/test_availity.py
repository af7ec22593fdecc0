"""Availity's Coverages: a token, a form, and an answer now or later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from eligibility.models import EligibilityCheck
from tests.transports.conftest import ClearinghouseAcme
from tests.web import Request, Said, Web
from tradingpartners.models import BreakerChange, Dispatch, Interchange, Transaction
from tradingpartners.services import breakers, claiming
from tradingpartners.transports import (
    Connection,
    Fetched,
    LiveQuestion,
    NotSent,
    Promise,
    RemoteFile,
    Reply,
    TransportError,
    Unsure,
)
from tradingpartners.transports import availity as transport

FORM = "application/x-www-form-urlencoded"
CREDENTIALS = {"client_id": "practice", "client_secret": "s3cret"}


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    transport.forget_tokens()
    yield
    transport.forget_tokens()


class Availity:
    """Tokens are numbered; `post` and `get` say what a coverage request is answered with."""

    def __init__(self) -> None:
        self.tokens = 0
        self.revoked: set[str] = set()
        self.post: Any = lambda request: (200, coverage(request.form))
        self.get: Any = lambda coverage_id: (200, {"id": coverage_id})

    def script(self, request: Request) -> Said:
        if request.path == "/token":
            if (request.form["client_id"], request.form["client_secret"]) != tuple(CREDENTIALS.values()):
                return 401, {"error": "invalid_client"}
            self.tokens += 1
            return 200, {"access_token": f"token-{self.tokens}", "expires_in": 300, "scope": "…"}
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token in self.revoked:
            return 401, {}
        if request.method == "POST":
            if request.headers["Content-Type"] != FORM:
                return 415, {}
            return self.post(request)
        return self.get(request.path.rsplit("/", 1)[1])


def coverage(form: dict[str, str], status: str = "1") -> dict[str, Any]:
    return {
        "id": "7000",
        "status": "Complete",
        "statusCode": "4",
        "subscriber": {
            "memberId": form["memberId"],
            "lastName": form["patientLastName"],
            "firstName": form["patientFirstName"],
            "birthDate": form["patientBirthDate"],
        },
        "plans": [{"statusCode": status, "planName": "GOLD"}],
    }


@pytest.fixture
def house(web: Web) -> Availity:
    house = Availity()
    web.script = house.script
    return house


def connection(web: Web, **settings: Any) -> Connection:
    return Connection(uuid4(), {"url": web.url, **settings}, CREDENTIALS)


def ask(to: Connection, *, deadline: float = 5.0) -> Reply | Promise:
    body = b"memberId=M1&patientLastName=AMES&patientFirstName=A&patientBirthDate=1984-05-17"
    question = LiveQuestion(body, FORM, uuid4(), uuid4(), "12345", "", "", 2)
    return transport.ask(to, question, deadline=deadline)


# --- the token --------------------------------------------------------------------------------------


def test_a_token_is_asked_for_once_and_kept_while_it_holds(web: Web, house: Availity) -> None:
    to = connection(web)
    assert [type(ask(to)) for _ in range(3)] == [Reply] * 3
    (asked,) = web.asked("/token")
    assert asked.form == {
        "grant_type": "client_credentials",
        **CREDENTIALS,
        "scope": "healthcare-hipaa-transactions healthcare-hipaa-transactions-standard",
    }
    assert web.requests[-1].headers["Authorization"] == "Bearer token-1"


def test_a_token_is_renewed_after_four_fifths_of_its_life(
    web: Web, house: Availity, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = connection(web)
    ask(to)
    now = transport.time.monotonic()
    monkeypatch.setattr(transport.time, "monotonic", lambda: now + 239)
    ask(to)
    assert house.tokens == 1
    monkeypatch.setattr(transport.time, "monotonic", lambda: now + 241)
    ask(to)
    assert house.tokens == 2


def test_a_revoked_token_costs_one_question_that_nobody_read(web: Web, house: Availity) -> None:
    to = connection(web)
    ask(to)
    house.revoked = {"token-1"}
    with pytest.raises(NotSent, match="token_revoked"):
        ask(to)
    assert isinstance(ask(to), Reply)


def test_other_credentials_never_share_a_token(web: Web, house: Availity) -> None:
    ask(connection(web))
    with pytest.raises(NotSent, match="token_http_401"):
        ask(Connection(uuid4(), {"url": web.url}, {**CREDENTIALS, "client_secret": "other"}))


# --- asking -----------------------------------------------------------------------------------------


def test_an_answer_that_is_ready_later_is_looked_for_inside_the_deadline(web: Web, house: Availity) -> None:
    house.post = lambda request: (202, {"id": "7000", "statusCode": "0"})
    house.get = lambda coverage_id: (200, {"id": coverage_id, "statusCode": "4"})
    assert ask(connection(web)) == Reply(b'{"id": "7000", "statusCode": "4"}', 200)


@pytest.mark.parametrize("said", [(202, {"id": "7000"}), (202, b"", {"Location": "/v1/coverages/7000"})])
def test_past_the_deadline_the_answer_is_promised_under_its_id(web: Web, house: Availity, said: Said) -> None:
    house.post = lambda request: said
    house.get = lambda coverage_id: (202, {})
    assert ask(connection(web), deadline=0.9) == Promise("7000", 202)


@pytest.mark.parametrize("said", [(500, {}), (503, {}), (404, {}), None])
def test_once_it_is_taken_no_failure_to_look_makes_it_be_asked_again(
    web: Web, house: Availity, said: Said
) -> None:
    house.post = lambda request: (202, {"id": "7000"})
    house.get = lambda coverage_id: said
    assert ask(connection(web), deadline=2.0) == Promise("7000", 202)


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ((429, {}), NotSent, "throttled"),
        ((403, {}), NotSent, "http_403"),
        ((415, {}), NotSent, "http_415"),
        ((500, {}), Unsure, "http_500"),
        ((503, {}), Unsure, "http_503"),
        ((202, {}), Unsure, "no_coverage_id"),
        (None, Unsure, "connection_lost"),
    ],
)
def test_statuses_are_told_apart_by_what_may_have_been_read(
    web: Web, house: Availity, said: Said, kind: type[TransportError], code: str
) -> None:
    house.post = lambda request: said
    with pytest.raises(kind) as error:
        ask(connection(web))
    assert error.value.code == code


def test_a_400_says_something_about_the_question(web: Web, house: Availity) -> None:
    house.post = lambda request: (400, {"errors": []})
    assert ask(connection(web)) == Reply(b'{"errors": []}', 400)


def test_a_demo_is_asked_for_by_scope_and_scenario_and_must_answer_as_one(web: Web, house: Availity) -> None:
    to = connection(web, demo=True, scenario="Coverages-Complete-i")
    house.post = lambda request: (200, {"id": "1"}, {"X-Api-Mock-Response": "true"})
    assert isinstance(ask(to), Reply)
    assert web.asked("/token")[0].form["scope"].endswith("-demo")
    assert web.requests[-1].headers["X-Api-Mock-Scenario-ID"] == "Coverages-Complete-i"
    house.post = lambda request: (200, {"id": "1"})
    with pytest.raises(Unsure, match="demo_is_live"):
        ask(to)


def test_a_canned_answer_to_a_live_question_is_not_believed(web: Web, house: Availity) -> None:
    house.post = lambda request: (200, {"id": "1"}, {"X-Api-Mock-Response": "true"})
    with pytest.raises(Unsure, match="answer_is_canned"):
        ask(connection(web))


@pytest.mark.parametrize(
    ("said", "found"),
    [((200, b"{}"), b"{}"), ((202, {}), None), ((404, {}), Fetched(b"", is_over=True))],
)
def test_a_fetch_tells_what_became_of_a_promise(web: Web, house: Availity, said: Said, found: object) -> None:
    house.get = lambda coverage_id: said
    assert transport.fetch(connection(web), RemoteFile("x", 0, 0, uuid4(), "70/00")) == found
    assert web.requests[-1].path == "/coverages/70%2F00"


def test_trying_out_asks_for_a_token_only(web: Web, house: Availity) -> None:
    assert [step.is_ok for step in transport.try_out(connection(web))] == [True, True]
    assert [each.path for each in web.requests] == ["/token"]


# --- through the gateway ----------------------------------------------------------------------------


@pytest.fixture
def practice(acme: ClearinghouseAcme, web: Web, house: Availity) -> ClearinghouseAcme:
    acme.reach_by("availity", settings={"url": web.url}, credentials=CREDENTIALS)
    return acme


def attempts(acme: ClearinghouseAcme) -> list[tuple[str, str]]:
    with acme.inside():
        return list(Transaction.objects.attempts().order_by("id").values_list("state", "error"))


def test_a_sweep_ends_as_with_x12(practice: ClearinghouseAcme, house: Availity) -> None:
    statuses = iter("116")
    house.post = lambda request: (200, coverage(request.form, next(statuses)))
    for _ in range(3):
        practice.visit()
    run = practice.sweep()
    practice.send()
    assert practice.outcome(run) == (2, 1, 0)


@pytest.fixture
def promised(
    practice: ClearinghouseAcme, house: Availity, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, str]]:
    """Every question is taken and answered by the poll only; the forms by coverage id."""
    monkeypatch.setattr(transport, "_WAIT_SECONDS", (60.0,))
    forms: dict[str, dict[str, str]] = {}

    def take(request: Request) -> Said:
        coverage_id = str(7000 + len(forms))
        forms[coverage_id] = request.form
        return 202, {"id": coverage_id, "statusCode": "0"}

    house.post = take
    house.get = lambda coverage_id: (202, {"id": coverage_id, "statusCode": "0"})
    return forms


def test_a_promised_answer_is_fetched_by_the_poller(
    practice: ClearinghouseAcme, house: Availity, promised: dict[str, dict[str, str]]
) -> None:
    for _ in range(2):
        practice.visit()
    run = practice.sweep()
    practice.send()
    practice.look()  # nobody is finished yet
    assert attempts(practice) == [("sent", "")] * 2
    house.get = lambda coverage_id: (200, coverage(promised[coverage_id]))
    practice.look()
    assert practice.outcome(run) == (2, 0, 0)
    with practice.inside():
        assert set(Interchange.objects.values_list("state", flat=True)) == {"taken"}


def test_a_promised_question_is_not_asked_again_when_a_worker_is_lost(
    practice: ClearinghouseAcme,
    web: Web,
    promised: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = transport.ask

    def killed_at_the_second(*args: Any, **kwargs: Any) -> Any:
        if promised:
            raise KeyboardInterrupt
        return asked(*args, **kwargs)

    for _ in range(2):
        practice.visit()
    practice.sweep()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(transport, "ask", killed_at_the_second)
        practice.send()
    with practice.inside():
        Dispatch.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    claiming.free_lost_leases()
    practice.send(2)
    assert attempts(practice) == [("sent", ""), ("unknown", "worker_lost"), ("sent", "")]
    assert len(web.asked("/coverages")) == 2


def test_a_promise_that_is_gone_ends_as_no_answer(
    practice: ClearinghouseAcme, house: Availity, promised: dict[str, dict[str, str]]
) -> None:
    practice.visit()
    practice.sweep()
    practice.send()
    house.get = lambda coverage_id: (404, {})
    practice.look()
    assert attempts(practice) == [("unknown", "no_answer")]


@pytest.mark.parametrize(("code", "moves"), [("42", ["open"]), ("80", ["open"]), ("75", [])])
def test_an_outage_that_a_promised_answer_tells_of_counts_against_the_payer(
    practice: ClearinghouseAcme,
    house: Availity,
    promised: dict[str, dict[str, str]],
    code: str,
    moves: list[str],
) -> None:
    practice.payer.breaker_failures, practice.payer.retries = 3, 0
    practice.payer.save()
    for _ in range(3):
        practice.visit()
    practice.sweep()
    practice.send()
    said = [{"field": "subscriber", "code": code, "errorMessage": "…"}]
    house.get = lambda coverage_id: (200, {**coverage(promised[coverage_id]), "validationMessages": said})
    practice.look()
    breakers.note_changes()
    changes = BreakerChange.objects.filter(payer=practice.payer).values_list("state", flat=True)
    assert list(changes) == moves


def test_word_of_a_payer_not_reached_is_no_answer(practice: ClearinghouseAcme, house: Availity) -> None:
    house.post = lambda request: (200, {"id": "7", "status": "Communication Error", "statusCode": "15"})
    practice.visit()
    run = practice.sweep()
    practice.send(2)
    assert practice.outcome(run) == (0, 0, 1)
    with practice.inside():
        check = EligibilityCheck.objects.get()
        assert (check.status, check.raw_response, check.response_received) == ("Unknown", None, None)
        assert [each.error for each in Transaction.objects.attempts()] == ["payer_not_reached"] * 2


def test_many_promises_are_looked_at_in_turn(
    practice: ClearinghouseAcme,
    house: Availity,
    promised: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "_MOST_LOOKED_AT", 2)
    for _ in range(5):
        practice.visit()
    run = practice.sweep()
    practice.send()
    looked: list[str] = []
    house.get = lambda coverage_id: looked.append(coverage_id) or (202, {})
    practice.look(3)
    assert sorted(looked) == ["7000", "7001", "7002", "7003", "7004"]
    house.get = lambda coverage_id: (200, coverage(promised[coverage_id]))
    practice.look(3)
    assert practice.outcome(run) == (5, 0, 0)


def test_fault_36_another_members_coverage(practice: ClearinghouseAcme, house: Availity) -> None:
    stranger = {
        "memberId": "X1",
        "patientLastName": "MALLORY",
        "patientFirstName": "EVE",
        "patientBirthDate": "1970-01-01",
    }
    house.post = lambda request: (200, coverage(stranger))
    practice.visit()
    run = practice.sweep()
    practice.send()
    assert practice.outcome(run)[0] == 0
    with practice.inside():
        assert Transaction.objects.filter(disposition="quarantined").count() >= 1
