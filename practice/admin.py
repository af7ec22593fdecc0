"""Set-up of the practice: people, places and programs. Patients are shown without what names them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from practice.access import set_level
from practice.admin_site import EvidenceAdmin, RowAdmin
from practice.api_authentication import make_token
from practice.models import (
    Alert,
    AlertChannel,
    ApiToken,
    Appointment,
    Facility,
    IdempotencyKey,
    Membership,
    Organization,
    Outbox,
    Patient,
    Provider,
    ReadLog,
    User,
)
from practice.tenancy import current_organization_id

admin.site.unregister(Group)  # rights hang on memberships, never on groups


class SetUpAdmin(RowAdmin):
    """Rows an organization is set up with: added only once one is chosen."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        chosen = getattr(request, "organization_id", None) is not None
        return chosen and bool(super().has_add_permission(request))


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Organization)
class OrganizationAdmin(RowAdmin):
    list_display = ("name", "npi", "time_zone")
    fields = ("name", "npi", "time_zone")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(SetUpAdmin):
    list_display = ("user", "level")
    list_filter = ("level",)
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    fields = ("user", "level")

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        obj.organization_id = current_organization_id()
        set_level(obj, obj.level)


@admin.register(Facility)
class FacilityAdmin(SetUpAdmin):
    list_display = ("name", "npi", "time_zone", "service_type")


@admin.register(Provider)
class ProviderAdmin(SetUpAdmin):
    list_display = ("full_name", "npi")


class WithoutAdding(RowAdmin):
    """Rows whose naming fields are sealed come in by the API and by file, not here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Patient)
class PatientAdmin(WithoutAdding):
    list_display = ("id", "gender", "self_pay", "created_at")
    list_filter = ("self_pay",)


@admin.register(Appointment)
class AppointmentAdmin(WithoutAdding):
    list_display = ("id", "starts_at", "service_date", "eligibility_status", "cancelled")
    list_filter = ("eligibility_status", "cancelled")
    raw_id_fields = ("patient", "facility", "provider")
    shown_only = ("eligibility_status", "eligibility_as_of", "eligibility_check")


@admin.register(ApiToken)
class ApiTokenAdmin(SetUpAdmin):
    list_display = ("name", "user", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    fields = ("user", "name", "expires_at", "last_used_at", "revoked_at")
    shown_only = ("last_used_at", "revoked_at")
    autocomplete_fields = ("user",)
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """The secret is made, shown once and stored as a hash."""
        secret = make_token(user=obj.user, name=obj.name, expires_at=obj.expires_at)
        made = ApiToken.objects.filter(user=obj.user, name=obj.name).latest("id")
        obj.pk, obj._state.adding = made.pk, False
        messages.warning(request, f"Copy the token now, it is not shown again: {secret}")

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        count = tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
        messages.success(request, f"{count} revoked.")


@admin.register(Outbox)
class OutboxAdmin(EvidenceAdmin):
    list_display = ("id", "kind", "subject_id", "due_at", "sent_at")
    list_filter = ("kind",)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(EvidenceAdmin):
    list_display = ("key", "status_code", "created_at")
    exclude = ("request_sha256", "response")


@admin.register(ReadLog)
class ReadLogAdmin(EvidenceAdmin):
    list_display = ("created_at", "created_by", "what", "reason")
    list_filter = ("what",)
    list_select_related = ("created_by",)


@admin.register(Alert)
class AlertAdmin(EvidenceAdmin):
    list_display = ("id", "kind", "severity", "state", "times", "last_seen_at")
    list_filter = ("state", "severity", "kind")
    exclude = ("facts",)  # they may hold a partner's name for a file, and that a person's


@admin.register(AlertChannel)
class AlertChannelAdmin(SetUpAdmin):
    list_display = ("name", "kind", "address", "least_severity", "is_active")
