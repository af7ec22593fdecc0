"""From findings to acknowledgements: TA1 for an interchange, a 999 for each functional group.

Each finding is taken where it arose, from the interchange, the group or the set that has it: control
numbers come twice. Who receives answers keeps what could be read of them: a set is rejected where
its envelope is wrong or nothing in it has a place, and accepted with its errors noted otherwise.
Under the strict policy any error rejects, as the validators of most payers do.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum

from tradingpartners.x12.acknowledgements.codes import (
    ELEMENT_NOTES,
    GROUP_NOTES,
    GUIDE_SEGMENTS_IN_ERROR,
    HAS_ELEMENT_ERRORS,
    INTERCHANGE_NOTES,
    INTERCHANGE_REJECTED,
    SEGMENT_NOTES,
    SEGMENTS_IN_ERROR,
    SET_NOTES,
    UNREADABLE,
)
from tradingpartners.x12.conformance.findings import content_findings
from tradingpartners.x12.conformance.guide_tables import data_element_number
from tradingpartners.x12.envelope.values import (
    FUNCTIONAL_IDS,
    FunctionalGroup,
    GroupOpened,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeClosed,
    RefusedSet,
    TransactionSet,
)
from tradingpartners.x12.envelope.writing import MOST_SETS
from tradingpartners.x12.errors import Finding, FindingCode, Location
from tradingpartners.x12.segments import Delimiters
from tradingpartners.x12.ts999.values import (
    FUNCTIONAL_ID,
    MOST_NOTES,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)

# TA101.
_CARRIED = re.compile("[0-9A-Za-z]{1,9}")
# TA105: a group in it cannot be acknowledged.
_GROUP_UNANSWERED = "024"
# AK101 and AK201; ST01 where that of a set is none of them.
_SET_IDS = {group_id: set_id for set_id, group_id in FUNCTIONAL_IDS.items() if group_id != FUNCTIONAL_ID}
_GROUP_NUMBER = re.compile("[0-9]{1,9}")
# 999 came with 005010; before it there was 997.
_BEFORE_999 = re.compile("00(?:[0-3]|40)")
# What AK2 names a set by that has no number of four to nine characters, and IK502 of it.
_SHORTEST_NUMBER = 4
_NO_CONTROL_NUMBER, _CONTROL_NUMBER_INVALID = "0000", "7"
# IK502 of a set of no kind that a 999 can name.
_SET_NOT_SUPPORTED = "1"
# A segment id that none of the sets has may be anybody's data; IK301 must be something.
_UNKNOWN_SEGMENT = "ZZZ"
# Data element 447 (IK303) has four characters: 2100 of 2100C.
_LONGEST_LOOP = 4
# What IK302, IK4 and the lists of errors can hold.
_HIGHEST_SEGMENT, _HIGHEST_ELEMENT, _HIGHEST_REPETITION = 999_999, 99, 9_999
MOST_ERRORS_IN_SET = 1_000
# IK3s and IK4s of one 999; sets behind that are rejected or accepted without saying for what.
MOST_ERRORS_IN_GROUP = 5_000
# Control numbers and ids that can be repeated in any delimiters; another is no number.
_REPEATABLE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/-]*[A-Za-z0-9])?")

ContentFindings = Callable[[TransactionSet, Delimiters], Iterable[Finding]]


class AcknowledgementPolicy(StrEnum):
    """What a 999 rejects."""

    # What could not be read.
    KEEP_READABLE = "keep_readable"
    # Whatever is wrong.
    STRICT = "strict"


class Unanswerable(StrEnum):
    """Why a 999 cannot speak of a group: AK1 repeats its GS01, GS06 and GS08."""

    FUNCTIONAL_ID = "functional_id"
    CONTROL_NUMBER = "control_number"
    # Absent or nothing that can be repeated; or so old that its sender knows 997 only.
    VERSION = "version"


def why_unanswerable(group: FunctionalGroup | GroupOpened) -> Unanswerable | None:
    """None where a 999 can speak of it, and for acknowledgements: nobody answers them."""
    if group.functional_id == FUNCTIONAL_ID:
        # Other sets in a group of acknowledgements are nobody's: AK1 cannot name such a group.
        found = group.findings if isinstance(group, FunctionalGroup) else ()
        wrong = any(each.code is FindingCode.FUNCTIONAL_ID_WRONG for each in found)
        return Unanswerable.FUNCTIONAL_ID if wrong else None
    if group.functional_id not in _SET_IDS:
        return Unanswerable.FUNCTIONAL_ID
    if not (group.control_number.isascii() and _GROUP_NUMBER.fullmatch(group.control_number)):
        return Unanswerable.CONTROL_NUMBER
    if not repeatable(group.version, 12) or _BEFORE_999.match(group.version):
        return Unanswerable.VERSION
    return None


def acknowledge_interchange(
    interchange: Interchange | InterchangeClosed, *, now: datetime, group_unanswered: bool = False
) -> InterchangeAcknowledgement:
    """TA1: accepted, accepted with errors noted, or rejected.

    An interchange with a group that no 999 can speak of is rejected: its sender would wait. Who
    reads a stream has seen the groups and says so. Date and time are those of the interchange: with
    its number they say which one is meant. Where it has none that can be read they are now, and a
    number that TA1 cannot carry is zeros.
    """
    header = interchange.header
    number = header.control_number
    codes = {finding.code for finding in interchange.findings}
    if isinstance(interchange, Interchange):
        group_unanswered = any(why_unanswerable(group) for group in interchange.groups)
    # What rejects stands before what is only noted.
    rejected = [INTERCHANGE_NOTES[code] for code in INTERCHANGE_NOTES if code in codes & INTERCHANGE_REJECTED]
    if group_unanswered:
        rejected.append(_GROUP_UNANSWERED)
    notes = rejected or [note for code, note in INTERCHANGE_NOTES.items() if code in codes]
    return InterchangeAcknowledgement(
        control_number=number if _CARRIED.fullmatch(number) else "0" * 9,
        date=header.date or now.date(),
        time=now.time() if header.time is None else header.time,
        code="R" if rejected else "E" if notes else "A",
        note=notes[0] if notes else "000",
    )


def acknowledge(
    interchange: Interchange,
    *,
    policy: AcknowledgementPolicy = AcknowledgementPolicy.KEEP_READABLE,
    content: ContentFindings = content_findings,
) -> tuple[ImplementationAcknowledgement, ...]:
    """A 999 for each functional group, from the findings of its envelope and of its contents.

    Acknowledgements are not acknowledged, nor are groups that no 999 can speak of: TA1 says that.
    """

    def found(transaction: TransactionSet) -> list[Finding]:
        return [*transaction.findings, *content(transaction, interchange.delimiters)]

    return tuple(
        _acknowledge_group(group, found, policy)
        for group in interchange.groups
        if group.functional_id != FUNCTIONAL_ID and why_unanswerable(group) is None
    )


def _acknowledge_group(
    group: FunctionalGroup,
    found: Callable[[TransactionSet], list[Finding]],
    policy: AcknowledgementPolicy,
) -> ImplementationAcknowledgement:
    strict = policy is AcknowledgementPolicy.STRICT
    rejected = strict and bool(group.findings)
    left = MOST_ERRORS_IN_GROUP
    sets: list[SetAcknowledgement] = []
    for each in group.received():
        findings = found(each) if isinstance(each, TransactionSet) else list(each.findings)
        one = _acknowledge_set(each, _SET_IDS[group.functional_id], findings, strict=strict)
        errors = _first(one.errors, left)
        left -= sum(map(_size, errors))
        sets.append(one._replace(code="R" if rejected else one.code, errors=errors))
    codes = {finding.code for finding in group.findings}
    notes = tuple(note for code, note in GROUP_NOTES.items() if code in codes)
    accepted = sum(each.accepted for each in sets)
    return ImplementationAcknowledgement(
        functional_id=group.functional_id,
        group_control_number=group.control_number,
        version=group.version,
        sets=tuple(sets),
        code=_group_code(sets, accepted, in_error=bool(group.findings)),
        included=len(sets) if group.sets_stated is None else min(group.sets_stated, MOST_SETS),
        received=len(sets),
        accepted=accepted,
        notes=notes[:MOST_NOTES],
        findings=(),
    )


def _group_code(sets: list[SetAcknowledgement], accepted: int, *, in_error: bool) -> str:
    """AK901; what is wrong with the group is said even where AK905 has no code for it."""
    if accepted == 0:
        return "R"
    if accepted < len(sets):
        return "P"
    return "E" if in_error or any(each.code == "E" for each in sets) else "A"


def _acknowledge_set(
    each: TransactionSet | RefusedSet, set_id_of_group: str, findings: list[Finding], *, strict: bool
) -> SetAcknowledgement:
    """AK2 names the set by its ST01 and ST02 as far as they can be repeated, or else by its place."""
    codes = {finding.code for finding in findings}
    notes = [note for code, note in SET_NOTES.items() if code in codes]
    number = repeatable(each.control_number, 9)
    if len(number) < _SHORTEST_NUMBER:
        number = _NO_CONTROL_NUMBER
        notes.append(_CONTROL_NUMBER_INVALID)
    known = each.set_id in FUNCTIONAL_IDS and FUNCTIONAL_IDS[each.set_id] != FUNCTIONAL_ID
    if not known and not notes:
        notes.append(_SET_NOT_SUPPORTED)
    errors = _segment_errors(findings[:MOST_ERRORS_IN_SET])
    rejected = bool(notes) or not UNREADABLE.isdisjoint(codes) or (strict and bool(findings))
    if errors:
        notes.append(_errors_note(errors))
    return SetAcknowledgement(
        set_id=each.set_id if known else set_id_of_group,
        control_number=number,
        version=repeatable(each.version, 35) or None,
        code="R" if rejected else "E" if findings else "A",
        notes=tuple(dict.fromkeys(notes))[:MOST_NOTES],
        errors=errors,
    )


def _size(error: SegmentError) -> int:
    """How many segments it is."""
    return 1 + len(error.elements)


def _first(errors: tuple[SegmentError, ...], most: int) -> tuple[SegmentError, ...]:
    """As many errors as have no more segments than that."""
    for place, error in enumerate(errors):
        most -= _size(error)
        if most < 0:
            return errors[:place]
    return errors


def _segment_errors(findings: list[Finding]) -> tuple[SegmentError, ...]:
    """IK3 with its IK4s, in the order of the segments."""
    errors: dict[tuple[int, str, str, str], dict[ElementError, None]] = {}
    for finding in sorted(findings, key=lambda each: each.at.segment_number):
        at = finding.at
        segment_note = SEGMENT_NOTES.get(finding.code)
        element_note = ELEMENT_NOTES.get(finding.code)
        if segment_note is None and element_note is None:
            continue
        note = segment_note or HAS_ELEMENT_ERRORS
        loop = (at.loop or "")[:_LONGEST_LOOP]
        elements = errors.setdefault((at.segment_number, at.segment_id, loop, note), {})
        if element_note is not None and at.element is not None:
            elements[_element_error(at, element_note)] = None
    return tuple(
        SegmentError(
            segment_id=segment_id or _UNKNOWN_SEGMENT,
            segment_number=min(number, _HIGHEST_SEGMENT),
            loop=loop or None,
            code=note,
            elements=tuple(sorted(elements, key=_position)),
        )
        for (number, segment_id, loop, note), elements in errors.items()
    )


def _element_error(at: Location, note: str) -> ElementError:
    element, repetition = at.element or 1, at.repetition
    return ElementError(
        element=min(element, _HIGHEST_ELEMENT),
        component=None if at.component is None else min(at.component, _HIGHEST_ELEMENT),
        repetition=None if repetition is None else min(repetition, _HIGHEST_REPETITION),
        reference=data_element_number(at.segment_id, element, at.component) or None,
        code=note,
    )


def _position(error: ElementError) -> tuple[int, int, int]:
    return error.element or 0, error.component or 0, error.repetition or 0


def _errors_note(errors: tuple[SegmentError, ...]) -> str:
    """Whether the standard is broken, or no more than what the guide makes of it."""
    codes = [element.code for error in errors for element in error.elements]
    plain = any(not error.elements for error in errors)
    of_guide = not plain and all(code.startswith("I") for code in codes)
    return GUIDE_SEGMENTS_IN_ERROR if of_guide else SEGMENTS_IN_ERROR


def repeatable(text: str, longest: int) -> str:
    """The text, or "" where it cannot stand in an acknowledgement."""
    return text if len(text) <= longest and _REPEATABLE.fullmatch(text) else ""
