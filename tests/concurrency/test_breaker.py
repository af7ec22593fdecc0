"""The breaker across processes: how many calls reach a payer that is dead, and how many try it again."""

from __future__ import annotations

import multiprocessing
import os
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from tradingpartners.admission.shared import SharedBook
from tradingpartners.admission.values import Ask, Change, Grant, Limits, Verdict
from tradingpartners.models import Lane

pytestmark = pytest.mark.concurrency

PROCESSES = 12
LIMITS = Limits(
    failures_in_a_row=5,
    failure_rate=0.5,
    window=30.0,
    minimum_calls=10,
    open_time=0.5,
    slow_after=6.0,
    lease=13.0,
    connections=20,
    rate=1e6,
    retry_share=0.1,
    retry_floor=30,
)
FORK = multiprocessing.get_context("fork")


def book() -> SharedBook:
    """Of this process: it opens a connection of its own."""
    return SharedBook(settings.REDIS_URL, process=str(os.getpid()))


def call_until(payer_id: UUID, verdict: Verdict, seconds: float, stop: float, start: Any, out: Any) -> None:
    """One process: calls the payer whenever it may, and tells when, and in which era, it did."""
    own, reached = book(), []
    start.wait()
    end = time.monotonic() + stop
    while time.monotonic() < end:
        grant = own.admit(Ask(payer_id, Lane.LIVE, UUID(int=1), uuid4().hex), LIMITS)
        if isinstance(grant, Grant):
            reached.append(grant.era)
            time.sleep(0.05)
            own.done(grant, LIMITS, verdict, seconds)
        else:
            time.sleep(0.02)
    out.put(reached)


def calls_of_many(verdict: Verdict, *, seconds: float, stop: float) -> tuple[list[int], list[Change]]:
    """The eras of the calls that reached the payer from all processes, and its breaker's moves."""
    payer_id, start, out = uuid4(), FORK.Barrier(PROCESSES), FORK.Queue()
    arguments = (payer_id, verdict, seconds, stop, start, out)
    processes = [FORK.Process(target=call_until, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    try:
        eras = [era for _ in processes for era in out.get(timeout=60)]
    finally:
        for process in processes:
            process.join(5)
            process.kill()
    changes = book().changes()
    moves = [change for change in changes if change.payer_id == payer_id]
    book().forget(moves)
    return eras, moves


def test_fault_43_half_open_storm() -> None:
    """Twelve processes at a dead payer: two trials each time its breaker was open, not twelve."""
    eras, moves = calls_of_many(Verdict.FAILED, seconds=0.1, stop=4.0)
    trials = [change for change in moves if change.state == "half_open"]
    assert len(trials) >= 2
    later = [era for era in eras if era > 0]
    assert max(later.count(era) for era in set(later)) <= 2
    # What opens it is counted together: five failures of all, and what was under way by then.
    assert eras.count(0) <= 5 + PROCESSES
    assert len(eras) <= 30


def test_a_payer_that_only_answers_slowly_is_cut_off_by_all_processes_together() -> None:
    eras, moves = calls_of_many(Verdict.GOOD, seconds=7.0, stop=1.0)
    assert (moves[0].state, moves[0].reason) == ("open", "slow_rate")
    assert eras.count(0) <= 10 + PROCESSES
