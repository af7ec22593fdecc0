"""What the gateway carries without knowing it: contents and outcomes of each transaction set.

`settings.TRANSACTION_SETS` names, for each set we send, who composes its contents, who recognizes
whose answer it is, who hears what became of it, and who knows whether it is wanted. That is the one
way up from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


class OutcomeKind(StrEnum):
    SENT = "sent"  # the one that is a step, not an end
    ANSWERED = "answered"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LATE = "late"


class Outcome(NamedTuple):
    """What happened to one attempt. `text` is its own ST…SE, the question's or the answer's."""

    transaction_id: UUID
    subject_id: UUID
    kind: OutcomeKind
    at: datetime
    code: str = ""
    text: str | None = None
    answer: Any = None
    partner_code: str = ""
    differences: Any = None


class Recognition(IntEnum):
    """How surely an answer is about the person asked about."""

    STRANGER = 0
    LIKELY = 1  # enough where our trace is on it, or where nobody else is answered for
    SURE = 2


class Recognized(NamedTuple):
    """Whose answer it is: how surely, and in which fields the payer knows the person otherwise.

    `differences` are the two sides' values, for the subject's own eyes (`Outcome.differences`).
    """

    surely: Recognition
    agreeing: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    differences: Any = None


class TransactionSet(NamedTuple):
    """compose(subject ids) → {subject id: contents}; apply(outcomes) hears of every step and end;
    recognize([(subject id, answer)]) → for each, how surely it is that subject's person;
    find(answer) → subjects, at most a few, whose person it may be;
    facilities(subject ids) → {subject id: facility id}, for enrolments;
    unwanted([(correlation id, subject id)]) → the subjects nobody wants asked any more."""

    compose: Callable[[Sequence[UUID]], dict[UUID, Any]]
    recognize: Callable[[Sequence[tuple[UUID, Any]]], list[Recognized]]
    find: Callable[[Any], list[UUID]]
    apply: Callable[[list[Outcome]], None]
    facilities: Callable[[Sequence[UUID]], dict[UUID, UUID]]
    unwanted: Callable[[Sequence[tuple[UUID, UUID]]], set[UUID]]


@lru_cache
def transaction_set(name: str) -> TransactionSet:
    entry = settings.TRANSACTION_SETS[name]
    return TransactionSet(**{key: import_string(path) for key, path in entry.items()})
