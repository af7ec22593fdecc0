"""Whether and when a question is asked once more. The one place of this rule.

At once only what surely was not sent, unless the partner turned us away for being busy. What may
have been read waits out the payer's re-send gap (CAQH CORE: 90 s unless agreed). What a payer
refused is repeated only if it says so: AAA04 R or P together with AAA03 42 or 80; all other
refusals are final.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tradingpartners.models import Payer

WORKER_LOST = "worker_lost"
PARTNER_INACTIVE = "partner_inactive"
NO_ROUTE = "no_route"
PAYER_UNAVAILABLE = "payer_unavailable"
# The connection's own values cannot stand in an envelope.
UNWRITABLE_IDENTITY = "settings:identity"
# The clearinghouse's own limit: over in a moment, and no fault of the payer's.
THROTTLED = "throttled"
# So often a question is put again for nothing; after that each time uses up a retry of its payer.
FREE_THROTTLES = 10
_LONGEST_THROTTLE = timedelta(minutes=1)
# A unit or a question that lost this many workers is taken for what killed them.
MOST_RESCUES = 5
# AAA03: the payer cannot answer at the moment.
OUTAGES = frozenset({"42", "80"})
# Retry budget of a payer, all practices together: so large a part of its first calls of the last
# minute, and so many that a few calls can always be repeated. What is over it waits, and is not lost.
RETRY_SHARE = 0.1
RETRY_FLOOR = 30
_LONGEST_PAUSE = timedelta(hours=24)
_RESEND_ALLOWED = frozenset({"R", "P"})


def is_try_later(code: str | None, follow_up: str | None) -> bool:
    """AAA03 and AAA04 of a refusal that asks to be asked again."""
    return code in OUTAGES and follow_up in _RESEND_ALLOWED


def next_attempt_at(
    payer: Payer, *, attempt: int, sent: bool, now: datetime, retry_after: int | None = None
) -> datetime | None:
    """When attempt number `attempt` may be followed by another; None when the budget is spent.

    Exponential from the payer's backoff, with up to a quarter of jitter; never sooner than the
    re-send gap where the payer may have read the last one, nor than a busy partner asks for.
    """
    if attempt > payer.retries:
        return None
    backoff: timedelta = payer.retry_backoff * 2 ** (attempt - 1)
    jitter = random.uniform(1.0, 1.25)  # noqa: S311  spreads load, protects nothing
    if not sent and attempt == 1 and retry_after is None:
        return now
    pause = min(timedelta(seconds=min(retry_after or 0, 10**6)), _LONGEST_PAUSE)
    return now + max(backoff * jitter, payer.resend_gap if sent else timedelta(0), pause)


def after_throttle(times: int, *, now: datetime, retry_after: int | None) -> datetime:
    """When a question may go again that was throttled so many times: the pause the clearinghouse
    wants, at least a second, doubled each time up to a minute, and spread."""
    seconds: int = min(max(retry_after or 0, 1), 60) * 2 ** min(times - 1, 6)
    spread = random.uniform(1.0, 2.0)  # noqa: S311  spreads load, protects nothing
    return now + min(timedelta(seconds=seconds), _LONGEST_THROTTLE) * spread
