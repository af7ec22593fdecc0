"""Acme and Elsewhere, their people, and a client for each of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from practice.api_authentication import make_token
from practice.api_limits import RequestRate
from practice.models import Appointment, Facility, Level, Organization, User
from practice.tenancy import tenant
from sweeps.models import SweepRun, SweepRunMember
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

SWEEPS = "/api/v1/eligibility/sweeps"
CASES = "/api/v1/eligibility/exceptions"


class ApiClient(Client):
    """Speaks JSON over https, with a token or without."""

    def __init__(self, token: str = "") -> None:
        super().__init__(**{"wsgi.url_scheme": "https"})
        if token:
            self.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def start(self, body: Any, key: str | None = "key-1", **more: Any) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.post(SWEEPS, body, content_type="application/json", headers=headers, **more)


class Practice:
    """A practice with one clinic and one payer it has a connection to."""

    def __init__(self, name: str, manager: str) -> None:
        self.organization: Organization = make_organization(name)
        self.manager: User = self.member(Level.PRACTICE_MANAGER, manager)
        self.payer = PayerFactory(furthest_date="any")
        with self.inside():
            self.facility: Facility = FacilityFactory()
            RouteFactory(payer=self.payer, partner=PartnerFactory())
            self.plan = PlanFactory(payer=self.payer)

    def inside(self) -> Any:
        return tenant(self.organization.pk, actor=self.manager.pk)

    def member(self, level: Level, name: str) -> User:
        return make_member(self.organization, level, name)

    def token(self, user: User | None = None, *, days: int = 1) -> str:
        with self.inside():
            expires_at = timezone.now() + timedelta(days=days)
            return make_token(user=user or self.manager, name="tests", expires_at=expires_at)

    def client(self, user: User | None = None) -> ApiClient:
        return ApiClient(self.token(user))

    @property
    def today(self) -> date:
        return self.facility.today(timezone.now())

    def scope(self, **changes: Any) -> dict[str, Any]:
        """The body of a POST."""
        return {
            "name": "Morning",
            "window_from": self.today.isoformat(),
            "window_to": (self.today + timedelta(days=7)).isoformat(),
        } | changes

    def visit(self, *, covered: bool = True, hour: int = 15, **patient: Any) -> Appointment:
        with self.inside():
            person = PatientFactory(**patient)
            if covered:
                CoverageFactory(insurance_plan=self.plan, patient=person)
            visit = AppointmentFactory(patient=person, facility=self.facility, day=self.tomorrow)
            visit.starts_at = visit.starts_at.replace(hour=hour)
            visit.save()
            return visit

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)

    def sweep(self, name: str = "Morning") -> SweepRun:
        with self.inside():
            week = self.today + timedelta(days=7)
            return create_run(name=name, window_from=self.today, window_to=week)

    def settle(self, run: SweepRun, patient_id: UUID, **fields: str) -> None:
        with self.inside():
            assert SweepRunMember.objects.filter(run=run, patient=patient_id).update(**fields) == 1

    def count(self, model: Any, **where: Any) -> int:
        with self.inside():
            return model.objects.filter(**where).count()


@pytest.fixture(autouse=True)
def _fast_and_uncounted(settings: Any) -> None:
    """Nobody signs in by password here; no test inherits another's requests, nor its lost Redis."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    RequestRate.away_until = 0.0
    cache.delete_pattern("api.rate.*")  # type: ignore[attr-defined]


@pytest.fixture
def acme(db: None) -> Practice:
    return Practice("Acme Family Medicine", "sam")


@pytest.fixture
def elsewhere(db: None) -> Practice:
    return Practice("Elsewhere Clinic", "mallory")


@pytest.fixture
def client(acme: Practice) -> ApiClient:
    """The manager's program at Acme."""
    return acme.client()


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document, which has one shape wherever it comes from."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.content
    assert response["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = response.json()
    assert set(said) - {"error_id"} == {"type", "title", "status", "detail", "code", "errors"}
    assert said["type"] == f"urn:preflight:problem:{code}"
    assert said["status"] == status
    assert said["title"]
    assert said["detail"]
    assert all(set(each) == {"field", "code", "detail"} for each in said["errors"])
    return said


def wrongs(response: Any, status: int = 400, code: str = "invalid") -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in problem(response, status, code)["errors"]]
