"""The doors: signing in and out, and choosing a practice."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from practice.models import Organization, User
from practice.tenancy import acting_as, dispatcher


class SignIn(LoginView):
    template_name = "practice/sign_in.html"
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Operators have no patient pages: they begin in the administration."""
        return "/admin/" if self.request.user.is_superuser else super().get_default_redirect_url()


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose_organization(request: HttpRequest) -> HttpResponse:
    """Which practice this session works in."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  login_required lets nobody else in
    organizations = organizations_of(user)
    if request.method == "POST":
        chosen = request.POST.get("organization", "")
        if chosen not in {str(key) for key, _ in organizations}:
            return HttpResponseBadRequest("You do not belong to this practice.")
        request.session["organization"] = chosen
        return redirect("/admin/" if user.is_superuser else "/")
    context = {"organizations": organizations, "chosen": getattr(request, "organization_id", None)}
    return render(request, "practice/organization.html", context)


def organizations_of(user: User) -> list[tuple[UUID, str]]:
    """A person's own practices; all of them, by name only, for an operator."""
    if user.is_superuser:
        with dispatcher():
            return list(Organization.objects.order_by("name").values_list("id", "name"))
    with acting_as(user.pk):
        return list(
            Organization.objects.filter(memberships__user=user, memberships__is_deleted=False)
            .order_by("name")
            .values_list("id", "name")
        )
