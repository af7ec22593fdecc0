"""When schedules fire: cron's own meaning, in the clinic's zone, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from practice.tenancy import tenant
from sweeps import schedules
from sweeps.errors import CronError
from sweeps.models import SweepRun, SweepSchedule
from tests.factories import make_organization

NEW_YORK = "America/New_York"


def local(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(NEW_YORK), fold=fold)  # type: ignore[misc,arg-type]


def fires(cron: str, after: datetime, count: int) -> list[str]:
    zone = ZoneInfo(NEW_YORK)
    return [
        f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
        for moment in schedules.next_fires(cron, NEW_YORK, after, count)
    ]


def test_the_night_that_lacks_the_hour_fires_once_at_the_next_valid_time() -> None:
    assert fires("30 2 * * *", local(2026, 3, 7, 12), 2) == ["2026-03-08 03:00", "2026-03-09 02:30"]


def test_the_night_that_has_the_hour_twice_fires_once() -> None:
    assert fires("30 1 * * *", local(2026, 10, 31, 12), 2) == ["2026-11-01 01:30", "2026-11-02 01:30"]


def test_two_day_fields_are_joined_as_cron_users_expect() -> None:
    assert fires("0 6 13 * 5", local(2026, 11, 1), 3) == [
        "2026-11-06 06:00",
        "2026-11-13 06:00",
        "2026-11-20 06:00",
    ]
    assert fires("0 6 13 * 5", local(2026, 12, 12), 1) == ["2026-12-13 06:00"]


def test_seven_is_sunday() -> None:
    assert fires("0 6 * * 7", local(2026, 11, 23), 1) == ["2026-11-29 06:00"]


def test_a_named_weekday_of_the_month_is_understood() -> None:
    assert fires("0 6 * * MON#1", local(2026, 11, 23), 1) == ["2026-12-07 06:00"]


@pytest.mark.parametrize(
    "cron", ["", "every night", "61 2 * * *", "0 2 * *", "0 2 31 2 *", "* * * * * *", "0 25 * * *"]
)
def test_an_expression_that_cannot_fire_is_refused_with_a_sentence(cron: str) -> None:
    with pytest.raises(CronError) as refused:
        schedules.next_fires(cron, NEW_YORK, timezone.now())
    assert str(refused.value).endswith(".")


def test_the_preview_is_what_will_fire() -> None:
    assert schedules.next_fires("0 2 * * *", "UTC", datetime(2026, 11, 22, 1, tzinfo=UTC), 1) == [
        datetime(2026, 11, 22, 2, tzinfo=UTC)
    ]
    assert schedules.describe("0 2 * * *") == "At 02:00"


@pytest.fixture
def acme(db: None) -> Any:
    return make_organization("Acme Family Medicine").pk


def make_schedule(acme: Any, **fields: Any) -> SweepSchedule:
    settings: dict[str, Any] = {
        "schedule": None,
        "name": "Nightly",
        "cron": "0 2 * * *",
        "time_zone": NEW_YORK,
        "facility": None,
        "payer_ids": [],
        "window_start": 0,
        "window_end": 7,
    }
    with tenant(acme):
        return schedules.save_schedule(**(settings | fields))


def fell_due(acme: Any, schedule: SweepSchedule, moment: datetime) -> None:
    with tenant(acme):
        SweepSchedule.objects.filter(pk=schedule.pk).update(next_fire_at=moment)


def runs(acme: Any) -> list[tuple[str, datetime]]:
    with tenant(acme):
        return list(SweepRun.objects.order_by("fire_at").values_list("state", "fire_at"))


def last_two_am() -> datetime:
    now = timezone.now().astimezone(ZoneInfo(NEW_YORK))
    two = now.replace(hour=2, minute=0, second=0, microsecond=0)
    return two if two <= now else two - timedelta(days=1)


def test_two_bells_make_one_run(acme: Any) -> None:
    schedule = make_schedule(acme, cron="* * * * *")
    moment = timezone.now().replace(second=0, microsecond=0)
    fell_due(acme, schedule, moment)
    assert len(schedules.fire(acme, schedule.pk)) == 1
    assert schedules.fire(acme, schedule.pk) == []
    fell_due(acme, schedule, moment)  # a beat that read the row before the other wrote it
    schedules.fire(acme, schedule.pk)
    assert runs(acme) == [("completed", moment)]


def test_downtime_over_the_fire_is_caught_up_once(acme: Any) -> None:
    schedule = make_schedule(acme, cron="*/30 * * * *")
    due = timezone.now().replace(second=0, microsecond=0, minute=timezone.now().minute // 30 * 30)
    fell_due(acme, schedule, due - timedelta(hours=1))
    schedules.fire(acme, schedule.pk)
    assert [state for state, _ in runs(acme)] == ["missed", "missed", "completed"]
    with tenant(acme):
        schedule.refresh_from_db()
    assert schedule.next_fire_at is not None and schedule.next_fire_at > timezone.now()


def test_a_fire_found_too_late_is_missed_and_says_so(acme: Any) -> None:
    schedule = make_schedule(acme)
    fell_due(acme, schedule, last_two_am())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "GRACE", timedelta(0))
        schedules.fire(acme, schedule.pk)
    assert [state for state, _ in runs(acme)] == ["missed"]


def test_a_paused_schedule_does_not_fire_and_does_not_catch_up(acme: Any) -> None:
    schedule = make_schedule(acme, cron="* * * * *")
    with tenant(acme):
        schedules.pause_schedule(schedule, "Payer is down")
    fell_due(acme, schedule, timezone.now() - timedelta(minutes=5))
    assert schedules.fire(acme, schedule.pk) == []
    with tenant(acme):
        schedule.refresh_from_db()
        assert schedule.periodic_task.enabled is False
        schedules.resume_schedule(schedule)
    assert schedules.fire(acme, schedule.pk) == []
    assert runs(acme) == []


def test_a_schedule_has_a_bell_that_carries_two_ids(acme: Any) -> None:
    schedule = make_schedule(acme, cron="15 2 * * MON#1")
    task = schedule.periodic_task
    assert json.loads(task.args) == [str(acme), str(schedule.pk)]
    assert (task.crontab.minute, task.crontab.hour, task.crontab.day_of_week) == ("15", "2", "*")
    assert str(task.crontab.timezone) == NEW_YORK


def test_changing_a_schedule_keeps_its_one_bell(acme: Any) -> None:
    schedule = make_schedule(acme)
    bell = schedule.periodic_task_id
    changed = make_schedule(acme, schedule=schedule, cron="0 5 * * 1-5")
    assert (changed.pk, changed.periodic_task_id) == (schedule.pk, bell)


def test_only_due_schedules_are_found(acme: Any) -> None:
    due = make_schedule(acme)
    make_schedule(acme, name="Later")
    fell_due(acme, due, timezone.now() - timedelta(minutes=1))
    assert schedules.schedules_due() == [(acme, due.pk)]


def test_a_name_too_long_for_its_run_does_not_stop_the_schedule(acme: Any) -> None:
    schedule = make_schedule(acme, name="N" * 100, cron="* * * * *")
    fell_due(acme, schedule, timezone.now().replace(second=0, microsecond=0))
    (run,) = schedules.fire(acme, schedule.pk)
    assert len(run.name) == 100


def test_a_minute_only_cron_understands_still_has_its_bell(acme: Any) -> None:
    schedule = make_schedule(acme, cron="5/15 2 * * *")
    assert (schedule.periodic_task.crontab.minute, schedule.periodic_task.crontab.hour) == ("*", "*")
