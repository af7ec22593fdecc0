"""What can never go, and what kills those who touch it, ends with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import payers
from tests.gateway import bring_forward, work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import SftpServer
from tradingpartners import tasks, x12
from tradingpartners.models import Dispatch, InboundDelivery, TransportLog
from tradingpartners.services import claiming, inbound, payloads, sending
from tradingpartners.transports import realtime

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def change(acme: Acme, **fields: Any) -> None:
    with acme.inside():
        for name, value in fields.items():
            setattr(acme.partner, name, value)
        acme.partner.save()


def reasons(acme: Acme, run: Any) -> list[str]:
    assert acme.read(run).state == "completed"
    with acme.inside():
        return sorted(run.members.values_list("failure_reason", flat=True))


@pytest.mark.parametrize("url", [None, "http://127.0.0.1/{nobody}", "{"])
def test_a_partner_without_a_usable_address_ends_the_run_with_the_reason(acme: Acme, url: str | None) -> None:
    change(acme, settings={"url": url} if url else {})
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert reasons(acme, run) == ["settings:url"]
    with acme.inside():
        assert set(TransportLog.objects.values_list("event", "error")) == {("ask", "settings:url")}


@pytest.mark.parametrize("missing", ["host", "port", "inbox", "outbox", "host_keys", "credentials"])
def test_a_file_partner_filled_half_ends_the_run_with_the_reason(
    acme: Acme, sftp: SftpServer, missing: str
) -> None:
    settings = {name: value for name, value in sftp.settings.items() if name != missing}
    change(acme, transport="sftp", settings=settings)
    if missing == "credentials":
        change(acme, credentials=None)
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert reasons(acme, run) == [f"settings:{missing}"]


def test_questions_to_a_partner_switched_off_in_mid_run_end(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    run = acme.sweep()
    change(acme, is_active=False)
    work_until_quiet()
    assert reasons(acme, run) == ["partner_inactive"]
    assert payer_server.questions == []


def test_a_route_retired_in_mid_run_is_no_fault_of_the_data(acme: Acme) -> None:
    acme.visit()
    run = acme.sweep()
    with acme.inside():
        acme.partner.routes.update(is_deleted=True)
    work_until_quiet()
    assert reasons(acme, run) == ["no_route"]


def lease_ends(acme: Acme) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    with acme.inside():
        Dispatch.objects.filter(state="claimed").update(lease_until=long_ago)
        InboundDelivery.objects.exclude(reader_until=None).update(reader_until=long_ago)
    claiming.free_lost_leases()


def test_a_question_that_kills_its_workers_is_given_up(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    acme.visit()
    run = acme.sweep()
    with monkeypatch.context() as patch:
        patch.setattr(realtime, "ask", die)
        for _ in range(20):
            bring_forward()
            claim = claiming.claim_next(f"payer.{acme.payer.pk}")
            if claim is None:
                break
            try:
                sending.send(claim)
            except SystemExit:
                lease_ends(acme)
        else:
            raise AssertionError("it went on for ever")
    work_until_quiet()
    assert reasons(acme, run) == ["worker_lost"]


def test_what_kills_its_reader_takes_no_other_delivery_with_it(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    bring_forward()
    real = x12.read_stream

    def read(chunks: Iterable[bytes]) -> Any:
        content = b"".join(chunks)
        if content == b"poison":
            raise MemoryError
        return real([content])

    monkeypatch.setattr(x12, "read_stream", read)
    contents = [b"poison", *(payers.envelope([f"BHT*0022*11*X{n}"]) for n in range(3))]
    with acme.inside():
        ids = [
            InboundDelivery.objects.create(
                partner=acme.partner, file_name=f"f{n}", payload=payloads.keep(content)
            ).pk
            for n, content in enumerate(contents)
        ]
    for _ in range(4):
        try:
            inbound.read_deliveries(acme.organization.pk, ids)
        except MemoryError:
            lease_ends(acme)
    with acme.inside():
        errors = InboundDelivery.objects.filter(pk__in=ids, read_at__isnull=False).order_by("pk")
        assert list(errors.values_list("error", flat=True)) == ["poison", "", "", ""]


def test_a_content_whose_first_reading_failed_is_read_when_it_comes_again(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    acme.visit()
    payer_server.script = lambda question: None
    run = acme.sweep()
    bring_forward()
    sending.send(claiming.claim_next(f"payer.{acme.payer.pk}"))  # type: ignore[arg-type]
    content = payers.envelope(payers.answer(payer_server.questions[0]))
    with acme.inside():
        payload = payloads.keep(content)
        common = {"partner": acme.partner, "payload": payload}
        InboundDelivery.objects.create(**common, file_name="a", read_at=timezone.now(), error="poison")
        again = InboundDelivery.objects.create(**common, file_name="b", is_duplicate=True)
    inbound.read_deliveries(acme.organization.pk, [again.pk])
    assert acme.read(run).active == 1


def test_a_queue_rings_once_for_each_slot_that_is_free(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.payer.batch_connections, acme.payer.live_connections = 2, 1
    acme.payer.save()
    for _ in range(6):
        acme.visit()
        acme.sweep()
    rung: list[str] = []
    monkeypatch.setattr(tasks, "ring", lambda *args, queue: rung.append(queue))
    monkeypatch.setattr(tasks, "listen", lambda *args: None)
    bring_forward()
    tasks.ring_units()
    assert rung == [f"payer.{acme.payer.pk}"] * 3
    tasks.ring_units()
    assert len(rung) == 3
