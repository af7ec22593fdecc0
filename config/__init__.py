"""Settings, addresses and the Celery app, on top of all apps; imported by none of them."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
