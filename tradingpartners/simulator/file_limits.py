"""The limits a file partner publishes, and what it does with a file that does not keep them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(seconds=60)


class Sign(StrEnum):
    """When a file is no longer in flight."""

    GONE = "gone"  # from the inbox
    ACKNOWLEDGED = "acknowledged"  # by a 999 or TA1
    ANSWERED = "answered"  # by its last 271


class Reason(StrEnum):
    OVERLAP = "overlap"
    TOO_MANY_A_MINUTE = "too_many_a_minute"
    TOO_MANY_SETS = "too_many_sets"


@dataclass(frozen=True)
class Limits:
    """None is no limit. `says_why`: a refused file gets a TA1 that rejects it, else nothing."""

    keep_seconds: float = 0.0  # between the put and the taking
    one_until: Sign | None = None  # the next file may not be put before
    most_per_minute: int | None = None
    most_sets: int | None = None
    says_why: bool = True


@dataclass(eq=False)
class Put:
    """A file in the inbox, or one that came from there, with the times it passed each sign."""

    file: str
    at: datetime
    passed: dict[Sign, datetime] = field(default_factory=dict)

    def in_flight(self, sign: Sign, at: datetime) -> bool:
        passed = self.passed.get(sign)
        return self.at <= at and (passed is None or passed > at)


@dataclass(frozen=True)
class Refusal:
    """`others`: the files it came too close to."""

    reason: Reason
    others: tuple[str, ...] = ()


class Gate:
    """Who may come in. Every put counts for the minute, a refused one is never in flight."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.admitted: list[Put] = []
        self.starts: list[Put] = []

    def judge(self, put: Put, *, transaction_sets: int) -> Refusal | None:
        """Whether a file may stay that was put at `put.at`; admitted where it may."""
        refusal = next(self.objections(put, transaction_sets), None)
        self.starts = [each for each in self.starts if put.at - each.at < MINUTE] + [put]
        if refusal is None:
            self.admitted = [each for each in self.admitted if Sign.ANSWERED not in each.passed] + [put]
        return refusal

    def objections(self, put: Put, transaction_sets: int) -> Iterator[Refusal]:
        limits = self.limits
        if limits.most_sets is not None and transaction_sets > limits.most_sets:
            yield Refusal(Reason.TOO_MANY_SETS)
        if limits.one_until is not None:
            others = [each.file for each in self.admitted if each.in_flight(limits.one_until, put.at)]
            if others:
                yield Refusal(Reason.OVERLAP, tuple(others))
        within = [each.file for each in self.starts if put.at - each.at < MINUTE]
        if limits.most_per_minute is not None and len(within) >= limits.most_per_minute:
            yield Refusal(Reason.TOO_MANY_A_MINUTE, tuple(within))
