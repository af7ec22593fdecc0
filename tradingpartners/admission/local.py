"""The book of one process, for while Redis is away. `book.lua` is its twin, rule by rule."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from practice.rows import uuid7
from tradingpartners.admission import rules
from tradingpartners.admission.values import Ask, Change, Grant, Limits, Refusal, Refused, Verdict
from tradingpartners.models import Lane


class _Lease(NamedTuple):
    organization_id: UUID
    until: float


class _Window:
    """Counts of the last `width` seconds, in buckets."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._buckets: dict[int, tuple[int, dict[str, int]]] = {}

    def add(self, now: float, width: float, **amounts: int) -> None:
        index = math.floor(now / (width / rules.BUCKETS))
        slot = index % rules.BUCKETS
        if slot not in self._buckets or self._buckets[slot][0] != index:
            self._buckets[slot] = (index, dict.fromkeys(self._names, 0))
        counts = self._buckets[slot][1]
        for name, amount in amounts.items():
            counts[name] += amount

    def totals(self, now: float, width: float) -> dict[str, int]:
        index = math.floor(now / (width / rules.BUCKETS))
        total = dict.fromkeys(self._names, 0)
        for bucket, counts in self._buckets.values():
            if index - rules.BUCKETS < bucket <= index:
                for name, amount in counts.items():
                    total[name] += amount
        return total

    def clear(self) -> None:
        self._buckets.clear()


class _LaneBook:
    """Who holds a slot of one lane, who waits for one, and who has asked lately."""

    def __init__(self) -> None:
        self.leases: dict[str, _Lease] = {}
        self.waiting: dict[str, _Lease] = {}
        self.seen: dict[UUID, float] = {}
        # GCRA: when the calls made so far would be over at the allowed rate.
        self.paid_until = 0.0


class _PayerBook:
    def __init__(self) -> None:
        self.state = "closed"
        self.era = 0
        self.failed_in_a_row = 0
        self.good_probes = 0
        self.times_open = 0
        self.open_until = 0.0
        self.window = _Window(("calls", "failures", "slow", "bad"))
        self.retries = _Window(("calls", "retries"))
        self.probes: dict[str, float] = {}
        self.lanes: dict[Lane, _LaneBook] = defaultdict(_LaneBook)


class LocalBook:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._payers: dict[UUID, _PayerBook] = defaultdict(_PayerBook)
        self._changes: list[Change] = []

    # --- may it go ----------------------------------------------------------------------------

    def admit(self, ask: Ask, limits: Limits, *, now: float | None = None) -> Grant | Refused:
        now = time.monotonic() if now is None else now
        with self._lock:
            book = self._payers[ask.payer_id]
            refused = (
                self._breaker_refuses(ask, book, limits, now)
                or _bulkhead_refuses(ask, book.lanes[ask.lane], limits, now)
                or _retries_refuse(ask, book, limits, now)
                or _rate_refuses(book.lanes[ask.lane], limits, now)
            )
            if refused:
                return refused
            _take(ask, book, limits, now)
            return Grant(ask, book.era)

    def _breaker_refuses(self, ask: Ask, book: _PayerBook, limits: Limits, now: float) -> Refused | None:
        if book.state == "open" and now >= book.open_until:
            self._move(ask.payer_id, book, "half_open", "open_time_over", limits, now)
        if book.state == "open":
            return Refused(Refusal.BREAKER, book.open_until - now)
        if book.state == "half_open":
            book.probes = {token: until for token, until in book.probes.items() if until > now}
            if len(book.probes) >= rules.PROBES:
                return Refused(Refusal.BREAKER, rules.PROBE_WAIT)
        return None

    # --- how it went --------------------------------------------------------------------------

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
        now = time.monotonic() if now is None else now
        with self._lock:
            ask, book = grant.ask, self._payers[grant.ask.payer_id]
            lease = book.lanes[ask.lane].leases.pop(ask.token, None)
            book.probes.pop(ask.token, None)
            is_held = lease is not None and lease.until > now
            if is_held and grant.era == book.era and verdict != Verdict.IGNORED:
                self._count(ask, book, limits, verdict, seconds >= limits.slow_after, now, jitter)

    def tell(
        self, ask: Ask, limits: Limits, verdict: Verdict, *, now: float | None = None, jitter: float = 0.0
    ) -> None:
        now = time.monotonic() if now is None else now
        with self._lock:
            book = self._payers[ask.payer_id]
            if book.state == "closed" and verdict != Verdict.IGNORED:
                self._count(ask, book, limits, verdict, False, now, jitter)

    def _count(
        self,
        ask: Ask,
        book: _PayerBook,
        limits: Limits,
        verdict: Verdict,
        is_slow: bool,
        now: float,
        jitter: float,
    ) -> None:
        """A repeat that goes badly says more of its question than of the payer: at the end of a sweep
        only repeats are left. It opens nothing, and as a trial it makes the open time no longer."""
        if verdict == Verdict.PROMISED and book.state != "half_open":
            return
        has_failed = verdict == Verdict.FAILED
        if ask.is_retry and (has_failed or is_slow):
            if book.state == "half_open":
                book.times_open = max(book.times_open - 1, 0)
                self._open(ask.payer_id, book, "trial_failed", limits, now, jitter)
            return
        book.window.add(
            now,
            limits.window,
            calls=1,
            failures=int(has_failed),
            slow=int(is_slow),
            bad=int(has_failed or is_slow),
        )
        if has_failed:
            book.failed_in_a_row += 1
        elif not is_slow:
            book.failed_in_a_row = 0
        if book.state == "half_open":
            if has_failed or is_slow:
                self._open(ask.payer_id, book, "trial_failed", limits, now, jitter)
                return
            book.good_probes += 1
            if book.good_probes >= rules.GOOD_PROBES:
                self._move(ask.payer_id, book, "closed", "trials_went_well", limits, now)
                book.times_open = 0
            return
        if (has_failed or is_slow) and (reason := _why_open(book, limits, now)):
            self._open(ask.payer_id, book, reason, limits, now, jitter)

    def _open(
        self, payer_id: UUID, book: _PayerBook, reason: str, limits: Limits, now: float, jitter: float
    ) -> None:
        self._move(payer_id, book, "open", reason, limits, now)
        longest = max(rules.LONGEST_OPEN, limits.open_time)
        span = min(limits.open_time * 2**book.times_open, longest)
        book.open_until = now + span * (1 + rules.JITTER_SHARE * jitter)
        book.times_open = min(book.times_open + 1, 30)

    def _move(
        self, payer_id: UUID, book: _PayerBook, state: str, reason: str, limits: Limits, now: float
    ) -> None:
        counts = book.window.totals(now, limits.window)
        self._changes.append(
            Change(
                str(uuid7()),
                payer_id,
                state,
                reason,
                counts["calls"],
                counts["failures"],
                counts["slow"],
                time.time(),
            )
        )
        book.state = state
        book.era += 1
        book.failed_in_a_row = book.good_probes = 0
        book.window.clear()
        book.probes.clear()

    def changes(self) -> Sequence[Change]:
        with self._lock:
            return list(self._changes)

    def forget(self, changes: Sequence[Change]) -> None:
        noted = {change.id for change in changes}
        with self._lock:
            self._changes = [change for change in self._changes if change.id not in noted]


def _why_open(book: _PayerBook, limits: Limits, now: float) -> str:
    if book.failed_in_a_row >= limits.failures_in_a_row:
        return "failures_in_a_row"
    counts = book.window.totals(now, limits.window)
    if counts["calls"] < limits.minimum_calls:
        return ""
    if counts["failures"] >= limits.failure_rate * counts["calls"]:
        return "failure_rate"
    if counts["bad"] >= limits.failure_rate * counts["calls"]:
        return "slow_rate"
    return ""


def _bulkhead_refuses(ask: Ask, lane: _LaneBook, limits: Limits, now: float) -> Refused | None:
    """No slot is free, or those that are belong to organizations that hold less than their share."""
    lane.leases = {token: lease for token, lease in lane.leases.items() if lease.until > now}
    lane.waiting = {token: one for token, one in lane.waiting.items() if one.until > now}
    lane.seen = {org: at for org, at in lane.seen.items() if at > now - rules.NEIGHBOUR_FOR}
    lane.seen[ask.organization_id] = now
    if len(lane.leases) < limits.connections - _kept_free(ask, lane, limits):
        return None
    lane.waiting[ask.token] = _Lease(ask.organization_id, now + rules.WAITING_FOR)
    return Refused(Refusal.BULKHEAD, rules.SLOT_WAIT)


def _kept_free(ask: Ask, lane: _LaneBook, limits: Limits) -> int:
    """Slots this organization must leave: none below its fair share, else one for each call of
    others below theirs that waits, and the spare ones."""
    held = Counter(lease.organization_id for lease in lane.leases.values())
    waiting = [one.organization_id for one in lane.waiting.values()]
    fair = math.ceil(limits.connections / len({ask.organization_id, *held, *waiting}))
    if len(lane.seen) < 2 or held[ask.organization_id] < fair:
        return 0
    spare = math.ceil(limits.connections * rules.SPARE_SHARE)
    return spare + sum(held[org] < fair for org in waiting if org != ask.organization_id)


def _retries_refuse(ask: Ask, book: _PayerBook, limits: Limits, now: float) -> Refused | None:
    if not ask.is_retry:
        return None
    counts = book.retries.totals(now, rules.RETRY_WINDOW)
    if counts["retries"] < limits.retry_floor + limits.retry_share * counts["calls"]:
        return None
    return Refused(Refusal.RETRY_BUDGET, rules.RETRY_WAIT)


def _rate_refuses(lane: _LaneBook, limits: Limits, now: float) -> Refused | None:
    """GCRA: a burst, then one call at a time."""
    next_paid = max(lane.paid_until, now) + 1 / limits.rate
    early = next_paid - rules.BURST - now
    return Refused(Refusal.RATE, early) if early > 1e-6 else None


def _take(ask: Ask, book: _PayerBook, limits: Limits, now: float) -> None:
    lane = book.lanes[ask.lane]
    lane.waiting.pop(ask.token, None)
    lane.leases[ask.token] = _Lease(ask.organization_id, now + limits.lease)
    lane.paid_until = max(lane.paid_until, now) + 1 / limits.rate
    if book.state == "half_open":
        book.probes[ask.token] = now + limits.lease
    book.retries.add(now, rules.RETRY_WINDOW, calls=int(not ask.is_retry), retries=int(ask.is_retry))
