"""A file of which a partner takes nothing because of some questions in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import dialect_of, fault_code
from tradingpartners.models import Attempt, Dispatch, Interchange, Transaction
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.interchanges import take_interchanges

FILE_REFUSED = "file_refused"


def end_refused(
    dispatch: Dispatch, interchange_id: UUID, content: bytes, faults: Mapping[int, str], *, now: datetime
) -> None:
    """End the questions at fault with their field; the others are asked anew, in a file without those.

    Nobody has seen any of them. Each round costs the good ones one of their payer's retries, so a
    partner that refuses everything, or does not say which, is not asked for ever.
    """
    places = {number: place for place, number in enumerate(dialect_of(dispatch.partner).texts_of(content))}
    attempts = (
        Transaction.objects.unanswered()
        .filter(interchange=interchange_id)
        .select_for_update(of=("self",))
        .order_by("pk")
        .as_attempts()
    )

    def end(attempt: Attempt) -> End:
        field = faults.get(places.get(attempt.set_control_number, -1))
        if field is None:
            return End(attempt, OutcomeKind.FAILED, FILE_REFUSED, again=True)
        return End(attempt, OutcomeKind.REJECTED, fault_code(dispatch.partner, field))

    end_attempts([end(each) for each in attempts], now=now)
    refused = Interchange.objects.filter(pk=interchange_id)
    refused.update(acknowledgement="refused", acknowledged_at=now)
    take_interchanges([interchange_id], now=now)
