"""What can be wrong with X12: unreadable is an exception, wrong is a finding, unwritable is a refusal.

None of them ever carries a value of the message: an enum member and a place, nothing else.
"""

from enum import StrEnum
from typing import NamedTuple


class X12ErrorCode(StrEnum):
    """Why nothing of an input could be read."""

    EMPTY = "empty"
    NOT_X12 = "not_x12"
    NUL_CHARACTER = "nul_character"
    INTERCHANGE_HEADER_CUT_SHORT = "interchange_header_cut_short"
    INVALID_ELEMENT_SEPARATOR = "invalid_element_separator"
    INVALID_COMPONENT_SEPARATOR = "invalid_component_separator"
    INVALID_SEGMENT_TERMINATOR = "invalid_segment_terminator"
    REPEATED_DELIMITER = "repeated_delimiter"


class X12Error(Exception):
    """The input cannot be read; `offset` counts characters of the decoded text."""

    def __init__(self, code: X12ErrorCode, offset: int = 0) -> None:
        super().__init__(f"{code.value} at {offset}")
        self.code = code
        self.offset = offset


class WriteErrorCode(StrEnum):
    """Why a value cannot be written."""

    REQUIRED = "required"
    DELIMITER_IN_VALUE = "delimiter_in_value"
    UNSUPPORTED_CHARACTER = "unsupported_character"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    INVALID_VALUE = "invalid_value"
    LIMIT_EXCEEDED = "limit_exceeded"


class X12WriteError(ValueError):
    """A value cannot stand in X12; `field` names the argument it came in, never its content."""

    def __init__(self, code: WriteErrorCode, field: str) -> None:
        super().__init__(f"{code.value}: {field}")
        self.code = code
        self.field = field


class FindingCode(StrEnum):
    """What is wrong with an input that could be read all the same."""

    # Interchange: ISA, TA1, IEA and what stands outside
    CONTENT_OUTSIDE_INTERCHANGE = "content_outside_interchange"
    INTERCHANGE_HEADER_UNREADABLE = "interchange_header_unreadable"
    INTERCHANGE_HEADER_NOT_PADDED = "interchange_header_not_padded"
    INTERCHANGE_AUTHORIZATION_QUALIFIER_WRONG = "interchange_authorization_qualifier_wrong"
    INTERCHANGE_SECURITY_QUALIFIER_WRONG = "interchange_security_qualifier_wrong"
    INTERCHANGE_SENDER_QUALIFIER_WRONG = "interchange_sender_qualifier_wrong"
    INTERCHANGE_SENDER_MISSING = "interchange_sender_missing"
    INTERCHANGE_RECEIVER_QUALIFIER_WRONG = "interchange_receiver_qualifier_wrong"
    INTERCHANGE_RECEIVER_MISSING = "interchange_receiver_missing"
    INTERCHANGE_DATE_INVALID = "interchange_date_invalid"
    INTERCHANGE_TIME_INVALID = "interchange_time_invalid"
    INTERCHANGE_REPETITION_SEPARATOR_WRONG = "interchange_repetition_separator_wrong"
    INTERCHANGE_VERSION_WRONG = "interchange_version_wrong"
    INTERCHANGE_CONTROL_NUMBER_INVALID = "interchange_control_number_invalid"
    INTERCHANGE_CONTROL_NUMBER_REPEATED = "interchange_control_number_repeated"
    INTERCHANGE_ACKNOWLEDGEMENT_REQUEST_WRONG = "interchange_acknowledgement_request_wrong"
    INTERCHANGE_USAGE_WRONG = "interchange_usage_wrong"
    INTERCHANGE_TRAILER_MISSING = "interchange_trailer_missing"
    INTERCHANGE_CONTROL_NUMBER_MISMATCH = "interchange_control_number_mismatch"
    GROUP_COUNT_WRONG = "group_count_wrong"
    SEGMENT_TERMINATOR_MISSING = "segment_terminator_missing"
    # Functional group: GS, GE
    GROUP_HEADER_MISSING = "group_header_missing"
    GROUP_TRAILER_MISSING = "group_trailer_missing"
    GROUP_SENDER_MISSING = "group_sender_missing"
    GROUP_RECEIVER_MISSING = "group_receiver_missing"
    GROUP_DATE_INVALID = "group_date_invalid"
    GROUP_TIME_INVALID = "group_time_invalid"
    GROUP_CONTROL_NUMBER_INVALID = "group_control_number_invalid"
    GROUP_AGENCY_WRONG = "group_agency_wrong"
    GROUP_CONTROL_NUMBER_MISMATCH = "group_control_number_mismatch"
    GROUP_CONTROL_NUMBER_REPEATED = "group_control_number_repeated"
    SET_COUNT_WRONG = "set_count_wrong"
    FUNCTIONAL_ID_WRONG = "functional_id_wrong"
    VERSION_UNEXPECTED = "version_unexpected"
    # Transaction set: ST, SE
    SET_HEADER_MISSING = "set_header_missing"
    SET_TRAILER_MISSING = "set_trailer_missing"
    SET_ID_INVALID = "set_id_invalid"
    SET_CONTROL_NUMBER_INVALID = "set_control_number_invalid"
    SET_CONTROL_NUMBER_MISMATCH = "set_control_number_mismatch"
    SET_CONTROL_NUMBER_REPEATED = "set_control_number_repeated"
    SEGMENT_COUNT_WRONG = "segment_count_wrong"
    VERSION_MISMATCH = "version_mismatch"
    # Anywhere
    SEGMENT_UNEXPECTED = "segment_unexpected"
    SEGMENT_ID_INVALID = "segment_id_invalid"
    SEGMENT_TOO_LONG = "segment_too_long"
    SET_TOO_LONG = "set_too_long"
    TOO_MANY_ELEMENTS = "too_many_elements"
    TOO_MANY_REPETITIONS = "too_many_repetitions"
    TOO_MANY_COMPONENTS = "too_many_components"
    TOO_MANY_SEGMENTS = "too_many_segments"
    TOO_MANY_LEVELS = "too_many_levels"
    TOO_MANY_FINDINGS = "too_many_findings"
    SEGMENT_NOT_IN_SET = "segment_not_in_set"
    SEGMENT_OUT_OF_ORDER = "segment_out_of_order"
    SEGMENT_TOO_OFTEN = "segment_too_often"
    LOOP_TOO_OFTEN = "loop_too_often"
    TRAILING_SEPARATORS = "trailing_separators"
    # Hierarchy: HL
    HIERARCHY_MISSING = "hierarchy_missing"
    HIERARCHY_ID_MISSING = "hierarchy_id_missing"
    HIERARCHY_ID_REPEATED = "hierarchy_id_repeated"
    HIERARCHY_PARENT_UNKNOWN = "hierarchy_parent_unknown"
    HIERARCHY_TOO_DEEP = "hierarchy_too_deep"
    HIERARCHY_LEVEL_UNKNOWN = "hierarchy_level_unknown"
    HIERARCHY_ID_OUT_OF_SEQUENCE = "hierarchy_id_out_of_sequence"
    HIERARCHY_PARENT_WRONG = "hierarchy_parent_wrong"
    HIERARCHY_CHILDREN_WRONG = "hierarchy_children_wrong"
    # Content
    SEGMENT_MISSING = "segment_missing"
    ELEMENT_MISSING = "element_missing"
    CODE_UNKNOWN = "code_unknown"
    DATE_INVALID = "date_invalid"
    AMOUNT_INVALID = "amount_invalid"
    AMOUNT_MISPLACED = "amount_misplaced"
    COUNT_WRONG = "count_wrong"
    ELEMENT_CONDITIONALLY_MISSING = "element_conditionally_missing"
    ELEMENTS_EXCLUDE_EACH_OTHER = "elements_exclude_each_other"
    ELEMENT_NOT_USED = "element_not_used"
    EXCESS_ELEMENTS = "excess_elements"
    ELEMENT_TOO_SHORT = "element_too_short"
    ELEMENT_TOO_LONG = "element_too_long"
    CHARACTER_INVALID = "character_invalid"
    TIME_INVALID = "time_invalid"
    EXCESS_REPETITIONS = "excess_repetitions"
    EXCESS_COMPONENTS = "excess_components"


class Location(NamedTuple):
    """Where in the input: within a set ST is segment 1, outside of one ISA is segment 1.

    Interchange, transaction and group are control numbers (ISA13, ST02, GS06).
    """

    interchange: str | None
    transaction: str | None
    segment_number: int
    segment_id: str
    element: int | None = None
    group: str | None = None
    # The part of a composite, and which repetition, where only that is meant; both count from 1.
    component: int | None = None
    repetition: int | None = None
    # As the guide names it: "2110C".
    loop: str | None = None


class Finding(NamedTuple):
    """Readable but wrong: what, and where."""

    code: FindingCode
    at: Location


MOST_FINDINGS = 1_000


def cap_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """A hostile file has a million faults; who reads findings wants the first ones."""
    if len(findings) <= MOST_FINDINGS:
        return tuple(findings)
    last = findings[MOST_FINDINGS - 1]
    return (*findings[: MOST_FINDINGS - 1], last._replace(code=FindingCode.TOO_MANY_FINDINGS))
