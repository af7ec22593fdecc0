"""Payers as a practice sees them, and under whose name they are asked."""

from __future__ import annotations

from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from practice.models import Facility
from practice.pages import PageRequest, page
from tradingpartners import tasks
from tradingpartners.models import (
    Payer,
    PayerPause,
    ProviderIdentity,
    Route,
)
from tradingpartners.services import pausing
from tradingpartners.setup import payer_forms, why


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
        "form": form or payer_forms.PauseForm(),
        "zone": request.organization.time_zone,
    }
    return TemplateResponse(request, "tradingpartners/payer.html", context, status=status)


@page("partner.update", methods=("POST",))
def pause_payer(request: PageRequest, payer_id: UUID) -> HttpResponse:
    found = get_object_or_404(Payer, pk=payer_id)
    form = payer_forms.PauseForm(request.POST)
    with timezone.override(request.organization.zone):
        if not form.is_valid():
            return _show_payer(request, found, form=form, status=422)
    pausing.pause_payer(found, reason=form.cleaned_data["reason"], resumes_at=form.cleaned_data["resumes_at"])
    messages.success(request, "Paused here: its members wait, everybody else's go on.")
    return redirect("payer", found.pk)


@page("partner.update", methods=("POST",))
def resume_payer(request: PageRequest, payer_id: UUID) -> HttpResponse:
    found = get_object_or_404(Payer, pk=payer_id)
    pausing.resume_payer(found, reason=why.RESUMED)
    transaction.on_commit(tasks.ring_units, robust=True)
    messages.success(request, "Resumed: whoever waited is asked about now.")
    return redirect("payer", found.pk)


# --- who asks ----------------------------------------------------------------------------------------


@page("partner.read")
def identities(request: PageRequest) -> HttpResponse:
    return _show_identities(request, payer_forms.ProviderIdentityForm())


def _show_identities(
    request: PageRequest, form: payer_forms.ProviderIdentityForm, *, status: int = 200
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
    form = payer_forms.ProviderIdentityForm(request.POST)
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
