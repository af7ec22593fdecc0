"""Load the practice's half of a population as rows."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from coverage.models import Coverage, InsurancePlan
from practice.access import set_level
from practice.bulk import insert_rows
from practice.models import (
    Appointment,
    Facility,
    Level,
    Membership,
    Organization,
    Patient,
    Provider,
    User,
)
from practice.rows import uuid7
from practice.tenancy import tenant
from tradingpartners.models import Payer, Route, TradingPartner, TransportKind

LOGINS = {
    "jordan": Level.FRONT_DESK,
    "tasha": Level.NURSE,
    "priya": Level.BILLER,
    "maria": Level.CLINICIAN,
    "sam": Level.PRACTICE_MANAGER,
}
OPERATOR = "operator"


def load(population: dict[str, Any], ready: dict[str, Any]) -> tuple[Organization, dict[str, str]]:
    """The practice, its payers and connections; returns the logins with this run's passwords."""
    told = population["practice"]
    payers = {each["key"]: _payer(each) for each in population["payers"]}
    organization_id = uuid7()
    with tenant(organization_id):
        organization = Organization.objects.create(id=organization_id, is_demo=True, **told["organization"])
        _connect(population["payers"], payers, ready)
        facilities = {
            each["key"]: Facility.objects.create(**_only(each, "name", "npi", "time_zone"))
            for each in told["facilities"]
        }
        providers = {
            each["key"]: Provider.objects.create(
                facility=facilities[each["facility"]], **_only(each, "first_name", "last_name", "npi")
            )
            for each in told["providers"]
        }
        _load_patients(told["patients"], payers, facilities, providers)
    return organization, _logins(organization)


def _only(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: told[name] for name in names}


def _payer(told: dict[str, Any]) -> Payer:
    """Simulated payers agreed to be asked again soon: their short times are data, like any payer's."""
    payer, _ = Payer.objects.update_or_create(
        payer_id=told["payer_id"],
        defaults={
            "name": told["name"],
            "timeout": timedelta(seconds=2),
            "batch_connections": 6,
            "retries": 1,
            "retry_backoff": timedelta(seconds=1),
            "resend_gap": timedelta(seconds=2),
            "breaker_open_time": timedelta(seconds=10),
        },
    )
    return payer


def _connect(told: list[dict[str, Any]], payers: dict[str, Payer], ready: dict[str, Any]) -> None:
    """One clearinghouse for the payers that take files; a connection of its own for each other, and behind
    them Stedi for all of those."""
    common = {
        "sender_id": "RIVERSIDEFM",
        "trace_originator": "9RIVERSIDE",
        "lease": timedelta(seconds=60),
        "poll_interval": timedelta(seconds=5),
        "taken_timeout": timedelta(seconds=60),
    }
    sftp = ready["sftp"]
    clearinghouse = TradingPartner.objects.create(
        name="Demo clearinghouse",
        code="Demo clearinghouse",
        transport=TransportKind.SFTP,
        receiver_id="DEMOCLEARING",
        settings={**_only(sftp, "host", "port", "inbox", "outbox"), "host_keys": [sftp["host_key"]]},
        credentials=_only(sftp, "username", "password"),
        max_st_per_interchange=250,
        response_sla=timedelta(minutes=5),
        **common,
    )
    stedi = TradingPartner.objects.create(
        name="Demo Stedi, real time",
        code="Stedi",
        transport=TransportKind.STEDI,
        receiver_id="STEDI",
        settings=_only(ready["stedi"], "url"),
        credentials={"api_key": ready["stedi"]["key"]},
        **common,
    )
    for each in told:
        partners = [clearinghouse]
        if each["transport"] == "realtime":
            direct = TradingPartner.objects.create(
                name=each["name"],
                code="Direct",
                transport=TransportKind.REALTIME,
                receiver_id=each["payer_id"],
                settings={"url": ready["http"]["url"] + "/payers/{payer_id}/x12"},
                credentials=_only(ready["http"], "username", "password"),
                **common,
            )
            partners = [direct, stedi]
        for preference, partner in enumerate(partners, 1):
            Route.objects.create(
                payer=payers[each["key"]],
                partner=partner,
                preference=preference,
                payer_identifier=each["payer_id"],
                payer_name=each["name"].upper(),
                environment=settings.ENVIRONMENT,
            )


def _load_patients(
    told: list[dict[str, Any]],
    payers: dict[str, Payer],
    facilities: dict[str, Facility],
    providers: dict[str, Provider],
) -> None:
    plans: dict[tuple[str, str], InsurancePlan] = {}
    patients: list[Patient] = []
    coverages: list[Coverage] = []
    visits: list[Appointment] = []
    for one in told:
        patient = Patient(
            birth_date=date.fromisoformat(one["birth_date"]),
            **_only(one, "mrn", "first_name", "last_name", "gender"),
        )
        patients.append(patient)
        for held in one["coverages"]:
            key = (held["payer"], held["plan_name"])
            if key not in plans:
                plans[key] = InsurancePlan.objects.create(
                    payer=payers[held["payer"]], **_only(held, "plan_name", "plan_type")
                )
            coverages.append(_coverage(patient, plans[key], held))
        visits += [_visit(patient, each, facilities, providers) for each in one["visits"]]
    insert_rows(Patient, patients)
    insert_rows(Coverage, coverages)
    insert_rows(Appointment, visits)


def _coverage(patient: Patient, plan: InsurancePlan, told: dict[str, Any]) -> Coverage:
    ends = told["termination_date"]
    return Coverage(
        patient=patient,
        insurance_plan=plan,
        subscriber_id=told["member_id"],
        subscriber_date_of_birth=date.fromisoformat(told["subscriber_birth_date"]),
        relationship_to_subscriber=told["relationship"],
        group_number=told["group_number"] or "",
        effective_date=date.fromisoformat(told["effective_date"]),
        termination_date=date.fromisoformat(ends) if ends else None,
        **_only(told, "subscriber_first_name", "subscriber_last_name", "rank"),
    )


def _visit(
    patient: Patient,
    told: dict[str, Any],
    facilities: dict[str, Facility],
    providers: dict[str, Provider],
) -> Appointment:
    facility = facilities[told["facility"]]
    day, at = date.fromisoformat(told["date"]), time.fromisoformat(told["time"])
    return Appointment(
        patient=patient,
        facility=facility,
        provider=providers[told["provider"]],
        starts_at=datetime.combine(day, at, ZoneInfo(facility.time_zone)),
        service_date=day,
        reason=told["reason"],
    )


def _logins(organization: Organization) -> dict[str, str]:
    """One person a role, and a platform operator; passwords are random for every run."""
    passwords = {}
    for name, level in LOGINS.items():
        passwords[name] = secrets.token_urlsafe(9)
        user = User.objects.create_user(username=name, first_name=name.capitalize(), password=passwords[name])
        with tenant(organization.pk):
            set_level(Membership(organization=organization, user=user), level)
    passwords[OPERATOR] = secrets.token_urlsafe(9)
    User.objects.create_superuser(username=OPERATOR, password=passwords[OPERATOR])
    return passwords
