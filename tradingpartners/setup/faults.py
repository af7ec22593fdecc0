"""What is wrong with something set up, and ranges that numbers may lie in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from tradingpartners.services.overdue import in_words


def span_in_words(span: timedelta) -> str:
    """As the rest of the program says it, and whole days from two on: 14 days, not 336 h."""
    is_days = span >= timedelta(days=2) and not span % timedelta(days=1)
    return f"{span.days} days" if is_days else in_words(span)


class Fault(NamedTuple):
    """`field` may lie in another one: settings.url, credentials.password. `code` is for programs."""

    field: str
    code: str
    words: str


class Range(NamedTuple):
    """Both ends are allowed; numbers, or lengths of time."""

    least: Any
    most: Any

    @property
    def words(self) -> str:
        least, most = (span_in_words(each) if isinstance(each, timedelta) else f"{each:,}" for each in self)
        return f"Between {least} and {most}."

    def allows(self, value: Any) -> bool:
        return value is None or bool(self.least <= value <= self.most)
