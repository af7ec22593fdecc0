"""May this call go to this payer now? One question before each, one report after it, and one more
where its answer came later.

Per payer: a circuit breaker; per payer and lane: a bulkhead with a share for each organization,
and a rate. In Redis, shared by all processes; while Redis is away, each process on its own with
its part of the limits.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from tradingpartners.admission.gate import Admitted, Gate
from tradingpartners.admission.local import LocalBook
from tradingpartners.admission.shared import SharedBook
from tradingpartners.admission.values import Change, Refusal, Refused, Verdict
from tradingpartners.models import Lane, Payer

__all__ = [
    "Admitted",
    "Change",
    "Gate",
    "Refusal",
    "Refused",
    "Verdict",
    "admit",
    "changes",
    "forget",
    "tell",
]


@lru_cache(maxsize=1)
def _gate_of(process_id: int) -> Gate:
    """One a process: what a fork inherits is not its own."""
    process = f"{socket.gethostname()}:{process_id}"
    return Gate(SharedBook(settings.REDIS_URL, process=process), LocalBook())


def admit(payer: Payer, lane: Lane, organization_id: UUID, *, is_retry: bool = False) -> Admitted | Refused:
    """Asked right before a call, outside of transactions. Raises nothing where Redis is away."""
    return _gate_of(os.getpid()).admit(payer, lane, organization_id, is_retry=is_retry)


def tell(
    payer: Payer, lane: Lane, organization_id: UUID, verdict: Verdict, *, is_retry: bool = False
) -> None:
    """An answer came when its call was long over. Raises nothing where Redis is away."""
    _gate_of(os.getpid()).tell(payer, lane, organization_id, verdict, is_retry=is_retry)


def changes() -> Sequence[Change]:
    """Moves of breakers that no row tells of yet, oldest first."""
    return _gate_of(os.getpid()).changes()


def forget(noted: Sequence[Change]) -> None:
    _gate_of(os.getpid()).forget(noted)
