"""What the reader of a 271 could not read, or found elsewhere than it should stand, and in which loop.

What else is wrong by the guide is `test_conformance.py`.
"""

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, interchange, response_to, sample, transaction_set

Found = tuple[str, int, str, int | None, str | None]
BOBBY = ("HL*4*3*23*0", "NM1*03*1*AMES*BOBBY")


def found(*segments: str) -> list[Found]:
    response = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, *segments)))
    return [
        (f.code.value, f.at.segment_number, f.at.segment_id, f.at.element, f.at.loop)
        for f in response.findings
    ]


# What stands below Alice's name from segment 10 on; what is found.
BELOW_NAME: list[tuple[str, Found]] = [
    ("DMG*D8*19801332*F", ("date_invalid", 10, "DMG", 2, "2100C")),
    ("DTP*346*D8*2026", ("date_invalid", 10, "DTP", 3, "2100C")),
    ("MPI*C*AO*A***D8*SOON", ("date_invalid", 10, "MPI", 7, "2100C")),
    ("NM1*IL*1*AMES*ALICE", ("segment_unexpected", 10, "NM1", None, "2100C")),
    ("HSD*VS*20", ("segment_unexpected", 10, "HSD", None, "2100C")),
    ("MSG*EARLY", ("segment_unexpected", 10, "MSG", None, "2100C")),
    ("EB*C**30***23*TEN", ("amount_invalid", 10, "EB", 7, "2110C")),
    ("EB*C************HC:1*X", ("code_unknown", 10, "EB", 14, "2110C")),
    ("EB*C~HSD*VS*MANY", ("amount_invalid", 11, "HSD", 2, "2110C")),
    ("EB*C~MSG*OK~HSD*VS*1**X", ("amount_invalid", 12, "HSD", 4, "2110C")),
    ("EB*C~DTP*348*D8*X", ("date_invalid", 11, "DTP", 3, "2110C")),
    ("EB*C~N3*1 RIVER ROAD", ("segment_unexpected", 11, "N3", None, "2110C")),
    ("EB*C~DMG*D8*19800203", ("segment_unexpected", 11, "DMG", None, "2110C")),
    ("EB*C~TRN*2*T9*9PREFLIGHT", ("segment_unexpected", 11, "TRN", None, "2110C")),
    ("EB*C~LS*2120~NM1*P3*1*STONE~LE*2120~MSG*LATE", ("segment_unexpected", 14, "MSG", None, "2120C")),
]


@pytest.mark.parametrize(("segments", "finding"), BELOW_NAME)
def test_a_fault_of_a_person_is_found_in_its_loop(segments: str, finding: Found) -> None:
    assert found(*ALICE, *segments.split("~")) == [finding]


@pytest.mark.parametrize(("segments", "finding"), BELOW_NAME)
def test_the_same_fault_of_a_dependent_is_found_in_loop_d(segments: str, finding: Found) -> None:
    if segments.startswith("NM1"):
        segments = "NM1*03*1*AMES*BOBBY"
    code, number, name, element, loop = finding
    assert loop is not None
    expected = (code, number + 2, name, element, loop.replace("C", "D"))
    assert found(*ALICE, *BOBBY, *segments.split("~")) == [expected]


ABOVE: list[tuple[tuple[str, ...], list[Found]]] = [
    (("HL*3*2*22*0", "EB*1"), [("segment_missing", 8, "NM1", None, "2100C")]),
    (("HL*3*2*22*0", "NM1*QC*1*AMES", "EB*1"), []),
    ((*ALICE, "HL*4*3*23*0", "NM1*QC*1*AMES", "EB*1"), []),
    ((*ALICE, "HL*4*9*23*0", "NM1*03*1*AMES", "EB*1"), [("hierarchy_parent_unknown", 10, "HL", 2, "2000D")]),
]


@pytest.mark.parametrize(("segments", "findings"), ABOVE)
def test_a_name_that_is_missing_is_found_and_one_of_another_kind_is_read(
    segments: tuple[str, ...], findings: list[Found]
) -> None:
    assert found(*segments) == findings


def test_the_part_of_a_composite_is_named() -> None:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1*************1:X"))
    (finding,) = response_to(wire).findings
    assert (finding.code.value, finding.at.element, finding.at.component) == ("code_unknown", 14, 2)


@pytest.mark.parametrize(
    "name", ["271_everything.edi", "271_everything_odd_delimiters.edi", "4010_answer.edi"]
)
def test_a_clean_answer_has_no_findings(name: str) -> None:
    assert response_to(sample(name)).findings == ()


def test_findings_stand_in_the_order_of_their_segments_and_hold_no_values() -> None:
    response = response_to(sample("271_segments_in_wrong_loops.edi"))
    assert [f.at.segment_number for f in response.findings] == [10, 11, 13, 14]
    assert "RIVER" not in repr(response.findings)


def test_a_hostile_answer_gives_a_bounded_number_of_findings() -> None:
    hostile = ["EB*1", *["HSD*VS*MANY"] * 5_000]
    response = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *hostile)))
    assert len(response.answers[0].benefits[0].deliveries) == 5_000
    assert len(response.findings) == 1_001
