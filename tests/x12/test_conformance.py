"""What is wrong with a set by its guide: one fault in a clean set, one finding in its place."""

import pytest
from hypothesis import given, settings

from tests.x12.questions import questions_file
from tests.x12.strategies import questions
from tests.x12.wire import (
    ABOVE_SUBSCRIBER,
    ALICE,
    SAMPLES,
    interchange,
    only_set,
    sample,
    transaction_set,
)
from tradingpartners.x12 import (
    EligibilityQuestion,
    FindingCode,
    all_findings,
    check_content,
    read,
    write_270,
)

# What stands in the name of a sample that has a fault.
_FAULTS = "damaged missing misplaced padded unreadable unknown wrong before as_patient 4010 undecided"
FAULTS = _FAULTS.split()
CLEAN = sorted(
    path.name for path in SAMPLES.glob("27*.edi") if not any(fault in path.name for fault in FAULTS)
)
BENEFIT = (*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")


def faults(*body: str, set_id: str = "271") -> list[tuple[str, int, str, int | None, str | None]]:
    """Code, segment number, id, element and loop of what is found; ST is segment 1."""
    transaction, around = only_set(interchange(transaction_set(*body, set_id=set_id)))
    return [
        (finding.code.value, at.segment_number, at.segment_id, at.element, at.loop)
        for finding in check_content(transaction, around.delimiters)
        for at in [finding.at]
    ]


@pytest.mark.parametrize("name", CLEAN)
def test_nothing_is_wrong_with_a_clean_sample(name: str) -> None:
    assert all_findings(read(sample(name))) == ()


@pytest.mark.parametrize("name", CLEAN)
def test_nothing_is_wrong_with_it_in_other_delimiters(name: str) -> None:
    text = sample(name).decode().replace("\n", "").translate(str.maketrans("*:^~", "|>!\n"))
    assert all_findings(read(text)) == ()


@settings(deadline=None, max_examples=60)
@given(questions)
def test_nothing_is_wrong_with_a_question_we_write(question: EligibilityQuestion) -> None:
    assert all_findings(read(questions_file(write_270(question, control_number="0001")))) == ()


# Segments: in their loop, in their order, as often as allowed

SEGMENTS = [
    ("second NM1", 8, "NM1*IL*1*AMES*ALICE****MI*W0001", [("loop_too_often", 10, "NM1", None, "2100C")]),
    ("of no set", 8, "ZZZ*1", [("segment_id_invalid", 10, "", None, "2100C")]),
    ("of another set", 8, "CLM*1", [("segment_not_in_set", 10, "CLM", None, "2100C")]),
    ("of another loop", 8, "LE*2120", [("segment_unexpected", 10, "LE", None, "2100C")]),
    ("MSG without EB", 8, "MSG*HELLO", [("segment_missing", 10, "EB", None, "2110C")]),
    ("before any HL", 1, "AAA*N**42*C", [("segment_unexpected", 3, "AAA", None, None)]),
    ("second DMG", 8, "DMG*D8*19800203~DMG*D8*19800203", [("segment_too_often", 11, "DMG", None, "2100C")]),
    ("TRN behind NM1", 8, "TRN*2*T2*9PREFLIGHT", [("segment_out_of_order", 10, "TRN", None, "2000C")]),
    ("N3 behind DMG", 8, "DMG*D8*19800203~N3*STREET", [("segment_out_of_order", 11, "N3", None, "2100C")]),
    ("REF of no such kind", 8, "REF*G5*1", [("code_unknown", 10, "REF", 1, "2100C")]),
    ("LS without 2120", 9, "LS*2120~LE*2120", []),
    ("2120 without LE", 9, "LS*2120~NM1*P3*1*STONE", [("segment_missing", 13, "LE", None, "2110C")]),
    (
        "2120 without LS",
        9,
        "NM1*P3*1*STONE~LE*2120",
        [("segment_missing", 11, "LS", None, "2110C")],
    ),
    ("EB in 2100B", 5, "EB*1", [("segment_unexpected", 7, "EB", None, "2100B")]),
]


@pytest.mark.parametrize(("case", "at", "added", "found"), SEGMENTS, ids=[case[0] for case in SEGMENTS])
def test_a_segment_out_of_its_place_is_found_once(
    case: str, at: int, added: str, found: list[tuple[str, int, str, int | None, str | None]]
) -> None:
    assert faults(*BENEFIT[:at], *added.split("~"), *BENEFIT[at:]) == found


REQUIRED = [
    (0, [("segment_missing", 2, "BHT", None, None)]),
    (2, [("segment_missing", 4, "NM1", None, "2100A")]),
    (4, [("segment_missing", 6, "NM1", None, "2100B")]),
    (7, [("segment_missing", 9, "NM1", None, "2100C")]),
    (8, []),
]


@pytest.mark.parametrize(("at", "found"), REQUIRED)
def test_a_required_segment_is_missed_where_the_next_one_stands(
    at: int, found: list[tuple[str, int, str, int | None, str | None]]
) -> None:
    assert faults(*BENEFIT[:at], *BENEFIT[at + 1 :]) == found


def test_a_set_without_levels_says_so() -> None:
    assert faults(BENEFIT[0]) == [("hierarchy_missing", 3, "HL", None, "2000A")]
    levels = [place[4] for place in faults("BHT*0022*13*Q1*20260105*0700", set_id="270")]
    assert levels == ["2000A", "2000B", "2000C"]


def test_a_benefit_may_come_any_number_of_times() -> None:
    assert faults(*BENEFIT, *["EB*1**35"] * 200) == []
    messages = faults(*BENEFIT, *["MSG*HELLO"] * 12)
    assert messages == [("segment_too_often", number, "MSG", None, "2110C") for number in (21, 22)]


# Elements

ELEMENTS = [
    ("EB*1**30", []),
    ("EB***30", [("element_missing", 1)]),
    ("EB*ZZ**30", [("code_unknown", 1)]),
    ("EB*ZZZ**30", [("element_too_long", 1), ("code_unknown", 1)]),
    ("EB*1*ALL*30", [("code_unknown", 2)]),
    ("EB*C**30****1,5", [("amount_invalid", 7)]),
    ("EB*C**30***23*15.00", []),
    ("EB*C**30***23*-.50", []),
    ("EB*C**30***23*1234567890123456789", [("element_too_long", 7)]),
    ("EB*F**30******VS", [("element_conditionally_missing", 10)]),
    ("EB*F**30*******5", [("element_conditionally_missing", 9)]),
    ("EB*1**30*", [("trailing_separators", None)]),
    ("EB*1**30***********X", [("character_invalid", 14)]),
    ("EB*1**30**GOLD\u00e9", [("character_invalid", 5)]),
    ("EB*1**30**GOLD ", [("character_invalid", 5)]),
    ("EB*1**30**A:B", [("character_invalid", 5)]),
    ("EB*1**30**A^B", [("excess_repetitions", 5)]),
    ("DTP*291*D8*20260230", [("date_invalid", 3)]),
    ("DTP*291*RD8*20260101-20261231", []),
    ("DTP*291*RD8*20260101", [("date_invalid", 3)]),
    ("DTP*291*XX*20260101", [("code_unknown", 2)]),
    ("HSD*VS", [("element_conditionally_missing", 2)]),
    ("HSD****X**1", [("amount_invalid", 4), ("element_conditionally_missing", 5)]),
    ("REF*18", [("element_missing", 2)]),
    ("REF*18*1**X", [("element_not_used", 4)]),
    ("AAA*N*AB*15*C", [("element_not_used", 2)]),
    ("MSG*" + "X" * 264, []),
    ("MSG*" + "X" * 265, [("element_too_long", 1)]),
    ("MSG*A*B*1*1", [("excess_elements", 4), ("element_not_used", 2), ("element_not_used", 3)]),
]


@pytest.mark.parametrize(("segment", "found"), ELEMENTS)
def test_each_fault_of_an_element_is_found(segment: str, found: list[tuple[str, int | None]]) -> None:
    said = [(code, element) for code, _, _, element, _ in faults(*BENEFIT, segment)]
    assert sorted(said, key=str) == sorted(found, key=str)


NAMES = [
    ("NM1*IL*1*AMES*ALICE****MI", [("element_conditionally_missing", 9)]),
    ("NM1*IL*1*AMES*ALICE*****W1", [("element_conditionally_missing", 8)]),
    ("NM1*IL*3*AMES", [("code_unknown", 2)]),
    ("NM1*IL*1*AMES**X**DR", []),
    ("NM1*IL*1*AMES***MS", [("element_not_used", 6)]),
    ("NM1*QQ*1*AMES", [("code_unknown", 1)]),
]


@pytest.mark.parametrize(("segment", "found"), NAMES)
def test_a_name_is_checked_by_the_loop_it_opens(segment: str, found: list[tuple[str, int]]) -> None:
    said = faults(*BENEFIT[:7], segment, *BENEFIT[8:])
    assert [(code, element) for code, _, _, element, _ in said] == found
    assert {loop for *_, loop in said} <= {"2100C"}


OTHERS = [
    ("DMG*D8*20260231*F", [("date_invalid", 2)]),
    ("DMG**19800203", [("element_conditionally_missing", 1)]),
    ("DMG*D8*18000101*X", [("code_unknown", 3)]),
    ("N4*CITY*ZZ*12345", [("code_unknown", 2)]),
    ("N4*CITY*TX*12345*US**X*Y", [("element_not_used", 6), ("elements_exclude_each_other", 7)]),
    ("INS*Y*18*001*25", []),
    ("INS*N*18", [("code_unknown", 1)]),
    ("HI*ABK:J45*ABF:I10", []),
    ("HI*ABF:J45", [("code_unknown", 1)]),
    ("HI*ABK", [("element_missing", 1)]),
    ("HI*ABK:J45:D8", [("element_not_used", 1)]),
    ("HI*ABK:J45:::::::1:2", [("excess_components", 1), ("element_not_used", 1)]),
]


@pytest.mark.parametrize(("segment", "found"), OTHERS)
def test_a_segment_of_the_subscriber_is_checked(segment: str, found: list[tuple[str, int]]) -> None:
    said = [(code, element) for code, _, _, element, _ in faults(*BENEFIT[:8], segment, BENEFIT[8])]
    assert sorted(said) == sorted(found)


def test_component_and_repetition_are_named() -> None:
    transaction, around = only_set(
        interchange(transaction_set(*BENEFIT[:8], "HI*ABK:J45*ABF", "EB*1**30^XX^35^YY"))
    )
    places = [
        (finding.code.value, finding.at.element, finding.at.component, finding.at.repetition)
        for finding in check_content(transaction, around.delimiters)
    ]
    assert places == [
        ("element_missing", 2, 2, None),
        ("code_unknown", 3, None, 2),
        ("code_unknown", 3, None, 4),
    ]


def test_more_than_99_service_types_are_one_finding() -> None:
    types = "^".join(["30"] * 1_000)
    assert faults(*BENEFIT[:8], f"EB*1**{types}") == [("excess_repetitions", 10, "EB", 3, "2110C")]


# Hierarchy

LEVELS = [
    ("HL*3*1*22*0", [("hierarchy_children_wrong", 4), ("hierarchy_parent_wrong", 2)]),
    ("HL*3*9*22*0", [("hierarchy_children_wrong", 4), ("hierarchy_parent_unknown", 2)]),
    ("HL*3*2*22*1", [("hierarchy_children_wrong", 4)]),
    ("HL*4*2*22*0", [("hierarchy_id_out_of_sequence", 1)]),
    ("HL*2*2*22*0", [("hierarchy_id_repeated", 1)]),
    ("HL**2*22*0", [("element_missing", 1)]),
    ("HL*3**22*0", [("element_missing", 2), ("hierarchy_children_wrong", 4)]),
    ("HL*3*2*99*0", [("hierarchy_level_unknown", 3)]),
    ("HL*3*2**0", [("element_missing", 3)]),
    ("HL*3*2*22*7", [("code_unknown", 4)]),
    ("HL*3*2*22", [("element_missing", 4)]),
]


@pytest.mark.parametrize(("segment", "found"), LEVELS)
def test_a_level_has_its_number_its_parent_and_its_children(
    segment: str, found: list[tuple[str, int]]
) -> None:
    said = [(code, element) for code, _, _, element, _ in faults(*BENEFIT[:5], segment, *BENEFIT[6:])]
    assert sorted(said) == sorted(found)


def test_two_receivers_under_one_source_are_as_the_guide_has_them() -> None:
    second = (
        "HL*4*1*21*1",
        "NM1*1P*2*HILL CLINIC*****XX*1234567893",
        "HL*5*4*22*0",
        "NM1*IL*1*AMES*BOBBY",
    )
    assert faults(*BENEFIT, *second, "EB*6**30") == []


# What is checked, and what is not


@pytest.mark.parametrize("version", ["004010X092A1", "005010X212", "006020X999"])
def test_a_set_of_another_guide_is_not_checked(version: str) -> None:
    wire = interchange(transaction_set("EB*QQ")).replace("005010X279A1", version)
    transaction, around = only_set(wire)
    assert check_content(transaction, around.delimiters) == ()


@pytest.mark.parametrize("version", ["005010X279", "005010", ""])
def test_a_set_without_its_addendum_is_checked_as_one_with(version: str) -> None:
    wire = interchange(transaction_set(*BENEFIT, "EB*QQ")).replace("005010X279A1", version)
    transaction, around = only_set(wire)
    codes = {finding.code for finding in check_content(transaction, around.delimiters)}
    assert FindingCode.CODE_UNKNOWN in codes


def test_a_fault_that_the_reader_finds_as_well_is_told_once() -> None:
    wire = interchange(transaction_set(*BENEFIT, "EB*QQ**30", "EB*C**30***23*1O", "EB*C**30***15.00"))
    assert [(f.code.value, f.at.segment_number, f.at.element) for f in all_findings(read(wire))] == [
        ("code_unknown", 11, 1),
        ("amount_invalid", 12, 7),
        ("amount_misplaced", 13, 6),
    ]


def test_a_set_of_faults_ends_its_findings() -> None:
    transaction, around = only_set(interchange(transaction_set(*BENEFIT, *["ZZZ*1"] * 20_000)))
    findings = check_content(transaction, around.delimiters)
    assert len(findings) == 1_000
    assert findings[-1].code is FindingCode.TOO_MANY_FINDINGS


def test_a_finding_never_has_a_value() -> None:
    secret = "SECRETNAME"
    wire = interchange(
        transaction_set(
            *BENEFIT, f"{secret}*1", f"EB*{secret}", f"REF*{secret}*{secret}", f"NM1*{secret}*{secret}"
        )
    )
    findings = all_findings(read(wire))
    assert len(findings) > 4
    assert secret not in repr(findings)


# 278

REQUEST = (
    "BHT*0007*13*PA0001*20260105*0700",
    "HL*1**20*1",
    "NM1*X3*2*ACME HEALTH*****PI*ACME1",
    "HL*2*1*21*1",
    "NM1*1P*2*RIVER CLINIC*****XX*1234567893",
    "HL*3*2*22*1",
    "NM1*IL*1*AMES*ALICE****MI*W0001",
    "DMG*D8*19800203*F",
    "HL*4*3*EV*1",
    "TRN*1*PA0001*9PREFLIGHT",
    "UM*HS*I*2*22:B**U",
    "DTP*AAH*RD8*20261201-20270228",
    "HI*ABK:M1711",
    "HSD*VS*12",
    "PWK*M1*EL***AC*ATT1",
    "NM1*71*1*STONE*MARTA****XX*1234567893",
    "HL*5*4*SS*0",
    "UM*HS*I*2",
    "SV1*HC:27447**UN*1",
)


def review_faults(*body: str) -> list[tuple[str, int, str, int | None, str | None]]:
    wire = interchange(
        transaction_set(*body, set_id="278"), functional_id="HI", version="005010X217"
    ).replace("005010X279A1", "005010X217")
    transaction, around = only_set(wire)
    return [
        (f.code.value, f.at.segment_number, f.at.segment_id, f.at.element, f.at.loop)
        for f in check_content(transaction, around.delimiters)
    ]


def test_a_request_for_review_is_clean() -> None:
    assert review_faults(*REQUEST) == []


def test_a_decision_stands_in_a_response_only() -> None:
    decided = (*REQUEST[:11], "HCR*A1*AUTH1", *REQUEST[11:])
    assert review_faults(*decided) == [("segment_not_in_set", 13, "HCR", None, "2000E")]
    answered = tuple(segment.replace("BHT*0007*13", "BHT*0007*11") for segment in decided)
    assert review_faults(*answered) == []


REVIEW_FAULTS = [
    (10, "", [("segment_missing", 12, "UM", None, "2000E")]),
    (10, "UM*ZZ*I", [("code_unknown", 12, "UM", 1, "2000E")]),
    (10, "UM*HS*I*2*:B", [("element_missing", 12, "UM", 4, "2000E")]),
    (9, "TRN*1*PA0001*SHORT", [("element_too_short", 11, "TRN", 3, "2000E")]),
    (14, "PWK*M1*EL***AC", [("element_conditionally_missing", 16, "PWK", 6, "2000E")]),
    (18, "SV1*HC:27447*1", []),
    (18, "SV1*HC:27447**UN", [("element_conditionally_missing", 20, "SV1", 4, "2000F")]),
    (
        16,
        "HL*5*3*SS*0",
        [
            ("hierarchy_children_wrong", 10, "HL", 4, "2000E"),
            ("hierarchy_parent_wrong", 18, "HL", 2, "2000F"),
        ],
    ),
]


@pytest.mark.parametrize(("at", "segment", "found"), REVIEW_FAULTS)
def test_a_fault_of_a_review_is_found(
    at: int, segment: str, found: list[tuple[str, int, str, int | None, str | None]]
) -> None:
    assert review_faults(*REQUEST[:at], *([segment] if segment else []), *REQUEST[at + 1 :]) == found
