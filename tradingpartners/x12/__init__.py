"""The X12 codec: 270, 271, 999 and TA1 between bytes and plain values.

Standard library only; no Django, files, clock, randomness or logging. Everything that may be used
from outside is here; import from `tradingpartners.x12` and no deeper.
"""

from tradingpartners.x12.envelope import (
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeHeader,
    Reading,
    TransactionSet,
)
from tradingpartners.x12.errors import (
    Finding,
    FindingCode,
    Location,
    WriteErrorCode,
    X12Error,
    X12ErrorCode,
    X12WriteError,
)
from tradingpartners.x12.names import normalize_last_name
from tradingpartners.x12.parties import DateRange, Party, Reference, Trace
from tradingpartners.x12.reading import read
from tradingpartners.x12.segments import DEFAULT_DELIMITERS, Delimiters
from tradingpartners.x12.status import CoverageStatus, deciding_benefits, status
from tradingpartners.x12.ts270 import (
    Dependent,
    EligibilityInquiry,
    EligibilityQuestion,
    Inquiry,
    Subscriber,
    read_270,
    repaired_names,
    write_270,
)
from tradingpartners.x12.ts271 import Answer, Benefit, EligibilityResponse, Rejection, read_271
from tradingpartners.x12.writing import GroupEnvelope, InterchangeEnvelope, write_interchange

__all__ = [
    "DEFAULT_DELIMITERS",
    "Answer",
    "Benefit",
    "CoverageStatus",
    "DateRange",
    "Delimiters",
    "Dependent",
    "EligibilityInquiry",
    "EligibilityQuestion",
    "EligibilityResponse",
    "Finding",
    "FindingCode",
    "FunctionalGroup",
    "GroupEnvelope",
    "Inquiry",
    "Interchange",
    "InterchangeAcknowledgement",
    "InterchangeEnvelope",
    "InterchangeHeader",
    "Location",
    "Party",
    "Reading",
    "Reference",
    "Rejection",
    "Subscriber",
    "Trace",
    "TransactionSet",
    "WriteErrorCode",
    "X12Error",
    "X12ErrorCode",
    "X12WriteError",
    "deciding_benefits",
    "normalize_last_name",
    "read",
    "read_270",
    "read_271",
    "repaired_names",
    "status",
    "write_270",
    "write_interchange",
]
