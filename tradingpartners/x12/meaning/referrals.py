"""Whether a referral is needed, where a payer says so: a 271 has no element for it, only MSG.

Whole sentences payers send, and no part of a sentence: "no referral required unless …" is left to
whoever reads it.
"""

import re
from collections.abc import Iterable

_NOT_LETTERS = re.compile(r"[^A-Z]+")

_NEEDED = frozenset(
    {
        "REFERRAL REQUIRED",
        "REFERRAL IS REQUIRED",
        "REFERRAL NEEDED",
        "REFERRAL REQUIRED YES",
        "REQUIRES REFERRAL",
        "REQUIRES A REFERRAL",
        "PCP REFERRAL REQUIRED",
        "PCP REFERRAL IS REQUIRED",
        "REFERRAL REQUIRED FROM PCP",
        "PRIMARY CARE PHYSICIAN REFERRAL REQUIRED",
    }
)
_NOT_NEEDED = frozenset(
    {
        "NO REFERRAL REQUIRED",
        "NO REFERRAL NEEDED",
        "REFERRAL NOT REQUIRED",
        "REFERRAL IS NOT REQUIRED",
        "REFERRAL NOT NEEDED",
        "REFERRAL REQUIRED NO",
        "NO PCP REFERRAL REQUIRED",
        "PCP REFERRAL NOT REQUIRED",
    }
)


def referral_required(messages: Iterable[str]) -> bool | None:
    """None where nothing is said; needed where both are."""
    said = {_NOT_LETTERS.sub(" ", message.upper()).strip() for message in messages}
    if said & _NEEDED:
        return True
    return False if said & _NOT_NEEDED else None
