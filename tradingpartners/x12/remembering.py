"""Read a text once: most segments of a file that name nobody repeat word for word."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from tradingpartners.x12.segments import Delimiters

Value = TypeVar("Value")
MOST_REMEMBERED = 8192
# A hostile file could fill what is remembered with segments of 64 KB.
LONGEST_REMEMBERED = 512
LONGEST_ELEMENT = 35


def remember(read: Callable[[str, Delimiters], Value]) -> Callable[[str, Delimiters], Value]:
    """What `read` gave for the texts that came last; for texts that carry no person only."""
    remembered = lru_cache(maxsize=MOST_REMEMBERED)(read)

    def read_text(text: str, delimiters: Delimiters) -> Value:
        if len(text) > LONGEST_REMEMBERED:
            return read(text, delimiters)
        return remembered(text, delimiters)

    return read_text


def remember_element(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """The same for a single element; what is longer than any date or amount is read each time."""
    remembered = lru_cache(maxsize=MOST_REMEMBERED)(read)

    def read_element(text: str) -> Value:
        return read(text) if len(text) > LONGEST_ELEMENT else remembered(text)

    return read_element
