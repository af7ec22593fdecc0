"""The tick, and the bells of schedules."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from sweeps import schedules, services
from tradingpartners.tasks import keep_going


@shared_task(name="sweeps.tick")
def tick_task() -> None:
    """Every few seconds: whatever lost its message, its worker or its time is found again."""
    for organization_id, schedule_id in schedules.schedules_due():
        schedules.fire(organization_id, schedule_id)
    keep_going()
    for organization_id, run_id in services.runs_to_complete():
        services.complete_run(organization_id, run_id)


@shared_task(name="sweeps.fire")
def fire_task(organization_id: str, schedule_id: str) -> None:
    schedules.fire(UUID(organization_id), UUID(schedule_id))
    keep_going()
