"""What the codec can write of what is set up: who sends, who receives, who asks, who is asked.

Values that pass here are written as they stand, without spaces around them; a provider's name with its
accents folded.
"""

from __future__ import annotations

from collections.abc import Iterator

from tradingpartners import x12
from tradingpartners.models import Route

# ISA06 and ISA08 have room for 15 characters; GS02 and GS03, which repeat them, want two at least.
ENVELOPE_ID = (2, 15)
PAYER_IDENTIFIER = (2, 80)
PAYER_NAME = PROVIDER_NAME = (1, 60)


def is_writable(value: str, lengths: tuple[int, int]) -> bool:
    shortest, longest = lengths
    try:
        x12.check_text(value, field="", delimiters=x12.DEFAULT_DELIMITERS, shortest=shortest, longest=longest)
    except x12.X12WriteError:
        return False
    return True


def is_provider_name(name: str) -> bool:
    """005010X279A1 2100B NM103."""
    return is_writable(x12.repair_name(name.upper(), accents=True), PROVIDER_NAME)


def unwritable_of(route: Route) -> Iterator[str]:
    """The columns of a route that 2100A NM1 cannot carry."""
    if not is_writable(route.payer_identifier, PAYER_IDENTIFIER):
        yield "payer_identifier"
    if not is_writable(route.payer_name, PAYER_NAME):
        yield "payer_name"


def envelope_id(name: str) -> str:
    """An ID for the envelope made of a name; empty where nothing of it can be written."""
    plain = x12.repair_name(name, accents=True).upper()
    kept = "".join(letter for letter in plain if is_writable(f"--{letter}", ENVELOPE_ID))
    made = " ".join(kept.split())[: ENVELOPE_ID[1]].strip()
    return made if is_writable(made, ENVELOPE_ID) else ""
