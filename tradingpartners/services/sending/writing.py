"""The ST…SE of attempts: their contents, addressed as the partner knows their payers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tradingpartners import x12
from tradingpartners.contents import transaction_set
from tradingpartners.messages import write_attempt
from tradingpartners.models import Attempt, Route
from tradingpartners.services.attempts import Unwritable, Written, refuse_unwritable


def write_attempts(
    attempts: Sequence[Attempt], routes: Mapping[UUID, Route], *, now: datetime
) -> list[Written]:
    """Those X12 can carry, numbered from 0001; the others are refused, with the field at fault."""
    if not attempts:
        return []
    contents = transaction_set(attempts[0].transaction_set).compose([each.subject_id for each in attempts])
    written: list[Written] = []
    refused: list[Unwritable] = []
    for attempt in attempts:
        route, content = routes.get(attempt.payer.pk), contents.get(attempt.subject_id)
        if route is None or content is None:
            refused.append(Unwritable(attempt, "route" if route is None else "contents"))
            continue
        number = f"{len(written) + 1:04d}"
        try:
            text = write_attempt(attempt, content, route, set_control_number=number, now=now)
        except x12.X12WriteError as error:
            refused.append(Unwritable(attempt, error.field))
        else:
            written.append(Written(attempt, text, number))
    refuse_unwritable(refused, now=now)
    return written
