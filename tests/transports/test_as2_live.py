"""The same door over real HTTP: what a server makes of headers and bodies is its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from practice.rows import uuid7
from practice.tenancy import tenant
from tests.factories import PartnerFactory, make_organization
from tests.transports.as2_peer import PAYLOAD, As2Peer, running_peer
from tradingpartners.models import InboundDelivery
from tradingpartners.services import payloads, receipts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def peer() -> Iterator[As2Peer]:
    with running_peer() as peer:
        yield peer


def test_a_message_is_taken_and_answered_both_ways_over_http(peer: As2Peer, live_server: Any) -> None:
    organization = make_organization("Acme")
    with tenant(organization.pk):
        partner = PartnerFactory(transport="as2", settings=peer.settings(), credentials=peer.credentials)

    def push(to: Any = partner.pk, **wanted: Any) -> requests.Response:
        headers, body = peer.compose(**wanted)
        return requests.post(f"{live_server.url}/as2/{to}/", data=body, headers=headers, timeout=20)

    answer = push(id="<now@peer>")
    assert peer.read_receipt(dict(answer.headers), answer.content)["id"] == "<now@peer>"
    assert push(id="<later@peer>", later=f"{peer.url}/later").status_code == 202
    assert receipts.send_receipts(organization.pk) == 1
    assert peer.late_receipts("later@peer")[0]["isSigned"]
    assert push(to=uuid7()).status_code == 404
    with tenant(organization.pk):
        kept = InboundDelivery.objects.select_related("payload").order_by("pk")
        assert [(each.message_id, payloads.content_of(each.payload)) for each in kept if each.payload] == [
            ("now@peer", PAYLOAD),
            ("later@peer", PAYLOAD),
        ]
