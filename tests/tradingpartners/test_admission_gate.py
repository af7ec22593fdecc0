"""The gate in front of the payers while Redis is away: never without a limit, never in the way."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings

from practice.rows import uuid7
from tests.factories import PayerFactory
from tradingpartners.admission import Admitted, Gate, Refusal, Refused, Verdict
from tradingpartners.admission.local import LocalBook
from tradingpartners.admission.shared import SharedBook
from tradingpartners.models import Lane, Payer

ACME = UUID(int=1)


class Redis:
    """A way to the real Redis that can be closed and opened again."""

    def __init__(self) -> None:
        self.book = SharedBook(settings.REDIS_URL, process="one")
        self.now = 1000.0
        self.gate = Gate(self.book, LocalBook(), clock=lambda: self.now)

    def go_away(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        self._reach(f"redis://127.0.0.1:{port}/0")

    def come_back(self) -> None:
        self._reach(settings.REDIS_URL)

    def _reach(self, url: str) -> None:
        self.book._url = url
        for cached in ("_redis", "_script"):
            vars(self.book).pop(cached, None)


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.come_back()
    server.book.forget(server.book.changes())


@pytest.fixture
def payer() -> Payer:
    return PayerFactory.build(id=uuid7(), breaker_open_time=timedelta(seconds=30))


def admit(server: Redis, payer: Payer, lane: Lane = Lane.LIVE) -> Admitted | Refused:
    return server.gate.admit(payer, lane, ACME)


def granted(server: Redis, payer: Payer, times: int = 40) -> list[Admitted]:
    answers = [admit(server, payer) for _ in range(times)]
    return [answer for answer in answers if isinstance(answer, Admitted)]


def test_without_redis_each_process_keeps_to_its_part_of_the_payers_slots(
    redis_server: Redis, payer: Payer
) -> None:
    with closing(SharedBook(settings.REDIS_URL, process="two")._redis):
        granted(redis_server, payer, times=1)
    processes = redis_server.book.processes
    redis_server.go_away()
    assert len(granted(redis_server, payer)) == max(1, 20 // processes)


def test_where_redis_never_spoke_several_processes_are_reckoned_with(
    redis_server: Redis, payer: Payer
) -> None:
    redis_server.go_away()
    assert len(granted(redis_server, payer)) == 2


def test_without_redis_a_dead_payer_is_still_cut_off(redis_server: Redis, payer: Payer) -> None:
    redis_server.go_away()
    for _ in range(5):
        (call,) = granted(redis_server, payer, times=1)
        call.done(Verdict.FAILED, 1.0)
    answer = admit(redis_server, payer)
    assert isinstance(answer, Refused) and answer.code == Refusal.BREAKER
    assert [change.state for change in redis_server.gate.changes()] == ["open"]


def test_sweeps_pause_after_a_minute_without_redis_and_people_are_served(
    redis_server: Redis, payer: Payer
) -> None:
    redis_server.go_away()
    assert isinstance(admit(redis_server, payer, Lane.BATCH), Admitted)
    redis_server.now += 61
    answer = admit(redis_server, payer, Lane.BATCH)
    assert isinstance(answer, Refused) and answer.code == Refusal.REDIS_AWAY
    assert isinstance(admit(redis_server, payer), Admitted)


def test_redis_is_used_again_when_it_is_back(redis_server: Redis, payer: Payer) -> None:
    redis_server.go_away()
    admit(redis_server, payer)
    redis_server.now += 61
    redis_server.come_back()
    assert isinstance(admit(redis_server, payer, Lane.BATCH), Admitted)
    assert len(granted(redis_server, payer)) == 20


def test_a_call_admitted_by_a_redis_that_is_gone_ends_in_peace(redis_server: Redis, payer: Payer) -> None:
    (call,) = granted(redis_server, payer, times=1)
    redis_server.go_away()
    call.done(Verdict.FAILED, 1.0)
    assert isinstance(admit(redis_server, payer), Admitted)


def test_a_redis_that_is_away_is_logged_once_and_names_nobody(
    redis_server: Redis, payer: Payer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.go_away()
    with caplog.at_level(logging.DEBUG):
        granted(redis_server, payer)
        redis_server.now += 2
        redis_server.come_back()
        granted(redis_server, payer)
    ours = [record.message for record in caplog.records if record.name.startswith("tradingpartners")]
    assert ours == [
        "admission under local limits: error=ConnectionError",
        "admission shared again",
    ]


def test_a_call_that_breaks_gives_its_slot_back_uncounted(redis_server: Redis, payer: Payer) -> None:
    payer.live_connections = 1
    for _ in range(9):
        answer = admit(redis_server, payer)
        assert isinstance(answer, Admitted)
        with pytest.raises(ZeroDivisionError), answer:
            raise ZeroDivisionError
    assert redis_server.gate.changes() == []


def test_what_is_reported_twice_counts_once(redis_server: Redis, payer: Payer) -> None:
    for _ in range(4):
        answer = admit(redis_server, payer)
        assert isinstance(answer, Admitted)
        for _ in range(3):
            answer.done(Verdict.FAILED, 1.0)
    assert isinstance(admit(redis_server, payer), Admitted)
