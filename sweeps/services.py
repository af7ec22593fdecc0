"""Starting, following, cancelling and completing sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone

from eligibility import services as eligibility
from eligibility.cases import Found, open_cases
from eligibility.models import Cause, EligibilityCheck
from eligibility.signals import checks_moved
from practice.bulk import update_rows
from practice.models import Appointment, Facility
from practice.tenancy import dispatcher, tenant
from sweeps import roster
from sweeps.errors import Refusal, SweepError
from sweeps.models import SweepRun, SweepRunMember, SweepSchedule
from tradingpartners.models import Lane, Payer
from tradingpartners.services.planning import CANCELLED, cancel_units
from tradingpartners.services.routing import WhyNot

State = SweepRunMember.State

NO_ROUTE = "No connection to this payer"
NOT_ELECTRONIC = "Payer does not answer electronic questions"
NOT_ENROLLED = "Provider not enrolled with this payer"
# Why a question could not be put, and what is said of its member.
_NOT_PUT = {WhyNot.NO_ROUTE: NO_ROUTE, WhyNot.NOT_ENROLLED: NOT_ENROLLED}
_LONGEST_WINDOW = timedelta(days=92)
_FRESH = timedelta(hours=4)


@transaction.atomic
def create_run(
    *,
    name: str,
    window_from: date,
    window_to: date,
    facility: Facility | None = None,
    payer_ids: Sequence[UUID] = (),
    schedule: SweepSchedule | None = None,
    fire_at: datetime | None = None,
) -> SweepRun:
    """Freeze the roster and put its questions, all or nothing; sending starts with the next bell.

    Raises SweepError for a window backwards or too long and for a payer that does not exist.
    """
    if window_to < window_from:
        raise SweepError(Refusal.WINDOW_BACKWARDS, "window_to")
    if window_to - window_from > _LONGEST_WINDOW:
        raise SweepError(Refusal.WINDOW_TOO_LONG, "window_to")
    if Payer.objects.filter(pk__in=payer_ids).count() != len(set(payer_ids)):
        raise SweepError(Refusal.UNKNOWN_PAYER, "payer_ids")
    run = SweepRun.objects.create(
        name=name,
        schedule=schedule,
        fire_at=fire_at,
        facility=facility,
        payer_ids=[str(payer_id) for payer_id in payer_ids],
        window_from=window_from,
        window_to=window_to,
    )
    roster.fill(run)
    _start(run, timezone.now())
    return run


def _start(run: SweepRun, now: datetime) -> None:
    """Put each member's question, wait on one that is open, or take the fresh answer there is."""
    run.state, run.started_at = SweepRun.State.RUNNING, now
    run.save(update_fields=["state", "started_at"])
    eligibility.one_asker_at_a_time()
    _report_skipped(run)
    _skip_unanswerable(run)
    queued = list(
        run.members.filter(state=State.QUEUED)
        .order_by("id")
        .values_list("id", "patient_id", "coverage_id", "payer_id", "appointment_id", "service_date")
    )
    known = _known_checks(run, now)
    asking = [row for row in queued if row[0] not in known]
    payers = Payer.objects.in_bulk({row[3] for row in asking})
    facilities = _facilities_of({row[4] for row in asking})
    put = eligibility.ask(
        [eligibility.Ask(row[1], row[2], payers[row[3]], facilities[row[4]], row[5]) for row in asking],
        trigger=EligibilityCheck.Trigger.SWEEP,
        correlation_id=run.pk,
        lane=Lane.BATCH,
        now=now,
    )
    asked = {row[0]: each for row, each in zip(asking, put, strict=True)}
    links = known | {member_id: each.check_id for member_id, each in asked.items() if each.check_id}
    update_rows(
        SweepRunMember,
        [(member_id, {"eligibility_check": check_id}) for member_id, check_id in links.items()],
    )
    for why, reason in _NOT_PUT.items():
        ids = [member_id for member_id, each in asked.items() if each.why_not == why]
        _skip(run, run.members.filter(pk__in=ids), Cause.NO_ROUTE, reason)
    follow_checks(sender=None, check_ids=list(known.values()))
    complete(run)


def _known_checks(run: SweepRun, now: datetime) -> dict[UUID, UUID]:
    """Members whose question is open already, or was answered lately: member → check."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id, k.id FROM sweeps_sweeprunmember m JOIN LATERAL ("
            " SELECT k.id FROM eligibility_eligibilitycheck k JOIN practice_facility f"
            " ON f.id = k.facility_id WHERE k.coverage_id = m.coverage_id AND NOT k.is_deleted"
            " AND k.service_type = f.service_type AND k.visit_date = m.service_date"
            " AND (k.status = 'Pending' OR k.status IN ('Active', 'Inactive')"
            " AND NOT k.pending_at_payer AND k.response_received > %s)"
            " ORDER BY k.status = 'Pending', k.id DESC LIMIT 1) k ON true"
            " WHERE m.run_id = %s AND m.state = 'queued'",
            [now - _FRESH, run.pk],
        )
        return dict(cursor.fetchall())


def _facilities_of(appointment_ids: set[UUID]) -> dict[UUID, Facility]:
    pairs = dict(Appointment.objects.filter(pk__in=appointment_ids).values_list("id", "facility_id"))
    facilities = Facility.objects.in_bulk(set(pairs.values()))
    return {appointment_id: facilities[pk] for appointment_id, pk in pairs.items()}


def _skip_unanswerable(run: SweepRun) -> None:
    """Payers and plans that take no electronic questions."""
    silent = Q(payer__answers_270=False) | Q(coverage__insurance_plan__supports_x12_270_271=False)
    _skip(run, run.members.filter(silent, state=State.QUEUED), Cause.NO_ROUTE, NOT_ELECTRONIC)


def _skip(run: SweepRun, members: QuerySet[SweepRunMember], cause: Cause, reason: str) -> None:
    ids = list(members.values_list("pk", flat=True))
    members = run.members.filter(pk__in=ids)
    found = _findings(run, members, cause, reason)
    members.update(state=State.SKIPPED, failure_reason=reason)
    open_cases(found)


def _report_skipped(run: SweepRun) -> None:
    """The roster's rows without coverage are exceptions from the start."""
    open_cases(_findings(run, run.members.filter(state=State.SKIPPED), Cause.NO_COVERAGE, roster.NO_COVERAGE))


def _findings(run: SweepRun, members: Any, cause: Cause, reason: str) -> list[Found]:
    return [
        Found(patient_id, coverage_id, payer_id, cause, "", reason, None, run.pk, service_date)
        for patient_id, coverage_id, payer_id, service_date in members.values_list(
            "patient_id", "coverage_id", "payer_id", "service_date"
        )
    ]


# --- following the questions -----------------------------------------------------------------

_FOLLOW = """
WITH told AS (
    SELECT m.id, CASE k.status
            WHEN 'Pending' THEN CASE WHEN k.request_sent IS NULL THEN 'queued' ELSE 'submitted' END
            WHEN 'Active' THEN 'received' WHEN 'Inactive' THEN 'received'
            WHEN 'Error' THEN 'failed'
            ELSE CASE WHEN k.raw_response IS NOT NULL AND k.error_code = '' THEN 'received'
                ELSE 'failed' END
        END AS state,
        CASE k.status WHEN 'Active' THEN 'active' WHEN 'Inactive' THEN 'inactive'
            WHEN 'Error' THEN 'aaa_rejected'
            WHEN 'Unknown' THEN CASE WHEN k.raw_response IS NOT NULL AND k.error_code = ''
                THEN 'unknown' ELSE '' END
            ELSE '' END AS outcome,
        k.error_description AS reason
    FROM sweeps_sweeprunmember m JOIN eligibility_eligibilitycheck k ON k.id = m.eligibility_check_id
    WHERE m.state IN ('queued', 'submitted', 'failed') AND (k.id = ANY(%s) OR m.run_id = %s)
)
UPDATE sweeps_sweeprunmember m SET state = t.state, outcome = t.outcome,
    failure_reason = CASE WHEN t.state = 'failed' THEN t.reason ELSE '' END
FROM told t WHERE m.id = t.id AND CASE WHEN m.state = 'failed' AND t.state = 'failed'
        THEN m.failure_reason <> t.reason
        ELSE (m.state, m.outcome) <> (t.state, t.outcome) AND (m.state <> 'failed' OR t.state = 'received')
    END
"""


@receiver(checks_moved)
def follow_checks(sender: object, check_ids: Sequence[UUID], **_: object) -> None:
    """A member's state is its check's, in sweep words: one statement, safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [list(check_ids), None])


def open_runs() -> list[tuple[UUID, UUID]]:
    """(organization, run) of running sweeps."""
    with dispatcher():
        return list(
            SweepRun.all_objects.filter(state=SweepRun.State.RUNNING, is_deleted=False).values_list(
                "organization_id", "id"
            )
        )


def follow_and_complete(organization_id: UUID, run_id: UUID) -> None:
    """The tick's look at a run.

    A check that settled while a run that waits on it was being started could not see its members
    yet, nor the run the answer: whoever commits last is put right here.
    """
    with tenant(organization_id):
        run = SweepRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None:
            return
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, [[], run.pk])
        complete(run)


def complete(run: SweepRun) -> None:
    """Completed once no member and no question of it is open; `completed_at` is set once.

    A question about a visit that a member's answer did not cover is the run's, and no member's.
    """
    is_open = (
        run.members.filter(state__in=[State.QUEUED, State.SUBMITTED]).exists()
        or EligibilityCheck.objects.pending().filter(correlation_id=run.pk).exists()
    )
    if run.state == SweepRun.State.RUNNING and not is_open:
        run.state, run.completed_at = SweepRun.State.COMPLETED, timezone.now()
        run.save(update_fields=["state", "completed_at"])


# --- cancelling --------------------------------------------------------------------------------


@transaction.atomic
def cancel_run(run: SweepRun) -> SweepRun:
    """Skip what is queued; what was sent still resolves. Cancelling a cancelled run changes nothing.

    Raises SweepError where the run is over.
    """
    run = SweepRun.objects.select_for_update().get(pk=run.pk)
    if run.state == SweepRun.State.CANCELLED:
        return run
    if not run.is_open:
        raise SweepError(Refusal.NOT_OPEN)
    unsent = cancel_units(run.pk, keep=_wanted_by_other_runs(run))
    eligibility.withdraw(unsent)
    _skip(run, run.members.filter(state=State.QUEUED), Cause.COULD_NOT_CHECK, CANCELLED)
    run.state, run.completed_at = SweepRun.State.CANCELLED, timezone.now()
    run.save(update_fields=["state", "completed_at"])
    return run


def _wanted_by_other_runs(run: SweepRun) -> set[UUID]:
    """Questions of this run that members of another open run are waiting on."""
    others = SweepRunMember.objects.exclude(run=run).filter(
        state__in=[State.QUEUED, State.SUBMITTED],
        eligibility_check__in=run.members.values("eligibility_check"),
    )
    return set(others.values_list("eligibility_check_id", flat=True))


def unwanted(questions: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Of (run, check) pairs: the checks of cancelled runs that no other open run waits on."""
    runs = SweepRun.objects.filter(pk__in={run_id for run_id, _ in questions}, state=SweepRun.State.CANCELLED)
    cancelled = set(runs.values_list("pk", flat=True))
    asked = {check_id for run_id, check_id in questions if run_id in cancelled}
    if not asked:
        return set()
    waiting = SweepRunMember.objects.filter(
        eligibility_check__in=asked,
        state__in=[State.QUEUED, State.SUBMITTED],
        run__state__in=[SweepRun.State.QUEUED, SweepRun.State.RUNNING],
    )
    return asked - set(waiting.values_list("eligibility_check_id", flat=True))
