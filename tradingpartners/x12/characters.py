"""Which characters a value may have, and the few that are written as others.

X12 has no escape: a delimiter in a value would end it, and a letter outside the character set both
sides agreed on arrives as something else. So such a value is refused, with its field named.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from tradingpartners.x12.errors import WriteErrorCode, X12WriteError

_BASIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"&'()*+,-./:;?="
_EXTENDED = _BASIC + "abcdefghijklmnopqrstuvwxyz%@[]_{}\\|<>~#$^"


class CharacterSet(StrEnum):
    """The character sets of X12.5.

    Extended is here without its accented letters, whose encoding no two partners agree on, and
    without the backtick, which payers refuse.
    """

    BASIC = "basic"
    EXTENDED = "extended"


_CHARACTERS = {CharacterSet.BASIC: _BASIC, CharacterSet.EXTENDED: _EXTENDED}


class TextCheck:
    """Checks values for one choice of delimiters and characters."""

    def __init__(self, delimiters: tuple[str, ...], character_set: CharacterSet) -> None:
        self.delimiters = delimiters
        allowed = set(_CHARACTERS[character_set]).difference(*delimiters)
        self.fits = re.compile(f"[{re.escape(''.join(sorted(allowed)))}]*").fullmatch

    def __call__(self, value: str | None, field: str, shortest: int, longest: int) -> str:
        """The value without spaces around it, which no reader keeps, or a refusal."""
        if not value and not shortest:
            return ""
        text = value.strip(" ") if value else ""
        if shortest <= len(text) <= longest and self.fits(text):
            return text
        raise X12WriteError(self._fault(text, longest), field)

    def _fault(self, text: str, longest: int) -> WriteErrorCode:
        if not self.fits(text):
            delimiter = any(character in text for character in self.delimiters if character)
            return WriteErrorCode.DELIMITER_IN_VALUE if delimiter else WriteErrorCode.UNSUPPORTED_CHARACTER
        if len(text) > longest:
            return WriteErrorCode.TOO_LONG
        return WriteErrorCode.TOO_SHORT if text else WriteErrorCode.REQUIRED


text_check = lru_cache(maxsize=64)(TextCheck)


def check_text(
    value: str | None,
    *,
    field: str,
    delimiters: tuple[str, ...],
    shortest: int = 0,
    longest: int = 80,
    character_set: CharacterSet = CharacterSet.EXTENDED,
) -> str:
    """The value without spaces around it, or a refusal that names the field."""
    return text_check(delimiters, character_set)(value, field, shortest, longest)


class RepairCode(StrEnum):
    """What was written other than it was given."""

    BACKTICK = "backtick"
    ACCENT = "accent"


class Repair(NamedTuple):
    """A name that is written otherwise than it was given, never silently."""

    code: RepairCode
    field: str

    @property
    def words(self) -> str:
        """For the person who typed the name."""
        return f"{self.field.replace('.', ' ').replace('_', ' ')}: {_WORDS[self.code]}"


_WORDS = {
    RepairCode.BACKTICK: "a backtick is written as an apostrophe",
    RepairCode.ACCENT: "letters and marks outside of X12 are written as plain ones",
}

# What Unicode does not decompose: letters of their own, and what word processors make of ' and -.
_PLAIN = str.maketrans(
    {
        **{"Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l"},
        **{"Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "TH", "þ": "th", "ẞ": "SS", "ß": "ss", "ı": "i"},
        **dict.fromkeys("\u2018\u2019\u02bb\u02bc\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013", "-"),
    }
)


def fold_accents(text: str) -> str:
    """The text with accented letters as plain ones; what has no plain form stays as it is."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.replace("\u00b4", "'")).translate(_PLAIN)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def repair_name(name: str, *, accents: bool) -> str:
    """A name as it is written: its backticks as apostrophes and, where asked for, accents folded."""
    return (fold_accents(name) if accents else name).replace("`", "'")


def name_repairs(name: str, field: str, *, accents: bool) -> tuple[Repair, ...]:
    """What `repair_name` changes in a name."""
    codes = []
    if "`" in name:
        codes.append(RepairCode.BACKTICK)
    if accents and fold_accents(name) != name:
        codes.append(RepairCode.ACCENT)
    return tuple([Repair(code, field) for code in codes])
