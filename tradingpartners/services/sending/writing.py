"""The ST…SE of attempts: their contents, addressed as the partner knows their payers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind, transaction_set
from tradingpartners.messages import dialect_of
from tradingpartners.models import Attempt, Route
from tradingpartners.retries import NO_ROUTE
from tradingpartners.services.attempts import End, Written, end_unsent


def write_attempts(
    attempts: Sequence[Attempt], routes: Mapping[UUID, Route], *, now: datetime
) -> list[Written]:
    """Those X12 can carry, numbered from 0001.

    The others end here: with the field at fault, or, where the route was taken away, to go another way.
    """
    if not attempts:
        return []
    contents = transaction_set(attempts[0].transaction_set).compose([each.subject_id for each in attempts])
    written: list[Written] = []
    ends: list[End] = []
    for attempt in attempts:
        route, content = routes.get(attempt.payer.pk), contents.get(attempt.subject_id)
        if route is None:
            ends.append(End(attempt, OutcomeKind.FAILED, NO_ROUTE, again=True))
            continue
        if content is None:
            ends.append(End(attempt, OutcomeKind.REJECTED, "unwritable:contents"))
            continue
        number = f"{len(written) + 1:04d}"
        try:
            text = dialect_of(route.partner).write_attempt(attempt, content, route, number=number, now=now)
        except x12.X12WriteError as error:
            ends.append(End(attempt, OutcomeKind.REJECTED, f"unwritable:{error.field}"))
        else:
            written.append(Written(attempt, text, number))
    end_unsent(ends, now=now)
    return written
