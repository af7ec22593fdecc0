"""Payer directories: an operator reads and applies them, a practice makes its routes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from practice.models import Level, Organization, User
from practice.rows import uuid7
from practice.tenancy import tenant
from tests.factories import PartnerFactory, PayerFactory, RouteFactory, make_member
from tests.pages.conftest import signed_in
from tests.web import Web, scripted_web
from tradingpartners import tasks
from tradingpartners.models import (
    DirectoryImport,
    Enrolment,
    Payer,
    PayerListing,
    Route,
    TradingPartner,
    TransportLog,
)

ADMIN = "/admin/tradingpartners/directoryimport/"
CSV = b"payer_id,name,eligibility\n001,Harbor Health,yes\n002,Quiet Water,enrolment\n003,Stone Mutual,no\n"
STEDI = json.dumps(
    {
        "items": [
            {
                "payer": {
                    "stediId": "HPQRS",
                    "displayName": "Harbor Health",
                    "primaryPayerId": "001",
                    "transactionSupport": {"eligibilityCheck": "SUPPORTED"},
                }
            }
        ]
    }
).encode()


@pytest.fixture
def operator(acme: Organization) -> Client:
    client = signed_in(User.objects.create_superuser("operator"))
    client.post("/organization/", {"organization": str(acme.pk)})
    return client


def upload(client: Client, content: bytes, form: str = "csv", clearinghouse: str = "Waystar") -> Any:
    file = SimpleUploadedFile("payers", content)
    return client.post(f"{ADMIN}read/", {"clearinghouse": clearinghouse, "form": form, "file": file})


def preview(client: Client, content: bytes = CSV) -> DirectoryImport:
    reply = upload(client, content)
    assert reply.status_code == 302, reply.context["form"].errors
    return DirectoryImport.objects.latest("id")


def said(reply: Any) -> list[str]:
    return [str(each) for each in reply.context["messages"]]


# --- reading and applying, by an operator -----------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "form", "listed"), [(CSV, "csv", ["001", "002", "003"]), (STEDI, "stedi", ["001"])]
)
def test_a_file_is_shown_before_anything_changes(
    operator: Client, content: bytes, form: str, listed: list[str]
) -> None:
    reply = upload(operator, content, form)
    found = DirectoryImport.objects.get()
    assert reply.headers["Location"] == f"{ADMIN}{found.pk}/preview/"
    html = operator.get(reply.headers["Location"]).content.decode()
    for identifier in listed:
        assert f'name="create" value="{identifier}"' in html
    assert not PayerListing.objects.exists() and not Payer.objects.exists()
    assert operator.get(f"{ADMIN}{found.pk}/change/").headers["Location"].endswith("/preview/")


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (b"payer_id,name\n1,A\n,B\n", "csv", "A value is missing: payer 2, “payer_id”."),
        (b"payer_id,name,eligibility\n1,A,perhaps\n", "csv", "not one we know: payer 1, “eligibility”."),
        (b"name\nA\n", "csv", "A column is missing: “payer_id”."),
        (b"payer_id,name\n1,A\n1,B\n", "csv", "A payer is listed twice: payer 2, “payer_id”."),
        (b"not json", "stedi", "This file cannot be read in the form you chose."),
        (b"payer_id,name\n", "csv", "There is no payer in this file."),
    ],
)
def test_a_bad_file_is_refused_with_row_and_field(
    operator: Client, content: bytes, form: str, words: str
) -> None:
    reply = upload(operator, content, form)
    assert reply.status_code == 422 and words in reply.context["form"].errors["file"][0]
    assert not DirectoryImport.objects.exists()


def test_a_file_or_a_connection_is_wanted_and_whose_directory_it_is(operator: Client) -> None:
    neither = operator.post(f"{ADMIN}read/", {"clearinghouse": "Waystar", "form": "csv"})
    assert neither.status_code == 422 and "Choose a file" in neither.content.decode()
    nobodys = upload(operator, CSV, clearinghouse="")
    assert nobodys.status_code == 422 and "clearinghouse" in nobodys.context["form"].errors


def test_what_is_chosen_is_made_linked_and_renamed(operator: Client) -> None:
    water = PayerFactory(payer_id="W9", name="quiet water")
    stone = PayerFactory(payer_id="003", name="Stone")
    found = preview(operator)
    html = operator.get(f"{ADMIN}{found.pk}/preview/").content.decode()
    assert 'name="link" value="002"' in html and 'name="rename" value="003"' in html
    chosen = {"create": ["001"], "link": ["002"], "rename": ["003"]}
    reply = operator.post(f"{ADMIN}{found.pk}/apply/", chosen, follow=True)
    assert said(reply) == ["Applied: the listings are as the directory has them."]
    stone.refresh_from_db()
    assert stone.name == "Stone Mutual"
    listed = dict(PayerListing.objects.values_list("identifier", "payer"))
    assert listed == {"001": Payer.objects.get(payer_id="001").pk, "002": water.pk, "003": stone.pk}


def test_applying_twice_and_a_choice_that_is_none_change_nothing(operator: Client) -> None:
    found = preview(operator)
    wrong = operator.post(f"{ADMIN}{found.pk}/apply/", {"create": ["999"]}, follow=True)
    assert "can no longer be chosen" in said(wrong)[0] and not PayerListing.objects.exists()
    for _ in range(2):
        operator.post(f"{ADMIN}{found.pk}/apply/", {"create_all": "on"})
    assert (Payer.objects.count(), PayerListing.objects.count()) == (3, 3)
    assert 'type="submit" value="Apply"' not in operator.get(f"{ADMIN}{found.pk}/preview/").content.decode()


def test_a_payer_may_still_be_made_of_what_was_listed_before(operator: Client) -> None:
    operator.post(f"{ADMIN}{preview(operator).pk}/apply/")
    again = preview(operator)
    assert {each["change"] for each in again.entries} == {"same"}
    assert 'name="create" value="001"' in operator.get(f"{ADMIN}{again.pk}/preview/").content.decode()


def test_a_dropped_preview_stays_dropped(operator: Client) -> None:
    found = preview(operator)
    operator.post(f"{ADMIN}{found.pk}/drop/")
    reply = operator.post(f"{ADMIN}{found.pk}/apply/", {"create": ["001"]}, follow=True)
    assert said(reply)[-1] == "This preview was dropped."
    assert not PayerListing.objects.exists()


def test_a_preview_that_was_overtaken_is_refused(operator: Client) -> None:
    old, new = preview(operator), preview(operator)
    operator.post(f"{ADMIN}{new.pk}/apply/")
    reply = operator.post(f"{ADMIN}{old.pk}/apply/", follow=True)
    assert said(reply)[-1] == "A newer directory was applied since: read it again."


def test_directories_are_the_operators_alone(operator: Client, acme: Organization) -> None:
    found = preview(operator)
    user = make_member(acme, Level.PRACTICE_MANAGER, "max")
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(content_type__model="directoryimport"))
    manager = signed_in(user)
    assert manager.get(f"{ADMIN}read/").status_code == 403
    assert upload(manager, CSV).status_code == 403
    assert manager.get(f"{ADMIN}{found.pk}/preview/").status_code == 403
    for deed in ("apply", "drop"):
        assert manager.post(f"{ADMIN}{found.pk}/{deed}/", {"create_all": "on"}).status_code == 403
        assert operator.get(f"{ADMIN}{found.pk}/{deed}/").status_code == 403  # a link changes nothing
    found.refresh_from_db()
    assert found.state == "preview" and DirectoryImport.objects.count() == 1


# --- asking a clearinghouse -------------------------------------------------------------------------


@pytest.fixture
def web() -> Iterator[Web]:
    with scripted_web() as web:
        yield web


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the bells rang for, with their arguments."""
    heard: list[tuple[str, ...]] = []

    def hear(task: Any, *ids: Any) -> None:
        heard.append((task.name, *map(str, ids)))

    monkeypatch.setattr("tradingpartners.admin_directories.ring", hear)
    return heard


def stedi_connection(acme: Organization, url: str) -> TradingPartner:
    with tenant(acme.pk):
        return PartnerFactory(
            name="Stedi live",
            code="Stedi",
            transport="stedi",
            settings={"url": url},
            credentials={"api_key": "canary-key"},
        )


def test_a_connection_is_asked_by_a_worker_and_its_directory_waits_for_a_decision(
    operator: Client, acme: Organization, web: Web, rung: list[tuple[str, ...]]
) -> None:
    partner = stedi_connection(acme, web.url)
    reply = operator.post(f"{ADMIN}read/", {"form": "stedi", "partner": str(partner.pk)}, follow=True)
    assert "We are asking for the directory" in said(reply)[0]
    ((name, *ids),) = rung
    assert name == "tradingpartners.fetch_directory" and ids[:2] == [str(acme.pk), str(partner.pk)]
    web.script = lambda request: (200, json.loads(STEDI))
    tasks.fetch_directory_task(*ids)
    found = DirectoryImport.objects.get()
    assert (found.clearinghouse, found.state, found.read_by.username) == ("Stedi", "preview", "operator")
    assert "Stedi live: Read." in operator.get(ADMIN).content.decode()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, {}), "The partner does not let us in."),
        ((200, {"items": [{"payer": {"displayName": "No number"}}]}), "A value is missing"),
    ],
)
def test_a_directory_that_did_not_come_is_told_where_it_was_asked_for(
    operator: Client, acme: Organization, web: Web, answer: Any, words: str
) -> None:
    partner = stedi_connection(acme, web.url)
    web.script = lambda request: answer
    tasks.fetch_directory_task(str(acme.pk), str(partner.pk), str(User.objects.get(username="operator").pk))
    html = operator.get(ADMIN).content.decode()
    assert f"Stedi live: {words}" in html and "canary-key" not in html
    assert not DirectoryImport.objects.exists()
    with tenant(acme.pk):
        assert TransportLog.objects.get().error


def test_another_practices_connection_cannot_be_asked(
    operator: Client, elsewhere: Organization, rung: list[tuple[str, ...]]
) -> None:
    theirs = stedi_connection(elsewhere, "https://stedi.example.com")
    reply = operator.post(f"{ADMIN}read/", {"form": "stedi", "partner": str(theirs.pk)})
    assert reply.status_code == 422 and rung == []


# --- routes of what is listed, by a practice manager ---------------------------------------------------


@pytest.fixture
def partner(acme: Organization) -> TradingPartner:
    with tenant(acme.pk):
        return PartnerFactory(name="Waystar nightly", code="Waystar")


def listing(identifier: str, payer: Payer | None, **fields: Any) -> PayerListing:
    return PayerListing.objects.create(
        **{
            "clearinghouse": "Waystar",
            "identifier": identifier,
            "name": f"LISTED {identifier}",
            "payer": payer,
            **fields,
        }
    )


def add(client: Client, partner: TradingPartner, *listings: PayerListing) -> Any:
    path = f"/trading-partners/{partner.pk}/routes/listed/"
    return client.post(path, {"listing": [str(each.pk) for each in listings]}, follow=True)


def test_ticked_payers_become_routes_under_their_listed_identifier(
    manager: Client, partner: TradingPartner, settings: Any
) -> None:
    settings.ENVIRONMENT = "qa"
    harbor, stone = PayerFactory(name="Harbor"), PayerFactory(name="Stone")
    with tenant(partner.organization_id):
        RouteFactory(payer=stone, partner=PartnerFactory(), environment="qa", preference=2)
    ticked = [listing("H1", harbor), listing("S1", stone)]
    listing("S2", PayerFactory(name="Left alone"))
    html = manager.get(f"/trading-partners/{partner.pk}/?tab=payers").content.decode()
    assert all(f'value="{each.pk}"' in html for each in ticked)
    assert "Routes added: 2." in add(manager, partner, *ticked).content.decode()
    with tenant(partner.organization_id):
        made = Route.objects.filter(partner=partner).order_by("payer_identifier")
        assert [
            (each.payer_identifier, each.payer_name, each.preference, each.environment) for each in made
        ] == [("H1", "LISTED H1", 1, "qa"), ("S1", "LISTED S1", 3, "qa")]


def test_adding_the_same_again_adds_nothing(manager: Client, partner: TradingPartner) -> None:
    payer = PayerFactory()
    first, alias = listing("A1", payer), listing("A2", payer)
    assert "Routes added: 1." in add(manager, partner, first, alias).content.decode()
    assert "Nothing was added" in add(manager, partner, first, alias).content.decode()
    with tenant(partner.organization_id):
        assert Route.objects.filter(partner=partner).count() == 1


def test_what_the_clearinghouse_cannot_ask_is_not_offered(manager: Client, partner: TradingPartner) -> None:
    refused = [
        listing("N1", PayerFactory(), eligibility="no"),
        listing("N2", PayerFactory(is_active=False)),
        listing("N3", None),
        listing("N4", PayerFactory(), clearinghouse="Stedi"),
        listing("N5", PayerFactory(), gone_at="2026-01-01T00:00Z"),
    ]
    add(manager, partner, *refused)
    with tenant(partner.organization_id):
        assert not Route.objects.filter(partner=partner).exists()


def test_an_enrolment_the_clearinghouse_wants_is_noted(manager: Client, partner: TradingPartner) -> None:
    reply = add(manager, partner, listing("E1", PayerFactory(), eligibility="enrolment"))
    assert "Payers that want an enrolment first: 1." in reply.content.decode()
    with tenant(partner.organization_id):
        noted = Enrolment.objects.get()
    assert (noted.partner_id, noted.state, noted.facility_id) == (partner.pk, "needed", None)


def test_a_listing_is_found_by_name_or_number(manager: Client, partner: TradingPartner) -> None:
    for identifier in ("H1", "S1"):
        listing(identifier, PayerFactory(name=f"Payer {identifier}"))
    for find in ("listed s", "s1"):
        html = manager.get(f"/trading-partners/{partner.pk}/?tab=payers&find={find}").content.decode()
        found = html.partition("Payers in the directory")[2]
        assert "Payer S1" in found and "Payer H1" not in found


def test_only_this_practices_managers_add_routes(
    desk: Client, mallory: Client, partner: TradingPartner
) -> None:
    found = listing("H1", PayerFactory())
    assert add(desk, partner, found).status_code == 403
    assert add(mallory, partner, found).status_code == 404
    path = f"/trading-partners/{uuid7()}/routes/listed/"
    assert mallory.post(path, {"listing": ["not-an-id"]}).status_code == 404
    with tenant(partner.organization_id):
        assert not Route.objects.exists()
