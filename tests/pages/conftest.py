"""Acme with people of every role, Mallory elsewhere, and a way to make cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from coverage.models import Coverage
from eligibility.models import Cause, EligibilityCheck, ExceptionCase
from practice.models import Appointment, Facility, Level, Organization, Patient, User
from practice.tenancy import tenant
from tests.factories import (
    AppointmentFactory,
    CoverageFactory,
    FacilityFactory,
    PatientFactory,
    PayerFactory,
    PlanFactory,
    make_member,
    make_organization,
)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def acme(db: None) -> Organization:
    return make_organization("Acme Family Medicine")


@pytest.fixture
def elsewhere(db: None) -> Organization:
    return make_organization("Elsewhere Clinic")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(acme: Organization) -> Client:
    return signed_in(make_member(acme, Level.FRONT_DESK, "fran"))


@pytest.fixture
def manager(acme: Organization) -> Client:
    return signed_in(make_member(acme, Level.PRACTICE_MANAGER, "max"))


@pytest.fixture
def nurse(acme: Organization) -> Client:
    """Reads, and works on nothing."""
    return signed_in(make_member(acme, Level.NURSE, "nora"))


@pytest.fixture
def mallory(elsewhere: Organization) -> Client:
    return signed_in(make_member(elsewhere, Level.PRACTICE_MANAGER, "mallory"))


@pytest.fixture
def facility(acme: Organization) -> Facility:
    with tenant(acme.pk):
        return FacilityFactory()


def book(patient: Patient, facility: Facility, *, days: int = 1, **fields: Any) -> Appointment:
    """A visit at 15:00 UTC of a day from today; inside a context."""
    day = timezone.now().date() + timedelta(days=days)
    starts_at = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    return AppointmentFactory(
        patient=patient, facility=facility, service_date=day, starts_at=starts_at, **fields
    )


CaseMaker = Callable[..., ExceptionCase]


@pytest.fixture
def make_case(acme: Organization, facility: Facility) -> CaseMaker:
    """A case of a patient with a visit, in Acme; `payer`, `patient`, `day` and case fields may be given."""
    payers: dict[str, Any] = {}

    def make(
        cause: str = Cause.NOT_ACTIVE, *, days: int = 1, payer: str = "Example Blue", **fields: Any
    ) -> ExceptionCase:
        with tenant(acme.pk):
            plan = payers.get(payer) or payers.setdefault(payer, PlanFactory(payer=PayerFactory(name=payer)))
            person = PatientFactory(**fields.pop("patient", {}))
            visit = book(person, facility, days=days)
            coverage = (
                None if cause == Cause.NO_COVERAGE else CoverageFactory(patient=person, insurance_plan=plan)
            )
            return ExceptionCase.objects.create(
                **{
                    "patient": person,
                    "coverage": coverage,
                    "payer": coverage and plan.payer,
                    "cause": cause,
                    "appointment": visit,
                    "visit_at": visit.starts_at,
                    "last_visit_date": visit.service_date,
                    **fields,
                }
            )

    return make


def make_check(coverage: Coverage, facility: Facility, **fields: Any) -> EligibilityCheck:
    """An answered check, unless the fields say otherwise; inside a context."""
    now = timezone.now()
    sent: dict[str, Any] = {
        "request_sent": now - timedelta(seconds=2),
        "raw_request": "ISA*270",
        "clearinghouse": "Example",
        "transaction_trace_number": "0" * 32,
        "response_received": now,
        "response_latency_milliseconds": 1200,
        "status": EligibilityCheck.Status.ACTIVE,
        "raw_response": "ISA*271",
    }
    if fields.get("status") == EligibilityCheck.Status.PENDING:
        sent = {}
    return EligibilityCheck.objects.create(
        **{
            "patient": coverage.patient,
            "coverage": coverage,
            "payer": coverage.insurance_plan.payer,
            "facility": facility,
            "trigger": "Sweep",
            "service_date": date(2026, 11, 24),
            "correlation_id": coverage.pk,
            **sent,
            **fields,
        }
    )
