"""Shapes of a sweep and a schedule as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms

from practice.models import Facility
from practice.pages import PageRequest
from tradingpartners.models import Payer

PRESETS = {
    "0 2 * * *": "Every night at 02:00",
    "0 5 * * 1-5": "Weekdays at 05:00",
    "0 6-18 * * *": "Hourly from 06:00 to 18:00",
    "15 3 1 * *": "On the first of each month at 03:15",
}


def day_field(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose a day.", "invalid": "This is not a day: use YYYY-MM-DD."},
    )


class FacilityChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ScopeFields(forms.Form):
    """Whom a sweep asks about."""

    facility = FacilityChoice(queryset=Facility.objects.none(), required=False, empty_label="All facilities")
    payers = forms.ModelMultipleChoiceField(
        queryset=Payer.objects.none(),
        required=False,
        label="Payers",
        help_text="Choose none to ask every payer.",
        error_messages={
            "invalid_choice": "There is no such payer.",
            "invalid_pk_value": "There is no such payer.",
        },
    )

    def __init__(self, request: PageRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        facility, payers = self.fields["facility"], self.fields["payers"]
        assert isinstance(facility, forms.ModelChoiceField)  # noqa: S101  for the reader of types
        assert isinstance(payers, forms.ModelMultipleChoiceField)  # noqa: S101
        facility.queryset = Facility.objects.visible_to(request.user).order_by("name")
        payers.queryset = Payer.objects.filter(is_active=True).order_by("name")


class RunForm(ScopeFields):
    name = forms.CharField(max_length=100, error_messages={"required": "Give the sweep a name."})
    window_from = day_field("Visits from")
    window_to = day_field("to")

    field_order = ["name", "window_from", "window_to", "facility", "payers"]

    @staticmethod
    def defaults(request: PageRequest, now: datetime) -> dict[str, Any]:
        today = now.astimezone(request.organization.zone).date()
        name = f"Sweep of {today.day} {today:%b} {now.astimezone(request.organization.zone):%H:%M}"
        return {"name": name, "window_from": today, "window_to": today + timedelta(days=7)}

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("window_from"), given.get("window_to")
        if first and last and last < first:
            self.add_error("window_to", "The window ends before it begins.")
        return given


class ScheduleForm(ScopeFields):
    name = forms.CharField(max_length=100, error_messages={"required": "Give the schedule a name."})
    cron = forms.CharField(
        label="When",
        max_length=100,
        help_text="Five fields: minute, hour, day of month, month, weekday.",
        error_messages={"required": "Say when it runs."},
    )
    time_zone = forms.ChoiceField(label="On the clock of", choices=list)
    window_start = forms.IntegerField(label="Visits from day", min_value=0, max_value=92)
    window_end = forms.IntegerField(label="to day", min_value=0, max_value=92)

    field_order = ["name", "cron", "time_zone", "window_start", "window_end", "facility", "payers"]

    def __init__(self, request: PageRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        near = [request.organization.time_zone, "UTC"]
        others = sorted(available_timezones() - set(near))
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in [*near, *others]]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("window_start"), given.get("window_end")
        if first is not None and last is not None and last < first:
            self.add_error("window_end", "The window ends before it begins.")
        return given


class PauseForm(forms.Form):
    reason = forms.CharField(max_length=200, required=False)
