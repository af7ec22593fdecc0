"""Moves of circuit breakers, as rows that people look up afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from tradingpartners import admission
from tradingpartners.models import BreakerChange, Payer


def note_changes() -> int:
    """Write a row for each move that has none yet; returns how many there were.

    Safe to run twice and at once: a move brings its row's id. Killed before the moves are
    forgotten, whoever comes next finds them again.
    """
    changes = admission.changes()
    if not changes:
        return 0
    payers = set(Payer.objects.filter(pk__in={c.payer_id for c in changes}).values_list("pk", flat=True))
    BreakerChange.objects.bulk_create(
        [
            BreakerChange(
                id=UUID(change.id),
                payer_id=change.payer_id,
                state=change.state,
                reason=change.reason,
                calls=change.calls,
                failures=change.failures,
                slow=change.slow,
                at=datetime.fromtimestamp(change.at, UTC),
            )
            for change in changes
            if change.payer_id in payers
        ],
        ignore_conflicts=True,
    )
    admission.forget(changes)
    return len(changes)
