"""Sweeps by program: start, list, read, cancel."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.dateparse import parse_datetime

from practice.models import ReadLog
from sweeps import api
from sweeps.models import SweepRun, SweepRunMember, SweepSchedule
from sweeps.services import cancel_run
from tests.api.conftest import SWEEPS, ApiClient, Practice, problem, wrongs
from tests.factories import FacilityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    rung: list[str] = []
    monkeypatch.setattr(api, "ring_units", lambda: rung.append("ring"))
    return rung


# --- start ------------------------------------------------------------------------------------


def test_a_started_sweep_is_shown_and_can_be_read_where_it_says(acme: Practice, client: ApiClient) -> None:
    acme.visit()
    acme.visit(covered=False)
    response = client.start(acme.scope(facility=str(acme.facility.pk), payer_ids=[str(acme.payer.pk)]))
    assert response.status_code == 201
    said = response.json()
    assert response["Location"].endswith(f"{SWEEPS}/{said['id']}")
    assert client.get(response["Location"]).json() == said
    assert (said["name"], said["state"]) == ("Morning", "running")
    assert (said["facility"], said["payer_ids"]) == (str(acme.facility.pk), [str(acme.payer.pk)])
    assert (said["window_from"], said["schedule"]) == (acme.today.isoformat(), None)
    assert said["counts"] == {
        "roster": 2,
        "queued": 1,
        "submitted": 0,
        "received": 0,
        "failed": 0,
        "skipped": 1,
        "active": 0,
        "inactive": 0,
        "unknown": 0,
        "aaa_rejected": 0,
    }


def test_times_are_iso_8601_with_a_zone(acme: Practice, client: ApiClient) -> None:
    said = client.start(acme.scope()).json()
    for name in ("created_at", "started_at", "completed_at"):
        when = parse_datetime(said[name])
        assert when is not None
        assert when.utcoffset() == timedelta(0)


def test_a_sweep_is_made_by_the_tokens_owner(acme: Practice, client: ApiClient) -> None:
    said = client.start(acme.scope()).json()
    with acme.inside():
        assert SweepRun.objects.get(pk=said["id"]).created_by_id == acme.manager.pk


def test_the_units_bell_rings_after_the_commit_and_only_then(
    acme: Practice, client: ApiClient, bells: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client.start(acme.scope())
        assert bells == []
    assert bells == ["ring"]


def test_a_sweep_without_a_name_is_named_after_its_window(acme: Practice, client: ApiClient) -> None:
    scope = acme.scope()
    del scope["name"]
    assert client.start(scope).json()["name"] == f"Visits {scope['window_from']} to {scope['window_to']}"


def test_what_is_wrong_is_named_by_field(acme: Practice, elsewhere: Practice, client: ApiClient) -> None:
    with elsewhere.inside():
        foreign = FacilityFactory()
    day = acme.today
    cases: list[tuple[dict[str, Any], list[tuple[str, str]], str]] = [
        ({"window_from": "tomorrow"}, [("window_from", "invalid")], "invalid"),
        ({"window_to": None}, [("window_to", "null")], "invalid"),
        ({"name": ""}, [("name", "blank")], "invalid"),
        ({"name": "x" * 101}, [("name", "max_length")], "invalid"),
        ({"name": "a\x00b"}, [("name", "null_characters_not_allowed")], "invalid"),
        ({"payer_ids": "all"}, [("payer_ids", "not_a_list")], "invalid"),
        ({"payer_ids": [str(acme.payer.pk), "x"]}, [("payer_ids.1", "invalid")], "invalid"),
        ({"payer": str(acme.payer.pk)}, [("payer", "unknown_field")], "invalid"),
        ({"state": "completed"}, [("state", "unknown_field")], "invalid"),
        (
            {"window_to": (day - timedelta(days=1)).isoformat()},
            [("window_to", "window_backwards")],
            "window_backwards",
        ),
        (
            {"window_to": (day + timedelta(days=93)).isoformat()},
            [("window_to", "window_too_long")],
            "window_too_long",
        ),
        ({"payer_ids": [str(uuid4())]}, [("payer_ids", "unknown_payer")], "unknown_payer"),
        ({"facility": str(uuid4())}, [("facility", "unknown_facility")], "unknown_facility"),
        ({"facility": str(foreign.pk)}, [("facility", "unknown_facility")], "unknown_facility"),
    ]
    for changes, expected, code in cases:
        assert wrongs(client.start(acme.scope(**changes)), 400, code) == expected, changes
    assert acme.count(SweepRun) == 0


def test_all_wrong_fields_are_named_at_once(acme: Practice, client: ApiClient) -> None:
    found = wrongs(client.start({"window_from": "x", "colour": "red"}))
    assert sorted(found) == [
        ("colour", "unknown_field"),
        ("window_from", "invalid"),
        ("window_to", "required"),
    ]


def test_a_sweep_cannot_be_given_an_organization_or_an_author(
    acme: Practice, elsewhere: Practice, client: ApiClient
) -> None:
    foreign = {"organization": str(elsewhere.organization.pk), "created_by": str(elsewhere.manager.pk)}
    assert len(wrongs(client.start(acme.scope(**foreign)))) == 2
    assert acme.count(SweepRun) + elsewhere.count(SweepRun) == 0


# --- list -------------------------------------------------------------------------------------


def test_sweeps_are_listed_newest_first_and_filtered_by_state(acme: Practice, client: ApiClient) -> None:
    acme.visit()
    first, second = acme.sweep("First"), acme.sweep("Second")
    with acme.inside():
        cancel_run(first)
    names = [run["name"] for run in client.get(SWEEPS).json()["results"]]
    assert names == ["Second", "First"]
    assert ids(client.get(SWEEPS, {"state": "running"})) == [str(second.pk)]
    assert ids(client.get(SWEEPS, {"state": "cancelled"})) == [str(first.pk)]


def test_sweeps_are_filtered_by_schedule(acme: Practice, client: ApiClient) -> None:
    with acme.inside():
        schedule = SweepSchedule.objects.create(name="Nightly", cron="0 2 * * *", time_zone="UTC")
    acme.sweep("By hand")
    run = acme.sweep("Nightly")
    with acme.inside():
        SweepRun.objects.filter(pk=run.pk).update(schedule=schedule)
    assert ids(client.get(SWEEPS, {"schedule": str(schedule.pk)})) == [str(run.pk)]
    assert ids(client.get(SWEEPS, {"schedule": str(uuid4())})) == []


def test_a_filter_that_is_none_is_refused(client: ApiClient) -> None:
    assert wrongs(client.get(SWEEPS, {"state": "done"})) == [("state", "invalid_choice")]
    assert wrongs(client.get(SWEEPS, {"sate": "running"})) == [("sate", "unknown_field")]


def test_another_practices_sweeps_are_not_listed(acme: Practice, elsewhere: Practice) -> None:
    acme.sweep()
    assert ids(elsewhere.client().get(SWEEPS)) == []


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


# --- read and cancel --------------------------------------------------------------------------


def test_counts_follow_the_members(acme: Practice, client: ApiClient) -> None:
    ends = {
        "active": {"state": "received", "outcome": "active"},
        "inactive": {"state": "received", "outcome": "inactive"},
        "unknown": {"state": "received", "outcome": "unknown"},
        "aaa_rejected": {"state": "failed", "outcome": "aaa_rejected", "failure_reason": "75"},
        "submitted": {"state": "submitted"},
    }
    visits = {end: acme.visit() for end in ends}
    run = acme.sweep()
    for end, fields in ends.items():
        acme.settle(run, visits[end].patient_id, **fields)
    counts = client.get(f"{SWEEPS}/{run.pk}").json()["counts"]
    assert {name: n for name, n in counts.items() if n} == {
        "roster": 5,
        "received": 3,
        "failed": 1,
        **dict.fromkeys(ends, 1),
    }


def test_cancelling_skips_who_was_not_asked_and_twice_is_once(acme: Practice, client: ApiClient) -> None:
    acme.visit()
    run = acme.sweep()
    first = client.post(f"{SWEEPS}/{run.pk}/cancel")
    assert first.status_code == 200
    assert (first.json()["state"], first.json()["counts"]["skipped"]) == ("cancelled", 1)
    second = client.post(f"{SWEEPS}/{run.pk}/cancel")
    assert (second.status_code, second.json()) == (200, first.json())
    assert acme.count(SweepRunMember, failure_reason="Cancelled by operator") == 1


def test_a_sweep_that_is_over_cannot_be_cancelled(acme: Practice, client: ApiClient) -> None:
    run = acme.sweep()  # nobody on its roster
    problem(client.post(f"{SWEEPS}/{run.pk}/cancel"), 409, "not_open")


def test_reading_a_sweep_shows_nobodys_data_and_logs_none(acme: Practice, client: ApiClient) -> None:
    visit = acme.visit(last_name="Zzcanary")
    run = acme.sweep()
    response = client.get(f"{SWEEPS}/{run.pk}")
    assert b"Zzcanary" not in response.content
    assert str(visit.patient_id) not in response.content.decode()
    assert acme.count(ReadLog) == 0


def test_a_date_far_away_is_a_refusal_not_a_failure(acme: Practice, client: ApiClient) -> None:
    assert client.start(acme.scope(window_to=date.max.isoformat())).status_code == 400
    far = acme.scope(window_from=date.min.isoformat(), window_to=date.min.isoformat())
    assert client.start(far).status_code == 201
