"""Payers, for operators; connections and routes of the practice; and what went over the wire."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from practice.admin import SetUpAdmin
from practice.admin_site import EvidenceAdmin, RowAdmin
from tradingpartners.admin_directories import DirectoryImportAdmin as DirectoryImportAdmin
from tradingpartners.models import (
    BreakerChange,
    ControlNumber,
    Dispatch,
    Enrolment,
    InboundDelivery,
    InboundFile,
    Interchange,
    Payer,
    PayerListing,
    PayerPause,
    Payload,
    ProviderIdentity,
    Route,
    TradingPartner,
    Transaction,
    TransportLog,
)


@admin.register(Payer)
class PayerAdmin(RowAdmin):
    list_display = ("name", "payer_id", "answers_270", "is_active", "daily_cap")
    list_filter = ("is_active", "answers_270")
    search_fields = ("name", "payer_id")
    fieldsets = (
        (None, {"fields": ("name", "payer_id", "phone", "is_active", "answers_270", "furthest_date")}),
        ("Connections", {"fields": ("timeout", "live_connections", "batch_connections")}),
        (
            "Breaker",
            {
                "fields": (
                    "breaker_failures",
                    "breaker_failure_rate",
                    "breaker_window",
                    "breaker_minimum_calls",
                    "breaker_open_time",
                )
            },
        ),
        ("Asking again", {"fields": ("retries", "retry_backoff", "resend_gap", "cached_answer_hours")}),
        ("Limits the payer sets", {"fields": ("daily_cap", "quiet_from", "quiet_until")}),
    )


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    new_credentials = forms.JSONField(
        required=False,
        label="New credentials",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text='A JSON object, for instance {"username": "…", "password": "…"}. What is stored is never '
        "shown; leave this empty to keep it.",
    )

    class Meta:
        model = TradingPartner
        exclude = ("credentials",)  # noqa: DJ006  the fieldsets of the admin name what is shown

    def clean_new_credentials(self) -> Any:
        given = self.cleaned_data["new_credentials"]
        if given is not None and not isinstance(given, dict):
            raise forms.ValidationError("This must be a JSON object.")
        return given


@admin.register(TradingPartner)
class TradingPartnerAdmin(SetUpAdmin):
    form = PartnerForm
    list_display = ("name", "code", "transport", "is_active", "is_test", "poller_paused")
    list_filter = ("transport", "is_active")
    fieldsets = (
        (None, {"fields": ("name", "code", "transport", "is_active", "is_test")}),
        ("Connection", {"fields": ("settings", "new_credentials", "taken_sign", "taken_timeout")}),
        (
            "Batch limits",
            {
                "fields": (
                    "max_st_per_interchange",
                    "max_interchanges_per_minute",
                    "max_concurrent_files",
                ),
                "description": "What this partner takes: a larger sweep is cut into several interchanges.",
            },
        ),
        (
            "Identity",
            {
                "fields": (
                    "sender_qualifier",
                    "sender_id",
                    "receiver_qualifier",
                    "receiver_id",
                    "trace_originator",
                )
            },
        ),
        ("Time", {"fields": ("response_sla", "lease", "poll_interval", "poller_paused")}),
    )

    def save_model(self, request: HttpRequest, obj: TradingPartner, form: Any, change: bool) -> None:
        if form.cleaned_data.get("new_credentials"):
            obj.credentials = form.cleaned_data["new_credentials"]
        super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("credentials")


@admin.register(Route)
class RouteAdmin(SetUpAdmin):
    list_display = ("payer", "transaction_set", "preference", "partner", "payer_identifier", "payer_name")
    list_filter = ("transaction_set",)
    list_select_related = ("payer", "partner")


@admin.register(ControlNumber)
class ControlNumberAdmin(EvidenceAdmin):
    list_display = ("partner", "next", "epoch")


@admin.register(Dispatch)
class DispatchAdmin(EvidenceAdmin):
    list_display = ("id", "transaction_set", "lane", "queue", "state", "due_at", "send_attempts")
    list_filter = ("state", "lane", "transaction_set")


@admin.register(Interchange)
class InterchangeAdmin(EvidenceAdmin):
    list_display = ("id", "direction", "control_number", "state", "file_name", "acknowledgement")
    list_filter = ("direction", "state")


@admin.register(Transaction)
class TransactionAdmin(EvidenceAdmin):
    list_display = ("id", "direction", "transaction_set", "state", "disposition", "attempt", "sent_at")
    list_filter = ("direction", "transaction_set", "state", "disposition")


@admin.register(Payload)
class PayloadAdmin(EvidenceAdmin):
    list_display = ("id", "size", "created_at")
    exclude = ("sha256",)


@admin.register(InboundDelivery)
class InboundDeliveryAdmin(EvidenceAdmin):
    list_display = ("id", "file_name", "is_duplicate", "read_at", "error")
    list_filter = ("is_duplicate", "error")


@admin.register(InboundFile)
class InboundFileAdmin(EvidenceAdmin):
    list_display = ("id", "partner", "created_at")
    list_select_related = ("partner",)
    exclude = ("sha256",)


@admin.register(TransportLog)
class TransportLogAdmin(EvidenceAdmin):
    list_display = ("id", "event", "file_name", "size", "http_status", "duration_ms", "error")
    list_filter = ("event",)


@admin.register(PayerPause)
class PayerPauseAdmin(EvidenceAdmin):
    list_display = ("payer", "reason", "resumes_at", "ended_at")
    list_select_related = ("payer",)


@admin.register(ProviderIdentity)
class ProviderIdentityAdmin(SetUpAdmin):
    list_display = ("name", "npi", "facility", "payer")
    list_select_related = ("facility", "payer")


@admin.register(Enrolment)
class EnrolmentAdmin(SetUpAdmin):
    list_display = ("payer", "partner", "facility", "transaction_set", "state", "decided_on")
    list_filter = ("state",)
    list_select_related = ("payer", "partner", "facility")


@admin.register(PayerListing)
class PayerListingAdmin(RowAdmin):
    list_display = ("name", "clearinghouse", "identifier", "eligibility", "payer", "gone_at")
    list_filter = ("clearinghouse", "eligibility")
    list_select_related = ("payer",)
    search_fields = ("name", "identifier")
    autocomplete_fields = ("payer",)


@admin.register(BreakerChange)
class BreakerChangeAdmin(EvidenceAdmin):
    list_display = ("payer", "at", "state", "reason", "calls", "failures", "slow")
    list_select_related = ("payer",)
