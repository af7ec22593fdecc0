"""The queue: who is on it, in which order, what may be done, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eligibility import queue
from eligibility.desk import visit_word
from eligibility.models import Cause, EligibilityCheck, ExceptionCase
from eligibility.services import clear_case
from practice.alerts import raise_alert, resolve_alert
from practice.models import Alert, Appointment, EligibilityStatus, Facility, Level, Organization, ReadLog
from practice.tenancy import tenant
from tests.factories import PatientFactory, RouteFactory, make_member
from tests.pages.conftest import CaseMaker, book, make_check
from tests.pages.test_desk_words import EDI

HTMX = {"HX-Request": "true"}


def names_in_order(html: str, *names: str) -> list[str]:
    return sorted((name for name in names if name in html), key=html.index)


def test_the_queue_shows_what_is_wrong_and_what_to_do(desk: Client, make_case: CaseMaker) -> None:
    make_case(Cause.REJECTED, code="72", patient={"last_name": "Amesbury"})
    html = desk.get("/").content.decode()
    assert "Alice Amesbury" in html
    assert "Member ID".lower() in html.lower() and "Read the ID off the card" in html
    assert "Needs you" in html and "Example Blue" in html and "17 May 1984" in html


def test_whoever_comes_first_stands_first(desk: Client, make_case: CaseMaker) -> None:
    make_case(days=3, patient={"last_name": "Third"})
    make_case(days=1, patient={"last_name": "First"})
    make_case(Cause.NO_COVERAGE, days=2, patient={"last_name": "Second"})
    html = desk.get("/").content.decode()
    assert names_in_order(html, "Third", "First", "Second") == ["First", "Second", "Third"]


def test_a_time_on_another_clock_than_the_practices_names_it(
    desk: Client, make_case: CaseMaker, facility: Facility, acme: Organization
) -> None:
    make_case()
    assert "CST" not in desk.get("/").content.decode()
    with tenant(acme.pk):
        Facility.objects.filter(pk=facility.pk).update(time_zone="America/Chicago")
    assert re.search(r">\d\d:00 <span class=\"second\">C[SD]T<", desk.get("/").content.decode())


def test_both_addresses_show_the_queue_and_old_ones_lead_there(desk: Client, make_case: CaseMaker) -> None:
    make_case()
    assert "Alice Ames" in desk.get("/eligibility/exceptions/").content.decode()
    assert desk.get("/eligibility/").headers["Location"] == "/"
    assert desk.get("/eligibility/?tab=sweeps").headers["Location"] == "/eligibility/sweeps/"


def test_an_empty_queue_says_so_in_words(desk: Client, facility: Facility, acme: Organization) -> None:
    with tenant(acme.pk):
        book(PatientFactory(), facility, eligibility_status=EligibilityStatus.ACTIVE)
    html = desk.get("/").content.decode()
    assert "Nobody needs you" in html and "1 ready of 1 visit in" in " ".join(html.split())


@pytest.mark.parametrize("path", ["/", "/eligibility/exceptions/", "/eligibility/exceptions/export/"])
def test_the_queue_is_read_only_and_for_people_who_signed_in(path: str, desk: Client) -> None:
    assert desk.post(path).status_code == 405
    reply = Client().get(path)
    assert reply.status_code == 302 and reply.headers["Location"].startswith("/sign-in/?next=")
    assert Client().get(path, headers=HTMX).headers["HX-Redirect"].startswith("/sign-in/?next=")


def test_another_organization_sees_nothing_of_it(mallory: Client, make_case: CaseMaker) -> None:
    case = make_case()
    assert "Alice" not in mallory.get("/").content.decode()
    for path in ("", "row/"):
        assert mallory.get(f"/eligibility/exceptions/{case.pk}/{path}").status_code == 404
    for path in ("clear/", "reopen/", "check/"):
        assert mallory.post(f"/eligibility/exceptions/{case.pk}/{path}").status_code == 404


def test_a_foreign_row_looks_like_one_that_does_not_exist(mallory: Client, make_case: CaseMaker) -> None:
    case = make_case()
    foreign = mallory.get(f"/eligibility/exceptions/{case.pk}/")
    missing = mallory.get(f"/eligibility/exceptions/{case.patient_id}/")
    assert foreign.status_code == missing.status_code == 404
    assert visible_text(foreign.content.decode()) == visible_text(missing.content.decode())


def test_a_reading_role_sees_no_action_and_is_refused(nurse: Client, make_case: CaseMaker) -> None:
    case = make_case()
    html = nurse.get("/").content.decode()
    assert "Alice Ames" in html and 'data-key="d"' not in html and 'data-key="r"' not in html
    for path in ("clear/", "reopen/", "check/"):
        assert nurse.post(f"/eligibility/exceptions/{case.pk}/{path}").status_code == 403
    assert nurse.get("/").status_code == 200


@pytest.mark.parametrize("level", [Level.PATIENT, Level.EDIT_AMI])
def test_roles_without_reading_are_turned_away(
    level: Level, acme: Organization, make_case: CaseMaker
) -> None:
    make_case()
    client = Client()
    client.force_login(make_member(acme, level, "pat"))
    reply = client.get("/")
    assert reply.status_code == 403 and "Alice" not in reply.content.decode()


def test_filters_live_in_the_address(desk: Client, make_case: CaseMaker, facility: Facility) -> None:
    blue = make_case(patient={"last_name": "Blueperson"})
    make_case(Cause.NO_COVERAGE, days=2, patient={"last_name": "Nocover"})
    make_case(Cause.UNCLEAR, payer="Sample Health", patient={"last_name": "Sampleperson"})
    for query, names in [
        ("cause=no_coverage", {"Nocover"}),
        (f"payer={blue.payer_id}", {"Blueperson"}),
        (f"facility={facility.pk}", {"Blueperson", "Nocover", "Sampleperson"}),
        (f"day={blue.last_visit_date}", {"Blueperson", "Sampleperson"}),
        ("cause=nonsense&payer=x&day=y&page=z", {"Blueperson", "Nocover", "Sampleperson"}),
    ]:
        html = desk.get(f"/?{query}").content.decode()
        assert {n for n in ("Blueperson", "Nocover", "Sampleperson") if n in html} == names, query


@pytest.mark.parametrize("group", ["day", "cause", "payer", "facility"])
def test_groups_have_a_heading_and_a_count(group: str, desk: Client, make_case: CaseMaker) -> None:
    make_case(days=1)
    make_case(days=1)
    make_case(Cause.NO_COVERAGE, days=2)
    html = desk.get(f"/?group={group}").content.decode()
    heading = {"cause": "Coverage not active", "payer": "Example Blue", "facility": "Main Street"}.get(
        group, ""
    )
    assert 'scope="rowgroup"' in html and heading in html
    assert f'<span class="quiet">{3 if group == "facility" else 2}</span>' in html


def test_the_queue_comes_in_pages(
    desk: Client, make_case: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eligibility.views.PAGE_SIZE", 2)
    for day in (1, 2, 3):
        make_case(days=day, patient={"last_name": f"Day{day}"})
    first, second = desk.get("/").content.decode(), desk.get("/?page=2").content.decode()
    assert "Day2" in first and "Day3" not in first and "Day3" in second and "1 to 2 of 3" in first


def test_a_fragment_has_the_same_rows_and_no_frame(desk: Client, make_case: CaseMaker) -> None:
    make_case()
    html = desk.get("/", headers=HTMX).content.decode()
    assert "Alice Ames" in html and "<html" not in html


def test_the_pill_counts_what_came_since(desk: Client, make_case: CaseMaker) -> None:
    make_case(opened_at=timezone.now())
    before = (timezone.now() - timedelta(minutes=5)).isoformat()
    shown = desk.get("/eligibility/exceptions/new/", {"since": before}, headers=HTMX).content.decode()
    assert "1 new" in shown
    later = desk.get("/eligibility/exceptions/new/", {"since": timezone.now().isoformat()}).content.decode()
    assert later.strip() == ""
    assert desk.get("/eligibility/exceptions/new/", {"since": "nonsense"}).status_code == 200


# --- one case -------------------------------------------------------------------------------


def test_the_panel_is_a_fragment_and_a_page(desk: Client, make_case: CaseMaker, facility: Facility) -> None:
    case = make_case(Cause.REJECTED, code="72", reason="AAA 72")
    assert case.coverage is not None
    with tenant(case.organization_id):
        check = make_check(case.coverage, facility, status="Error", error_code="72")
        ExceptionCase.objects.filter(pk=case.pk).update(eligibility_check=check)
    whole = desk.get(f"/eligibility/exceptions/{case.pk}/").content.decode()
    part = desk.get(f"/eligibility/exceptions/{case.pk}/", headers=HTMX).content.decode()
    assert "<html" in whole and "<html" not in part
    for html in (whole, part):
        assert "Coverage" in html and "What happened" in html and "Details for support" in html
        assert case.coverage.subscriber_id not in html


def test_done_closes_a_case_with_who_and_why(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    reply = desk.post(
        f"/eligibility/exceptions/{case.pk}/clear/", {"disposition": "self_pay", "note": "Told her."}
    )
    assert reply.status_code == 302 and reply.headers["Location"] == f"/?cleared={case.pk}"
    with tenant(case.organization_id):
        case.refresh_from_db()
        assert (case.state, case.disposition, case.note) == ("cleared", "self_pay", "Told her.")
        assert case.closed_by is not None and case.closed_by.username == "fran"
    after = desk.get(reply.headers["Location"]).content.decode()
    assert "Undo" in after and "Alice Ames" not in after
    assert "Patient pays" in desk.get("/?tab=cleared").content.decode()


def test_done_by_script_leaves_a_line_with_undo(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    reply = desk.post(f"/eligibility/exceptions/{case.pk}/clear/", {"disposition": "fixed"}, headers=HTMX)
    html = reply.content.decode()
    assert "settled" in html and "hx-swap-oob" in html and "Undo" in html and "<html" not in html
    assert "settled" in reply.headers["HX-Trigger-After-Settle"]


def test_done_wants_to_know_what_became_of_it(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    reply = desk.post(f"/eligibility/exceptions/{case.pk}/clear/", {"disposition": "whatever"})
    assert reply.status_code == 422 and "Choose one of the four." in reply.content.decode()
    part = desk.post(f"/eligibility/exceptions/{case.pk}/clear/", {}, headers=HTMX)
    assert part.headers["HX-Retarget"] == "#panel-body" and b"Choose what became of it." in part.content
    with tenant(case.organization_id):
        case.refresh_from_db()
        assert case.state == "open"


def test_undo_brings_it_back(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    desk.post(f"/eligibility/exceptions/{case.pk}/clear/", {"disposition": "fixed"})
    reply = desk.post(f"/eligibility/exceptions/{case.pk}/reopen/", headers=HTMX)
    assert "Alice Ames" in reply.content.decode() and 'class="case"' in reply.content.decode()
    assert "Alice Ames" in desk.get("/").content.decode()


def test_what_a_better_answer_settled_is_neither_cleared_nor_reopened(
    desk: Client, make_case: CaseMaker
) -> None:
    case = make_case()
    with tenant(case.organization_id):
        ExceptionCase.objects.update(state="resolved", closed_at=timezone.now())
    for path, data in (("clear/", {"disposition": "fixed"}), ("reopen/", {})):
        assert desk.post(f"/eligibility/exceptions/{case.pk}/{path}", data).status_code == 302
    with tenant(case.organization_id):
        case.refresh_from_db()
        assert case.state == "resolved"


def test_undo_of_a_problem_that_was_found_again_says_so(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    desk.post(f"/eligibility/exceptions/{case.pk}/clear/", {"disposition": "fixed"})
    with tenant(case.organization_id):
        ExceptionCase.objects.create(patient=case.patient, coverage=case.coverage, cause=case.cause)
    reply = desk.post(f"/eligibility/exceptions/{case.pk}/reopen/", follow=True)
    assert "in the queue already" in reply.content.decode()


def test_check_again_asks_the_payer_and_shows_checking(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    with tenant(case.organization_id):
        RouteFactory(payer=case.payer)
    reply = desk.post(f"/eligibility/exceptions/{case.pk}/check/", headers=HTMX)
    assert "Checking" in reply.content.decode() and 'hx-trigger="every 3s"' in reply.content.decode()
    with tenant(case.organization_id):
        assert EligibilityCheck.objects.pending().get().trigger == "Manual"
    row = desk.get(f"/eligibility/exceptions/{case.pk}/row/", headers=HTMX).content.decode()
    assert "Checking" in row and "Check again" not in row


def test_check_again_rings_at_once_when_it_is_committed(
    desk: Client,
    make_case: CaseMaker,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr("eligibility.views.ring_units", lambda: rung.append(True))
    case = make_case()
    with tenant(case.organization_id):
        RouteFactory(payer=case.payer)
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(f"/eligibility/exceptions/{case.pk}/check/")
    assert rung


def test_check_again_without_a_connection_says_whom_to_ask(desk: Client, make_case: CaseMaker) -> None:
    case = make_case()
    reply = desk.post(
        f"/eligibility/exceptions/{case.pk}/check/", {"next": "/?cause=not_active"}, follow=True
    )
    assert reply.redirect_chain == [("/?cause=not_active", 302)]
    assert "not connected to this payer" in reply.content.decode()


def test_a_form_never_leads_off_this_site(desk: Client, make_case: CaseMaker) -> None:
    case = make_case(Cause.NO_COVERAGE)
    reply = desk.post(f"/eligibility/exceptions/{case.pk}/check/", {"next": "https://elsewhere.example/"})
    assert reply.headers["Location"] == "/"


# --- many of one kind --------------------------------------------------------------------------


def refused_alike(make_case: CaseMaker, acme: Organization, *, times: int = 12) -> Alert:
    """So many patients of one payer whose member ID it refuses, and the alert about it."""
    cases = [make_case(Cause.REJECTED, code="72", days=2) for _ in range(times)]
    with tenant(acme.pk):
        facts = {"payer": "Example Blue", "code": "72", "count": times, "answered": 20}
        payer_id = cases[0].payer_id
        alert_id = raise_alert(
            kind="mass_rejection",
            key=f"mass_rejection:{payer_id}:72:today",
            severity=Alert.Severity.PROBLEM,
            facts=facts,
            subject_id=payer_id,
        )
        return Alert.objects.get(pk=alert_id)


def test_what_one_payer_refuses_alike_is_one_line_and_not_one_for_each_patient(
    desk: Client, acme: Organization, make_case: CaseMaker
) -> None:
    refused_alike(make_case, acme)
    make_case(Cause.REJECTED, code="75", days=2, patient={"last_name": "Otherwise"})
    html = desk.get("/").content.decode()
    assert "Example Blue refuses 12 patients here in the same way" in html
    assert html.count('<tr class="case"') == 1 and "Otherwise" in html
    assert re.search(r'scope="rowgroup"[^<]*>[^<]*<span class="quiet">1<', html)  # of what is listed
    (singly,) = re.findall(r'href="([^"]*cause=rejected[^"]*)">Show all 12', html)
    assert desk.get("/" + singly.replace("&amp;", "&")).content.decode().count('<tr class="case"') == 13
    assert desk.get("/?tab=open").content.decode().count('<tr class="case"') == 13
    exported = desk.get("/eligibility/exceptions/export/").content.decode()
    assert len(exported.splitlines()) == 14  # a spreadsheet has all of them


def test_whoever_comes_soon_is_listed_although_refused_alike(
    desk: Client, acme: Organization, make_case: CaseMaker
) -> None:
    refused_alike(make_case, acme)
    soon = timezone.now() + timedelta(hours=3)
    make_case(Cause.REJECTED, code="72", visit_at=soon, patient={"last_name": "Nextone"})
    html = desk.get("/").content.decode()
    assert "refuses 12 patients" in html
    assert html.count('<tr class="case"') == 1 and "Nextone" in html


@pytest.mark.parametrize(
    ("minutes", "is_listed"), [(-130, False), (-110, True), (-1, True), (230, True), (250, False)]
)
def test_who_stands_at_the_desk_is_listed_also_after_the_visit_began(
    desk: Client, acme: Organization, make_case: CaseMaker, minutes: int, is_listed: bool
) -> None:
    refused_alike(make_case, acme)
    at = timezone.now() + timedelta(minutes=minutes)
    make_case(Cause.REJECTED, code="72", visit_at=at, patient={"last_name": "Atdesk"})
    assert ("Atdesk" in desk.get("/").content.decode()) is is_listed


@pytest.mark.parametrize(("hours", "is_listed"), [(-25, True), (-23, False), (2, True)])
def test_only_what_was_found_about_when_the_alert_tells_of_it_is_folded(
    desk: Client, acme: Organization, make_case: CaseMaker, hours: int, is_listed: bool
) -> None:
    refused_alike(make_case, acme)
    seen = timezone.now() + timedelta(hours=hours)
    make_case(Cause.REJECTED, code="72", days=2, seen_at=seen, patient={"last_name": "Elsewhen"})
    assert ("Elsewhen" in desk.get("/").content.decode()) is is_listed


def test_a_queue_of_nothing_else_says_so(desk: Client, acme: Organization, make_case: CaseMaker) -> None:
    refused_alike(make_case, acme)
    html = desk.get("/").content.decode()
    assert "Nobody else needs you" in html and '<tr class="case"' not in html


def test_an_alert_that_is_over_and_cases_that_are_few_fold_nothing(
    desk: Client, acme: Organization, make_case: CaseMaker
) -> None:
    alert = refused_alike(make_case, acme)
    with tenant(acme.pk):
        resolve_alert(alert.key)
    assert desk.get("/").content.decode().count('<tr class="case"') == 12
    with tenant(acme.pk):
        for case in ExceptionCase.objects.all()[:5]:
            clear_case(case, disposition="fixed", note="", now=timezone.now())
        raise_alert(
            kind=alert.kind,
            key=alert.key,
            severity=Alert.Severity.PROBLEM,
            facts=alert.facts,
            subject_id=alert.subject_id,
        )
    assert desk.get("/").content.decode().count('<tr class="case"') == 7


# --- figures, words, cost, logs ----------------------------------------------------------------


def test_the_headline_counts_each_visit_under_one_word(
    acme: Organization, facility: Facility, make_case: CaseMaker
) -> None:
    with tenant(acme.pk):
        user = make_member(acme, Level.FRONT_DESK, "fred")
    for status in [None, *EligibilityStatus.values]:
        for causes in [(), (Cause.OTHER_PAYER,), (Cause.COULD_NOT_CHECK,)]:
            with tenant(acme.pk):
                visit = book(PatientFactory(), facility, eligibility_status=status)
                for cause in causes:
                    ExceptionCase.objects.create(
                        patient=visit.patient, cause=cause, last_visit_date=visit.service_date
                    )
    with tenant(acme.pk, actor=user.pk):
        counted = Appointment.objects.annotate(word=queue.visit_word_in_sql())
        for visit in counted:
            causes = set(visit.patient.cases.values_list("cause", flat=True))
            assert visit.word == (visit_word(visit.eligibility_status, causes) or "")
        figures = queue.figures(user, acme, timezone.now())
    assert figures.visits == 15 == sum(count for _, count in figures.words) + figures.unasked


def test_a_case_of_an_earlier_visit_does_not_touch_a_later_one(
    desk: Client, make_case: CaseMaker, acme: Organization, facility: Facility
) -> None:
    case = make_case(Cause.UNCLEAR, days=1)
    with tenant(acme.pk):
        book(case.patient, facility, days=5, eligibility_status="Active")
    html = " ".join(desk.get("/").content.decode().split())
    assert "ready</dt><dd>1</dd>" in html and "needs you</dt><dd>1</dd>" in html


def test_no_word_of_the_wire_stands_on_the_desk(desk: Client, make_case: CaseMaker) -> None:
    for number, cause in enumerate(Cause):
        make_case(
            cause, days=number + 1, code="72" if cause == Cause.REJECTED else "", reason="999 rejected, AAA42"
        )
    html = desk.get("/").content.decode()
    case = desk.get(f"/eligibility/exceptions/{make_case(Cause.REJECTED, code='72', reason='AAA 72').pk}/")
    for page in (html, case.content.decode().split("<details")[0]):
        assert not EDI.search(visible_text(page)), EDI.search(visible_text(page))


def visible_text(html: str) -> str:
    return re.sub(r"<[^>]*>", " ", re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL))


def test_the_queue_costs_the_same_for_three_rows_and_for_thirty(desk: Client, make_case: CaseMaker) -> None:
    def queries() -> int:
        desk.get("/")
        with CaptureQueriesContext(connection) as captured:
            desk.get("/")
        return len([q for q in captured if q["sql"].startswith(("SELECT", "INSERT", "UPDATE"))])

    for day in range(3):
        make_case(days=day + 1)
    few = queries()
    for day in range(27):
        make_case(days=day % 6 + 1)
    assert queries() == few <= 20


def test_whose_data_was_shown_is_logged(desk: Client, make_case: CaseMaker, acme: Organization) -> None:
    patients = {str(make_case(days=day).patient_id) for day in (1, 2)}
    desk.get("/")
    desk.get("/eligibility/exceptions/export/")
    with tenant(acme.pk):
        page, export = ReadLog.objects.order_by("id")
        assert set(page.patient_ids) == set(export.patient_ids) == patients
        assert page.what == "eligibility.exceptions" and export.reason == "export of 2 rows"
        assert page.created_by.username == "fran"


def test_nothing_is_logged_where_nobody_was_shown(desk: Client, acme: Organization) -> None:
    desk.get("/")
    with tenant(acme.pk):
        assert not ReadLog.objects.exists()


def test_the_export_is_safe_to_open_in_a_spreadsheet(desk: Client, make_case: CaseMaker) -> None:
    make_case(patient={"first_name": "=HYPERLINK(1)", "last_name": "+Plus", "mrn": "@A-1"})
    reply = desk.get("/eligibility/exceptions/export/?cause=not_active")
    text = reply.content.decode("utf-8-sig")
    assert (
        reply.headers["Content-Type"].startswith("text/csv") and "no-store" in reply.headers["Cache-Control"]
    )
    assert "'=HYPERLINK(1) +Plus" in text and "'@A-1" in text and ",=" not in text
