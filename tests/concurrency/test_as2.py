"""One AS2 message that comes several times at the same moment."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from practice.models import Outbox
from practice.tenancy import tenant
from tests.concurrency.test_claims import at_once
from tests.factories import PartnerFactory, make_organization
from tests.transports.as2_peer import As2Peer, running_peer
from tradingpartners.models import InboundDelivery, Payload
from tradingpartners.services import receipts

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


def push(peer: As2Peer, times: int, **wanted: Any) -> tuple[Any, list[Any]]:
    organization = make_organization("Acme")
    with tenant(organization.pk):
        partner = PartnerFactory(transport="as2", settings=peer.settings(), credentials=peer.credentials)
    headers, body = peer.compose(**wanted)

    def deliver() -> Any:
        path = f"/as2/{partner.pk}/"
        return Client().generic("POST", path, body, headers["Content-Type"], headers=headers)

    return organization, at_once(deliver, times)


def test_fault_63_a_message_that_comes_at_once_is_kept_once_and_has_one_receipt() -> None:
    with running_peer() as peer:
        organization, answers = push(peer, 6, id="<at-once@peer>")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    with tenant(organization.pk):
        assert InboundDelivery.objects.count() == 1
        assert Payload.objects.count() == 2  # the content and the receipt


def test_a_receipt_two_workers_want_to_send_is_sent_once() -> None:
    with running_peer() as peer:
        organization, _ = push(peer, 1, id="<owed-once@peer>", later=f"{peer.url}/later")
        sent = at_once(lambda: receipts.send_receipts(organization.pk), 4)
        assert sum(sent) == 1
        assert len(peer.late_receipts("owed-once@peer")) == 1
    with tenant(organization.pk):
        assert Outbox.objects.get().tries == 1
