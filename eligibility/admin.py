"""What was asked, answered and found: to look at, never to edit."""

from __future__ import annotations

from django.contrib import admin

from eligibility.models import BenefitDetail, EligibilityCheck, ExceptionCase
from practice.admin_site import EvidenceAdmin


@admin.register(EligibilityCheck)
class EligibilityCheckAdmin(EvidenceAdmin):
    list_display = ("id", "payer", "trigger", "service_date", "status", "error_code", "request_sent")
    list_filter = ("status", "trigger")
    list_select_related = ("payer",)

    def get_queryset(self, request: object) -> object:  # type: ignore[override]
        return super().get_queryset(request).defer("raw_request", "raw_response")  # type: ignore[arg-type]


@admin.register(BenefitDetail)
class BenefitDetailAdmin(EvidenceAdmin):
    list_display = ("id", "service_category", "coverage_level", "network", "status", "under_review")
    list_filter = ("network",)


@admin.register(ExceptionCase)
class ExceptionCaseAdmin(EvidenceAdmin):
    list_display = ("id", "cause", "code", "state", "visit_at", "opened_at", "tries")
    list_filter = ("state", "cause")
    exclude = ("note",)
