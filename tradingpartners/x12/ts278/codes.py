"""The codes of a 278 that are few enough to be known.

Those a reader knows are of the base standard, for nobody's file is wrong by a narrower guide alone.
Those a writer allows are of 005010X217.
"""

from typing import NamedTuple


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Read
READ_REQUEST_CATEGORIES = words("AR BA HS IN PR RE SC")
READ_CERTIFICATION_TYPES = words("1 2 3 4 5 6 7 8 A B C D E I N R S")
READ_LEVELS_OF_SERVICE = words("00 01 02 03 04 05 06 09 10 11 E F1 F2 I L NBC R U")
READ_FOLLOW_UPS = words("C D E N P R S W X Y")
READ_GENDERS = words("A B F M N U X")
YES_OR_NO = words("N U W Y")

# Read and written
HEALTH_CONDITIONS = words("1 2 3 4 5 6 7 8 9 E F G P")
PROGNOSES = words("1 2 3 4 5 6 7 8")
RELEASES = words("A I M N O Y")
DELAY_REASONS = words("1 2 3 4 5 6 7 8 9 10 11 15 16 17")

# Written: UM, HCR, AAA
REQUEST_CATEGORIES = words("AR HS IN SC")
LEVELS_OF_SERVICE = words("03 E U")
CAUSES = words("AA AB AP EM OA")
ACTIONS = words("A1 A2 A3 A4 A6 C CT NA")
FOLLOW_UPS = words("C N P R S W X Y")
# BHT06 of a request and of a response.
REQUEST_TYPES = words("RU")
RESPONSE_TYPES = words("18 19 AT")
# DTP01 of 2000E, 2000F and 2010EC.
DATES = words("007 036 096 102 431 435 439 472 484 AAH ABC")
# Procedures: C003-1.
PROCEDURES = words("AD HC IV N4 WK ZZ")
UNITS = words("DA F2 MJ UN")
# SV120 and SV210; SV209 and CL104.
LEVELS_OF_CARE = words("1 2 3 4 5 6 7 8")
NURSING_HOME_STATUSES = words("1 2 3 4 5 6 7 8 9")
# HSD01, HSD03, HSD05, HSD07, HSD08.
QUANTITIES = words("DY FL HS MN UN VS")
DELIVERY_UNITS = words("DA MO WK")
PERIODS = words("6 7 21 26 27 34 35")
PATTERNS = words(
    """
    1 2 3 4 5 6 7 8 9 A B C D E F G H J K L M N O P Q R S SG SL SP SX SY SZ T U V W X Y
    """
)
TIMES_OF_DAY = words("A B C D E F G Y Z")
# CRC01: ambulance, chiropractic, durable equipment, oxygen, limits, activities, state of mind.
CONDITION_CATEGORIES = words("07 08 09 11 75 76 77")
# PWK
REPORT_TYPES = words(
    """
    03 04 05 06 07 08 09 10 11 13 15 21 48 55 59 77 A3 A4 AM AS AT B2 B3 BR BS BT CB CK D2 DA DB DG DJ DS
    FM HC HR I5 IR LA M1 NN OB OC OD OE OX P4 P5 P6 P7 PE PN PO PQ PY PZ QC QR RB RR RT RX SG V5 XP
    """
)
TRANSMISSIONS = words("BM EL EM FX VO")
SENT_APART = words("BM EL EM FX")
# REF01 of persons and providers; of events and services.
REFERENCES = words("0B 1G 1J 1L 1W 3L 6P A6 D9 EI EJ F6 G1 G5 HJ IG LU N5 N6 N7 NQ SY TJ X4 ZH")
REVIEW_REFERENCES = words("BB NT")
# NM108, PER, PRV01, DMG03, INS02 of a dependent, INS08
IDENTIFIERS = words("24 34 46 PI XV XX ZZ MI II FI SV EI")
CONTACT_NUMBERS = words("EM EX FX TE UR")
PROVIDERS = words("AD AS AT BI BS CO CV H HH LA ON OP OR OT P1 P2 PC PE PT PU R RF RP SB SK SU")
GENDERS = words("F M U")
MILITARY_STATUSES = words("AO AU DI PV RU")


class Shapes(NamedTuple):
    """What the elements of a segment look like: a regular expression, or free text so long at most."""

    elements: tuple[str | int, ...]
    required: tuple[int, ...] = ()


_UNIT = r"[A-Z0-9]{2}"
_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,2})?"
_WEIGHT = r"[0-9]{1,8}(\.[0-9]{1,2})?"
_COUNT = r"[0-9]{1,9}"
_DATE = r"[12][0-9]{7}"
_PERIOD = r"[12][0-9]{7}(-[12][0-9]{7})?"
_FORMAT = r"R?D8"
_YES_OR_NO = r"[NUWY]"
_CERTIFICATION = r"[1-8A-EINRS]"
_SUBLUXATION = r"C[1-7O]|IL|L[1-5]|OC|SA|T([1-9]|1[0-2])"
_OXYGEN = r"[A-EO]"
CLINICAL = {
    "CR1": Shapes((_UNIT, _WEIGHT, "[IRTX]", "[A-G]", _UNIT, _NUMBER, 55, 55, 80, 80)),
    "CR2": Shapes(
        (
            *(_COUNT, _NUMBER, _SUBLUXATION, _SUBLUXATION, _UNIT, _NUMBER, _NUMBER),
            *("[ACDEFGM]", _YES_OR_NO, 80, 80, _YES_OR_NO),
        )
    ),
    "CR5": Shapes(
        (
            *(_CERTIFICATION, _NUMBER, _OXYGEN, _OXYGEN, 80, _NUMBER, _NUMBER, _NUMBER, 80, _NUMBER),
            *(_NUMBER, "[ENORSWX]", "[123]", "[123]", "[123]", _NUMBER, "[A-E]", _OXYGEN),
        )
    ),
    "CR6": Shapes(
        (
            *("[1-8]", _DATE, _FORMAT, _PERIOD, _DATE, _YES_OR_NO, _YES_OR_NO, _CERTIFICATION, _DATE),
            *(_UNIT, r"[A-Z0-9.]{1,15}", _DATE, _DATE, _DATE, _FORMAT, _PERIOD, "[A-HLMOPRST]"),
            *(_DATE, _DATE, _DATE, _DATE),
        ),
        required=(1, 8),
    ),
}
