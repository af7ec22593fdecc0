"""The book all processes share: one script in Redis, one round trip a deed, on Redis's clock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from practice.rows import uuid7
from tradingpartners.admission import rules
from tradingpartners.admission.values import Ask, Change, Grant, Limits, Refusal, Refused, Verdict

SCRIPT = (Path(__file__).parent / "book.lua").read_text(encoding="utf-8")
# A process that has asked nothing for so long does not count among those that share a payer.
_PROCESS_FOR = 60.0
_RULES = {
    "buckets": rules.BUCKETS,
    "probes": rules.PROBES,
    "good_probes": rules.GOOD_PROBES,
    "longest_open": rules.LONGEST_OPEN,
    "jitter_share": rules.JITTER_SHARE,
    "probe_wait": rules.PROBE_WAIT,
    "slot_wait": rules.SLOT_WAIT,
    "retry_wait": rules.RETRY_WAIT,
    "burst": rules.BURST,
    "retry_window": rules.RETRY_WINDOW,
    "waiting_for": rules.WAITING_FOR,
    "spare_share": rules.SPARE_SHARE,
    "neighbour_for": rules.NEIGHBOUR_FOR,
    "forget_after": rules.FORGET_AFTER,
    "process_for": _PROCESS_FOR,
}


class SharedBook:
    """Raises `redis.RedisError` where Redis is away, within a second."""

    def __init__(self, url: str, *, process: str) -> None:
        self._url, self._process = url, process
        # How many processes ask, when Redis last said.
        self.processes = 0

    @cached_property
    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(
            self._url, decode_responses=True, socket_timeout=0.5, socket_connect_timeout=0.5
        )

    @cached_property
    def _script(self) -> Any:
        return self._redis.register_script(SCRIPT)

    def admit(self, ask: Ask, limits: Limits, *, now: float | None = None) -> Grant | Refused:
        said = self._run("admit", ask, limits, now, process=self._process)
        self.processes = int(said["processes"])
        if "code" in said:
            return Refused(Refusal(said["code"]), float(said["retry_in"]))
        return Grant(ask, int(said["era"]))

    def done(
        self,
        grant: Grant,
        limits: Limits,
        verdict: Verdict,
        seconds: float,
        *,
        now: float | None = None,
        jitter: float = 0.0,
    ) -> None:
        self._run(
            "done",
            grant.ask,
            limits,
            now,
            era=grant.era,
            verdict=verdict.value,
            seconds=seconds,
            jitter=jitter,
        )

    def tell(
        self, ask: Ask, limits: Limits, verdict: Verdict, *, now: float | None = None, jitter: float = 0.0
    ) -> None:
        self._run("tell", ask, limits, now, verdict=verdict.value, seconds=0.0, jitter=jitter)

    def _run(
        self, deed: str, ask: Ask, limits: Limits, now: float | None, **more: object
    ) -> Mapping[str, Any]:
        payer, organization = str(ask.payer_id), str(ask.organization_id)
        asked = {
            "deed": deed,
            "payer_id": payer,
            "lane": ask.lane.value,
            "organization_id": organization,
            "token": f"{organization}|{ask.token}",
            "is_retry": ask.is_retry,
            "limits": limits._asdict(),
            "rules": _RULES,
            "change_id": str(uuid7()),
            **({} if now is None else {"now": now}),
            **more,
        }
        lane = f"{payer}:{ask.lane.value}"
        keys = [
            breaker_key(ask.payer_id),
            _key(lane, "leases"),
            _key(payer, "probes"),
            _key(lane, "seen"),
            _key(lane, "waiting"),
            _key("processes"),
            _key("changes"),
        ]
        answer: dict[str, Any] = json.loads(self._script(keys=keys, args=[json.dumps(asked)]))
        return answer

    def changes(self) -> Sequence[Change]:
        texts = self._redis.lrange(_key("changes"), 0, 99)
        return [_change(json.loads(text)) for text in texts]

    def forget(self, changes: Sequence[Change]) -> None:
        noted = {change.id for change in changes}
        for text in self._redis.lrange(_key("changes"), 0, -1):
            if json.loads(text)["id"] in noted:
                self._redis.lrem(_key("changes"), 1, str(text))


def breaker_key(payer_id: UUID) -> str:
    """Where a payer's breaker is kept."""
    return _key(str(payer_id))


def _key(*parts: str) -> str:
    prefix = str(settings.CACHES["default"].get("KEY_PREFIX", ""))
    return ":".join(["admission", *([prefix] if prefix else []), *parts])


def _change(said: Mapping[str, Any]) -> Change:
    return Change(**{**said, "payer_id": UUID(said["payer_id"])})
