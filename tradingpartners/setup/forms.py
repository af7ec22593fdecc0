"""Shapes of what an administrator types about connections, payers and who asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings

from practice.models import Facility, Membership, User
from tradingpartners.models import (
    Enrolment,
    Environment,
    Lane,
    Payer,
    ProviderIdentity,
    Route,
    TradingPartner,
    TransportKind,
)
from tradingpartners.services.overdue import in_words
from tradingpartners.services.trying import leads_elsewhere
from tradingpartners.setup.fields import SETTINGS, Setting
from tradingpartners.setup.presets import PRESETS
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.registry import transport_of
from tradingpartners.transports.stedi_batch import LARGEST_BATCH
from tradingpartners.words import explain

_UNITS = {
    "s": 1,
    "sec": 1,
    "min": 60,
    "m": 60,
    "h": 3600,
    "hours": 3600,
    "hour": 3600,
    "d": 86400,
    "days": 86400,
}


class SpanField(forms.CharField):
    """A length of time as people write it: 30 s, 15 min, 24 h, 2 days."""

    def __init__(self, *, least: timedelta = timedelta(seconds=1), most: timedelta, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**{"max_length": 20, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return in_words(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "").strip().lower()
        if not text:
            return None
        found = re.fullmatch(r"(\d{1,6})\s*([a-z]+)", text)
        if found is None or found[2] not in _UNITS:
            raise forms.ValidationError("Write it like 30 s, 15 min or 24 h.")
        span = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        if not self.least <= span <= self.most:
            raise forms.ValidationError(f"Between {in_words(self.least)} and {in_words(self.most)}.")
        return span

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise forms.ValidationError("Write it like 30 s, 15 min or 24 h.")

    def run_validators(self, value: Any) -> None:
        """Its own limits are checked above: those of text do not apply."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


class NewPartnerForm(forms.Form):
    preset = forms.ChoiceField(
        choices=[(key, preset.name) for key, preset in PRESETS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how this connection works."},
    )
    name = forms.CharField(label="Name", max_length=100, help_text="As people here call it.")
    sender_id = forms.CharField(label="Our ID there (ISA06)", max_length=15)
    trace_originator = forms.CharField(
        label="Trace originator (TRN03)",
        max_length=10,
        help_text="1 and the tax ID, or 9 and nine digits of our own.",
    )

    def clean_trace_originator(self) -> str:
        given = str(self.cleaned_data["trace_originator"]).upper()
        if not re.fullmatch(r"[0-9A-Z]{10}", given):
            raise forms.ValidationError("Ten digits or capital letters.")
        return given


class ConnectionForm(forms.Form):
    """The settings and credentials of one kind of connection. What is stored of a secret is never
    shown: an empty field keeps it."""

    def __init__(self, partner: TradingPartner, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.partner = partner
        self.stored = set(partner.credentials or {})
        for setting in SETTINGS[partner.transport]:
            self.fields[setting.key] = self._field(setting)

    def _field(self, setting: Setting) -> forms.Field:
        common: dict[str, Any] = {"label": setting.label, "help_text": setting.help, "required": False}
        if setting.is_secret:
            kept = "Stored. Leave it empty to keep it." if setting.key in self.stored else ""
            common["help_text"] = " ".join(part for part in (setting.help, kept) if part)
        else:
            common["required"] = setting.is_required
            common["initial"] = self._initial(setting)
        return _SHAPES[setting.shape](common, setting)

    def _initial(self, setting: Setting) -> Any:
        value = self.partner.settings.get(setting.key, setting.default)
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        self.settings = dict(self.partner.settings)
        self.credentials = dict(self.partner.credentials or {})
        for setting in SETTINGS[self.partner.transport]:
            self._take(setting, given.get(setting.key))
        if not self.errors:
            self._want_secrets_anew(given)
        if not self.errors:
            self._ask_the_transport()
        return given

    def _want_secrets_anew(self, given: Mapping[str, Any]) -> None:
        """What is stored goes to no other computer than the one it was entered for."""
        if not leads_elsewhere(self.partner.settings, self.settings):
            return
        missing = [key for key in self.stored if key in self.fields and not given.get(key)]
        for key in missing:
            self.add_error(key, "The address has changed: enter this again.")

    def _take(self, setting: Setting, value: Any) -> None:
        if setting.shape == "lines":
            value = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        if setting.is_secret:
            if value:
                self.credentials[setting.key] = value
        elif value in (None, "", []):
            self.settings.pop(setting.key, None)
        else:
            self.settings[setting.key] = value

    def _ask_the_transport(self) -> None:
        connection = Connection(self.partner.pk, self.settings, self.credentials)
        try:
            transport_of(self.partner.transport).check(connection)
        except NotSent as error:
            key = error.code.partition(":")[2]
            self.add_error(key if key in self.fields else None, explain(error.code).what)


def _text(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.CharField(max_length=500, **common)


def _secret(common: dict[str, Any], setting: Setting) -> forms.Field:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    return forms.CharField(max_length=4000, strip=False, widget=widget, **common)


def _lines(common: dict[str, Any], setting: Setting) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"})
    return forms.CharField(max_length=40_000, widget=widget, **common)


def _number(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.IntegerField(min_value=1, max_value=65_535, **common)


def _choice(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.ChoiceField(choices=setting.choices, **common)


_SHAPES = {
    "text": _text,
    "secret": _secret,
    "lines": _lines,
    "pem": _lines,
    "number": _number,
    "choice": _choice,
}

_DAY = timedelta(days=1)


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """How hard the partner may be pushed, and how long it may take."""

    response_sla = SpanField(
        label="Answers are due within", most=14 * _DAY, help_text="Later ones are listed as unanswered."
    )
    taken_timeout = SpanField(
        label="A file counts as not taken after", least=timedelta(minutes=1), most=3 * _DAY
    )
    poll_interval = SpanField(label="Look for answers every", least=timedelta(seconds=5), most=_DAY)
    acknowledgement_due = SpanField(
        label="Receipts are due within",
        required=False,
        most=3 * _DAY,
        help_text="An alert when no TA1 or 999 came by then. Empty: no receipts are awaited.",
    )

    class Meta:
        model = TradingPartner
        fields = (
            "max_st_per_interchange",
            "max_interchanges_per_minute",
            "max_concurrent_files",
            "response_sla",
            "taken_sign",
            "taken_timeout",
            "poll_interval",
            "acknowledgement_due",
        )
        labels = {
            "max_st_per_interchange": "Questions in one file, at most",
            "max_interchanges_per_minute": "Files started in any minute, at most",
            "max_concurrent_files": "Files out at the same time, at most",
            "taken_sign": "A file counts as taken when",
        }
        help_texts = {
            "max_st_per_interchange": "A larger sweep is cut into several files (max_st_per_interchange).",
            "max_interchanges_per_minute": "Empty: no limit (max_interchanges_per_minute).",
            "max_concurrent_files": "For partners that reject overlapping files (max_concurrent_files).",
        }

    def clean_max_st_per_interchange(self) -> int:
        given: int = self.cleaned_data["max_st_per_interchange"]
        most = LARGEST_BATCH if self.instance.transport == TransportKind.STEDI_BATCH else given
        if given > most:
            raise forms.ValidationError(f"Stedi takes {most:,} at once, and no more.")
        return given


class FilesForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is sent back for the partner's files, and what becomes of damaged ones."""

    class Meta:
        model = TradingPartner
        fields = ("send_ta1", "send_999", "is_strict", "damaged_files", "owner")
        labels = {
            "send_ta1": "Acknowledge envelopes (TA1)",
            "send_999": "Acknowledge transactions (999)",
            "is_strict": "Refuse a transaction over any error",
            "damaged_files": "When a file is damaged",
            "owner": "Who is told of problems",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = Membership.objects.filter(level__gte=30).values("user")
        self.fields["owner"].queryset = User.objects.filter(pk__in=staff)  # type: ignore[attr-defined]


class IdentityForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = TradingPartner
        fields = (
            "name",
            "code",
            "is_test",
            "is_active",
            "sender_qualifier",
            "sender_id",
            "receiver_qualifier",
            "receiver_id",
            "trace_originator",
        )
        labels = {
            "code": "Clearinghouse",
            "is_test": "Test traffic (ISA15 T)",
            "is_active": "In use",
            "sender_qualifier": "Our qualifier (ISA05)",
            "sender_id": "Our ID (ISA06)",
            "receiver_qualifier": "Its qualifier (ISA07)",
            "receiver_id": "Its ID (ISA08)",
            "trace_originator": "Trace originator (TRN03)",
        }


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
        place = {name: given.get(name) for name in ("payer", "environment", "preference")}
        taken = Route.objects.filter(transaction_set="270", **place).exclude(pk=self.instance.pk)
        if all(place.values()) and taken.exists():
            self.add_error("preference", "Another route to this payer has this place: choose the next one.")
        return given


class EnrolmentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Enrolment
        fields = ("payer", "facility", "state", "decided_on", "note")
        widgets = {"decided_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = Payer.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]
        self.fields["facility"].queryset = Facility.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["facility"].empty_label = "Every facility"  # type: ignore[attr-defined]


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
        same = ProviderIdentity.objects.filter(facility=given.get("facility"), payer=given.get("payer"))
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("payer", "There is one for this facility and payer already.")
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
