"""Finding a patient without a trace in the address, and the patient's page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from coverage.models import Coverage
from eligibility.models import BenefitDetail, Cause, EligibilityCheck
from practice.models import Facility, Organization, ReadLog
from practice.tenancy import tenant
from tests.factories import CoverageFactory, PatientFactory, RouteFactory
from tests.pages.conftest import CaseMaker, book, make_check
from tests.pages.test_desk_words import EDI
from tests.pages.test_exceptions import HTMX, visible_text
from tradingpartners.models import Transaction


@pytest.fixture
def alice(acme: Organization, facility: Facility) -> Coverage:
    """Alice's coverage, answered, with benefits and a visit."""
    with tenant(acme.pk):
        patient = PatientFactory(mrn="A-100", last_name="Ames-Lee")
        coverage = CoverageFactory(patient=patient, subscriber_id="XQJ 555 1234", group_number="G-77")
        book(patient, facility, eligibility_status="Active")
        check = make_check(coverage, facility)
        shared = {"eligibility_check": check, "coverage_level": "IND", "network": "in"}
        BenefitDetail.objects.create(
            service_category="30",
            status="1",
            deductible_amount=Decimal(1000),
            deductible_remaining_amount=Decimal(250),
            **shared,
        )
        BenefitDetail.objects.create(
            service_category="98", copay_amount=Decimal("37.50"), requires_referral=False, **shared
        )
        BenefitDetail.objects.create(service_category="62", requires_prior_auth=True, **shared)
        return coverage


SEARCHES = [
    {"mrn": "a100"},
    {"member_id": "xqj-5551234"},
    {"last_name": "ames lee", "birth_date": "1984-05-17"},
    {"mrn": "A-100", "last_name": "Ames-Lee", "birth_date": "1984-05-17"},
]


@pytest.mark.parametrize("given", SEARCHES)
def test_one_hit_leads_straight_to_the_patient(given: dict[str, str], desk: Client, alice: Coverage) -> None:
    assert desk.post("/patients/", given).headers["Location"] == f"/patients/{alice.patient_id}/"


@pytest.mark.parametrize("given", SEARCHES)
def test_mallory_finds_nobody(given: dict[str, str], mallory: Client, alice: Coverage) -> None:
    reply = mallory.post("/patients/", given)
    assert reply.status_code == 200 and "Nobody found" in reply.content.decode()


def test_several_hits_are_listed(desk: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        for mrn in ("T-1", "T-2"):
            PatientFactory(mrn=mrn, last_name="Twin")
    html = desk.post("/patients/", {"last_name": "Twin", "birth_date": "1984-05-17"}).content.decode()
    assert "2 patients" in html and "T-1" in html and "T-2" in html
    with tenant(acme.pk):
        assert len(ReadLog.objects.get().patient_ids) == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Type an MRN"),
        ({"last_name": "Ames"}, "needs the birth date"),
        ({"birth_date": "1984-05-17"}, "needs the last name"),
        ({"last_name": "Ames", "birth_date": "17th of May"}, "Enter a valid date"),
    ],
)
def test_half_a_search_is_refused_at_its_field(given: dict[str, str], sentence: str, desk: Client) -> None:
    assert sentence in desk.post("/patients/", given).content.decode()


def test_what_is_searched_for_never_comes_from_the_address(desk: Client, alice: Coverage) -> None:
    html = desk.get("/patients/?mrn=A-100").content.decode()
    assert "A-100" not in html and "Nobody found" not in html


def test_the_page_tells_coverage_visits_benefits_and_checks(desk: Client, alice: Coverage) -> None:
    html = " ".join(desk.get(f"/patients/{alice.patient_id}/").content.decode().split())
    for words in (
        "Alice Ames-Lee",
        "G-77",
        "•••• 1234",
        "$250 left of $1,000",
        "75 percent used",
        "$37.50 (physician office visit)",
        "Yes: MRI or CT",
        "Ready",
        "By a sweep",
        "1.2 s",
    ):
        assert words in html, words
    assert "XQJ 555" not in html


def test_the_member_id_is_shown_on_demand_and_logged(
    desk: Client, alice: Coverage, acme: Organization
) -> None:
    path = f"/patients/{alice.patient_id}/coverages/{alice.pk}/member-id/"
    part = desk.post(path, headers=HTMX).content.decode()
    assert "XQJ 555 1234" in part and "<html" not in part
    assert "XQJ 555 1234" in desk.post(path).content.decode()
    with tenant(acme.pk):
        assert [row.reason for row in ReadLog.objects.all()] == ["member ID shown"] * 2
    assert desk.get(path).status_code == 405


def test_open_problems_stand_on_top(desk: Client, make_case: CaseMaker) -> None:
    case = make_case(Cause.REJECTED, code="72")
    html = desk.get(f"/patients/{case.patient_id}/").content.decode()
    assert "Needs a person" in html and f"/eligibility/exceptions/{case.pk}/" in html


def test_a_patient_with_nothing_on_file_still_reads_well(desk: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory()
    html = desk.get(f"/patients/{patient.pk}/").content.decode()
    for words in ("No insurance on file", "No visits on file", "Nobody has asked a payer"):
        assert words in html


def test_no_word_of_the_wire_outside_details(desk: Client, alice: Coverage) -> None:
    html = desk.get(f"/patients/{alice.patient_id}/").content.decode()
    seen = visible_text("".join(part.split("</details>")[-1] for part in html.split("<details")))
    assert not EDI.search(seen)


def test_check_again_asks_about_the_next_visit(desk: Client, alice: Coverage, acme: Organization) -> None:
    with tenant(acme.pk):
        RouteFactory(payer=alice.insurance_plan.payer)
    reply = desk.post(f"/patients/{alice.patient_id}/coverages/{alice.pk}/check/", follow=True)
    assert "We are asking the payer" in reply.content.decode()
    with tenant(acme.pk):
        visit = alice.patient.appointments.get()
        assert EligibilityCheck.objects.pending().get().visit_date == visit.service_date


def test_check_again_goes_as_a_batch_where_the_payer_takes_nothing_else(
    desk: Client, alice: Coverage, acme: Organization
) -> None:
    with tenant(acme.pk):
        RouteFactory(payer=alice.insurance_plan.payer, lane="batch")
    reply = desk.post(f"/patients/{alice.patient_id}/coverages/{alice.pk}/check/", follow=True)
    assert "We are asking the payer" in reply.content.decode()
    with tenant(acme.pk):
        assert Transaction.objects.get().lane == "batch"


def test_check_again_without_connection_says_so(desk: Client, alice: Coverage) -> None:
    reply = desk.post(f"/patients/{alice.patient_id}/coverages/{alice.pk}/check/", follow=True)
    assert "not connected to this payer" in reply.content.decode()


def paths(alice: Coverage) -> dict[str, Any]:
    base = f"/patients/{alice.patient_id}/"
    return {
        "page": base,
        "id": f"{base}coverages/{alice.pk}/member-id/",
        "check": f"{base}coverages/{alice.pk}/check/",
    }


def test_doors(mallory: Client, nurse: Client, desk: Client, alice: Coverage) -> None:
    where = paths(alice)
    assert mallory.get(where["page"]).status_code == 404
    assert mallory.post(where["id"]).status_code == 404
    assert mallory.post(where["check"]).status_code == 404
    assert "Check again" not in nurse.get(where["page"]).content.decode()
    assert nurse.post(where["check"]).status_code == 403
    for path in ("/patients/", where["page"]):
        assert Client().get(path).headers["Location"].startswith("/sign-in/")
    assert desk.post(where["page"]).status_code == 405
    assert desk.get(where["check"]).status_code == 405


def test_a_coverage_of_another_patient_is_not_shown_under_this_one(
    desk: Client, alice: Coverage, acme: Organization
) -> None:
    with tenant(acme.pk):
        bobby = PatientFactory(first_name="Bobby")
    assert desk.post(f"/patients/{bobby.pk}/coverages/{alice.pk}/member-id/").status_code == 404
    assert desk.post(f"/patients/{bobby.pk}/coverages/{alice.pk}/check/").status_code == 404


def test_the_page_costs_the_same_with_more_on_it(
    desk: Client, alice: Coverage, acme: Organization, facility: Facility
) -> None:
    def queries() -> int:
        desk.get(f"/patients/{alice.patient_id}/")
        with CaptureQueriesContext(connection) as captured:
            desk.get(f"/patients/{alice.patient_id}/")
        return len([q for q in captured if q["sql"].startswith(("SELECT", "INSERT", "UPDATE"))])

    few = queries()
    with tenant(acme.pk):
        for rank in (2, 3):
            coverage = CoverageFactory(patient=alice.patient, rank=rank)
            check = make_check(coverage, facility)
            BenefitDetail.objects.create(eligibility_check=check, service_category="30")
            book(alice.patient, facility, days=rank + 3)
    assert queries() == few <= 20
