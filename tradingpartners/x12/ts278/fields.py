"""The segments of a 278, each from its value; a value that cannot stand there is refused by name.

`at` is where the value stands in the review: "patients[0].events[0].services[1]".
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NoReturn

from tradingpartners.x12.elements import plain, trimmed, write_period
from tradingpartners.x12.errors import WriteErrorCode, X12WriteError
from tradingpartners.x12.parties import DateRange, Procedure, ServiceDelivery
from tradingpartners.x12.segments import Delimiters, Segment, check_text
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.codes import (
    ACTIONS,
    CAUSES,
    CLINICAL,
    CONDITION_CATEGORIES,
    DATES,
    DELAY_REASONS,
    DELIVERY_UNITS,
    FOLLOW_UPS,
    HEALTH_CONDITIONS,
    LEVELS_OF_CARE,
    LEVELS_OF_SERVICE,
    NURSING_HOME_STATUSES,
    PATTERNS,
    PERIODS,
    PROCEDURES,
    PROGNOSES,
    QUANTITIES,
    RELEASES,
    REPORT_TYPES,
    REQUEST_CATEGORIES,
    SENT_APART,
    TIMES_OF_DAY,
    TRANSMISSIONS,
    UNITS,
)
from tradingpartners.x12.ts278.values import (
    Admission,
    Attachment,
    CertificationType,
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

# HI has twelve elements, SV304 and TOO03 have five parts, CRC five codes; HCR03 does not repeat.
MOST_CODES = 12
MOST_REASONS = 1
MOST_PARTS = 5
MOST_POINTERS = 4
_DIAGNOSIS_QUALIFIERS = frozenset(["ABK", "ABF", "ABJ", "APR", "BK", "BF", "BJ", "PR"])
_DIAGNOSIS = r"[A-Z0-9]{3,7}"
_CONTROL_NUMBER = frozenset(["AC"])
Codes = frozenset[str]


class Fields:
    """Checks values and writes segments with one set of delimiters."""

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters

    # Single elements

    def text(self, value: str, at: str, shortest: int, longest: int) -> str:
        return check_text(value, field=at, delimiters=self.delimiters, shortest=shortest, longest=longest)

    def code(self, value: str, at: str, codes: Codes | str, *, required: bool = False) -> str:
        """A code of a set, or of a shape: a regular expression."""
        if not value:
            return refuse(WriteErrorCode.REQUIRED, at) if required else ""
        fits = re.fullmatch(codes, value, re.ASCII) if isinstance(codes, str) else value in codes
        return value if fits else refuse(WriteErrorCode.INVALID_VALUE, at)

    def number(self, value: Decimal | None, at: str, longest: int = 15) -> str:
        """An amount or a quantity; X12 counts its digits, not its point."""
        if value is None:
            return ""
        if not value.is_finite() or value < 0:
            refuse(WriteErrorCode.INVALID_VALUE, at)
        digits = plain(value)
        return digits if len(digits.replace(".", "")) <= longest else refuse(WriteErrorCode.TOO_LONG, at)

    def composite(self, parts: Sequence[str]) -> str:
        return self.delimiters.component.join(trimmed(list(parts)))

    # Segments of 2000E and 2000F

    def um(self, value: ReviewInformation, at: str) -> Segment:
        certification = self.code(
            value.certification_type, f"{at}.certification_type", frozenset(CertificationType), required=True
        )
        # An appeal that cannot wait has to say how urgent it is.
        immediate = certification == CertificationType.APPEAL_IMMEDIATE
        return segment(
            "UM",
            self.code(value.category, f"{at}.category", REQUEST_CATEGORIES, required=True),
            certification,
            self.code(value.service_type, f"{at}.service_type", r"[A-Z0-9]{1,3}"),
            self._facility(value.facility, f"{at}.facility") if value.facility else "",
            self._causes(value.related_causes, f"{at}.related_causes") if value.related_causes else "",
            self.code(
                value.level_of_service, f"{at}.level_of_service", LEVELS_OF_SERVICE, required=immediate
            ),
            self.code(value.current_health_condition, f"{at}.current_health_condition", HEALTH_CONDITIONS),
            self.code(value.prognosis, f"{at}.prognosis", PROGNOSES),
            self.code(value.release_of_information, f"{at}.release_of_information", RELEASES),
            self.code(value.delay_reason, f"{at}.delay_reason", DELAY_REASONS),
        )

    def _facility(self, value: Facility, at: str) -> str:
        return self.composite(
            [
                self.code(value.code, f"{at}.code", r"[A-Z0-9]{1,2}", required=True),
                self.code(value.qualifier, f"{at}.qualifier", frozenset("AB"), required=True),
                self.code(value.frequency, f"{at}.frequency", r"[A-Z0-9]"),
            ]
        )

    def _causes(self, value: RelatedCauses, at: str) -> str:
        self.count(value.causes, f"{at}.causes", 3, required=True)
        causes = [self.code(each, f"{at}.causes", CAUSES, required=True) for each in value.causes]
        return self.composite(
            [
                *causes,
                *[""] * (3 - len(causes)),
                self.code(value.state, f"{at}.state", r"[A-Z]{2}"),
                self.code(value.country, f"{at}.country", r"[A-Z]{2,3}"),
            ]
        )

    def hcr(self, value: ReviewDecision, at: str) -> Segment:
        self.count(value.reasons, f"{at}.reasons", MOST_REASONS)
        return segment(
            "HCR",
            self.code(value.action, f"{at}.action", ACTIONS, required=True),
            self.text(value.number, f"{at}.number", 0, 50),
            self.text(value.reasons[0], f"{at}.reasons", 1, 30) if value.reasons else "",
            self.code(value.second_opinion, f"{at}.second_opinion", frozenset("NY")),
        )

    def dtp(self, value: DateRange, at: str, allowed: Codes = DATES) -> Segment:
        qualifier = self.code(value.qualifier, f"{at}.qualifier", allowed, required=True)
        return segment("DTP", qualifier, *self.period(value, at))

    def period(self, value: DateRange, at: str) -> tuple[str, str]:
        """The format and text of a date or a range of them."""
        if value.begin is None:
            refuse(WriteErrorCode.REQUIRED, f"{at}.begin")
        if value.end is not None and value.end < value.begin:
            refuse(WriteErrorCode.INVALID_VALUE, f"{at}.end")
        return write_period(value.begin, value.end)

    def hi(self, values: Sequence[HealthCareCode], at: str) -> Segment:
        self.count(values, at, MOST_CODES)
        return segment("HI", *[self._code(each, f"{at}[{n}]") for n, each in enumerate(values)])

    def _code(self, value: HealthCareCode, at: str) -> str:
        """C022. ICD codes travel without their dot, and are written so."""
        qualifier = self.code(value.qualifier, f"{at}.qualifier", r"[A-Z]{1,3}", required=True)
        code = self._health_care_code(value.code, f"{at}.code", qualifier)
        if not code:
            refuse(WriteErrorCode.REQUIRED, f"{at}.code")
        return self.composite(
            [
                qualifier,
                code,
                *(self.period(value.date, f"{at}.date") if value.date else ("", "")),
                self.number(value.amount, f"{at}.amount", 18),
                self.number(value.quantity, f"{at}.quantity"),
                self.text(value.version, f"{at}.version", 0, 30),
                self._health_care_code(value.last_code, f"{at}.last_code", qualifier),
            ]
        )

    def _health_care_code(self, code: str, at: str, qualifier: str) -> str:
        if qualifier in _DIAGNOSIS_QUALIFIERS:
            return self.code(code.replace(".", ""), at, _DIAGNOSIS)
        return self.text(code, at, 0, 30)

    def line(self, value: ProfessionalService | InstitutionalService | DentalService, at: str) -> Segment:
        """SV1, SV2 or SV3."""
        if isinstance(value, ProfessionalService):
            return self._sv1(value, at)
        return self._sv2(value, at) if isinstance(value, InstitutionalService) else self._sv3(value, at)

    def _sv1(self, value: ProfessionalService, at: str) -> Segment:
        self.count(value.diagnosis_pointers, f"{at}.diagnosis_pointers", MOST_POINTERS)
        if not all(0 < pointer <= MOST_CODES for pointer in value.diagnosis_pointers):
            refuse(WriteErrorCode.INVALID_VALUE, f"{at}.diagnosis_pointers")
        return segment(
            "SV1",
            self._procedure(value.procedure, f"{at}.procedure"),
            self.number(value.amount, f"{at}.amount", 18),
            *self._quantity(value.unit, value.quantity, at),
            *("", ""),
            self.composite([str(pointer) for pointer in value.diagnosis_pointers]),
            *("", "", ""),
            self.code(value.epsdt, f"{at}.epsdt", frozenset("NY")),
            *[""] * 8,
            self.code(value.nursing_home_level, f"{at}.nursing_home_level", LEVELS_OF_CARE),
        )

    def _sv2(self, value: InstitutionalService, at: str) -> Segment:
        if not (value.revenue_code or value.procedure):
            refuse(WriteErrorCode.REQUIRED, f"{at}.revenue_code")
        return segment(
            "SV2",
            self.code(value.revenue_code, f"{at}.revenue_code", r"[0-9]{3,4}"),
            self._procedure(value.procedure, f"{at}.procedure") if value.procedure else "",
            self.number(value.amount, f"{at}.amount", 18),
            *self._quantity(value.unit, value.quantity, at),
            self.number(value.rate, f"{at}.rate", 10),
            *("", ""),
            self.code(value.nursing_home_status, f"{at}.nursing_home_status", NURSING_HOME_STATUSES),
            self.code(value.nursing_home_level, f"{at}.nursing_home_level", LEVELS_OF_CARE),
        )

    def _sv3(self, value: DentalService, at: str) -> Segment:
        self.count(value.oral_cavities, f"{at}.oral_cavities", MOST_PARTS)
        cavities = [self.text(each, f"{at}.oral_cavities", 1, 3) for each in value.oral_cavities]
        return segment(
            "SV3",
            self._procedure(value.procedure, f"{at}.procedure"),
            self.number(value.amount, f"{at}.amount", 18),
            "",
            self.composite(cavities),
            self.code(value.prosthesis, f"{at}.prosthesis", frozenset("IR")),
            self.number(value.quantity, f"{at}.quantity"),
            self.text(value.description, f"{at}.description", 0, 80),
        )

    def _procedure(self, value: Procedure, at: str) -> str:
        self.count(value.modifiers, f"{at}.modifiers", 4)
        shape = r"[A-Z0-9]{5}" if value.qualifier in ("AD", "HC") else r"[A-Z0-9.-]{1,48}"
        modifiers = [self.code(m, f"{at}.modifiers", r"[A-Z0-9]{2}", required=True) for m in value.modifiers]
        return self.composite(
            [
                self.code(value.qualifier, f"{at}.qualifier", PROCEDURES, required=True),
                self.code(value.code, f"{at}.code", shape, required=True),
                *modifiers,
                *[""] * (4 - len(modifiers)),
                self.text(value.description, f"{at}.description", 0, 80),
                self.code(value.last_code, f"{at}.last_code", shape),
            ]
        )

    def _quantity(self, unit: str, quantity: Decimal | None, at: str) -> tuple[str, str]:
        """A quantity and the unit it is in come together."""
        unit = self.code(unit, f"{at}.unit", UNITS, required=quantity is not None)
        if unit and quantity is None:
            refuse(WriteErrorCode.REQUIRED, f"{at}.quantity")
        return unit, self.number(quantity, f"{at}.quantity")

    def too(self, value: Tooth, at: str) -> Segment:
        self.count(value.surfaces, f"{at}.surfaces", MOST_PARTS)
        surfaces = [
            self.code(s, f"{at}.surfaces", frozenset("BDFILMO"), required=True) for s in value.surfaces
        ]
        return segment(
            "TOO",
            self.code(value.qualifier, f"{at}.qualifier", frozenset(["JP"]), required=True),
            self.code(value.code, f"{at}.code", r"[A-Z0-9]{1,3}", required=True),
            self.composite(surfaces),
        )

    def hsd(self, value: ServiceDelivery, at: str) -> Segment:
        """HSD: a quantity comes with what it counts, a number of periods with what a period is."""
        counted = value.quantity is not None
        qualifier = self.code(
            value.quantity_qualifier, f"{at}.quantity_qualifier", QUANTITIES, required=counted
        )
        if qualifier and not counted:
            refuse(WriteErrorCode.REQUIRED, f"{at}.quantity")
        spanned = value.period_count is not None
        whole = value.period_count is None or value.period_count == value.period_count.to_integral_value()
        written = segment(
            "HSD",
            qualifier,
            self.number(value.quantity, f"{at}.quantity"),
            self.code(value.unit, f"{at}.unit", DELIVERY_UNITS),
            self.number(value.modulus, f"{at}.modulus", 6),
            self.code(value.period, f"{at}.period", PERIODS, required=spanned),
            self.number(value.period_count, f"{at}.period_count", 3)
            if whole
            else refuse(WriteErrorCode.INVALID_VALUE, f"{at}.period_count"),
            self.code(value.pattern, f"{at}.pattern", PATTERNS),
            self.code(value.time_of_day, f"{at}.time_of_day", TIMES_OF_DAY),
        )
        return written if len(written) > 1 else refuse(WriteErrorCode.REQUIRED, at)

    def crc(self, value: PatientCondition, at: str) -> Segment:
        self.count(value.codes, f"{at}.codes", MOST_PARTS, required=True)
        return segment(
            "CRC",
            self.code(value.category, f"{at}.category", CONDITION_CATEGORIES, required=True),
            self.code(value.applies, f"{at}.applies", frozenset("NY"), required=True),
            *[self.code(each, f"{at}.codes", r"[A-Z0-9]{2,3}", required=True) for each in value.codes],
        )

    def cl1(self, value: Admission, at: str) -> Segment:
        written = segment(
            "CL1",
            self.code(value.type, f"{at}.type", r"[A-Z0-9]"),
            self.code(value.source, f"{at}.source", r"[A-Z0-9]"),
            self.code(value.status, f"{at}.status", r"[A-Z0-9]{1,2}"),
            self.code(value.nursing_home_status, f"{at}.nursing_home_status", NURSING_HOME_STATUSES),
        )
        return written if len(written) > 1 else refuse(WriteErrorCode.REQUIRED, at)

    def clinical(self, value: ClinicalInformation, at: str) -> Segment:
        """CR1, CR2, CR5 or CR6: each element in the shape the standard gives it."""
        name = self.code(value.segment_id, f"{at}.segment_id", frozenset(CLINICAL), required=True)
        shapes = CLINICAL[name]
        self.count(value.elements, f"{at}.elements", len(shapes.elements), required=True)
        elements = []
        for number, (text, shape) in enumerate(zip(value.elements, shapes.elements, strict=False), 1):
            place = f"{at}.elements[{number - 1}]"
            if isinstance(shape, int):
                elements.append(self.text(text, place, 0, shape))
            else:
                elements.append(self.code(text, place, shape))
        for number in shapes.required:
            if len(elements) < number or not elements[number - 1]:
                refuse(WriteErrorCode.REQUIRED, f"{at}.elements[{number - 1}]")
        return segment(name, *elements)

    def pwk(self, value: Attachment, at: str) -> Segment:
        """PWK: what comes on another way has a number to find it by."""
        transmission = self.code(value.transmission, f"{at}.transmission", TRANSMISSIONS, required=True)
        shortest = 2 if transmission in SENT_APART or value.control_number else 0
        number = self.text(value.control_number, f"{at}.control_number", shortest, 50)
        return segment(
            "PWK",
            self.code(value.report_type, f"{at}.report_type", REPORT_TYPES, required=True),
            transmission,
            *("", ""),
            self.code(value.control_number_qualifier, f"{at}.control_number_qualifier", _CONTROL_NUMBER)
            if number
            else "",
            number,
            self.text(value.description, f"{at}.description", 0, 80),
        )

    def aaa(self, value: Rejection, at: str) -> Segment:
        return segment(
            "AAA",
            self.code(value.valid_request or "", f"{at}.valid_request", frozenset("NY"), required=True),
            "",
            self.code(value.code or "", f"{at}.code", r"[A-Z0-9]{2}", required=True),
            self.code(value.follow_up or "", f"{at}.follow_up", FOLLOW_UPS, required=True),
        )

    def count(self, values: Sequence[object], at: str, most: int, *, required: bool = False) -> None:
        if len(values) > most:
            refuse(WriteErrorCode.LIMIT_EXCEEDED, at)
        if required and not values:
            refuse(WriteErrorCode.REQUIRED, at)


def refuse(code: WriteErrorCode, at: str) -> NoReturn:
    raise X12WriteError(code, at)


def segment(name: str, *elements: str) -> Segment:
    """The segment, no longer than there is something to say: trailing separators are no X12."""
    return trimmed([name, *elements])
