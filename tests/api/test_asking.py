"""Enrolments and provider identities for programs, by the rules of their pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from practice.models import Level
from practice.rows import uuid7
from tests.api.conftest import ApiClient, Practice, wrongs
from tests.api.test_gateway import V1, send
from tests.factories import PayerFactory
from tradingpartners.models import Enrolment, ProviderIdentity, TradingPartner

pytestmark = pytest.mark.django_db


def enrolment(acme: Practice, **changes: Any) -> dict[str, Any]:
    with acme.inside():
        partner = TradingPartner.objects.get().pk
    return {
        "partner": str(partner),
        "payer": str(acme.payer.pk),
        "facility": str(acme.facility.pk),
        "state": "submitted",
        **changes,
    }


IDENTITY = {"name": "Acme Medical", "npi": "1234567893", "tax_id": "123456789"}


def test_an_enrolment_is_noted_once_and_then_changed(acme: Practice) -> None:
    client = acme.client()
    made = send(client, "post", "/enrolments", enrolment(acme), key="1")
    assert (made.status_code, made.json()["allows_asking"]) == (201, False)
    approved = enrolment(acme, state="approved", decided_on="2026-01-05", note="by letter")
    changed = send(client, "post", "/enrolments", approved, key="2")
    assert changed.json()["id"] == made.json()["id"] and changed.json()["allows_asking"]
    read = client.get(changed["Location"].removeprefix("https://testserver")).json()
    assert (read["state"], read["decided_on"], read["note"]) == ("approved", "2026-01-05", "by letter")
    everywhere = send(client, "post", "/enrolments", enrolment(acme, facility=None), key="3")
    assert everywhere.json()["id"] != made.json()["id"]
    assert acme.count(Enrolment) == 2
    listed = client.get(f"{V1}/enrolments", {"state": "approved", "facility": str(acme.facility.pk)}).json()
    assert [row["id"] for row in listed["results"]] == [made.json()["id"]]


def test_what_is_wrong_with_an_enrolment_is_named(acme: Practice, elsewhere: Practice) -> None:
    later = (timezone.now().date() + timedelta(days=3)).isoformat()
    with elsewhere.inside():
        foreign = TradingPartner.objects.get().pk
    for number, (changes, wrong) in enumerate(
        [
            ({"partner": str(foreign)}, ("partner", "unknown")),
            ({"payer": str(uuid7())}, ("payer", "unknown")),
            ({"payer": str(PayerFactory(is_active=False).pk)}, ("payer", "unknown")),
            ({"facility": str(elsewhere.facility.pk)}, ("facility", "unknown")),
            ({"state": "maybe"}, ("state", "invalid_choice")),
            ({"state": "approved", "decided_on": later}, ("decided_on", "in_the_future")),
            ({"state": "needed", "decided_on": "2026-01-05"}, ("decided_on", "not_decided")),
        ]
    ):
        reply = send(acme.client(), "post", "/enrolments", enrolment(acme, **changes), key=str(number))
        assert wrongs(reply) == [wrong], changes
    assert acme.count(Enrolment) == 0


def test_an_identity_is_made_once_and_taken_away(acme: Practice) -> None:
    client = acme.client()
    made = send(client, "post", "/provider-identities", IDENTITY, key="1")
    assert made.status_code == 201 and made.json()["facility"] is None
    taken = send(client, "post", "/provider-identities", {**IDENTITY, "name": "Other"}, key="2")
    assert wrongs(taken) == [("payer", "taken")]
    narrower = {**IDENTITY, "facility": str(acme.facility.pk), "payer": str(acme.payer.pk)}
    assert send(client, "post", "/provider-identities", narrower, key="3").status_code == 201
    listed = client.get(f"{V1}/provider-identities", {"payer": str(acme.payer.pk)}).json()["results"]
    assert [row["payer"] for row in listed] == [str(acme.payer.pk)]
    path = f"{V1}/provider-identities/{made.json()['id']}"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404 == client.delete(path).status_code
    assert acme.count(ProviderIdentity) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"npi": "1234567890"}, "npi"), ({"tax_id": "12"}, "tax_id"), ({"name": ""}, "name")],
)
def test_what_is_wrong_with_an_identity_is_named(acme: Practice, changes: dict[str, str], field: str) -> None:
    reply = send(acme.client(), "post", "/provider-identities", {**IDENTITY, **changes})
    assert [wrong for wrong, _ in wrongs(reply)] == [field]


def test_another_practice_finds_none_of_it(acme: Practice, elsewhere: Practice) -> None:
    made = [
        send(acme.client(), "post", "/enrolments", enrolment(acme), key="1")["Location"],
        send(acme.client(), "post", "/provider-identities", IDENTITY, key="2")["Location"],
    ]
    mallory = elsewhere.client()
    for location in made:
        path = location.removeprefix("https://testserver")
        assert mallory.get(path).status_code == 404
        assert mallory.get(path.rpartition("/")[0]).json()["results"] == []
    assert mallory.delete(made[1].removeprefix("https://testserver")).status_code == 404
    desk = acme.client(acme.member(Level.FRONT_DESK, "fran"))
    for path, body in (("/enrolments", enrolment(acme)), ("/provider-identities", IDENTITY)):
        assert desk.get(V1 + path).status_code == 403
        assert send(desk, "post", path, body).status_code == 403
        assert ApiClient().get(V1 + path).status_code == 401


def test_what_no_question_can_carry_is_refused(acme: Practice) -> None:
    client = acme.client()
    assert wrongs(send(client, "post", "/provider-identities", {**IDENTITY, "name": "A~B*"}, key="1")) == [
        ("name", "invalid")
    ]
    with acme.inside():
        partner = TradingPartner.objects.get().pk
    route = {"payer": str(PayerFactory().pk), "partner": str(partner)}
    named = {**route, "payer_identifier": "PR~44", "payer_name": "X*"}
    assert wrongs(send(client, "post", "/routes", named, key="2")) == [
        ("payer_identifier", "invalid"),
        ("payer_name", "invalid"),
    ]


def test_a_tax_id_is_taken_as_people_write_it(acme: Practice) -> None:
    made = send(acme.client(), "post", "/provider-identities", {**IDENTITY, "tax_id": "12-3456789"})
    assert (made.status_code, made.json()["tax_id"]) == (201, "123456789")


def test_a_route_is_changed_by_the_rules_of_a_new_one(acme: Practice) -> None:
    client = acme.client()
    with acme.inside():
        partner = TradingPartner.objects.get().pk
    new = {"payer": str(PayerFactory().pk), "partner": str(partner)}
    named = {**new, "payer_identifier": "HB1", "payer_name": "HARBOR"}
    first = send(client, "post", "/routes", named, key="1").json()["id"]
    second = send(client, "post", "/routes", {**named, "preference": 2}, key="2").json()["id"]
    changed = send(client, "patch", f"/routes/{first}", {"payer_identifier": "HB2", "preference": 3})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["payer_identifier"], changed.json()["preference"]) == ("HB2", 3)
    assert changed.json()["payer_name"] == "HARBOR"
    assert wrongs(send(client, "patch", f"/routes/{second}", {"preference": 3})) == [("preference", "taken")]
    assert wrongs(send(client, "patch", f"/routes/{second}", {"payer_name": "X*"})) == [
        ("payer_name", "invalid")
    ]


def test_a_note_on_an_enrolment_is_removed(acme: Practice, elsewhere: Practice) -> None:
    made = send(acme.client(), "post", "/enrolments", enrolment(acme)).json()["id"]
    assert elsewhere.client().delete(f"{V1}/enrolments/{made}").status_code == 404
    assert acme.client().delete(f"{V1}/enrolments/{made}").status_code == 204
    assert acme.count(Enrolment) == 0
