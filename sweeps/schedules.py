"""When schedules fire. celery-beat rings; what is due is worked out here, from the expression.

Celery's crontab joins the two day fields with AND, refuses Sunday 7 and carries no fire time, so
its clock is only a bell: cronsim computes, in the schedule's zone, with cron users' meaning, and a
fire is a row that is unique by (schedule, fire time).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab
from cron_descriptor import ExpressionDescriptor, Options
from cronsim import CronSim, CronSimError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from practice.models import Facility
from practice.tenancy import dispatcher, tenant
from sweeps.errors import CronError
from sweeps.models import SweepRun, SweepSchedule
from sweeps.services import create_run

log = logging.getLogger(__name__)

# A fire found later than this is not caught up: the morning has begun. It is a run in state missed.
GRACE = timedelta(hours=6)
NAME_LENGTH = 100


def next_fires(cron: str, zone: str, after: datetime, count: int = 6) -> list[datetime]:
    """The next fire times after an instant, aware, in UTC. Raises CronError."""
    try:
        fires = CronSim(_five_fields(cron), after.astimezone(ZoneInfo(zone)))
        times = [moment.astimezone(UTC) for moment in islice(fires, count)]
    except CronSimError as error:
        raise CronError(f"This is not a cron expression: {error}.") from error
    if not times:
        raise CronError("This expression never fires.")
    return times


def _five_fields(cron: str) -> str:
    if len(cron.split()) != 5:
        raise CronError("A cron expression has five fields: minute, hour, day, month, weekday.")
    return cron


def describe(cron: str) -> str:
    """The expression as a sentence."""
    options = Options()
    options.use_24hour_time_format = True
    return str(ExpressionDescriptor(_five_fields(cron), options).get_description())


@transaction.atomic
def save_schedule(
    *,
    schedule: SweepSchedule | None,
    name: str,
    cron: str,
    time_zone: str,
    facility: Facility | None,
    payer_ids: Sequence[UUID],
    window_start: int,
    window_end: int,
) -> SweepSchedule:
    """Make or change a schedule and its bell. Raises CronError."""
    schedule = schedule or SweepSchedule()
    schedule.name, schedule.cron, schedule.time_zone = name, cron, time_zone
    schedule.facility = facility
    schedule.payer_ids = [str(payer_id) for payer_id in payer_ids]
    schedule.window_start, schedule.window_end = window_start, window_end
    schedule.next_fire_at = next_fires(cron, time_zone, timezone.now(), 1)[0]
    schedule.save()
    _hang_bell(schedule)
    return schedule


def _hang_bell(schedule: SweepSchedule) -> None:
    """A PeriodicTask that rings at the expression's minute and hour of every day, in its zone.

    A minute or hour that only cron understands rings every minute; what is due is asked anyway.
    """
    minute, hour = schedule.cron.split()[:2]
    try:
        crontab(minute=minute, hour=hour)
    except (ParseException, ValueError):
        minute = hour = "*"
    bell, _ = CrontabSchedule.objects.get_or_create(
        minute=minute,
        hour=hour,
        day_of_week="*",
        day_of_month="*",
        month_of_year="*",
        timezone=schedule.time_zone,
    )
    task = schedule.periodic_task or PeriodicTask(name=f"sweep schedule {schedule.pk}")
    task.task, task.crontab = "sweeps.fire", bell
    task.args = f'["{schedule.organization_id}", "{schedule.pk}"]'
    task.enabled = not schedule.is_paused
    task.save()
    if schedule.periodic_task_id is None:
        schedule.periodic_task = task
        schedule.save(update_fields=["periodic_task"])


@transaction.atomic
def pause_schedule(schedule: SweepSchedule, reason: str) -> SweepSchedule:
    """No new fires; the configuration stays and running sweeps go on."""
    schedule.is_paused, schedule.paused_reason = True, reason
    schedule.save(update_fields=["is_paused", "paused_reason"])
    _hang_bell(schedule)
    return schedule


@transaction.atomic
def resume_schedule(schedule: SweepSchedule) -> SweepSchedule:
    """Fires again from now on; what fell due while it was paused is not caught up."""
    schedule.is_paused, schedule.paused_reason = False, ""
    schedule.next_fire_at = next_fires(schedule.cron, schedule.time_zone, timezone.now(), 1)[0]
    schedule.save(update_fields=["is_paused", "paused_reason", "next_fire_at"])
    _hang_bell(schedule)
    return schedule


def schedules_due() -> list[tuple[UUID, UUID]]:
    """(organization, schedule) of schedules whose fire time has come."""
    with dispatcher():
        return list(
            SweepSchedule.all_objects.filter(
                is_deleted=False, is_paused=False, next_fire_at__lte=timezone.now()
            ).values_list("organization_id", "id")
        )


def fire(organization_id: UUID, schedule_id: UUID) -> list[SweepRun]:
    """Start what is due: the newest due time, once, however many beats ring; older ones are missed.

    Returns the runs this call made, missed ones included.
    """
    with tenant(organization_id):
        schedule = (
            SweepSchedule.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("facility")
            .filter(pk=schedule_id, is_paused=False)
            .first()
        )
        now = timezone.now()
        if schedule is None or schedule.next_fire_at is None or schedule.next_fire_at > now:
            return []
        due = _due_times(schedule, now)
        made = [_run_at(schedule, moment, newest=moment == due[-1], now=now) for moment in due]
        schedule.next_fire_at = next_fires(schedule.cron, schedule.time_zone, now, 1)[0]
        schedule.save(update_fields=["next_fire_at"])
        return [run for run in made if run is not None]


def _due_times(schedule: SweepSchedule, now: datetime) -> list[datetime]:
    """The fire times that have come, oldest first; after a long downtime the newest fifty."""
    first = schedule.next_fire_at
    assert first is not None  # noqa: S101  asked by the caller
    due = [first]
    for moment in CronSim(schedule.cron, first.astimezone(ZoneInfo(schedule.time_zone))):
        if moment > now:
            return due[-50:]
        due.append(moment.astimezone(UTC))
    return due[-50:]


def _run_at(schedule: SweepSchedule, moment: datetime, *, newest: bool, now: datetime) -> SweepRun | None:
    local = moment.astimezone(ZoneInfo(schedule.time_zone))
    first = local.date() + timedelta(days=schedule.window_start)
    last = local.date() + timedelta(days=schedule.window_end)
    when = f" {local:%d %b %H:%M}"
    name = schedule.name[: NAME_LENGTH - len(when)] + when
    try:
        with transaction.atomic():
            if newest and now - moment <= GRACE:
                return create_run(
                    name=name,
                    window_from=first,
                    window_to=last,
                    facility=schedule.facility,
                    payer_ids=[UUID(payer_id) for payer_id in schedule.payer_ids],
                    schedule=schedule,
                    fire_at=moment,
                )
            return SweepRun.objects.create(
                name=name,
                schedule=schedule,
                fire_at=moment,
                window_from=first,
                window_to=last,
                state=SweepRun.State.MISSED,
            )
    except IntegrityError:
        log.info("already fired: schedule=%s", schedule.pk)
        return None
