"""What an operator types about payers and connections, checked before it is saved."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.utils import timezone

from practice.alerts import who_may_own
from practice.models import User
from practice.tenancy import inside
from tradingpartners.models import Enrolment, Payer, ProviderIdentity, Route, TradingPartner
from tradingpartners.setup.fields import known_credentials
from tradingpartners.setup.payer_forms import TaxIdField
from tradingpartners.setup.rules import (
    PAYER_RANGES,
    REACHED_BY,
    Fault,
    clean_settings,
    enrolment_faults,
    identity_faults,
    label_of,
    out_of_range,
    partner_faults,
    route_faults,
)


class PayerForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Payer
        fields = "__all__"  # noqa: DJ007  the fieldsets of the admin name what is shown

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for fault in out_of_range(PAYER_RANGES, given):
            self.add_error(fault.field, fault.words)
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


class _OptionalJSON(forms.JSONField):
    """Empty where nothing was given, and not null."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    new_credentials = _OptionalJSON(
        required=False,
        label="New credentials",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text='A JSON object, for instance {"username": "…", "password": "…"}. What is stored is never '
        "shown; leave this empty to keep it.",
    )

    class Meta:
        model = TradingPartner
        exclude = ("credentials",)  # noqa: DJ006  the fieldsets of the admin name what is shown

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner" in self.fields:
            staff = who_may_own() if inside() else User.objects.none()
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
        if given.get("sending_paused") and not given.get("paused_reason"):
            self.add_error("paused_reason", "Say why: who wonders later will read it.")
        partner, changed = self._as_it_would_be(given)
        for fault in partner_faults(partner, changed):
            self._add(partner.transport, fault)
        return given

    def _as_it_would_be(self, given: dict[str, Any]) -> tuple[TradingPartner, set[str]]:
        """With the columns that differ; what reaches it counts among them where it is in use."""
        partner = copy(self.instance)
        changed = (set(self.changed_data) - {"new_credentials"}) & given.keys()
        for name in changed:
            setattr(partner, name, given[name])
        stored = known_credentials(partner.transport, self.instance.credentials)
        partner.credentials = given.get("new_credentials") or stored
        is_known = not {"transport", "settings", "new_credentials"} & self.errors.keys()
        is_asked = partner.is_active or REACHED_BY & changed or given.get("new_credentials")
        if is_known and is_asked:
            partner.settings = given["settings"] = clean_settings(partner.transport, partner.settings)
            changed |= {"settings"}
        elif not is_known:
            changed -= {*REACHED_BY, "is_active"}
        return partner, changed

    def _add(self, transport: str, fault: Fault) -> None:
        """Two fields here hold all of them: which one of them is meant, the words say."""
        place, _, key = fault.field.partition(".")
        field = "new_credentials" if place == "credentials" else place
        words = f"{label_of(transport, fault)} ({key}): {fault.words}" if key else fault.words
        self.add_error(field, words)


class RouteForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Route
        fields = "__all__"  # noqa: DJ007  the fieldsets of the admin name what is shown

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        route = copy(self.instance)
        for name, value in given.items():
            setattr(route, name, value)
        for fault in route_faults(route) if inside() else ():
            if fault.field not in self.errors:
                self.add_error(fault.field, fault.words)
        return given


class ProviderIdentityForm(forms.ModelForm):  # type: ignore[type-arg]
    tax_id = TaxIdField(label="Tax ID", required=False)

    class Meta:
        model = ProviderIdentity
        fields = "__all__"  # noqa: DJ007  the fieldsets of the admin name what is shown

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        named = {name: given[name] for name in ("facility", "payer", "name") if name in given}
        for fault in identity_faults(ProviderIdentity(pk=self.instance.pk, **named)) if inside() else ():
            if fault.field not in self.errors:
                self.add_error(fault.field, fault.words)
        return given


class EnrolmentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Enrolment
        fields = "__all__"  # noqa: DJ007  the fieldsets of the admin name what is shown

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not {"state", "decided_on"} & set(self.errors):
            state = given.get("state", self.instance.state)
            noted = Enrolment(state=state, decided_on=given["decided_on"])
            for fault in enrolment_faults(noted, today=timezone.localdate()):
                self.add_error(fault.field, fault.words)
        return given
