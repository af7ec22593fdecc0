"""The API's one exception handler: every refusal becomes a problem document (RFC 9457).

What is said is a code for programs and a sentence for people; no value anybody sent is repeated.
"""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.exceptions import APIException, NotFound, UnsupportedMediaType, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from practice.access import NotAllowed
from practice.api_limits import AddressRate
from practice.api_schema import PROBLEM_JSON
from sweeps.errors import CronError, Refusal, SweepError

log = logging.getLogger(__name__)

# In place of DRF's sentence where that repeats what was sent.
_SENTENCES = {"invalid_choice": "This is none of the possible values."}
_CONFLICTS = frozenset({Refusal.NOT_OPEN})


class Wrong(NamedTuple):
    """One thing that is wrong with one field."""

    field: str
    code: str
    detail: str


@dataclass(frozen=True)
class Problem:
    status: int
    code: str
    detail: str
    errors: list[Wrong] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    error_id: UUID | None = None

    def document(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "type": f"urn:preflight:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [wrong._asdict() for wrong in self.errors],
        }
        return said | ({"error_id": str(self.error_id)} if self.error_id else {})


NOT_FOUND = Problem(404, "not_found", "There is no such thing here.")


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any error of an endpoint; what nobody foresaw is logged under an id."""
    problem = _refusal(exc) or _failure(exc, context)
    return Response(
        problem.document(),
        status=problem.status,
        headers=dict(problem.headers),
        content_type=PROBLEM_JSON,
    )


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Addresses below /api/ that are none: said as an endpoint says it."""
    said = JSONRenderer().render(NOT_FOUND.document())
    return HttpResponse(said, status=404, content_type=PROBLEM_JSON)


def _refusal(exc: Exception) -> Problem | None:
    match exc:
        case ValidationError():
            return Problem(
                exc.status_code, exc.default_code, "The request is not as it should be.", _wrongs(exc)
            )
        case Http404() | NotFound():
            return NOT_FOUND
        case UnsupportedMediaType():
            return Problem(exc.status_code, exc.default_code, "Send JSON: Content-Type: application/json.")
        case APIException():
            return Problem(exc.status_code, exc.default_code, str(exc.detail), headers=_headers(exc))
        case SweepError():
            status = 409 if exc.code in _CONFLICTS else 400
            named = [Wrong(exc.field, exc.code, str(exc))] if exc.field else []
            return Problem(status, exc.code, str(exc), named)
        case CronError():
            return Problem(400, "cron", str(exc), [Wrong("cron", "cron", str(exc))])
        case NotAllowed():
            return Problem(403, exc.code, str(exc))
        case PermissionDenied():
            return Problem(403, "permission_denied", "This is not allowed.")
        case RequestDataTooBig():
            return Problem(413, "too_large", "The request is too large.")
        case BadRequest() | SuspiciousOperation():
            return Problem(400, "bad_request", "The request cannot be read.")
    return None


def _failure(exc: Exception, context: Mapping[str, Any]) -> Problem:
    """Ours. The message of an error may quote a row: only its type and the way to it are logged."""
    error_id = uuid4()
    log.error(
        "api error: id=%s type=%s view=%s at=%s",
        error_id,
        type(exc).__name__,
        type(context.get("view")).__name__,
        " < ".join(
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in reversed(traceback.extract_tb(exc.__traceback__)[-12:])
        ),
    )
    if isinstance(exc, OperationalError | InterfaceError):
        sentence = "The service is not available for the moment."
        return Problem(503, "unavailable", sentence, headers={"Retry-After": "5"}, error_id=error_id)
    sentence = "Something went wrong on our side; error_id finds it in the log."
    return Problem(500, "internal_error", sentence, error_id=error_id)


def _headers(exc: APIException) -> dict[str, str]:
    headers = {}
    scheme, wait = getattr(exc, "auth_header", None), getattr(exc, "wait", None)
    if scheme:
        headers["WWW-Authenticate"] = str(scheme)
    if wait:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _wrongs(exc: ValidationError) -> list[Wrong]:
    return list(_walk(exc.detail, ""))


def _walk(detail: Any, path: str) -> Iterator[Wrong]:
    """DRF nests its errors as the fields are nested; here they are paths, `payer_ids.0`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _walk(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            deeper = isinstance(inner, dict | list)
            yield from _walk(inner, f"{path}.{number}".lstrip(".") if deeper else path)
    else:
        yield Wrong(path, detail.code, _SENTENCES.get(detail.code, str(detail)))


class Description(SpectacularJSONAPIView):
    """OpenAPI of all endpoints, for everybody: it says nothing about anybody."""

    throttle_classes = [AddressRate]
