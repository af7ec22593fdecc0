"""Sweeps and schedules: started, watched, cancelled and paused on their pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practice.models import Facility, Organization, ReadLog
from practice.tenancy import tenant
from sweeps.models import SweepRun, SweepRunMember, SweepSchedule
from sweeps.progress import Progress
from sweeps.schedules import save_schedule
from tests.factories import CoverageFactory, PatientFactory, PayerFactory, PlanFactory, RouteFactory
from tests.pages.conftest import book, make_check
from tests.pages.test_desk_words import EDI
from tests.pages.test_exceptions import HTMX, visible_text

SWEEPS = "/eligibility/sweeps/"
RunMaker = Callable[..., SweepRun]


@pytest.fixture
def make_run(acme: Organization, facility: Facility) -> RunMaker:
    """A run with members given as (state, outcome, reason)."""

    def make(*members: tuple[str, str, str], **fields: Any) -> SweepRun:
        now = timezone.now()
        with tenant(acme.pk):
            plan = PlanFactory(payer=PayerFactory(name="Example Blue"))
            run = SweepRun.objects.create(
                **{
                    "name": "Tonight",
                    "window_from": now.date(),
                    "window_to": now.date() + timedelta(days=7),
                    "state": "running",
                    "started_at": now,
                    **fields,
                }
            )
            for state, outcome, reason in members:
                coverage = CoverageFactory(insurance_plan=plan)
                visit = book(coverage.patient, facility)
                check = None
                if state != "skipped":
                    status = {"inactive": "Inactive", "aaa_rejected": "Error", "": "Pending"}.get(
                        outcome, "Active"
                    )
                    code = "72" if outcome == "aaa_rejected" else ""
                    check = make_check(coverage, facility, status=status, error_code=code)
                SweepRunMember.objects.create(
                    run=run,
                    patient=coverage.patient,
                    coverage=coverage,
                    payer=plan.payer,
                    appointment=visit,
                    service_date=visit.service_date,
                    eligibility_check=check,
                    state=state,
                    outcome=outcome,
                    failure_reason=reason,
                )
        return run

    return make


MIXED = [
    ("received", "active", ""),
    ("received", "inactive", ""),
    ("failed", "aaa_rejected", "AAA 72"),
    ("failed", "", "timeout"),
    ("skipped", "", "No connection to this payer"),
    ("submitted", "", ""),
    ("queued", "", ""),
]


def test_the_list_shows_runs_with_figures_in_text(desk: Client, make_run: RunMaker) -> None:
    make_run(*MIXED)
    html = desk.get(SWEEPS).content.decode()
    assert "Tonight" in html and "Running" in html and "5 of 7" in html and "all facilities" in html


def test_empty_lists_say_how_to_begin(manager: Client, desk: Client) -> None:
    assert "Start with every night at 02:00" in manager.get(SWEEPS).content.decode()
    assert "Your manager can start one" in desk.get(SWEEPS).content.decode()


def test_detail_counts_every_member_once(desk: Client, make_run: RunMaker) -> None:
    run = make_run(*MIXED)
    html = desk.get(f"{SWEEPS}{run.pk}/").content.decode()
    legend = " ".join(visible_text(html.split('class="legend"')[1].split("</ul>")[0]).split())
    assert "1 ready 1 not active 2 need you 1 could not check" in legend
    assert "1 asked, waiting for the payer 1 waiting to be asked" in legend
    assert 'data-percent="71"' in html


@pytest.mark.parametrize(
    ("tab", "rows", "words"),
    [
        ("exceptions", 3, ["Member ID", "did not answer in time", "cannot ask this payer"]),
        ("not-active", 1, ["Coverage ended or is not active"]),
        ("all", 7, ["Waiting to be asked", "Answered", "Skipped"]),
        ("nonsense", 3, []),
    ],
)
def test_tabs_hold_their_members(
    tab: str, rows: int, words: list[str], desk: Client, make_run: RunMaker
) -> None:
    html = desk.get(f"{SWEEPS}{make_run(*MIXED).pk}/?tab={tab}").content.decode()
    members = html.split("<tbody>")[-1]
    assert members.count("<tr>") == rows
    assert all(word.lower() in members.lower() for word in words)


def test_the_upstream_words_stay_verbatim_behind_details(desk: Client, make_run: RunMaker) -> None:
    html = desk.get(f"{SWEEPS}{make_run(*MIXED).pk}/").content.decode()
    assert "AAA 72" in html
    seen = visible_text("".join(part.split("</details>")[-1] for part in html.split("<details")))
    assert "AAA" not in seen and not EDI.search(seen)


def test_progress_is_asked_for_while_the_run_is_open_and_not_after(desk: Client, make_run: RunMaker) -> None:
    run = make_run(*MIXED)
    part = desk.get(f"{SWEEPS}{run.pk}/", headers=HTMX).content.decode()
    assert "<html" not in part and 'hx-trigger="every 2s"' in part
    over = make_run(MIXED[0], state="running", name="Over")
    with tenant(over.organization_id):
        SweepRun.objects.filter(pk=over.pk).update(state="completed", completed_at=timezone.now())
    done = desk.get(f"{SWEEPS}{over.pk}/", headers=HTMX).content.decode()
    assert "every 2s" not in done and "show the results" in done


def test_a_run_without_visits_says_why(desk: Client, make_run: RunMaker) -> None:
    assert "found no visits" in desk.get(f"{SWEEPS}{make_run().pk}/").content.decode()


def test_a_new_sweep_is_started_with_its_defaults(
    manager: Client, acme: Organization, facility: Facility
) -> None:
    with tenant(acme.pk):
        plan = PlanFactory()
        RouteFactory(payer=plan.payer)
        book(CoverageFactory(insurance_plan=plan).patient, facility)
    form = manager.get(f"{SWEEPS}new/").context_data["form"]  # type: ignore[attr-defined]
    data = {name: form[name].value() or "" for name in ("name", "window_from", "window_to")}
    reply = manager.post(f"{SWEEPS}new/", data)
    with tenant(acme.pk):
        run = SweepRun.objects.get()
        assert reply.headers["Location"] == f"{SWEEPS}{run.pk}/"
        assert (run.window_to - run.window_from).days == 7 and run.members.count() == 1
        assert run.created_by.username == "max"


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"window_to": "2026-11-20"}, "window_to", "ends before it begins"),
        ({"window_to": "2027-11-20"}, "window_to", "longer than 92 days"),
        ({"window_from": "yesterday"}, "window_from", "not a day"),
        ({"name": ""}, "name", "Give the sweep a name"),
        ({"payers": [str(uuid4())]}, "payers", "no such payer"),
        ({"payers": ["nonsense"]}, "payers", "not a valid UUID"),
        ({"facility": str(uuid4())}, "facility", "valid choice"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_nothing_starts(
    change: dict[str, Any], field: str, sentence: str, manager: Client, acme: Organization
) -> None:
    data = {"name": "Mine", "window_from": "2026-11-24", "window_to": "2026-11-30", **change}
    reply = manager.post(f"{SWEEPS}new/", data)
    assert reply.status_code == 422
    assert sentence in reply.context_data["form"].errors[field][0]  # type: ignore[attr-defined]
    assert f'id="id_{field}_error"' in reply.content.decode()
    with tenant(acme.pk):
        assert not SweepRun.objects.exists()


def test_cancelling_says_exactly_what_it_does_and_does_it(manager: Client, make_run: RunMaker) -> None:
    run = make_run(*MIXED)
    with tenant(run.organization_id):
        waiting = run.members.get(state="queued")
        assert waiting.eligibility_check is not None
    page = " ".join(manager.get(f"{SWEEPS}{run.pk}/cancel/").content.decode().split())
    assert "<strong>1</strong> waiting patient will be skipped" in page
    assert "<strong>1</strong> already sent will still finish" in page
    manager.post(f"{SWEEPS}{run.pk}/cancel/")
    with tenant(run.organization_id):
        run.refresh_from_db()
        assert run.state == "cancelled" and run.completed_at
        waiting.refresh_from_db()
        assert (waiting.state, waiting.failure_reason) == ("skipped", "Cancelled by operator")
    assert manager.get(f"{SWEEPS}{run.pk}/cancel/").status_code == 302


def test_cancelling_a_finished_run_is_refused_in_words(manager: Client, make_run: RunMaker) -> None:
    run = make_run(MIXED[0])
    with tenant(run.organization_id):
        SweepRun.objects.filter(pk=run.pk).update(state="completed", completed_at=timezone.now())
    reply = manager.post(f"{SWEEPS}{run.pk}/cancel/", follow=True)
    assert "already over" in reply.content.decode()


def test_members_are_exported_as_shown(desk: Client, make_run: RunMaker, acme: Organization) -> None:
    run = make_run(*MIXED)
    reply = desk.get(f"{SWEEPS}{run.pk}/export/?tab=exceptions")
    lines = reply.content.decode("utf-8-sig").strip().splitlines()
    assert len(lines) == 4 and "AAA 72" in reply.content.decode()
    with tenant(acme.pk):
        assert ReadLog.objects.get().reason == "export of 3 rows"


# --- schedules ------------------------------------------------------------------------------

NIGHTLY = {
    "name": "Nightly",
    "cron": "0 2 * * *",
    "time_zone": "America/New_York",
    "window_start": "0",
    "window_end": "7",
}


@pytest.fixture
def schedule(acme: Organization) -> SweepSchedule:
    with tenant(acme.pk):
        return save_schedule(
            schedule=None,
            name="Nightly",
            cron="0 2 * * *",
            time_zone="America/New_York",
            facility=None,
            payer_ids=[],
            window_start=0,
            window_end=7,
        )


def test_a_schedule_is_made_shown_and_changed(manager: Client, acme: Organization) -> None:
    assert manager.post(f"{SWEEPS}schedules/new/", NIGHTLY).status_code == 302
    html = manager.get(SWEEPS).content.decode()
    assert "Nightly" in html and "At 02:00" in html and "UTC" in html and "the next 7 days" in html
    with tenant(acme.pk):
        row = SweepSchedule.objects.get()
    changed = {**NIGHTLY, "cron": "0 5 * * 1-5", "window_end": "3"}
    assert manager.post(f"{SWEEPS}schedules/{row.pk}/", changed).status_code == 302
    with tenant(acme.pk):
        assert SweepSchedule.objects.get().cron == "0 5 * * 1-5"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": "61 2 * * *"}, "cron"),
        ({"cron": "every day"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"window_start": "8"}, "window_end"),
        ({"window_end": "-1"}, "window_end"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"name": ""}, "name"),
    ],
)
def test_a_bad_schedule_is_refused_at_its_field(
    change: dict[str, str], field: str, manager: Client, acme: Organization
) -> None:
    reply = manager.post(f"{SWEEPS}schedules/new/", {**NIGHTLY, **change})
    assert reply.status_code == 422 and field in reply.context_data["form"].errors  # type: ignore[attr-defined]
    with tenant(acme.pk):
        assert not SweepSchedule.objects.exists()


def test_two_schedules_may_not_share_a_name(manager: Client, schedule: SweepSchedule) -> None:
    reply = manager.post(f"{SWEEPS}schedules/new/", NIGHTLY)
    assert reply.status_code == 422 and b"of this name already" in reply.content


@pytest.mark.parametrize(
    ("cron", "rows", "words"),
    [
        ("0 2 * * *", 6, "At 02:00"),
        ("0 2 * * MON#1", 6, ""),
        ("0 0 L * *", 6, ""),
        ("30 2 * * 7", 6, ""),
        ("0 0 31 2 *", 0, "not a cron expression"),
        ("61 * * * *", 0, "not a cron expression"),
        ("", 0, "five fields"),
    ],
)
def test_the_preview_is_the_computation_that_fires(cron: str, rows: int, words: str, manager: Client) -> None:
    reply = manager.get(
        f"{SWEEPS}schedules/preview/", {"cron": cron, "time_zone": "America/New_York"}, headers=HTMX
    )
    html = reply.content.decode()
    assert reply.status_code == 200 and html.split("<tbody>")[-1].count("<tr>") == rows
    assert words in html and "<html" not in html


def test_the_preview_refuses_a_zone_that_does_not_exist(manager: Client) -> None:
    for zone in ("Mars/Olympus", "../etc", "\x00"):
        reply = manager.get(f"{SWEEPS}schedules/preview/", {"cron": "0 2 * * *", "time_zone": zone})
        assert "no such time zone" in reply.content.decode()


def test_pausing_keeps_everything_and_says_why(manager: Client, schedule: SweepSchedule) -> None:
    assert "No new runs start" in manager.get(f"{SWEEPS}schedules/{schedule.pk}/pause/").content.decode()
    manager.post(f"{SWEEPS}schedules/{schedule.pk}/pause/", {"reason": "Payer is down"})
    html = manager.get(SWEEPS).content.decode()
    assert "Paused" in html and "Payer is down" in html and "None while paused" in html
    manager.post(f"{SWEEPS}schedules/{schedule.pk}/resume/")
    assert "Payer is down" not in manager.get(SWEEPS).content.decode()


# --- doors ----------------------------------------------------------------------------------


def addresses(run: SweepRun, schedule: SweepSchedule) -> dict[str, str]:
    return {
        "read": f"{SWEEPS}{run.pk}/",
        "export": f"{SWEEPS}{run.pk}/export/",
        "cancel": f"{SWEEPS}{run.pk}/cancel/",
        "edit": f"{SWEEPS}schedules/{schedule.pk}/",
        "pause": f"{SWEEPS}schedules/{schedule.pk}/pause/",
    }


def test_another_organization_gets_404(mallory: Client, make_run: RunMaker, schedule: SweepSchedule) -> None:
    run = make_run(*MIXED)
    for path in addresses(run, schedule).values():
        assert mallory.get(path).status_code == 404, path
    for path in (f"{SWEEPS}{run.pk}/cancel/", f"{SWEEPS}schedules/{schedule.pk}/resume/"):
        assert mallory.post(path).status_code == 404, path
    assert "Tonight" not in mallory.get(SWEEPS).content.decode()


def test_a_reading_role_sees_no_button_and_is_refused(
    desk: Client, make_run: RunMaker, schedule: SweepSchedule
) -> None:
    run = make_run(*MIXED)
    listed, detail = desk.get(SWEEPS).content.decode(), desk.get(f"{SWEEPS}{run.pk}/").content.decode()
    assert "New sweep" not in listed and "Pause<" not in listed and "Cancel sweep" not in detail
    for path in ("new/", "schedules/new/", f"{run.pk}/cancel/", f"schedules/{schedule.pk}/pause/"):
        assert desk.get(SWEEPS + path).status_code == 403
        assert desk.post(SWEEPS + path).status_code == 403
    with tenant(run.organization_id):
        run.refresh_from_db()
        assert run.state == "running"


def test_signed_out_and_wrong_methods(
    desk: Client, manager: Client, make_run: RunMaker, schedule: SweepSchedule
) -> None:
    run = make_run()
    for path in ("", "new/", f"{run.pk}/", f"{run.pk}/cancel/", f"{run.pk}/export/"):
        assert Client().get(SWEEPS + path).headers["Location"].startswith("/sign-in/?next=")
    for path in ("", f"{run.pk}/", f"{run.pk}/export/", "schedules/preview/"):
        assert manager.post(SWEEPS + path).status_code == 405
    assert manager.get(f"{SWEEPS}schedules/{schedule.pk}/resume/").status_code == 405


def count_queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len([q for q in captured if q["sql"].startswith(("SELECT", "INSERT", "UPDATE"))])


def test_lists_cost_the_same_however_long_they_are(desk: Client, make_run: RunMaker) -> None:
    run = make_run(*MIXED, name="First")
    few = count_queries(desk, SWEEPS), count_queries(desk, f"{SWEEPS}{run.pk}/?tab=all")
    bigger = make_run(*MIXED, *MIXED, *MIXED, name="Second")
    make_run(name="Third")
    many = count_queries(desk, SWEEPS), count_queries(desk, f"{SWEEPS}{bigger.pk}/?tab=all")
    assert many == few and max(many) <= 20


def test_the_parts_of_the_bar_add_up() -> None:
    segments = Progress(ready=50, not_active=10, needs_you=5, could_not_check=5, asked=20, queued=10).segments
    assert sum(part.width for part in segments) == pytest.approx(100)
    assert segments[-1].start == pytest.approx(90)
    assert Progress().segments and Progress().percent == 100


def test_no_patient_stands_in_a_member_of_another_run(desk: Client, make_run: RunMaker) -> None:
    with tenant(make_run(*MIXED).organization_id):
        PatientFactory(last_name="Stranger")
    assert "Stranger" not in desk.get(SWEEPS).content.decode()
