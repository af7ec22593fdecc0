"""Pages of connections: how they are doing, live."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from practice.pages import PageRequest, page
from tradingpartners import events


@page("partner.read")
def event_stream(request: PageRequest) -> HttpResponse:
    """Each connection's state and what just happened; the fragment is fetched anew every few seconds."""
    try:
        partner_id = UUID(request.GET.get("partner", ""))
    except ValueError:
        partner_id = None
    only_bad = request.GET.get("show") == "trouble"
    context = {
        "section": "events",
        "feeds": events.feeds(request.user),
        "events": events.events(request.user, partner_id=partner_id, only_bad=only_bad),
        "chosen": partner_id,
        "only_bad": only_bad,
        "zone": request.organization.time_zone,
        "now": timezone.now(),
    }
    template = "tradingpartners/_events.html" if request.htmx else "tradingpartners/events.html"
    return TemplateResponse(request, template, context)
