"""After a sweep has filled the tables: without a context, or in another one, none of it is there."""

from __future__ import annotations

import pytest
from django.db import connection

from practice.isolation import tenant_models
from practice.tenancy import tenant
from tests import payers
from tests.factories import make_organization
from tests.gateway import work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme

pytestmark = pytest.mark.django_db

# What a sweep of one answered and one inactive visit writes, history included.
FILLED = {
    *("Organization", "Membership", "Facility", "Patient", "Appointment", "AppointmentHistory"),
    *("TradingPartner", "Route", "Dispatch", "ControlNumber", "Payload", "PayloadChunk", "Interchange"),
    *("InterchangeHistory", "Transaction", "TransactionHistory", "InboundDelivery", "InboundFile"),
    *("TransportLog", "InsurancePlan", "Coverage", "CoverageHistory", "EligibilityCheck"),
    *("EligibilityCheckHistory", "BenefitDetail", "ExceptionCase", "SweepRun", "SweepRunHistory"),
    *("SweepRunMember", "SweepRunMemberHistory"),
}


def counts() -> dict[str, int]:
    found = {}
    with connection.cursor() as cursor:
        for model in tenant_models():
            cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}"')
            found[model.__name__] = cursor.fetchone()[0]
    return found


def test_what_a_sweep_wrote_is_there_in_its_own_context_and_nowhere_else(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda q: (
        payers.inactive(q) if len(payer_server.questions) == 1 else payers.active(q)
    )
    acme.visit(days=1)
    acme.visit(days=2)
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        inside = counts()
    assert {name for name, number in inside.items() if number} >= FILLED
    assert set(counts().values()) == {0}
    mallory = make_organization("Elsewhere Clinic")
    with tenant(mallory.pk):
        assert {name for name, number in counts().items() if number} == {"Organization"}
