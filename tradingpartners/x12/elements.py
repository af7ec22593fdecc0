"""Elements: dates, times, amounts, yes or no. Text to Python values and back.

Readers give None for what they cannot read; whoever calls them knows the place and reports it.
"""

import re
from datetime import date, datetime, time
from decimal import Decimal

from tradingpartners.x12.remembering import remember_element

# Longer than any amount, quantity or percentage a payer can mean (element 782 has 18 digits).
_LONGEST_AMOUNT = 24
_AMOUNT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


@remember_element
def read_date(text: str) -> date | None:
    """CCYYMMDD, with or without a time behind it, or the six digits YYMMDD of ISA09."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) == 6:
        digits = "20" + digits
    if len(digits) not in (8, 12, 14):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def read_period(qualifier: str, text: str) -> tuple[date | None, date | None]:
    """A date (D8) as (begin, None), a range (RD8) as (begin, end).

    The hyphen decides, not the qualifier (DTP02): payers mix the two up.
    """
    begin, hyphen, end = text.strip().partition("-")
    if not hyphen:
        if qualifier == "RD8" and len(begin) == 16:
            return read_date(begin[:8]), read_date(begin[8:])
        return read_date(begin), None
    return read_date(begin), read_date(end)


@remember_element
def read_time(text: str) -> time | None:
    """HHMM, HHMMSS or HHMMSSdd; what follows the seconds is not kept."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) in (4, 6, 7, 8)):
        return None
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:6] or 0))
    except ValueError:
        return None


def read_new_amount(text: str) -> Decimal | None:
    """An amount that hardly comes again, and is not worth remembering."""
    digits = text.strip()
    if len(digits) > _LONGEST_AMOUNT or not _AMOUNT.fullmatch(digits):
        return None
    return Decimal(digits)


@remember_element
def read_amount(text: str) -> Decimal | None:
    """An amount, percentage or quantity: `10`, `10.00`, `.10`, `-5`. The digits stay as sent."""
    return read_new_amount(text)


def read_yes_no(text: str) -> bool | None:
    """Y or 1, N or 0; anything else says nothing."""
    return {"Y": True, "1": True, "N": False, "0": False}.get(text.strip())


def write_date(day: date) -> str:
    """CCYYMMDD (D8)."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def write_period(begin: date, end: date | None) -> tuple[str, str]:
    """The qualifier and text of a date (D8), or of a range (RD8) where there is an end."""
    if end is None:
        return "D8", write_date(begin)
    return "RD8", f"{write_date(begin)}-{write_date(end)}"


def write_time(moment: time | datetime, *, seconds: bool = False) -> str:
    """HHMM, or HHMMSS."""
    text = f"{moment.hour:02d}{moment.minute:02d}"
    return f"{text}{moment.second:02d}" if seconds else text


def plain(amount: Decimal) -> str:
    """An amount in plain digits, never with an exponent."""
    return format(amount, "f")


def trimmed(parts: list[str]) -> list[str]:
    """A segment without empty elements at its end, a composite without empty components."""
    while parts and not parts[-1]:
        parts.pop()
    return parts
