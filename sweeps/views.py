"""Sweeps: the list, a new one, one closer up; and the schedules that start them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from practice.exports import csv_response
from practice.pages import PageRequest, page
from practice.templatetags.preflight import clinic_day, clinic_time, plain_date
from sweeps import progress
from sweeps.errors import CronError, SweepError
from sweeps.forms import PRESETS, PauseForm, RunForm, ScheduleForm
from sweeps.models import SweepRun, SweepRunMember, SweepSchedule
from sweeps.schedules import describe, next_fires, pause_schedule, resume_schedule, save_schedule
from sweeps.services import cancel_run, create_run
from tradingpartners.tasks import ring_units

PAGE_SIZE = 50
RUNS_PER_PAGE = 25
TABS = {"exceptions": "Exceptions", "not-active": "Not active", "all": "All members"}


# --- runs -----------------------------------------------------------------------------------


@page("eligibility.read")
def sweeps(request: PageRequest) -> HttpResponse:
    """All runs, newest first, and what starts them by itself."""
    now = timezone.now()
    runs = SweepRun.objects.visible_to(request.user).newest_first().select_related("facility", "created_by")
    shown = Paginator(runs, RUNS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "sweeps",
        "lines": progress.run_lines(shown, request.user, now),
        "page": shown,
        "schedules": schedule_lines(request),
        "now": now,
        "zone": request.organization.time_zone,
    }
    return TemplateResponse(request, "sweeps/sweep_list.html", context)


@page("eligibility.update", methods=("GET", "POST"))
def new_sweep(request: PageRequest) -> HttpResponse:
    """Start one now."""
    now = timezone.now()
    if request.method != "POST":
        form = RunForm(request, initial=RunForm.defaults(request, now))
        return show_form(request, "sweeps/sweep_new.html", form)
    form = RunForm(request, request.POST)
    if not form.is_valid():
        return show_form(request, "sweeps/sweep_new.html", form, status=422)
    given = form.cleaned_data
    try:
        run = create_run(
            name=given["name"],
            window_from=given["window_from"],
            window_to=given["window_to"],
            facility=given["facility"],
            payer_ids=[payer.pk for payer in given["payers"]],
        )
    except SweepError as error:
        form.add_error(form_field(form, error.field), str(error))
        return show_form(request, "sweeps/sweep_new.html", form, status=422)
    transaction.on_commit(ring_units, robust=True)
    return redirect("sweep", run.pk)


def form_field(form: RunForm, name: str) -> str | None:
    name = {"payer_ids": "payers"}.get(name, name)
    return name if name in form.fields else None


def show_form(
    request: PageRequest, template: str, form: Any, *, status: int = 200, **more: Any
) -> HttpResponse:
    return TemplateResponse(request, template, {"section": "sweeps", "form": form, **more}, status=status)


def find_run(request: PageRequest, run_id: UUID) -> SweepRun:
    runs = SweepRun.objects.visible_to(request.user).select_related("facility", "created_by", "schedule")
    return get_object_or_404(runs, pk=run_id)


def members_of(request: PageRequest, run: SweepRun, tab: str) -> Any:
    members = SweepRunMember.objects.visible_to(request.user).filter(run=run)
    if tab == "exceptions":
        members = members.exceptions()
    elif tab == "not-active":
        members = members.not_active()
    return (
        members.for_list()
        .select_related("eligibility_check")
        .defer("eligibility_check__raw_request", "eligibility_check__raw_response")
    )


@page("eligibility.read")
def sweep(request: PageRequest, run_id: UUID) -> HttpResponse:
    """One run: how far it is, payer by payer, and whom it found."""
    now, run = timezone.now(), find_run(request, run_id)
    context = progress_context(request, run)
    if request.htmx:
        return TemplateResponse(request, "sweeps/_progress.html", context)
    tab = request.GET.get("tab", "exceptions")
    tab = tab if tab in TABS else "exceptions"
    shown = Paginator(members_of(request, run, tab), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = progress.member_rows(shown, request.organization.time_zone)
    request.shown_patients(row.member.patient_id for row in rows)
    counted = SweepRun.objects.visible_to(request.user).with_counts().filter(pk=run.pk)
    names = ("roster", "inactive", *progress.STATES)
    counts = dict(zip(names, counted.values_list(*names).get(), strict=True))
    context |= {
        "section": "sweeps",
        "tab": tab,
        "tabs": TABS,
        "tab_counts": {
            "exceptions": counts["failed"] + counts["skipped"],
            "not-active": counts["inactive"],
            "all": counts["roster"],
        },
        "states": [(words, counts[state]) for state, words in progress.STATES.items()],
        "rows": rows,
        "page": shown,
        "now": now,
        "state_names": progress.STATES,
    }
    return TemplateResponse(request, "sweeps/sweep.html", context)


def progress_context(request: PageRequest, run: SweepRun) -> dict[str, Any]:
    now = timezone.now()
    (line,) = progress.run_lines([run], request.user, now)
    return {
        "run": run,
        "line": line,
        "payers": progress.by_payer(run, request.user),
        "zone": request.organization.time_zone,
        "now": now,
    }


@page("eligibility.update", methods=("GET", "POST"))
def cancel_sweep(request: PageRequest, run_id: UUID) -> HttpResponse:
    """What cancelling would do, in figures; then do it."""
    run = find_run(request, run_id)
    if request.method != "POST":
        if not run.is_open:
            return redirect("sweep", run.pk)
        context = {
            "section": "sweeps",
            "run": run,
            "effect": progress.if_cancelled(run, request.user),
        }
        return TemplateResponse(request, "sweeps/sweep_cancel.html", context)
    try:
        cancel_run(run)
    except SweepError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The sweep is cancelled. What was sent already still comes in.")
    return redirect("sweep", run.pk)


@page("eligibility.read")
def export_members(request: PageRequest, run_id: UUID) -> HttpResponse:
    """The members of a tab, for a spreadsheet."""
    run = find_run(request, run_id)
    tab = request.GET.get("tab", "all")
    rows = progress.member_rows(members_of(request, run, tab), request.organization.time_zone)
    request.shown_patients((row.member.patient_id for row in rows), reason=f"export of {len(rows)} rows")
    header = ["Visit", "Facility", "Patient", "Birth date", "MRN", "Payer", "Plan", "State", "Status"]
    header += ["What is wrong", "What to do", "Who", "Upstream words"]
    name = f"sweep-{timezone.now():%Y-%m-%d}-{tab if tab in TABS else 'all'}.csv"
    return csv_response(name, header, (export_line(row) for row in rows))


def export_line(row: progress.MemberRow) -> list[Any]:
    member, visit = row.member, row.member.appointment
    return [
        clinic_time(visit.starts_at, row.zone) if visit else clinic_day(member.service_date),
        visit.facility.name if visit else "",
        member.patient.full_name,
        plain_date(member.patient.birth_date),
        member.patient.mrn,
        member.payer.name if member.payer else "",
        member.coverage.insurance_plan.plan_name if member.coverage else "",
        progress.STATES[member.state],
        row.word,
        row.advice.what,
        row.advice.todo,
        row.advice.fixer.words,
        member.failure_reason,
    ]


# --- schedules ------------------------------------------------------------------------------


def schedule_lines(request: PageRequest) -> list[dict[str, Any]]:
    schedules = list(
        SweepSchedule.objects.visible_to(request.user).select_related("facility").order_by("name", "id")
    )
    names = progress.payer_names(payer_id for row in schedules for payer_id in row.payer_ids)
    return [
        {
            "schedule": row,
            "when": describe(row.cron),
            "scope": progress.scope_in_words(
                progress.days_in_words(row.window_start, row.window_end),
                row.facility.name if row.facility else "",
                [names[str(i)] for i in row.payer_ids if str(i) in names],
            ),
        }
        for row in schedules
    ]


def find_schedule(request: PageRequest, schedule_id: UUID) -> SweepSchedule:
    return get_object_or_404(SweepSchedule.objects.visible_to(request.user), pk=schedule_id)


@page("eligibility.update", methods=("GET", "POST"))
def new_schedule(request: PageRequest) -> HttpResponse:
    return edit(request, None)


@page("eligibility.update", methods=("GET", "POST"))
def edit_schedule(request: PageRequest, schedule_id: UUID) -> HttpResponse:
    return edit(request, find_schedule(request, schedule_id))


def edit(request: PageRequest, schedule: SweepSchedule | None) -> HttpResponse:
    """The editor, for a new schedule and one that is there."""
    if request.method != "POST":
        chosen = {"cron": request.GET["cron"]} if "cron" in request.GET else {}
        form = ScheduleForm(request, initial=schedule_initial(request, schedule) | chosen)
        return show_schedule(request, form, schedule)
    form = ScheduleForm(request, request.POST)
    if form.is_valid() and saved(form, schedule):
        messages.success(request, "The schedule is saved.")
        return redirect("sweeps")
    return show_schedule(request, form, schedule, status=422)


def saved(form: ScheduleForm, schedule: SweepSchedule | None) -> bool:
    given = form.cleaned_data
    try:
        with transaction.atomic():
            save_schedule(
                schedule=schedule,
                name=given["name"],
                cron=given["cron"],
                time_zone=given["time_zone"],
                facility=given["facility"],
                payer_ids=[payer.pk for payer in given["payers"]],
                window_start=given["window_start"],
                window_end=given["window_end"],
            )
    except CronError as error:
        form.add_error("cron", str(error))
    except IntegrityError:
        form.add_error("name", "There is a schedule of this name already.")
    else:
        return True
    return False


def schedule_initial(request: PageRequest, schedule: SweepSchedule | None) -> dict[str, Any]:
    if schedule is None:
        return {
            "name": "Nightly check",
            "cron": "0 2 * * *",
            "time_zone": request.organization.time_zone,
            "window_start": 0,
            "window_end": 7,
        }
    kept = ("name", "cron", "time_zone", "facility", "window_start", "window_end")
    return {field: getattr(schedule, field) for field in kept} | {"payers": schedule.payer_ids}


def show_schedule(
    request: PageRequest, form: ScheduleForm, schedule: SweepSchedule | None, *, status: int = 200
) -> HttpResponse:
    cron, zone = form["cron"].value() or "", form["time_zone"].value() or request.organization.time_zone
    more = {"schedule": schedule, "presets": PRESETS, **preview(request, cron, zone)}
    return show_form(request, "sweeps/schedule.html", form, status=status, **more)


@page("eligibility.update")
def preview_schedule(request: PageRequest) -> HttpResponse:
    """The same computation that will fire it, while somebody types."""
    cron = request.GET.get("cron", "")
    zone = request.GET.get("time_zone") or request.organization.time_zone
    return TemplateResponse(request, "sweeps/_preview.html", preview(request, cron, zone))


def preview(request: PageRequest, cron: str, zone: str) -> dict[str, Any]:
    now = timezone.now()
    try:
        fires = next_fires(cron.strip(), zone, now)
        return {"when": describe(cron.strip()), "fires": fires, "zone": zone, "now": now}
    except (CronError, ValueError, LookupError) as error:
        refusal = str(error) if isinstance(error, CronError) else "There is no such time zone."
        return {"refusal": refusal, "fires": [], "zone": zone, "now": now}


@page("eligibility.update", methods=("GET", "POST"))
def pause(request: PageRequest, schedule_id: UUID) -> HttpResponse:
    """Pausing asks for a reason, so that others know; nothing else is changed."""
    schedule = find_schedule(request, schedule_id)
    if request.method != "POST":
        context = {"section": "sweeps", "schedule": schedule, "when": describe(schedule.cron)}
        return TemplateResponse(request, "sweeps/schedule_pause.html", context)
    form = PauseForm(request.POST)
    pause_schedule(schedule, form.cleaned_data["reason"] if form.is_valid() else "")
    messages.success(request, "Paused. Runs that are under way go on.")
    return redirect("sweeps")


@page("eligibility.update", methods=("POST",))
def resume(request: PageRequest, schedule_id: UUID) -> HttpResponse:
    resume_schedule(find_schedule(request, schedule_id))
    messages.success(request, "The schedule is on again.")
    return redirect("sweeps")
