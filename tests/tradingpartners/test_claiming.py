"""Whose unit goes next: live before batch, then the practice with the least in flight."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from practice.rows import uuid7
from practice.tenancy import tenant
from tests.factories import PartnerFactory, make_organization
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tradingpartners.models import Dispatch, Lane
from tradingpartners.services import claiming

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    acme = Acme(payer_server)
    acme.payer.batch_connections, acme.payer.live_connections = 3, 1
    acme.payer.save()
    return acme


def units(acme: Acme, organization_id: UUID, number: int, *, minutes: int, lane: Lane = Lane.BATCH) -> None:
    """Units due since so many minutes, the first one longest."""
    with tenant(organization_id):
        partner = PartnerFactory()
        Dispatch.objects.bulk_create(
            Dispatch(
                partner=partner,
                payer=acme.payer,
                transaction_set="270",
                correlation_id=uuid7(),
                lane=lane,
                queue=f"payer.{acme.payer.pk}",
                due_at=timezone.now() - timedelta(minutes=minutes, seconds=-each),
            )
            for each in range(number)
        )


def claimed(acme: Acme, times: int) -> list[UUID | None]:
    claims = [claiming.claim_next(f"payer.{acme.payer.pk}") for _ in range(times)]
    return [claim.organization_id if claim else None for claim in claims]


def test_a_practice_that_came_later_does_not_wait_for_all_of_the_first(acme: Acme) -> None:
    first, second = acme.organization.pk, make_organization("Elsewhere Clinic").pk
    units(acme, first, 5, minutes=9)
    units(acme, second, 2, minutes=3)
    assert claimed(acme, 4) == [first, second, first, None]  # three connections for batches


def test_a_live_question_has_a_connection_that_batches_cannot_take(acme: Acme) -> None:
    first, second = acme.organization.pk, make_organization("Elsewhere Clinic").pk
    units(acme, first, 5, minutes=9)
    claimed(acme, 3)
    units(acme, second, 2, minutes=1, lane=Lane.LIVE)
    assert claimed(acme, 2) == [second, None]
