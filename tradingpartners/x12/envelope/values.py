"""The envelope: interchange (ISA, IEA), functional group (GS, GE), transaction set (ST, SE).

Values only, whole or as the events of a stream; `streaming.py` and `reading.py` read them and
`writing.py` writes them.
"""

from collections.abc import Iterator
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
# ISA05 and ISA07: how the number behind it is coded (005010X279A1 C.1.1).
ID_QUALIFIERS = frozenset(["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"])
# GS08 and ST03 for the transaction sets this codec reads and writes.
IMPLEMENTATIONS = {
    "270": ("005010X279A1",),
    "271": ("005010X279A1",),
    "278": ("005010X217", "005010X215", "005010X216"),
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
    """ST to SE, both included; its span is in characters of the whole input (`Reading.text`)."""

    set_id: str
    control_number: str
    version: str
    text: str
    delimiters: Delimiters
    segment_count: int
    span: tuple[int, int]
    interchange_control_number: str
    group_control_number: str
    # What is wrong with its ST and SE, however much was wrong before it.
    findings: tuple[Finding, ...] = ()

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
    findings: tuple[Finding, ...] = ()


class InterchangeOpened(NamedTuple):
    """An ISA was read; `offset` is where it begins, in characters of the whole input."""

    header: InterchangeHeader
    delimiters: Delimiters
    offset: int


class GroupOpened(NamedTuple):
    """A GS was read, or, with nothing in it, an ST where a GS should have been."""

    functional_id: str
    sender: str
    receiver: str
    date: date | None
    time: time | None
    control_number: str
    version: str


class GroupClosed(NamedTuple):
    """The end of a functional group; `complete` says that its GE was there."""

    control_number: str
    sets_received: int
    sets_refused: int
    # GE01; None where there is no GE or no number in it.
    sets_stated: int | None
    complete: bool
    # What is wrong in it outside of its sets, twenty of a kind.
    findings: tuple[Finding, ...] = ()


class InterchangeClosed(NamedTuple):
    """The end of an interchange; `complete` says that its IEA was there."""

    header: InterchangeHeader
    groups_received: int
    span: tuple[int, int]
    complete: bool
    # The same sender's ISA13 came before in the same input.
    repeated: bool
    # What is wrong in it outside of its sets, twenty of a kind.
    findings: tuple[Finding, ...] = ()


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
    # What is wrong in it outside of its sets, twenty of a kind.
    findings: tuple[Finding, ...] = ()

    def received(self) -> Iterator[TransactionSet | RefusedSet]:
        """Every set, in the order they came."""
        refused = {each.position: each for each in self.refused}
        kept = iter(self.transactions)
        for position in range(len(self.transactions) + len(refused)):
            yield refused[position] if position in refused else next(kept)


class Interchange(NamedTuple):
    """ISA to IEA; `complete` says that IEA was there."""

    header: InterchangeHeader
    delimiters: Delimiters
    groups: tuple[FunctionalGroup, ...]
    acknowledgements: tuple[InterchangeAcknowledgement, ...]
    span: tuple[int, int]
    complete: bool
    # The same sender's ISA13 came before in the same input.
    repeated: bool = False
    # What is wrong in it outside of its sets, twenty of a kind.
    findings: tuple[Finding, ...] = ()


class Reading(NamedTuple):
    """Everything in an input, and the first thousand things that are wrong with its envelopes."""

    interchanges: tuple[Interchange, ...]
    findings: tuple[Finding, ...]
    text: str


# What a stream is made of, in the order it stands in the input.
Event = (
    InterchangeOpened
    | GroupOpened
    | TransactionSet
    | RefusedSet
    | InterchangeAcknowledgement
    | GroupClosed
    | InterchangeClosed
    | Finding
)
