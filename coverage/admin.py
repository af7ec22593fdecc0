"""Plans, and coverages without what names their holders."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from coverage.models import Coverage, InsurancePlan
from practice.admin import SetUpAdmin
from practice.admin_site import RowAdmin


@admin.register(InsurancePlan)
class InsurancePlanAdmin(SetUpAdmin):
    list_display = ("plan_name", "payer", "plan_type", "line_of_business", "is_active")
    list_filter = ("plan_type", "line_of_business", "is_active")
    list_select_related = ("payer",)


@admin.register(Coverage)
class CoverageAdmin(RowAdmin):
    list_display = ("id", "rank", "effective_date", "termination_date", "is_active", "payer_active")
    list_filter = ("is_active", "payer_active", "rank")
    raw_id_fields = ("patient", "insurance_plan")
    shown_only = ("payer_active", "payer_effective_date", "payer_termination_date", "payer_as_of")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
