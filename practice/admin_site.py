"""The admin goes through the same doors: one organization's context, no sealed field, no deleting."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse

from practice.tenancy import tenant

View = TypeVar("View", bound=Callable[..., Any])


class PreflightAdminConfig(AdminConfig):
    default_site = "practice.admin_site.PreflightAdminSite"


class PreflightAdminSite(admin.AdminSite):
    site_header = site_title = "Preflight administration"
    index_title = "Set-up"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Every admin page runs inside the chosen organization, and is rendered there."""

        @wraps(view)
        def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            organization_id = getattr(request, "organization_id", None)
            if organization_id is None:
                return rendered(view(request, *args, **kwargs))
            with tenant(organization_id, actor=request.user.pk, reason="admin"):
                return rendered(view(request, *args, **kwargs))

        return super().admin_view(cast(View, inside), cacheable)


def rendered(response: HttpResponse) -> HttpResponse:
    """Sealed fields open inside the context only, so templates must be finished there."""
    render = getattr(response, "render", None)
    return cast(HttpResponse, render()) if render else response


class RowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes none at run time
    """Base of all our admin classes.

    Sealed fields and keyed indexes are left out, evidence and states are shown and never edited,
    nothing is deleted, nothing is searched by what it says about a patient.
    """

    shown_only: tuple[str, ...] = ()
    show_full_result_count = False
    list_per_page = 50

    def _sealed(self) -> set[str]:
        return {
            field.name
            for field in self.model._meta.get_fields()
            if getattr(field, "label", "") or getattr(field, "source", "")
        }

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*(super().get_exclude(request, obj) or ()), *self._sealed()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        state = {"state", "status"} & {f.name for f in self.model._meta.get_fields()}
        return [*super().get_readonly_fields(request, obj), *self.shown_only, *state]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser or super().has_view_permission(request, obj))


class EvidenceAdmin(RowAdmin):
    """Rows that are written by the program alone."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
