"""A sweep over AS2, both ways, with a partner that is libas2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from practice.models import Alert
from tests import payers
from tests.factories import PartnerFactory, RouteFactory
from tests.gateway import bring_forward, pass_the_sla, work
from tests.payers import scripted_payer
from tests.sweeps.conftest import Acme
from tests.transports.as2_peer import As2Peer, keys, running_peer
from tradingpartners import as2 as door
from tradingpartners import tasks
from tradingpartners.models import Dispatch, InboundDelivery, Interchange, TradingPartner, TransportLog
from tradingpartners.services import inbound, pausing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def peer() -> Iterator[As2Peer]:
    with running_peer() as peer:
        yield peer


def go() -> None:
    bring_forward()
    work()


class As2Acme(Acme):
    """Acme, whose payer takes files over AS2 and pushes its answers."""

    def __init__(self, peer: As2Peer, **settings: Any) -> None:
        with scripted_payer() as nobody:
            super().__init__(nobody)
        self.peer = peer
        with self.inside():
            self.partner.routes.all().delete()
            self.partner = PartnerFactory(
                transport="as2", settings=peer.settings(**settings), credentials=peer.credentials
            )
            RouteFactory(payer=self.payer, partner=self.partner)

    def agree(self, fault: str = "", **settings: Any) -> None:
        with self.inside():
            self.partner.settings = self.peer.settings(fault, **settings)
            self.partner.save()

    def interchange(self) -> Interchange:
        with self.inside():
            return Interchange.objects.get(direction="out")

    def message_id(self) -> str:
        return f"{self.interchange().pk}@preflight"

    def post(self, headers: dict[str, str], body: bytes | str, *, to: TradingPartner | None = None) -> int:
        content = body.encode() if isinstance(body, str) else body
        response = Client().generic(
            "POST", f"/as2/{(to or self.partner).pk}/", content, headers["Content-Type"], headers=headers
        )
        return response.status_code

    def push_answers(self, **wanted: Any) -> None:
        """The partner answers every question of the file it has, in one message."""
        sets = self.peer.content(self.message_id()).split(b"~ST*")[1:]
        asked = [payers.Question(b"ST*" + each.split(b"~SE*")[0]) for each in sets]
        file = payers.envelope(*[payers.answer(question) for question in asked])
        assert self.post(*self.peer.compose(file, **wanted)) in {200, 202}

    def read_pushed(self) -> None:
        with self.inside():
            unread = list(InboundDelivery.objects.filter(read_at=None).values_list("pk", flat=True))
        inbound.read_deliveries(self.organization.pk, unread)
        work()

    def puts(self) -> list[str]:
        with self.inside():
            return list(
                TransportLog.objects.filter(event="put").order_by("pk").values_list("error", flat=True)
            )


@pytest.fixture
def acme(db: None, peer: As2Peer) -> As2Acme:
    return As2Acme(peer)


def test_a_sweep_goes_out_and_its_answers_are_pushed_back(acme: As2Acme) -> None:
    for _ in range(3):
        acme.visit()
    run = acme.sweep()
    go()
    assert acme.interchange().state == Interchange.State.TAKEN
    assert acme.interchange().reference == acme.message_id()
    acme.push_answers()
    acme.read_pushed()
    counts = acme.read(run)
    assert (counts.state, counts.active, counts.failed) == ("completed", 3, 0)


def test_answers_pushed_twice_are_applied_once(acme: As2Acme) -> None:
    acme.visit()
    run = acme.sweep()
    go()
    for _ in range(2):
        acme.push_answers(id="<answers@peer>")
        acme.read_pushed()
    acme.push_answers(id="<answers-again@peer>")
    acme.read_pushed()
    assert acme.read(run).active == 1
    with acme.inside():
        assert InboundDelivery.objects.count() == 2


def test_fault_63_after_a_missing_receipt_the_same_message_goes_again(acme: As2Acme) -> None:
    acme.agree("missing")
    acme.visit()
    acme.sweep()
    go()
    assert acme.interchange().state == Interchange.State.IN_FLIGHT
    acme.agree()
    go()
    assert acme.puts() == ["mdn_missing", ""]
    first, second = acme.peer.received(acme.message_id())
    assert first["mic"] == second["mic"]
    assert acme.interchange().state == Interchange.State.TAKEN


def test_fault_63_a_receipt_for_something_else_holds_the_file_until_a_person_lets_it_go(
    acme: As2Acme,
) -> None:
    acme.agree("mic")
    acme.visit()
    run = acme.sweep()
    go()
    held = acme.interchange()
    assert (held.state, held.problem, acme.puts()) == (
        Interchange.State.IN_FLIGHT,
        "mdn_mic_differs",
        ["mdn_mic_differs"],
    )
    with acme.inside():
        unit = Dispatch.objects.get()
        assert (unit.state, unit.waits_for) == ("ready", "held")
        assert unit.due_at > timezone.now() + timedelta(days=30_000)  # nothing brings it back but a person
        assert Alert.objects.get(kind="held_sending").facts["code"] == "mdn_mic_differs"
    acme.agree()
    with acme.inside():
        assert pausing.release(unit, reason="They lost it") == [f"partner.{acme.partner.pk}"]
        assert pausing.release(unit, reason="Again") == []
        unit.refresh_from_db()
        assert (unit.waits_for, unit.due_at <= timezone.now()) == ("", True)
    go()
    assert acme.puts() == ["mdn_mic_differs", ""]
    assert (acme.interchange().state, acme.interchange().problem) == (Interchange.State.TAKEN, "")
    first, second = acme.peer.received(acme.message_id())
    assert first["mic"] == second["mic"]
    with acme.inside():
        assert Alert.objects.get(kind="held_sending").state == "resolved"
    acme.push_answers()
    acme.read_pushed()
    assert acme.read(run).active == 1


# --- receipts that come later --------------------------------------------------------------------


@pytest.fixture
def waiting(acme: As2Acme, settings: Any) -> As2Acme:
    """A file is out; its receipt is to come to our own address."""
    settings.PUBLIC_URL = "https://preflight.example"
    return acme


def send(acme: As2Acme, fault: str = "") -> dict[str, Any]:
    """The receipt the partner has made of the file; nobody has brought it yet."""
    acme.agree(fault, mdn="async")
    acme.visit()
    acme.sweep()
    go()
    assert acme.interchange().state == Interchange.State.IN_FLIGHT
    (kept,) = acme.peer.kept_receipts(acme.message_id())
    assert kept["url"] == f"https://preflight.example/as2/{acme.partner.pk}/"
    return dict(kept)


def test_fault_63_a_receipt_that_comes_later_and_twice_takes_the_file_once(waiting: As2Acme) -> None:
    receipt = send(waiting)
    assert [waiting.post(receipt["headers"], receipt["body"]) for _ in range(2)] == [200, 200]
    taken = waiting.interchange()
    assert (taken.state, taken.problem) == (Interchange.State.TAKEN, "")
    with waiting.inside():
        logged = list(TransportLog.objects.filter(event="mdn").values_list("error", "interchange_id"))
    assert logged == [("", taken.pk), ("", taken.pk)]


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("mic", "mdn_mic_differs"),
        ("unsigned", "mdn_unsigned"),
        ("wrong_signer", "mdn_wrong_signer"),
        ("error:decryption-failed", "mdn_decryption_failed"),
        ("error:unexpected-processing-error", "mdn_error"),
    ],
)
def test_fault_63_a_later_receipt_for_something_else_holds_the_file(
    waiting: As2Acme, fault: str, problem: str
) -> None:
    receipt = send(waiting, fault)
    for _ in range(2):
        assert waiting.post(receipt["headers"], receipt["body"]) == 200
    held = waiting.interchange()
    assert (held.state, held.problem) == (Interchange.State.IN_FLIGHT, problem)
    with waiting.inside():
        alert = Alert.objects.get(kind="held_sending")
    assert (alert.subject_id, alert.facts["code"], alert.times) == (held.pk, problem, 1)


def test_fault_63_a_file_that_a_later_receipt_held_goes_once_more_when_a_person_says_so(
    waiting: As2Acme,
) -> None:
    receipt = send(waiting, "error:decryption-failed")
    waiting.post(receipt["headers"], receipt["body"])
    held = waiting.interchange()
    go()
    assert waiting.puts() == [""]
    assert held.dispatch_id is not None
    with waiting.inside():
        unit = Dispatch.objects.get(pk=held.dispatch_id)
        assert (unit.state, pausing.waits_for_a_person(held)) == ("done", True)
        assert pausing.release(unit, reason="They have our new certificate") == [unit.queue]
        assert pausing.release(unit, reason="Again") == []
        assert Alert.objects.get(kind="held_sending").state == "resolved"
        assert not pausing.waits_for_a_person(waiting.interchange())
    waiting.agree()
    go()
    assert waiting.puts() == ["", ""]
    first, second = waiting.peer.received(waiting.message_id())
    assert first["mic"] == second["mic"]
    assert (waiting.interchange().state, waiting.interchange().problem) == (Interchange.State.TAKEN, "")
    with waiting.inside():
        assert Interchange.objects.filter(direction="out").count() == 1


def test_a_file_whose_questions_have_ended_is_not_offered_once_more(waiting: As2Acme) -> None:
    receipt = send(waiting, "mic")
    waiting.post(receipt["headers"], receipt["body"])
    pass_the_sla()
    with waiting.inside():
        unit = Dispatch.objects.get()
        assert not pausing.waits_for_a_person(waiting.interchange())
        assert pausing.release(unit, reason="Too late") == []
        unit.refresh_from_db()
        assert unit.state == "done"


def test_a_forged_receipt_is_undone_by_the_partners_own(waiting: As2Acme) -> None:
    receipt = send(waiting)
    notice = waiting.peer.forge(waiting.message_id())
    assert waiting.post(*notice) == 200
    assert waiting.interchange().problem == "mdn_unsigned"
    waiting.post(receipt["headers"], receipt["body"])
    assert waiting.interchange().state == Interchange.State.TAKEN
    assert waiting.interchange().problem == ""
    with waiting.inside():
        assert Alert.objects.get(kind="held_sending").state == "resolved"
    waiting.post(*notice)
    assert waiting.interchange().problem == ""


def test_a_receipt_under_another_key_is_believed_once_that_key_is_known(
    waiting: As2Acme,
) -> None:
    """The partner signs with its next key before we have its certificate."""
    receipt = send(waiting, "wrong_signer")
    waiting.post(receipt["headers"], receipt["body"])
    assert waiting.interchange().problem == "mdn_wrong_signer"
    both = [waiting.peer.theirs.certificate, keys("stranger").certificate]
    waiting.agree(mdn="async", partner_certificates=both)
    waiting.post(receipt["headers"], receipt["body"])
    assert waiting.interchange().state == Interchange.State.TAKEN


def test_an_interchange_of_another_partner_is_not_taken(waiting: As2Acme) -> None:
    receipt = send(waiting)
    with waiting.inside():
        other = PartnerFactory(
            transport="as2", settings=waiting.partner.settings, credentials=waiting.peer.credentials
        )
    assert waiting.post(receipt["headers"], receipt["body"], to=other) == 404
    assert waiting.interchange().state == Interchange.State.IN_FLIGHT


# --- bells ---------------------------------------------------------------------------------------


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """What is rung, by the name of its task, instead of a broker."""
    rung: list[tuple[str, tuple[str, ...]]] = []

    def ring(task: Any, *ids: object, queue: str | None = None) -> None:
        rung.append((task.name, tuple(map(str, ids))))

    for module in (door, tasks):
        monkeypatch.setattr(module, "ring", ring)
    return rung


def test_what_came_is_read_at_once(acme: As2Acme, bells: list[tuple[str, tuple[str, ...]]]) -> None:
    acme.visit()
    run = acme.sweep()
    go()
    for _ in range(2):
        acme.push_answers(id="<rung@peer>")
    ((name, ids),) = bells  # a repeat is nothing to read
    assert name == "tradingpartners.read_delivery"
    tasks.read_delivery_task(*ids)
    work()
    assert acme.read(run).active == 1


def test_a_later_receipt_rings_for_the_next_file(
    waiting: As2Acme, bells: list[tuple[str, tuple[str, ...]]]
) -> None:
    receipt = send(waiting)
    for _ in range(2):
        waiting.post(receipt["headers"], receipt["body"])
    ((name, ids),) = bells
    assert (name, ids[:2]) == (
        "tradingpartners.send",
        (str(waiting.organization.pk), str(waiting.partner.pk)),
    )


def test_a_receipt_whose_bell_was_lost_is_sent_by_the_tick(
    acme: As2Acme, bells: list[tuple[str, tuple[str, ...]]]
) -> None:
    headers, body = acme.peer.compose(id="<unheard@peer>", later=f"{acme.peer.url}/later")
    assert acme.post(headers, body) == 202
    owed = ("tradingpartners.send_receipts", (str(acme.organization.pk),))
    assert owed in bells
    bells.clear()
    tasks.keep_going()
    assert owed in bells
    tasks.send_receipts_task(*owed[1])
    assert len(acme.peer.late_receipts("unheard@peer")) == 1
    bells.clear()
    tasks.keep_going()
    assert owed not in bells
