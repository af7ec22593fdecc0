"""What every page does before and after its own three steps.

`@page("eligibility.read")` lets in who may come in, opens the organization's context, renders inside
it (sealed fields open nowhere else) and logs whose data was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, cast
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from practice.access import NotAllowed, allowed
from practice.admin_site import rendered
from practice.models import Organization, ReadLog, User
from practice.tenancy import tenant


class ShowPatients(Protocol):
    def __call__(self, patient_ids: Iterable[UUID], *, reason: str = "") -> None: ...


class PageRequest(HttpRequest):
    """A request inside `@page`: a person with rights, in an organization."""

    user: User
    htmx: HtmxDetails
    organization_id: UUID
    organization: Organization
    shown_patients: ShowPatients


P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponse]


class _Shown:
    """Collects whose data one response shows; one row of the read log."""

    def __init__(self) -> None:
        self.patient_ids: dict[UUID, None] = {}
        self.reason = ""

    def __call__(self, patient_ids: Iterable[UUID], *, reason: str = "") -> None:
        self.patient_ids.update(dict.fromkeys(patient_ids))
        self.reason = reason or self.reason

    def log(self, what: str) -> None:
        if self.patient_ids:
            ReadLog.objects.create(
                what=what[:60], patient_ids=[str(i) for i in self.patient_ids], reason=self.reason
            )


def page(right: str, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[View[P]], Callable[..., Any]]:
    """A view of an organization's rows, for people who hold the right there."""
    accepted = {*methods, "HEAD"} if "GET" in methods else set(methods)

    def decorate(view: View[P]) -> Callable[..., HttpResponse]:
        name = f"{view.__module__.split('.')[0]}.{view.__name__}"

        @wraps(view)
        def inside(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in accepted:
                return HttpResponseNotAllowed(methods)
            if not request.user.is_authenticated:
                return sign_in_first(request)
            organization_id = getattr(request, "organization_id", None)
            if request.user.is_superuser:
                return refuse(request, "operator")
            if organization_id is None:
                return refuse(request, "nowhere")
            if not allowed(request.user, right, organization_id):
                return refuse(request, "role")
            try:
                with tenant(organization_id, actor=request.user.pk):
                    mine, shown = cast(PageRequest, request), _Shown()
                    mine.organization = Organization.objects.get(pk=organization_id)
                    mine.shown_patients = shown
                    response = rendered(view(mine, *args, **kwargs))
                    shown.log(name)
            except NotAllowed:
                return refuse(request, "role")
            return response

        return inside

    return decorate


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; a fragment takes the whole browser window there."""
    htmx = getattr(request, "htmx", None)
    back = request.get_full_path()
    if htmx:
        parts = urlsplit(htmx.current_url_abs_path or "/")
        back = f"{parts.path}?{parts.query}" if parts.query else parts.path
    target = f"{settings.LOGIN_URL}?{urlencode({'next': back})}"
    return HttpResponseClientRedirect(target) if htmx else HttpResponseRedirect(target)


def refuse(request: HttpRequest, why: str) -> HttpResponse:
    """The page that says kindly why not: `nowhere`, `operator` or `role`."""
    return render(request, "403.html", {"why": why}, status=403)


def back_to(request: HttpRequest, default: str) -> str:
    """Where a form said it came from, if that is a page of ours."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return default
