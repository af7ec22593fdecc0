"""A partner that refuses our key: asked once, told once, and what waits for it goes when it is mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from practice.models import Alert
from sweeps.models import SweepRun
from tests.gateway import bring_forward, work, work_until_quiet
from tests.payers import ScriptedPayer, active, scripted_payer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import questions, send
from tests.tradingpartners.test_pausing import waiting
from tests.tradingpartners.test_routes import attempts, second_route
from tradingpartners.models import Dispatch, Interchange, TradingPartner, TransportLog
from tradingpartners.services import pausing, trying
from tradingpartners.services.clock import database_now
from tradingpartners.services.routing import explain
from tradingpartners.transports import Step, realtime
from tradingpartners.words import WAITS, finding

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
    payer_server.script = lambda question: (403, b"")
    with scripted_payer() as other:
        second_route(live, other.url)
        for _ in range(5):
            live.visit()
        run = live.sweep()
        send(3)
        assert live.read(run).active == 5
        live.visit(days=2)
        swept(live, 0)  # the next sweep knows
        assert len(other.questions) == 6
    assert len(payer_server.questions) == 1
    assert attempts(live).count(("Example", "failed", "http_403")) == 1
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
