"""Alerts: what somebody must know, who has it in hand, and where they go beside this page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.validators import validate_email
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from practice import alerts
from practice.models import Alert, AlertChannel
from practice.outbound import OutboundError, check_address
from practice.outbox import alert_words
from practice.pages import PageRequest, back_to, page

TABS = {"open": "Open", "acknowledged": "In hand", "resolved": "Over"}
_SHOWN = 200
_RANK = Case(
    When(severity=Alert.Severity.INCIDENT, then=Value(0)),
    When(severity=Alert.Severity.PROBLEM, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    new_secret = forms.CharField(
        label="Secret for the signature",
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For webhooks: each is signed with it (Standard Webhooks). It is never shown again.",
    )

    class Meta:
        model = AlertChannel
        fields = ("name", "kind", "address", "least_severity")
        labels = {"least_severity": "From which severity on"}

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        kind, address = given.get("kind"), given.get("address")
        if kind == AlertChannel.Kind.EMAIL and address:
            try:
                validate_email(address)
            except forms.ValidationError:
                self.add_error("address", "This is no e-mail address.")
        elif kind == AlertChannel.Kind.WEBHOOK and address:
            try:
                check_address(address, schemes=("https", "http"))
            except OutboundError:
                self.add_error("address", "A public https address is wanted here.")
        return given


@page("partner.read")
def alert_list(request: PageRequest) -> HttpResponse:
    """What is open first, the gravest on top."""
    tab = request.GET.get("tab", "open")
    tab = tab if tab in TABS else "open"
    rows = Alert.objects.visible_to(request.user).filter(state=tab).select_related("owner", "acknowledged_by")
    context = {
        "section": "alerts",
        "tab": tab,
        "tabs": TABS,
        "rows": [(alert, alert_words(alert)) for alert in rows.order_by(_RANK, "-last_seen_at")[:_SHOWN]],
        "zone": request.organization.time_zone,
        "now": timezone.now(),
    }
    return TemplateResponse(request, "practice/alerts/list.html", context)


@page("partner.read")
def alert_count(request: PageRequest) -> HttpResponse:
    """The number beside the word in the frame: asked for by itself, so that no page waits for it."""
    count = Alert.objects.visible_to(request.user).filter(state=Alert.State.OPEN).count()
    return TemplateResponse(request, "practice/alerts/_count.html", {"count": count})


@page("partner.read")
def alert(request: PageRequest, alert_id: UUID) -> HttpResponse:
    found = _alert(request, alert_id)
    context = {
        "section": "alerts",
        "alert": found,
        "words": alert_words(found),
        "people": alerts.who_may_own(),
        "zone": request.organization.time_zone,
        "now": timezone.now(),
    }
    return TemplateResponse(request, "practice/alerts/alert.html", context)


def _alert(request: PageRequest, alert_id: UUID) -> Alert:
    mine = Alert.objects.visible_to(request.user).select_related("owner", "acknowledged_by")
    return get_object_or_404(mine, pk=alert_id)


@page("partner.update", methods=("POST",))
def acknowledge(request: PageRequest, alert_id: UUID) -> HttpResponse:
    found = _alert(request, alert_id)
    if alerts.acknowledge_alert(found, note=request.POST.get("note", ""), by=request.user.pk):
        messages.success(request, "In hand: nobody else is told again.")
    else:
        messages.error(request, "Somebody has it in hand already, or it is over.")
    return redirect(back_to(request, reverse("alert", args=[found.pk])))


@page("partner.update", methods=("POST",))
def reopen(request: PageRequest, alert_id: UUID) -> HttpResponse:
    found = _alert(request, alert_id)
    if alerts.reopen_alert(found):
        messages.success(request, "Open again.")
    else:
        messages.error(request, "It is over: there is nothing to undo.")
    return redirect("alert", found.pk)


@page("partner.update", methods=("POST",))
def resolve(request: PageRequest, alert_id: UUID) -> HttpResponse:
    found = _alert(request, alert_id)
    alerts.end_alert(found)
    messages.success(request, "Over. If it happens again, you are told again.")
    return redirect("alerts")


@page("partner.update", methods=("POST",))
def give(request: PageRequest, alert_id: UUID) -> HttpResponse:
    """To somebody who works here, or to nobody."""
    found = _alert(request, alert_id)
    chosen = _uuid(request.POST.get("owner"))
    owner = alerts.who_may_own().filter(pk=chosen).first() if chosen else None
    alerts.give_alert(found, owner.pk if owner else None)
    messages.success(request, "Handed over." if owner else "Nobody owns it now.")
    return redirect("alert", found.pk)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


@page("partner.read")
def channels(request: PageRequest) -> HttpResponse:
    return _show_channels(request, ChannelForm())


def _show_channels(request: PageRequest, form: ChannelForm, *, status: int = 200) -> HttpResponse:
    rows = AlertChannel.objects.visible_to(request.user).defer("secret").order_by("name")
    context = {"section": "alerts", "form": form, "rows": rows}
    return TemplateResponse(request, "practice/alerts/channels.html", context, status=status)


@page("partner.update", methods=("POST",))
def add_channel(request: PageRequest) -> HttpResponse:
    form = ChannelForm(request.POST)
    if not form.is_valid():
        return _show_channels(request, form, status=422)
    channel = form.save(commit=False)
    channel.secret = form.cleaned_data["new_secret"] or None
    channel.save()
    messages.success(request, "New alerts go there from now on.")
    return redirect("alert-channels")


@page("partner.update", methods=("POST",))
def remove_channel(request: PageRequest, channel_id: UUID) -> HttpResponse:
    channel = get_object_or_404(AlertChannel.objects.visible_to(request.user), pk=channel_id)
    channel.is_deleted = True
    channel.save(update_fields=["is_deleted"])
    messages.success(request, "Removed: no alert goes there any more.")
    return redirect("alert-channels")
