"""Shapes of what an administrator types about payers, the routes to them, and who asks."""

from __future__ import annotations

from copy import copy
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
    digits_of_tax_id,
    enrolment_faults,
    identity_faults,
    is_over,
    route_faults,
)


def _offer_payers(form: forms.ModelForm, *, empty: str) -> None:  # type: ignore[type-arg]
    field: Any = form.fields.get("payer")
    if field is not None:
        field.queryset, field.empty_label = Payer.objects.filter(is_active=True).order_by("name"), empty


def _offer_facilities(form: forms.ModelForm) -> None:  # type: ignore[type-arg]
    field: Any = form.fields["facility"]
    field.queryset, field.empty_label = Facility.objects.order_by("name"), "Every facility"


class RouteForm(forms.ModelForm):  # type: ignore[type-arg]
    """That a payer is asked through this partner, and by which identifier it goes there."""

    environment = forms.ChoiceField(choices=Environment.choices, initial=lambda: settings.ENVIRONMENT)
    lane = forms.ChoiceField(
        choices=[("", "Both"), (Lane.LIVE.value, "Live only"), (Lane.BATCH.value, "Batch only")],
        required=False,
    )

    class Meta:
        model = Route
        fields: tuple[str, ...] = (
            "payer",
            "payer_identifier",
            "payer_name",
            "preference",
            "environment",
            "lane",
        )
        labels = {
            "payer_identifier": "Its identifier there (NM109)",
            "payer_name": "Its name there (NM103)",
            "preference": "Its place among this payer's routes",
        }
        help_texts = {"payer_identifier": "", "payer_name": "", "preference": "1 is tried first."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_payers(self, empty="Choose a payer")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        route = copy(self.instance)
        for name, value in given.items():
            setattr(route, name, value)
        for fault in route_faults(route):
            if fault.field not in self.errors:
                self.add_error(fault.field, fault.words)
        return given


class RouteChangeForm(RouteForm):
    """A route that is there: to whom and through whom it leads stays."""

    class Meta(RouteForm.Meta):
        fields = ("payer_identifier", "payer_name", "preference", "environment", "lane")


class EnrolmentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Enrolment
        fields = ("payer", "facility", "state", "decided_on", "note")
        labels = {"decided_on": "Since"}
        widgets = {"decided_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_payers(self, empty="Choose a payer")
        _offer_facilities(self)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not {"state", "decided_on"} & set(self.errors):
            noted = Enrolment(state=given["state"], decided_on=given["decided_on"])
            for fault in enrolment_faults(noted, today=timezone.localdate()):
                self.add_error(fault.field, fault.words)
        return given


class TaxIdField(forms.CharField):
    """As people write it, 12-3456789, or its nine digits."""

    def to_python(self, value: Any) -> str:
        return digits_of_tax_id(str(super().to_python(value)))


class ProviderIdentityForm(forms.ModelForm):  # type: ignore[type-arg]
    tax_id = TaxIdField(label="Tax ID", required=False)

    class Meta:
        model = ProviderIdentity
        fields = ("facility", "payer", "name", "npi", "tax_id")
        labels = {"name": "Name"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_payers(self, empty="Every payer")
        _offer_facilities(self)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        named = {name: given[name] for name in ("facility", "payer", "name") if name in given}
        for fault in identity_faults(ProviderIdentity(pk=self.instance.pk, **named)):
            if fault.field not in self.errors:
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
