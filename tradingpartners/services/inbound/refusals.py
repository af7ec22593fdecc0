"""Why a person's decision about something that came cannot be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from practice.tenancy import current_organization_id, tenant


class Refusal(StrEnum):
    NO_REASON = "no_reason"
    NOT_READ_YET = "not_read_yet"
    NOT_HELD = "not_held"
    NOT_FOR_A_PERSON = "not_for_a_person"
    NOTHING_TO_READ = "nothing_to_read"
    NO_SUCH_ATTEMPT = "no_such_attempt"
    ATTEMPT_IS_OVER = "attempt_is_over"
    ALREADY_ANSWERED = "already_answered"


class InboundError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@contextmanager
def because(reason: str) -> Iterator[None]:
    """The change history names the person in context and this reason, which there must be."""
    if not reason.strip():
        raise InboundError(Refusal.NO_REASON)
    with tenant(current_organization_id(), reason=reason.strip()):
        yield
