"""The envelope: interchange (ISA, IEA), functional group (GS, GE), transaction set (ST, SE).

Values only; `reading.py` reads them and `writing.py` writes them.
"""

from datetime import date, time
from typing import NamedTuple

from tradingpartners.x12.errors import Finding
from tradingpartners.x12.segments import Delimiters, Segment, split_segments

# GS01 for each ST01.
FUNCTIONAL_IDS = {
    "270": "HS",
    "271": "HB",
    "276": "HR",
    "277": "HN",
    "278": "HI",
    "820": "RA",
    "834": "BE",
    "835": "HP",
    "837": "HC",
    "997": "FA",
    "999": "FA",
}
# GS08 and ST03 for the transaction sets this codec reads and writes.
IMPLEMENTATIONS = {
    "270": ("005010X279A1",),
    "271": ("005010X279A1",),
    "278": ("005010X217",),
    "999": ("005010X231A1", "005010X231"),
}


class InterchangeHeader(NamedTuple):
    """ISA, without its padding; 005010X279A1 C.1.1."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    date: date | None
    time: time | None
    repetition: str
    version: str
    control_number: str
    acknowledgement_requested: bool
    usage: str


class TransactionSet(NamedTuple):
    """ST to SE, both included; its span is in characters of `Reading.text`."""

    set_id: str
    control_number: str
    version: str
    text: str
    delimiters: Delimiters
    segment_count: int
    span: tuple[int, int]
    interchange_control_number: str
    group_control_number: str

    @property
    def segments(self) -> list[Segment]:
        """The segments, split anew each time: fifty thousand sets held in pieces would be memory
        and garbage collection for nothing."""
        return split_segments(self.text, self.delimiters)


class InterchangeAcknowledgement(NamedTuple):
    """TA1: what the receiver of an interchange says of its ISA and IEA."""

    control_number: str
    date: date | None
    time: time | None
    code: str
    note: str


class RefusedSet(NamedTuple):
    """An ST of which no complete set could be read; `position` counts the STs of its group from 0."""

    set_id: str
    control_number: str
    version: str
    position: int


class FunctionalGroup(NamedTuple):
    """GS to GE and the complete transaction sets between them."""

    functional_id: str
    sender: str
    receiver: str
    date: date | None
    time: time | None
    control_number: str
    version: str
    transactions: tuple[TransactionSet, ...]
    refused: tuple[RefusedSet, ...]
    # GE01; None where there is no GE or no number in it.
    sets_stated: int | None


class Interchange(NamedTuple):
    """ISA to IEA; `complete` says that IEA was there."""

    header: InterchangeHeader
    delimiters: Delimiters
    groups: tuple[FunctionalGroup, ...]
    acknowledgements: tuple[InterchangeAcknowledgement, ...]
    span: tuple[int, int]
    complete: bool


class Reading(NamedTuple):
    """Everything in an input, and everything that is wrong with its envelopes."""

    interchanges: tuple[Interchange, ...]
    findings: tuple[Finding, ...]
    text: str
