"""The desk: who needs a person, one case closer up, and a patient's coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from coverage.models import Coverage
from eligibility import queue
from eligibility.alike import Alike, alike, paused_payers, singly
from eligibility.cards import by_service, cards, word_of
from eligibility.desk import found_by, visit_word
from eligibility.forms import GROUPS, TABS, ClearForm, PatientSearch, QueueFilter
from eligibility.models import EligibilityCheck, ExceptionCase
from eligibility.services import check_again, clear_case, reopen_case
from practice.exports import csv_response
from practice.models import Appointment, Patient
from practice.pages import PageRequest, back_to, page
from practice.templatetags.preflight import clinic_time, plain_date
from tradingpartners.tasks import ring_units

PAGE_SIZE = 50
EXPORT_LIMIT = 50_000
SEARCH_LIMIT = 25
NO_CONNECTION = "We are not connected to this payer: ask your administrator, and call the payer meanwhile."


@require_safe
def eligibility_home(request: HttpRequest) -> HttpResponse:
    """Two addresses people have in their bookmarks."""
    return redirect("/eligibility/sweeps/" if request.GET.get("tab") == "sweeps" else "/")


# --- the queue ------------------------------------------------------------------------------


@page("eligibility.read")
def exceptions(request: PageRequest) -> HttpResponse:
    """Everyone who needs a person, in the order they arrive."""
    now = timezone.now()
    chosen = QueueFilter(request.GET).chosen()
    tab, group = chosen["tab"] or "needs-you", chosen["group"] or "day"
    group = "" if tab == "cleared" else group
    of_tab = queue.of_tab(tab, request.user, request.organization, now)
    facets = headings = queue.facets(of_tab)
    cases = queue.filtered(of_tab, chosen)
    lines: Sequence[Alike] = []
    if tab == "needs-you" and not chosen["payer"] and (lines := alike(cases, now=now)):
        cases = singly(cases, lines)
        headings = queue.facets(singly(of_tab, lines))
    cases = queue.ordered(cases, tab, group)
    shown = Paginator(queue.with_words(cases), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [queue.row(case, request.organization, now, group) for case in shown]
    request.shown_patients(row.case.patient_id for row in rows)
    context = {
        "section": "today",
        "tab": tab,
        "tabs": TABS,
        "tab_counts": queue.tab_counts(request.user, request.organization, now),
        "chosen": chosen,
        "is_filtered": any(chosen[name] for name in ("cause", "payer", "facility", "day")),
        "group": group,
        "groups": GROUPS,
        "facets": facets,
        "headings": {row.group: headings.in_group(group, row.group) for row in rows},
        "lines": lines,
        "paused": paused_payers(now=now) if tab == "needs-you" else [],
        "rows": rows,
        "page": shown,
        "now": now,
        "zone": request.organization.time_zone,
        "cleared": cleared_case(request),
    }
    if request.htmx:
        return TemplateResponse(request, "eligibility/_queue.html", context)
    context["figures"] = queue.figures(request.user, request.organization, now, chosen["day"])
    context["today"] = queue.zone_today(request.organization, now)
    return TemplateResponse(request, "eligibility/queue.html", context)


def cleared_case(request: PageRequest) -> ExceptionCase | None:
    """The case a form without script has just closed, to offer its undo."""
    try:
        key = UUID(request.GET.get("cleared", ""))
    except ValueError:
        return None
    mine = ExceptionCase.objects.visible_to(request.user)
    return mine.filter(pk=key, state=ExceptionCase.State.CLEARED).first()


@page("eligibility.read")
def new_exceptions(request: PageRequest) -> HttpResponse:
    """The pill "3 new - show": polled, and never moves a row by itself."""
    now = timezone.now()
    since = parse_datetime(request.GET.get("since", "")) or now
    count = queue.opened_since(request.user, aware(since), now)
    return TemplateResponse(request, "eligibility/_new.html", {"count": count, "since": since})


def aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


@page("eligibility.read")
def export_exceptions(request: PageRequest) -> HttpResponse:
    """The queue as filtered, for a spreadsheet."""
    now = timezone.now()
    chosen = QueueFilter(request.GET).chosen()
    tab = chosen["tab"] or "needs-you"
    cases = queue.filtered(queue.of_tab(tab, request.user, request.organization, now), chosen)
    cases = queue.ordered(queue.with_words(cases), tab, chosen["group"] or "day")[:EXPORT_LIMIT]
    rows = [queue.row(case, request.organization, now) for case in cases]
    request.shown_patients((row.case.patient_id for row in rows), reason=f"export of {len(rows)} rows")
    header = ["Visit", "Facility", "Patient", "Birth date", "MRN", "Payer", "Plan", "Status"]
    header += ["What is wrong", "What to do", "Who", "Tries", "Last found"]
    return csv_response(f"exceptions-{now:%Y-%m-%d}.csv", header, (export_line(row) for row in rows))


def export_line(row: queue.Row) -> list[Any]:
    case = row.case
    return [
        clinic_time(case.visit_at, row.zone),
        case.appointment.facility.name if case.appointment else "",
        case.patient.full_name,
        plain_date(case.patient.birth_date),
        case.patient.mrn,
        case.payer.name if case.payer else "",
        case.coverage.insurance_plan.plan_name if case.coverage else "",
        row.advice.word,
        row.advice.what,
        row.advice.todo,
        row.advice.fixer.words,
        case.tries,
        clinic_time(case.seen_at, row.zone),
    ]


# --- one case -------------------------------------------------------------------------------


def find_case(request: PageRequest, case_id: UUID) -> ExceptionCase:
    mine = ExceptionCase.objects.visible_to(request.user)
    return get_object_or_404(queue.with_words(mine), pk=case_id)


@page("eligibility.read")
def exception(request: PageRequest, case_id: UUID) -> HttpResponse:
    """The side panel, or the same as a page of its own."""
    return show_case(request, find_case(request, case_id), ClearForm())


def show_case(
    request: PageRequest, case: ExceptionCase, form: ClearForm, *, status: int = 200
) -> HttpResponse:
    row = queue.row(case, request.organization, timezone.now())
    request.shown_patients([case.patient_id])
    checks = EligibilityCheck.objects.visible_to(request.user).filter(patient=case.patient_id)
    if case.coverage_id:
        checks = checks.filter(coverage=case.coverage_id)
    history = list(checks.defer("raw_request", "raw_response").select_related("payer").order_by("-id")[:10])
    context = {
        "section": "today",
        "row": row,
        "case": case,
        "card": cards([case.coverage], request.user)[0] if case.coverage else None,
        "history": [(check, word_of(check), found_by(check.trigger)) for check in history],
        "form": form,
        "begin_done": "done" in request.GET or form.is_bound,
        "zone": row.zone,
        "now": row.now,
    }
    template = "eligibility/_case.html" if request.htmx else "eligibility/case.html"
    return TemplateResponse(request, template, context, status=status)


@page("eligibility.read")
def exception_row(request: PageRequest, case_id: UUID) -> HttpResponse:
    """One row of the queue as it stands now: asked for while its answer is awaited, and after undo."""
    return one_row(request, find_case(request, case_id))


def one_row(request: PageRequest, case: ExceptionCase, *, toast: str = "") -> HttpResponse:
    request.shown_patients([case.patient_id])
    row = queue.row(case, request.organization, timezone.now())
    here = QueryDict(urlsplit(request.htmx.current_url or "").query)
    context = {
        "row": row,
        "zone": row.zone,
        "now": row.now,
        "toast": toast,
        "poll": True,
        "group": QueueFilter(here).chosen()["group"] or "day",
    }
    is_open = case.state == ExceptionCase.State.OPEN
    template = "eligibility/_row_answer.html" if is_open else "eligibility/_settled.html"
    return TemplateResponse(request, template, context)


@page("eligibility.triage", methods=("POST",))
def clear_exception(request: PageRequest, case_id: UUID) -> HttpResponse:
    """A person says what became of it."""
    case = find_case(request, case_id)
    form = ClearForm(request.POST)
    if not form.is_valid():
        response = show_case(request, case, form, status=200 if request.htmx else 422)
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#panel-body", "innerHTML"
        return response
    if case.state != ExceptionCase.State.OPEN:
        return could_not(request, "Somebody, or a better answer, has closed this already.", case)
    clear_case(
        case,
        disposition=form.cleaned_data["disposition"],
        note=form.cleaned_data["note"],
        now=timezone.now(),
    )
    if not request.htmx:
        return HttpResponseRedirect(f"{reverse('desk')}?cleared={case.pk}")
    response = one_row(request, find_case(request, case_id), toast="Marked as done.")
    return trigger_client_event(response, "settled", after="settle")


@page("eligibility.triage", methods=("POST",))
def reopen_exception(request: PageRequest, case_id: UUID) -> HttpResponse:
    """Undo."""
    case = find_case(request, case_id)
    if case.state == ExceptionCase.State.RESOLVED:
        return could_not(request, "A better answer has settled this: there is nothing to undo.", case)
    try:
        with transaction.atomic():
            reopen_case(case)
    except IntegrityError:  # the same problem was found anew since
        return could_not(request, "This problem is in the queue already.", case)
    if request.htmx:
        return one_row(request, find_case(request, case_id), toast="Back in the queue.")
    messages.success(request, "Back in the queue.")
    return redirect("desk")


@page("eligibility.trigger", methods=("POST",))
def check_exception(request: PageRequest, case_id: UUID) -> HttpResponse:
    """Ask the payer once more about the visit."""
    case, now = find_case(request, case_id), timezone.now()
    if case.coverage is None:
        return could_not(request, "There is no coverage to ask about: add it first.", case)
    today = now.astimezone(request.organization.zone).date()
    service_date = case.appointment.service_date if case.appointment else today
    if check_again(case.coverage, service_date=service_date, now=now) is None:
        return could_not(request, NO_CONNECTION, case)
    transaction.on_commit(ring_units, robust=True)
    if request.htmx:
        response = one_row(request, find_case(request, case_id), toast="Asking the payer.")
        return trigger_client_event(response, "asked", after="settle")
    messages.success(request, "We are asking the payer. The answer shows up here by itself.")
    return redirect(back_to(request, reverse("desk")))


def could_not(request: PageRequest, why: str, case: ExceptionCase) -> HttpResponse:
    """A refusal of a service, in its own sentence."""
    if request.htmx:
        return one_row(request, find_case(request, case.pk), toast=why)
    messages.error(request, why)
    return redirect(back_to(request, reverse("desk")))


# --- patients -------------------------------------------------------------------------------


@page("coverage.read", methods=("GET", "POST"))
def patient_search(request: PageRequest) -> HttpResponse:
    """By keyed index, and by POST: no name, date or number stands in an address."""
    form = PatientSearch(request.POST if request.method == "POST" else None)
    found: list[Patient] | None = None
    if request.method == "POST" and form.is_valid():
        found = search_patients(request, form.cleaned_data)
        request.shown_patients(patient.pk for patient in found)
        if len(found) == 1:
            return redirect("patient", found[0].pk)
    context = {"section": "patients", "form": form, "found": found, "limit": SEARCH_LIMIT}
    return TemplateResponse(request, "eligibility/patient_search.html", context)


def search_patients(request: PageRequest, given: dict[str, Any]) -> list[Patient]:
    """Patients that fit everything that was given."""
    patients = Patient.objects.visible_to(request.user)
    if given["mrn"]:
        patients = patients.filter(mrn_index=given["mrn"])
    if given["member_id"]:
        holders = Coverage.objects.visible_to(request.user).filter(subscriber_id_index=given["member_id"])
        patients = patients.filter(pk__in=holders.values("patient"))
    if given["last_name"]:
        patients = patients.filter(last_name_index=given["last_name"], birth_date_index=given["birth_date"])
    return list(patients.order_by("id")[:SEARCH_LIMIT])


@page("coverage.read")
def patient(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """A patient: insurance, visits, benefits, and what was asked when."""
    return show_patient(request, get_object_or_404(Patient.objects.visible_to(request.user), pk=patient_id))


@page("coverage.read", methods=("POST",))
def show_member_id(request: PageRequest, patient_id: UUID, coverage_id: UUID) -> HttpResponse:
    """The whole member ID, once, and logged."""
    held = Coverage.objects.visible_to(request.user).select_related("patient")
    coverage = get_object_or_404(held, pk=coverage_id, patient=patient_id)
    request.shown_patients([patient_id], reason="member ID shown")
    if request.htmx:
        return TemplateResponse(request, "eligibility/_member_id.html", {"coverage": coverage, "shown": True})
    return show_patient(request, coverage.patient, shown_id=coverage.pk)


def show_patient(request: PageRequest, patient: Patient, *, shown_id: UUID | None = None) -> HttpResponse:
    now, user = timezone.now(), request.user
    request.shown_patients([patient.pk])
    coverages = list(
        Coverage.objects.visible_to(user)
        .filter(patient=patient)
        .select_related("insurance_plan__payer")
        .order_by("-is_active", "rank", "id")
    )
    open_cases = list(
        queue.with_words(ExceptionCase.objects.visible_to(user).open().filter(patient=patient)).by_visit()
    )
    visits = list(
        Appointment.objects.visible_to(user)
        .filter(patient=patient)
        .select_related("facility", "provider")
        .order_by("-starts_at")[:20]
    )
    checks = list(
        EligibilityCheck.objects.visible_to(user)
        .filter(patient=patient)
        .select_related("payer")
        .defer("raw_request", "raw_response")
        .order_by("-id")[:20]
    )
    made = cards(coverages, user)
    context = {
        "section": "patients",
        "patient": patient,
        "cards": made,
        "shown_id": shown_id,
        "rows": [queue.row(case, request.organization, now) for case in open_cases],
        "visits": [(visit, word_of_visit(visit, open_cases)) for visit in visits],
        "benefits": [(card, by_service(card.benefits)) for card in made if card.benefits],
        "history": [(check, word_of(check), found_by(check.trigger)) for check in checks],
        "now": now,
        "zone": request.organization.time_zone,
    }
    return TemplateResponse(request, "eligibility/patient.html", context)


def word_of_visit(visit: Appointment, cases: list[ExceptionCase]) -> Any:
    """A visit's word, in the light of the cases that touch its day."""
    causes = {
        case.cause
        for case in cases
        if case.last_visit_date is None or case.last_visit_date >= visit.service_date
    }
    return None if visit.cancelled else visit_word(visit.eligibility_status, causes)


@page("eligibility.trigger", methods=("POST",))
def check_coverage(request: PageRequest, patient_id: UUID, coverage_id: UUID) -> HttpResponse:
    """Ask about a coverage from the patient's page: the next visit, else today."""
    now = timezone.now()
    held = Coverage.objects.visible_to(request.user).filter(patient=patient_id)
    coverage = get_object_or_404(held, pk=coverage_id)
    today = now.astimezone(request.organization.zone).date()
    visits = Appointment.objects.visible_to(request.user).coming(today).filter(patient=patient_id)
    following = visits.order_by("starts_at").first()
    service_date = following.service_date if following else today
    if check_again(coverage, service_date=service_date, now=now) is None:
        messages.error(request, NO_CONNECTION)
    else:
        transaction.on_commit(ring_units, robust=True)
        messages.success(request, "We are asking the payer. Reload in a moment for the answer.")
    return redirect("patient", patient_id)
