"""Last names made comparable by the CAQH CORE rule for matching on last name (CORE 258)."""

import re

from tradingpartners.x12.characters import fold_accents

# Suffixes and titles are no part of a last name where a space or punctuation stands before them and
# a space or the end behind. "Jr." counts as "Jr": the point belongs to it.
_AFFIX = re.compile(r"(?<=[\W_])(?:JR|SR|I|II|III|IV|V|RN|MD|MR|MS|DR|MRS|PHD|REV|ESQ)(?=\.?(?:[\s,]|$))")
_NOT_IN_NAMES = re.compile(r"[\W_]+")


def normalize_last_name(name: str) -> str:
    """Upper case, without suffixes, punctuation, spaces and accents; for comparing only.

    What would leave nothing of a name is not done to it: a last name may be "V" or "Rev". Letters
    that have no plain form stay, or every name in another script would be the same.
    """
    plain = fold_accents(name).upper()
    without_affixes = _NOT_IN_NAMES.sub("", _AFFIX.sub("", plain))
    return without_affixes or _NOT_IN_NAMES.sub("", plain) or name.strip()
