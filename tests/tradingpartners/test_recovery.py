"""What a dead, paused or doubled worker leaves behind, and how the next one takes it up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from practice.rows import uuid7
from tests.gateway import bring_forward, work, work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tradingpartners import x12
from tradingpartners.models import (
    ControlNumber,
    Dispatch,
    InboundDelivery,
    Interchange,
    Transaction,
)
from tradingpartners.services import claiming, inbound, interchanges, payloads, sending
from tradingpartners.services.claiming import Claim
from tradingpartners.services.sending import live
from tradingpartners.transports import realtime

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def claim(acme: Acme) -> Claim:
    bring_forward()
    found = claiming.claim_next(f"payer.{acme.payer.pk}")
    assert found is not None
    return found


def lease_ends(acme: Acme) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    with acme.inside():
        Dispatch.objects.filter(state="claimed").update(lease_until=long_ago)
        InboundDelivery.objects.exclude(reader_until=None).update(reader_until=long_ago)
    claiming.free_lost_leases()


def test_a_worker_paused_past_its_lease_keeps_the_reply_and_asks_nothing_more(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.visit()
    run = acme.sweep()
    mine = claim(acme)
    ask = realtime.ask

    def ask_and_be_paused(*args: Any, **kwargs: Any) -> Any:
        reply = ask(*args, **kwargs)
        lease_ends(acme)
        return reply

    monkeypatch.setattr(realtime, "ask", ask_and_be_paused)
    sending.send(mine)
    monkeypatch.undo()
    assert len(payer_server.questions) == 1
    with acme.inside():
        assert InboundDelivery.objects.get().read_at is not None
    work_until_quiet()
    assert len(payer_server.questions) == 2
    assert acme.read(run).active == 2


def test_a_reply_kept_by_a_worker_that_died_is_read_and_not_asked_for_again(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    run = acme.sweep()

    def die(*args: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(live, "read_deliveries", die)
    with pytest.raises(SystemExit):
        sending.send(claim(acme))
    monkeypatch.undo()
    lease_ends(acme)
    work_until_quiet()
    assert acme.read(run).active == 1
    assert len(payer_server.questions) == 1


def test_a_question_that_may_have_been_read_is_asked_again_under_another_trace_with_the_reason(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    run = acme.sweep()

    def die(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(realtime, "ask", die)
    with pytest.raises(SystemExit):
        sending.send(claim(acme))
    monkeypatch.undo()
    lease_ends(acme)
    work_until_quiet()
    assert acme.read(run).active == 1
    with acme.inside():
        attempts = Transaction.objects.filter(direction="out").order_by("id")
        assert list(attempts.values_list("state", "error", "attempt")) == [
            ("unknown", "worker_lost", 1),
            ("answered", "", 1),  # a worker of ours that died does not use up the payer's budget
        ]


def test_a_delivery_whose_readers_do_not_survive_is_put_aside(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()

    def die(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(x12, "read_stream", die)
    with pytest.raises(MemoryError):
        sending.send(claim(acme))
    with acme.inside():
        delivery = InboundDelivery.objects.get()
    lease_ends(acme)
    with pytest.raises(MemoryError):
        inbound.read_deliveries(acme.organization.pk, [delivery.pk])
    lease_ends(acme)
    inbound.read_deliveries(acme.organization.pk, [delivery.pk])
    with acme.inside():
        delivery.refresh_from_db()
        assert (delivery.error, delivery.read_at is None) == ("poison", False)
        first = Transaction.objects.filter(direction="out").order_by("id")[0]
        assert (first.state, first.error) == ("unknown", "unreadable:poison")


def test_a_delivery_somebody_is_reading_is_left_to_them(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    acme.sweep()
    bring_forward()
    work()
    with acme.inside():
        delivery = InboundDelivery.objects.get()
        InboundDelivery.objects.update(
            read_at=None, reader_until=timezone.now() + timedelta(minutes=1), rescue_count=1
        )
    assert inbound.organizations_waiting(older_than_seconds=-60) == []
    inbound.read_deliveries(acme.organization.pk, [delivery.pk])
    with acme.inside():
        delivery.refresh_from_db()
    assert (delivery.read_at, delivery.rescue_count) == (None, 1)


def test_reading_a_delivery_twice_is_reading_it_once(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    run = acme.sweep()
    bring_forward()
    work()
    with acme.inside():
        delivery = InboundDelivery.objects.get()
        InboundDelivery.objects.update(read_at=None, reader_until=None)
    inbound.read_deliveries(acme.organization.pk, [delivery.pk])
    with acme.inside():
        assert Transaction.objects.filter(direction="in").count() == 1
    assert acme.read(run).active == 1


def test_an_attempt_withdrawn_after_it_was_written_is_not_sent(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    write = live.write_questions

    def then_withdrawn(*args: Any, **kwargs: Any) -> Any:
        written = write(*args, **kwargs)
        Transaction.objects.filter(state="prepared").update(state="never_sent")
        return written

    monkeypatch.setattr(live, "write_questions", then_withdrawn)
    sending.send(claim(acme))
    assert payer_server.questions == []
    with acme.inside():
        assert Dispatch.objects.get().state == "done"
        assert not Interchange.objects.exists()


def test_control_numbers_do_not_repeat_and_a_wrap_is_a_new_epoch(acme: Acme) -> None:
    with acme.inside():
        reserve = interchanges.reserve_control_number
        assert [reserve(acme.partner.pk) for _ in range(2)] == [(1, 1), (2, 1)]
        ControlNumber.objects.update(next=999_999_999)
        assert [reserve(acme.partner.pk) for _ in range(2)] == [(999_999_999, 1), (1, 2)]


def test_equal_contents_are_kept_once(acme: Acme) -> None:
    content = uuid7().bytes * 100_000
    with acme.inside():
        first, known_first = payloads.keep_once(acme.partner, content)
        second, known_second = payloads.keep_once(acme.partner, content)
        assert (first.pk, known_first, known_second) == (second.pk, False, True)
        assert first.chunks.count() == 2
        assert payloads.content_of(first) == content
