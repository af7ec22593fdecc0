"""Insurers, shared by all practices."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models

from practice.history import tracked
from practice.rows import primary_key


class Payer(models.Model):
    """An insurer and how it is treated; shared by all practices, changed by platform operators."""

    class Furthest(models.TextChoices):
        END_OF_MONTH = "month", "The end of the current month"
        ANY = "any", "Any date"

    id = primary_key()
    name = models.CharField(max_length=100)
    payer_id = models.CharField("payer ID", max_length=40, unique=True)
    is_active = models.BooleanField(default=True)
    answers_270 = models.BooleanField("answers eligibility questions", default=True)
    phone = models.CharField(max_length=30, blank=True)
    timeout = models.DurationField(default=timedelta(seconds=8), help_text="Total, per call.")
    live_connections = models.PositiveSmallIntegerField(default=20)
    batch_connections = models.PositiveSmallIntegerField(default=4)
    breaker_failures = models.PositiveSmallIntegerField(default=5)
    breaker_failure_rate = models.PositiveSmallIntegerField(default=50, help_text="Percent.")
    breaker_window = models.DurationField(default=timedelta(seconds=30))
    breaker_minimum_calls = models.PositiveSmallIntegerField(default=10)
    breaker_open_time = models.DurationField(default=timedelta(seconds=30))
    retries = models.PositiveSmallIntegerField(default=3, help_text="After the first attempt.")
    retry_backoff = models.DurationField(default=timedelta(minutes=2), help_text="Doubles with each retry.")
    resend_gap = models.DurationField(
        default=timedelta(seconds=90),
        help_text="No question is repeated sooner (CAQH CORE: 90 s unless agreed).",
    )
    cached_answer_hours = models.PositiveSmallIntegerField(default=24)
    daily_cap = models.PositiveIntegerField(null=True, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    furthest_date = models.CharField(max_length=5, choices=Furthest, default=Furthest.END_OF_MONTH)

    def __str__(self) -> str:
        return self.name

    def answers_for(self, day: date, today: date) -> bool:
        """Whether a future date is one this payer answers about (CAQH CORE: end of the month)."""
        return self.furthest_date == self.Furthest.ANY or (day.year, day.month) <= (
            today.year,
            today.month,
        )


PayerHistory = tracked(
    Payer,
    "name",
    "payer_id",
    "is_active",
    "timeout",
    "live_connections",
    "batch_connections",
    "retries",
    "resend_gap",
    "daily_cap",
    "furthest_date",
)
