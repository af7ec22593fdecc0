"""Connections, payers and who asks: the pages of whoever sets them up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from practice.models import Facility
from practice.pages import PageRequest, page
from tradingpartners import tasks
from tradingpartners.bells import ring
from tradingpartners.events import feeds
from tradingpartners.models import (
    Enrolment,
    Payer,
    PayerPause,
    ProviderIdentity,
    Route,
    TradingPartner,
    TradingPartnerHistory,
)
from tradingpartners.services import listed_routes, pausing, trying
from tradingpartners.setup import forms, why
from tradingpartners.setup.presets import PRESETS

TABS = {
    "connection": "Connection",
    "identity": "Identity",
    "payers": "Payers and routes",
    "enrolment": "Enrolment",
    "history": "History",
}

MOST_LISTINGS = 200

# What the history says of a button that asks for no reason.
RESUMED = "resumed on its page"


# --- connections ------------------------------------------------------------------------------


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
    form = forms.NewPartnerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if TradingPartner.objects.filter(name=given["name"]).exists():
            form.add_error("name", "A connection with this name is here already.")
        else:
            made = trying.start_partner(PRESETS[given["preset"]].fields, given)
            messages.success(request, "Now complete the connection, then try it out.")
            return redirect("partner", made.pk)
    context = {"section": "partners", "form": form, "presets": PRESETS}
    status = 422 if request.method == "POST" else 200
    return TemplateResponse(request, "tradingpartners/partner_new.html", context, status=status)


def _partner(request: PageRequest, partner_id: UUID) -> TradingPartner:
    return get_object_or_404(TradingPartner.objects.visible_to(request.user), pk=partner_id)


@page("partner.read")
def partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """One connection, tab by tab."""
    return _show(request, _partner(request, partner_id), request.GET.get("tab", "connection"))


def _show(
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
        "connection_form": forms.ConnectionForm(found),
        "limits_form": forms.LimitsForm(instance=found),
        "files_form": forms.FilesForm(instance=found),
        "feed": next((feed for feed in feeds(request.user) if feed.partner.pk == found.pk), None),
        "pause_form": forms.PauseForm(),
    }


def _identity(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    return {"identity_form": forms.IdentityForm(instance=found)}


def _payers(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    routes = (
        Route.objects.visible_to(request.user)
        .filter(partner=found)
        .select_related("payer")
        .order_by("payer__name", "environment", "preference")
    )
    find = request.GET.get("find", "").strip()[:100]
    listed = listed_routes.unrouted_listings(found)
    if find:
        listed = listed.filter(Q(name__icontains=find) | Q(identifier__iexact=find))
    return {
        "routes": routes,
        "route_form": forms.RouteForm(),
        "find": find,
        "listings": listed[:MOST_LISTINGS],
        "listed": listed.count(),
    }


def _enrolment(request: PageRequest, found: TradingPartner) -> dict[str, Any]:
    rows = Enrolment.objects.visible_to(request.user).filter(partner=found)
    return {
        "enrolments": rows.select_related("payer", "facility").order_by("payer__name"),
        "enrolment_form": forms.EnrolmentForm(),
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


def _saved(
    request: PageRequest, found: TradingPartner, form: Any, *, tab: str, name: str, done: str
) -> HttpResponse:
    """A form of one tab: saved, or shown again with what is wrong."""
    if not form.is_valid():
        found.refresh_from_db()
        return _show(request, found, tab, status=422, **{name: form})
    form.save()
    messages.success(request, done)
    return redirect(f"{reverse('partner', args=[found.pk])}?tab={tab}")


@page("partner.update", methods=("POST",))
def save_connection(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """Settings and credentials: what is stored of a secret never comes back."""
    found = _partner(request, partner_id)
    form = forms.ConnectionForm(found, request.POST)
    if not form.is_valid():
        return _show(request, found, "connection", status=422, connection_form=form)
    trying.save_connection(found, settings=form.settings, credentials=form.credentials)
    messages.success(request, "Saved. Try it out to see whether it works.")
    return redirect("partner", found.pk)


@page("partner.update", methods=("POST",))
def save_limits(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    form = forms.LimitsForm(request.POST, instance=found)
    return _saved(request, found, form, tab="connection", name="limits_form", done="The limits are saved.")


@page("partner.update", methods=("POST",))
def save_files(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    form = forms.FilesForm(request.POST, instance=found)
    return _saved(request, found, form, tab="connection", name="files_form", done="Saved.")


@page("partner.update", methods=("POST",))
def save_identity(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    form = forms.IdentityForm(request.POST, instance=found)
    return _saved(request, found, form, tab="identity", name="identity_form", done="The identity is saved.")


@page("partner.update", methods=("POST",))
def try_partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """Rings a worker: no request holds a transaction while a partner is reached."""
    found = _partner(request, partner_id)
    trying.begin(found)
    ring(tasks.try_out_task, found.organization_id, found.pk)
    if request.htmx:
        return _test_result(request, found)
    messages.success(request, "We are trying it out: reload in a moment.")
    return redirect("partner", found.pk)


@page("partner.read")
def test_result(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """What trying it out found so far; asked for until it is over."""
    return _test_result(request, _partner(request, partner_id))


def _test_result(request: PageRequest, found: TradingPartner) -> HttpResponse:
    context = {"partner": found, "zone": request.organization.time_zone, "now": timezone.now()}
    return TemplateResponse(request, "tradingpartners/_test.html", context)


@page("partner.update", methods=("POST",))
def pause_partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    form = forms.PauseForm(request.POST)
    if not form.is_valid():
        return _show(request, found, "connection", status=422, pause_form=form)
    pausing.pause_partner(found, reason=form.cleaned_data["reason"])
    messages.success(request, "Paused: nothing goes out until you resume. What is out still comes back.")
    return redirect("partner", found.pk)


@page("partner.update", methods=("POST",))
def resume_partner(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    pausing.resume_partner(found, reason=RESUMED)
    transaction.on_commit(tasks.ring_units, robust=True)
    messages.success(request, "Resumed: what waits goes out now.")
    return redirect("partner", found.pk)


@page("partner.update", methods=("POST",))
def switch_poller(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    switch = pausing.resume_poller if found.poller_paused else pausing.pause_poller
    switch(found, reason="switched on the connection's page")
    messages.success(
        request,
        "Answers are fetched again." if found.poller_paused else "Answers are not fetched until you resume.",
    )
    return redirect("partner", found.pk)


# --- routes and enrolments of one connection -----------------------------------------------------


@page("partner.update", methods=("POST",))
def add_route(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    form = forms.RouteForm(request.POST, instance=Route(partner=found, transaction_set="270"))
    return _saved(request, found, form, tab="payers", name="route_form", done="The route is there.")


@page("partner.update", methods=("POST",))
def add_listed_routes(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """The payers ticked among those the clearinghouse lists."""
    found = _partner(request, partner_id)
    chosen = [pk for text in request.POST.getlist("listing") if (pk := _uuid(text))]
    added = listed_routes.add_listed_routes(found, chosen)
    if added.routes:
        messages.success(request, f"Routes added: {added.routes}.")
    else:
        messages.warning(request, "Nothing was added: tick the payers you want to ask.")
    if added.enrolments:
        messages.warning(
            request,
            f"Payers that want an enrolment first: {added.enrolments}. They are noted under Enrolment.",
        )
    return redirect(f"{reverse('partner', args=[found.pk])}?tab=payers")


@page("partner.update", methods=("POST",))
def remove_route(request: PageRequest, partner_id: UUID, route_id: UUID) -> HttpResponse:
    found = _partner(request, partner_id)
    route = get_object_or_404(Route.objects.visible_to(request.user), pk=route_id, partner=found)
    route.is_deleted = True
    route.save(update_fields=["is_deleted"])
    messages.success(request, "The route is gone. What is out through it still comes back.")
    return redirect(f"{reverse('partner', args=[found.pk])}?tab=payers")


@page("partner.update", methods=("POST",))
def add_enrolment(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """A new one, or the state of one that is there."""
    found = _partner(request, partner_id)
    same = Enrolment.objects.visible_to(request.user).filter(
        partner=found,
        payer=_uuid(request.POST.get("payer")),
        facility=_uuid(request.POST.get("facility")),
        transaction_set="270",
    )
    instance = same.first() or Enrolment(partner=found, transaction_set="270")
    form = forms.EnrolmentForm(request.POST, instance=instance)
    return _saved(request, found, form, tab="enrolment", name="enrolment_form", done="Noted.")


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


# --- payers ----------------------------------------------------------------------------------------


@page("partner.read")
def payers(request: PageRequest) -> HttpResponse:
    """Every payer this practice has a route to, and whether it may be asked now."""
    routes = Route.objects.visible_to(request.user).filter(payer=OuterRef("pk"))
    pauses = {
        pause.payer_id: pause for pause in PayerPause.objects.visible_to(request.user).filter(ended_at=None)
    }
    rows = (
        Payer.objects.filter(Exists(routes))
        .annotate(clearinghouses=Count("listings", distinct=True))
        .order_by("name")
    )
    context = {
        "section": "payers",
        "rows": [(payer, pauses.get(payer.pk)) for payer in rows],
        "others": Payer.objects.exclude(Exists(routes)).filter(is_active=True).order_by("name")[:500],
        "zone": request.organization.time_zone,
    }
    return TemplateResponse(request, "tradingpartners/payers.html", context)


@page("partner.read")
def payer(request: PageRequest, payer_id: UUID) -> HttpResponse:
    """Why can't I check this payer? For each facility, each route, and what stands in the way."""
    return _show_payer(request, get_object_or_404(Payer, pk=payer_id))


def _show_payer(
    request: PageRequest, found: Payer, *, form: django_forms.Form | None = None, status: int = 200
) -> HttpResponse:
    facilities = Facility.objects.visible_to(request.user).order_by("name")
    context = {
        "section": "payers",
        "payer": found,
        "pause": PayerPause.objects.visible_to(request.user).filter(payer=found, ended_at=None).first(),
        "answers": [(facility, why.explain(found, facility)) for facility in facilities],
        "form": form or forms.PauseForm(),
        "zone": request.organization.time_zone,
    }
    return TemplateResponse(request, "tradingpartners/payer.html", context, status=status)


@page("partner.update", methods=("POST",))
def pause_payer(request: PageRequest, payer_id: UUID) -> HttpResponse:
    found = get_object_or_404(Payer, pk=payer_id)
    form = forms.PauseForm(request.POST)
    with timezone.override(request.organization.zone):
        if not form.is_valid():
            return _show_payer(request, found, form=form, status=422)
    pausing.pause_payer(found, reason=form.cleaned_data["reason"], resumes_at=form.cleaned_data["resumes_at"])
    messages.success(request, "Paused here: its members wait, everybody else's go on.")
    return redirect("payer", found.pk)


@page("partner.update", methods=("POST",))
def resume_payer(request: PageRequest, payer_id: UUID) -> HttpResponse:
    found = get_object_or_404(Payer, pk=payer_id)
    pausing.resume_payer(found, reason=RESUMED)
    transaction.on_commit(tasks.ring_units, robust=True)
    messages.success(request, "Resumed: whoever waited is asked about now.")
    return redirect("payer", found.pk)


# --- who asks ----------------------------------------------------------------------------------------


@page("partner.read")
def identities(request: PageRequest) -> HttpResponse:
    return _show_identities(request, forms.ProviderIdentityForm())


def _show_identities(
    request: PageRequest, form: forms.ProviderIdentityForm, *, status: int = 200
) -> HttpResponse:
    rows = ProviderIdentity.objects.visible_to(request.user).select_related("facility", "payer")
    context = {
        "section": "payers",
        "form": form,
        "rows": rows.order_by("facility__name", "payer__name"),
        "facilities": Facility.objects.visible_to(request.user).order_by("name"),
    }
    return TemplateResponse(request, "tradingpartners/identities.html", context, status=status)


@page("partner.update", methods=("POST",))
def add_identity(request: PageRequest) -> HttpResponse:
    form = forms.ProviderIdentityForm(request.POST)
    if not form.is_valid():
        return _show_identities(request, form, status=422)
    form.save()
    messages.success(request, "From now on payers are asked under this name and number.")
    return redirect("identities")


@page("partner.update", methods=("POST",))
def remove_identity(request: PageRequest, identity_id: UUID) -> HttpResponse:
    row = get_object_or_404(ProviderIdentity.objects.visible_to(request.user), pk=identity_id)
    row.is_deleted = True
    row.save(update_fields=["is_deleted"])
    messages.success(request, "Removed: the facility's own name and number are used instead.")
    return redirect("identities")
