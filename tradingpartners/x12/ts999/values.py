"""999, the acknowledgement of a functional group: what 005010X231A1 says, as values.

What a payer says of the sets we sent, and what we say of those we got. No value of the message is
kept or copied (IK404): a birth date in an acknowledgement is a birth date too many. CTX is kept as
it came, for it may name the set by its trace number; we write none of our own accord.
"""

from typing import NamedTuple

from tradingpartners.x12.errors import Finding

VERSION = "005010X231A1"
FUNCTIONAL_ID = "FA"
# IK502 to IK506, AK905 to AK909.
MOST_NOTES = 5
# CTX of one IK3 or IK4; more is nobody's context.
MOST_CONTEXTS = 10


class Context(NamedTuple):
    """CTX: what made an error one, or whose business it is ("TRN02" and a trace number)."""

    # CTX01, each repetition a name and, where there is one, a reference.
    names: tuple[tuple[str, str], ...]
    segment_id: str = ""
    segment_number: int | None = None
    loop: str = ""
    # CTX05: element, component, repetition; CTX06: reference numbers.
    position: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


class ElementError(NamedTuple):
    """IK4: what is wrong with an element of a segment."""

    element: int | None
    component: int | None
    repetition: int | None
    # IK402, the number of the data element in the dictionary.
    reference: str | None
    code: str
    contexts: tuple[Context, ...] = ()


class SegmentError(NamedTuple):
    """IK3: what is wrong with a segment; ST is segment 1."""

    segment_id: str
    segment_number: int | None
    loop: str | None
    code: str | None
    elements: tuple[ElementError, ...]
    contexts: tuple[Context, ...] = ()


class SetAcknowledgement(NamedTuple):
    """AK2 to IK5: one transaction set. Code A accepted, E accepted with errors, else rejected."""

    set_id: str
    control_number: str
    version: str | None
    code: str | None
    notes: tuple[str, ...]
    errors: tuple[SegmentError, ...]

    @property
    def accepted(self) -> bool:
        return self.code in ("A", "E")


class ImplementationAcknowledgement(NamedTuple):
    """999: one functional group and its sets; accepted sets need not be listed."""

    functional_id: str
    group_control_number: str
    version: str | None
    sets: tuple[SetAcknowledgement, ...]
    # AK901: A, E, P some sets rejected, else rejected.
    code: str | None
    included: int | None
    received: int | None
    accepted: int | None
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
