"""Connections, payers, routes and transactions for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from practice.models import Level
from practice.rows import uuid7
from practice.tenancy import tenant
from tests.api.conftest import ApiClient, Practice, problem
from tests.factories import PayerFactory
from tests.gateway import work_until_quiet
from tradingpartners.models import Interchange, PayerPause, Route, TradingPartner, Transaction

pytestmark = pytest.mark.django_db

V1 = "/api/v1"
PARTNER = {
    "name": "Clearing",
    "code": "Waystar",
    "transport": "realtime",
    "sender_id": "ACME",
    "receiver_id": "CLEARING",
    "trace_originator": "9ACME00001",
    "settings": {"url": "https://edi.example.com/x12"},
    "credentials": {"username": "acme", "password": "canary-secret"},
}


def send(client: ApiClient, method: str, path: str, body: Any, key: str = "k") -> Any:
    return getattr(client, method)(
        V1 + path, body, content_type="application/json", headers={"Idempotency-Key": key}
    )


def test_a_connection_is_set_up_and_its_secrets_never_come_back(acme: Practice) -> None:
    client = acme.client()
    made = send(client, "post", "/trading-partners", PARTNER)
    assert made.status_code == 201 and "canary-secret" not in made.content.decode()
    path = made["Location"].removeprefix("https://testserver")
    read = client.get(path)
    assert read.json()["max_st_per_interchange"] == 1000 and "credentials" not in read.json()
    with acme.inside():
        kept = TradingPartner.objects.get(name="Clearing")
    assert kept.credentials == PARTNER["credentials"]
    again = send(client, "post", "/trading-partners", PARTNER)
    assert again.json()["id"] == made.json()["id"]
    other = send(client, "post", "/trading-partners", PARTNER, key="other")
    problem(other, 400, "invalid")


def test_limits_are_changed_and_named_where_they_are_wrong(acme: Practice) -> None:
    client = acme.client()
    key = send(client, "post", "/trading-partners", PARTNER).json()["id"]
    path = f"/trading-partners/{key}"
    changed = send(client, "patch", path, {"max_st_per_interchange": 250, "response_sla_seconds": 3600})
    assert (changed.status_code, changed.json()["response_sla_seconds"]) == (200, 3600)
    for body, field in [
        ({"max_st_per_interchange": 0}, "max_st_per_interchange"),
        ({"settings": {"url": "https://edi.example.com/x12", "envelope": "none"}}, "settings.envelope"),
        ({"max_files": 3}, "max_files"),
    ]:
        wrong = send(client, "patch", path, body)
        assert wrong.status_code == 400, body
        assert [error["field"] for error in wrong.json()["errors"]] == [field]
    partly = send(client, "patch", path, {"credentials": {"password": "new"}})
    assert partly.status_code == 200
    with acme.inside():
        kept = TradingPartner.objects.get(pk=key)
    assert kept.credentials == {"username": "acme", "password": "new"}


def test_new_credentials_end_the_partners_refusal(acme: Practice) -> None:
    client = acme.client()
    key = send(client, "post", "/trading-partners", PARTNER).json()["id"]
    with acme.inside():
        TradingPartner.objects.update(refusal="http_403")
    send(client, "patch", f"/trading-partners/{key}", {"max_st_per_interchange": 250})
    with acme.inside():
        assert TradingPartner.objects.get(pk=key).refusal == "http_403"
    send(client, "patch", f"/trading-partners/{key}", {"credentials": {"password": "new"}})
    with acme.inside():
        assert TradingPartner.objects.get(pk=key).refusal == ""


def test_stored_secrets_do_not_follow_a_changed_address(acme: Practice) -> None:
    client = acme.client()
    key = send(client, "post", "/trading-partners", PARTNER).json()["id"]
    body = {"settings": {"url": "https://other.example.com/x12"}}
    wrong = send(client, "patch", f"/trading-partners/{key}", body)
    assert wrong.status_code == 400
    fields = {error["field"] for error in wrong.json()["errors"]}
    assert fields == {"credentials.username", "credentials.password"}
    anew = {**body, "credentials": {"username": "acme", "password": "other"}}
    assert send(client, "patch", f"/trading-partners/{key}", anew).status_code == 200


def test_a_route_leads_to_a_payer_until_it_is_taken_away(acme: Practice) -> None:
    client, payer = acme.client(), PayerFactory()
    partner = client.get(f"{V1}/trading-partners").json()["results"][0]["id"]
    body = {"payer": str(payer.pk), "partner": partner, "payer_identifier": "X1", "payer_name": "X"}
    made = send(client, "post", "/routes", body)
    assert made.status_code == 201
    assert send(client, "post", "/routes", body, key="2").status_code == 400  # the place is taken
    assert send(client, "post", "/routes", {**body, "payer": str(uuid7())}, key="3").status_code == 400
    route = made.json()["id"]
    assert client.delete(f"{V1}/routes/{route}").status_code == 204
    assert client.get(f"{V1}/routes/{route}").status_code == 404
    with acme.inside():
        assert Route.all_objects.get(pk=route).is_deleted


def test_a_payer_is_paused_and_resumed_here(acme: Practice) -> None:
    client = acme.client()
    path = f"/payers/{acme.payer.pk}"
    assert send(client, "post", f"{path}/pause", {}).status_code == 400
    assert send(client, "post", f"{path}/pause", {"reason": "they renumber"}).status_code == 200
    with acme.inside():
        assert PayerPause.objects.get().reason == "they renumber"
    why = client.get(f"{V1}{path}/why").json()
    assert "payer_paused" in [code for route in why[0]["routes"] for code in route["codes"]]
    send(client, "post", f"{path}/resume", {"reason": "they are done"})
    with acme.inside():
        assert PayerPause.objects.get().ended_at is not None


def attempt(acme: Practice, state: str, **fields: Any) -> Transaction:
    with acme.inside():
        return Transaction.objects.create(
            **{
                "direction": "out",
                "transaction_set": "270",
                "partner": TradingPartner.objects.get(),
                "payer": acme.payer,
                "subject_id": uuid7(),
                "correlation_id": uuid7(),
                "lane": "batch",
                "state": state,
                **fields,
            }
        )


def test_transactions_are_listed_by_seed_001s_filters(acme: Practice) -> None:
    waiting, done = attempt(acme, "sent"), attempt(acme, "answered")
    query = {"tx_type": "270", "correlation_id": str(waiting.correlation_id), "status": "submitted"}
    found = acme.client().get(f"{V1}/transactions", query).json()["results"]
    assert [row["id"] for row in found] == [str(waiting.pk)]
    assert found[0]["trace_number"] == waiting.trace_number
    newest = acme.client().get(f"{V1}/transactions", {"limit": 1}).json()
    assert newest["results"][0]["id"] == str(done.pk)
    following = acme.client().get(newest["next"])
    assert [row["id"] for row in following.json()["results"]] == [str(waiting.pk)]


def test_a_misspelt_filter_does_not_mean_all(acme: Practice) -> None:
    problem(acme.client().get(f"{V1}/transactions", {"state": "sent"}), 400, "invalid")


def test_files_are_found_by_number_and_name(acme: Practice) -> None:
    with acme.inside():
        file = Interchange.objects.create(
            partner=TradingPartner.objects.get(),
            direction="out",
            control_number=42,
            state="composed",
            file_name="a.edi",
        )
    for query in ({"control_number": 42}, {"file_name": "a.edi"}, {"direction": "out"}):
        found = acme.client().get(f"{V1}/interchanges", query).json()["results"]
        assert [row["id"] for row in found] == [str(file.pk)], query
    assert acme.client().get(f"{V1}/interchanges", {"control_number": 43}).json()["results"] == []


def test_files_of_theirs_are_not_found_by_a_name_that_may_be_a_persons(acme: Practice) -> None:
    with acme.inside():
        Interchange.objects.create(
            partner=TradingPartner.objects.get(),
            direction="in",
            state="received",
            file_name="doe_jane.271",
        )
    named = acme.client().get(f"{V1}/interchanges", {"file_name": "doe_jane.271"})
    assert named.json()["results"] == []


def test_asking_again_wants_one_of_two(acme: Practice) -> None:
    client = acme.client()
    for body in (
        {"reason": "try again"},
        {"reason": "try", "correlation_id": str(uuid7()), "interchange": str(uuid7())},
    ):
        assert send(client, "post", "/transactions/replay", body).status_code == 400
    none = send(client, "post", "/transactions/replay", {"reason": "again", "correlation_id": str(uuid7())})
    assert (none.status_code, none.json()) == (201, {"transactions": []})


def test_asking_again_makes_a_new_attempt_once(acme: Practice) -> None:
    with acme.inside():
        TradingPartner.objects.update(settings={"url": "http://127.0.0.1:9/x12"})
    acme.visit()
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        old = Transaction.objects.attempts().latest("pk")
        TradingPartner.objects.update(sending_paused=True, paused_reason="tests")
    assert old.state in {"never_sent", "failed"}
    path = f"/transactions/{old.pk}/replay"
    assert send(acme.client(), "post", path, {}).status_code == 400
    made = send(acme.client(), "post", path, {"reason": "they are back"}, key="once")
    assert (made.status_code, made.json()["replays"]) == (201, str(old.pk))
    again = send(acme.client(), "post", path, {"reason": "they are back"}, key="once")
    assert again.json()["id"] == made.json()["id"]
    problem(send(acme.client(), "post", path, {"reason": "and again"}, key="twice"), 409, "not_now")


def test_a_connection_is_paused_resumed_and_tried_out(acme: Practice) -> None:
    client = acme.client()
    with acme.inside():
        key = TradingPartner.objects.get().pk
    path = f"/trading-partners/{key}"
    problem(send(client, "post", f"{path}/pause", {"reason": "no"}), 400, "invalid")
    paused = send(client, "post", f"{path}/pause", {"reason": "they move house"}).json()
    assert (paused["sending_paused"], paused["paused_reason"]) == (True, "they move house")
    problem(send(client, "post", f"{path}/resume", {}), 400, "invalid")
    resumed = send(client, "post", f"{path}/resume", {"reason": "they moved"}).json()
    assert (resumed["sending_paused"], resumed["paused_reason"]) == (False, "")
    assert send(client, "post", f"{path}/test", {}).status_code == 200
    with acme.inside():
        assert TradingPartner.objects.get().test_result == [{"name": "waiting", "code": ""}]


def test_one_of_each_is_read_by_its_id(acme: Practice) -> None:
    asked = attempt(acme, "sent")
    with acme.inside():
        file = Interchange.objects.create(
            partner=TradingPartner.objects.get(), direction="out", control_number=7, state="composed"
        )
        rows = [TradingPartner.objects.get(), Route.objects.get(), file, asked]
    paths = ["trading-partners", "routes", "interchanges", "transactions"]
    for path, row in zip(paths, rows, strict=True):
        read = acme.client().get(f"{V1}/{path}/{row.pk}")
        assert (read.status_code, read.json()["id"]) == (200, str(row.pk)), path
        assert acme.client().get(f"{V1}/{path}/{uuid7()}").status_code == 404


def test_lists_are_narrowed(acme: Practice) -> None:
    client = acme.client()
    other = PayerFactory(name="Zebra Mutual", payer_id="ZEBRA")
    for query, found in [({"name": "zebra"}, [other]), ({"payer_id": "ZEBRA"}, [other]), ({"name": "?"}, [])]:
        listed = client.get(f"{V1}/payers", query).json()["results"]
        assert [row["id"] for row in listed] == [str(each.pk) for each in found], query
    with acme.inside():
        route = Route.objects.get()
    for query, count in [
        ({"payer": str(acme.payer.pk)}, 1),
        ({"partner": str(route.partner_id)}, 1),
        ({"payer": str(other.pk)}, 0),
    ]:
        assert len(client.get(f"{V1}/routes", query).json()["results"]) == count, query
    assert client.get(f"{V1}/trading-partners", {"code": "Nobody"}).json()["results"] == []
    for path in ("routes", "payers", "trading-partners", "interchanges"):
        problem(client.get(f"{V1}/{path}", {"colour": "red"}), 400, "invalid")


def test_a_secret_among_the_settings_is_refused(acme: Practice) -> None:
    body = {**PARTNER, "settings": {"url": "https://edi.example.com/x12", "password": "canary-secret"}}
    wrong = problem(send(acme.client(), "post", "/trading-partners", body), 400, "invalid")
    assert [each["field"] for each in wrong["errors"]] == ["settings.password"]


def test_an_address_in_our_own_network_is_refused(acme: Practice, settings: Any) -> None:
    settings.PRIVATE_PARTNERS = []
    body = {**PARTNER, "settings": {"url": "https://169.254.169.254/latest"}}
    wrong = problem(send(acme.client(), "post", "/trading-partners", body), 400, "invalid")
    assert [each["field"] for each in wrong["errors"]] == ["settings.url"]


def test_a_payer_nobody_knows_is_not_found(acme: Practice) -> None:
    client = acme.client()
    assert client.get(f"{V1}/payers/{uuid7()}/why").status_code == 404
    for deed in ("pause", "resume"):
        path = f"/payers/{uuid7()}/{deed}"
        assert send(client, "post", path, {"reason": "because"}).status_code == 404


# --- who may ---------------------------------------------------------------------------------------

READS = ["/trading-partners", "/payers", "/routes", "/interchanges", "/transactions"]


@pytest.mark.parametrize("path", READS)
def test_nobody_else_reads_it(acme: Practice, path: str) -> None:
    assert acme.client().get(V1 + path).status_code == 200
    assert ApiClient().get(V1 + path).status_code == 401
    patient = acme.member(Level.PATIENT, "pat")
    assert acme.client(patient).get(V1 + path).status_code == 403


def test_a_front_desk_reads_transactions_and_no_connections(acme: Practice) -> None:
    client = acme.client(acme.member(Level.FRONT_DESK, "fran"))
    assert client.get(f"{V1}/transactions").status_code == 200
    assert client.get(f"{V1}/trading-partners").status_code == 403
    assert send(client, "post", "/trading-partners", PARTNER).status_code == 403
    assert send(client, "post", "/transactions/replay", {"reason": "again"}).status_code == 403


def test_another_practice_finds_none_of_it(acme: Practice, elsewhere: Practice) -> None:
    asked = attempt(acme, "failed")
    with acme.inside():
        partner, route = TradingPartner.objects.get(), Route.objects.get()
    mallory = elsewhere.client()
    for path in (f"/trading-partners/{partner.pk}", f"/routes/{route.pk}", f"/transactions/{asked.pk}"):
        foreign, missing = mallory.get(V1 + path), mallory.get(V1 + path.rsplit("/", 1)[0] + f"/{uuid7()}")
        assert (foreign.status_code, foreign.json()) == (
            404,
            missing.json() | {"detail": foreign.json()["detail"]},
        )
    for path in (f"/trading-partners/{partner.pk}/pause", f"/transactions/{asked.pk}/replay"):
        assert send(mallory, "post", path, {"reason": "because"}).status_code == 404
    body = {
        "payer": str(acme.payer.pk),
        "partner": str(partner.pk),
        "payer_identifier": "1",
        "payer_name": "1",
    }
    assert send(mallory, "post", "/routes", body).status_code == 400
    assert str(partner.pk) not in mallory.get(f"{V1}/trading-partners").content.decode()
    with tenant(UUID(str(acme.organization.pk))):
        assert not TradingPartner.objects.get(pk=partner.pk).sending_paused
