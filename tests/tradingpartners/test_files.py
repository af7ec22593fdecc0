"""Files over a real SFTP server: out under the partner's limits, back in whatever shape."""

from __future__ import annotations

import importlib.util
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from django.utils import timezone

from coverage.models import Coverage
from practice.models import Appointment, Patient
from sweeps.services import cancel_run
from tests import payers
from tests.factories import AppointmentFactory, CoverageFactory, PatientFactory
from tests.gateway import bring_forward, let_a_minute_pass, pass_the_sla, work
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tradingpartners.models import (
    Dispatch,
    InboundDelivery,
    Interchange,
    TradingPartner,
    Transaction,
    TransportLog,
)
from tradingpartners.services import inbound, polling
from tradingpartners.services.wire import connection_of
from tradingpartners.transports import OutgoingFile
from tradingpartners.transports import sftp as transport

pytestmark = pytest.mark.django_db


def send(times: int = 1) -> None:
    for _ in range(times):
        bring_forward()
        work()


def look(acme: FileAcme, times: int = 2) -> None:
    """The poller's look; a file is fetched at the second look that finds it unchanged."""
    for _ in range(times):
        with acme.inside():
            TradingPartner.objects.update(poll_due_at=timezone.now() - timedelta(hours=1))
        deliveries, _ = polling.poll(acme.organization.pk, acme.partner.pk)
        if deliveries:
            inbound.read_deliveries(acme.organization.pk, deliveries)
    work()


def questions(file: Path) -> list[payers.Question]:
    sets = file.read_bytes().split(b"~ST*")[1:]
    return [payers.Question(b"ST*" + each.split(b"~SE*")[0]) for each in sets]


def leave(sftp: SftpServer, name: str, *sets: list[str], number: int = 1) -> Path:
    path = sftp.outbox / name
    path.write_bytes(payers.envelope(*sets, number=number))
    return path


def states(acme: FileAcme) -> list[str]:
    with acme.inside():
        return sorted(Interchange.objects.filter(direction="out").values_list("state", flat=True))


def test_batch_limits_cut_the_sweep_and_one_file_is_out_at_a_time(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=2)
    for _ in range(5):
        acme.visit()
    run = acme.sweep()
    sizes = []
    for _ in range(3):
        send(3)
        (file,) = sftp.files()  # never more than one, however often the workers try
        asked = questions(file)
        sizes.append(len(asked))
        file.unlink()  # the partner takes it
        leave(sftp, f"{file.name}.271", *(payers.answer(q) for q in asked), number=len(sizes))
        look(acme)
    assert sizes == [2, 2, 1]
    assert acme.outcome(run) == (5, 0, 0)
    assert acme.read(run).state == "completed"
    assert states(acme) == ["taken"] * 3


def test_interchanges_a_minute_are_counted_from_their_starts(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=1, max_concurrent_files=9, max_interchanges_per_minute=2)
    for _ in range(4):
        acme.visit()
    acme.sweep()
    send(5)
    assert len(sftp.files()) == 2
    let_a_minute_pass()
    send(5)
    assert len(sftp.files()) == 4


def test_a_file_that_cannot_be_put_goes_later_under_the_same_name_and_number(
    acme: FileAcme, sftp: SftpServer
) -> None:
    good = acme.partner.settings
    acme.visit()
    acme.limit(settings={**good, "port": 9999})
    acme.sweep()
    send()
    with acme.inside():
        first = Interchange.objects.get()
    acme.limit(settings=good)
    send()
    (file,) = sftp.files()
    assert file.name == first.file_name
    with acme.inside():
        assert Interchange.objects.get().control_number == first.control_number
        assert list(TransportLog.objects.order_by("id").values_list("event", "error")) == [
            ("put", "connection_refused"),
            ("put", ""),
        ]
        assert Dispatch.objects.get().state == "done"


def test_a_repeated_put_leaves_one_file(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    acme.sweep()
    send()
    (file,) = sftp.files()
    before = file.stat().st_mtime_ns
    # killed after the rename, before it was noted: the next worker sees to the name once more
    again = OutgoingFile(file.name, file.read_bytes(), "application/edi-x12", acme.partner.pk)
    transport.publish(connection_of(acme.partner), again)
    assert sftp.files() == [file]
    assert file.stat().st_mtime_ns == before


def test_another_host_key_is_refused_and_nothing_is_sent(acme: FileAcme, sftp: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    acme.limit(settings={**acme.partner.settings, "host_keys": [other]})
    acme.visit()
    acme.sweep()
    send()
    assert sftp.files() == []
    with acme.inside():
        assert TransportLog.objects.get().error == "host_key_changed"


def test_a_file_is_fetched_only_when_it_stopped_growing(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (asked,) = questions(sftp.files()[0])
    whole = payers.envelope(payers.answer(asked))
    path = sftp.outbox / "answers.271"
    path.write_bytes(whole[:200])
    look(acme, 1)
    path.write_bytes(whole)
    look(acme, 1)
    assert acme.outcome(run) == (0, 0, 0)
    look(acme, 1)
    assert acme.outcome(run) == (1, 0, 0)


def test_a_file_under_a_temporary_name_is_left_alone(acme: FileAcme, sftp: SftpServer) -> None:
    for name in (".answers.271", "answers.271.tmp", "answers.filepart"):
        (sftp.outbox / name).write_bytes(b"ISA")
    look(acme)
    with acme.inside():
        assert not InboundDelivery.objects.exists()


def test_answers_in_several_files_and_of_several_files_in_one(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=2, max_concurrent_files=2)
    for _ in range(4):
        acme.visit()
    run = acme.sweep()
    send(3)
    asked = [q for file in sftp.files() for q in questions(file)]
    leave(sftp, "one.271", payers.answer(asked[0]))
    leave(sftp, "rest.271", *(payers.answer(q, "EB*6**30") for q in asked[1:]), number=2)
    look(acme)
    assert acme.outcome(run) == (1, 3, 0)


def test_the_same_content_again_is_a_duplicate_whatever_its_name(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (asked,) = questions(sftp.files()[0])
    for name in ("a.271", "b.271"):
        leave(sftp, name, payers.answer(asked))
        look(acme)
    assert acme.outcome(run) == (1, 0, 0)
    with acme.inside():
        duplicates = InboundDelivery.objects.order_by("id").values_list("is_duplicate", flat=True)
        assert list(duplicates) == [False, True]
        assert Transaction.objects.filter(direction="in").count() == 1
        assert not InboundDelivery.objects.filter(read_at=None).exists()


def test_a_file_cut_in_half_applies_its_complete_sets_and_is_kept(acme: FileAcme, sftp: SftpServer) -> None:
    for _ in range(2):
        acme.visit()
    run = acme.sweep()
    send()
    asked = questions(sftp.files()[0])
    whole = payers.envelope(*(payers.answer(q) for q in asked))
    half = whole[: whole.index(b"ST*271*0002") + 150]
    (sftp.outbox / "half.271").write_bytes(half)
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)
    with acme.inside():
        delivery = InboundDelivery.objects.get()
        assert delivery.payload is not None and delivery.payload.size == len(half)
        assert {finding["code"] for finding in delivery.findings} >= {"interchange_trailer_missing"}


def test_a_file_that_is_not_x12_is_kept_and_named(acme: FileAcme, sftp: SftpServer) -> None:
    (sftp.outbox / "readme.txt").write_bytes(b"Dear customer,")
    look(acme)
    with acme.inside():
        delivery = InboundDelivery.objects.get()
        assert (delivery.error, delivery.read_at is None) == ("not_x12", False)


def acknowledgement(isa13: str, *rejected: str) -> bytes:
    body = [f"AK1*HS*{int(isa13)}*005010X279A1"]
    for number in rejected:
        body += [f"AK2*270*{number}*005010X279A1", "IK5*R*5"]
    body.append(f"AK9*{'P' if rejected else 'A'}*2*2*{2 - len(rejected)}")
    return payers.envelope(body).replace(b"ST*271*0001*005010X279A1", b"ST*999*0001*005010X231A1")


def test_a_999_fails_the_sets_it_refuses_and_leaves_the_others_open(acme: FileAcme, sftp: SftpServer) -> None:
    for _ in range(2):
        acme.visit()
    run = acme.sweep()
    send()
    (file,) = sftp.files()
    isa13 = file.read_text().split("*")[13]
    (sftp.outbox / "a.999").write_bytes(acknowledgement(isa13, "0002"))
    look(acme)
    counts = acme.read(run)
    assert (counts.failed, counts.submitted) == (1, 1)
    with acme.inside():
        assert run.members.get(state="failed").failure_reason == "999 R"
        assert Interchange.objects.get(direction="out").acknowledgement == "999 P"


def test_a_ta1_that_refuses_the_file_fails_all_its_members(acme: FileAcme, sftp: SftpServer) -> None:
    for _ in range(2):
        acme.visit()
    run = acme.sweep()
    send()
    isa13 = sftp.files()[0].read_text().split("*")[13]
    head, _, _ = payers.envelope([]).partition(b"GS*")
    (sftp.outbox / "a.ta1").write_bytes(head + f"TA1*{isa13}*261122*0700*R*006~IEA*0*000000001~".encode())
    look(acme)
    assert acme.outcome(run) == (0, 0, 2)


def test_a_file_nobody_answers_fails_with_the_sla_and_a_late_answer_still_counts(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (asked,) = questions(sftp.files()[0])
    with acme.inside():
        Transaction.objects.attempts().update(sent_at=timezone.now() - timedelta(days=2))
    pass_the_sla()
    assert acme.outcome(run) == (0, 0, 1)
    leave(sftp, "late.271", payers.answer(asked))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)


def test_what_is_out_when_the_sweep_is_cancelled_still_resolves(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=1)
    for _ in range(3):
        acme.visit()
    run = acme.sweep()
    send()
    with acme.inside():
        cancel_run(run)
    counts = acme.read(run)
    assert (counts.submitted, counts.skipped) == (1, 2)
    (file,) = sftp.files()
    leave(sftp, "a.271", payers.answer(questions(file)[0]))
    look(acme)
    counts = acme.read(run)
    assert (counts.active, counts.skipped, counts.state) == (1, 2, "cancelled")
    send(3)
    assert len(sftp.files()) == 1


def test_a_paused_poller_leaves_the_files_where_they_are(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(poller_paused=True)
    (sftp.outbox / "a.271").write_bytes(b"ISA")
    look(acme)
    with acme.inside():
        assert not InboundDelivery.objects.exists()


def many_visits(acme: FileAcme, number: int) -> None:
    """Subscribers and dependents, with every name part that changes a segment."""
    with acme.inside():
        for i in range(number):
            patient: Patient = PatientFactory(gender="FMU"[i % 3], last_name=f"Ames-{'abcdefgh'[i % 8]}")
            coverage: Coverage = CoverageFactory(
                patient=patient,
                insurance_plan=acme.plan,
                relationship_to_subscriber=["self", "child", "spouse", "other"][i % 4],
                subscriber_first_name="Alice",
                subscriber_last_name="O'Ames",
                group_number="" if i % 2 else "G100",
            )
            visit: Appointment = AppointmentFactory(
                patient=coverage.patient, facility=acme.facility, day=acme.today + timedelta(days=i % 5)
            )
            assert visit.pk


@pytest.mark.oracle
@pytest.mark.skipif("X12_ORACLE" not in os.environ, reason="set X12_ORACLE to the folder of oracle.py")
def test_each_file_the_builder_writes_passes_the_independent_oracle(acme: FileAcme, sftp: SftpServer) -> None:
    oracle = load_oracle()
    acme.limit(max_st_per_interchange=200, max_concurrent_files=9)
    many_visits(acme, 240)
    acme.sweep()
    send(4)
    files = sftp.files()
    assert [len(questions(file)) for file in files] == [200, 40]
    for file in files:
        ok, errors, acknowledgement_999 = oracle.validate(file.read_text())
        assert (ok, errors) == (True, [])
        assert "AK9*A" in acknowledgement_999


def load_oracle() -> Any:
    path = Path(os.environ["X12_ORACLE"]) / "oracle.py"
    spec = importlib.util.spec_from_file_location("oracle", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
