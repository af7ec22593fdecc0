"""Chromium before a live server, and a morning at Acme to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from coverage.models import Coverage
from eligibility.models import BenefitDetail, Cause, EligibilityCheck, ExceptionCase
from practice.models import Appointment, Facility, Level, Organization
from practice.tenancy import tenant
from sweeps.models import SweepRun, SweepRunMember
from sweeps.schedules import save_schedule
from tests.factories import (
    AppointmentFactory,
    CoverageFactory,
    FacilityFactory,
    PatientFactory,
    PayerFactory,
    PlanFactory,
    RouteFactory,
    make_member,
    make_organization,
)
from tests.pages.conftest import make_check

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
PASSWORD = "correct horse battery"

# Playwright keeps an event loop in this thread; Django would take it for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = not Path(CHROMIUM).exists()
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))  # one process, one after another
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}; set CHROMIUM"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: until then Playwright's event loop runs in this thread, and no other may."""
    with sync_playwright() as playwright:
        # A container has no user namespaces for the sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    organization = make_organization("Acme Family Medicine", time_zone=where_it_is_six())
    make_member(organization, Level.PRACTICE_MANAGER, "max")
    make_member(organization, Level.FRONT_DESK, "fran")
    return organization


def where_it_is_six() -> str:
    """A time zone in which the desk is just opening, whenever the tests run."""
    ahead = (6 - timezone.now().hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def open_context(chromium: Browser, **options: Any) -> BrowserContext:
    context = chromium.new_context(
        **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
    )
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = open_context(chromium)
    yield context
    context.close()


def sign_in(context: BrowserContext, address: str, name: str = "max") -> Page:
    page = context.new_page()
    page.goto(f"{address}/sign-in/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(f"{address}/")
    return page


# --- a morning ------------------------------------------------------------------------------

PAYERS = {
    "Example Blue": "Gold PPO",
    "Sample Health": "Choice HMO",
    "Anytown Mutual": "Silver EPO",
    "Northern Medicaid": "Managed Care",
}

# last name, first name, hours from now, payer, cause, code, tries
PEOPLE: list[tuple[str, str, int, str, Cause, str, int]] = [
    ("Okafor", "Ngozi", 2, "Example Blue", Cause.NOT_ACTIVE, "", 1),
    ("Lindqvist", "Maja", 2, "Sample Health", Cause.REJECTED, "72", 2),
    ("Ames", "Bobby", 3, "Anytown Mutual", Cause.REJECTED, "77", 1),
    ("Haddad", "Samir", 4, "", Cause.NO_COVERAGE, "", 1),
    ("Park", "Jisoo", 6, "Northern Medicaid", Cause.COULD_NOT_CHECK, "42", 3),
    ("Fischer", "Paul", 26, "Example Blue", Cause.OTHER_PAYER, "", 1),
    ("Moreau", "Camille", 27, "Sample Health", Cause.NOT_ACTIVE, "", 1),
    ("Banerjee", "Rohan", 28, "Anytown Mutual", Cause.REJECTED, "71", 1),
    ("Torres", "Lucia", 30, "Sample Health", Cause.UNCLEAR, "", 1),
    ("Novak", "Petra", 32, "Northern Medicaid", Cause.NO_ROUTE, "", 1),
    ("Walker", "Grace", 50, "Example Blue", Cause.NOT_ACTIVE, "", 1),
    ("Ito", "Haruka", 52, "Anytown Mutual", Cause.REJECTED, "75", 2),
    ("Svensson", "Nils", 54, "Example Blue", Cause.NO_COVERAGE, "", 1),
]


class Morning:
    """What the fixture made, for tests to name."""

    facility: Facility
    run: SweepRun
    open_run: SweepRun
    answered: Coverage


@pytest.fixture
def morning(acme: Organization) -> Morning:
    made = Morning()
    now = timezone.now()
    with tenant(acme.pk):
        made.facility = FacilityFactory(name="Main Street", time_zone=acme.time_zone)
        plans = {
            payer: PlanFactory(payer=PayerFactory(name=payer, phone="555 0100"), plan_name=plan)
            for payer, plan in PAYERS.items()
        }
        RouteFactory(payer=plans["Example Blue"].payer)
        members: list[tuple[Appointment, Coverage | None, str, str, str, EligibilityCheck | None]] = []
        for number, (last, first, hours, payer, cause, code, tries) in enumerate(PEOPLE):
            members.append(
                add_person(made, plans, now, (last, first, hours, payer, cause, code, tries), number)
            )
        for number in range(34):
            members.append(add_ready(made, plans, now, number))
        made.answered = add_answered(made, plans["Example Blue"], now)
        made.run = add_run(now, "Nightly check 22 Nov 02:00", "completed", members)
        made.open_run = add_run(now, "New facility", "running", members)
        for member in made.open_run.members.filter(outcome="active")[:14]:
            SweepRunMember.objects.filter(pk=member.pk).delete()
            SweepRunMember.objects.create(
                run=made.open_run,
                patient=member.patient,
                coverage=member.coverage,
                payer=member.payer,
                appointment=member.appointment,
                service_date=member.service_date,
                state="queued",
            )
        save_schedule(
            schedule=None,
            name="Nightly check",
            cron="0 2 * * *",
            time_zone=acme.time_zone,
            facility=None,
            payer_ids=[],
            window_start=0,
            window_end=7,
        )
    return made


def visit_of(made: Morning, patient: Any, when: datetime, **fields: Any) -> Appointment:
    local = when.astimezone(made.facility.zone)
    visit: Appointment = AppointmentFactory(
        patient=patient, facility=made.facility, service_date=local.date(), starts_at=when, **fields
    )
    return visit


def add_person(made: Morning, plans: Any, now: datetime, person: Any, number: int) -> Any:
    last, first, hours, payer, cause, code, tries = person
    patient = PatientFactory(
        first_name=first,
        last_name=last,
        mrn=f"A-{20417 + 97 * number}",
        birth_date=datetime(1951 + 3 * number, 1 + number % 12, 3 + number, tzinfo=UTC).date(),
    )
    when = (now + timedelta(hours=hours)).replace(minute=40 if number % 2 else 20, second=0, microsecond=0)
    badge = {Cause.NOT_ACTIVE: "Inactive", Cause.OTHER_PAYER: "Active", Cause.NO_COVERAGE: None}
    visit = visit_of(made, patient, when, eligibility_status=badge.get(cause, "Unknown"))
    plan = plans.get(payer)
    coverage = None if cause == Cause.NO_COVERAGE else CoverageFactory(patient=patient, insurance_plan=plan)
    check = None
    if coverage and cause != Cause.NO_ROUTE:
        status = {Cause.NOT_ACTIVE: "Inactive", Cause.REJECTED: "Error", Cause.OTHER_PAYER: "Active"}
        check = make_check(
            coverage,
            made.facility,
            status=status.get(cause, "Unknown"),
            error_code=code,
            service_date=visit.service_date,
        )
    ExceptionCase.objects.create(
        patient=patient,
        coverage=coverage,
        payer=coverage and plan.payer,
        cause=cause,
        code=code,
        appointment=visit,
        visit_at=visit.starts_at,
        last_visit_date=visit.service_date,
        eligibility_check=check,
        tries=tries,
        opened_at=now - timedelta(hours=6),
        seen_at=now - timedelta(hours=6, minutes=number),
    )
    state, outcome, reason = {
        Cause.NOT_ACTIVE: ("received", "inactive", ""),
        Cause.REJECTED: ("failed", "aaa_rejected", f"AAA {code}"),
        Cause.UNCLEAR: ("received", "unknown", ""),
        Cause.OTHER_PAYER: ("received", "active", ""),
        Cause.NO_COVERAGE: ("skipped", "", "No active coverage on the service date"),
        Cause.NO_ROUTE: ("skipped", "", "No connection to this payer"),
        Cause.COULD_NOT_CHECK: ("failed", "", "AAA 42"),
    }[cause]
    return visit, coverage, state, outcome, reason, check


def add_ready(made: Morning, plans: Any, now: datetime, number: int) -> Any:
    plan = list(plans.values())[number % 3]
    coverage = CoverageFactory(patient=PatientFactory(last_name=f"Ready{number}"), insurance_plan=plan)
    when = now + timedelta(hours=2 + 3 * number)
    pending = number % 11 == 0
    visit = visit_of(made, coverage.patient, when, eligibility_status="Pending" if pending else "Active")
    return visit, coverage, "received", "active", "", None


def add_answered(made: Morning, plan: Any, now: datetime) -> Coverage:
    """Alice, with everything a payer can say."""
    coverage: Coverage = CoverageFactory(
        patient=PatientFactory(mrn="A-100"),
        insurance_plan=plan,
        group_number="G-7712",
        payer_active=True,
        payer_effective_date=datetime(2021, 1, 1, tzinfo=UTC).date(),
        payer_as_of=now,
    )
    visit = visit_of(
        made,
        coverage.patient,
        now + timedelta(hours=28),
        eligibility_status="Active",
        eligibility_as_of=now - timedelta(hours=2),
    )
    check = make_check(
        coverage,
        made.facility,
        service_date=visit.service_date,
        response_received=now - timedelta(hours=2),
        request_sent=now - timedelta(hours=2, seconds=2),
    )
    shared: dict[str, Any] = {"eligibility_check": check, "coverage_level": "IND", "network": "in"}
    rows: list[dict[str, Any]] = [
        {
            "service_category": "30",
            "status": "1",
            "deductible_amount": Decimal(1500),
            "deductible_remaining_amount": Decimal(420),
            "out_of_pocket_max_amount": Decimal(6000),
            "out_of_pocket_remaining_amount": Decimal(4210),
        },
        {"service_category": "98", "copay_amount": Decimal(30), "requires_referral": False},
        {"service_category": "UC", "copay_amount": Decimal(75)},
        {"service_category": "86", "copay_amount": Decimal(250), "coinsurance_percent": Decimal("0.2")},
        {"service_category": "62", "coinsurance_percent": Decimal("0.2"), "requires_prior_auth": True},
    ]
    for row in rows:
        BenefitDetail.objects.create(**shared, **row)
    return coverage


def add_run(now: datetime, name: str, state: str, members: list[Any]) -> SweepRun:
    run = SweepRun.objects.create(
        name=name,
        window_from=now.date(),
        window_to=now.date() + timedelta(days=7),
        state=state,
        started_at=now - timedelta(hours=6) if state == "completed" else now - timedelta(seconds=40),
        completed_at=now - timedelta(hours=6) + timedelta(minutes=4) if state == "completed" else None,
    )
    SweepRunMember.objects.bulk_create(
        SweepRunMember(
            run=run,
            patient=visit.patient,
            coverage=coverage,
            payer=coverage.insurance_plan.payer if coverage else None,
            appointment=visit,
            service_date=visit.service_date,
            eligibility_check=check,
            state=member_state,
            outcome=outcome,
            failure_reason=reason,
        )
        for visit, coverage, member_state, outcome, reason, check in members
    )
    return run
