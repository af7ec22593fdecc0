"""From findings to acknowledgements: TA1 for an interchange, a 999 for each functional group.

Codes to codes is a table. Who receives answers keeps what could be read of them: a set is rejected
where its envelope is wrong or nothing in it has a place, and accepted with its errors noted
otherwise. Under the strict policy any error rejects, as the validators of most payers do.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from tradingpartners.x12.acknowledgements.ts999 import (
    FUNCTIONAL_ID,
    MOST_NOTES,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)
from tradingpartners.x12.conformance.guide_tables import data_element_number
from tradingpartners.x12.envelope.values import (
    FUNCTIONAL_IDS,
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeClosed,
)
from tradingpartners.x12.envelope.writing import MOST_SETS
from tradingpartners.x12.errors import Finding, FindingCode, Location

# TA105; the first that applies is said, so those that reject stand first.
_INTERCHANGE_NOTES = {
    FindingCode.INTERCHANGE_TRAILER_MISSING: "023",
    FindingCode.INTERCHANGE_CONTROL_NUMBER_MISMATCH: "001",
    FindingCode.INTERCHANGE_CONTROL_NUMBER_REPEATED: "025",
    FindingCode.GROUP_COUNT_WRONG: "021",
    FindingCode.GROUP_HEADER_MISSING: "024",
    FindingCode.TOO_MANY_FINDINGS: "022",
    FindingCode.INTERCHANGE_VERSION_WRONG: "017",
    FindingCode.INTERCHANGE_AUTHORIZATION_QUALIFIER_WRONG: "010",
    FindingCode.INTERCHANGE_SECURITY_QUALIFIER_WRONG: "012",
    FindingCode.INTERCHANGE_SENDER_QUALIFIER_WRONG: "005",
    FindingCode.INTERCHANGE_SENDER_MISSING: "006",
    FindingCode.INTERCHANGE_RECEIVER_QUALIFIER_WRONG: "007",
    FindingCode.INTERCHANGE_RECEIVER_MISSING: "008",
    FindingCode.INTERCHANGE_DATE_INVALID: "014",
    FindingCode.INTERCHANGE_TIME_INVALID: "015",
    FindingCode.INTERCHANGE_REPETITION_SEPARATOR_WRONG: "032",
    FindingCode.INTERCHANGE_CONTROL_NUMBER_INVALID: "018",
    FindingCode.INTERCHANGE_ACKNOWLEDGEMENT_REQUEST_WRONG: "019",
    FindingCode.INTERCHANGE_USAGE_WRONG: "020",
    FindingCode.INTERCHANGE_HEADER_NOT_PADDED: "022",
    FindingCode.SET_HEADER_MISSING: "022",
    FindingCode.SEGMENT_UNEXPECTED: "022",
    FindingCode.SEGMENT_TOO_LONG: "022",
    FindingCode.SEGMENT_TERMINATOR_MISSING: "004",
}
# What rejects an interchange: it did not come whole, or as itself, or a group in it cannot be
# acknowledged. All else was noted and the interchange taken: its sets could be read, and a sender
# who is told R sends them again.
_INTERCHANGE_REJECTED = frozenset(
    [
        FindingCode.INTERCHANGE_TRAILER_MISSING,
        FindingCode.INTERCHANGE_CONTROL_NUMBER_MISMATCH,
        FindingCode.INTERCHANGE_CONTROL_NUMBER_REPEATED,
        FindingCode.GROUP_COUNT_WRONG,
        FindingCode.GROUP_HEADER_MISSING,
        # The findings end where they were too many: nobody can say what else is wrong.
        FindingCode.TOO_MANY_FINDINGS,
    ]
)
# TA101.
_CARRIED = re.compile("[0-9A-Za-z]{1,9}")
# AK905, with the codes that 005010X231A1 has: none of them speaks of GS02 to GS05 or GS07.
_GROUP_NOTES = {
    FindingCode.FUNCTIONAL_ID_WRONG: "1",
    FindingCode.VERSION_UNEXPECTED: "2",
    FindingCode.GROUP_TRAILER_MISSING: "3",
    FindingCode.GROUP_CONTROL_NUMBER_MISMATCH: "4",
    FindingCode.SET_COUNT_WRONG: "5",
    FindingCode.GROUP_CONTROL_NUMBER_INVALID: "6",
    FindingCode.GROUP_CONTROL_NUMBER_REPEATED: "19",
}
# IK502: each rejects the set.
_SET_NOTES = {
    FindingCode.SET_TRAILER_MISSING: "2",
    FindingCode.SET_CONTROL_NUMBER_MISMATCH: "3",
    FindingCode.SEGMENT_COUNT_WRONG: "4",
    FindingCode.SET_ID_INVALID: "6",
    FindingCode.SET_CONTROL_NUMBER_INVALID: "7",
    FindingCode.SEGMENT_TOO_LONG: "5",
    FindingCode.SET_TOO_LONG: "5",
    FindingCode.TOO_MANY_ELEMENTS: "5",
    FindingCode.TOO_MANY_REPETITIONS: "5",
    FindingCode.TOO_MANY_COMPONENTS: "5",
    FindingCode.TOO_MANY_SEGMENTS: "5",
    FindingCode.TOO_MANY_LEVELS: "5",
    FindingCode.SET_CONTROL_NUMBER_REPEATED: "23",
}
# IK502 where the IK3s say why: an error of the standard, or only of the guide.
_SEGMENTS_IN_ERROR, _GUIDE_SEGMENTS_IN_ERROR = "5", "I5"
# IK304 for a finding about a segment as a whole.
_SEGMENT_NOTES = {
    FindingCode.SEGMENT_ID_INVALID: "1",
    FindingCode.SEGMENT_UNEXPECTED: "2",
    FindingCode.SEGMENT_MISSING: "3",
    FindingCode.HIERARCHY_MISSING: "3",
    FindingCode.LOOP_TOO_OFTEN: "4",
    FindingCode.SEGMENT_TOO_OFTEN: "5",
    FindingCode.SEGMENT_NOT_IN_SET: "6",
    FindingCode.SEGMENT_OUT_OF_ORDER: "7",
    FindingCode.TRAILING_SEPARATORS: "8",
}
# IK403 for a finding about an element.
_ELEMENT_NOTES = {
    FindingCode.ELEMENT_MISSING: "1",
    FindingCode.HIERARCHY_ID_MISSING: "1",
    FindingCode.ELEMENT_CONDITIONALLY_MISSING: "2",
    FindingCode.EXCESS_ELEMENTS: "3",
    FindingCode.ELEMENT_TOO_SHORT: "4",
    FindingCode.ELEMENT_TOO_LONG: "5",
    FindingCode.AMOUNT_INVALID: "6",
    FindingCode.CHARACTER_INVALID: "6",
    FindingCode.CODE_UNKNOWN: "7",
    FindingCode.COUNT_WRONG: "7",
    FindingCode.HIERARCHY_CHILDREN_WRONG: "7",
    FindingCode.HIERARCHY_ID_OUT_OF_SEQUENCE: "7",
    FindingCode.HIERARCHY_ID_REPEATED: "7",
    FindingCode.HIERARCHY_LEVEL_UNKNOWN: "7",
    FindingCode.HIERARCHY_PARENT_UNKNOWN: "7",
    FindingCode.HIERARCHY_PARENT_WRONG: "7",
    FindingCode.HIERARCHY_TOO_DEEP: "7",
    FindingCode.VERSION_MISMATCH: "7",
    FindingCode.DATE_INVALID: "8",
    FindingCode.TIME_INVALID: "9",
    FindingCode.ELEMENTS_EXCLUDE_EACH_OTHER: "10",
    FindingCode.EXCESS_REPETITIONS: "12",
    FindingCode.EXCESS_COMPONENTS: "13",
    FindingCode.ELEMENT_NOT_USED: "I10",
    FindingCode.AMOUNT_MISPLACED: "I12",
}
_HAS_ELEMENT_ERRORS = "8"
# What AK2 names a set by that has no such number, and IK502 of it.
_NO_CONTROL_NUMBER, _CONTROL_NUMBER_INVALID = "0000", "7"
_SET_OF_GROUP = {functional_id: set_id for set_id, functional_id in FUNCTIONAL_IDS.items()}
# Nothing of such a set could be read.
_UNREADABLE = frozenset([FindingCode.HIERARCHY_MISSING])
# A segment id that none of the sets has may be anybody's data; IK301 must be something.
_UNKNOWN_SEGMENT = "ZZZ"
# Data element 447 (IK303) has four characters: 2100 of 2100C.
_LONGEST_LOOP = 4
# What IK302, IK4 and the lists of errors can hold.
_HIGHEST_SEGMENT, _HIGHEST_ELEMENT, _HIGHEST_REPETITION = 999_999, 99, 9_999
MOST_ERRORS_IN_SET = 1_000
# Control numbers and ids that can be repeated in any delimiters; another is no number.
_REPEATABLE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/-]*[A-Za-z0-9])?")


class AcknowledgementPolicy(StrEnum):
    """What a 999 rejects."""

    # What could not be read.
    KEEP_READABLE = "keep_readable"
    # Whatever is wrong.
    STRICT = "strict"


def acknowledge_interchange(
    interchange: Interchange | InterchangeClosed, findings: Iterable[Finding], *, now: datetime
) -> InterchangeAcknowledgement:
    """TA1: accepted, accepted with errors noted, or rejected.

    Date and time are those of the interchange: with its number they say which one is meant. Where
    it has none that can be read they are now, and a number that TA1 cannot carry is zeros.
    """
    header = interchange.header
    number = header.control_number
    codes = {
        finding.code
        for finding in findings
        if finding.at.interchange == number and finding.at.transaction is None
    }
    if not interchange.repeated:  # then that was found of another one, with the same number
        codes.discard(FindingCode.INTERCHANGE_CONTROL_NUMBER_REPEATED)
    noted = [code for code in _INTERCHANGE_NOTES if code in codes]
    return InterchangeAcknowledgement(
        control_number=number if _CARRIED.fullmatch(number) else "0" * 9,
        date=header.date or now.date(),
        time=now.time() if header.time is None else header.time,
        code="R" if _INTERCHANGE_REJECTED & codes else "E" if noted else "A",
        note=_INTERCHANGE_NOTES[noted[0]] if noted else "000",
    )


def acknowledge(
    interchange: Interchange,
    findings: Iterable[Finding],
    *,
    policy: AcknowledgementPolicy = AcknowledgementPolicy.KEEP_READABLE,
) -> tuple[ImplementationAcknowledgement, ...]:
    """A 999 for each functional group, from the findings of its envelope and of its contents.

    Acknowledgements are not acknowledged, nor are sets without a GS: TA1 says that.
    """
    number = interchange.header.control_number
    found: dict[str | None, dict[str | None, list[Finding]]] = {}
    for finding in findings:
        at = finding.at
        if at.interchange == number:
            of_set = found.setdefault(at.group, {}).setdefault(at.transaction, [])
            if len(of_set) < MOST_ERRORS_IN_SET:
                of_set.append(finding)
    return tuple(
        _acknowledge_group(group, found.get(group.control_number, {}), policy)
        for group in interchange.groups
        if group.functional_id != FUNCTIONAL_ID
        and len(repeatable(group.functional_id, 2)) == 2
        and repeatable(group.control_number, 9)
    )


def _acknowledge_group(
    group: FunctionalGroup,
    found: dict[str | None, list[Finding]],
    policy: AcknowledgementPolicy,
) -> ImplementationAcknowledgement:
    received = [(each.set_id, each.control_number, each.version) for each in group.transactions]
    for refused in group.refused:
        received.insert(refused.position, (refused.set_id, refused.control_number, refused.version))
    sets = tuple(_acknowledge_set(*_named(each, group), found.get(each[1], []), policy) for each in received)
    codes = {finding.code for finding in found.get(None, [])}
    notes = tuple(note for code, note in _GROUP_NOTES.items() if code in codes)
    accepted = sum(each.accepted for each in sets)
    return ImplementationAcknowledgement(
        functional_id=group.functional_id,
        group_control_number=group.control_number,
        version=repeatable(group.version, 12) or None,
        sets=tuple(each for each in sets if each.set_id),
        code=_group_code(sets, accepted, notes),
        included=len(sets) if group.sets_stated is None else min(group.sets_stated, MOST_SETS),
        received=len(sets),
        accepted=accepted,
        notes=notes[:MOST_NOTES],
        findings=(),
    )


def _group_code(sets: tuple[SetAcknowledgement, ...], accepted: int, notes: tuple[str, ...]) -> str:
    """AK901."""
    if accepted == 0:
        return "R"
    if accepted < len(sets):
        return "P"
    return "E" if notes or any(each.code == "E" for each in sets) else "A"


def _acknowledge_set(
    set_id: str,
    control_number: str,
    version: str,
    findings: list[Finding],
    policy: AcknowledgementPolicy,
) -> SetAcknowledgement:
    codes = {finding.code for finding in findings}
    rejecting = [note for code, note in _SET_NOTES.items() if code in codes]
    if control_number == _NO_CONTROL_NUMBER:
        rejecting.append(_CONTROL_NUMBER_INVALID)
    errors = _segment_errors(findings)
    notes = list(dict.fromkeys([*rejecting, *([_errors_note(errors)] if errors else [])]))
    strict = policy is AcknowledgementPolicy.STRICT
    rejected = bool(rejecting) or not _UNREADABLE.isdisjoint(codes) or (strict and errors)
    return SetAcknowledgement(
        set_id=set_id,
        control_number=control_number,
        version=repeatable(version, 35) or None,
        code="R" if rejected else "E" if errors else "A",
        notes=tuple(notes[:MOST_NOTES]),
        errors=errors,
    )


def _named(received: tuple[str, str, str], group: FunctionalGroup) -> tuple[str, str, str]:
    """ST01 to ST03 as they can be repeated: AK2 has to name the set, if only by its place."""
    set_id, control_number, version = received
    if len(repeatable(set_id, 3)) < 3:
        set_id = _SET_OF_GROUP.get(group.functional_id, "")
    return set_id, repeatable(control_number, 9) or _NO_CONTROL_NUMBER, version


def _segment_errors(findings: list[Finding]) -> tuple[SegmentError, ...]:
    """IK3 with its IK4s, in the order of the segments."""
    errors: dict[tuple[int, str, str, str], dict[ElementError, None]] = {}
    for finding in sorted(findings, key=lambda each: each.at.segment_number):
        at = finding.at
        segment_note = _SEGMENT_NOTES.get(finding.code)
        element_note = _ELEMENT_NOTES.get(finding.code)
        if segment_note is None and element_note is None:
            continue
        note = segment_note or _HAS_ELEMENT_ERRORS
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
    return _GUIDE_SEGMENTS_IN_ERROR if of_guide else _SEGMENTS_IN_ERROR


def repeatable(text: str, longest: int) -> str:
    """The text, or "" where it cannot stand in an acknowledgement."""
    return text if len(text) <= longest and _REPEATABLE.fullmatch(text) else ""
