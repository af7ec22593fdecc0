"""What a biller reads of a 271, and the words its codes have."""

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, interchange, only_set, sample, transaction_set
from tradingpartners.x12 import FindingCode, describe, read
from tradingpartners.x12.code_tables import words
from tradingpartners.x12.conformance.guide_tables import SegmentUse, guide_for

# Segment and element; the table with words for the codes that the guide of a 271 has there.
CODED = {
    ("EB", 1): "benefit",
    ("EB", 2): "coverage_level",
    ("EB", 3): "service_type",
    ("EB", 4): "insurance_type",
    ("EB", 6): "period",
    ("EB", 9): "quantity",
    ("HSD", 1): "quantity",
    ("HSD", 3): "delivery_unit",
    ("HSD", 5): "period",
    ("HSD", 7): "delivery_pattern",
    ("HSD", 8): "delivery_time",
    ("AAA", 3): "rejection",
    ("AAA", 4): "follow_up",
    ("NM1", 1): "entity",
    ("NM1", 8): "identifier",
    ("NM1", 10): "entity_relationship",
    ("PER", 3): "contact_number",
    ("PRV", 1): "provider",
    ("REF", 1): "reference",
    ("DTP", 1): "date",
    ("INS", 2): "relationship",
    ("MPI", 1): "military_status",
    ("MPI", 2): "military_employment",
    ("MPI", 3): "military_service",
}
TABLES = sorted({*CODED.values(), "place"})


def codes_of_the_guide() -> dict[str, set[str]]:
    """Every code of the tables of a 271, by the table of its words."""
    transaction, _ = only_set(sample("271_everything.edi"))
    guide = guide_for(transaction)
    assert guide is not None
    codes: dict[str, set[str]] = {table: set() for table in TABLES}
    for loop in guide.loops.values():
        for item in loop.items:
            for at, element in enumerate(item.elements if isinstance(item, SegmentUse) else (), 1):
                table = CODED.get((item.id, at))
                if table:
                    codes[table] |= element.codes
    return codes


@pytest.mark.parametrize("table", TABLES)
def test_every_code_of_the_guide_has_words_and_no_two_the_same(table: str) -> None:
    codes, said = codes_of_the_guide()[table], words(table)
    assert codes or table == "place"
    assert codes - said.keys() == set()
    assert all(said.values()) and len(set(said.values())) == len(said)


def lines(*segments: str) -> list[str]:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *segments))
    return [line.strip() for line in describe(read(wire))][4:]


BENEFITS = [
    (
        "EB*C*IND*30***29*250.50*****Y",
        "Deductible for health plan as a whole; individual; $250.50 remaining; in network",
    ),
    (
        "EB*C*FAM*30***23*3000*****N",
        "Deductible for health plan as a whole; family; $3000 per calendar year; out of network",
    ),
    ("EB*G**30***33*9000", "Out-of-pocket maximum for health plan as a whole; $9000 remaining in a lifetime"),
    (
        "EB*B**98***27*25*****W",
        "Copay for physician office visit; $25 per visit; the same in and out of network",
    ),
    (
        "EB*A**30*****.2****U",
        "Coinsurance for health plan as a whole; 20%; unknown whether in or out of network",
    ),
    ("EB*A**30*****20", "Coinsurance for health plan as a whole; 20%"),
    (
        "EB*F**PT***23***VS*20*Y",
        "Limit for physical therapy; 20 visits per calendar year; authorization needed",
    ),
    ("EB*F**PT***29***VS*1*N", "Limit for physical therapy; 1 visit remaining; no authorization needed"),
    (
        "EB*F**PT******S7*18*U",
        "Limit for physical therapy; up to age 18; unknown whether authorization is needed",
    ),
    ("EB*F**35***22***99*500", "Limit for dental care; 500 already used per service year"),
    ("EB*1**30*HM*GOLD", "Covered for health plan as a whole; HMO; GOLD"),
    ("EB*1*ALL*QQ*Q9**99", "Covered for code QQ; code ALL; code Q9; code 99"),
    ("EB*C**30***23", "Deductible for health plan as a whole; per calendar year"),
    ("EB*C*********5", "Deductible; 5"),
    ("EB*D**********X*Q", "About this benefit; network code Q; authorization code X"),
    ("EB*D************HC:99213:25:59", "About this benefit for procedure 99213 with modifier 25, 59"),
    (
        "EB*D************HC:1:::::FILLING:3*9",
        "About this benefit for procedure 1 to 3 (FILLING); for diagnosis number 9",
    ),
    ("EB", "Benefit without a code"),
    ("EB*F**33~HSD*VS*20***23*1", "Limit for chiropractic; 20 visits per calendar year"),
    ("EB*F**33***23***VS*20~HSD*VS*20***23", "Limit for chiropractic; 20 visits per calendar year"),
    ("EB*F**33~HSD*VS*12*WK*3*34*1", "Limit for chiropractic; 12 visits, 3 per week, for 1 month"),
    (
        "EB*F**33~HSD*VS*12*WK*3*34*2*A*D",
        "Limit for chiropractic; 12 visits, 3 per week, for 2 months, Monday to Friday, in the morning",
    ),
    ("EB*F**48~HSD*DY*60***21*2", "Limit for hospital stay; 60 days per 2 years"),
    ("EB*F**33~HSD*VS*5***29", "Limit for chiropractic; 5 visits remaining"),
    ("EB*F**33~HSD*ZZ*5*QQ*2", "Limit for chiropractic; 5 of code ZZ, 2 per code QQ"),
    (
        "EB*1**98~III*ZZ*02",
        "Covered for physician office visit; place of service: telehealth away from home",
    ),
    ("EB*1**98~III*NI*25*44*LEFT KNEE", "Covered for physician office visit; injury 25 LEFT KNEE"),
    (
        "EB*1**30~DTP*348*D8*20260101~REF*9F*R7*STONE~MSG*CALL",
        "Covered for health plan as a whole; Benefit begins: 2026-01-01; Referral number: R7 (STONE); CALL",
    ),
    ("EB*1**30~DTP*999*D8*20260101", "Covered for health plan as a whole; Code 999: 2026-01-01"),
]


@pytest.mark.parametrize(("segments", "said"), BENEFITS)
def test_a_benefit_is_a_line_of_words(segments: str, said: str) -> None:
    assert lines(*segments.split("~"))[0] == said


def test_no_two_values_of_the_network_read_alike() -> None:
    said = [lines(f"EB*C**30***23*500*****{network}")[0] for network in ("Y", "N", "W", "U", "Q", "")]
    assert len(set(said)) == 6


ENTITIES_SAID = [
    (
        "NM1*P3*1*STONE*MARTA****XX*1234567893~PER*IC**TE*5550101",
        "Primary care provider: MARTA STONE, NPI 1234567893, phone 5550101",
    ),
    ("NM1*PR*2*BEAM INSURANCE*****NI*54321", "Payer: BEAM INSURANCE, NAIC number 54321"),
    ("NM1*IL*1*AMES*ARTHUR****MI*W7*41", "Insured: ARTHUR AMES, member W7, spouse"),
    (
        "NM1*FA*2*RIVER HOSPITAL~N3*9 RIVER ROAD~N4*RIVERTON*OH*43001",
        "Facility: RIVER HOSPITAL, 9 RIVER ROAD, RIVERTON, OH 43001",
    ),
    ("NM1*1P*1*STONE~PRV*PC*PXC*207Q00000X", "Provider: STONE, primary care provider, specialty 207Q00000X"),
    ("NM1*IL*1*AMES*ARTHUR****34*123456789", "Insured: ARTHUR AMES, social security number ends in 6789"),
    ("NM1*Q9*1******Q9*7", "Code Q9: nameless, code Q9 7"),
    ("NM1", "No code: nameless"),
]


@pytest.mark.parametrize(("segments", "said"), ENTITIES_SAID)
def test_a_related_entity_says_who_it_is_and_how_to_reach_it(segments: str, said: str) -> None:
    assert lines("EB*L", "LS*2120", *segments.split("~"), "LE*2120") == ["Primary care provider", said]


PERSON = [
    ("INS*Y*18*001*25", "The payer knows this person by other identifiers than those asked with"),
    ("N3*1 RIVER ROAD~N4*RIVERTON*OH*43001", "Address: 1 RIVER ROAD, RIVERTON, OH 43001"),
    ("REF*6P*G100*ACME GROUP", "Group number: G100 (ACME GROUP)"),
    ("REF*SY*123456789", "Social security number: ends in 6789"),
    ("DTP*291*RD8*20260101-20261231", "Plan: 2026-01-01 to 2026-12-31"),
    ("DTP*346*D8*20260101", "Plan begins: 2026-01-01"),
    ("HI*ABK:E119*ABF:I10", "Diagnoses: E119, I10"),
    (
        "MPI*C*AU*A*PILOT*M2*D8*20000101",
        "Military service: active duty in the USA; Air Force; PILOT; rank M2; 2000-01-01; current",
    ),
    ("PRV*PC*PXC*207Q00000X", "Provider: primary care, 207Q00000X"),
    ("PER*IC*DESK*TE*5550100", "Contact: DESK, phone 5550100"),
    (
        "AAA*N**72*C",
        "Rejected for the member (2100C): Member number is wrong or missing (72); "
        "correct it and ask again; to fix: front desk",
    ),
    ("AAA*N**99*Q", "Rejected for the member (2100C): code 99 (99); code Q; call the payer"),
    ("AAA*N", "Rejected for the member (2100C): No reason given; no advice; call the payer"),
]


@pytest.mark.parametrize(("segments", "said"), PERSON)
def test_what_is_said_of_a_person_is_a_line_of_words(segments: str, said: str) -> None:
    assert lines(*segments.split("~"), "EB*1**30")[0] == said


def test_an_answer_for_a_dependent_says_whose_dependent() -> None:
    said = [line.strip() for line in describe(read(sample("271_everything.edi")))]
    assert "Subscriber: ALICE J AMES SR" in said
    assert "Relationship to the subscriber: child" in said
    assert "Ask the payer: PROVIDER LINE, phone 5550100, extension 12, web WWW.ACME.EXAMPLE" in said


def test_every_finding_has_words_of_its_own() -> None:
    said = words("finding")
    assert set(said) == {code.value for code in FindingCode}
    assert len(set(said.values())) == len(said)
