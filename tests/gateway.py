"""Drive the gateway in a test as the workers do, one unit after another, in this process."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import connection

from practice.models import Organization
from practice.tenancy import tenant
from sweeps import services
from tradingpartners.admission import shared
from tradingpartners.models import Payer
from tradingpartners.services import claiming, inbound, overdue, sending


def work() -> int:
    """Send every unit that may go now, and complete the runs that are done; returns units sent."""
    sent = 0
    for queue in claiming.queues():
        while (claim := claiming.claim_next(queue)) is not None:
            sending.send(claim)
            sent += 1
    for organization_id in inbound.organizations_waiting(older_than_seconds=-60):
        inbound.read_waiting(organization_id, older_than_seconds=-60)
    for organization_id, run_id in services.open_runs():
        services.follow_and_complete(organization_id, run_id)
    return sent


def work_until_quiet() -> None:
    """Also what is due only later: time is the rows', so it is moved there."""
    for _ in range(20):
        if not work() and not bring_forward():
            return
    raise AssertionError("the gateway never came to rest")


def bring_forward() -> int:
    """Make every waiting unit due (in a test's one transaction the database's clock stands still), but
    for those of a partner that refuses us."""
    return _bring_forward("waits_for <> 'partner_refuses'")


def try_the_key_again() -> int:
    """Let the time pass after which one unit tries whether a partner still refuses us."""
    return _bring_forward("waits_for = 'partner_refuses'")


def _bring_forward(which: str) -> int:
    moved = 0
    for organization in _organizations():
        with tenant(organization), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tradingpartners_dispatch SET due_at = now()"
                f" WHERE state = 'ready' AND due_at > now() AND {which}"
            )
            moved += cursor.rowcount
    return moved


def let_a_minute_pass() -> None:
    """And more, for what counts starts; the app itself may not change its logs."""
    for organization in _organizations():
        with tenant(organization), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE")
            cursor.execute(
                "UPDATE tradingpartners_transportlog SET created_at = created_at - interval '2 min'"
            )
            cursor.execute("UPDATE tradingpartners_dispatch SET lease_until = lease_until - interval '2 min'")
            cursor.execute(f"SET LOCAL ROLE {settings.APP_ROLE}")


def end_open_times() -> None:
    """Every breaker that is open has been so for its time; Redis's clock is its own."""
    client = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    for payer_id in Payer.objects.values_list("pk", flat=True):
        key = shared.breaker_key(payer_id)
        if client.hget(key, "state") == "open":
            client.hset(key, "open_until", 0)


def pass_the_sla() -> None:
    """Let every partner's time for an answer have passed."""
    for organization in _organizations():
        with tenant(organization), connection.cursor() as cursor:
            cursor.execute("UPDATE tradingpartners_tradingpartner SET response_sla = '0 s'")
        overdue.fail_overdue(organization)
    for organization_id, run_id in services.open_runs():
        services.follow_and_complete(organization_id, run_id)


def _organizations() -> list:
    from practice.tenancy import dispatcher

    with dispatcher():
        return list(Organization.objects.values_list("id", flat=True))
