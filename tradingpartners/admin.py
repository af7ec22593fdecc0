"""Payers, for operators; connections and routes of the practice; and what went over the wire."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from practice.admin import SetUpAdmin
from practice.admin_site import EvidenceAdmin, RowAdmin
from tradingpartners import tasks
from tradingpartners.admin_directories import DirectoryImportAdmin as DirectoryImportAdmin
from tradingpartners.admin_forms import (
    EnrolmentForm,
    PartnerForm,
    PayerForm,
    ProviderIdentityForm,
    RouteForm,
)
from tradingpartners.models import (
    CREDENTIAL_COLUMNS,
    BreakerChange,
    ControlNumber,
    Direction,
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
from tradingpartners.services import pausing, refusing
from tradingpartners.services.holding import HoldCode

# Here and not in the model, whose names a migration would carry.
Dispatch._meta.verbose_name_plural = "dispatches"


@admin.register(Payer)
class PayerAdmin(RowAdmin):
    form = PayerForm
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
        ("Limits the payer sets", {"fields": ("daily_cap", "quiet_from", "quiet_until", "quiet_zone")}),
    )


_PAUSES = {"sending_paused", "paused_reason", "poller_paused"}


@admin.register(TradingPartner)
class TradingPartnerAdmin(SetUpAdmin):
    form = PartnerForm
    list_display = ("name", "code", "transport", "is_active", "is_test", "sending_paused", "poller_paused")
    list_filter = ("transport", "is_active", "sending_paused")
    fieldsets = (
        (None, {"fields": ("name", "code", "transport", "is_active", "is_test", "owner")}),
        ("Connection", {"fields": ("settings", "new_credentials")}),
        (
            "Batch limits",
            {
                "fields": (
                    "max_st_per_interchange",
                    "max_interchanges_per_minute",
                    "max_concurrent_files",
                    "taken_sign",
                    "taken_timeout",
                ),
                "description": "What this partner takes: a larger sweep is cut into several interchanges.",
            },
        ),
        (
            "Pause",
            {
                "fields": ("sending_paused", "paused_reason", "poller_paused"),
                "description": "While sending is paused nothing goes out; what is out still comes back.",
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
                    "application_sender_id",
                    "application_receiver_id",
                    "trace_originator",
                )
            },
        ),
        ("Acknowledgements", {"fields": ("acknowledgement_due", "send_ta1", "send_999", "is_strict")}),
        ("Files that come", {"fields": ("damaged_files",)}),
        ("Time", {"fields": ("response_sla", "lease", "poll_interval")}),
    )

    def save_model(self, request: HttpRequest, obj: TradingPartner, form: Any, change: bool) -> None:
        """Only what was changed: a poller writes its own columns of the same row meanwhile."""
        changed = {*form.changed_data} - {"new_credentials"}
        if form.cleaned_data.get("new_credentials"):
            obj.take_credentials(form.cleaned_data["new_credentials"], now=timezone.now())
            changed.update(CREDENTIAL_COLUMNS)
        if {"settings", "credentials", "transport"} & changed:
            obj.test_result, obj.tested_at = [], None
            changed |= {"test_result", "tested_at"}
        if not change:
            obj.save()
        elif changed - _PAUSES:
            obj.save(update_fields=sorted(changed - _PAUSES))
        if {"settings", "credentials", "transport"} & changed:
            refusing.end(obj.pk)
        self._pause(obj, changed & _PAUSES)

    def _pause(self, partner: TradingPartner, changed: set[str]) -> None:
        """What a pause holds is let go by resuming, not by a column."""
        if {"sending_paused", "paused_reason"} & changed:
            if partner.sending_paused:
                pausing.pause_partner(partner, reason=partner.paused_reason)
            else:
                pausing.resume_partner(partner, reason="resumed in the administration")
                transaction.on_commit(tasks.ring_units, robust=True)
        if "poller_paused" in changed:
            switch = pausing.pause_poller if partner.poller_paused else pausing.resume_poller
            switch(partner, reason="switched in the administration")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("credentials")


@admin.register(Route)
class RouteAdmin(SetUpAdmin):
    form = RouteForm
    list_display = (
        "payer",
        "transaction_set",
        "environment",
        "preference",
        "partner",
        "payer_identifier",
        "payer_name",
        "lane",
    )
    list_filter = ("transaction_set", "environment", "lane")
    list_select_related = ("payer", "partner")
    fields = (
        ("payer", "transaction_set"),
        ("partner", "preference"),
        ("payer_identifier", "payer_name"),
        ("environment", "lane"),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"environment": settings.ENVIRONMENT, **super().get_changeform_initial_data(request)}


@admin.register(ControlNumber)
class ControlNumberAdmin(EvidenceAdmin):
    list_display = ("partner", "next", "epoch")


@admin.register(Dispatch)
class DispatchAdmin(EvidenceAdmin):
    list_display = ("id", "transaction_set", "lane", "queue", "state", "waits_for", "due_at", "send_attempts")
    list_filter = ("state", "waits_for", "lane", "transaction_set")
    actions = ("release",)

    @admin.action(description="Let the held ones go: the same file once more")
    def release(self, request: HttpRequest, units: QuerySet[Dispatch]) -> None:
        held = list(units.filter(waits_for=HoldCode.PERSON, state=Dispatch.State.READY))
        for unit in held:
            pausing.release(unit, reason="released in the administration")
        transaction.on_commit(tasks.ring_units, robust=True)
        messages.success(request, f"{len(held)} go once more.")


@admin.register(Interchange)
class InterchangeAdmin(EvidenceAdmin):
    list_display = ("id", "direction", "control_number", "state", "our_name", "acknowledgement")
    list_filter = ("direction", "state")
    exclude = ("file_name",)

    @admin.display(description="file name")
    def our_name(self, row: Interchange) -> str:
        """Partners name theirs after people."""
        return row.file_name if row.direction == Direction.OUT else ""


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
    """Without its name: partners name files after people, and operators see no patient."""

    list_display = ("id", "partner", "came_by", "is_duplicate", "read_at", "error")
    list_filter = ("is_duplicate", "error")
    list_select_related = ("partner",)
    exclude = ("file_name",)


@admin.register(InboundFile)
class InboundFileAdmin(EvidenceAdmin):
    list_display = ("id", "partner", "created_at")
    list_select_related = ("partner",)
    exclude = ("sha256",)


@admin.register(TransportLog)
class TransportLogAdmin(EvidenceAdmin):
    list_display = ("id", "partner", "event", "size", "http_status", "duration_ms", "error")
    list_filter = ("event",)
    list_select_related = ("partner",)
    exclude = ("file_name",)


@admin.register(PayerPause)
class PayerPauseAdmin(EvidenceAdmin):
    list_display = ("payer", "reason", "created_at", "created_by", "resumes_at", "ended_at")
    list_select_related = ("payer", "created_by")


@admin.register(ProviderIdentity)
class ProviderIdentityAdmin(SetUpAdmin):
    form = ProviderIdentityForm
    list_display = ("name", "npi", "facility", "payer")
    list_select_related = ("facility", "payer")


@admin.register(Enrolment)
class EnrolmentAdmin(SetUpAdmin):
    form = EnrolmentForm
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
