"""A partner that refuses our key: asked once, told once, and what waits for it goes when it is mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coverage.models import Coverage
from practice.alerts import end_alert
from practice.models import Alert
from sweeps.models import SweepRun
from tests.factories import CoverageFactory, PatientFactory, PayerFactory, PlanFactory, RouteFactory
from tests.gateway import bring_forward, try_the_key_again, work, work_until_quiet
from tests.payers import ScriptedPayer, active, scripted_payer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import questions, send
from tests.tradingpartners.test_pausing import waiting
from tests.tradingpartners.test_routes import attempts, second_route
from tradingpartners.models import Dispatch, Interchange, TradingPartner, TransportLog
from tradingpartners.route_words import WAITS, finding
from tradingpartners.services import pausing, refusing, trying
from tradingpartners.services.clock import database_now
from tradingpartners.services.routing import explain
from tradingpartners.transports import Step, realtime

NEW = {"username": "u", "password": "new"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def swept(acme: Acme, visits: int) -> SweepRun:
    for _ in range(visits):
        acme.visit()
    run = acme.sweep()
    for _ in range(4):
        bring_forward()
        work()
    return run


def told(acme: Acme) -> list[tuple[str, str, int]]:
    with acme.inside():
        alerts = Alert.objects.filter(kind="connection_trouble")
        return list(alerts.values_list("facts__code", "state", "times"))


def try_out(acme: Acme) -> None:
    trying.keep_result(acme.partner, [Step("settings"), Step("token")])


def change_credentials(acme: Acme) -> None:
    trying.save_connection(acme.partner, settings=acme.partner.settings, credentials=NEW)


def resume(acme: Acme) -> None:
    assert pausing.resume_partner(acme.partner, reason="They have unlocked us") == [f"payer.{acme.payer.pk}"]


@pytest.mark.parametrize("mend", [try_out, change_credentials, resume])
def test_a_partner_that_refuses_our_key_is_asked_once_and_the_rest_waits_until_that_is_mended(
    live: Acme, payer_server: ScriptedPayer, mend: Callable[[Acme], None]
) -> None:
    payer_server.script = lambda question: (403, b"")
    run = swept(live, 5)
    assert len(payer_server.questions) == 1
    assert waiting(live) == {"partner_refuses": 4}
    assert told(live) == [("http_403", "open", 1)]
    payer_server.script = active
    with live.inside():
        mend(live)
        assert not Dispatch.objects.filter(state="ready", due_at__gt=database_now()).exists()
    assert waiting(live) == {"": 4}
    send()
    counts = live.read(run)
    assert (counts.active, counts.failed, counts.state) == (4, 1, "completed")
    assert len(payer_server.questions) == 5


def test_a_trial_that_goes_badly_mends_nothing(live: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (401, b"")
    swept(live, 2)
    with live.inside():
        trying.keep_result(live.partner, [Step("settings"), Step("http", "http_401")])
    send(2)
    assert (len(payer_server.questions), waiting(live)) == (1, {"partner_refuses": 1})


def test_a_key_that_is_refused_again_costs_one_question_more(live: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (401, b"")
    swept(live, 5)
    with live.inside():
        change_credentials(live)
    send(3)
    assert (len(payer_server.questions), waiting(live)) == (2, {"partner_refuses": 3})


def test_with_another_route_all_go_that_way_at_once(live: Acme, payer_server: ScriptedPayer) -> None:
    """What is asked later meets the refusal itself: perhaps it was this payer's word alone."""
    payer_server.script = lambda question: (403, b"")
    with scripted_payer() as other:
        second_route(live, other.url)
        for _ in range(5):
            live.visit()
        run = live.sweep()
        send(3)
        assert live.read(run).active == 5
        live.visit(days=2)
        swept(live, 0)
        assert len(other.questions) == 6
    assert len(payer_server.questions) == 2
    assert attempts(live).count(("Example", "failed", "http_403")) == 2
    assert attempts(live).count(("Example", "never_sent", "http_403")) == 4


def test_what_is_answered_after_all_ends_the_wait(
    live: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One payer behind the partner is not ours to ask, the others are."""
    ask = realtime.ask

    def refused_meanwhile(*args: Any, **kwargs: Any) -> Any:
        with live.inside():
            TradingPartner.objects.update(refusal="http_403")
        return ask(*args, **kwargs)

    monkeypatch.setattr(realtime, "ask", refused_meanwhile)
    run = swept(live, 3)
    assert live.read(run).active == 3
    with live.inside():
        assert TradingPartner.objects.get().refusal == ""


def test_the_page_says_why_it_waits(live: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (403, b"")
    swept(live, 2)
    with live.inside():
        (found,) = explain(live.payer, live.facility)
    assert (found.is_open, found.waits_for) == (True, "partner_refuses")
    assert "refused" in finding(found.waits_for).what
    assert found.waits_for in WAITS


def test_a_file_whose_partner_refuses_the_login_waits_and_goes_with_the_same_bytes(
    acme: FileAcme, sftp: SftpServer
) -> None:
    good = {"username": "u", "password": "p"}
    acme.limit(credentials={**good, "password": "old"})
    acme.visit()
    acme.sweep()
    send(4)
    with acme.inside():
        puts = TransportLog.objects.filter(event="put").values_list("error", flat=True)
        assert list(puts) == ["login_refused"]
        written = Interchange.objects.get()
        trying.save_connection(acme.partner, settings=sftp.settings, credentials=good)
    work_until_quiet()
    (file,) = sftp.files()
    assert (file.name, len(questions(file))) == (written.file_name, 1)
    assert told(acme) == [("login_refused", "resolved", 1)]


# --- one payer, or all --------------------------------------------------------------------------


def a_second_payer(acme: Acme, identifier: str) -> Coverage:
    """Behind the same connection, under an address of its own."""
    other = PayerFactory(furthest_date="any", retries=1)
    with acme.inside():
        url = str(acme.partner.settings["url"]).rstrip("/")
        acme.partner.settings = {"url": f"{url}/{{payer_id}}"}
        acme.partner.save(update_fields=["settings"])
        RouteFactory(payer=other, partner=acme.partner, payer_identifier=identifier)
        plan = PlanFactory(payer=other)
        covered: Coverage = CoverageFactory(insurance_plan=plan, patient=PatientFactory())
        return covered


def test_a_payer_that_refuses_us_alone_stops_no_other_payer_of_the_connection(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    theirs = a_second_payer(live, "NOTOURS")
    payer_server.script = lambda question: (
        (403, b"") if "NOTOURS" in str(question.segments) else active(question)
    )
    for _ in range(3):
        live.visit(coverage=theirs)
    swept(live, 3)
    assert waiting(live) == {}
    assert attempts(live).count(("Example", "answered", "")) == 3
    assert attempts(live).count(("Example", "failed", "http_403")) == 1


def hold_all(acme: Acme) -> None:
    """A refusal that concerns the whole connection, whoever met it."""
    with acme.inside():
        refusing.note(acme.partner.pk, "token_http_401")


def test_a_refusal_of_an_old_key_that_comes_late_costs_one_wait(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    hold_all(live)
    run = swept(live, 5)
    assert (waiting(live), payer_server.questions) == ({"partner_refuses": 5}, [])
    try_the_key_again()
    work()
    assert live.read(run).active == 5
    with live.inside():
        assert TradingPartner.objects.get().refusal == ""


def test_of_all_that_waits_one_question_tries_the_key_again(live: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (401, b"")
    hold_all(live)
    for _ in range(3):  # a unit each
        live.visit()
        swept(live, 1)
    before = sum(waiting(live).values())
    try_the_key_again()
    work()
    assert len(payer_server.questions) == 1
    assert waiting(live) == {"partner_refuses": before - 1}
    payer_server.script = active
    try_the_key_again()
    send(3)
    assert waiting(live) == {}
    assert len(payer_server.questions) == before


def test_a_trial_that_fails_of_something_else_goes_no_further(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    hold_all(live)
    swept(live, 3)
    payer_server.script = lambda question: (500, b"")
    try_the_key_again()
    work()
    assert len(payer_server.questions) == 1


def test_a_refusal_that_stands_is_told_again_though_somebody_resolved_it(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda question: (403, b"")
    swept(live, 5)
    with live.inside():
        assert end_alert(Alert.objects.get(kind="connection_trouble"))
    try_the_key_again()
    work()
    assert len(payer_server.questions) == 2
    assert sorted(state for _, state, _ in told(live)) == ["open", "resolved"]


@pytest.mark.parametrize("is_for_all", [True, False])
def test_what_waits_longer_than_an_answer_may_take_ends_with_the_refusal(
    live: Acme, payer_server: ScriptedPayer, is_for_all: bool
) -> None:
    payer_server.script = lambda question: (403, b"")
    if is_for_all:
        hold_all(live)
    run = swept(live, 5)
    with live.inside():
        long_ago = database_now() - live.partner.response_sla - timedelta(minutes=1)
        Dispatch.objects.update(created_at=long_ago)
    try_the_key_again()
    send(2)
    counts = live.read(run)
    assert (counts.failed, counts.state, waiting(live)) == (5, "completed", {})
    code = "token_http_401" if is_for_all else "http_403"
    assert attempts(live)[-1] == ("Example", "never_sent", code)
    assert len(payer_server.questions) == (0 if is_for_all else 1)


def test_a_file_that_is_refused_again_is_put_once_a_time_and_told_again(
    acme: FileAcme, sftp: SftpServer
) -> None:
    old = {"username": "u", "password": "old"}
    acme.limit(credentials=old, max_st_per_interchange=1, max_concurrent_files=9)
    acme.visit()
    acme.visit()
    acme.sweep()
    send(3)
    with acme.inside():
        assert end_alert(Alert.objects.get(kind="connection_trouble"))
    try_the_key_again()
    work()
    with acme.inside():
        assert TransportLog.objects.filter(event="put", error="login_refused").count() == 2
        assert set(Dispatch.objects.values_list("waits_for", flat=True)) == {"partner_refuses"}
    assert sorted(state for _, state, _ in told(acme)) == ["open", "resolved"]


def test_files_of_a_partner_that_never_takes_our_key_end_with_the_refusal(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.visit()
    run = acme.sweep()
    with acme.inside():
        refusing.note(acme.partner.pk, "login_refused")
    send()
    with acme.inside():
        Dispatch.objects.update(created_at=database_now() - timedelta(days=30))
    try_the_key_again()
    send()
    with acme.inside():
        assert run.members.get().failure_reason == "login_refused"
    assert sftp.files() == []


def test_a_written_file_that_nobody_saw_leaves_a_refusing_partner_for_another_route(
    acme: FileAcme, sftp: SftpServer
) -> None:
    """Another unit met the refusal while this one could not get through."""
    good = dict(acme.partner.settings)
    with scripted_payer() as other:
        second_route(acme, other.url)
        acme.limit(settings={**good, "port": 9999})
        acme.visit()
        run = acme.sweep()
        send()
        acme.limit(settings=good)
        with acme.inside():
            refusing.note(acme.partner.pk, "login_refused")
        send(2)
        assert len(other.questions) == 1
    assert acme.read(run).active == 1
    assert sftp.files() == []
