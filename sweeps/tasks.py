"""The tick, and the bells of schedules."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError

from sweeps import schedules, services
from tradingpartners.tasks import keep_going

log = logging.getLogger(__name__)


@shared_task(name="sweeps.tick")
def tick_task() -> None:
    """Every few seconds: whatever lost its message, its worker or its time is found again."""
    keep_going()
    each_by_itself(schedules.fire, schedules.schedules_due())
    each_by_itself(services.follow_and_complete, services.open_runs())


@shared_task(name="sweeps.fire")
def fire_task(organization_id: str, schedule_id: str) -> None:
    schedules.fire(UUID(organization_id), UUID(schedule_id))
    keep_going()


def each_by_itself(deed: Callable[[UUID, UUID], Any], rows: Iterable[tuple[UUID, UUID]]) -> None:
    """One row that cannot be worked must not cost the others their turn."""
    for organization_id, row_id in rows:
        try:
            deed(organization_id, row_id)
        except (DatabaseError, ValueError) as error:
            log.error("%s failed: row=%s error=%s", deed.__name__, row_id, type(error).__name__)
