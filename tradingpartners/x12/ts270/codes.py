"""The codes 005010X279A1 has for a 270, by where they stand, and what an NPI is."""

import re
from functools import lru_cache


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


PURPOSES = _codes("13 01")
PAYER_ENTITIES = _codes("2B 36 GP P5 PR")
PAYER_ID_QUALIFIERS = _codes("24 46 FI NI PI XV XX")
PROVIDER_ENTITIES = _codes("1P 2B 36 80 FA GP P5 PR")
NPI_QUALIFIER = _codes("XX")
PROVIDER_ID_QUALIFIERS = _codes("24 34 FI PI PP SV XV")
PROVIDER_REFERENCES = _codes("0B 1C 1D 1J 4A CT EL EO HPI JD N5 N7 Q4 SY TJ")
PROVIDER_CODES = _codes("AD AT BI CO CV H HH LA OT P1 P2 PC PE R RF SB SK SU")
TAXONOMY = _codes("PXC")
PATIENT_PROVIDER_QUALIFIERS = _codes("9K D3 EI HPI PXC SY TJ")
MEMBER_ID_QUALIFIERS = _codes("MI II")
SUBSCRIBER_REFERENCES = _codes("18 1L 1W 3H 6P CT EA EJ F6 GH HJ IG N6 NQ SY Y4")
DEPENDENT_REFERENCES = _codes("18 1L 1W 6P CT EA EJ F6 GH HJ IF IG MRC N6 SY Y4")
RELATIONSHIPS = _codes("01 19 34")
PROCEDURE_QUALIFIERS = _codes("AD CJ HC ID IV N4 ZZ")
AUTHORIZATIONS = _codes("9F G1")
GENDERS = _codes("M F")
PRINCIPAL_DIAGNOSIS = _codes("ABK BK")
OTHER_DIAGNOSES = _codes("ABF BF")

_NPI = re.compile(r"[0-9]{10}")


@lru_cache(maxsize=4096)
def is_npi(number: str) -> bool:
    """Ten digits, the last of them the check digit of 80840 and the others (Luhn)."""
    if not _NPI.fullmatch(number):
        return False
    digits = [int(digit) for digit in reversed("80840" + number)]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
