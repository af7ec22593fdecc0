"""Which code of TA1 and 999 each finding has."""

from tradingpartners.x12.errors import FindingCode

# TA105; the first that applies is said, so those that reject stand first.
INTERCHANGE_NOTES = {
    FindingCode.INTERCHANGE_TRAILER_MISSING: "023",
    FindingCode.INTERCHANGE_CONTROL_NUMBER_MISMATCH: "001",
    FindingCode.INTERCHANGE_CONTROL_NUMBER_REPEATED: "025",
    FindingCode.GROUP_COUNT_WRONG: "021",
    FindingCode.GROUP_HEADER_MISSING: "024",
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
INTERCHANGE_REJECTED = frozenset(
    [
        FindingCode.INTERCHANGE_TRAILER_MISSING,
        FindingCode.INTERCHANGE_CONTROL_NUMBER_MISMATCH,
        FindingCode.INTERCHANGE_CONTROL_NUMBER_REPEATED,
        FindingCode.GROUP_COUNT_WRONG,
        FindingCode.GROUP_HEADER_MISSING,
    ]
)
# AK905, with the codes that 005010X231A1 has: none of them speaks of GS02 to GS05 or GS07.
GROUP_NOTES = {
    FindingCode.FUNCTIONAL_ID_WRONG: "1",
    FindingCode.VERSION_UNEXPECTED: "2",
    FindingCode.GROUP_TRAILER_MISSING: "3",
    FindingCode.GROUP_CONTROL_NUMBER_MISMATCH: "4",
    FindingCode.SET_COUNT_WRONG: "5",
    FindingCode.GROUP_CONTROL_NUMBER_INVALID: "6",
    FindingCode.GROUP_CONTROL_NUMBER_REPEATED: "19",
}
# IK502: each rejects the set.
SET_NOTES = {
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
SEGMENTS_IN_ERROR, GUIDE_SEGMENTS_IN_ERROR = "5", "I5"
# IK304 for a finding about a segment as a whole.
SEGMENT_NOTES = {
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
ELEMENT_NOTES = {
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
HAS_ELEMENT_ERRORS = "8"
# Nothing of such a set could be read.
UNREADABLE = frozenset([FindingCode.HIERARCHY_MISSING])
