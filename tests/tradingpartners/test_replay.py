"""Asking once more by hand: what came to nothing goes again, once, and its answer counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eligibility.models import EligibilityCheck
from practice.models import Alert
from sweeps.models import SweepRun, SweepRunMember
from sweeps.services import cancel_run
from tests import payers
from tests.gateway import bring_forward, pass_the_sla, work, work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import leave, look, questions, send
from tradingpartners.models import Dispatch, Route, TradingPartner, Transaction, TransactionHistory
from tradingpartners.services.replay import Replayed, replay, replay_failed, replayable

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def failed_sweep(acme: FileAcme, sftp: SftpServer, members: int = 1) -> SweepRun:
    """Asked in a file, and not answered within the SLA."""
    for _ in range(members):
        acme.visit()
    run = acme.sweep()
    send()
    pass_the_sla()
    for file in sftp.files():
        file.unlink()
    look(acme)
    with acme.inside():
        TradingPartner.objects.update(response_sla=timedelta(hours=1))
    return run


def again(acme: Acme, run: SweepRun) -> Replayed:
    with acme.inside():
        return replay_failed(run.pk, reason="Their system was down")


def member(acme: Acme) -> SweepRunMember:
    with acme.inside():
        return SweepRunMember.objects.get()


def test_a_replayed_question_has_a_new_trace_and_its_answer_moves_the_member(
    acme: FileAcme, sftp: SftpServer
) -> None:
    run = failed_sweep(acme, sftp)
    with acme.inside():
        old = Transaction.objects.get()
        done = replay([old.pk], reason="Their system was down")
        new = Transaction.objects.get(replays=old)
        assert (done.attempts, done.refused) == (1, {})
        assert (new.attempt, new.correlation_id, new.lane) == (2, run.pk, "live")
        assert [unit.pk for unit in done.units] == [new.dispatch_id]
    assert member(acme).state == "failed"  # until an answer moves it
    send()
    (file,) = sftp.files()
    (asked,) = questions(file)
    assert asked.trace == new.trace_number
    leave(sftp, "a.271", payers.answer(asked))
    look(acme)
    assert (member(acme).state, member(acme).outcome) == ("received", "active")
    with acme.inside():
        check = EligibilityCheck.objects.get()
        assert (check.status, check.transaction_trace_number) == ("Active", new.trace_number)
        assert new.trace_number in str(check.raw_request)
        assert Transaction.objects.get(pk=old.pk).state == "failed"
    assert acme.read(run).state == "completed"


def test_one_whose_payer_takes_batches_only_goes_as_a_batch(acme: FileAcme, sftp: SftpServer) -> None:
    failed_sweep(acme, sftp)
    with acme.inside():
        Route.objects.update(lane="batch")
        done = replay([Transaction.objects.get().pk], reason="Their system was down")
        assert (done.attempts, done.refused, done.units[0].lane) == (1, {}, "batch")


def test_all_failed_of_a_sweep_go_as_a_batch_of_their_own(acme: FileAcme, sftp: SftpServer) -> None:
    run = failed_sweep(acme, sftp, members=3)
    with acme.inside():
        assert replayable(correlation_id=run.pk).count() == 3
    done = again(acme, run)
    assert (done.attempts, len(done.units), done.units[0].lane) == (3, 1, "batch")
    send()
    (file,) = sftp.files()
    leave(sftp, "a.271", *(payers.answer(q) for q in questions(file)))
    look(acme)
    assert acme.outcome(run) == (3, 0, 0)


def test_the_alert_of_a_file_is_over_when_all_of_it_is_asked_again(acme: FileAcme, sftp: SftpServer) -> None:
    failed_sweep(acme, sftp, members=2)
    with acme.inside():
        first, second = replayable()
        replay([first.pk], reason="Their system was down")
        alert = Alert.objects.get(kind="no_answer")
        assert alert.state == "open"
        replay([second.pk], reason="Their system was down")
        alert.refresh_from_db()
        assert alert.state == "resolved"


def test_twice_is_once_while_one_is_open(acme: FileAcme, sftp: SftpServer) -> None:
    run = failed_sweep(acme, sftp)
    again(acme, run)
    assert again(acme, run).attempts == 0
    with acme.inside():
        old = Transaction.objects.get(replays=None)
        assert replay([old.pk], reason="Again") == Replayed([], 0, {"open": 1})
        assert Transaction.objects.count() == 2


def test_what_is_answered_is_not_replayed(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    leave(sftp, "a.271", payers.answer(questions(sftp.files()[0])[0]))
    look(acme)
    assert again(acme, run) == Replayed([], 0, {})


def test_a_second_failure_changes_no_more_than_the_reason(live: Acme, payer_server: ScriptedPayer) -> None:
    live.visit()
    payer_server.script = lambda question: (500, b"")
    run = live.sweep()
    work_until_quiet()
    assert member(live).failure_reason == "http_500"
    with live.inside():
        before = EligibilityCheck.objects.get()
    payer_server.script = lambda question: None
    assert again(live, run).attempts == 1
    work_until_quiet()
    with live.inside():
        after = EligibilityCheck.objects.get()
    assert (before.status, after.status) == ("Unknown", "Unknown")
    assert (member(live).state, member(live).failure_reason) == ("failed", "connection_lost")
    payer_server.script = payers.active
    again(live, run)
    work_until_quiet()
    assert (member(live).state, live.read(run).active) == ("received", 1)


def test_a_rejected_question_may_be_asked_again_after_a_person_mended_it(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    live.visit()
    payer_server.script = lambda question: (200, payers.envelope(payers.rejection(question, "75")))
    run = live.sweep()
    work_until_quiet()
    assert (member(live).outcome, member(live).failure_reason) == ("aaa_rejected", "AAA 75")
    payer_server.script = lambda question: (200, payers.envelope(payers.rejection(question, "72")))
    again(live, run)
    work_until_quiet()
    assert (member(live).outcome, member(live).failure_reason) == ("aaa_rejected", "AAA 72")
    payer_server.script = payers.active
    again(live, run)
    work_until_quiet()
    assert member(live).outcome == "active"


def test_the_reason_of_a_replay_is_in_the_history(acme: FileAcme, sftp: SftpServer) -> None:
    run = failed_sweep(acme, sftp)
    again(acme, run)
    with acme.inside():
        old = Transaction.objects.get(replays=None)
        newest = TransactionHistory.objects.filter(pgh_obj_id=old.pk).order_by("-pgh_id")[0]
        assert (newest.pgh_actor, newest.pgh_reason) == (acme.sam.pk, "Their system was down")


def test_a_late_answer_to_the_first_makes_the_replay_needless(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (first,) = questions(sftp.files()[0])
    pass_the_sla()
    again(acme, run)
    leave(sftp, "late.271", payers.answer(first))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)
    bring_forward()
    work()
    with acme.inside():
        assert Transaction.objects.exclude(replays=None).get().state == "never_sent"


# --- what a cancelled sweep still has out ---------------------------------------------------------


def test_a_retry_of_a_cancelled_sweep_does_not_go_out(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (file,) = sftp.files()
    (asked,) = questions(file)
    with acme.inside():
        cancel_run(run)
    leave(sftp, "busy.271", payers.rejection(asked, "42", "R"))  # would be asked again
    file.unlink()
    look(acme)
    send(3)
    assert sftp.files() == []
    with acme.inside():
        assert list(Transaction.objects.attempts().values_list("state", flat=True)) == ["rejected"]
    assert member(acme).state == "failed"


def test_a_retry_put_while_the_sweep_was_cancelled_is_withdrawn_before_it_goes(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.payer.retry_backoff = timedelta(hours=1)  # the retry is not due before somebody brings it forward
    acme.payer.save()
    acme.visit()
    run = acme.sweep()
    send()
    (file,) = sftp.files()
    leave(sftp, "busy.271", payers.rejection(questions(file)[0], "42", "R"))
    file.unlink()
    look(acme)  # the retry is a row
    with acme.inside():
        assert Dispatch.objects.filter(state="ready").count() == 1
        SweepRun.objects.update(state="cancelled")  # by somebody who did not see it yet
    send()
    assert sftp.files() == []
    with acme.inside():
        newest = Transaction.objects.attempts().order_by("-id")[0]
        assert (newest.state, newest.error) == ("never_sent", "Cancelled by operator")
    assert run.pk


def test_a_follow_up_of_a_cancelled_sweep_does_not_go_out(acme: FileAcme, sftp: SftpServer) -> None:
    visit = acme.visit(days=1)
    acme.visit(days=5, patient=visit.patient)
    run = acme.sweep()
    send()
    (file,) = sftp.files()
    (asked,) = questions(file)
    with acme.inside():
        cancel_run(run)
    ends = acme.today + timedelta(days=2)
    leave(sftp, "a.271", payers.answer(asked, dates=f"DTP*347*D8*{ends:%Y%m%d}"))
    file.unlink()
    look(acme)
    send(2)
    assert sftp.files() == []
    with acme.inside():
        assert EligibilityCheck.objects.count() == 1


def test_a_person_may_replay_what_a_cancelled_sweep_has_asked(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    with acme.inside():
        cancel_run(run)
    pass_the_sla()
    sftp.files()[0].unlink()
    look(acme)
    assert again(acme, run).attempts == 1
    send()
    assert len(sftp.files()) == 1
