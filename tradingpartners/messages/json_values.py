"""JSON that somebody else wrote, read without trust: what is missing or of another kind is absent.

A payer's values are passed through by clearinghouses as they came, and new fields and codes appear
without notice, so nothing below the outermost object is ever an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradingpartners import x12

Object = Mapping[str, Any]
_NOTHING: Object = {}
_AMOUNT = re.compile(r"-?(?=\.?[0-9])[0-9]{0,15}(\.[0-9]{0,15})?")
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(T.*)?", re.DOTALL)


class JsonErrorCode(StrEnum):
    """Why nothing, or nothing more, of a partner's JSON could be read."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    # Of a list of answers; its others were read. The offset counts the list's items, from 0.
    ITEM_UNREADABLE = "item_unreadable"


class JsonError(x12.X12Error):
    """As `X12Error`, for JSON: a code and a place, never a value."""

    def __init__(self, code: JsonErrorCode, offset: int = 0) -> None:
        Exception.__init__(self, f"{code.value} at {offset}")
        self.code = code  # type: ignore[assignment]  # whoever catches it keeps the text of it
        self.offset = offset


def read_object(content: bytes) -> dict[str, Any]:
    """The object that is the whole of the content."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonError(JsonErrorCode.NOT_JSON, error.start) from None
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise JsonError(JsonErrorCode.NOT_JSON, error.pos) from None
    except (ValueError, RecursionError):  # a number of a million digits, a million brackets
        raise JsonError(JsonErrorCode.NOT_JSON) from None
    if not isinstance(found, dict):
        raise JsonError(JsonErrorCode.NOT_AN_OBJECT)
    return found


def write(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def member(found: Object, name: str) -> Object:
    """The object of that name; an empty one where there is none."""
    value = found.get(name)
    return value if isinstance(value, dict) else _NOTHING


def members(found: Object, name: str) -> list[Object]:
    """The objects in the list of that name."""
    value = found.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(found: Object, name: str) -> str:
    """The text or number of that name, without spaces around it."""
    return _as_text(found.get(name))


def texts(found: Object, name: str) -> tuple[str, ...]:
    value = found.get(name)
    listed: Sequence[Any] = value if isinstance(value, list) else [value]
    return tuple([said for each in listed if (said := _as_text(each))])


def _as_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # What no column takes: NUL, and halves of characters that JSON can spell.
    return str(value).encode("utf-8", "ignore").decode().replace("\0", "").strip()


def amount(found: Object, name: str) -> Decimal | None:
    said = text(found, name).replace(",", "").removeprefix("$")
    return Decimal(said) if _AMOUNT.fullmatch(said) else None


def is_unreadable_amount(found: Object, name: str) -> bool:
    """Whether something is there, and it is no amount."""
    return bool(text(found, name)) and amount(found, name) is None


def day(said: str) -> date | None:
    """YYYYMMDD or ISO 8601, whose time is passed over: it says midnight wherever it was written."""
    parts = _DAY.fullmatch(said)
    if parts is None:
        return None
    try:
        return date(int(parts[1]), int(parts[2]), int(parts[3]))
    except ValueError:
        return None
