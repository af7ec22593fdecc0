"""How many requests a program or a person may make, counted in Redis for all processes together."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from practice.models import ApiToken


class RequestRate(BaseThrottle):
    """So many requests a minute for each token, or for each signed-in person.

    Redis may be lost at any moment: requests then go on uncounted and without the headers, and
    Redis is left alone for some seconds, so that not each request waits for it.
    """

    per_minute = 600
    rest_seconds = 10
    away_until = 0.0

    def __init__(self) -> None:
        self.used: int | None = None
        self.reset = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        minute, past = divmod(int(time.time()), 60)
        self.reset = 60 - past
        self.used = self.count(f"api.rate.{self.who(request)}.{minute}")
        return self.used is None or self.used <= self.per_minute

    def wait(self) -> float:
        return self.reset

    def headers(self) -> dict[str, str]:
        if self.used is None:
            return {}
        return {
            "RateLimit-Limit": str(self.per_minute),
            "RateLimit-Remaining": str(max(0, self.per_minute - self.used)),
            "RateLimit-Reset": str(self.reset),
        }

    def who(self, request: Request) -> Any:
        return request.auth.pk if isinstance(request.auth, ApiToken) else request.user.pk

    @classmethod
    def count(cls, key: str) -> int | None:
        """Requests of this minute with this one; None where Redis does not answer."""
        if time.monotonic() < cls.away_until:
            return None
        used: int | None = 1
        first = cache.add(key, 1, timeout=120)
        if not first:
            used = cls._one_more(key)
        if used is None:
            cls.away_until = time.monotonic() + cls.rest_seconds
        return used

    @staticmethod
    def _one_more(key: str) -> int | None:
        try:
            return cache.incr(key)
        except ValueError:  # it ran out between the two calls: a minute has passed
            return 1


class AddressRate(RequestRate):
    """For what needs no sign-in: by the address that asks, not by one it says it asks for."""

    per_minute = 60

    def who(self, request: Request) -> Any:
        return request.META.get("REMOTE_ADDR", "")
