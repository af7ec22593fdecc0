"""A started sweep does not wait for the tick."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Practice
from tradingpartners import tasks
from tradingpartners.models import Dispatch

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


def test_a_started_sweep_wakes_the_workers_of_its_payer(
    acme: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks, "ring", lambda *_, queue: rung.append(queue))
    monkeypatch.setattr(tasks, "listen", lambda *_: None)
    acme.visit()
    assert acme.client().start(acme.scope()).status_code == 201
    assert rung == [f"payer.{acme.payer.pk}"]
    assert acme.count(Dispatch, rung_at__isnull=False) == 1


def test_a_sweep_stands_though_its_bell_cannot_ring(acme: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(tasks, "ring", broken)
    monkeypatch.setattr(tasks, "listen", broken)
    acme.visit()
    response = acme.client().start(acme.scope())
    assert response.status_code == 201
    assert acme.client().get(response["Location"]).json()["counts"]["queued"] == 1
