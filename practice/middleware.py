"""What every request gets: no-store and a content policy, and the organization it works in."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from practice.models import Membership, User
from practice.tenancy import acting_as

Handler = Callable[[HttpRequest], HttpResponse]

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self';"
    " form-action 'self'; object-src 'none'"
)


class PrivatePages:
    """Pages with health data are kept by no browser, proxy or back button."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.handler(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response


class OrganizationRequest(HttpRequest):
    """A request that has passed `CurrentOrganization`."""

    organization_id: UUID | None


class CurrentOrganization:
    """`request.organization_id`: the one chosen in the session if the person still belongs to it,
    else their first. Platform operators belong to none and choose any."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: OrganizationRequest) -> HttpResponse:
        request.organization_id = None
        if request.user.is_authenticated:
            request.organization_id = current_organization(request.user, request.session.get("organization"))
        return self.handler(request)


def current_organization(user: User, chosen: str | None) -> UUID | None:
    if user.is_superuser:
        return UUID(chosen) if chosen else None
    with acting_as(user.pk):
        mine = list(
            Membership.objects.filter(user=user).order_by("id").values_list("organization_id", flat=True)
        )
    return next((o for o in mine if str(o) == chosen), mine[0] if mine else None)
