"""The Celery app: a bell that wakes workers. What is due stands in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("preflight")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()  # current is per thread, and web requests run in threads


@celeryd_after_setup.connect
def listen_to_payers(sender: str, instance: Any, **_: object) -> None:
    """A payers' worker subscribes to every queue there is; new ones reach it by the tick."""
    if sender.startswith("payers@"):
        from tradingpartners.services.claiming import queues

        for name in queues():
            instance.app.amqp.queues.select_add(name)
