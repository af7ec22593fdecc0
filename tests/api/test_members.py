"""Whom a sweep asked about, whom it could not settle, and who needs a person."""

from __future__ import annotations

from typing import Any

import pytest

from eligibility.models import ExceptionCase
from practice.models import ReadLog
from sweeps.models import SweepRun
from tests.api.conftest import CASES, SWEEPS, ApiClient, Practice, wrongs

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(acme: Practice) -> SweepRun:
    """Alice is active, Bobby was rejected, Carla has no insurance, Dan is not asked about yet."""
    alice = acme.visit(first_name="Alice", mrn="A-1", hour=13)
    bobby = acme.visit(first_name="Bobby", mrn="A-2", hour=14)
    acme.visit(first_name="Carla", mrn="A-3", hour=15, covered=False)
    acme.visit(first_name="Dan", mrn="A-4", hour=16)
    run = acme.sweep()
    acme.settle(run, alice.patient_id, state="received", outcome="active")
    acme.settle(run, bobby.patient_id, state="failed", outcome="aaa_rejected", failure_reason="75: not found")
    return run


def rows(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def names(response: Any) -> list[str]:
    return [row["patient"]["name"].split()[0] for row in rows(response)]


def test_members_come_in_the_order_of_their_visits(client: ApiClient, run: SweepRun) -> None:
    assert names(client.get(f"{SWEEPS}/{run.pk}/members")) == ["Alice", "Bobby", "Carla", "Dan"]


def test_a_member_says_who_what_and_how_it_ended(acme: Practice, client: ApiClient, run: SweepRun) -> None:
    _, bobby, carla, _ = rows(client.get(f"{SWEEPS}/{run.pk}/members"))
    assert {"id", "patient"} < set(bobby)
    assert bobby["patient"] | {"id": ""} == {
        "id": "",
        "mrn": "A-2",
        "name": "Bobby Ames",
        "birth_date": "1984-05-17",
    }
    assert bobby["payer"] == {"id": str(acme.payer.pk), "name": "Example Blue"}
    assert bobby["service_date"] == acme.tomorrow.isoformat()
    assert (bobby["state"], bobby["outcome"], bobby["failure_reason"]) == (
        "failed",
        "aaa_rejected",
        "75: not found",
    )
    assert (carla["payer"], carla["outcome"]) == (None, None)
    assert carla["failure_reason"] == "No active coverage on the service date"


def test_members_are_filtered_by_state_and_outcome(client: ApiClient, run: SweepRun) -> None:
    members = f"{SWEEPS}/{run.pk}/members"
    assert names(client.get(members, {"state": "skipped"})) == ["Carla"]
    assert names(client.get(members, {"outcome": "active"})) == ["Alice"]
    assert names(client.get(members, {"state": "queued", "outcome": "active"})) == []
    assert wrongs(client.get(members, {"outcome": "ready"})) == [("outcome", "invalid_choice")]


def test_exceptions_are_the_failed_and_the_skipped_with_the_desks_words(
    client: ApiClient, run: SweepRun
) -> None:
    bobby, carla = rows(client.get(f"{SWEEPS}/{run.pk}/exceptions"))
    assert (bobby["patient"]["mrn"], bobby["advice"]["word"]) == ("A-2", "Needs you")
    assert (carla["patient"]["mrn"], carla["state"]) == ("A-3", "skipped")
    assert carla["advice"] == {
        "word": "Needs you",
        "what": "No insurance on file for the visit date.",
        "todo": "Ask the patient for their insurance card and add the coverage.",
        "fixer": "intake",
    }
    assert names(client.get(f"{SWEEPS}/{run.pk}/exceptions", {"state": "failed"})) == ["Bobby"]


def test_open_cases_are_listed_by_visit_with_the_desks_words(
    acme: Practice, client: ApiClient, run: SweepRun
) -> None:
    later = acme.visit(first_name="Eve", hour=18, covered=False)
    sooner = acme.visit(first_name="Finn", hour=9, covered=False)
    acme.sweep("Noon")
    found = rows(client.get(CASES))
    assert [row["patient"]["name"] for row in found] == ["Finn Ames", "Carla Ames", "Eve Ames"]
    assert found[0]["visit"]["id"] == str(sooner.pk)
    assert found[2]["visit"]["starts_at"] == f"{later.starts_at:%Y-%m-%dT%H:%M:%SZ}"
    assert (found[0]["cause"], found[0]["rejection_code"]) == ("no_coverage", None)
    assert found[0]["advice"]["word"] == "Needs you"
    assert names(client.get(CASES, {"cause": "not_active"})) == []


def test_a_cleared_case_is_not_listed(acme: Practice, client: ApiClient, run: SweepRun) -> None:
    with acme.inside():
        ExceptionCase.objects.update(state="cleared")
    assert rows(client.get(CASES)) == []


@pytest.mark.parametrize("part", ["members", "exceptions"])
def test_whose_data_was_shown_is_logged_with_the_reader(
    acme: Practice, client: ApiClient, run: SweepRun, part: str
) -> None:
    shown = {row["patient"]["id"] for row in rows(client.get(f"{SWEEPS}/{run.pk}/{part}"))}
    with acme.inside():
        (read,) = ReadLog.objects.all()
    assert set(read.patient_ids) == shown
    assert read.created_by_id == acme.manager.pk
    assert read.what == f"api.sweeps.{part.title()}"


def test_a_read_of_cases_is_logged_and_a_refused_one_is_not(
    acme: Practice, client: ApiClient, run: SweepRun
) -> None:
    client.get(CASES, {"limit": 0})
    assert acme.count(ReadLog) == 0
    client.get(CASES)
    assert acme.count(ReadLog, what="api.sweeps.Cases") == 1
