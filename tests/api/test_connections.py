"""All that the pages can set of a connection, programs can set, by the same rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from practice.models import Level
from practice.rows import uuid7
from tests.api.conftest import ApiClient, Practice
from tests.api.test_gateway import PARTNER, V1, send
from tests.factories import PartnerFactory
from tradingpartners.api_partner_shapes import NewPartner, PartnerChange
from tradingpartners.models import TradingPartner
from tradingpartners.services import trying
from tradingpartners.setup.partner_forms import FilesForm, IdentityForm, LimitsForm
from tradingpartners.setup.rules import PARTNER_RANGES
from tradingpartners.transports import Step
from tradingpartners.words import explain, step_words

pytestmark = pytest.mark.django_db

EVERYTHING = {
    "code": "Direct",
    "is_test": False,
    "sender_qualifier": "30",
    "sender_id": "ACME2",
    "receiver_qualifier": "01",
    "receiver_id": "OTHER",
    "application_sender_id": "ACMEAPP",
    "application_receiver_id": "OTHERAPP",
    "trace_originator": "1123456789",
    "max_st_per_interchange": 250,
    "max_interchanges_per_minute": 6,
    "max_concurrent_files": 2,
    "response_sla_seconds": 43_200,
    "taken_sign": "acknowledged",
    "taken_timeout_seconds": 2_700,
    "poll_interval_seconds": 30,
    "acknowledgement_due_seconds": 3_600,
    "send_ta1": "errors",
    "send_999": "always",
    "is_strict": True,
    "damaged_files": "hold",
}


def set_up(client: ApiClient, **changes: Any) -> str:
    made = send(client, "post", "/trading-partners", {**PARTNER, **changes})
    assert made.status_code == 201, made.content
    return f"/trading-partners/{made.json()['id']}"


def wrong_fields(reply: Any) -> list[str]:
    assert reply.status_code == 400, reply.content
    return [each["field"] for each in reply.json()["errors"]]


def test_all_that_the_pages_can_set_can_be_set_here() -> None:
    pages = {name for form in (LimitsForm, FilesForm, IdentityForm) for name in form.base_fields}
    here = {name.removesuffix("_seconds") for name in PartnerChange().fields}
    assert pages <= here
    assert here <= {name.removesuffix("_seconds") for name in NewPartner().fields}


def test_everything_is_set_at_once_or_later_and_read_back(acme: Practice) -> None:
    client, owner = acme.client(), acme.member(Level.BILLER, "bill")
    everything = {**EVERYTHING, "owner": str(owner.pk)}
    at_once = client.get(V1 + set_up(client, **everything)).json()
    assert {name: at_once[name] for name in everything} == everything
    path = set_up_plain(client)
    changed = send(client, "patch", path, everything)
    assert changed.status_code == 200, changed.content
    assert {name: changed.json()[name] for name in everything} == everything
    cleared = {"max_interchanges_per_minute": None, "acknowledgement_due_seconds": None, "owner": None}
    changed = send(client, "patch", path, cleared).json()
    assert {name: changed[name] for name in cleared} == cleared


def set_up_plain(client: ApiClient) -> str:
    made = send(client, "post", "/trading-partners", {**PARTNER, "name": "Plain"}, key="plain")
    return f"/trading-partners/{made.json()['id']}"


@pytest.mark.parametrize("name", sorted(PARTNER_RANGES.keys() - {"lease"}))
def test_numbers_have_the_ranges_of_the_pages(acme: Practice, name: str) -> None:
    client = acme.client()
    path = set_up(client)
    is_span = f"{name}_seconds" in PartnerChange().fields
    field = f"{name}_seconds" if is_span else name
    least, most = (int(each.total_seconds()) if is_span else each for each in PARTNER_RANGES[name])
    for value in (least - 1, most + 1, -1, 0.5, "many"):
        assert wrong_fields(send(client, "patch", path, {field: value})) == [field], value
    for value in (least, most):
        assert send(client, "patch", path, {field: value}).status_code == 200, value


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sender_qualifier": "QQ"}, "sender_qualifier"),
        ({"sender_id": "AC*ME"}, "sender_id"),
        ({"receiver_id": "A"}, "receiver_id"),
        ({"trace_originator": "short"}, "trace_originator"),
        ({"name": "Partner of Acme"}, "name"),
        ({"owner": str(uuid7())}, "owner"),
        ({"owner": "somebody"}, "owner"),
        ({"send_999": "sometimes"}, "send_999"),
        ({"taken_sign": "lost"}, "taken_sign"),
        ({"damaged_files": "burn"}, "damaged_files"),
        ({"settings": {"url": "https://edi.example.com/x12", "colour": "red"}}, "settings.colour"),
        ({"settings": {"url": 5}}, "settings.url"),
        ({"settings": {"url": "https://edi.example.com/x12", "envelope": "box"}}, "settings.envelope"),
        ({"credentials": {"scope": "x"}}, "credentials.scope"),
        ({"credentials": {"token": "a b"}}, "credentials.token"),
        ({"credentials": {"client_key": "half"}}, "credentials.client_certificate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_and_nothing_is_changed(
    acme: Practice, body: dict[str, Any], field: str
) -> None:
    client = acme.client()
    with acme.inside():
        PartnerFactory(name="Partner of Acme")
    path = set_up(client)
    before = client.get(V1 + path).json()
    assert wrong_fields(send(client, "patch", path, body)) == [field]
    assert wrong_fields(send(client, "post", "/trading-partners", new_with(body), key="new")) == [field]
    assert client.get(V1 + path).json() == before


HOME = "https://edi.example.com/x12"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"settings": {"url": HOME, "core_sender_id": "a\x00b"}}, "settings.core_sender_id"),
        ({"settings": {"url": HOME, "core_sender_id": "a\ud800b"}}, "settings.core_sender_id"),
        ({"settings": {"url": HOME, "core_sender_id": "a\r\nb"}}, "settings.core_sender_id"),
        ({"settings": {"url": HOME, "core_receiver_id": "a\u2028b"}}, "settings.core_receiver_id"),
        ({"settings": {"url": HOME, "ca_certificates": "a\x00b"}}, "settings.ca_certificates"),
        ({"settings": {"url": HOME, "ca_certificates": "a\ud800b"}}, "settings.ca_certificates"),
        ({"settings": {"url": HOME, "x\x00": "1"}}, "settings"),
        ({"settings": {"url": HOME, "x\ud800": "1"}}, "settings"),
        ({"credentials": {"username": "a\r\nb", "password": "p"}}, "credentials.username"),
    ],
    ids=ascii,
)
def test_what_no_row_and_no_envelope_can_carry_is_refused(
    acme: Practice, body: dict[str, Any], field: str
) -> None:
    client = acme.client()
    path = set_up(client)
    before = client.get(V1 + path).json()
    assert wrong_fields(send(client, "patch", path, body)) == [field]
    assert client.get(V1 + path).json() == before


def new_with(body: dict[str, Any]) -> dict[str, Any]:
    credentials = {**PARTNER["credentials"], **body.get("credentials", {})}  # type: ignore[dict-item]
    return {**PARTNER, "name": "New", **body, "credentials": credentials}


@pytest.mark.parametrize(
    ("given", "kept"),
    [(7, None), (25, None), ("soon", None), (True, None), (8, 8), ("24", 24)],
)
def test_stedi_goes_on_asking_for_8_to_24_hours(acme: Practice, given: Any, kept: int | None) -> None:
    body = {
        **PARTNER,
        "transport": "stedi_batch",
        "settings": {"max_retry_hours": given},
        "credentials": {"api_key": "k"},
    }
    reply = send(acme.client(), "post", "/trading-partners", body)
    if kept is None:
        assert wrong_fields(reply) == ["settings.max_retry_hours"]
    else:
        assert reply.json()["settings"] == {"max_retry_hours": kept}


def test_a_batch_for_stedi_is_no_larger_than_it_takes(acme: Practice) -> None:
    body = {
        **PARTNER,
        "transport": "stedi_batch",
        "settings": {},
        "credentials": {"api_key": "k"},
        "max_st_per_interchange": 10_001,
    }
    reply = send(acme.client(), "post", "/trading-partners", body)
    assert wrong_fields(reply) == ["max_st_per_interchange"]


def test_a_connection_comes_in_use_only_when_it_is_complete(acme: Practice) -> None:
    client = acme.client()
    bare = {name: value for name, value in PARTNER.items() if name not in {"settings", "credentials"}}
    assert wrong_fields(send(client, "post", "/trading-partners", bare, key="1")) == ["settings.url"]
    made = send(client, "post", "/trading-partners", {**bare, "is_active": False}, key="2")
    path = f"/trading-partners/{made.json()['id']}"
    assert wrong_fields(send(client, "patch", path, {"is_active": True})) == ["is_active"]
    whole = {name: PARTNER[name] for name in ("settings", "credentials")}
    assert send(client, "patch", path, {**whole, "is_active": True}).json()["is_active"]


def test_the_poller_is_paused_and_resumed_with_a_reason(acme: Practice) -> None:
    client = acme.client()
    path = set_up(client)
    assert send(client, "post", f"{path}/poller/pause", {}).status_code == 400
    paused = send(client, "post", f"{path}/poller/pause", {"reason": "they clean up"}).json()
    assert paused["poller_paused"] is True
    resumed = send(client, "post", f"{path}/poller/resume", {"reason": "they are done"}).json()
    assert resumed["poller_paused"] is False


def test_a_change_leaves_what_it_does_not_name(acme: Practice) -> None:
    client = acme.client()
    path = set_up(client, **EVERYTHING)
    before = client.get(V1 + path).json()
    after = send(client, "patch", path, {"is_strict": False}).json()
    assert {name for name in after if after[name] != before[name]} == {"is_strict"}
    with acme.inside():
        kept = TradingPartner.objects.get(pk=UUID(after["id"]))
    assert kept.credentials == PARTNER["credentials"]


def test_a_pause_does_not_end_before_it_begins(acme: Practice) -> None:
    over = {"reason": "they renumber", "resumes_at": "2026-01-01T10:00:00Z"}
    assert wrong_fields(send(acme.client(), "post", f"/payers/{acme.payer.pk}/pause", over)) == ["resumes_at"]


def test_no_route_leads_to_a_payer_that_is_switched_off_or_has_no_sensible_place(acme: Practice) -> None:
    client = acme.client()
    partner = client.get(f"{V1}/trading-partners").json()["results"][0]["id"]
    body = {"payer": str(acme.payer.pk), "partner": partner, "payer_identifier": "X", "payer_name": "X"}
    for place in (0, 100):
        assert wrong_fields(send(client, "post", "/routes", {**body, "preference": place})) == ["preference"]
    acme.payer.is_active = False
    acme.payer.save()
    assert wrong_fields(send(client, "post", "/routes", {**body, "preference": 2}, key="2")) == ["payer"]


def test_only_managers_may(acme: Practice, elsewhere: Practice) -> None:
    path = set_up(acme.client())
    for client, status in [
        (acme.client(acme.member(Level.FRONT_DESK, "fran")), 403),
        (elsewhere.client(), 404),
    ]:
        assert send(client, "patch", path, {"is_strict": True}).status_code == status
        for deed in ("pause", "resume"):
            reply = send(client, "post", f"{path}/poller/{deed}", {"reason": "because"})
            assert reply.status_code == status


def test_a_stored_credential_is_removed_by_null(acme: Practice) -> None:
    client = acme.client()
    login = {"username": "u", "password": "s3cret-canary"}
    path = set_up(client, settings={"url": "https://edi.example.com/x12"}, credentials=login)
    half = send(client, "patch", path, {"credentials": {"password": None}})
    assert wrong_fields(half) == ["credentials.password"]
    gone = {"username": None, "password": None, "token": "t"}
    assert send(client, "patch", path, {"credentials": gone}).status_code == 200
    with acme.inside():
        assert TradingPartner.objects.get(pk=UUID(path.rsplit("/", 1)[1])).credentials == {"token": "t"}


@pytest.mark.parametrize("value", ["a~b", "DEMO~É*", "Ünï*", "`A`"])
@pytest.mark.parametrize(
    "field", ["sender_id", "receiver_id", "application_sender_id", "application_receiver_id"]
)
def test_an_id_the_writer_refuses_is_refused(acme: Practice, field: str, value: str) -> None:
    client = acme.client()
    assert wrong_fields(send(client, "patch", set_up(client), {field: value})) == [field]


def test_folders_stay_inside_and_apart(acme: Practice) -> None:
    client = acme.client()
    folders = {"inbox": "inbox/../..", "outbox": "/a", "archive": "a/"}
    body = {**PARTNER, "name": "Files", "transport": "sftp", "settings": folders}
    wrong = wrong_fields(send(client, "post", "/trading-partners", body))
    assert {"settings.inbox", "settings.archive"} <= set(wrong) and "settings.outbox" not in wrong


def test_what_is_wrong_with_a_connection_is_read_with_its_words(acme: Practice) -> None:
    client = acme.client()
    path = set_up(client)
    told = client.get(V1 + path).json()
    silent = ("refusal", "refusal_words", "poll_error", "poll_error_words")
    assert {told[name] for name in silent} == {""} and (told["tested_at"], told["test_result"]) == (None, [])
    steps = [Step("connected", note="SHA256:key"), Step("signed_in", "http_401")]
    with acme.inside():
        partner = TradingPartner.objects.get(pk=path.rpartition("/")[2])
        trying.keep_result(partner, steps)
        TradingPartner.objects.update(refusal="http_401", poll_error="timeout")
    told = client.get(V1 + path).json()
    assert (told["refusal"], told["refusal_words"]) == ("http_401", explain("http_401").what)
    assert (told["poll_error"], told["poll_error_words"]) == ("timeout", explain("timeout").what)
    assert told["tested_at"]
    assert [set(step) for step in told["test_result"]] == [{"name", "code", "words", "todo"}] * 2
    first, second = told["test_result"]
    assert (first["code"], first["todo"]) == ("", "") and first["words"] == step_words("connected")
    assert (second["code"], second["words"]) == ("http_401", explain("http_401").what) and second["todo"]


@pytest.mark.parametrize("name", ["refusal", "refusal_words", "poll_error", "test_result", "tested_at"])
def test_what_is_found_out_is_not_set(acme: Practice, name: str) -> None:
    client = acme.client()
    assert wrong_fields(send(client, "patch", set_up(client), {name: "x"})) == [name]
