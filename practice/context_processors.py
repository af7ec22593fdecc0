from typing import Any

from django.http import HttpRequest

from practice.access import MATRIX, allowed, codename


def rights(request: HttpRequest) -> dict[str, Any]:
    """`can.eligibility_update` etc. in templates: what the person may do here, for hiding buttons.

    Views ask `practice.access.require` themselves; a hidden button is a courtesy.
    """
    user, organization_id = getattr(request, "user", None), getattr(request, "organization_id", None)
    if user is None or organization_id is None:
        return {"can": {}}
    return {"can": {codename(right): allowed(user, right, organization_id) for right in MATRIX}}
