"""Delimiters and segments: text to lists of elements and back.

A segment is a list of strings whose item 0 is its id, so that item n is element n as X12 counts.
"""

from functools import lru_cache
from typing import NamedTuple

from tradingpartners.x12.characters import check_text as check_text
from tradingpartners.x12.errors import (
    WriteErrorCode,
    X12Error,
    X12ErrorCode,
    X12WriteError,
)

Segment = list[str]

WHITESPACE = " \t\r\n"
# ISA is 106 characters; an unpadded or overlong one is read while its 16 separators are near.
LONGEST_INTERCHANGE_HEADER = 400
PADDED_INTERCHANGE_HEADER = 105

# The segments of the health care sets and their envelope. Another name may be anybody's data.
_SEGMENT_IDS = """
AAA ACT ADX AK1 AK2 AK3 AK4 AK5 AK9 AMT BGN BHT BPR CAS CL1 CLM CLP CN1 COB CR1 CR2 CR3 CR5 CR6 CR7 CR8
CRC CTX CUR DMG DN1 DN2 DSB DTM DTP EB EC ENT EQ FRM GE GS HCP HCR HD HI HL HLH HSD ICM IDC IEA IHA III
IK3 IK4 IK5 INS ISA K3 LE LIN LQ LS LUI LX MEA MIA MOA MPI MSG N1 N3 N4 NM1 NTE NX1 OI PAT PER PLA PLB
PRV PS1 PWK QTY RDM REF RMR SBR SE ST STC SV1 SV2 SV3 SV5 SV6 SV7 SVC SVD TA1 TOO TRN TS2 TS3 UM
"""
SEGMENT_IDS = frozenset(_SEGMENT_IDS.split())


class Delimiters(NamedTuple):
    """The characters that part elements, components, repetitions and segments."""

    element: str = "*"
    component: str = ":"
    # "" where the sender has none: ISA11 of 4010 is a standards id, "U".
    repetition: str = "^"
    segment: str = "~"


DEFAULT_DELIMITERS = Delimiters()


class InterchangeStart(NamedTuple):
    """An ISA as read: the delimiters it sets, its elements, where it begins and ends."""

    begin: int
    delimiters: Delimiters
    elements: Segment
    end: int
    padded: bool


def read_interchange_start(text: str, start: int = 0) -> InterchangeStart:
    """Read the ISA at `start`, padded or not: X12.5 lets it name its own delimiters.

    Separators are counted, not columns: ISA16 is the one character behind the sixteenth, and the
    segment terminator is the character behind that.
    """
    head = text[start : start + LONGEST_INTERCHANGE_HEADER]
    if len(head) < 4:
        raise X12Error(X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT, start + len(head))
    element = head[3]
    if _is_data(element):
        raise X12Error(X12ErrorCode.INVALID_ELEMENT_SEPARATOR, start + 3)
    elements = head.split(element, 16)
    if len(elements) < 17 or len(elements[16]) < 2:
        raise X12Error(X12ErrorCode.INTERCHANGE_HEADER_CUT_SHORT, start + len(head))
    at = start + len(head) - len(elements[16])
    component, terminator = elements[16][0], elements[16][1]
    elements[16] = component
    if _is_data(component):
        raise X12Error(X12ErrorCode.INVALID_COMPONENT_SEPARATOR, at)
    if _is_data(terminator) and terminator not in "\r\n":
        raise X12Error(X12ErrorCode.INVALID_SEGMENT_TERMINATOR, at + 1)
    repetition = _repetition_separator(elements, (element, component, terminator))
    delimiters = Delimiters(element, component, repetition, terminator)
    used = [character for character in delimiters if character]
    if len(set(used)) < len(used):
        raise X12Error(X12ErrorCode.REPEATED_DELIMITER, at)
    padded = at + 1 - start == PADDED_INTERCHANGE_HEADER
    return InterchangeStart(start, delimiters, elements, at + 2, padded)


def _is_data(character: str) -> bool:
    """Letters, digits and blanks part nothing. (`isspace` would count the separators of ASCII.)"""
    return character.isalnum() or character in WHITESPACE


def _repetition_separator(elements: Segment, others: tuple[str, ...]) -> str:
    """ISA11, where it is one: up to 00401 it is a standards id, and nothing in it repeats."""
    text = elements[11].strip(WHITESPACE)
    if len(text) != 1 or text.isalnum() or (elements[12] < "00402" and text in others):
        return ""
    return text


def split_segments(text: str, delimiters: Delimiters) -> list[Segment]:
    """The segments of a piece of an interchange: blank ones dropped, indentation removed."""
    element = delimiters.element
    return [piece.split(element) for piece in segment_texts(text, delimiters)]


def count_segments(text: str, delimiters: Delimiters) -> int:
    """How many `split_segments` gives, without splitting where it can be counted."""
    if _has_blanks(text, delimiters):
        return len(segment_texts(text, delimiters))
    return text.count(delimiters.segment) + (not text.endswith(delimiters.segment))


def segment_texts(text: str, delimiters: Delimiters) -> list[str]:
    """The segments before they are split to elements."""
    pieces = text.split(delimiters.segment)
    if not pieces[-1]:
        pieces.pop()
    if _has_blanks(text, delimiters):
        trimmed = [piece.lstrip(WHITESPACE).rstrip("\r\n") for piece in pieces]
        return [piece for piece in trimmed if piece]
    return pieces


def _has_blanks(text: str, delimiters: Delimiters) -> bool:
    """Whether segments may have to be trimmed."""
    terminator = delimiters.segment
    return (
        "\n" in text
        or "\r" in text
        or "\t" in text
        or terminator + " " in text
        or terminator + terminator in text
        or text[:1] in WHITESPACE
    )


def join_segments(segments: list[Segment], delimiters: Delimiters) -> str:
    """Segments as text, each with its terminator."""
    element, terminator = delimiters.element, delimiters.segment
    return "".join([element.join(segment) + terminator for segment in segments])


def segment_id(name: str) -> str:
    """The id of a segment, or "" where it is none we know: findings carry nobody's data."""
    name = name.strip()
    return name if name in SEGMENT_IDS else ""


def element_at(segment: Segment, position: int) -> str:
    """Element `position`, trimmed; absent is ""."""
    return segment[position].strip() if position < len(segment) else ""


@lru_cache(maxsize=64)
def check_delimiters(delimiters: Delimiters) -> None:
    """Refuse to write with delimiters that a reader could not tell from data or each other."""
    for name, character in zip(Delimiters._fields, delimiters, strict=True):
        if name == "repetition" and not character:
            continue
        if len(character) != 1 or not character.isascii() or character.isalnum() or character in " \t\0":
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, f"delimiters.{name}")
        if character in "\r\n" and name != "segment":
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, f"delimiters.{name}")
    used = [character for character in delimiters if character]
    if len(set(used)) < len(used):
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, "delimiters")
