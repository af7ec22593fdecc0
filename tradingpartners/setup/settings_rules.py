"""What the settings and credentials of a connection may be, before its transport is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from tradingpartners.models import TransportKind
from tradingpartners.setup.faults import Fault, Range
from tradingpartners.setup.fields import SETTINGS, Setting


def clean_settings(transport: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Digits become numbers where a number is meant; what is empty is left out."""
    numbers = {each.key for each in SETTINGS.get(transport, ()) if each.shape == "number"}
    return {
        key: int(value) if key in numbers and _is_digits(value) else value
        for key, value in given.items()
        if value not in (None, "", [])
    }


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10


def setting_faults(known: Mapping[str, Setting], given: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in sorted(given.items()):
        setting = known.get(key)
        if setting is None:
            yield Fault(_named("settings", key), "unknown_field", "There is no such setting.")
        elif setting.is_secret:
            words = "This belongs into the credentials: settings are shown to people."
            yield Fault(f"settings.{key}", "secret", words)
        elif words := SHAPES[setting.shape](setting, value):
            yield Fault(f"settings.{key}", "invalid", words)


def credential_faults(known: Mapping[str, Setting], given: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in sorted(given.items()):
        if key not in known or not known[key].is_secret:
            yield Fault(_named("credentials", key), "unknown_field", "There is no such credential.")
        elif words := _credential_fault(known[key], value):
            yield Fault(f"credentials.{key}", "invalid", words)


_NAME = re.compile("[a-z_]{1,40}")


def _named(column: str, key: str) -> str:
    """A key that could be one of ours is repeated to whoever sent it; anything else may be a value."""
    return f"{column}.{key}" if _NAME.fullmatch(key) else column


_LONGEST, _LONGEST_LINES = 500, 40_000
_NO_TEXT = "This is not a text, or too long."
_ONE_LINE = "One line, without control characters."


def _is_storable(text: str) -> bool:
    """PostgreSQL takes no NUL, and no encoding half of a pair."""
    return "\0" not in text and not any(unicodedata.category(each) == "Cs" for each in text)


def _is_one_line(text: str) -> bool:
    """It stands in an envelope, a header or an address as it is."""
    return not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in text)


def _credential_fault(setting: Setting, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_LINES:
        return _NO_TEXT
    if setting.shape == "pem":
        return "" if _is_storable(value) else _NO_TEXT
    return "" if _is_one_line(value) else _ONE_LINE


def _text_fault(setting: Setting, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return _NO_TEXT
    return "" if _is_one_line(value) else _ONE_LINE


def _lines_fault(setting: Setting, value: Any) -> str:
    lines = [value] if isinstance(value, str) else value
    is_text = isinstance(lines, list) and all(isinstance(each, str) for each in lines)
    if not is_text or sum(map(len, lines)) > _LONGEST_LINES:
        return _NO_TEXT
    return "" if all(map(_is_storable, lines)) else _NO_TEXT


def _number_fault(setting: Setting, value: Any) -> str:
    allowed = Range(setting.least, setting.most)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_number and allowed.allows(value) else allowed.words


def _flag_fault(setting: Setting, value: Any) -> str:
    return "" if isinstance(value, bool) else "True or false."


def _choice_fault(setting: Setting, value: Any) -> str:
    possible = [key for key, _ in setting.choices]
    return "" if value in possible else f"One of {', '.join(possible)}."


SHAPES = {
    "text": _text_fault,
    "lines": _lines_fault,
    "pem": _lines_fault,
    "number": _number_fault,
    "flag": _flag_fault,
    "choice": _choice_fault,
}


# --- folders ---------------------------------------------------------------------------------------

_FOLDERS = ("inbox", "outbox", "archive")


def folder_faults(transport: str, given: Mapping[str, Any]) -> Iterator[Fault]:
    """Each a folder of its own: what we put down must not come back to us as theirs."""
    if transport != TransportKind.SFTP:
        return
    seen: set[tuple[str, ...]] = set()
    for name in _FOLDERS:
        path = given.get(name)
        if not isinstance(path, str) or not path:
            continue
        parts = tuple(part for part in path.split("/") if part not in {"", "."})
        if ".." in parts or not path.isprintable():
            yield Fault(
                f"settings.{name}", "invalid", "A folder from the partner's root, without “..” in it."
            )
        elif parts in seen:
            words = "Another folder than those above: files that go and files that come must not mix."
            yield Fault(f"settings.{name}", "same_folder", words)
        seen.add(parts)
