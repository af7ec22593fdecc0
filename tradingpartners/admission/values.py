"""What is asked of a book of admissions, and what it answers. Times are seconds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, Self
from uuid import UUID

from tradingpartners.models import Lane, Payer
from tradingpartners.retries import RETRY_FLOOR, RETRY_SHARE

# A call that took this share of its payer's timeout is slow, whatever came of it.
_SLOW_SHARE = 0.8
# A lease outlives the call it is for, and ends by itself where its process was lost.
_LEASE_MARGIN = 5.0
# No connection makes more calls a second: no payer answers within 5 ms, and one that refuses or
# answers nonsense at once is not hammered.
_CALLS_PER_CONNECTION = 200.0


class Refusal(StrEnum):
    """Why a call may not go now; `Dispatch.waits_for`."""

    BREAKER = "breaker"
    BULKHEAD = "bulkhead"
    RATE = "rate"
    RETRY_BUDGET = "retry_budget"
    # Nobody can say how hard the payer is pushed by others, and nobody waits at a desk for this.
    REDIS_AWAY = "redis_away"


class Verdict(StrEnum):
    """What a call says of the payer's health."""

    GOOD = "good"
    FAILED = "failed"
    # It was taken, and its answer comes later: enough for a trial, and no more; the answer is told.
    PROMISED = "promised"
    # It never reached the payer, or says nothing of it: a practice's password, its own limit.
    IGNORED = "ignored"


class Ask(NamedTuple):
    """One call that wants to go. `token` names it in the book; a retry is a later attempt."""

    payer_id: UUID
    lane: Lane
    organization_id: UUID
    token: str
    is_retry: bool = False


class Grant(NamedTuple):
    """It may go. `era`: the stretch of the breaker's life in which its result counts."""

    ask: Ask
    era: int


class Refused(NamedTuple):
    """It may not go now; asking again is worth while after `retry_in` seconds."""

    code: Refusal
    retry_in: float


class Change(NamedTuple):
    """The breaker moved to `state`; the figures are the window's. `at`: seconds since 1970."""

    id: str
    payer_id: UUID
    state: str
    reason: str
    calls: int
    failures: int
    slow: int
    at: float


class Limits(NamedTuple):
    """A payer's isolation policy for one lane."""

    failures_in_a_row: int
    failure_rate: float
    window: float
    minimum_calls: int
    open_time: float
    slow_after: float
    lease: float
    connections: int
    rate: float
    retry_share: float
    retry_floor: int

    @classmethod
    def of(cls, payer: Payer, lane: Lane) -> Self:
        timeout = payer.timeout.total_seconds()
        connections = payer.live_connections if lane == Lane.LIVE else payer.batch_connections
        return cls(
            failures_in_a_row=max(1, payer.breaker_failures),
            failure_rate=max(1, payer.breaker_failure_rate) / 100,
            window=max(1.0, payer.breaker_window.total_seconds()),
            minimum_calls=max(1, payer.breaker_minimum_calls),
            open_time=max(1.0, payer.breaker_open_time.total_seconds()),
            slow_after=_SLOW_SHARE * timeout,
            lease=timeout + _LEASE_MARGIN,
            connections=connections,
            rate=_CALLS_PER_CONNECTION * max(1, connections),
            retry_share=RETRY_SHARE,
            retry_floor=RETRY_FLOOR,
        )

    def divided(self, processes: int) -> Self:
        """The share of one process that does not know what the others do."""
        return self._replace(
            connections=min(self.connections, max(1, self.connections // processes)),
            rate=self.rate / processes,
            retry_floor=max(1, self.retry_floor // processes),
        )


class Book(Protocol):
    """Who may call which payer now, and how its calls went."""

    def admit(self, ask: Ask, limits: Limits, *, now: float | None = None) -> Grant | Refused:
        """All or nothing: a refused call has taken no slot and used up no budget."""

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
        """The call is over. Its result counts if its lease is still held and the breaker has not
        moved since; `jitter` (0 to 1) lengthens an open time by up to a quarter."""

    def tell(
        self, ask: Ask, limits: Limits, verdict: Verdict, *, now: float | None = None, jitter: float = 0.0
    ) -> None:
        """What an answer says that came when its call was long over. It counts as a call does, while the
        breaker is closed; it is no trial, which is made of what the payer does now."""

    def changes(self) -> Sequence[Change]:
        """Moves of breakers that nobody has noted yet, oldest first."""

    def forget(self, changes: Sequence[Change]) -> None:
        """These are noted."""
