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

    `transaction` is there where it came as X12.
    """

    set_id: str
    control_number: str
    text: str
    answers: Callable[[int], list[Incoming]]
    transaction: x12.TransactionSet | None = None


Event = ReadSet | x12.InterchangeAcknowledgement | x12.Finding
