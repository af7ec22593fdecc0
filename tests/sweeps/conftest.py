from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from coverage.models import Coverage
from practice.models import Appointment, Facility, Level, Organization, User
from practice.tenancy import tenant
from sweeps.models import SweepRun
from sweeps.services import create_run
from tests.factories import (
    AppointmentFactory,
    CoverageFactory,
    FacilityFactory,
    PartnerFactory,
    PatientFactory,
    PayerFactory,
    PlanFactory,
    RouteFactory,
    make_member,
    make_organization,
)
from tests.payers import ScriptedPayer, scripted_payer


@pytest.fixture
def payer_server() -> Iterator[ScriptedPayer]:
    with scripted_payer() as payer:
        yield payer


class Acme:
    """Acme Family Medicine, one clinic, one payer asked in real time."""

    def __init__(self, server: ScriptedPayer) -> None:
        self.organization: Organization = make_organization("Acme Family Medicine")
        self.sam: User = make_member(self.organization, Level.PRACTICE_MANAGER, "sam")
        self.payer = PayerFactory(furthest_date="any", retries=1)
        with self.inside():
            self.facility: Facility = FacilityFactory()
            self.partner = PartnerFactory(settings={"url": server.url})
            RouteFactory(payer=self.payer, partner=self.partner)
            self.plan = PlanFactory(payer=self.payer)

    def inside(self) -> Any:
        return tenant(self.organization.pk, actor=self.sam.pk)

    @property
    def today(self) -> date:
        return self.facility.today(timezone.now())

    def visit(self, *, days: int = 1, coverage: Coverage | None = None, **fields: Any) -> Appointment:
        """A coming visit of a covered patient, or of that coverage's."""
        with self.inside():
            if coverage is None and "patient" not in fields:
                coverage = CoverageFactory(insurance_plan=self.plan, patient=PatientFactory())
            patient = fields.pop("patient", None) or coverage.patient
            return AppointmentFactory(
                patient=patient, facility=self.facility, day=self.today + timedelta(days=days), **fields
            )

    def sweep(self, *, days: int = 7, **scope: Any) -> SweepRun:
        with self.inside():
            return create_run(
                name="Morning",
                window_from=self.today,
                window_to=self.today + timedelta(days=days),
                **scope,
            )

    def read(self, run: SweepRun) -> SweepRun:
        with self.inside():
            return SweepRun.objects.with_counts().get(pk=run.pk)


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)
