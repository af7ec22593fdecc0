"""Two people change one connection at the same moment: what either of them entered stays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.api.conftest import ApiClient, Practice
from tests.api.test_gateway import send
from tests.factories import PartnerFactory
from tests.pages.conftest import signed_in
from tradingpartners.models import TradingPartner

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]

URL = "https://edi.example.com/x12"
Door = Callable[[ApiClient, Any, TradingPartner], int]


def by_program(client: ApiClient, page: Any, partner: TradingPartner) -> int:
    path = f"/trading-partners/{partner.pk}"
    return int(send(client, "patch", path, {"credentials": {"password": "new"}}).status_code)


def by_page(client: ApiClient, page: Any, partner: TradingPartner) -> int:
    given = {"url": URL, "envelope": "plain", "password": "new"}
    return int(page.post(f"/trading-partners/{partner.pk}/connection/", given).status_code)


def wait_for_us(change: Future[int]) -> None:
    """Until the change waits for a row that this transaction holds, or is over."""
    blocked = (
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
        " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    )
    with connection.cursor() as cursor:
        while not change.done():
            cursor.execute(blocked)
            if cursor.fetchone()[0]:
                return


@pytest.mark.parametrize(("door", "status"), [(by_program, 200), (by_page, 302)])
def test_credentials_changed_at_one_moment_by_two_are_both_kept(door: Door, status: int) -> None:
    acme = Practice("Acme Family Medicine", "sam")
    client, page = acme.client(), signed_in(acme.manager)
    with acme.inside():
        partner = PartnerFactory(settings={"url": URL})

    def change() -> int:
        try:
            return door(client, page, partner)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with acme.inside():
            mine = TradingPartner.objects.select_for_update().get(pk=partner.pk)
            other = pool.submit(change)
            wait_for_us(other)
            mine.take_credentials({"username": "new", "password": "p"}, now=timezone.now())
            mine.save(update_fields=["credentials", "credentials_changed_at"])
        assert other.result() == status
    with acme.inside():
        kept = TradingPartner.objects.get(pk=partner.pk).credentials
    assert kept == {"username": "new", "password": "new"}
