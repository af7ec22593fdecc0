"""What an operator types about payers and connections, checked before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django import forms

from practice.models import Membership, User
from practice.tenancy import inside
from tradingpartners.models import Payer, TradingPartner
from tradingpartners.services.overdue import in_words
from tradingpartners.setup.fields import secret_keys
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.registry import transport_of
from tradingpartners.words import explain

_DAY = timedelta(days=1)


class _Range(NamedTuple):
    least: Any
    most: Any

    def refusal(self, value: Any) -> str:
        if value is None or self.least <= value <= self.most:
            return ""
        least, most = (in_words(each) if isinstance(each, timedelta) else each for each in self)
        return f"Between {least} and {most}."


def _spans(least: int, most: timedelta) -> _Range:
    return _Range(timedelta(seconds=least), most)


def _refuse_nonsense(form: forms.ModelForm, ranges: Mapping[str, _Range]) -> None:  # type: ignore[type-arg]
    for name, allowed in ranges.items():
        if words := allowed.refusal(form.cleaned_data.get(name)):
            form.add_error(name, words)


class PayerForm(forms.ModelForm):  # type: ignore[type-arg]
    RANGES: Mapping[str, _Range] = {
        "timeout": _Range(timedelta(seconds=1), timedelta(minutes=2)),
        "live_connections": _Range(1, 500),
        "batch_connections": _Range(1, 500),
        "breaker_failures": _Range(1, 1000),
        "breaker_failure_rate": _Range(1, 100),
        "breaker_window": _spans(1, timedelta(hours=1)),
        "breaker_minimum_calls": _Range(1, 10_000),
        "breaker_open_time": _spans(1, timedelta(hours=1)),
        "retries": _Range(0, 10),
        "retry_backoff": _spans(1, _DAY),
        "resend_gap": _spans(0, _DAY),
        "cached_answer_hours": _Range(0, 744),
        "daily_cap": _Range(1, 10_000_000),
    }

    class Meta:
        model = Payer
        fields = "__all__"  # noqa: DJ007  the fieldsets of the admin name what is shown

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        _refuse_nonsense(self, self.RANGES)
        begin, end = given.get("quiet_from"), given.get("quiet_until")
        if not {"quiet_from", "quiet_until"} & self.errors.keys():
            if (begin is None) != (end is None):
                missing = "quiet_from" if begin is None else "quiet_until"
                self.add_error(missing, "Quiet hours have a beginning and an end: fill both, or neither.")
            elif begin is not None and begin == end:
                self.add_error(
                    "quiet_until", "They begin and end at the same time: that is never, or always."
                )
        return given


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    new_credentials = forms.JSONField(
        required=False,
        label="New credentials",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text='A JSON object, for instance {"username": "…", "password": "…"}. What is stored is never '
        "shown; leave this empty to keep it.",
    )

    RANGES: Mapping[str, _Range] = {
        "max_st_per_interchange": _Range(1, 100_000),
        "max_interchanges_per_minute": _Range(1, 1000),
        "max_concurrent_files": _Range(1, 1000),
        "response_sla": _spans(1, timedelta(days=14)),
        "lease": _spans(10, timedelta(hours=1)),
        "taken_timeout": _spans(60, timedelta(days=3)),
        "poll_interval": _spans(5, _DAY),
        "acknowledgement_due": _spans(60, timedelta(days=3)),
    }

    class Meta:
        model = TradingPartner
        exclude = ("credentials",)  # noqa: DJ006  the fieldsets of the admin name what is shown

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner" in self.fields:
            here = Membership.objects.filter(level__gte=30) if inside() else Membership.objects.none()
            staff = User.objects.filter(pk__in=here.values("user"))
            self.fields["owner"].queryset = staff  # type: ignore[attr-defined]

    def clean_settings(self) -> Any:
        given = self.cleaned_data["settings"]
        if not isinstance(given, dict):
            raise forms.ValidationError("This must be a JSON object.")
        return given

    def clean_new_credentials(self) -> Any:
        given = self.cleaned_data["new_credentials"]
        if given is not None and not isinstance(given, dict):
            raise forms.ValidationError("This must be a JSON object.")
        return given

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        _refuse_nonsense(self, self.RANGES)
        if given.get("sending_paused") and not given.get("paused_reason"):
            self.add_error("paused_reason", "Say why: who wonders later will read it.")
        reached_by = {"transport", "settings", "new_credentials"}
        if not reached_by & self.errors.keys():
            self._refuse_secrets(given)
            is_asked = given.get("is_active") or reached_by & set(self.changed_data)
            if is_asked and "settings" not in self.errors:
                self._ask_the_transport(given)
        return given

    def _refuse_secrets(self, given: Mapping[str, Any]) -> None:
        for key in sorted(secret_keys(given["transport"]) & given["settings"].keys()):
            self.add_error("settings", f"{key} belongs into the credentials: settings are shown to people.")

    def _ask_the_transport(self, given: Mapping[str, Any]) -> None:
        """Whether it can be reached as it is filled, by the transport's own rule."""
        credentials = given["new_credentials"] or self.instance.credentials or {}
        connection = Connection(self.instance.pk, given["settings"], credentials)
        try:
            transport_of(given["transport"]).check(connection)
        except NotSent as error:
            key = error.code.partition(":")[2]
            secret = secret_keys(given["transport"]) | {"credentials"}
            self.add_error("new_credentials" if key in secret else "settings", explain(error.code).what)
