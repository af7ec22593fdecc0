"""Rows for tests, called with the differences only, inside `with tenant(…)`.

The cast is fixed and invented: Alice (subscriber) and Bobby (dependent) at Acme; Mallory elsewhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import factory
from django.utils import timezone

from coverage.models import Coverage, InsurancePlan
from practice.access import set_level
from practice.models import Appointment, Facility, Level, Membership, Organization, Patient, Provider, User
from practice.rows import uuid7
from practice.tenancy import tenant
from tradingpartners.models import Payer, Route, TradingPartner

NPI = "1234567893"


def make_organization(name: str, **fields: Any) -> Organization:
    organization_id = uuid7()
    with tenant(organization_id):
        return Organization.objects.create(id=organization_id, name=name, npi=NPI, **fields)


def make_member(organization: Organization, level: Level, name: str) -> User:
    user = User.objects.create_user(username=name, password="correct horse battery")
    with tenant(organization.pk):
        set_level(Membership(organization=organization, user=user, level=level), level)
    return user


class FacilityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Facility

    name = "Main Street"
    npi = NPI
    time_zone = "America/New_York"


class ProviderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Provider

    facility = factory.SubFactory(FacilityFactory)
    first_name = "Dana"
    last_name = "Field"
    npi = NPI


class PatientFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Patient

    mrn = factory.Sequence(lambda n: f"A-{n:05d}")
    first_name = "Alice"
    last_name = "Ames"
    birth_date = date(1984, 5, 17)
    gender = "F"


class AppointmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Appointment

    class Params:
        day = factory.LazyFunction(lambda: timezone.now().date() + timedelta(days=1))

    patient = factory.SubFactory(PatientFactory)
    facility = factory.SubFactory(FacilityFactory)
    provider = None
    service_date = factory.LazyAttribute(lambda o: o.day)
    starts_at = factory.LazyAttribute(lambda o: datetime.combine(o.day, time(15), UTC))


class PayerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Payer

    name = "Example Blue"
    payer_id = factory.Sequence(lambda n: f"PAYER{n:04d}")
    resend_gap = timedelta(0)
    retry_backoff = timedelta(0)


class PlanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = InsurancePlan

    payer = factory.SubFactory(PayerFactory)
    plan_name = factory.Sequence(lambda n: f"Gold {n}")
    plan_type = "PPO"


class CoverageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Coverage

    patient = factory.SubFactory(PatientFactory)
    insurance_plan = factory.SubFactory(PlanFactory)
    subscriber_id = factory.Sequence(lambda n: f"M{n:08d}")
    subscriber_first_name = factory.SelfAttribute("patient.first_name")
    subscriber_last_name = factory.SelfAttribute("patient.last_name")
    subscriber_date_of_birth = factory.SelfAttribute("patient.birth_date")
    relationship_to_subscriber = "self"
    effective_date = date(2020, 1, 1)


class PartnerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TradingPartner

    name = factory.Sequence(lambda n: f"Partner {n}")
    code = "Example"
    transport = "realtime"
    sender_id = "ACME"
    receiver_id = "EXAMPLE"
    trace_originator = "9ACME00001"
    credentials = factory.LazyFunction(lambda: {"username": "u", "password": "p"})


class RouteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Route

    payer = factory.SubFactory(PayerFactory)
    partner = factory.SubFactory(PartnerFactory)
    payer_identifier = "12345"
    payer_name = "EXAMPLE BLUE"
