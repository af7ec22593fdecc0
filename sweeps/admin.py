"""Sweeps to look at; they are started, scheduled and cancelled on their pages."""

from __future__ import annotations

from django.contrib import admin

from practice.admin_site import EvidenceAdmin
from sweeps.models import SweepRun, SweepRunMember, SweepSchedule


@admin.register(SweepSchedule)
class SweepScheduleAdmin(EvidenceAdmin):
    list_display = ("name", "cron", "time_zone", "is_paused", "next_fire_at")
    list_filter = ("is_paused",)


@admin.register(SweepRun)
class SweepRunAdmin(EvidenceAdmin):
    list_display = ("name", "state", "window_from", "window_to", "started_at", "completed_at")
    list_filter = ("state",)


@admin.register(SweepRunMember)
class SweepRunMemberAdmin(EvidenceAdmin):
    list_display = ("id", "service_date", "state", "outcome", "failure_reason")
    list_filter = ("state", "outcome")
