"""Last names made comparable by the CAQH CORE rule for matching on last name (CORE 258)."""

import re
import unicodedata

# Suffixes and titles that are no part of a last name where a space or punctuation stands before
# them and a space or the end behind.
_AFFIX = re.compile(r"(?<=[^A-Z0-9])(?:JR|SR|I|II|III|IV|V|RN|MD|MR|MS|DR|MRS|PHD|REV|ESQ)\.?(?=\s|$)")
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]")


def normalize_last_name(name: str) -> str:
    """Upper case, without suffixes, punctuation, spaces and accents; for comparing only."""
    plain = unicodedata.normalize("NFKD", name).upper()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return _NOT_IN_NAMES.sub("", _AFFIX.sub("", plain))
