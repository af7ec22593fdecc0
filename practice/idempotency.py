"""`Idempotency-Key`: a POST that makes something makes it once, however often it is sent.

The key's row and the made thing are one transaction, the one `OrganizationView` holds around the
handler: a process killed in the middle leaves neither. A refused request keeps no key, so it may be
corrected and sent again under the same one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import connection
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from practice.models import IdempotencyKey
from practice.tenancy import current_organization_id

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200

V = TypeVar("V")
P = ParamSpec("P")
Handler = Callable[Concatenate[V, Request, P], Response]


class KeyWanted(ValidationError):
    default_code = "idempotency_key_wanted"

    def __init__(self, sentence: str) -> None:
        super().__init__({HEADER: [ErrorDetail(sentence, self.default_code)]})


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request."


class KeyInProgress(APIException):
    status_code = 409
    default_code = "idempotency_key_in_progress"
    default_detail = "The first request with this Idempotency-Key is still at work."
    wait = 1


def once(handler: Handler[V, P]) -> Handler[V, P]:
    """Wraps the handler of a POST that makes something."""

    @wraps(handler)
    def inside(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        key, digest = key_of(request), digest_of(request)
        if not _lock(key):
            raise KeyInProgress
        kept = IdempotencyKey.all_objects.filter(organization=current_organization_id(), key=key).first()
        if kept is not None:
            if bytes(kept.request_sha256) != digest:
                raise KeyReused
            return _replay(kept)
        response = handler(view, request, *args, **kwargs)
        _keep(key, digest, response)
        return response

    return inside


def key_of(request: Request) -> str:
    key = request.headers.get(HEADER, "").strip()
    if not key:
        raise KeyWanted(f"Send the header {HEADER} with a value of your own choice, new for each request.")
    if len(key) > LONGEST or not key.isprintable():
        raise KeyWanted(f"It has at most {LONGEST} characters, all of them printable.")
    return key


def digest_of(request: Request) -> bytes:
    """What makes two requests the same: method, path and the body's meaning, not its spelling."""
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).digest()


def _lock(key: str) -> bool:
    """Whether nobody else is at work under this key; let go with the transaction, however it ends."""
    number = hashlib.sha256(b"idempotency|" + current_organization_id().bytes + key.encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(number[:8], "big", signed=True)]
        )
        return bool(cursor.fetchone()[0])


def _keep(key: str, digest: bytes, response: Response) -> None:
    # As text: jsonb does not keep the order of names, and a repeated answer is the same to the byte.
    IdempotencyKey.objects.create(
        key=key,
        request_sha256=digest,
        status_code=response.status_code,
        response={
            "location": response.headers.get("Location", ""),
            "body": JSONRenderer().render(response.data).decode(),
        },
    )


def _replay(kept: IdempotencyKey) -> Response:
    stored: dict[str, Any] = kept.response or {}
    headers = {REPLAYED: "true"} | ({"Location": stored["location"]} if stored["location"] else {})
    return Response(json.loads(stored["body"]), status=kept.status_code, headers=headers)
