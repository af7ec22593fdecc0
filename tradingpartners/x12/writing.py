"""Write an interchange around transaction sets that are already written.

Counts are computed, control numbers and the clock are arguments, and a value that X12 cannot
carry is refused with its field named.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tradingpartners.x12.elements import write_date, write_time
from tradingpartners.x12.envelope import InterchangeAcknowledgement
from tradingpartners.x12.errors import WriteErrorCode, X12WriteError
from tradingpartners.x12.segments import (
    DEFAULT_DELIMITERS,
    Delimiters,
    Segment,
    check_delimiters,
    check_text,
    join_segments,
)

# ISA13 and GS06 have nine digits at most, GE01 six, IEA01 five.
HIGHEST_CONTROL_NUMBER = 999_999_999
MOST_SETS = 999_999
MOST_GROUPS = 99_999


class InterchangeEnvelope(NamedTuple):
    """What ISA says."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    created: datetime
    control_number: int
    # P production, T test.
    usage: str = "P"
    acknowledgement_requested: bool = False
    version: str = "00501"


class GroupEnvelope(NamedTuple):
    """What GS says, and the transaction sets of the group, each from ST to SE."""

    functional_id: str
    sender: str
    receiver: str
    created: datetime
    control_number: int
    version: str
    transactions: Sequence[str]


def write_interchange(
    envelope: InterchangeEnvelope,
    groups: Sequence[GroupEnvelope] = (),
    *,
    acknowledgements: Sequence[InterchangeAcknowledgement] = (),
    delimiters: Delimiters = DEFAULT_DELIMITERS,
) -> bytes:
    """ISA, TA1 where there are any, the groups, IEA; the sets with the same delimiters."""
    check_delimiters(delimiters)
    if len(groups) > MOST_GROUPS:
        raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, "groups")
    control_number = _control_number(envelope.control_number, "control_number").zfill(9)
    header = _interchange_header(envelope, control_number, delimiters)
    notes = [_acknowledgement(each, delimiters) for each in acknowledgements]
    trailer = ["IEA", str(len(groups)), control_number]
    text = "".join(
        [
            join_segments([header, *notes], delimiters),
            *[_group(group, delimiters) for group in groups],
            join_segments([trailer], delimiters),
        ]
    )
    return text.encode("ascii")


def write_transaction_set(
    set_id: str,
    control_number: str,
    version: str,
    body: Sequence[Segment],
    *,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
) -> str:
    """ST, the body, SE with its count. What is in the body has been checked."""
    number = check_text(control_number, field="control_number", delimiters=delimiters, shortest=4, longest=9)
    return join_segments(
        [["ST", set_id, number, version], *body, ["SE", str(len(body) + 2), number]], delimiters
    )


def _interchange_header(
    envelope: InterchangeEnvelope, control_number: str, delimiters: Delimiters
) -> Segment:
    """ISA, its elements padded to their fixed lengths."""
    if envelope.usage not in ("P", "T"):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "usage")
    if envelope.version not in ("00401", "00501"):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "version")
    if not delimiters.repetition and envelope.version == "00501":
        raise X12WriteError(WriteErrorCode.REQUIRED, "delimiters.repetition")

    def text(field: str, shortest: int, longest: int) -> str:
        value: str = getattr(envelope, field)
        return check_text(value, field=field, delimiters=delimiters, shortest=shortest, longest=longest)

    return [
        *("ISA", "00", " " * 10, "00", " " * 10),
        text("sender_qualifier", 2, 2),
        text("sender", 1, 15).ljust(15),
        text("receiver_qualifier", 2, 2),
        text("receiver", 1, 15).ljust(15),
        write_date(envelope.created)[2:],
        write_time(envelope.created),
        delimiters.repetition or "U",
        envelope.version,
        control_number,
        "1" if envelope.acknowledgement_requested else "0",
        envelope.usage,
        delimiters.component,
    ]


def _group(group: GroupEnvelope, delimiters: Delimiters) -> str:
    """GS, its sets, GE."""
    _check_sets(group.transactions, delimiters)

    def text(field: str, shortest: int, longest: int) -> str:
        value: str = getattr(group, field)
        return check_text(
            value, field=f"group.{field}", delimiters=delimiters, shortest=shortest, longest=longest
        )

    control_number = _control_number(group.control_number, "group.control_number")
    header = [
        "GS",
        text("functional_id", 2, 2),
        text("sender", 2, 15),
        text("receiver", 2, 15),
        write_date(group.created),
        write_time(group.created),
        control_number,
        "X",
        text("version", 6, 12),
    ]
    trailer = ["GE", str(len(group.transactions)), control_number]
    return "".join(
        [
            join_segments([header], delimiters),
            *group.transactions,
            join_segments([trailer], delimiters),
        ]
    )


def _check_sets(transactions: Sequence[str], delimiters: Delimiters) -> None:
    """Each is ST to SE in these delimiters, and no ST02 comes twice."""
    if not 0 < len(transactions) <= MOST_SETS:
        code = WriteErrorCode.LIMIT_EXCEEDED if transactions else WriteErrorCode.REQUIRED
        raise X12WriteError(code, "group.transactions")
    begin = f"ST{delimiters.element}"
    numbers: set[str] = set()
    for text in transactions:
        if not (text.startswith(begin) and text.endswith(delimiters.segment)):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.transactions")
        numbers.add(text.split(delimiters.element, 3)[2])
    if len(numbers) < len(transactions):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.transactions.control_number")


def _acknowledgement(each: InterchangeAcknowledgement, delimiters: Delimiters) -> Segment:
    """TA1."""
    if each.date is None or each.time is None:
        raise X12WriteError(WriteErrorCode.REQUIRED, "acknowledgement.date")
    if each.code not in ("A", "E", "R"):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "acknowledgement.code")
    control_number = check_text(
        each.control_number,
        field="acknowledgement.control_number",
        delimiters=delimiters,
        shortest=1,
        longest=9,
    )
    note = check_text(each.note, field="acknowledgement.note", delimiters=delimiters, shortest=3, longest=3)
    return [
        "TA1",
        control_number.zfill(9),
        write_date(each.date)[2:],
        write_time(each.time),
        each.code,
        note,
    ]


def _control_number(number: int, field: str) -> str:
    if not 0 < number <= HIGHEST_CONTROL_NUMBER:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, field)
    return str(number)
