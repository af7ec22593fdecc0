"""The segments of a 278, each to its value. What cannot be read is None; the reader reports it."""

from decimal import Decimal

from tradingpartners.x12.elements import read_amount, read_period
from tradingpartners.x12.parties import DateRange, Procedure, read_procedure
from tradingpartners.x12.segments import Segment, element_at
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.values import (
    Admission,
    Attachment,
    ClinicalInformation,
    DentalService,
    Facility,
    HealthCareCode,
    InstitutionalService,
    PatientCondition,
    ProfessionalService,
    RelatedCauses,
    ReviewDecision,
    ReviewInformation,
    Tooth,
)


def read_um(segment: Segment, component: str) -> ReviewInformation:
    """UM."""
    facility = _composite(segment, 4, component)
    causes = _composite(segment, 5, component)
    return ReviewInformation(
        category=element_at(segment, 1),
        certification_type=element_at(segment, 2),
        service_type=element_at(segment, 3),
        facility=Facility(_part(facility, 1), _part(facility, 2), _part(facility, 3)) if facility else None,
        related_causes=_read_causes(causes) if causes else None,
        level_of_service=element_at(segment, 6),
        current_health_condition=element_at(segment, 7),
        prognosis=element_at(segment, 8),
        release_of_information=element_at(segment, 9),
        delay_reason=element_at(segment, 10),
    )


def _read_causes(parts: list[str]) -> RelatedCauses:
    causes = [_part(parts, number) for number in (1, 2, 3)]
    return RelatedCauses(tuple(filter(None, causes)), _part(parts, 4), _part(parts, 5))


def read_hcr(segment: Segment, repetition: str) -> ReviewDecision:
    """HCR; HCR03 repeats."""
    reasons = element_at(segment, 3)
    return ReviewDecision(
        action=element_at(segment, 1),
        number=element_at(segment, 2),
        reasons=tuple(_repeats(reasons, repetition)),
        second_opinion=element_at(segment, 4),
    )


def read_hi(segment: Segment, component: str) -> list[tuple[int, HealthCareCode]]:
    """HI: each code with the number of its element."""
    return [
        (number, _read_code(_composite(segment, number, component)))
        for number in range(1, len(segment))
        if element_at(segment, number)
    ]


def _read_code(parts: list[str]) -> HealthCareCode:
    qualifier, text = _part(parts, 3), _part(parts, 4)
    begin, end = read_period(qualifier, text)
    return HealthCareCode(
        qualifier=_part(parts, 1),
        code=_part(parts, 2),
        date=DateRange("", begin, end) if text else None,
        amount=_number(_part(parts, 5)),
        quantity=_number(_part(parts, 6)),
        version=_part(parts, 7),
        last_code=_part(parts, 8),
    )


def read_sv1(segment: Segment, component: str) -> ProfessionalService:
    """SV1."""
    pointers = [part.strip() for part in _composite(segment, 7, component)]
    return ProfessionalService(
        procedure=_procedure(segment, 1, component) or Procedure("", ""),
        amount=_number(element_at(segment, 2)),
        unit=element_at(segment, 3),
        quantity=_number(element_at(segment, 4)),
        # Longer than two digits, it points at nothing.
        diagnosis_pointers=tuple([int(p) for p in pointers if p.isascii() and p.isdigit() and len(p) < 3]),
        epsdt=element_at(segment, 11),
        nursing_home_level=element_at(segment, 20),
    )


def read_sv2(segment: Segment, component: str) -> InstitutionalService:
    """SV2."""
    return InstitutionalService(
        revenue_code=element_at(segment, 1),
        procedure=_procedure(segment, 2, component),
        amount=_number(element_at(segment, 3)),
        unit=element_at(segment, 4),
        quantity=_number(element_at(segment, 5)),
        rate=_number(element_at(segment, 6)),
        nursing_home_status=element_at(segment, 9),
        nursing_home_level=element_at(segment, 10),
    )


def read_sv3(segment: Segment, component: str) -> DentalService:
    """SV3."""
    return DentalService(
        procedure=_procedure(segment, 1, component) or Procedure("", ""),
        amount=_number(element_at(segment, 2)),
        oral_cavities=tuple(filter(None, _composite(segment, 4, component))),
        prosthesis=element_at(segment, 5),
        quantity=_number(element_at(segment, 6)),
        description=element_at(segment, 7),
    )


def read_too(segment: Segment, component: str) -> Tooth:
    """TOO."""
    surfaces = tuple(filter(None, _composite(segment, 3, component)))
    return Tooth(element_at(segment, 2), surfaces, element_at(segment, 1))


def read_crc(segment: Segment) -> PatientCondition:
    """CRC."""
    codes = [element_at(segment, number) for number in range(3, 8)]
    return PatientCondition(element_at(segment, 1), element_at(segment, 2), tuple(filter(None, codes)))


def read_cl1(segment: Segment) -> Admission:
    """CL1."""
    return Admission(*[element_at(segment, number) for number in range(1, 5)])


def read_clinical(segment: Segment) -> ClinicalInformation:
    """CR1, CR2, CR5 and CR6."""
    return ClinicalInformation(segment[0], tuple([each.strip() for each in segment[1:]]))


def read_pwk(segment: Segment) -> Attachment:
    """PWK."""
    return Attachment(
        report_type=element_at(segment, 1),
        transmission=element_at(segment, 2),
        control_number=element_at(segment, 6),
        description=element_at(segment, 7),
        control_number_qualifier=element_at(segment, 5),
    )


def read_aaa(segment: Segment, loop: str, number: int) -> Rejection:
    """AAA of segment `number`."""
    valid_request, code, follow_up = (element_at(segment, element) or None for element in (1, 3, 4))
    return Rejection(loop, valid_request, code, follow_up, number)


def _composite(segment: Segment, position: int, component: str) -> list[str]:
    """The parts of a composite; none where it is absent.

    Split before it is trimmed: the separators of ASCII, which some send, count as blanks.
    """
    text = segment[position] if position < len(segment) else ""
    return [part.strip() for part in text.split(component)] if text.strip() else []


def _part(parts: list[str], number: int) -> str:
    """Part `number` of a composite, counted from 1 as X12 counts."""
    return parts[number - 1] if number <= len(parts) else ""


def _procedure(segment: Segment, position: int, component: str) -> Procedure | None:
    parts = _composite(segment, position, component)
    return read_procedure(parts) if parts else None


def _repeats(text: str, repetition: str) -> list[str]:
    parts = text.split(repetition) if repetition else [text]
    return [part.strip() for part in parts if part.strip()]


def _number(text: str) -> Decimal | None:
    return read_amount(text) if text else None
