"""Stedi's batches: handed over once, polled to their end, nobody lost and nobody asked twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from sweeps.models import SweepRun
from tests import stedi
from tests.factories import PartnerFactory, RouteFactory
from tests.payers import ScriptedPayer
from tests.transports.conftest import ClearinghouseAcme
from tests.web import Web
from tradingpartners.models import InboundDelivery, Interchange, TradingPartner, Transaction, TransportLog
from tradingpartners.services import inbound, polling
from tradingpartners.transports import Connection, NotSent, OutgoingFile, stedi_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(acme: ClearinghouseAcme, web: Web) -> stedi.Stedi:
    acme.reach_by(
        "stedi_batch",
        settings={"url": web.url},
        credentials={"api_key": stedi.KEY},
        max_st_per_interchange=500,
    )
    clearinghouse = stedi.Stedi()
    web.script = clearinghouse.script
    return clearinghouse


def sweep_of(acme: ClearinghouseAcme, count: int) -> SweepRun:
    for _ in range(count):
        acme.visit()
    return acme.sweep()


def answers(batch: stedi.Batch) -> list[dict[str, Any]]:
    return [
        {**stedi.answer(item), "submitterTransactionIdentifier": item["submitterTransactionIdentifier"]}
        for item in batch.items
    ]


def attempts(acme: ClearinghouseAcme) -> list[tuple[str, str]]:
    with acme.inside():
        return list(Transaction.objects.attempts().order_by("id").values_list("state", "error"))


def interchange(acme: ClearinghouseAcme) -> Interchange:
    with acme.inside():
        return Interchange.objects.filter(direction="out").latest("id")


def test_a_sweep_is_cut_into_batches_and_each_answer_finds_its_question(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    with acme.inside():
        TradingPartner.objects.update(max_st_per_interchange=2)
    run = sweep_of(acme, 5)
    acme.send(4)
    assert [len(batch.items) for batch in house.batches] == [2, 2, 1]
    for batch in house.batches:
        house.finish(batch, *reversed(answers(batch)), status="COMPLETED")
    acme.look()
    assert acme.outcome(run) == (5, 0, 0)
    assert acme.read(run).state == "completed"


def test_a_batch_in_flight_is_taken_by_its_receipt(acme: ClearinghouseAcme, house: stedi.Stedi) -> None:
    sweep_of(acme, 1)
    acme.send()
    sent = interchange(acme)
    assert (sent.state, sent.reference) == ("taken", house.batches[0].id)
    assert house.batches[0].name == f"{sent.file_name.removesuffix('.edi')}-{sent.pk.hex}"


def test_pages_are_walked_to_their_end_and_each_is_one_delivery(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    run = sweep_of(acme, 5)
    acme.send()
    house.page_size = 2
    house.finish(house.batches[0], *answers(house.batches[0]), status="COMPLETED")
    acme.look()
    with acme.inside():
        assert InboundDelivery.objects.count() == 3
    assert acme.outcome(run) == (5, 0, 0)


def test_what_finishes_in_between_is_fetched_once(
    acme: ClearinghouseAcme, house: stedi.Stedi, web: Web
) -> None:
    run = sweep_of(acme, 3)
    acme.send()
    batch = house.batches[0]
    acme.look()  # nothing is finished: only the status is asked for
    assert not web.asked("polling/batch-eligibility")
    for answer in answers(batch):
        house.finish(batch, answer)
        acme.look()
    acme.look()  # nothing new
    assert [len(each) for each in (web.asked("polling/batch-eligibility"),)] == [3]
    assert acme.outcome(run) == (3, 0, 0)
    with acme.inside():
        assert Transaction.objects.filter(direction="in").count() == 3


def test_an_expired_page_token_begins_the_walk_anew(acme: ClearinghouseAcme, house: stedi.Stedi) -> None:
    run = sweep_of(acme, 4)
    acme.send()
    house.page_size = 2
    house.expired_tokens = {"2"}
    house.finish(house.batches[0], *answers(house.batches[0]), status="COMPLETED")
    acme.look()
    assert acme.outcome(run) == (2, 0, 0)
    with acme.inside():
        assert TradingPartner.objects.get(pk=acme.partner.pk).poll_error == "page_token_expired"
    house.expired_tokens = set()
    acme.look()
    assert acme.outcome(run) == (4, 0, 0)
    with acme.inside():
        partner = TradingPartner.objects.get(pk=acme.partner.pk)
        assert (partner.poll_error, partner.polled_at is None) == ("", False)


def another_way(acme: ClearinghouseAcme, payer: ScriptedPayer) -> None:
    with acme.inside():
        second = PartnerFactory(name="Second", code="Second", settings={"url": payer.url})
        RouteFactory(payer=acme.payer, partner=second, preference=2, payer_identifier="B2")


def reach(acme: ClearinghouseAcme, url: str, key: str) -> None:
    with acme.inside():
        acme.partner.settings, acme.partner.credentials = {"url": url}, {"api_key": key}
        acme.partner.save()


def test_a_batch_that_reached_nobody_goes_another_way_when_the_key_is_refused_later(
    acme: ClearinghouseAcme, house: stedi.Stedi, web: Web, unused_payer: ScriptedPayer
) -> None:
    another_way(acme, unused_payer)
    web.script = lambda request: (429, {})
    run = sweep_of(acme, 1)
    acme.send()
    assert interchange(acme).published_at is None
    web.script = house.script
    reach(acme, web.url, "an old key")
    acme.send(2)
    assert attempts(acme) == [("failed", "http_403"), ("answered", "")]
    assert acme.outcome(run) == (1, 0, 0)


def test_a_batch_that_may_have_reached_stedi_goes_no_other_way(
    acme: ClearinghouseAcme, house: stedi.Stedi, web: Web, unused_payer: ScriptedPayer
) -> None:
    another_way(acme, unused_payer)
    web.script = lambda request: (500, {})
    sweep_of(acme, 1)
    acme.send()
    web.script = house.script
    reach(acme, web.url, "an old key")
    acme.send(2)
    assert (attempts(acme), unused_payer.questions) == ([("sent", "")], [])


def test_a_submission_whose_answer_was_lost_is_not_submitted_twice(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    run = sweep_of(acme, 2)
    house.loses_receipts = True
    acme.send()
    house.loses_receipts = False
    acme.send(2)
    (batch,) = house.batches
    assert interchange(acme).reference == f"name:{batch.name}"
    house.finish(batch, *answers(batch), status="COMPLETED")
    acme.look()
    assert acme.outcome(run) == (2, 0, 0)
    assert attempts(acme) == [("answered", "")] * 2


def test_others_checks_on_the_way_to_an_id_are_not_kept(acme: ClearinghouseAcme, house: stedi.Stedi) -> None:
    sweep_of(acme, 1)
    house.loses_receipts = True
    acme.send(2)
    (ours,) = house.batches
    other = stedi.Batch("019ab0c4-ffff", "somebody-elses", ours.items, house.now)
    house.batches.insert(0, other)
    house.finish(other, *[{**each, "id": "ec_canary"} for each in answers(ours)], status="COMPLETED")
    house.finish(ours, *answers(ours), status="COMPLETED")
    acme.look()
    with acme.inside():
        assert Transaction.objects.filter(direction="in").count() == 1


def test_a_batch_refused_over_one_check_goes_again_without_it(
    acme: ClearinghouseAcme, house: stedi.Stedi, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sweep_of(acme, 3)
    submit, refusals = house._submit, []

    def refuse_the_second(body: dict[str, Any]) -> Any:
        if refusals:
            return submit(body)
        refusals.append(body["items"][1]["submitterTransactionIdentifier"])
        return 400, {"fieldList": [{"path": "/items/1/subscriber/memberId", "message": "pattern"}]}

    monkeypatch.setattr(house, "_submit", refuse_the_second)
    acme.send(2)
    assert attempts(acme)[:3] == [
        ("failed", "file_refused"),
        ("rejected", "unwritable:subscriber.member_id"),
        ("failed", "file_refused"),
    ]
    (batch,) = house.batches
    assert len(batch.items) == 2
    house.finish(batch, *answers(batch), status="COMPLETED")
    acme.look()
    assert acme.outcome(run)[0] == 2
    with acme.inside():
        assert Interchange.objects.filter(acknowledgement="refused", state="taken").count() == 1


def test_a_batch_that_is_refused_again_and_again_is_not_asked_for_ever(
    acme: ClearinghouseAcme, house: stedi.Stedi, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sweep_of(acme, 2)
    monkeypatch.setattr(house, "_submit", lambda body: (400, {"message": "no", "fieldList": []}))
    acme.send(6)
    assert len(web.asked("batch-eligibility")) == 1 + acme.payer.retries
    assert acme.read(run).state == "completed"


def test_what_has_no_answer_when_the_batch_is_over_ends_as_no_answer(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    run = sweep_of(acme, 3)
    acme.send()
    batch = house.batches[0]
    first, second, _ = answers(batch)
    house.finish(batch, first)
    acme.look()
    batch.unanswered = 1
    house.finish(batch, second, status="COMPLETED_WITH_ERRORS")
    acme.look(3)  # what is new, all of it once more, and then it is over
    assert attempts(acme) == [("answered", ""), ("answered", ""), ("unknown", "no_answer")]
    assert acme.outcome(run) == (2, 0, 1)


def test_an_answer_that_a_walk_missed_is_found_by_the_last_one(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    run = sweep_of(acme, 2)
    acme.send()
    batch = house.batches[0]
    first, second = answers(batch)
    house.finish(batch, first)
    acme.look()
    house.finish(batch, second, status="COMPLETED")
    batch.finished[-1] = (house.now - timedelta(hours=1), batch.finished[-1][1])  # indexed late
    acme.look(2)
    assert acme.outcome(run) == (2, 0, 0)


def test_a_batch_that_never_ends_is_over_an_hour_after_its_last_retry(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    sweep_of(acme, 1)
    acme.send()
    acme.look()
    assert attempts(acme) == [("sent", "")]
    house.now += timedelta(hours=26)
    acme.look(2)
    assert attempts(acme) == [("unknown", "no_answer")]


def test_a_poller_killed_before_it_kept_a_page_fetches_it_again(
    acme: ClearinghouseAcme, house: stedi.Stedi, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sweep_of(acme, 4)
    acme.send()
    house.page_size = 2
    house.finish(house.batches[0], *answers(house.batches[0]), status="COMPLETED")
    keep, kept = polling._keep, []

    def killed_at_the_second(*args: Any) -> Any:
        kept.append(args)
        if len(kept) == 2:
            raise KeyboardInterrupt
        return keep(*args)

    monkeypatch.setattr(polling, "_keep", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        acme.look()
    monkeypatch.undo()
    acme.look()
    assert acme.outcome(run) == (4, 0, 0)
    assert attempts(acme) == [("answered", "")] * 4


def test_a_page_of_an_answer_nobody_knows_is_unmatched_and_costs_the_others_nothing(
    acme: ClearinghouseAcme, house: stedi.Stedi
) -> None:
    run = sweep_of(acme, 1)
    acme.send()
    (answer,) = answers(house.batches[0])
    house.finish(house.batches[0], {**answer, "submitterTransactionIdentifier": "F" * 32}, answer)
    acme.look()
    assert acme.outcome(run) == (1, 0, 0)
    with acme.inside():
        assert Transaction.objects.filter(disposition="unmatched").count() == 1


def test_a_paused_poller_asks_nothing(acme: ClearinghouseAcme, house: stedi.Stedi, web: Web) -> None:
    sweep_of(acme, 1)
    acme.send()
    with acme.inside():
        TradingPartner.objects.update(poller_paused=True)
    before = len(web.requests)
    acme.look()
    assert len(web.requests) == before


def test_no_key_and_no_patient_is_in_the_log_of_the_wire(acme: ClearinghouseAcme, house: stedi.Stedi) -> None:
    sweep_of(acme, 1)
    acme.send()
    house.finish(house.batches[0], *answers(house.batches[0]), status="COMPLETED")
    acme.look()
    with acme.inside():
        rows = list(TransportLog.objects.values())
    assert {row["event"] for row in rows} == {"put", "fetch"}
    for secret in ("AMES", stedi.KEY, house.batches[0].items[0]["subscriber"]["memberId"]):
        assert secret not in str(rows)


def test_a_look_that_fails_is_noted_and_loses_nothing(
    acme: ClearinghouseAcme, house: stedi.Stedi, web: Web
) -> None:
    run = sweep_of(acme, 1)
    acme.send()
    house.finish(house.batches[0], *answers(house.batches[0]), status="COMPLETED")
    web.script = lambda request: (503, {})
    acme.look()
    with acme.inside():
        partner = TradingPartner.objects.get(pk=acme.partner.pk)
        assert (partner.poll_error, partner.polled_at) == ("http_503", None)
        assert partner.poll_due_at <= timezone.now() + partner.poll_interval
    web.script = house.script
    acme.look()
    assert acme.outcome(run) == (1, 0, 0)


def test_two_pollers_are_one(acme: ClearinghouseAcme, house: stedi.Stedi) -> None:
    sweep_of(acme, 1)
    acme.send()
    house.finish(house.batches[0], *answers(house.batches[0]), status="COMPLETED")
    with acme.inside():
        TradingPartner.objects.update(poll_due_at=timezone.now() - timedelta(hours=1))
    first, _ = polling.poll(acme.organization.pk, acme.partner.pk)
    second, _ = polling.poll(acme.organization.pk, acme.partner.pk)
    assert (len(first), second) == (1, [])
    inbound.read_deliveries(acme.organization.pk, first)
    assert attempts(acme) == [("answered", "")]


def test_a_batch_that_stedi_does_not_know_stops_no_other(acme: ClearinghouseAcme, house: stedi.Stedi) -> None:
    with acme.inside():
        TradingPartner.objects.update(max_st_per_interchange=1)
    run = sweep_of(acme, 2)
    acme.send(2)
    lost, found = house.batches
    house.batches = [found]
    house.finish(found, *answers(found), status="COMPLETED")
    acme.look()
    assert acme.outcome(run) == (1, 0, 0)
    house.now += timedelta(hours=26)
    acme.look()
    assert sorted(attempts(acme)) == [("answered", ""), ("unknown", "no_answer")]
    assert lost.items


def test_a_batch_is_handed_over_within_the_lease_or_not_at_all() -> None:
    connection = Connection(uuid4(), {"url": "http://127.0.0.1:9"}, {"api_key": "k"}, patience=0.0)
    with pytest.raises(NotSent) as error:
        stedi_batch.publish(connection, OutgoingFile("a.json", b"{}", "application/json", uuid4()))
    assert error.value.code == "timeout"
