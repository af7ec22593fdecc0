"""API tokens: `Authorization: Bearer pf_…`. Only the hash of a token is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from practice.middleware import OrganizationRequest
from practice.models import ApiToken, User
from practice.tenancy import dispatcher, tenant

PREFIX = "pf_"


def make_token(*, user: User, name: str, expires_at: datetime | None = None) -> str:
    """A new token of the person for the organization in context; returned once, stored hashed."""
    secret = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user,
        name=name,
        secret_sha256=_digest(secret),
        expires_at=expires_at or timezone.now() + timedelta(days=90),
    )
    return secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        with dispatcher():  # which organization a token opens is not known before it is found
            found = (
                ApiToken.objects.filter(secret_sha256=_digest(secret), revoked_at=None)
                .values_list("id", "organization_id", "expires_at", "user_id", named=True)
                .first()
            )
        if found is None or found.expires_at < timezone.now():
            raise AuthenticationFailed("This token is not valid.")
        user = User.objects.filter(pk=found.user_id, is_active=True).first()
        if user is None:
            raise AuthenticationFailed("This token is not valid.")
        with tenant(found.organization_id, actor=user.pk):
            ApiToken.objects.filter(pk=found.id).update(last_used_at=timezone.now())
            token = ApiToken.objects.get(pk=found.id)
        cast(OrganizationRequest, request._request).organization_id = found.organization_id
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its __init_subclass__
    target_class = "practice.api_authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
