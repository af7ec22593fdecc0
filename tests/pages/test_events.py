"""Events and the desk: what a connection's state is called, and that a paused payer is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from practice.tenancy import tenant
from tests.pages.test_transactions import World
from tests.pages.test_transactions import world as world  # noqa: PLC0414
from tradingpartners.models import TradingPartner, TransportLog
from tradingpartners.services import pausing

LIMITS = {
    "max_st_per_interchange": "100",
    "max_concurrent_files": "3",
    "response_sla": "24 h",
    "taken_sign": "gone",
    "taken_timeout": "30 min",
    "poll_interval": "1 min",
}


def call(world: World, error: str = "", *, minutes_ago: int = 0) -> None:
    with tenant(world.acme.pk):
        at = timezone.now() - timedelta(minutes=minutes_ago)
        TransportLog.objects.create(partner=world.partner, event="put", error=error, created_at=at)


# --- events -----------------------------------------------------------------------------------------


def state_of(manager: Client) -> str:
    html = manager.get("/events/").content.decode()
    return html.split('data-label="State"')[1].split("</td>")[0]


def test_one_time_out_is_no_failing_connection(manager: Client, world: World) -> None:
    call(world)
    call(world, "timeout")
    assert "One call failed" in state_of(manager) and "Failing" not in state_of(manager)


def test_a_single_failure_is_over_by_itself(manager: Client, world: World) -> None:
    call(world, "timeout", minutes_ago=16)
    assert "Working" in state_of(manager)


def test_a_connection_fails_by_its_share_of_the_last_calls(manager: Client, world: World) -> None:
    for error in ("", "timeout", "", "timeout", "timeout"):
        call(world, error, minutes_ago=20)
    assert "Failing" in state_of(manager) and "No answer came in time" in state_of(manager)
    for _ in range(3):
        call(world)
    assert "Working" in state_of(manager)


def test_failures_of_long_ago_do_not_count(manager: Client, world: World) -> None:
    for _ in range(3):
        call(world, "timeout", minutes_ago=61)
    assert "Working" in state_of(manager)


def test_a_paused_poller_is_not_working(manager: Client, world: World) -> None:
    call(world)
    with tenant(world.acme.pk):
        pausing.pause_poller(world.partner, reason="They asked us to")
    state = state_of(manager)
    assert "Not fetching" in state and "chip-needs-you" in state and "Working" not in state
    connection = manager.get(f"/trading-partners/{world.partner.pk}/").content.decode()
    assert "Not fetching" in connection and ">Working<" not in connection


def test_a_connection_says_why_its_poller_is_paused(manager: Client, world: World) -> None:
    call(world)
    path = f"/trading-partners/{world.partner.pk}/"
    manager.post(f"{path}poller/", {"reason": "They <rebuild> the outbox"})
    manager.post(f"{path}poller/")
    manager.post(f"{path}poller/", {"reason": "Their host key changed"})
    manager.post(f"{path}limits/", LIMITS)
    for shown in (manager.get(path).content.decode(), state_of(manager)):
        assert "Not fetching" in shown and "the poller is paused: Their host key changed" in shown
        assert "rebuild" not in shown
    with tenant(world.acme.pk):
        assert TradingPartner.objects.get().max_concurrent_files == 3
        pausing.pause_partner(world.partner, reason="Maintenance")
    for shown in (manager.get(path).content.decode(), state_of(manager)):
        assert "Maintenance" in shown and "the poller is paused: Their host key changed" in shown
    manager.post(f"{path}poller/")
    assert "Their host key changed" not in manager.get(path).content.decode()


def test_a_poller_paused_without_a_reason_is_just_paused(manager: Client, world: World) -> None:
    with tenant(world.acme.pk):
        TradingPartner.objects.update(poller_paused=True)
    assert "the poller is paused." in state_of(manager)


# --- the desk ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", ["payer", "partner"])
def test_the_desk_is_told_of_a_paused_payer(desk: Client, world: World, whole: str) -> None:
    words = f"{world.payer.name} is paused"
    assert words not in desk.get("/").content.decode()
    with tenant(world.acme.pk):
        if whole == "payer":
            pausing.pause_payer(world.payer, reason="Down", resumes_at=timezone.now() + timedelta(hours=2))
        else:
            pausing.pause_partner(world.partner, reason="Maintenance")
    html = desk.get("/").content.decode()
    assert words in html and "its patients are not asked" in html
    with tenant(world.acme.pk):
        if whole == "payer":
            pausing.resume_payer(world.payer, reason="Up again")
        else:
            pausing.resume_partner(TradingPartner.objects.get(), reason="Done")
    assert words not in desk.get("/").content.decode()
