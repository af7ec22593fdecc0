"""Alerts for programs: as on their page, and for the same people."""

from __future__ import annotations

from typing import Any

import pytest

from practice.alerts import raise_alert
from practice.models import Alert, Level
from practice.rows import uuid7
from tests.api.conftest import ApiClient, Practice, problem, wrongs
from tests.api.test_gateway import V1, send

pytestmark = pytest.mark.django_db


def tell(acme: Practice, kind: str = "no_answer", key: str = "k", **fields: Any) -> Alert:
    severity = fields.pop("severity", Alert.Severity.PROBLEM)
    with acme.inside():
        facts = {"partner": "Clearing", "count": 3, **fields}
        return Alert.objects.get(pk=raise_alert(kind=kind, key=key, severity=severity, facts=facts))


def listed(client: ApiClient, **query: Any) -> list[str]:
    reply = client.get(f"{V1}/alerts", query)
    assert reply.status_code == 200, reply.content
    return [row["id"] for row in reply.json()["results"]]


def test_an_alert_is_read_in_words(acme: Practice) -> None:
    alert = tell(acme, file_name="a.edi", control_number=7)
    said = acme.client().get(f"{V1}/alerts/{alert.pk}").json()
    assert said["title"] == "Clearing left questions without an answer"
    assert "a.edi, ISA13 000000007" in said["what"] and said["todo"]
    assert (said["address"], said["state"], said["times"]) == ("/transactions/unanswered/", "open", 1)


def test_the_name_a_partner_gave_its_file_does_not_leave(acme: Practice) -> None:
    client, alert = acme.client(), tell(acme, "held_file", file_name="DOE_JANE_19800101.271")
    for path in ("/alerts", f"/alerts/{alert.pk}"):
        said = client.get(V1 + path)
        assert said.status_code == 200 and b"DOE_JANE" not in said.content
    assert "One of its files" in client.get(f"{V1}/alerts/{alert.pk}").json()["what"]
    for deed in ("acknowledge", "reopen", "resolve"):
        assert b"DOE_JANE" not in send(client, "post", f"/alerts/{alert.pk}/{deed}", {}).content


def test_alerts_are_listed_newest_first_and_narrowed(acme: Practice) -> None:
    client = acme.client()
    first, second = tell(acme), tell(acme, "held_file", "other", severity=Alert.Severity.INCIDENT)
    assert listed(client) == [str(second.pk), str(first.pk)]
    assert listed(client, kind="held_file") == listed(client, severity="incident") == [str(second.pk)]
    send(client, "post", f"/alerts/{first.pk}/acknowledge", {})
    send(client, "post", f"/alerts/{first.pk}/owner", {"owner": str(acme.manager.pk)})
    assert listed(client, state="acknowledged") == [str(first.pk)]
    assert listed(client, owner=str(acme.manager.pk)) == [str(first.pk)]
    assert listed(client, state="open") == [str(second.pk)]
    assert listed(client, state="resolved") == []


def test_a_page_goes_on_where_the_one_before_ended(acme: Practice) -> None:
    client = acme.client()
    first, second = tell(acme), tell(acme, key="other")
    page = client.get(f"{V1}/alerts", {"limit": 1}).json()
    assert [row["id"] for row in page["results"]] == [str(second.pk)]
    assert [row["id"] for row in client.get(page["next"]).json()["results"]] == [str(first.pk)]


@pytest.mark.parametrize("query", [{"state": "closed"}, {"severity": "grave"}, {"colour": "red"}])
def test_a_filter_that_is_none_is_named(acme: Practice, query: dict[str, str]) -> None:
    reply = acme.client().get(f"{V1}/alerts", query)
    assert [field for field, _ in wrongs(reply)] == [*query]


def test_who_has_it_in_hand_is_on_record_and_can_be_undone(acme: Practice) -> None:
    client, alert = acme.client(), tell(acme)
    taken = send(client, "post", f"/alerts/{alert.pk}/acknowledge", {"note": "called them"}).json()
    assert (taken["state"], taken["note"]) == ("acknowledged", "called them")
    assert taken["acknowledged_by"] == str(acme.manager.pk) and taken["acknowledged_at"]
    again = send(client, "post", f"/alerts/{alert.pk}/acknowledge", {})
    problem(again, 409, "not_now")
    reopened = send(client, "post", f"/alerts/{alert.pk}/reopen", {}).json()
    assert (reopened["state"], reopened["acknowledged_by"]) == ("open", None)
    problem(send(client, "post", f"/alerts/{alert.pk}/reopen", {}), 409, "not_now")


def test_what_is_over_is_over_however_often_it_is_said(acme: Practice) -> None:
    client, old = acme.client(), tell(acme)
    assert send(client, "post", f"/alerts/{old.pk}/resolve", {}).json()["state"] == "resolved"
    new = tell(acme)
    over = send(client, "post", f"/alerts/{old.pk}/resolve", {}).json()
    assert over["state"] == "resolved"
    assert listed(client, state="open") == [str(new.pk)]  # the next of its kind stays open


def test_an_alert_is_given_to_somebody_who_works_here(acme: Practice, elsewhere: Practice) -> None:
    client, alert = acme.client(), tell(acme)
    path = f"/alerts/{alert.pk}/owner"
    biller, patient = acme.member(Level.BILLER, "bill"), acme.member(Level.PATIENT, "pat")
    assert send(client, "post", path, {"owner": str(biller.pk)}).json()["owner"] == str(biller.pk)
    for nobody in (patient.pk, elsewhere.manager.pk, uuid7()):
        assert wrongs(send(client, "post", path, {"owner": str(nobody)})) == [("owner", "unknown")]
    assert wrongs(send(client, "post", path, {})) == [("owner", "required")]
    assert send(client, "post", path, {"owner": None}).json()["owner"] is None


def test_alerts_are_for_the_people_of_their_page(acme: Practice, elsewhere: Practice) -> None:
    alert = tell(acme)
    deeds = ("acknowledge", "reopen", "resolve", "owner")
    for level, name in ((Level.FRONT_DESK, "fran"), (Level.PATIENT, "pat")):
        client = acme.client(acme.member(level, name))
        assert client.get(f"{V1}/alerts").status_code == 403
        assert client.get(f"{V1}/alerts/{alert.pk}").status_code == 403
        for deed in deeds:
            assert send(client, "post", f"/alerts/{alert.pk}/{deed}", {}).status_code == 403
    assert ApiClient().get(f"{V1}/alerts").status_code == 401
    mallory = elsewhere.client()
    assert listed(mallory) == [] and mallory.get(f"{V1}/alerts/{alert.pk}").status_code == 404
    for deed in deeds:
        reply = send(
            mallory, "post", f"/alerts/{alert.pk}/{deed}", {"owner": None} if deed == "owner" else {}
        )
        assert reply.status_code == 404
    with acme.inside():
        assert Alert.objects.get().state == "open"
