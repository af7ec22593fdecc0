"""Sweeps: when they run, one run, and each row of its frozen roster."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Q
from django_celery_beat.models import PeriodicTask

from coverage.models import Coverage
from eligibility.models import EligibilityCheck
from practice.history import tracked
from practice.models import Appointment, Facility, Patient, is_time_zone
from practice.rows import EvidenceRow, LiveManager, Moves, TenantQuerySet, TenantRow
from sweeps.states import SWEEP_RUN_MEMBER_MOVES, SWEEP_RUN_MOVES
from tradingpartners.models import Payer


class SweepSchedule(TenantRow):
    """When a sweep starts by itself. celery-beat rings; `sweeps.schedules` decides what is due."""

    name = models.CharField(max_length=100)
    cron = models.CharField("cron expression", max_length=100)
    time_zone = models.CharField(max_length=40, validators=[is_time_zone])
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    payer_ids = models.JSONField(default=list, blank=True)
    window_start = models.PositiveSmallIntegerField(default=0, help_text="Days after the fire.")
    window_end = models.PositiveSmallIntegerField(default=7)
    is_paused = models.BooleanField(default=False)
    paused_reason = models.CharField(max_length=200, blank=True)
    next_fire_at = models.DateTimeField(null=True, editable=False)
    periodic_task = models.OneToOneField(
        PeriodicTask, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta(TenantRow.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(window_end__gte=models.F("window_start")), name="schedule_window_forward"
            ),
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=Q(is_deleted=False),
                name="one_schedule_per_name",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_fire_at"],
                condition=Q(is_deleted=False, is_paused=False),
                name="schedule_due",
            )
        ]


class SweepRunQuerySet(TenantQuerySet["SweepRun"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")

    def with_counts(self) -> Self:
        """Adds each state's and outcome's member count, for lists and the progress bar."""

        def count(**where: str) -> Count:
            return Count("members", filter=Q(**{f"members__{k}": v for k, v in where.items()}))

        return self.annotate(
            roster=Count("members"),
            queued=count(state="queued"),
            submitted=count(state="submitted"),
            received=count(state="received"),
            failed=count(state="failed"),
            skipped=count(state="skipped"),
            active=count(outcome="active"),
            inactive=count(outcome="inactive"),
            unknown=count(outcome="unknown"),
            aaa_rejected=count(outcome="aaa_rejected"),
        )


class SweepRun(TenantRow):
    """One sweep, with the scope it was started with."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = "completed"
        CANCELLED = "cancelled"
        FAILED = "failed"
        MISSED = "missed"

    name = models.CharField(max_length=100)
    schedule = models.ForeignKey(SweepSchedule, on_delete=models.PROTECT, related_name="runs", null=True)
    fire_at = models.DateTimeField(null=True)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+", null=True)
    payer_ids = models.JSONField(default=list)
    window_from = models.DateField()
    window_to = models.DateField()
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    # what `with_counts()` adds
    roster: int
    queued: int
    submitted: int
    received: int
    failed: int
    skipped: int
    active: int
    inactive: int
    unknown: int
    aaa_rejected: int

    objects: ClassVar = LiveManager.from_queryset(SweepRunQuerySet)()
    all_objects: ClassVar = models.Manager.from_queryset(SweepRunQuerySet)()

    class Meta(TenantRow.Meta):
        triggers = [*TenantRow.Meta.triggers, Moves(moves=SWEEP_RUN_MOVES)]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "fire_at"], name="one_run_per_fire"),
            models.CheckConstraint(
                condition=Q(window_to__gte=models.F("window_from")), name="run_window_forward"
            ),
        ]
        indexes = [
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="run_open")
        ]

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    def days(self) -> tuple[date, date]:
        return self.window_from, self.window_to


class SweepRunMemberQuerySet(TenantQuerySet["SweepRunMember"]):
    def exceptions(self) -> Self:
        """Seed 000: failed and skipped."""
        return self.filter(state__in=["failed", "skipped"])

    def not_active(self) -> Self:
        """Seed 001's delta: answered, and not active."""
        return self.filter(outcome="inactive")

    def for_list(self) -> Self:
        return self.select_related(
            "patient", "coverage__insurance_plan__payer", "payer", "appointment__facility"
        ).order_by("appointment__starts_at", "id")


class SweepRunMember(EvidenceRow):
    """One row of a frozen roster: a patient's coverage, or a patient who has none."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SUBMITTED = "submitted"
        RECEIVED = "received"
        FAILED = "failed"
        SKIPPED = "skipped"

    class Outcome(models.TextChoices):
        ACTIVE = "active"
        INACTIVE = "inactive"
        UNKNOWN = "unknown"
        AAA_REJECTED = "aaa_rejected"

    run = models.ForeignKey(SweepRun, on_delete=models.PROTECT, related_name="members", db_index=False)
    patient = models.ForeignKey(
        Patient, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    coverage = models.ForeignKey(
        Coverage,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
    )
    payer = models.ForeignKey(
        Payer,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
    )
    appointment = models.ForeignKey(
        Appointment,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
    )
    eligibility_check = models.ForeignKey(
        EligibilityCheck,
        on_delete=models.DO_NOTHING,
        related_name="members",
        db_constraint=False,
        null=True,
    )
    service_date = models.DateField(help_text="The visit.")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    failure_reason = models.CharField(max_length=200, blank=True, help_text="Verbatim.")

    objects: ClassVar = models.Manager.from_queryset(SweepRunMemberQuerySet)()

    class Meta(EvidenceRow.Meta):
        triggers = [*EvidenceRow.Meta.triggers, Moves(moves=SWEEP_RUN_MEMBER_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "patient", "coverage"],
                nulls_distinct=False,
                name="one_member_per_coverage",
            )
        ]
        indexes = [
            models.Index(fields=["run", "state", "outcome"], name="member_counts"),
        ]


SweepScheduleHistory = tracked(
    SweepSchedule,
    "name",
    "cron",
    "time_zone",
    "facility",
    "payer_ids",
    "window_start",
    "window_end",
    "is_paused",
    "paused_reason",
    "is_deleted",
)
SweepRunHistory = tracked(SweepRun, "name", "state", "started_at", "completed_at")
SweepRunMemberHistory = tracked(SweepRunMember, "state", "outcome", "failure_reason")
