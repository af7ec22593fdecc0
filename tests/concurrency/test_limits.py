"""A partner's and a payer's limits hold however many workers claim at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from practice.tenancy import tenant
from tests.concurrency.test_claims import at_once
from tests.gateway import let_a_minute_pass, pass_the_sla
from tests.payers import scripted_payer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tradingpartners.models import ControlNumber, Dispatch, Interchange, Payer, Transaction
from tradingpartners.services import claiming, sending
from tradingpartners.services.clock import database_now
from tradingpartners.services.interchanges import LAST_CONTROL_NUMBER, reserve_control_number
from tradingpartners.services.overdue import fail_overdue
from tradingpartners.services.replay import replay_failed
from tradingpartners.services.sending.sifting import sift

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    server = SftpServer(tmp_path)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def acme(sftp: SftpServer) -> Iterator[FileAcme]:
    with scripted_payer() as server:
        yield FileAcme(server, sftp, max_st_per_interchange=1)


def claims(acme: Acme, queue: str) -> list[claiming.Claim]:
    return [claim for claim in at_once(lambda: claiming.claim_next(queue)) if claim]


def queue_of(acme: FileAcme) -> str:
    return f"partner.{acme.partner.pk}"


def test_starts_a_minute_hold_before_the_first_file_has_started(acme: FileAcme) -> None:
    acme.limit(max_concurrent_files=9, max_interchanges_per_minute=2)
    for _ in range(5):
        acme.visit()
    acme.sweep()
    assert len(claims(acme, queue_of(acme))) == 2


def test_files_out_at_once_hold_across_workers(acme: FileAcme) -> None:
    acme.limit(max_concurrent_files=2)
    for _ in range(5):
        acme.visit()
    acme.sweep()
    assert len(claims(acme, queue_of(acme))) == 2


def test_a_put_that_ended_late_counts_from_its_end(acme: FileAcme) -> None:
    acme.limit(max_concurrent_files=9, max_interchanges_per_minute=1)
    acme.visit()
    acme.visit()
    acme.sweep()
    (first,) = claims(acme, queue_of(acme))
    with acme.inside():  # the unit was claimed and its file written long ago, the put ends now
        Dispatch.objects.filter(pk=first.dispatch_id).update(
            due_at=database_now() - timedelta(minutes=5), lease_until=database_now() + timedelta(hours=1)
        )
    sending.send(first)
    assert claims(acme, queue_of(acme)) == []
    let_a_minute_pass()
    assert len(claims(acme, queue_of(acme))) == 1


def test_a_file_that_goes_once_more_is_a_start_as_well(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_interchanges_per_minute=1, settings={**sftp.settings, "port": 9999})
    acme.visit()
    acme.sweep()
    (claim,) = claims(acme, queue_of(acme))
    sending.send(claim)
    with acme.inside():
        Dispatch.objects.update(due_at=database_now() - timedelta(minutes=1))
    assert claims(acme, queue_of(acme)) == []
    let_a_minute_pass()
    assert len(claims(acme, queue_of(acme))) == 1


def test_a_limit_that_was_lowered_holds_for_what_is_planned_already(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=5, max_concurrent_files=9)
    for _ in range(5):
        acme.visit()
    acme.sweep()
    acme.limit(max_st_per_interchange=2)
    while claim := claiming.claim_next(queue_of(acme)):
        sending.send(claim)
    sizes = sorted(file.read_bytes().count(b"~ST*") for file in sftp.files())
    assert sizes == [1, 2, 2]


def test_a_file_whose_sign_never_comes_gives_its_place_to_the_next(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    acme.visit()
    acme.sweep()
    (claim,) = claims(acme, queue_of(acme))
    sending.send(claim)
    assert claims(acme, queue_of(acme)) == []
    with acme.inside():
        Interchange.objects.update(started_at=database_now() - timedelta(hours=1))
    fail_overdue(acme.organization.pk)
    assert len(claims(acme, queue_of(acme))) == 1


def test_the_daily_cap_is_never_passed_by_workers_at_once(acme: FileAcme) -> None:
    Payer.objects.update(daily_cap=3)
    acme.limit(max_concurrent_files=9)
    for _ in range(8):
        acme.visit()
    acme.sweep()
    held = claims(acme, queue_of(acme))
    assert len(held) == 8
    waiting = iter(held)
    assert sum(at_once(lambda: sift(next(waiting)))) == 3
    with acme.inside():
        assert Transaction.objects.filter(sent_at__isnull=False).count() == 3
        assert Dispatch.objects.filter(state="ready", waits_for="daily_cap").count() == 5


def test_replays_at_once_make_one_attempt(acme: FileAcme) -> None:
    acme.visit()
    run = acme.sweep()
    (claim,) = claims(acme, queue_of(acme))
    sending.send(claim)
    pass_the_sla()

    def again() -> int:
        with acme.inside():
            return replay_failed(run.pk, reason="They were down").attempts

    assert sorted(at_once(again)) == [0] * 7 + [1]
    with acme.inside():
        assert Transaction.objects.exclude(replays=None).count() == 1


def test_fault_59_control_number_wraps_once_on_two_nodes(acme: FileAcme) -> None:
    with acme.inside():
        reserve_control_number(acme.partner.pk)
        ControlNumber.objects.update(next=LAST_CONTROL_NUMBER - 3)

    def reserve() -> tuple[int, int]:
        with tenant(acme.organization.pk):
            return reserve_control_number(acme.partner.pk)

    before = [(LAST_CONTROL_NUMBER - left, 1) for left in (3, 2, 1, 0)]
    assert sorted(at_once(reserve), key=lambda one: (one[1], one[0])) == [
        *before,
        *((n, 2) for n in range(1, 5)),
    ]


def test_fault_59_files_before_and_after_the_wrap_have_names_and_numbers_of_their_own(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.limit(max_concurrent_files=9)
    with acme.inside():
        reserve_control_number(acme.partner.pk)
        ControlNumber.objects.update(next=LAST_CONTROL_NUMBER)
    for _ in range(2):
        acme.visit()
    acme.sweep()
    while claim := claiming.claim_next(queue_of(acme)):
        sending.send(claim)
    # the last part of a name is the unit's
    numbers = {file.name.rpartition("_")[0]: file.read_text().split("*")[13] for file in sftp.files()}
    assert numbers == {"ACME_270_1_999999999": "999999999", "ACME_270_2_000000001": "000000001"}
