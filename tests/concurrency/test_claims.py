"""Real transactions on several connections: one unit, one number, one run, however many ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from practice.tenancy import tenant
from sweeps import schedules
from sweeps.models import SweepRun, SweepSchedule
from tests.payers import scripted_payer
from tests.sweeps.conftest import Acme
from tradingpartners.services import claiming
from tradingpartners.services.interchanges import reserve_control_number

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def acme() -> Iterator[Acme]:
    with scripted_payer() as server:
        yield Acme(server)


def at_once(deed: Callable[[], Any], times: int = 8) -> list[Any]:
    def once(_: int) -> Any:
        try:
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(once, range(times)))


def test_a_unit_is_claimed_by_one_of_many(acme: Acme) -> None:
    acme.visit()
    acme.sweep()
    claims = at_once(lambda: claiming.claim_next(f"payer.{acme.payer.pk}"))
    assert len([claim for claim in claims if claim]) == 1


def test_the_payers_limit_holds_across_workers(acme: Acme) -> None:
    acme.payer.batch_connections = 2
    acme.payer.save()
    for _ in range(4):
        acme.visit()
        acme.sweep(days=1)
    claims = at_once(lambda: claiming.claim_next(f"payer.{acme.payer.pk}"))
    assert len([claim for claim in claims if claim]) == 2


def test_control_numbers_reserved_at_once_do_not_repeat(acme: Acme) -> None:
    def reserve() -> tuple[int, int]:
        with tenant(acme.organization.pk):
            return reserve_control_number(acme.partner.pk)

    assert sorted(at_once(reserve)) == [(number, 1) for number in range(1, 9)]


def test_bells_at_once_make_one_run(acme: Acme) -> None:
    with acme.inside():
        schedule = schedules.save_schedule(
            schedule=None,
            name="Nightly",
            cron="* * * * *",
            time_zone="UTC",
            facility=None,
            payer_ids=[],
            window_start=0,
            window_end=7,
        )
        moment = timezone.now().replace(second=0, microsecond=0)
        SweepSchedule.objects.update(next_fire_at=moment)
    at_once(lambda: schedules.fire(acme.organization.pk, schedule.pk))
    with acme.inside():
        assert list(SweepRun.objects.values_list("fire_at", flat=True)) == [moment]
