"""Routes and enrolments of one connection: what its tabs do."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from practice.pages import PageRequest, page
from tradingpartners.models import Enrolment, Route, TradingPartner
from tradingpartners.services import listed_routes
from tradingpartners.setup import payer_forms
from tradingpartners.setup.partner_views import find_partner, saved, show


@page("partner.update", methods=("POST",))
def add_route(request: PageRequest, partner_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    form = payer_forms.RouteForm(request.POST, instance=Route(partner=found, transaction_set="270"))
    return saved(request, found, form, tab="payers", name="route_form", done="The route is there.")


@page("partner.update", methods=("POST",))
def add_listed_routes(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """The payers ticked among those the clearinghouse lists."""
    found = find_partner(request, partner_id)
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
def change_route(request: PageRequest, partner_id: UUID, route_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    route = _find_route(request, found, route_id)
    form = payer_forms.RouteChangeForm(request.POST, instance=route)
    if not form.is_valid():
        route.refresh_from_db()
        return show(request, found, "payers", status=422, changing=route, change_form=form)
    form.save()
    messages.success(request, "The route is changed.")
    return redirect(f"{reverse('partner', args=[found.pk])}?tab=payers")


def _find_route(request: PageRequest, found: TradingPartner, route_id: UUID) -> Route:
    routes = Route.objects.visible_to(request.user).select_related("payer")
    return get_object_or_404(routes, pk=route_id, partner=found)


@page("partner.update", methods=("POST",))
def remove_route(request: PageRequest, partner_id: UUID, route_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    route = _find_route(request, found, route_id)
    route.is_deleted = True
    route.save(update_fields=["is_deleted"])
    messages.success(request, "The route is gone. What is out through it still comes back.")
    return redirect(f"{reverse('partner', args=[found.pk])}?tab=payers")


@page("partner.update", methods=("POST",))
def add_enrolment(request: PageRequest, partner_id: UUID) -> HttpResponse:
    """A new one, or the state of one that is there."""
    found = find_partner(request, partner_id)
    same = Enrolment.objects.visible_to(request.user).filter(
        partner=found,
        payer=_uuid(request.POST.get("payer")),
        facility=_uuid(request.POST.get("facility")),
        transaction_set="270",
    )
    instance = same.first() or Enrolment(partner=found, transaction_set="270")
    form = payer_forms.EnrolmentForm(request.POST, instance=instance)
    with timezone.override(request.organization.zone):
        return saved(request, found, form, tab="enrolment", name="enrolment_form", done="Noted.")


@page("partner.update", methods=("POST",))
def remove_enrolment(request: PageRequest, partner_id: UUID, enrolment_id: UUID) -> HttpResponse:
    found = find_partner(request, partner_id)
    rows = Enrolment.objects.visible_to(request.user)
    noted = get_object_or_404(rows, pk=enrolment_id, partner=found)
    noted.is_deleted = True
    noted.save(update_fields=["is_deleted"])
    messages.success(request, "Removed: without a note a payer is asked without enrolment.")
    return redirect(f"{reverse('partner', args=[found.pk])}?tab=enrolment")


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
