"""A sweep to a partner with published limits, by real workers, judged by the partner's own book."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import pytest
from django.db import connection

from coverage.models import Coverage
from practice.bulk import insert_rows
from practice.models import Appointment, Patient
from sweeps.models import SweepRun
from tests import payers
from tests.gateway import pass_the_sla
from tests.payers import scripted_payer
from tests.tradingpartners.conftest import FileAcme
from tests.tradingpartners.recording_sftp import RecordingPartner
from tradingpartners.models import Transaction
from tradingpartners.services import claiming, inbound, polling, sending

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]

MEMBERS = 3_500
SILENT, UNKNOWN = 700, 90  # every so many members get no answer, or AAA 75


def of_member(question: payers.Question) -> list[str] | None:
    number = int(question.subscriber[9][1:])
    if number % SILENT == 0:
        return None
    if number % UNKNOWN == 0:
        return payers.rejection(question, "75")
    return payers.answer(question)


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[RecordingPartner]:
    server = RecordingPartner(tmp_path, keep_seconds=3.0, answer=of_member)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def acme(partner: RecordingPartner) -> Iterator[FileAcme]:
    with scripted_payer() as server:
        yield FileAcme(
            server,
            partner,
            max_st_per_interchange=1_000,
            max_interchanges_per_minute=6,
            max_concurrent_files=1,
            poll_interval=timedelta(seconds=0.3),
        )


def roster(acme: FileAcme, members: int) -> None:
    """As many patients with a visit tomorrow, each with a name of the same kind."""
    day = acme.today + timedelta(days=1)
    with acme.inside():
        people = [
            Patient(mrn=f"B-{n}", first_name="Alice", last_name=f"Ames{n}", birth_date=date(1984, 5, 17))
            for n in range(1, members + 1)
        ]
        insert_rows(Patient, people)
        insert_rows(
            Coverage,
            [
                Coverage(
                    patient=person,
                    insurance_plan=acme.plan,
                    subscriber_id=f"M{n:08d}",
                    subscriber_first_name=person.first_name,
                    subscriber_last_name=person.last_name,
                    subscriber_date_of_birth=person.birth_date,
                    relationship_to_subscriber="self",
                    effective_date=date(2020, 1, 1),
                )
                for n, person in enumerate(people, 1)
            ],
        )
        starts = datetime.combine(day, clock_time(15), UTC)
        insert_rows(
            Appointment,
            [
                Appointment(patient=person, facility=acme.facility, service_date=day, starts_at=starts)
                for person in people
            ],
        )


@contextmanager
def working(acme: FileAcme, workers: int) -> Iterator[list[BaseException]]:
    """Workers that claim whatever may go, and a poller, until the block ends."""
    stop, wrong = threading.Event(), list[BaseException]()
    queue = f"partner.{acme.partner.pk}"

    def send() -> None:
        claim = claiming.claim_next(queue)
        if claim is not None:
            sending.send(claim)

    def poll() -> None:
        deliveries, _ = polling.poll(acme.organization.pk, acme.partner.pk)
        inbound.read_deliveries(acme.organization.pk, deliveries)

    def go_on(deed: Callable[[], None]) -> None:
        try:
            while not stop.wait(0.02):
                deed()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go_on, args=[deed]) for deed in [poll, *[send] * workers]]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def wait_for(condition: Callable[[], bool], wrong: list[BaseException], *, seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert not wrong
        assert time.monotonic() < until, "not done in time"
        time.sleep(0.1)


def open_members(acme: FileAcme, run: SweepRun) -> int:
    counts = acme.read(run)
    return int(counts.queued + counts.submitted)


def test_batch_limits_hold_for_a_sweep_of_3500_whoever_works(
    acme: FileAcme, partner: RecordingPartner
) -> None:
    roster(acme, MEMBERS)
    run = acme.sweep()
    silent = MEMBERS // SILENT
    with working(acme, workers=4) as wrong:
        wait_for(lambda: open_members(acme, run) == silent, wrong)
    # 4 interchanges, never two at once, never more than 6 starts in a minute: by the partner's book
    assert [len(each.traces) for each in partner.starts] == [1_000, 1_000, 1_000, 500]
    assert partner.rejected == []
    times = [each.at for each in partner.starts]
    assert (
        min(after - before for before, after in zip(times, times[1:], strict=False)) >= partner.keep_seconds
    )
    assert partner.most_starts_in(60) <= 6
    assert [each.control_number for each in partner.starts] == [f"{n:09d}" for n in range(1, 5)]
    # every trace is answered or explained
    pass_the_sla()
    counts = acme.read(run)
    rejected = sum(1 for n in range(1, MEMBERS + 1) if n % UNKNOWN == 0 and n % SILENT)
    assert (counts.active, counts.aaa_rejected) == (MEMBERS - rejected - silent, rejected)
    assert (counts.failed, counts.state) == (rejected + silent, "completed")
    with acme.inside():
        attempts = Transaction.objects.attempts()
        asked = {trace for each in partner.starts for trace in each.traces}
        assert asked == {attempt.trace_number for attempt in attempts}
        assert set(attempts.values_list("state", "error")) == {
            ("answered", ""),
            ("rejected", "AAA 75"),
            ("failed", "No 271 within 0 s"),
        }
