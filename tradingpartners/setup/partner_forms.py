"""Shapes of what an administrator types about a connection."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from copy import copy
from datetime import timedelta
from typing import Any

from django import forms

from practice.alerts import who_may_own
from tradingpartners.models import IS_POLLED, SENDS_FILES, TradingPartner, TransportKind
from tradingpartners.services.trying import leads_elsewhere
from tradingpartners.setup.faults import span_in_words
from tradingpartners.setup.fields import SETTINGS, Setting, known_credentials
from tradingpartners.setup.presets import PRESETS
from tradingpartners.setup.rules import (
    PARTNER_RANGES,
    Range,
    partner_faults,
)

# As people write them, without the s of several.
_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hr", "hour"), 3600),
    **dict.fromkeys(("d", "day"), 86_400),
    **dict.fromkeys(("w", "week"), 7 * 86_400),
}
_HOW = "Write it like 30 s, 15 min, 24 h or 2 days."


class SpanField(forms.CharField):
    """A length of time as people write it: 30 s, 15 min, 24 h, 2 days."""

    def __init__(self, *, least: timedelta = timedelta(seconds=1), most: timedelta, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**{"max_length": 20, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return span_in_words(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "").strip().lower()
        if not text:
            return None
        found = re.fullmatch(r"(\d{1,6})\s*([a-z]+)", text)
        unit = found and (_UNITS.get(found[2]) or _UNITS.get(found[2].removesuffix("s")))
        if found is None or not unit:
            raise forms.ValidationError(_HOW)
        span = timedelta(seconds=int(found[1]) * unit)
        if not self.least <= span <= self.most:
            raise forms.ValidationError(Range(self.least, self.most).words)
        return span

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise forms.ValidationError(_HOW)

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

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        begun = {name: given[name] for name in ("name", "sender_id") if name in given}
        for fault in partner_faults(TradingPartner(**begun), set(begun)):
            self.add_error(fault.field, fault.words)
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
        removable = [each for each in SETTINGS[partner.transport] if each.key in self.stored]
        if removable:
            self.fields["remove"] = forms.MultipleChoiceField(
                label="Remove what is stored",
                required=False,
                choices=[(each.key, each.label) for each in removable if each.is_secret],
                widget=forms.CheckboxSelectMultiple,
            )

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
        """`settings` and `credentials` are what its fields say: nothing stays that no field asks for."""
        given = super().clean() or {}
        self.settings: dict[str, Any] = {}
        removed = given.get("remove") or ()
        stored = known_credentials(self.partner.transport, self.partner.credentials)
        self.credentials = {key: value for key, value in stored.items() if key not in removed}
        for setting in SETTINGS[self.partner.transport]:
            self._take(setting, given.get(setting.key))
        if not self.errors:
            self._want_secrets_anew(given)
        self._find_faults()
        return given

    def _want_secrets_anew(self, given: Mapping[str, Any]) -> None:
        """What is stored goes to no other computer than the one it was entered for."""
        if not leads_elsewhere(self.partner.settings, self.settings):
            return
        kept = self.stored - set(given.get("remove") or ())
        missing = [key for key in kept if key in self.fields and not given.get(key)]
        for key in missing:
            self.add_error(key, "The address has changed: enter this again.")

    def _take(self, setting: Setting, value: Any) -> None:
        if setting.shape == "lines":
            value = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        if setting.is_secret:
            if value:
                self.credentials[setting.key] = value
        elif value not in (None, "", []):
            self.settings[setting.key] = value

    def _find_faults(self) -> None:
        partner = copy(self.partner)
        partner.settings, partner.credentials = self.settings, self.credentials
        for fault in partner_faults(partner, {"settings", "credentials"}):
            key = fault.field.partition(".")[2]
            if key not in self.errors:
                self.add_error(key if key in self.fields else None, fault.words)


def _text(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.CharField(max_length=500, **common)


def _secret(common: dict[str, Any], setting: Setting) -> forms.Field:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    return forms.CharField(max_length=4000, strip=False, widget=widget, **common)


def _lines(common: dict[str, Any], setting: Setting) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"})
    return forms.CharField(max_length=40_000, widget=widget, **common)


def _number(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.IntegerField(
        min_value=setting.least,
        max_value=setting.most,
        error_messages={
            limit: Range(setting.least, setting.most).words for limit in ("min_value", "max_value")
        },
        **common,
    )


def _flag(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.BooleanField(
        **{**common, "required": False, "initial": common["initial"] not in ("", False)}
    )


def _choice(common: dict[str, Any], setting: Setting) -> forms.Field:
    return forms.ChoiceField(choices=setting.choices, **common)


_SHAPES = {
    "text": _text,
    "secret": _secret,
    "lines": _lines,
    "pem": _lines,
    "number": _number,
    "choice": _choice,
    "flag": _flag,
}


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    """Some columns of a connection, by the rules that hold for them wherever they are set."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        partner = copy(self.instance)
        for name in self.changed_data:
            if name in given:
                setattr(partner, name, given[name])
        fine = set(self.changed_data) - set(self.errors)
        for fault in partner_faults(partner, fine):
            self.add_error(fault.field, fault.words)
        return given

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, kinds in _MATTERS_TO.items():
            if name in self.fields and self.instance.transport not in kinds:
                del self.fields[name]

    def save(self, commit: bool = True) -> Any:
        """Only what was changed: a poller writes its own columns of the same row meanwhile."""
        self.instance.save(update_fields=self.changed_data)
        return self.instance


def _span(name: str, **more: Any) -> SpanField:
    allowed = PARTNER_RANGES[name]
    return SpanField(least=allowed.least, most=allowed.most, **more)


# Which columns mean something for which kinds of connection; the others are asked of all.
_FILES = frozenset({TransportKind.SFTP, TransportKind.AS2})
_MATTERS_TO: Mapping[str, Collection[str]] = {
    **dict.fromkeys(
        ("max_st_per_interchange", "max_interchanges_per_minute", "max_concurrent_files"), SENDS_FILES
    ),
    **dict.fromkeys(("taken_sign", "taken_timeout"), {TransportKind.SFTP}),
    "poll_interval": IS_POLLED,
    **dict.fromkeys(("acknowledgement_due", "send_ta1", "send_999", "is_strict", "damaged_files"), _FILES),
}


class LimitsForm(PartnerForm):
    """How hard the partner may be pushed, and how long it may take."""

    response_sla = _span(
        "response_sla", label="Answers are due within", help_text="Later ones are listed as unanswered."
    )
    taken_timeout = _span("taken_timeout", label="A file counts as not taken after")
    poll_interval = _span("poll_interval", label="Look for answers every")
    acknowledgement_due = _span(
        "acknowledgement_due",
        label="Receipts are due within",
        required=False,
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
            "max_st_per_interchange": "A larger sweep is cut into several files.",
            "max_interchanges_per_minute": "Empty: no limit.",
            "max_concurrent_files": "For partners that reject overlapping files.",
        }


class FilesForm(PartnerForm):
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
        help_texts = {"owner": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        damaged: Any = self.fields.get("damaged_files")
        if damaged is not None:  # shorter than the model's, which a narrow select would cut off
            damaged.choices = [("sets", "Use what came whole"), ("hold", "Hold it for a person")]
        owner: Any = self.fields["owner"]
        owner.queryset, owner.empty_label = who_may_own(), "Every practice manager"
        owner.label_from_instance = lambda user: user.get_full_name() or user.username


class IdentityForm(PartnerForm):
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
            "application_sender_id",
            "application_receiver_id",
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
            "application_sender_id": "Our ID in the group (GS02)",
            "application_receiver_id": "Its ID in the group (GS03)",
            "trace_originator": "Trace originator (TRN03)",
        }
        help_texts = {"is_test": ""}
