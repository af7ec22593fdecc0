"""What a dialect makes of a partner's bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind


class Incoming(NamedTuple):
    """One answer found in a transaction set: the attempts it may belong to, and what it says.

    `traces` are the person's own; `references` what the set as a whole goes by: any of its traces,
    then BHT03. TRN02 is trimmed by the codec; TRN01 is 2 by the guide, and 1 from some payers.
    """

    position: int
    traces: tuple[UUID, ...]
    references: tuple[UUID, ...]
    kind: OutcomeKind
    code: str
    again: bool
    answer: x12.Answer | None
    text: str


class ReadSet(NamedTuple):
    """One transaction set, or what stands for one; `answers(position)` reads it when asked.

    `transaction` is there where it came as X12. `damage` says why it is not to be believed: its
    envelope is wrong, or of the set itself nothing could be kept (`text` is empty then).
    """

    set_id: str
    control_number: str
    text: str
    answers: Callable[[int], list[Incoming]]
    transaction: x12.TransactionSet | None = None
    damage: str = ""


def nobody(position: int) -> list[Incoming]:
    """The answers of a set that answers nothing."""
    return []


class InterchangeBegins(NamedTuple):
    """An ISA: the sets up to its end are this sender's, under this number."""

    sender: str
    control_number: str


class InterchangeEnds(NamedTuple):
    """Where it stands in its file, in characters of the decoded text, and whether IEA was there."""

    span: tuple[int, int]
    is_complete: bool


Event = ReadSet | InterchangeBegins | InterchangeEnds | x12.InterchangeAcknowledgement | x12.Finding
