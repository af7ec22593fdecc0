"""Shapes of what people type or choose on the desk's pages."""

from __future__ import annotations

from typing import Any

from django import forms

from eligibility.desk import cause_name
from eligibility.models import Cause, ExceptionCase

GROUPS = {"day": "Visit day", "cause": "What is wrong", "payer": "Payer", "facility": "Facility"}
TABS = {"needs-you": "Needs you", "cleared": "Cleared today", "open": "All open"}


class QueueFilter(forms.Form):
    """The queue's address: what is shown, and grouped how. A value that makes no sense is no filter."""

    tab = forms.ChoiceField(choices=list(TABS.items()), required=False)
    cause = forms.ChoiceField(choices=[(cause, cause_name(cause)) for cause in Cause], required=False)
    payer = forms.UUIDField(required=False)
    facility = forms.UUIDField(required=False)
    day = forms.DateField(required=False)
    group = forms.ChoiceField(choices=list(GROUPS.items()), required=False)

    def chosen(self) -> dict[str, Any]:
        self.full_clean()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}


class ClearForm(forms.Form):
    disposition = forms.ChoiceField(
        choices=ExceptionCase.Disposition.choices,
        widget=forms.RadioSelect,
        label="What became of it?",
        error_messages={"required": "Choose what became of it.", "invalid_choice": "Choose one of the four."},
    )
    note = forms.CharField(
        required=False,
        max_length=500,
        label="Note",
        help_text="For a call: whom you spoke to and the reference number.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PatientSearch(forms.Form):
    """By one identifier, or by last name and birth date together."""

    mrn = forms.CharField(label="MRN", required=False, max_length=50)
    member_id = forms.CharField(label="Member ID", required=False, max_length=80)
    last_name = forms.CharField(label="Last name", required=False, max_length=100)
    birth_date = forms.DateField(
        label="Birth date", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        named, born = given.get("last_name"), given.get("birth_date")
        if not (given.get("mrn") or given.get("member_id") or named or born) and not self.errors:
            raise forms.ValidationError("Type an MRN, a member ID, or a last name with a birth date.")
        if named and not born and "birth_date" not in self.errors:
            self.add_error("birth_date", "A last name needs the birth date beside it.")
        if born and not named:
            self.add_error("last_name", "A birth date needs the last name beside it.")
        return given
