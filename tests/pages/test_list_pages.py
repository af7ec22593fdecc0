"""The operator's list pages: what they cost, and which words they keep for support."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practice.alerts import raise_alert
from practice.models import Alert, Facility, Organization
from practice.tenancy import tenant
from tests.factories import PartnerFactory, RouteFactory
from tests.pages.test_desk_words import EDI
from tests.pages.test_transactions import World
from tradingpartners.models import Interchange, TransportLog

# An operator works with the file's number and name: they stand on these pages by right.
OPERATORS = re.compile(r"ISA13|\b(X12|trace|clearinghouse)\b", re.IGNORECASE)


@pytest.fixture
def world(acme: Organization, facility: Facility) -> World:
    return World(acme, facility)


def add(world: World, number: int) -> None:
    """One more of everything a list shows."""
    lost = world.ask("failed", "No 271 within 24 h")
    world.ask("rejected", "AAA 72")
    world.come("unmatched")
    with tenant(world.acme.pk):
        partner = PartnerFactory(name=f"Clearing {number}", transport="sftp")
        RouteFactory(partner=partner)
        file = Interchange.objects.create(
            partner=partner,
            direction="out",
            control_number=100 + number,
            state="overdue",
            file_name=f"ACME_270_{number}.edi",
            started_at=timezone.now() - timedelta(hours=30),
            transaction_set="270",
        )
        type(lost).objects.filter(pk=lost.pk).update(partner=partner, interchange=file)
        TransportLog.objects.create(partner=partner, interchange=file, event="put", error="timeout")
        raise_alert(
            kind="no_answer",
            key=f"no-answer-{number}",
            severity=Alert.Severity.PROBLEM,
            facts={"partner": partner.name, "count": 1},
        )


LISTS = [
    "/transactions/",
    "/transactions/unanswered/",
    "/transactions/decisions/",
    "/events/",
    "/alerts/",
    "/trading-partners/",
    "/payers/",
]


def cost(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_as_many_queries_for_many_rows_as_for_one(
    manager: Client, world: World, path: str
) -> None:
    add(world, 1)
    manager.get(path)
    one = cost(manager, path)
    for number in range(2, 7):
        add(world, number)
    assert cost(manager, path) == one
    assert one <= MOST, one


MOST = 24  # the session, the person and the practice's context take most of them


@pytest.mark.parametrize("path", LISTS)
def test_a_list_keeps_the_words_of_the_wire_behind_numbers_for_support(
    manager: Client, world: World, path: str
) -> None:
    add(world, 1)
    html = manager.get(path).content.decode()
    main = html.split("<main", 1)[1].split("</main>", 1)[0]
    main = re.sub(r"(?s)<details.*?</details>", "", main)
    seen = re.sub(r"ACME_270_\S+|\S+\.271\b", "", re.sub(r"<[^>]+>", " ", main))
    said = [word for word in EDI.findall(seen) if not OPERATORS.match(word)]
    assert said == []
