"""How endpoints describe themselves in OpenAPI: the problem document and the headers all share."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

PROBLEM_JSON = "application/problem+json"


class FieldError(serializers.Serializer[Any]):
    """One thing that is wrong with one field."""

    field = serializers.CharField(help_text="Path of the field, e.g. `payer_ids.0`; empty: the whole.")
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people.")


class Problem(serializers.Serializer[Any]):
    """RFC 9457. `code` says which kind of problem; the words may change, the codes do not."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldError(many=True)  # type: ignore[assignment]  # a declared field, moved away by DRF
    error_id = serializers.UUIDField(required=False, help_text="To find a failure of ours in the log.")


_WHEN = {
    400: "The request does not have the right shape.",
    401: "No token or session, or one that is not valid.",
    403: "The role does not include this.",
    404: "There is no such thing here.",
    409: "It cannot be done now.",
    422: "The idempotency key was used for another request.",
    429: "Too many requests: wait as long as Retry-After says.",
    500: "Our fault; `error_id` finds it in the log.",
    503: "The service is not available for the moment.",
}


def answers(*also: int, **good: Any) -> dict[Any, Any]:
    """The `responses` of an endpoint: `answers(404, ok=Sweep)`, and the problems every one may have."""
    codes = {"ok": 200, "created": 201}
    described: dict[Any, Any] = {codes[name]: shape for name, shape in good.items()}
    for status in sorted({401, 403, 429, 500, 503, *also}):
        described[status, PROBLEM_JSON] = OpenApiResponse(Problem, description=_WHEN[status])
    return described


def answer_header(name: str, words: str, *statuses: int) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=words,
        response=[str(status) for status in statuses],
    )


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200},
    OpenApiParameter.HEADER,
    required=True,
    description="The same key with the same body makes one thing and gets one answer, however often sent.",
)
RATE_HEADERS = [
    answer_header("RateLimit-Limit", "Requests a minute.", 200, 201, 429),
    answer_header("RateLimit-Remaining", "How many of them are left.", 200, 201, 429),
    answer_header("RateLimit-Reset", "Seconds until they are counted anew.", 200, 201, 429),
    answer_header("Retry-After", "Seconds to wait.", 429, 503),
]
