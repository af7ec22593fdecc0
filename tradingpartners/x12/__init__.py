"""The X12 codec: 270, 271, 278, 999 and TA1 between bytes and plain values.

Standard library only; no Django, files, clock, randomness or logging. Everything that may be used
from outside is here; import from `tradingpartners.x12` and no deeper.
"""

from tradingpartners.x12.acknowledgements.acknowledging import (
    AcknowledgementPolicy,
    Unanswerable,
    acknowledge,
    acknowledge_interchange,
    why_unanswerable,
)
from tradingpartners.x12.acknowledgements.answering import (
    TA1,
    AcknowledgedInterchange,
    AcknowledgementFile,
    UnansweredGroup,
    UnansweredInterchange,
    acknowledge_reading,
)
from tradingpartners.x12.characters import (
    CharacterSet,
    Repair,
    RepairCode,
    check_text,
    fold_accents,
    repair_name,
)
from tradingpartners.x12.code_tables import (
    in_words,
)
from tradingpartners.x12.conformance.checker import (
    check_content,
)
from tradingpartners.x12.conformance.findings import all_findings, each_finding
from tradingpartners.x12.elements import (
    plain,
)
from tradingpartners.x12.envelope.reading import (
    read,
)
from tradingpartners.x12.envelope.rewriting import (
    rewrite,
    rewrite_set,
)
from tradingpartners.x12.envelope.streaming import (
    read_stream,
)
from tradingpartners.x12.envelope.values import (
    ID_QUALIFIERS,
    Event,
    FunctionalGroup,
    GroupClosed,
    GroupOpened,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeClosed,
    InterchangeHeader,
    InterchangeOpened,
    Reading,
    RefusedSet,
    TransactionSet,
)
from tradingpartners.x12.envelope.writing import (
    GroupEnvelope,
    InterchangeEnvelope,
    write_interchange,
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
from tradingpartners.x12.meaning.coverage import (
    CoverageReason,
    CoverageVerdict,
    decide_coverage,
    month_end,
)
from tradingpartners.x12.meaning.coverage_notices import (
    Notice,
    NoticeCode,
    OtherPayer,
)
from tradingpartners.x12.meaning.coverage_status import (
    GENERAL_SERVICE_TYPE,
    NO_CODE,
    CoverageStatus,
    deciding_benefits,
    deciding_rejections,
    rejection_codes,
    status,
)
from tradingpartners.x12.meaning.figures import (
    Condition,
    Figures,
    Network,
    benefit_figures,
)
from tradingpartners.x12.meaning.names import (
    normalize_last_name,
)
from tradingpartners.x12.meaning.periods import (
    Period,
)
from tradingpartners.x12.meaning.stated_figures import (
    Remark,
    RemarkCode,
)
from tradingpartners.x12.parties import (
    Address,
    Contact,
    ContactNumber,
    DateRange,
    Diagnosis,
    Party,
    Procedure,
    ProviderInformation,
    Reference,
    RelatedEntity,
    ServiceDelivery,
    Trace,
)
from tradingpartners.x12.reports.description import (
    describe,
    describe_finding,
    describe_stream,
)
from tradingpartners.x12.reports.explaining import (
    ExplainedElement,
    ExplainedSegment,
    explain_set,
)
from tradingpartners.x12.reports.inspection import (
    finding_in_place,
    inspect_stream,
    inspection,
    survey,
    unreadable,
)
from tradingpartners.x12.reports.survey import (
    Checked,
    Survey,
    checked_by,
    survey_in_words,
)
from tradingpartners.x12.reports.verdicts import (
    Asked,
)
from tradingpartners.x12.segments import (
    DEFAULT_DELIMITERS,
    Delimiters,
)
from tradingpartners.x12.ts270.codes import (
    is_npi,
)
from tradingpartners.x12.ts270.reader import (
    read_270,
)
from tradingpartners.x12.ts270.values import (
    Dependent,
    EligibilityInquiry,
    EligibilityQuestion,
    Inquiry,
    ServiceQuestion,
    Subscriber,
    as_questions,
)
from tradingpartners.x12.ts270.writer import (
    repaired_names,
    repairs,
    write_270,
)
from tradingpartners.x12.ts271.reader import (
    read_271,
)
from tradingpartners.x12.ts271.values import (
    AdditionalInformation,
    Answer,
    Benefit,
    EligibilityResponse,
    MilitaryService,
    Rejection,
)
from tradingpartners.x12.ts278.certification import (
    Certification,
    CertificationFlag,
    CertificationStatus,
    certified_period,
    event_certification,
    patient_certification,
    review_certification,
    service_certification,
)
from tradingpartners.x12.ts278.reader import (
    read_278,
)
from tradingpartners.x12.ts278.values import (
    LEVELS_OF_SERVICE,
    Admission,
    Attachment,
    CertificationType,
    ClinicalInformation,
    DentalService,
    Facility,
    HealthCareCode,
    HealthCareServicesReview,
    InstitutionalService,
    PatientCondition,
    PatientEvent,
    ProfessionalService,
    RelatedCauses,
    ReviewDecision,
    ReviewEntity,
    ReviewInformation,
    ReviewPatient,
    ReviewPerson,
    ReviewPriority,
    ReviewService,
    Tooth,
)
from tradingpartners.x12.ts278.writer import (
    repaired_patient_names,
    write_278,
)
from tradingpartners.x12.ts999.reader import read_999
from tradingpartners.x12.ts999.values import (
    Context,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)
from tradingpartners.x12.ts999.writer import (
    write_999,
)

__all__ = [
    "DEFAULT_DELIMITERS",
    "GENERAL_SERVICE_TYPE",
    "ID_QUALIFIERS",
    "LEVELS_OF_SERVICE",
    "NO_CODE",
    "TA1",
    "AcknowledgedInterchange",
    "AcknowledgementFile",
    "AcknowledgementPolicy",
    "AdditionalInformation",
    "Address",
    "Admission",
    "Answer",
    "Asked",
    "Attachment",
    "Benefit",
    "Certification",
    "CertificationFlag",
    "CertificationStatus",
    "CertificationType",
    "CharacterSet",
    "Checked",
    "ClinicalInformation",
    "Condition",
    "Contact",
    "ContactNumber",
    "Context",
    "CoverageReason",
    "CoverageStatus",
    "CoverageVerdict",
    "DateRange",
    "Delimiters",
    "DentalService",
    "Dependent",
    "Diagnosis",
    "ElementError",
    "EligibilityInquiry",
    "EligibilityQuestion",
    "EligibilityResponse",
    "Event",
    "Facility",
    "Figures",
    "Finding",
    "FindingCode",
    "FunctionalGroup",
    "GroupClosed",
    "GroupEnvelope",
    "GroupOpened",
    "HealthCareCode",
    "HealthCareServicesReview",
    "ImplementationAcknowledgement",
    "Inquiry",
    "InstitutionalService",
    "Interchange",
    "InterchangeAcknowledgement",
    "InterchangeClosed",
    "InterchangeEnvelope",
    "InterchangeHeader",
    "InterchangeOpened",
    "Location",
    "MilitaryService",
    "Network",
    "Notice",
    "NoticeCode",
    "OtherPayer",
    "Party",
    "PatientCondition",
    "PatientEvent",
    "Period",
    "Procedure",
    "ProfessionalService",
    "ProviderInformation",
    "Reading",
    "Reference",
    "RefusedSet",
    "Rejection",
    "RelatedCauses",
    "RelatedEntity",
    "Remark",
    "RemarkCode",
    "Repair",
    "RepairCode",
    "ReviewDecision",
    "ReviewEntity",
    "ReviewInformation",
    "ReviewPatient",
    "ReviewPerson",
    "ReviewPriority",
    "ReviewService",
    "SegmentError",
    "ServiceDelivery",
    "ServiceQuestion",
    "SetAcknowledgement",
    "Subscriber",
    "Survey",
    "Tooth",
    "Trace",
    "TransactionSet",
    "Unanswerable",
    "UnansweredGroup",
    "UnansweredInterchange",
    "WriteErrorCode",
    "X12Error",
    "X12ErrorCode",
    "X12WriteError",
    "acknowledge",
    "acknowledge_interchange",
    "acknowledge_reading",
    "all_findings",
    "as_questions",
    "benefit_figures",
    "certified_period",
    "check_content",
    "check_text",
    "checked_by",
    "decide_coverage",
    "deciding_benefits",
    "deciding_rejections",
    "describe",
    "describe_finding",
    "describe_stream",
    "explain_set",
    "ExplainedElement",
    "ExplainedSegment",
    "each_finding",
    "event_certification",
    "finding_in_place",
    "fold_accents",
    "in_words",
    "inspect_stream",
    "inspection",
    "is_npi",
    "month_end",
    "normalize_last_name",
    "patient_certification",
    "plain",
    "read",
    "read_270",
    "read_271",
    "read_278",
    "read_999",
    "read_stream",
    "rejection_codes",
    "repair_name",
    "repaired_names",
    "repaired_patient_names",
    "repairs",
    "review_certification",
    "rewrite",
    "rewrite_set",
    "service_certification",
    "status",
    "survey",
    "survey_in_words",
    "unreadable",
    "why_unanswerable",
    "write_270",
    "write_278",
    "write_999",
    "write_interchange",
]
