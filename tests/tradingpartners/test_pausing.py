"""Pauses, quiet hours and daily caps: whose members wait, and that the others go."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from practice.models import Level
from practice.tenancy import tenant
from tests import payers
from tests.factories import (
    CoverageFactory,
    FacilityFactory,
    PartnerFactory,
    PatientFactory,
    PayerFactory,
    PlanFactory,
    RouteFactory,
    make_member,
    make_organization,
)
from tests.gateway import bring_forward, work
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import leave, look, questions, send
from tradingpartners.models import Dispatch, Payer, PayerPause, PayerPauseHistory, TradingPartner, Transaction
from tradingpartners.services import claiming, pausing, sending
from tradingpartners.services.clock import database_now
from tradingpartners.services.holding import quiet_until

pytestmark = pytest.mark.django_db


def another_payer(acme: Acme, name: str, **fields: Any) -> Payer:
    """One more payer behind the same partner, with a visit tomorrow."""
    payer: Payer = PayerFactory(name=name, furthest_date="any", retries=1, **fields)
    with acme.inside():
        RouteFactory(payer=payer, partner=acme.partner, payer_identifier=name)
        plan = PlanFactory(payer=payer)
        coverage = CoverageFactory(insurance_plan=plan, patient=PatientFactory())
    acme.visit(coverage=coverage)
    return payer


def pause(acme: Acme, payer: Payer, **fields: Any) -> None:
    with acme.inside():
        pausing.pause_payer(payer, reason="Their system is being replaced", **fields)


def resume(acme: Acme, payer: Payer) -> list[str]:
    with acme.inside():
        return pausing.resume_payer(payer, reason="It is back")


def asked_payers(sftp: SftpServer) -> list[list[str]]:
    """By file: NM109 of the payers asked in it."""
    files = [file.read_bytes().decode() for file in sftp.files()]
    return [[s.split("*")[9] for s in text.split("~") if s.startswith("NM1*PR")] for text in sorted(files)]


def waiting(acme: Acme) -> dict[str, int]:
    """By reason, how many questions wait."""
    with acme.inside():
        rows = Transaction.objects.prepared().values_list("dispatch__waits_for", flat=True)
        return dict(Counter(rows))


def file_of_three(acme: FileAcme) -> list[Payer]:
    acme.visit()
    return [acme.payer, another_payer(acme, "SECOND"), another_payer(acme, "THIRD")]


def test_one_paused_payer_in_a_three_payer_file_its_members_wait_the_others_go(
    acme: FileAcme, sftp: SftpServer
) -> None:
    _, second, _ = file_of_three(acme)
    run = acme.sweep()
    pause(acme, second)  # the file is planned already
    work()
    assert [sorted(each) for each in asked_payers(sftp)] == [["12345", "THIRD"]]
    assert waiting(acme) == {"payer_paused": 1}
    counts = acme.read(run)
    assert (counts.queued, counts.submitted) == (1, 2)


def test_members_of_a_payer_paused_before_the_sweep_wait_in_a_unit_of_their_own(
    acme: FileAcme, sftp: SftpServer
) -> None:
    _, second, _ = file_of_three(acme)
    pause(acme, second)
    acme.sweep()
    with acme.inside():
        units = Dispatch.objects.order_by("waits_for").values_list("waits_for", flat=True)
        assert list(units) == ["", "payer_paused"]
    work()
    assert [sorted(each) for each in asked_payers(sftp)] == [["12345", "THIRD"]]


def test_a_resumed_payers_members_go_at_once(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_concurrent_files=2)
    _, second, _ = file_of_three(acme)
    run = acme.sweep()
    pause(acme, second)
    work()
    assert resume(acme, second) == [f"partner.{acme.partner.pk}"]
    send()
    assert asked_payers(sftp)[1:] == [["SECOND"]]
    for number, file in enumerate(sftp.files()):
        leave(sftp, f"{number}.271", *(payers.answer(q) for q in questions(file)), number=number + 1)
    look(acme)
    assert acme.outcome(run) == (3, 0, 0)


def test_a_pause_with_an_end_is_over_by_itself(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    pause(acme, acme.payer, resumes_at=database_now() + timedelta(hours=1))
    acme.sweep()
    with acme.inside():
        unit = Dispatch.objects.get()
        assert (unit.waits_for, unit.due_at) == ("payer_paused", PayerPause.objects.get().resumes_at)
    send()
    assert sftp.files() == []
    with acme.inside():
        PayerPause.objects.update(resumes_at=database_now() - timedelta(seconds=1))
    send()
    assert len(sftp.files()) == 1


def test_pausing_twice_changes_the_pause_and_says_why(acme: FileAcme) -> None:
    pause(acme, acme.payer)
    with acme.inside():
        pausing.pause_payer(acme.payer, reason="Until Monday", resumes_at=database_now())
        assert PayerPause.objects.get().reason == "Until Monday"
        changes = PayerPauseHistory.objects.values_list("reason", "pgh_reason")
        assert list(changes) == [("Their system is being replaced", "Until Monday")]
        pausing.pause_payer(acme.payer, reason="Again")  # that one was over
        assert PayerPause.objects.filter(ended_at=None).count() == 1


def test_another_practice_goes_on_asking_a_payer_that_one_has_paused(
    acme: FileAcme, payer_server: ScriptedPayer
) -> None:
    pause(acme, acme.payer)
    other = Neighbour(payer_server, acme.payer)
    other.visit()
    run = other.sweep()
    work()
    assert other.read(run).active == 1


class Neighbour(Acme):
    """Another practice, which asks the same payer in real time."""

    def __init__(self, server: ScriptedPayer, payer: Payer) -> None:
        self.payer = payer
        self.organization = make_organization("Neighbour")
        self.sam = make_member(self.organization, Level.PRACTICE_MANAGER, "nell")
        with self.inside():
            self.facility = FacilityFactory()
            self.partner = PartnerFactory(settings={"url": server.url})
            RouteFactory(payer=payer, partner=self.partner)
            self.plan = PlanFactory(payer=payer)


def test_a_live_question_to_a_paused_payer_waits(live: Acme) -> None:
    live.visit()
    run = live.sweep()
    pause(live, live.payer)
    work()
    assert waiting(live) == {"payer_paused": 1}
    resume(live, live.payer)
    send()
    assert live.read(run).active == 1


@pytest.fixture
def live(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def test_a_paused_partner_is_sent_nothing_until_it_is_resumed(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    acme.sweep()
    with acme.inside():
        pausing.pause_partner(acme.partner, reason="Their maintenance")
    send()
    assert (sftp.files(), waiting(acme)) == ([], {"partner_paused": 1})
    with acme.inside():
        assert TradingPartner.objects.get(pk=acme.partner.pk).paused_reason == "Their maintenance"
        assert pausing.resume_partner(acme.partner, reason="Over") == [f"partner.{acme.partner.pk}"]
    send()
    assert len(sftp.files()) == 1


def test_a_paused_poller_looks_again_when_it_is_resumed(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    work()
    leave(sftp, "a.271", payers.answer(questions(sftp.files()[0])[0]))
    with acme.inside():
        pausing.pause_poller(acme.partner, reason="Wrong files")
    look(acme)
    assert acme.read(run).active == 0
    with acme.inside():
        pausing.resume_poller(acme.partner, reason="Right again")
    look(acme)
    assert acme.read(run).active == 1


# --- quiet hours ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "end", "now", "until"),
    [
        # within a day
        (time(1), time(5), datetime(2026, 6, 1, 6, 0, tzinfo=UTC), datetime(2026, 6, 1, 9, 0, tzinfo=UTC)),
        (time(1), time(5), datetime(2026, 6, 1, 9, 0, tzinfo=UTC), None),
        # over midnight: before it and after it
        (time(22), time(5), datetime(2026, 6, 2, 3, 0, tzinfo=UTC), datetime(2026, 6, 2, 9, 0, tzinfo=UTC)),
        (time(22), time(5), datetime(2026, 6, 2, 8, 0, tzinfo=UTC), datetime(2026, 6, 2, 9, 0, tzinfo=UTC)),
        (time(22), time(5), datetime(2026, 6, 2, 15, 0, tzinfo=UTC), None),
        # clocks go back on 1 November: an hour more; the end that comes twice is the second
        (
            time(22),
            time(5),
            datetime(2026, 11, 1, 4, 0, tzinfo=UTC),
            datetime(2026, 11, 1, 10, 0, tzinfo=UTC),
        ),
        (
            time(22),
            time(1, 30),
            datetime(2026, 11, 1, 5, 45, tzinfo=UTC),
            datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
        ),
        # clocks go forward on 8 March: an hour less; an end that does not come is the later hour
        (time(22), time(5), datetime(2026, 3, 8, 4, 0, tzinfo=UTC), datetime(2026, 3, 8, 9, 0, tzinfo=UTC)),
        (
            time(22),
            time(2, 30),
            datetime(2026, 3, 8, 6, 59, tzinfo=UTC),
            datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
        ),
        (time(5), time(5), datetime(2026, 6, 1, 9, 0, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_end_where_the_payers_clock_says(
    begin: time, end: time, now: datetime, until: datetime | None
) -> None:
    payer = Payer(quiet_from=begin, quiet_until=end, quiet_zone="America/New_York")
    assert quiet_until(payer, now) == until


def test_a_quiet_payers_members_wait_until_its_hours_are_over(acme: FileAcme, sftp: SftpServer) -> None:
    now = database_now()
    quiet = another_payer(
        acme,
        "QUIET",
        quiet_from=(now - timedelta(hours=1)).time(),
        quiet_until=(now + timedelta(hours=1)).time(),
        quiet_zone="UTC",
    )
    acme.visit()
    acme.sweep()
    work()
    assert asked_payers(sftp) == [["12345"]]
    with acme.inside():
        unit = Dispatch.objects.get(waits_for="quiet_hours")
        assert abs(unit.due_at - (now + timedelta(hours=1))) < timedelta(minutes=1)
    Payer.objects.filter(pk=quiet.pk).update(quiet_from=None)
    for file in sftp.files():
        file.unlink()
    look(acme)
    send()
    assert asked_payers(sftp) == [["QUIET"]]


# --- the daily cap -------------------------------------------------------------------------------


def cap(acme: Acme, most: int) -> None:
    Payer.objects.filter(pk=acme.payer.pk).update(daily_cap=most, quiet_zone="America/New_York")


def days_ago(acme: Acme, days: int) -> None:
    with acme.inside():
        Transaction.objects.exclude(sent_at=None).update(sent_at=database_now() - timedelta(days=days))


def test_what_fits_under_the_daily_cap_goes_and_the_rest_waits_for_the_next_day(
    acme: FileAcme, sftp: SftpServer
) -> None:
    cap(acme, 2)
    for _ in range(5):
        acme.visit()
    acme.sweep()
    work()
    assert [len(each) for each in asked_payers(sftp)] == [2]
    assert waiting(acme) == {"daily_cap": 3}
    with acme.inside():
        due = Dispatch.objects.get(waits_for="daily_cap").due_at
    assert due.astimezone(ZoneInfo("America/New_York")).time() == time(0)
    send(2)  # looked at too early: nothing more of that day
    assert waiting(acme) == {"daily_cap": 3}
    sftp.files()[0].unlink()
    look(acme)
    days_ago(acme, 2)
    send()
    assert [len(each) for each in asked_payers(sftp)] == [2]
    assert waiting(acme) == {"daily_cap": 1}


def test_the_daily_cap_counts_every_practice(acme: FileAcme, payer_server: ScriptedPayer) -> None:
    cap(acme, 2)
    acme.visit()
    acme.sweep()
    work()
    other = Neighbour(payer_server, acme.payer)
    for _ in range(3):
        other.visit()
    run = other.sweep()
    work()
    assert other.read(run).active == 1
    assert waiting(other) == {"daily_cap": 2}


def test_a_place_in_the_day_is_kept_when_the_worker_dies_and_taken_once(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(acme, 1)
    for _ in range(2):
        acme.visit()
    acme.sweep()
    claim = claiming.claim_next(f"partner.{acme.partner.pk}")
    assert claim is not None
    monkeypatch.setattr(sending.files, "write_file", None)
    with pytest.raises(TypeError):
        sending.send(claim)
    monkeypatch.undo()
    with acme.inside():
        Dispatch.objects.filter(state="claimed").update(lease_until=database_now() - timedelta(hours=1))
    claiming.free_lost_leases()
    bring_forward()
    work()
    assert [len(each) for each in asked_payers(sftp)] == [1]
    assert waiting(acme) == {"daily_cap": 1}


def test_a_cancelled_members_place_is_free_again(acme: FileAcme, sftp: SftpServer) -> None:
    from sweeps.services import cancel_run

    cap(acme, 1)
    acme.visit()
    run = acme.sweep()
    claim = claiming.claim_next(f"partner.{acme.partner.pk}")
    assert claim is not None
    assert sending.sift(claim)
    with acme.inside():
        cancel_run(run)
    sending.send(claim)
    with tenant(acme.organization.pk):
        assert Transaction.objects.get().state == "never_sent"
    acme.visit(days=2)
    acme.sweep()
    work()
    assert [len(each) for each in asked_payers(sftp)] == [1]
