"""Write an interchange around transaction sets that are already written.

Counts are computed, control numbers and the clock are arguments, and a value that X12 cannot
carry is refused with its field named.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from tradingpartners.x12.characters import CharacterSet, TextCheck, check_text, text_check
from tradingpartners.x12.elements import write_date, write_time
from tradingpartners.x12.envelope.values import FUNCTIONAL_IDS, ID_QUALIFIERS, InterchangeAcknowledgement
from tradingpartners.x12.errors import WriteErrorCode, X12WriteError
from tradingpartners.x12.segments import (
    DEFAULT_DELIMITERS,
    WHITESPACE,
    Delimiters,
    Segment,
    check_delimiters,
    count_segments,
    join_segments,
)

# ISA13 and GS06 have nine digits at most, GE01 six, IEA01 five.
HIGHEST_CONTROL_NUMBER = 999_999_999
MOST_SETS = 999_999
MOST_GROUPS = 99_999

_NOTE = re.compile(r"[0-9]{3}")
# ISA09 has two digits of the year.
_YEARS = range(2000, 2100)


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
    character_set: CharacterSet = CharacterSet.EXTENDED,
) -> bytes:
    """ISA, TA1 where there are any, the groups, IEA; the sets with the same delimiters.

    What a group holds is checked as far as an acknowledgement would complain of it: that its sets
    are whole, counted and numbered each by its own, and of the kind and version GS states.
    """
    check_delimiters(delimiters)
    if len(groups) > MOST_GROUPS:
        raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, "groups")
    if len({group.control_number for group in groups}) < len(groups):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.control_number")
    # 00401 ends before the versions that 005010 brought; the other way round is allowed.
    if envelope.version == "00401" and any(group.version[:6] > "004999" for group in groups):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "version")
    control_number = _control_number(envelope.control_number, "control_number").zfill(9)
    check = text_check(delimiters, character_set)
    header = _interchange_header(envelope, control_number, delimiters, check)
    notes = [_acknowledgement(each) for each in acknowledgements]
    trailer = ["IEA", str(len(groups)), control_number]
    text = "".join(
        [
            join_segments([header, *notes], delimiters),
            *[_group(group, delimiters, check) for group in groups],
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
    envelope: InterchangeEnvelope, control_number: str, delimiters: Delimiters, check: TextCheck
) -> Segment:
    """ISA, its elements padded to their fixed lengths."""
    if envelope.usage not in ("P", "T"):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "usage")
    if envelope.version not in ("00401", "00501"):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "version")
    if envelope.created.year not in _YEARS:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "created")
    if not delimiters.repetition and envelope.version == "00501":
        raise X12WriteError(WriteErrorCode.REQUIRED, "delimiters.repetition")

    def text(field: str, shortest: int, longest: int) -> str:
        return check(getattr(envelope, field), field, shortest, longest)

    def qualifier(field: str) -> str:
        value = text(field, 2, 2)
        if value not in ID_QUALIFIERS:
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, field)
        return value

    return [
        *("ISA", "00", " " * 10, "00", " " * 10),
        qualifier("sender_qualifier"),
        text("sender", 1, 15).ljust(15),
        qualifier("receiver_qualifier"),
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


def _group(group: GroupEnvelope, delimiters: Delimiters, check: TextCheck) -> str:
    """GS, its sets, GE."""

    def text(field: str, shortest: int, longest: int) -> str:
        return check(getattr(group, field), f"group.{field}", shortest, longest)

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
    _check_sets(group, delimiters)
    trailer = ["GE", str(len(group.transactions)), control_number]
    return "".join(
        [
            join_segments([header], delimiters),
            *group.transactions,
            join_segments([trailer], delimiters),
        ]
    )


def _check_sets(group: GroupEnvelope, delimiters: Delimiters) -> None:
    """As many as GE01 can count, each whole and of the group, and no ST02 twice."""
    if not 0 < len(group.transactions) <= MOST_SETS:
        code = WriteErrorCode.LIMIT_EXCEEDED if group.transactions else WriteErrorCode.REQUIRED
        raise X12WriteError(code, "group.transactions")
    numbers = {_set_control_number(text, group, delimiters) for text in group.transactions}
    if len(numbers) < len(group.transactions):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.transactions.control_number")


def _set_control_number(text: str, group: GroupEnvelope, delimiters: Delimiters) -> str:
    """ST02 of a set that is whole: ST first, SE last with the count and ST02, no envelope between."""
    if not text.isascii():
        raise X12WriteError(WriteErrorCode.UNSUPPORTED_CHARACTER, "group.transactions")
    element, terminator = delimiters.element, delimiters.segment
    header = text.split(terminator, 1)[0].split(element)
    first = _envelope_segments(delimiters).search(text)
    trailer = text[first.start(1) :].split(element) if first else []
    count = str(count_segments(text, delimiters))
    if header[0] != "ST" or len(header) < 3 or trailer != ["SE", count, header[2] + terminator]:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.transactions")
    if FUNCTIONAL_IDS.get(header[1], group.functional_id) != group.functional_id:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.functional_id")
    if len(header) > 3 and header[3] != group.version:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "group.version")
    return header[2]


@lru_cache(maxsize=64)
def _envelope_segments(delimiters: Delimiters) -> re.Pattern[str]:
    """Where, behind an ST, a reader sees the envelope again."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    blanks = WHITESPACE.replace(delimiters.segment, "")
    return re.compile(rf"{terminator}[{blanks}]*+((?:ISA|GS|ST|SE|GE|IEA)[{element}{terminator}])")


def _acknowledgement(each: InterchangeAcknowledgement) -> Segment:
    """TA1."""
    if each.date is None or each.time is None:
        raise X12WriteError(WriteErrorCode.REQUIRED, "acknowledgement.date")
    if each.code not in ("A", "E", "R"):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "acknowledgement.code")
    # ISA13 as it came: nine digits, or whatever stood there for them.
    number = each.control_number.strip(" ")
    if not (number.isascii() and number.isalnum() and len(number) <= 9):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "acknowledgement.control_number")
    if not _NOTE.fullmatch(each.note):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "acknowledgement.note")
    return [
        "TA1",
        number.zfill(9),
        write_date(each.date)[2:],
        write_time(each.time),
        each.code,
        each.note,
    ]


def _control_number(number: int, field: str) -> str:
    # True is an int, and would be written as a word.
    if type(number) is not int or not 0 < number <= HIGHEST_CONTROL_NUMBER:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, field)
    return str(number)
