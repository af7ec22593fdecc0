"""Insurers, shared by all practices."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models.functions import Now

from practice.history import tracked
from practice.models import is_time_zone
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
    quiet_zone = models.CharField(
        max_length=40,
        default="America/New_York",
        validators=[is_time_zone],
        help_text="In which quiet hours and the day of the daily cap are meant.",
    )
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
    "quiet_from",
    "quiet_until",
    "furthest_date",
)


class PayerListing(models.Model):
    """A payer as a clearinghouse's directory lists it; shared by all practices.

    Refreshed as a whole: what a later directory no longer lists keeps its row with `gone_at`.
    """

    class Support(models.TextChoices):
        SUPPORTED = "supported", "Yes"
        ENROLMENT_REQUIRED = "enrolment", "After enrolment"
        NOT_SUPPORTED = "no", "No"

    id = primary_key()
    clearinghouse = models.CharField(max_length=50, help_text="As the code of a trading partner.")
    identifier = models.CharField(max_length=80, help_text="NM109 there.")
    name = models.CharField(max_length=200)
    aliases = models.JSONField(default=list, help_text="Other identifiers it is known by there.")
    eligibility = models.CharField(max_length=10, choices=Support, default=Support.SUPPORTED)
    payer = models.ForeignKey(Payer, on_delete=models.SET_NULL, related_name="listings", null=True)
    details = models.JSONField(default=dict)
    listed_at = models.DateTimeField(db_default=Now(), editable=False)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clearinghouse", "identifier"], name="one_listing_per_identifier")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.clearinghouse} {self.identifier})"


class DirectoryImport(models.Model):
    """One reading of a clearinghouse's payer directory: first a preview, then applied or dropped."""

    class State(models.TextChoices):
        PREVIEW = "preview", "Waiting for a decision"
        APPLIED = "applied", "Applied"
        DROPPED = "dropped", "Dropped"

    id = primary_key()
    clearinghouse = models.CharField(max_length=50)
    read_by = models.ForeignKey("practice.User", on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField(db_default=Now(), editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.PREVIEW)
    applied_at = models.DateTimeField(null=True)
    entries = models.JSONField(default=list, help_text="What the directory said, one object a payer.")
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.clearinghouse} directory, {self.state}"


class BreakerChange(models.Model):
    """A payer's circuit breaker opened, tried again or closed: what people look up afterwards."""

    id = primary_key()
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="breaker_changes")
    state = models.CharField(max_length=9)
    reason = models.CharField(max_length=60, blank=True)
    calls = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    slow = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["payer", "-at"], name="breaker_change_of_payer")]

    def __str__(self) -> str:
        return f"breaker {self.state}"
