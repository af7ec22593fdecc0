"""Stedi in real time: one POST a question, whatever comes back under whichever status."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from eligibility.models import EligibilityCheck
from tests import stedi
from tests.transports.conftest import ClearinghouseAcme
from tests.web import Said, Web
from tradingpartners.models import Dispatch, InboundDelivery, Payer, Transaction, TransportLog
from tradingpartners.retries import FREE_THROTTLES
from tradingpartners.transports import Connection, LiveQuestion, NotSent, Reply, TransportError
from tradingpartners.transports import stedi as transport


def connection(web: Web, **settings: Any) -> Connection:
    return Connection(uuid4(), {"url": web.url, **settings}, {"api_key": stedi.KEY})


def ask(web: Web, said: Said, *, deadline: float = 5.0) -> Reply:
    web.script = lambda request: said
    question = LiveQuestion(b'{"a":1}', "application/json", uuid4(), uuid4(), "12345", "", "", 2)
    return transport.ask(connection(web), question, deadline=deadline)


# --- the wire ---------------------------------------------------------------------------------------


def test_a_question_is_posted_with_the_key_as_it_is(web: Web) -> None:
    reply = ask(web, (200, {"id": "ec_1"}))
    (request,) = web.requests
    assert (request.method, request.path, request.json) == ("POST", stedi.CHECK, {"a": 1})
    assert request.headers["Authorization"] == stedi.KEY
    assert request.headers["Content-Type"] == "application/json"
    assert reply == Reply(b'{"id": "ec_1"}', 200)


def test_a_400_says_something_about_the_question(web: Web) -> None:
    assert ask(web, (400, {"errors": []})) == Reply(b'{"errors": []}', 400)


@pytest.mark.parametrize(
    ("said", "kind", "code", "pause"),
    [
        ((429, {"code": "TOO_MANY_REQUESTS"}), "NotSent", "throttled", 1),
        ((403, {"message": "Forbidden"}), "NotSent", "http_403", None),
        ((401, {}), "NotSent", "http_401", None),
        ((404, {}), "NotSent", "http_404", None),
        ((500, {}), "Unsure", "http_500", None),
        ((503, {}), "Unsure", "http_503", None),
        ((504, {}), "Unsure", "http_504", None),
        ((302, {}, {"Location": "http://127.0.0.1/"}), "Unsure", "http_302", None),
        (None, "Unsure", "connection_lost", None),
    ],
)
def test_statuses_are_told_apart_by_what_may_have_been_read(
    web: Web, said: Said, kind: str, code: str, pause: int | None
) -> None:
    with pytest.raises(TransportError) as error:
        ask(web, said)
    assert (type(error.value).__name__, error.value.code, error.value.retry_after) == (kind, code, pause)


def test_a_reply_that_unpacks_to_more_than_we_take_is_cut_off(web: Web) -> None:
    with pytest.raises(TransportError, match="reply_too_large"):
        ask(web, (200, b" " * (5 * 1024 * 1024)))


@pytest.mark.parametrize(
    ("credentials", "settings", "code"),
    [
        ({}, {}, "settings:credentials"),
        ({"api_key": "a\r\nX-More: 1"}, {}, "settings:credentials"),
        ({"api_key": "k"}, {"url": "http://169.254.169.254/2024-04-01"}, "settings:url"),
        ({"api_key": "k"}, {"url": "file:///etc/passwd"}, "settings:url"),
    ],
)
def test_wrong_settings_are_named_before_anything_is_sent(
    credentials: dict[str, str], settings: dict[str, str], code: str
) -> None:
    with pytest.raises(NotSent, match=code):
        transport.check(Connection(uuid4(), settings, credentials))


def test_without_an_address_it_is_stedis_own() -> None:
    transport.check(Connection(uuid4(), {}, {"api_key": "k"}))


def test_trying_out_asks_for_payers_and_for_nothing_else(web: Web) -> None:
    web.script = lambda request: (200, {"items": []})
    assert [step.is_ok for step in transport.try_out(connection(web))] == [True, True]
    assert [(each.path, each.query) for each in web.requests] == [("/payers", {"pageSize": "10"})]
    web.script = lambda request: (403, {})
    assert transport.try_out(connection(web))[-1].code == "http_403"


# --- through the gateway ----------------------------------------------------------------------------


@pytest.fixture
def clearinghouse(acme: ClearinghouseAcme, web: Web) -> stedi.Stedi:
    acme.reach_by("stedi", settings={"url": web.url}, credentials={"api_key": stedi.KEY})
    house = stedi.Stedi()
    web.script = house.script
    return house


def the_check(acme: ClearinghouseAcme) -> EligibilityCheck:
    with acme.inside():
        return EligibilityCheck.objects.get()


def test_a_sweep_in_real_time_ends_as_with_x12(acme: ClearinghouseAcme, clearinghouse: stedi.Stedi) -> None:
    said = iter([stedi.answer, stedi.inactive, stedi.with_271])
    clearinghouse.says = lambda check: (200, next(said)(check))
    for _ in range(3):
        acme.visit()
    run = acme.sweep()
    acme.send(2)
    assert acme.outcome(run) == (2, 1, 0)
    with acme.inside():
        assert set(Transaction.objects.attempts().values_list("state", flat=True)) == {"answered"}
        assert TransportLog.objects.filter(event="ask", http_status=200, error="").count() == 3


@pytest.mark.parametrize("status", [200, 400])
def test_a_rejection_is_one_under_either_status(
    acme: ClearinghouseAcme, clearinghouse: stedi.Stedi, status: int
) -> None:
    error = stedi.error("75", "Please Correct and Resubmit")
    clearinghouse.says = lambda check: (status, stedi.rejected(check, error))
    acme.visit()
    acme.sweep()
    acme.send(2)
    check = the_check(acme)
    assert (check.status, check.error_code) == ("Error", "75")
    with acme.inside():
        assert Transaction.objects.attempts().count() == 1  # final: nobody is asked twice


def test_fault_36_another_members_answer(acme: ClearinghouseAcme, clearinghouse: stedi.Stedi) -> None:
    stranger = {"memberId": "X", "lastName": "MALLORY", "firstName": "EVE", "dateOfBirth": "19700101"}
    clearinghouse.says = lambda check: (200, stedi.answer(check, **stranger))
    acme.visit()
    acme.sweep()
    acme.send()
    with acme.inside():
        incoming = Transaction.objects.filter(direction="in")
        assert {(each.disposition, each.answers_id is None) for each in incoming} == {("quarantined", False)}
    assert the_check(acme).status not in {"Active", "Inactive"}


def test_fault_32_a_throttle_sends_the_question_again_and_the_next_answer_counts(
    acme: ClearinghouseAcme, clearinghouse: stedi.Stedi
) -> None:
    said: list[Said] = [(429, {"code": "TOO_MANY_REQUESTS", "message": "CUSTOMER_LIMIT"})]
    clearinghouse.says = lambda check: said.pop() if said else (200, stedi.answer(check))
    acme.visit()
    run = acme.sweep()
    acme.send(3)
    assert acme.outcome(run) == (1, 0, 0)
    with acme.inside():
        assert list(Transaction.objects.attempts().order_by("id").values_list("state", "error")) == [
            ("failed", "throttled"),
            ("answered", ""),
        ]


def test_a_throttle_waits_a_moment_and_costs_no_retry_until_there_were_too_many(
    acme: ClearinghouseAcme, clearinghouse: stedi.Stedi
) -> None:
    clearinghouse.says = lambda check: (429, {"code": "TOO_MANY_REQUESTS", "message": "CUSTOMER_LIMIT"})
    with acme.inside():
        Payer.objects.update(retries=1, retry_backoff=timedelta(hours=2))
    acme.visit()
    acme.sweep()
    acme.send()
    with acme.inside():
        wait = Dispatch.objects.get(state="ready").due_at - timezone.now()
    assert wait < timedelta(seconds=5)
    acme.send(FREE_THROTTLES + 5)
    with acme.inside():
        rows = Transaction.objects.attempts().order_by("id")
        numbers = [row.as_attempt().number for row in rows]
    assert numbers == [1] * (FREE_THROTTLES + 1) + [2]
    assert the_check(acme).status == "Unknown"


def test_fault_33_a_reply_that_is_no_json_is_kept_and_explained(
    acme: ClearinghouseAcme, clearinghouse: stedi.Stedi
) -> None:
    clearinghouse.says = lambda check: (200, b"<html>busy</html>")
    acme.visit()
    acme.sweep()
    acme.send()
    with acme.inside():
        delivery = InboundDelivery.objects.first()
        assert (delivery.error, delivery.error_offset, delivery.payload is None) == ("not_json", 0, False)
        assert Transaction.objects.attempts().order_by("id").first().error == "unreadable:not_json"
