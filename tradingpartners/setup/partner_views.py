"""Connections: their pages, tab by tab."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from practice.pages import PageRequest, page
from tradingpartners import tasks
from tradingpartners.bells import ring
from tradingpartners.events import feeds
from tradingpartners.messages import writable
from tradingpartners.models import (
    Enrolment,
    Route,
    TradingPartner,
    TradingPartnerHistory,
)
from tradingpartners.services import listed_routes, pausing, trying
from tradingpartners.setup import partner_forms, payer_forms, why
from tradingpartners.setup.presets import PRESETS

TABS = {
    "connection": "Connection",
    "identity": "Identity",
    "payers": "Payers and routes",
    "enrolment": "Enrolment",
    "history": "History",
}

MOST_LISTINGS = 200


@page("partner.read")
def partners(request: PageRequest) -> HttpResponse:
    context = {
        "section": "partners",
        "feeds": feeds(request.user),
        "zone": request.organization.time_zone,
        "now": timezone.now(),
    }
    return TemplateResponse(request, "tradingpartners/partners.html", context)


@page("partner.update", methods=("GET", "POST"))
def new_partner(request: PageRequest) -> HttpResponse:
    form = partner_forms.NewPartnerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        begins = {"receiver_id": writable.envelope_id(given["name"]), **PRESETS[given["preset"]].fields}
        made = trying.start_partner(begins, given)
        messages.success(request, "Now complete the connection, then try it out.")
        return redirect("partner", made.pk)
    context = {"section": "partners", "form": form, "presets": PRESETS}
    status = 422 if request.method == "POST" else 200
    return TemplateResponse(request, "tradingpartners/partner_new.html", context, status=status)


def find_partner(request: PageRequest, partner_id: UUID, *, locked: bool = False) -> TradingPartner:
    """Locked, nobody else changes what a change is added to."""
    rows = TradingPartner.objects.visible_to(request.user)
    if locked:
        rows = rows.select_for_update(of=("self",), no_key=True)
    return get_object_or_404(rows, pk=partner_id)


@page("partner.read")
def partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """One connection, tab by tab."""
    return show(request, find_partner(request, partner_id), request.GET.get("tab", "connection"))


def show(
    request: PageRequest, found: TradingPartner, tab: str, *, status: int = 200, **bound: Any
) -> HttpResponse:
    tab = tab if tab in TABS else "connection"
    context: dict[str, Any] = {
        "section": "partners",
        "partner": found,
        "tab": tab,
        "tabs": TABS,
        "zone": request.organization.time_zone,
        "now": timezone.now(),
        **_CONTEXTS[tab](request, found),
        **bound,
    }
    return TemplateResponse(request, "tradingpartners/partner.html", context, status=status)


def _connection(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    return {
        "connection_form": partner_forms.ConnectionForm(found),
        "limits_form": partner_forms.LimitsForm(instance=found),
        "files_form": partner_forms.FilesForm(instance=found),
        "feed": next((feed for feed in feeds(request.user) if feed.partner.pk == found.pk), None),
        "pause_form": payer_forms.PauseForm(),
    }


def _identity(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    return {"identity_form": partner_forms.IdentityForm(instance=found)}


def _payers(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    routes = (
        Route.objects.visible_to(request.user)
        .filter(partner=found)
        .select_related("payer")
        .order_by("payer__name", "environment", "preference")
    )
    chosen = request.GET.get("route", "")
    changing = next((each for each in routes if str(each.pk) == chosen), None)
    find = request.GET.get("find", "").strip()[:100]
    listed = listed_routes.unrouted_listings(found)
    if find:
        listed = listed.filter(Q(name__icontains=find) | Q(identifier__iexact=find))
    return {
        "routes": routes,
        "route_form": payer_forms.RouteForm(),
        "changing": changing,
        "change_form": payer_forms.RouteChangeForm(instance=changing) if changing else None,
        "find": find,
        "listings": listed[:MOST_LISTINGS],
        "listed": listed.count(),
    }


def _enrolment(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    rows = Enrolment.objects.visible_to(request.user).filter(partner=found)
    return {
        "enrolments": rows.select_related("payer", "facility").order_by("payer__name"),
        "enrolment_form": payer_forms.EnrolmentForm(),
    }


def _history(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    changes = list(TradingPartnerHistory._default_manager.filter(pgh_obj=found.pk).order_by("-pgh_id")[:50])
    return {"changes": why.changes_in_words(found, changes)}


_CONTEXTS = {
    "connection": _connection,
    "identity": _identity,
    "payers": _payers,
    "enrolment": _enrolment,
    "history": _history,
}


def saved(
    request: PageRequest, found: TradingPartner, form: Any, *, tab: str, name: str, done: str
) -> HttpResponse:
    """A form of one tab: saved, or shown again with what is wrong."""
    if not form.is_valid():
        found.refresh_from_db()
        return show(request, found, tab, status=422, **{name: form})
    form.save()
    messages.success(request, done)
    return redirect(f"{reverse('partner', args=[found.pk])}?tab={tab}")


@page("partner.update", methods=("POST",))
def save_connection(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """Settings and credentials: what is stored of a secret never comes back."""
    found = find_partner(request, partner_id, locked=True)
    form = partner_forms.ConnectionForm(found, request.POST)
    if not form.is_valid():
        return show(request, found, "connection", status=422, connection_form=form)
    trying.save_connection(found, settings=form.settings, credentials=form.credentials)
    if "try" in request.POST:
        _begin_trying(found)
        messages.success(request, "Saved. We are trying it out: what comes of it shows below.")
    else:
        messages.success(request, "Saved. Try it out to see whether it works.")
    return redirect("partner", found.pk)


@page("partner.update", methods=("POST",))
def save_limits(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    form = partner_forms.LimitsForm(request.POST, instance=found)
    return saved(request, found, form, tab="connection", name="limits_form", done="The limits are saved.")


@page("partner.update", methods=("POST",))
def save_files(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    form = partner_forms.FilesForm(request.POST, instance=found)
    return saved(request, found, form, tab="connection", name="files_form", done="Saved.")


@page("partner.update", methods=("POST",))
def save_identity(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    form = partner_forms.IdentityForm(request.POST, instance=found)
    return saved(request, found, form, tab="identity", name="identity_form", done="The identity is saved.")


def _begin_trying(found: TradingPartner) -> None:
    trying.begin(found)
    ring(tasks.try_out_task, found.organization_id, found.pk)


@page("partner.update", methods=("POST",))
def try_partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """Rings a worker: no request holds a transaction while a partner is reached."""
    found = find_partner(request, partner_id)
    _begin_trying(found)
    if request.htmx:
        return _test_result(request, found)
    messages.success(request, "We are trying it out: reload in a moment.")
    return redirect("partner", found.pk)


@page("partner.read")
def test_result(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """What trying it out found so far; asked for until it is over."""
    return _test_result(request, find_partner(request, partner_id))


def _test_result(request: PageRequest, found: TradingPartner) -> HttpResponse:
    context = {"partner": found, "zone": request.organization.time_zone, "now": timezone.now()}
    return TemplateResponse(request, "tradingpartners/_test.html", context)


@page("partner.update", methods=("POST",))
def pause_partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    form = payer_forms.PauseForm(request.POST)
    if not form.is_valid():
        return show(request, found, "connection", status=422, pause_form=form)
    pausing.pause_partner(found, reason=form.cleaned_data["reason"])
    messages.success(request, "Paused: nothing goes out until you resume. What is out still comes back.")
    return redirect("partner", found.pk)


@page("partner.update", methods=("POST",))
def resume_partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    pausing.resume_partner(found, reason=why.RESUMED)
    transaction.on_commit(tasks.ring_units, robust=True)
    messages.success(request, "Resumed: what waits goes out now.")
    return redirect("partner", found.pk)


@page("partner.update", methods=("POST",))
def switch_poller(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """Fetched again at once; not fetched for a reason."""
    found = find_partner(request, partner_id)
    if found.poller_paused:
        pausing.resume_poller(found, reason=why.RESUMED)
        messages.success(request, "Answers are fetched again.")
        return redirect("partner", found.pk)
    form = payer_forms.PauseForm(request.POST)
    if not form.is_valid():
        return show(request, found, "connection", status=422, poller_form=form)
    pausing.pause_poller(found, reason=form.cleaned_data["reason"])
    messages.success(request, "Answers are not fetched until you resume.")
    return redirect("partner", found.pk)
