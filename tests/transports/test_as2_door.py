"""What a partner pushes to `/as2/<partner id>/`, composed and read back by libas2."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from practice.models import Outbox
from practice.rows import uuid7
from practice.tenancy import inside, tenant
from tests.factories import PartnerFactory, make_organization
from tests.transports.as2_peer import PAYLOAD, THEM, US, As2Peer, a_file, running_peer
from tradingpartners import as2 as door
from tradingpartners.models import InboundDelivery, TransportLog
from tradingpartners.services import payloads, receipts, receiving
from tradingpartners.transports import as2

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def peer() -> Iterator[As2Peer]:
    with running_peer() as peer:
        yield peer


class Practice:
    """A practice whose partner pushes to it."""

    def __init__(self, peer: As2Peer, **settings: Any) -> None:
        self.organization = make_organization("Acme")
        with self.inside():
            self.partner = PartnerFactory(
                transport="as2", settings=peer.settings(**settings), credentials=peer.credentials
            )

    def inside(self) -> Any:
        return tenant(self.organization.pk)

    @property
    def path(self) -> str:
        return f"/as2/{self.partner.pk}/"

    def take(self, headers: dict[str, str], body: bytes, **changes: str) -> HttpResponse:
        return post(self.path, {**headers, **changes}, body)

    def deliveries(self) -> list[InboundDelivery]:
        with self.inside():
            return list(InboundDelivery.objects.order_by("pk"))

    def content(self, delivery: InboundDelivery) -> bytes:
        assert delivery.payload_id
        with self.inside():
            return payloads.contents_of([delivery.payload_id])[delivery.payload_id]

    def logged(self) -> list[tuple[str, str]]:
        with self.inside():
            return list(TransportLog.objects.order_by("pk").values_list("event", "error"))


def post(path: str, headers: dict[str, str], body: bytes) -> Any:
    return Client().generic("POST", path, body, headers["Content-Type"], headers=headers)


@pytest.fixture
def acme(peer: As2Peer) -> Practice:
    return Practice(peer)


def said(peer: As2Peer, response: Any) -> dict[str, Any]:
    """What the partner reads in the receipt; its signature was verified."""
    assert response.status_code == 200
    return peer.read_receipt(dict(response.headers), response.content)


def error(receipt: dict[str, Any]) -> str:
    described = receipt["disposition"].get("description")
    return f"{described['type']}: {described['text']}".removesuffix(": ") if described else ""


# --- taken ---------------------------------------------------------------------------------------


def test_a_message_is_kept_and_answered_with_a_signed_receipt(peer: As2Peer, acme: Practice) -> None:
    headers, body = peer.compose(id="<first@peer>")
    receipt = said(peer, acme.take(headers, body))
    assert receipt["isSigned"]
    assert receipt["id"] == "<first@peer>"
    assert receipt["mic"]
    assert error(receipt) == ""
    (delivery,) = acme.deliveries()
    assert acme.content(delivery) == PAYLOAD
    assert (delivery.came_by, delivery.message_id, delivery.file_name) == (
        "pushed",
        "first@peer",
        "answers.edi",
    )
    assert delivery.read_at is None
    assert acme.logged() == [("message", "")]


def test_without_being_asked_no_receipt_is_given(peer: As2Peer, acme: Practice) -> None:
    response = acme.take(*peer.compose(receipt=False))
    assert (response.status_code, response.content) == (200, b"")
    assert len(acme.deliveries()) == 1


def test_fault_63_a_duplicate_message_gets_the_stored_receipt_again(peer: As2Peer, acme: Practice) -> None:
    headers, body = peer.compose(id="<twice@peer>")
    first = acme.take(headers, body)
    again_encrypted = peer.compose(id="<twice@peer>")
    second, third = acme.take(headers, body), acme.take(*again_encrypted)
    assert first.content == second.content == third.content
    assert first.headers["Message-ID"] == third.headers["Message-ID"]
    assert len(acme.deliveries()) == 1
    assert acme.logged() == [("message", "")] * 3


def test_fault_63_one_message_id_for_two_contents_is_refused_and_kept(peer: As2Peer, acme: Practice) -> None:
    acme.take(*peer.compose(id="<one@peer>"))
    receipt = said(peer, acme.take(*peer.compose(b"ISA*another~", id="<one@peer>")))
    assert error(receipt) == "error: unexpected-processing-error"
    first, other = acme.deliveries()
    assert (first.error, other.error) == ("", "message_id_reused")
    assert acme.content(other) == b"ISA*another~"
    assert other.read_at  # nobody applies it


def test_the_same_content_under_a_new_message_id_is_a_duplicate(peer: As2Peer, acme: Practice) -> None:
    for message_id in ("<a@peer>", "<b@peer>"):
        acme.take(*peer.compose(id=message_id))
    assert [each.is_duplicate for each in acme.deliveries()] == [False, True]


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacking", "reason"), [({"sign": False}, "not_signed"), ({"encrypt": False}, "not_encrypted")], ids=str
)
def test_a_message_without_what_was_agreed_on_is_refused_and_kept(
    peer: As2Peer, acme: Practice, lacking: dict[str, bool], reason: str
) -> None:
    receipt = said(peer, acme.take(*peer.compose(**lacking)))
    assert error(receipt) == "error: insufficient-message-security"
    (delivery,) = acme.deliveries()
    assert (delivery.error, delivery.message_id) == (reason, "")
    assert acme.content(delivery)
    assert delivery.read_at
    assert acme.logged() == [("message", reason)]


def test_a_refused_message_may_be_mended_under_its_own_id(peer: As2Peer, acme: Practice) -> None:
    headers, body = peer.compose(id="<mended@peer>")
    refused = said(peer, acme.take(headers, body[:-400]))
    assert error(refused).startswith("error: ")
    assert error(said(peer, acme.take(headers, body))) == ""
    assert [each.message_id for each in acme.deliveries()] == ["", "mended@peer"]


def test_refused_messages_cannot_fill_the_store(
    peer: As2Peer, acme: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "_MOST_REFUSED", 2)
    for _ in range(4):
        assert error(said(peer, acme.take(*peer.compose(sign=False))))
    assert len(acme.deliveries()) == 2
    assert len(acme.logged()) == 4


def test_while_our_own_key_has_expired_the_partner_is_to_try_again(peer: As2Peer, acme: Practice) -> None:
    with acme.inside():
        acme.partner.credentials = {**peer.credentials, "certificate": ""}
        acme.partner.save()
    assert acme.take(*peer.compose()).status_code == 503
    assert acme.logged() == [("message", "settings:certificate")]


# --- strangers -----------------------------------------------------------------------------------


def test_strangers_are_told_nothing(peer: As2Peer, acme: Practice) -> None:
    headers, body = peer.compose()
    with acme.inside():
        sftp, gone, off = (
            PartnerFactory(settings=acme.partner.settings, credentials=peer.credentials, **fields)
            for fields in (
                {"transport": "sftp"},
                {"transport": "as2", "is_deleted": True},
                {"transport": "as2", "is_active": False},
            )
        )
    answers = [post(f"/as2/{each.pk}/", headers, body) for each in (sftp, gone, off)]
    answers += [
        post(f"/as2/{uuid7()}/", headers, body),
        acme.take(headers, body, **{"As2-From": "MALLORY"}),
        acme.take(headers, body, **{"As2-To": THEM}),
        acme.take({"Content-Type": headers["Content-Type"]}, body),
    ]
    assert {(each.status_code, each.content) for each in answers} == {(404, b"")}
    assert acme.deliveries() == []


def test_names_are_the_partners_own(peer: As2Peer, acme: Practice) -> None:
    """Another partner's names and signature open nothing at this address."""
    mallory = Practice(peer, as2_to="MALLORY")
    headers, body = peer.compose()
    assert mallory.take(headers, body).status_code == 404
    assert mallory.take(headers, body, **{"As2-From": "MALLORY", "As2-To": US}).status_code == 200
    assert acme.deliveries() == []


def test_only_a_post_of_a_stated_and_bearable_size_is_read(
    peer: As2Peer, acme: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, body = peer.compose()
    assert Client().get(acme.path).status_code == 405
    assert acme.take(headers, body, **{"Content-Length": "many"}).status_code == 411
    monkeypatch.setattr(door, "LARGEST_MESSAGE", 100)
    assert acme.take(headers, body).status_code == 413
    assert acme.deliveries() == []


def test_no_transaction_is_open_while_the_message_comes_in(
    peer: As2Peer, acme: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    read = door._read
    monkeypatch.setattr(door, "_read", lambda request: seen.append(inside()) or read(request))
    acme.take(*peer.compose())
    assert seen == [False]


def test_nothing_of_a_message_is_logged(
    peer: As2Peer, acme: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        acme.take(*peer.compose(b"NM1*IL*1*CANARY~"))
        acme.take(*peer.compose(b"NM1*IL*1*CANARY~", sign=False))
    assert "CANARY" not in caplog.text


# --- receipts that come later --------------------------------------------------------------------


def owed(acme: Practice) -> list[Outbox]:
    with acme.inside():
        return list(Outbox.objects.filter(kind=receiving.RECEIPT).order_by("pk"))


def pass_time(acme: Practice) -> None:
    with acme.inside(), connection.cursor() as cursor:
        cursor.execute("UPDATE practice_outbox SET due_at = now() - interval '1 s'")


def test_a_receipt_that_is_wanted_later_is_sent_to_the_partner_by_a_worker(
    peer: As2Peer, acme: Practice
) -> None:
    response = acme.take(*peer.compose(id="<later@peer>", later=f"{peer.url}/later"))
    assert (response.status_code, response.content) == (202, b"")
    assert peer.late_receipts("later@peer") == []
    assert acme.organization.pk in receipts.organizations_owing()
    assert receipts.send_receipts(acme.organization.pk) == 1
    (receipt,) = peer.late_receipts("later@peer")
    assert receipt["isSigned"]
    assert receipt["mic"]
    assert receipts.send_receipts(acme.organization.pk) == 0
    assert receipts.organizations_owing() == []
    assert acme.logged() == [("message", ""), ("mdn_sent", "")]


def test_a_duplicate_that_wants_its_receipt_later_gets_the_stored_one_later(
    peer: As2Peer, acme: Practice
) -> None:
    message = peer.compose(id="<later-twice@peer>", later=f"{peer.url}/later")
    for _ in range(2):
        acme.take(*message)
    assert len(owed(acme)) == 1
    receipts.send_receipts(acme.organization.pk)
    acme.take(*message)
    receipts.send_receipts(acme.organization.pk)
    assert len(peer.late_receipts("later-twice@peer")) == 2


def test_a_receipt_goes_to_no_host_but_the_partners_own(peer: As2Peer, acme: Practice) -> None:
    message = peer.compose(id="<elsewhere@peer>", later="http://127.0.0.9:9009/later")
    assert said(peer, acme.take(*message))["id"] == "<elsewhere@peer>"
    assert owed(acme) == []


def test_a_receipt_nobody_takes_is_sent_again_later_each_time_and_given_up(
    peer: As2Peer, acme: Practice
) -> None:
    acme.take(*peer.compose(later=f"{peer.url}/later?status=500"))
    pauses = []
    for _ in range(7):
        assert receipts.send_receipts(acme.organization.pk) == 0
        due = owed(acme)[0].due_at
        assert due
        pauses.append(due - timezone.now())
        pass_time(acme)
    assert sorted(pauses) == pauses
    assert pauses[0] > timedelta(seconds=20)
    receipts.send_receipts(acme.organization.pk)
    (row,) = owed(acme)
    assert row.given_up_at
    assert (row.error, row.tries) == ("http_500", 8)


def test_a_worker_killed_while_it_sent_a_receipt_loses_nothing(
    peer: As2Peer, acme: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.take(*peer.compose(id="<killed@peer>", later=f"{peer.url}/later"))

    def die(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(receipts.as2, "deliver_receipt", die)
    with pytest.raises(SystemExit):
        receipts.send_receipts(acme.organization.pk)
    monkeypatch.undo()
    assert receipts.send_receipts(acme.organization.pk) == 0  # its lease still runs
    pass_time(acme)
    assert receipts.send_receipts(acme.organization.pk) == 1
    assert len(peer.late_receipts("killed@peer")) == 1


def test_a_receipt_for_nothing_of_ours_is_turned_away(peer: As2Peer, acme: Practice, settings: Any) -> None:
    settings.PUBLIC_URL = "https://preflight.example"
    sent = as2.publish(peer.connection(mdn="async"), a_file(message_id=UUID(int=7)))
    (kept,) = peer.kept_receipts(sent.reference)
    assert acme.take(kept["headers"], kept["body"].encode()).status_code == 404
    assert acme.logged() == [("mdn", "mdn_of_nobody")]
