"""Sweeps by name, for pages that know a run by its correlation id alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import template

from sweeps.models import SweepRun

register = template.Library()
_SHOWN = 15


@register.simple_tag(takes_context=True)
def recent_sweeps(context: dict[str, Any], chosen: UUID | None = None) -> list[SweepRun]:
    """The newest runs the reader may see, and the chosen one however old; none in a fragment."""
    request = context["request"]
    if request.htmx:
        return []
    runs = list(SweepRun.objects.visible_to(request.user).newest_first()[:_SHOWN])
    named = None if chosen in {run.pk for run in runs} else sweep_named(context, chosen)
    return [*runs, named] if named else runs


@register.simple_tag(takes_context=True)
def sweep_named(context: dict[str, Any], run_id: UUID | None) -> SweepRun | None:
    """The run that goes by this number, if one does."""
    if run_id is None:
        return None
    return SweepRun.objects.visible_to(context["request"].user).filter(pk=run_id).first()
