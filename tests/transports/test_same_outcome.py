"""One population asked in four ways: however a payer is reached, its members end alike."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from practice.models import Organization
from practice.tenancy import tenant
from sweeps.demo import practice
from sweeps.models import SweepRun, SweepRunMember
from sweeps.services import create_run
from tests.gateway import bring_forward, pass_the_sla, work
from tests.simulator.driving import Simulator, start
from tradingpartners.models import Route, TradingPartner
from tradingpartners.services import inbound, polling
from tradingpartners.simulator.population import make_population
from tradingpartners.transports import availity

pytestmark = pytest.mark.django_db

Outcome = dict[tuple[str, str], tuple[str, str]]
KINDS = ("stedi", "stedi_batch", "availity")
# Availity says of an outage that the payer was not reached, without the payer's code.
_OUTAGES = {"42", "80", ""}


@pytest.fixture(scope="module")
def population() -> dict[str, Any]:
    today = timezone.now().date()
    return make_population(members=60, seed=7, today=today, window_days=7)


@pytest.fixture
def simulator(tmp_path: Path, population: dict[str, Any]) -> Iterator[Simulator]:
    path = tmp_path / "population.json"
    path.write_text(json.dumps(population), encoding="utf-8")
    running = start(
        tmp_path,
        path,
        *("--delay-ms", "1", "--file-delay-ms", "20", "--hold-seconds", "0.2", "--batch-delay-ms", "50"),
    )
    yield running
    running.stop()


def connect(kind: str, ready: dict[str, Any]) -> dict[str, Any]:
    if kind == "availity":
        told = ready["availity"]
        return {
            "settings": {"url": told["url"]},
            "credentials": {"client_id": told["client_id"], "client_secret": told["client_secret"]},
        }
    return {"settings": {"url": ready["stedi"]["url"]}, "credentials": {"api_key": ready["stedi"]["key"]}}


def ask_everybody(home: Organization, population: dict[str, Any]) -> Outcome:
    with tenant(home.pk):
        today = timezone.now().date()
        run = create_run(
            name="All", window_from=today - timedelta(days=1), window_to=today + timedelta(days=8)
        )
    for _ in range(60):
        bring_forward()
        work()
        look(home)
        with tenant(home.pk):
            if SweepRun.objects.get(pk=run.pk).state == "completed":
                break
        time.sleep(0.05)  # the simulated payers' own time
    else:
        pass_the_sla()
        work()
    with tenant(home.pk):
        members = SweepRunMember.objects.filter(run=run, eligibility_check__isnull=False)
        found = members.select_related("patient", "coverage", "eligibility_check")
        return {
            (each.patient.mrn, each.coverage.subscriber_id): (
                each.eligibility_check.status,
                each.eligibility_check.error_code,
            )
            for each in found
        }


def look(home: Organization) -> None:
    with tenant(home.pk):
        partners = TradingPartner.objects.filter(is_active=True)
        partners.update(poll_due_at=timezone.now() - timedelta(hours=1))
        ids = [each.pk for each in partners if each.is_polled]
    for partner_id in ids:
        deliveries, _ = polling.poll(home.pk, partner_id)
        if deliveries:
            inbound.read_deliveries(home.pk, deliveries)


def test_a_sweep_ends_alike_however_its_payers_are_reached(
    simulator: Simulator, population: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice, "_logins", lambda organization: {})
    monkeypatch.setattr(availity, "_WAIT_SECONDS", (0.02,))
    outcomes: dict[str, Outcome] = {}
    for kind in ("x12", *KINDS):
        home, _ = practice.load(population, simulator.ready)
        with tenant(home.pk):
            if kind != "x12":
                one = TradingPartner.objects.first()
                partner = TradingPartner.objects.create(
                    name=kind,
                    code=kind,
                    transport=kind,
                    sender_id=one.sender_id,
                    receiver_id=kind.upper(),
                    trace_originator=one.trace_originator,
                    response_sla=timedelta(minutes=5),
                    **connect(kind, simulator.ready),
                )
                Route.objects.update(partner=partner)
        outcomes[kind] = ask_everybody(home, population)
    expected = outcomes["x12"]
    assert len(expected) > 50
    assert {status for status, _ in expected.values()} == {"Active", "Inactive", "Error", "Unknown"}
    for kind in KINDS:
        different = {
            member: (expected[member], said)
            for member, said in outcomes[kind].items()
            if said != expected[member] and not is_outage(said, expected[member])
        }
        assert (kind, different, outcomes[kind].keys() ^ expected.keys()) == (kind, {}, set())


def is_outage(said: tuple[str, str], expected: tuple[str, str]) -> bool:
    return said[0] == expected[0] == "Unknown" and {said[1], expected[1]} <= _OUTAGES
