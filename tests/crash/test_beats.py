"""Real beats and a real worker: two beats make one run, and a beat that was dead makes one when back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.crash.servers import ROOT, own_servers

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("crash")]
PATIENCE_SECONDS = 90

MAKE_SCHEDULE = """
from practice.models import Organization
from practice.rows import uuid7
from practice.tenancy import tenant
from sweeps.schedules import save_schedule
pk = uuid7()
with tenant(pk):
    Organization.objects.create(id=pk, name="Acme", npi="1234567893", is_demo=True)
    save_schedule(schedule=None, name="Nightly", cron="0 0 1 1 *", time_zone="UTC", facility=None,
        payer_ids=[], window_start=0, window_end=1)
"""


@contextmanager
def process(environment: dict[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    tick = threading.Event()
    while not done():
        assert time.monotonic() < until, "it did not happen in time"
        tick.wait(0.3)


def test_two_beats_make_one_run_and_a_dead_beats_fire_is_made_up_once() -> None:
    with own_servers(6) as environment:
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", MAKE_SCHEDULE],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:

            def falls_due(cron: str, moment: datetime) -> None:
                database.execute(
                    "UPDATE sweeps_sweepschedule SET cron = %s, next_fire_at = %s", [cron, moment]
                )

            def runs() -> list[Any]:
                return database.execute("SELECT fire_at, state FROM sweeps_sweeprun").fetchall()

            beat = ("-m", "celery", "-A", "config", "beat", "--max-interval", "2")
            noted = ("-s", "/dev/null", "--", "beat.sync_every=1")  # each ring is in its row at once
            worker = ("-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "4")
            first = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
            falls_due(f"{first.minute} {first.hour} * * *", first)
            with process(environment, *worker, "-Q", "control,inbound"):
                with (
                    process(environment, *beat, *noted) as one,
                    process(environment, *beat, *noted) as two,
                ):
                    wait_until(lambda: len(runs()) == 1)
                    ticks_seen(database, 3)
                    assert runs() == [(first, "completed")]
                    for each in (one, two):
                        each.kill()
                # Both are dead while the next fire time comes and goes.
                second = first + timedelta(minutes=1)
                falls_due(f"{second.minute} {second.hour} * * *", second)
                with process(environment, *beat, *noted):
                    wait_until(lambda: len(runs()) == 2)
                    ticks_seen(database, 3)
            assert sorted(runs()) == [(first, "completed"), (second, "completed")]


def ticks_seen(database: psycopg.Connection[Any], number: int) -> None:
    """Wait for beats to ring the tick so many times more."""

    def rung() -> int:
        row = database.execute(
            "SELECT total_run_count FROM django_celery_beat_periodictask WHERE name = 'tick'"
        ).fetchone()
        return int(row[0]) if row else 0

    enough = rung() + number
    wait_until(lambda: rung() >= enough)
