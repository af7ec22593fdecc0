"""Shapes of what an administrator types about payers, the routes to them, and who asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from practice.models import Facility
from tradingpartners.models import (
    Enrolment,
    Environment,
    Lane,
    Payer,
    ProviderIdentity,
    Route,
)
from tradingpartners.setup.rules import (
    IS_OVER,
    enrolment_faults,
    identity_faults,
    is_over,
    route_faults,
)


class RouteForm(forms.ModelForm):  # type: ignore[type-arg]
    """That a payer is asked through this partner, and by which identifier it goes there."""

    environment = forms.ChoiceField(choices=Environment.choices, initial=lambda: settings.ENVIRONMENT)
    lane = forms.ChoiceField(
        choices=[("", "Both"), (Lane.LIVE.value, "Live only"), (Lane.BATCH.value, "Batch only")],
        required=False,
    )

    class Meta:
        model = Route
        fields = ("payer", "payer_identifier", "payer_name", "preference", "environment", "lane")
        labels = {
            "payer_identifier": "Its identifier there (NM109)",
            "payer_name": "Its name there (NM103)",
            "preference": "Which is tried first",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payers = Payer.objects.filter(is_active=True).order_by("name")
        self.fields["payer"].queryset = payers  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not {"payer", "environment", "preference"} & set(self.errors):
            places = ("payer", "environment", "preference")
            route = Route(
                pk=self.instance.pk, transaction_set="270", **{name: given[name] for name in places}
            )
            for fault in route_faults(route):
                self.add_error(fault.field, fault.words)
        return given


class EnrolmentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Enrolment
        fields = ("payer", "facility", "state", "decided_on", "note")
        labels = {"decided_on": "Since"}
        widgets = {"decided_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = Payer.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]
        self.fields["facility"].queryset = Facility.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["facility"].empty_label = "Every facility"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not {"state", "decided_on"} & set(self.errors):
            noted = Enrolment(state=given["state"], decided_on=given["decided_on"])
            for fault in enrolment_faults(noted, today=timezone.localdate()):
                self.add_error(fault.field, fault.words)
        return given


class ProviderIdentityForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ProviderIdentity
        fields = ("facility", "payer", "name", "npi", "tax_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = Payer.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]
        self.fields["payer"].empty_label = "Every payer"  # type: ignore[attr-defined]
        self.fields["facility"].queryset = Facility.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["facility"].empty_label = "Every facility"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not {"facility", "payer"} & set(self.errors):
            chosen = {name: given[name] for name in ("facility", "payer")}
            for fault in identity_faults(ProviderIdentity(pk=self.instance.pk, **chosen)):
                self.add_error(fault.field, fault.words)
        return given


class PauseForm(forms.Form):
    reason = forms.CharField(
        label="Why?",
        min_length=4,
        max_length=200,
        error_messages={"required": "Say why: who wonders later will read it."},
    )
    resumes_at = forms.DateTimeField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def clean_resumes_at(self) -> datetime | None:
        given: datetime | None = self.cleaned_data["resumes_at"]
        if is_over(given, now=timezone.now()):
            raise forms.ValidationError(IS_OVER)
        return given
