"""A file goes to its partner once, whatever happens around the put."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import asyncssh
import pytest
from django.utils import timezone

from practice.models import Alert
from sweeps.models import SweepRun
from tests import payers
from tests.gateway import bring_forward, let_a_minute_pass, pass_the_sla, work
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import leave, look, questions, send, states
from tradingpartners.models import Dispatch, Interchange, Transaction, TransportLog
from tradingpartners.services import claiming, overdue, pausing, sending
from tradingpartners.services.sending import files
from tradingpartners.transports import Connection, Held, OutgoingFile
from tradingpartners.transports import sftp as transport

pytestmark = pytest.mark.django_db


def put_and_die(acme: FileAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the rename, before it was noted."""
    die_in(acme, monkeypatch, files, "log_wire")


def die_in(
    acme: FileAcme,
    monkeypatch: pytest.MonkeyPatch,
    place: ModuleType,
    deed: str,
    *,
    first: Callable[..., None] | None = None,
) -> None:
    """Killed in this step, after `first` was done of it; the lease is over."""

    def die(*args: Any, **kwargs: Any) -> None:
        if first:
            first(*args, **kwargs)
        raise SystemExit

    bring_forward()
    claim = claiming.claim_next(f"partner.{acme.partner.pk}")
    assert claim is not None
    monkeypatch.setattr(place, deed, die)
    with pytest.raises(SystemExit):
        sending.send(claim)
    monkeypatch.undo()
    with acme.inside():
        Dispatch.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    claiming.free_lost_leases()


def test_a_file_the_partner_took_before_it_was_noted_is_not_put_again(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    run = acme.sweep()
    put_and_die(acme, monkeypatch)
    (file,) = sftp.files()
    (asked,) = questions(file)
    file.unlink()  # the partner takes it
    send()
    assert sftp.files() == []
    with acme.inside():
        assert Dispatch.objects.get().state == "done"
    leave(sftp, "a.271", payers.answer(asked))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)


def test_a_file_that_is_answered_already_is_not_put_again(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    put_and_die(acme, monkeypatch)
    (file,) = sftp.files()
    leave(sftp, "a.271", payers.answer(questions(file)[0]))
    file.unlink()
    look(acme)
    send()
    assert (sftp.files(), states(acme)) == ([], ["taken"])


def test_a_file_cut_off_while_it_was_uploaded_is_uploaded_again(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: Any, file: OutgoingFile) -> None:
        (sftp.inbox / f"{file.name}.tmp").write_bytes(file.content[:50])

    acme.visit()
    acme.sweep()
    die_in(acme, monkeypatch, transport, "upload", first=half)
    send()
    (file,) = sftp.files()
    assert len(questions(file)) == 1


def test_a_worker_killed_before_the_wire_costs_nothing(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    die_in(acme, monkeypatch, transport, "upload")
    send()
    (file,) = sftp.files()
    assert len(questions(file)) == 1


def test_an_uploaded_file_without_its_name_gets_it_from_the_next_worker(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    die_in(acme, monkeypatch, transport, "publish")
    (temporary,) = sftp.files()
    whole = temporary.read_bytes()
    send()
    (file,) = sftp.files()
    assert (file.name, file.read_bytes()) == (temporary.name.removesuffix(".tmp"), whole)


def swept_away(acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch) -> SweepRun:
    """Killed between upload and rename; what was uploaded is gone when the next worker looks."""
    acme.visit()
    run = acme.sweep()
    die_in(acme, monkeypatch, transport, "publish")
    (temporary,) = sftp.files()
    temporary.unlink()
    send()
    return run


def let_the_taken_time_pass(acme: FileAcme) -> None:
    with acme.inside():
        Interchange.objects.update(started_at=timezone.now() - timedelta(hours=1))
    assert overdue.overdue_organizations() == [acme.organization.pk]
    overdue.fail_overdue(acme.organization.pk)


def test_a_file_of_which_nothing_is_left_is_told_when_no_sign_of_it_comes(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken or swept away, nobody knows: asked once more by a person only, with the same bytes."""
    run = swept_away(acme, sftp, monkeypatch)
    look(acme)  # that it is not in the folder says nothing of a file nobody has seen there
    with acme.inside():
        before = Interchange.objects.get()
        assert (before.state, before.problem) == ("in_flight", "gone_unseen")
        assert not Alert.objects.exists()
    let_the_taken_time_pass(acme)
    send(2)
    assert (sftp.files(), states(acme)) == ([], ["overdue"])
    with acme.inside():
        alert = Alert.objects.get()
        assert (alert.kind, alert.facts["code"], alert.state) == ("held_sending", "gone_unseen", "open")
        assert pausing.waits_for_a_person(before)
        assert before.dispatch is not None
        assert pausing.release(before.dispatch, reason="They have nothing of it")
    send()
    (file,) = sftp.files()
    assert file.name == before.file_name
    assert int(file.read_text().split("*")[13]) == before.control_number
    leave(sftp, "a.271", payers.answer(questions(file)[0]))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)
    with acme.inside():
        after = Interchange.objects.get(direction="out")
        assert (after.state, after.problem) == ("taken", "")
        assert Transaction.objects.attempts().count() == 1
        assert Alert.objects.get().state == "resolved"


def test_a_sign_of_the_partner_settles_a_file_of_which_nothing_was_left(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = swept_away(acme, sftp, monkeypatch)
    let_the_taken_time_pass(acme)
    with acme.inside():
        trace = Transaction.objects.get().trace_number
    asked = payers.Question(
        f"TRN*1*{trace}*9ACME00001~BHT*0022*13*{trace}~NM1*IL*1*AMES*ALICE****MI*M00000001"
        "~DMG*D8*19840517~DTP*291*D8*20261123~EQ*30~".encode()
    )
    leave(sftp, "a.271", payers.answer(asked))
    look(acme)
    with acme.inside():
        after = Interchange.objects.get(direction="out")
        assert (after.state, after.problem) == ("taken", "")
        assert Alert.objects.get(kind="held_sending").state == "resolved"
        assert not pausing.waits_for_a_person(after)
    assert acme.read(run).state == "completed"


def test_a_released_file_whose_worker_was_killed_keeps_its_place_among_those_out(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.limit(max_concurrent_files=1, max_st_per_interchange=1)
    swept_away(acme, sftp, monkeypatch)
    let_the_taken_time_pass(acme)
    with acme.inside():
        unit = Dispatch.objects.get()
        assert pausing.release(unit, reason="They have nothing of it")
    put_and_die(acme, monkeypatch)
    assert states(acme) == ["in_flight"]
    acme.visit(days=2)
    acme.sweep()
    with acme.inside():  # the other one is due before it
        Dispatch.objects.filter(pk=unit.pk).update(due_at=timezone.now() + timedelta(seconds=5))
    assert claiming.claim_next(f"partner.{acme.partner.pk}") is None


def test_a_file_of_which_nothing_is_left_is_nobodys_trouble_when_its_questions_have_ended(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is unanswered is told by itself then, and asked again by a replay."""
    swept_away(acme, sftp, monkeypatch)
    let_the_taken_time_pass(acme)
    pass_the_sla()
    with acme.inside():
        assert not pausing.waits_for_a_person(Interchange.objects.get())
        states_of = dict(Alert.objects.values_list("kind", "state"))
        assert states_of == {"held_sending": "resolved", "no_answer": "open"}


def test_a_worker_that_was_killed_once_more_puts_a_released_file_no_third_time(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept_away(acme, sftp, monkeypatch)
    with acme.inside():
        unit = Dispatch.objects.get()
        assert pausing.release(unit, reason="They have nothing of it")
    put_and_die(acme, monkeypatch)
    (file,) = sftp.files()
    file.unlink()  # the partner takes it
    send(2)
    assert sftp.files() == []


def test_a_partner_that_takes_what_has_no_name_yet_gets_a_file_once_and_somebody_is_told(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []
    upload = transport.upload

    def taken_on_close(connection: Connection, file: OutgoingFile) -> bool:
        lies_there = upload(connection, file)
        for each in sftp.files():
            taken.append(each.read_bytes())
            each.unlink()
        return lies_there

    monkeypatch.setattr(transport, "upload", taken_on_close)
    acme.visit()
    acme.sweep()
    send(5)
    assert len(taken) == 1
    with acme.inside():
        assert TransportLog.objects.get(event="put").error == "upload_gone"
    let_the_taken_time_pass(acme)
    with acme.inside():
        assert Alert.objects.get().facts["code"] == "gone_unseen"
        assert pausing.release(Dispatch.objects.get(), reason="They have nothing of it")
    send(3)  # and once more where a person says so
    assert len(taken) == 2
    let_the_taken_time_pass(acme)
    with acme.inside():
        assert sorted(Alert.objects.values_list("state", flat=True)) == ["open", "resolved"]


def test_an_uploaded_file_of_which_nothing_is_left_is_not_uploaded_again_by_itself(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: Any) -> None:
        raise asyncssh.SFTPFailure("not now")

    acme.visit()
    acme.sweep()
    monkeypatch.setattr(asyncssh.SFTPServer, "rename", no)
    monkeypatch.setattr(asyncssh.SFTPServer, "posix_rename", no)
    send()
    monkeypatch.undo()
    (temporary,) = sftp.files()
    temporary.unlink()  # swept away, or taken under the name it had
    send(2)
    assert sftp.files() == []
    let_the_taken_time_pass(acme)
    with acme.inside():
        assert Alert.objects.get(kind="held_sending").facts["code"] == "gone_unseen"


def test_a_file_whose_questions_have_all_ended_is_not_put_later(acme: FileAcme, sftp: SftpServer) -> None:
    good = acme.partner.settings
    acme.limit(settings={**good, "port": 9999})
    acme.visit()
    acme.sweep()
    send()
    pass_the_sla()
    acme.limit(settings=good)
    send()
    assert sftp.files() == []
    with acme.inside():
        assert Dispatch.objects.get().state == "done"


def test_a_file_put_after_the_folder_was_listed_is_not_taken(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    waiting = transport.look

    def then_put(*args: Any) -> Any:
        found = waiting(*args)
        send()
        return found

    monkeypatch.setattr(transport, "look", then_put)
    look(acme, 1)
    assert len(sftp.files()) == 1
    assert states(acme) == ["in_flight"]


def test_a_file_in_flight_keeps_its_slot_and_may_go_once_more(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=1, settings={**acme.partner.settings, "port": 9999})
    acme.visit()
    acme.visit()
    acme.sweep()
    send()
    with acme.inside():
        assert Interchange.objects.count() == 1
    acme.limit(settings=sftp.settings)
    send(2)
    assert len(sftp.files()) == 1


# --- starts in a minute ----------------------------------------------------------------------------


def refuse_names(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The partner lets nothing be renamed; returns what it was asked to, as it is asked."""
    asked: list[bytes] = []

    def no(session: Any, oldpath: bytes, newpath: bytes) -> None:
        asked.append(newpath)
        raise asyncssh.SFTPFailure("not now")

    monkeypatch.setattr(asyncssh.SFTPServer, "rename", no)
    monkeypatch.setattr(asyncssh.SFTPServer, "posix_rename", no)
    return asked


def test_every_start_counts_in_its_minute_also_one_that_failed_at_its_name(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.limit(max_interchanges_per_minute=2, max_concurrent_files=9, max_st_per_interchange=1)
    for _ in range(2):
        acme.visit()
    acme.sweep()
    asked = refuse_names(monkeypatch)
    send(4)
    assert len(asked) == 2
    let_a_minute_pass()
    send(4)
    assert len(asked) == 4
    monkeypatch.undo()
    let_a_minute_pass()
    send(2)
    assert [file.suffix for file in sftp.files()] == [".edi", ".edi"]


def test_a_start_whose_worker_was_lost_counts_for_a_minute_more(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it was, nobody knows: until its lease ended it may have been."""
    acme.limit(max_interchanges_per_minute=1, max_concurrent_files=9, max_st_per_interchange=1)
    for _ in range(2):
        acme.visit()
    acme.sweep()
    put_and_die(acme, monkeypatch)
    send(2)
    assert len(sftp.files()) == 1
    let_a_minute_pass()
    send()
    with acme.inside():
        assert TransportLog.objects.filter(event="put").count() == 1


@pytest.mark.parametrize(
    "failure",
    [asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded, asyncssh.SFTPPermissionDenied],
    ids=["disk_full", "quota", "permission"],
)
def test_fault_62_a_partner_without_room_gets_the_same_file_once_when_it_has_some(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch, failure: type[asyncssh.SFTPError]
) -> None:
    def no_room(*_: Any) -> None:
        raise failure("not now")

    acme.visit()
    run = acme.sweep()
    monkeypatch.setattr(asyncssh.SFTPServer, "open", no_room)
    send(2)
    assert sftp.files() == []
    with acme.inside():
        before = Interchange.objects.get()
        unit = Dispatch.objects.get()
        assert (unit.state, unit.send_attempts, unit.due_at > timezone.now()) == ("ready", 0, True)
        errors = TransportLog.objects.filter(event="put").values_list("error", flat=True)
        assert len(errors) == 2
        assert all(errors)
    monkeypatch.undo()
    send(2)
    (file,) = sftp.files()
    assert file.name == before.file_name
    assert int(file.read_text().split("*")[13]) == before.control_number
    leave(sftp, "a.271", payers.answer(questions(file)[0]))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)


def test_fault_62_a_name_that_is_taken_is_not_overwritten_and_waits_for_a_person(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: Any) -> None:
        raise Held("name_taken")

    acme.visit()
    acme.sweep()
    monkeypatch.setattr(transport, "publish", taken)
    work()
    monkeypatch.undo()
    for _ in range(3):
        work()
    with acme.inside():
        assert Dispatch.objects.get().waits_for == "held"
        assert TransportLog.objects.get(event="put").error == "name_taken"
        assert Alert.objects.get(kind="held_sending").facts["code"] == "name_taken"
    assert not [file for file in sftp.files() if file.suffix == ".edi"]


@pytest.mark.parametrize("is_there", ["before it is uploaded", "between upload and rename"])
def test_a_name_that_another_file_has_waits_for_a_person(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch, is_there: str
) -> None:
    """What lies there stays as it is; renamed away by a person, ours goes under the same name."""
    acme.limit(taken_sign="uploaded")
    acme.visit()
    acme.sweep()
    upload, names = transport.upload, []

    def put_another(connection: Connection, file: OutgoingFile) -> bool:
        names.append(file.name)
        other = sftp.inbox / file.name
        if is_there == "before it is uploaded":
            other.write_bytes(b"another file, longer than nothing")
            return upload(connection, file)
        lies_there = upload(connection, file)
        other.write_bytes(b"another file, longer than nothing")
        return lies_there

    monkeypatch.setattr(transport, "upload", put_another)
    work()
    monkeypatch.undo()
    (name,) = names
    assert (sftp.inbox / name).read_bytes() == b"another file, longer than nothing"
    with acme.inside():
        unit, interchange = Dispatch.objects.get(), Interchange.objects.get()
        assert (unit.state, unit.waits_for, interchange.problem) == ("ready", "held", "name_taken")
        (sftp.inbox / name).unlink()
        assert pausing.release(unit, reason="An old test file of theirs")
    send()
    assert len(questions(sftp.inbox / name)) == 1
    with acme.inside():
        assert Interchange.objects.get().state == "taken"
        assert Alert.objects.get(kind="held_sending").state == "resolved"
