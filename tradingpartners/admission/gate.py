"""The one gate in front of the payers: the shared book, and the process's own while Redis is away."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

import redis

from tradingpartners.admission.local import LocalBook
from tradingpartners.admission.shared import SharedBook
from tradingpartners.admission.values import Ask, Book, Change, Grant, Limits, Refusal, Refused, Verdict
from tradingpartners.models import Lane, Payer

log = logging.getLogger(__name__)

# While Redis is away it is looked for this often, by one call; the others do not wait for it.
_LOOK_AGAIN = 1.0
# The batch lane goes on under local limits for so long.
_BATCH_GOES_ON = 60.0
_BATCH_WAIT = 15.0
# How many processes are reckoned with where Redis never said.
_PROCESSES = 8


class Admitted:
    """A call that may go. As a context: whatever is not reported gives its slot back uncounted."""

    def __init__(self, gate: Gate, book: Book, grant: Grant, limits: Limits) -> None:
        self._gate, self._book, self._grant, self._limits = gate, book, grant, limits
        self._is_done = False

    def done(self, verdict: Verdict, seconds: float) -> None:
        """What came of it, and how long it took. Once; a second time changes nothing."""
        if not self._is_done:
            self._is_done = True
            self._gate.report(self._book, self._grant, self._limits, verdict, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done(Verdict.IGNORED, 0.0)


class Gate:
    """Never open without a limit: where the shared book is out of reach, each process keeps to its
    share of it."""

    def __init__(
        self, shared: SharedBook, local: LocalBook, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared, self._local, self._clock = shared, local, clock
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._look_at = 0.0

    def admit(
        self, payer: Payer, lane: Lane, organization_id: UUID, *, is_retry: bool = False
    ) -> Admitted | Refused:
        ask = Ask(payer.pk, lane, organization_id, uuid4().hex, is_retry)
        limits = Limits.of(payer, lane)
        if self._looks_for_redis():
            try:
                return self._admitted(self._shared, ask, limits)
            except redis.RedisError as error:
                self._note_away(error)
        if lane == Lane.BATCH and self._away_for() > _BATCH_GOES_ON:
            return Refused(Refusal.REDIS_AWAY, _BATCH_WAIT)
        return self._admitted(self._local, ask, limits.divided(self._shared.processes or _PROCESSES))

    def _admitted(self, book: Book, ask: Ask, limits: Limits) -> Admitted | Refused:
        answer = book.admit(ask, limits)
        if book is self._shared:
            self._note_back()
        return answer if isinstance(answer, Refused) else Admitted(self, book, answer, limits)

    def report(self, book: Book, grant: Grant, limits: Limits, verdict: Verdict, seconds: float) -> None:
        """A result that cannot be reported is lost, and its lease ends by itself."""
        jitter = random.random()  # noqa: S311  spreads load, protects nothing
        try:
            book.done(grant, limits, verdict, seconds, jitter=jitter)
        except redis.RedisError as error:
            self._note_away(error)

    def tell(
        self, payer: Payer, lane: Lane, organization_id: UUID, verdict: Verdict, *, is_retry: bool = False
    ) -> None:
        """What an answer says of the payer that came when its call was over; lost where Redis is."""
        ask = Ask(payer.pk, lane, organization_id, uuid4().hex, is_retry)
        jitter = random.random()  # noqa: S311  spreads load, protects nothing
        if self._looks_for_redis():
            try:
                self._shared.tell(ask, Limits.of(payer, lane), verdict, jitter=jitter)
            except redis.RedisError as error:
                self._note_away(error)

    # --- moves of breakers --------------------------------------------------------------------

    def changes(self) -> Sequence[Change]:
        """Moves nobody has noted yet, this process's own and, where Redis is there, everybody's."""
        found = list(self._local.changes())
        if self._looks_for_redis():
            try:
                found += self._shared.changes()
            except redis.RedisError as error:
                self._note_away(error)
        return found

    def forget(self, changes: Sequence[Change]) -> None:
        """These are noted; those that are not forgotten are found, and noted once, again."""
        self._local.forget(changes)
        try:
            self._shared.forget(changes)
        except redis.RedisError as error:
            self._note_away(error)

    # --- whether Redis is there ---------------------------------------------------------------

    def _looks_for_redis(self) -> bool:
        with self._lock:
            now = self._clock()
            if self._away_since is not None and now < self._look_at:
                return False
            self._look_at = now + _LOOK_AGAIN
            return True

    def _away_for(self) -> float:
        with self._lock:
            return 0.0 if self._away_since is None else self._clock() - self._away_since

    def _note_away(self, error: redis.RedisError) -> None:
        with self._lock:
            if self._away_since is None:
                self._away_since = self._clock()
                log.warning("admission under local limits: error=%s", type(error).__name__)

    def _note_back(self) -> None:
        with self._lock:
            if self._away_since is not None:
                self._away_since = None
                log.warning("admission shared again")
