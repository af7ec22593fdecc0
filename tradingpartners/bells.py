"""Ring a Celery queue: a wake-up that may be lost, never the work itself.

Rung on commit, outside of transactions at once; a broker that is away is logged and forgotten,
because the tick rings again.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery, Task
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ring(task: Task[..., None], *ids: object, queue: str | None = None) -> None:
    """Send `task` the ids, as text, once the running transaction has committed."""
    texts = tuple(str(each) for each in ids)
    where: dict[str, Any] = {"queue": queue} if queue else {}

    def send() -> None:
        try:
            task.apply_async(texts, retry=False, **where)
        except OperationalError as error:
            log.warning("bell not rung: task=%s error=%s", task.name, type(error).__name__)

    transaction.on_commit(send)


def listen(app: Celery, queue: str) -> None:
    """Tell the payers' workers to listen to a queue; said again costs nothing."""
    try:
        app.control.broadcast(
            "add_consumer",
            arguments={"queue": queue},
            pattern="payers@*",
            matcher="glob",  # type: ignore[arg-type]  # the name of one travels; its types want a function
        )
    except OperationalError as error:
        log.warning("queue not announced: queue=%s error=%s", queue, type(error).__name__)
