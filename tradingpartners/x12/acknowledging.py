"""From findings to acknowledgements: TA1 for an interchange, a 999 for each functional group.

Codes to codes is a table. A set whose envelope is wrong is rejected; one whose content is wrong is
accepted with its errors noted, because its answer has been read.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from tradingpartners.x12.acks import (
    FUNCTIONAL_ID,
    MOST_NOTES,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)
from tradingpartners.x12.envelope import (
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeClosed,
)
from tradingpartners.x12.errors import Finding, FindingCode

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
# AK905.
_GROUP_NOTES = {
    FindingCode.FUNCTIONAL_ID_WRONG: "1",
    FindingCode.VERSION_UNEXPECTED: "2",
    FindingCode.GROUP_TRAILER_MISSING: "3",
    FindingCode.GROUP_CONTROL_NUMBER_MISMATCH: "4",
    FindingCode.SET_COUNT_WRONG: "5",
    FindingCode.GROUP_CONTROL_NUMBER_INVALID: "6",
    FindingCode.GROUP_SENDER_MISSING: "7",
    FindingCode.GROUP_RECEIVER_MISSING: "8",
    FindingCode.GROUP_AGENCY_WRONG: "9",
    FindingCode.GROUP_CONTROL_NUMBER_REPEATED: "19",
    FindingCode.GROUP_DATE_INVALID: "30",
    FindingCode.GROUP_TIME_INVALID: "31",
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
# IK304 for a finding about a segment as a whole.
_SEGMENT_NOTES = {
    FindingCode.SEGMENT_ID_INVALID: "1",
    FindingCode.SEGMENT_UNEXPECTED: "2",
    FindingCode.SEGMENT_MISSING: "3",
    FindingCode.HIERARCHY_MISSING: "3",
}
# IK403 for a finding about an element.
_ELEMENT_NOTES = {
    FindingCode.ELEMENT_MISSING: "1",
    FindingCode.HIERARCHY_ID_MISSING: "1",
    FindingCode.AMOUNT_INVALID: "6",
    FindingCode.COUNT_WRONG: "7",
    FindingCode.CODE_UNKNOWN: "7",
    FindingCode.HIERARCHY_ID_REPEATED: "7",
    FindingCode.HIERARCHY_LEVEL_UNKNOWN: "7",
    FindingCode.HIERARCHY_PARENT_UNKNOWN: "7",
    FindingCode.VERSION_MISMATCH: "7",
    FindingCode.DATE_INVALID: "8",
    FindingCode.AMOUNT_MISPLACED: "I10",
}
_HAS_ELEMENT_ERRORS = "8"


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
    interchange: Interchange, findings: Iterable[Finding]
) -> tuple[ImplementationAcknowledgement, ...]:
    """A 999 for each functional group, from the findings of its envelope and of its contents.

    Acknowledgements are not acknowledged, nor are sets without a GS: TA1 says that.
    """
    number = interchange.header.control_number
    found = [finding for finding in findings if finding.at.interchange == number]
    return tuple(
        _acknowledge_group(group, [f for f in found if f.at.group == group.control_number])
        for group in interchange.groups
        if group.functional_id not in ("", FUNCTIONAL_ID)
    )


def _acknowledge_group(group: FunctionalGroup, findings: list[Finding]) -> ImplementationAcknowledgement:
    by_set: dict[str | None, list[Finding]] = {}
    for finding in findings:
        by_set.setdefault(finding.at.transaction, []).append(finding)
    received = [(each.set_id, each.control_number, each.version) for each in group.transactions]
    for refused in group.refused:
        received.insert(refused.position, (refused.set_id, refused.control_number, refused.version))
    sets = tuple(_acknowledge_set(*each, by_set.get(each[1], [])) for each in received)
    codes = {finding.code for finding in by_set.get(None, [])}
    notes = tuple(note for code, note in _GROUP_NOTES.items() if code in codes)
    accepted = sum(each.accepted for each in sets)
    return ImplementationAcknowledgement(
        functional_id=group.functional_id,
        group_control_number=group.control_number,
        version=group.version,
        sets=sets,
        code=_group_code(sets, accepted, notes),
        included=len(sets) if group.sets_stated is None else group.sets_stated,
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
    set_id: str, control_number: str, version: str, findings: list[Finding]
) -> SetAcknowledgement:
    codes = {finding.code for finding in findings}
    rejecting = [note for code, note in _SET_NOTES.items() if code in codes]
    errors = _segment_errors(findings)
    notes = list(dict.fromkeys([*rejecting, *(["5"] if errors else [])]))
    code = "R" if rejecting else "E" if errors else "A"
    return SetAcknowledgement(
        set_id, control_number, version or None, code, tuple(notes[:MOST_NOTES]), errors
    )


def _segment_errors(findings: list[Finding]) -> tuple[SegmentError, ...]:
    """IK3 with its IK4s, in the order of the segments."""
    errors: dict[tuple[int, str], SegmentError] = {}
    for finding in sorted(findings, key=lambda each: each.at.segment_number):
        at = finding.at
        segment_note = _SEGMENT_NOTES.get(finding.code)
        element_note = _ELEMENT_NOTES.get(finding.code)
        if segment_note is None and element_note is None:
            continue
        note = segment_note or _HAS_ELEMENT_ERRORS
        key = (at.segment_number, note)
        error = errors.setdefault(key, SegmentError(at.segment_id, at.segment_number, None, note, ()))
        if element_note is not None:
            element = ElementError(at.element, None, None, None, element_note)
            errors[key] = error._replace(elements=(*error.elements, element))
    return tuple(errors.values())
