"""What comes at one moment to several readers: one of a number, one alert."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from practice.alerts import raise_alert
from practice.models import Alert
from practice.tenancy import tenant
from tests import payers
from tests.concurrency.test_claims import at_once
from tests.payers import scripted_payer
from tests.sweeps.conftest import Acme
from tradingpartners.models import InboundDelivery, Interchange, Transaction
from tradingpartners.services import inbound, payloads

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def acme() -> Iterator[Acme]:
    with scripted_payer() as server:
        yield Acme(server)


def kept(acme: Acme, name: str, plan: str) -> InboundDelivery:
    """A file the partner left, kept and not read: interchange 1, with a set of its own."""
    content = payers.envelope(["BHT*0022*11*NOBODY*20261122*0700", f"HL*1**20*1~NM1*PR*2*{plan}"])
    with acme.inside():
        payload, _ = payloads.keep_once(acme.partner, content)
        return InboundDelivery.objects.create(
            partner=acme.partner, payload=payload, file_name=name, remote_size=1, remote_modified=1
        )


def test_of_files_with_one_number_read_at_once_one_is_taken(acme: Acme) -> None:
    deliveries = [kept(acme, f"{number}.271", f"PLAN {number}") for number in range(6)]
    numbers = count()
    at_once(
        lambda: inbound.read_deliveries(acme.organization.pk, [deliveries[next(numbers)].pk]),
        times=len(deliveries),
    )
    with acme.inside():
        problems = Interchange.objects.filter(direction="in").values_list("problem", flat=True)
        assert sorted(problems) == ["", *["same_number_other_content"] * 5]
        assert Transaction.objects.filter(disposition="held").count() == 5


def test_a_file_read_by_several_at_once_is_stored_once(acme: Acme) -> None:
    delivery = kept(acme, "a.271", "PLAN")
    at_once(lambda: inbound.read_deliveries(acme.organization.pk, [delivery.pk]))
    with acme.inside():
        assert Interchange.objects.filter(direction="in").count() == 1
        assert Transaction.objects.filter(direction="in").count() == 1


def test_an_alert_raised_by_many_at_once_is_one(acme: Acme) -> None:
    def see() -> None:
        with tenant(acme.organization.pk):
            raise_alert(kind="held_file", key="one", severity=Alert.Severity.PROBLEM)

    at_once(see)
    with acme.inside():
        assert list(Alert.objects.values_list("times", flat=True)) == [8]
