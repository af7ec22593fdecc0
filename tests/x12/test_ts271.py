"""A 271 read to values: who was answered for, what was said, and what could not be read."""

from datetime import date
from decimal import Decimal

import pytest

from tests.x12.wire import (
    ABOVE_SUBSCRIBER,
    ALICE,
    answer_with,
    interchange,
    response_to,
    sample,
    transaction_set,
)
from tradingpartners.x12 import (
    Benefit,
    Contact,
    ContactNumber,
    DateRange,
    FindingCode,
    Party,
    Procedure,
    Reference,
    Rejection,
    RelatedEntity,
    Trace,
    read,
    read_271,
    status,
)

ALICE_SAYS = (False, "W0001", "AMES", "ALICE")
BOBBY_SAYS = (True, "W0001", "AMES", "BOBBY")
# Sample; who is answered for and with which status; AAA above the subscribers.
ANSWERS: list[tuple[str, list[tuple[bool, str, str, str, str]], list[tuple[str, str, str]]]] = [
    ("271_active_with_benefits.edi", [(*ALICE_SAYS, "active")], []),
    ("271_dependent.edi", [(*BOBBY_SAYS, "active")], []),
    ("271_dependent_as_patient.edi", [(True, "W0001-02", "AMES", "BOBBY", "inactive")], []),
    (
        "271_two_dependents.edi",
        [(*BOBBY_SAYS, "active"), (True, "W0001", "AMES", "CLARA", "rejected")],
        [],
    ),
    ("271_subscriber_and_dependent.edi", [(*ALICE_SAYS, "active"), (*BOBBY_SAYS, "inactive")], []),
    ("271_inactive.edi", [(*ALICE_SAYS, "inactive")], []),
    ("271_rejected_by_payer_without_trace.edi", [], [("2100A", "42", "R")]),
    ("271_rejected_at_2000a.edi", [], [("2000A", "79", "N")]),
    ("271_rejected_receiver.edi", [(*ALICE_SAYS, "rejected")], [("2100B", "51", "C")]),
    ("271_rejected_before_hierarchy.edi", [(*ALICE_SAYS, "rejected")], [("pre-HL", "42", "R")]),
    ("271_rejected_subscriber.edi", [(*ALICE_SAYS, "rejected")], []),
    ("271_rejected_service_beside_benefits.edi", [(*ALICE_SAYS, "active")], []),
    ("271_says_nothing.edi", [(*ALICE_SAYS, "unknown")], []),
    ("271_active_and_inactive.edi", [(*ALICE_SAYS, "unknown")], []),
    ("271_identifiers_changed.edi", [(False, "W9001", "AMES-STONE", "ALICE", "active")], []),
    ("271_other_service_types_only.edi", [(*ALICE_SAYS, "active")], []),
    (
        "271_two_payers_one_rejects.edi",
        [(*ALICE_SAYS, "rejected"), (False, "X0002", "BEAM", "BORIS", "active")],
        [("2100A", "42", "R")],
    ),
    (
        "271_hierarchy_damaged.edi",
        [
            (*ALICE_SAYS, "active"),
            (False, "W0002", "BEAM", "BORIS", "active"),
            (False, "W0003", "CASH", "CORA", "inactive"),
        ],
        [],
    ),
    ("271_hierarchy_missing.edi", [], []),
]


@pytest.mark.parametrize(("name", "answers", "rejections"), ANSWERS, ids=[case[0] for case in ANSWERS])
def test_everybody_answered_for_is_found_with_the_right_status(
    name: str,
    answers: list[tuple[bool, str, str, str, str]],
    rejections: list[tuple[str, str, str]],
) -> None:
    response = response_to(sample(name))
    assert [
        (a.is_dependent, a.member_id, a.last_name, a.first_name, status(a, response.rejections, None).value)
        for a in response.answers
    ] == answers
    assert [(r.loop, r.code, r.follow_up) for r in response.rejections] == rejections


def test_a_whole_answer_is_read() -> None:
    response = response_to(sample("271_active_with_benefits.edi"))
    assert response.reference_identification == "Q0001"
    assert response.date == date(2026, 1, 5)
    assert response.payer == Party("PR", "ACME HEALTH", "", "", "", "PI", "ACME1")
    assert response.receiver == Party("1P", "RIVER CLINIC", "", "", "", "XX", "1234567893")
    assert response.findings == ()
    (answer,) = response.answers
    assert (answer.birth_date, answer.gender, answer.middle_name) == (date(1980, 2, 3), "F", "J")
    assert answer.traces == response.traces == (Trace("2", "T0001", "9PREFLIGHT"),)
    assert answer.references == (Reference("6P", "G100", "ACME GROUP"),)
    assert answer.dates == (
        DateRange("346", date(2025, 1, 1), None),
        DateRange("291", date(2026, 1, 1), date(2026, 12, 31)),
    )
    assert [b.code for b in answer.benefits] == ["1", "1", "C", "C", "B", "A", "A", "F", "CB", "G"]
    assert answer.segment_number == 7
    assert not answer.other_identifiers_changed


STONE = Party("P3", "STONE", "MARTA", "", "", "XX", "1234567893")
DESK = Contact("IC", "", (ContactNumber("TE", "5550100"),))
BENEFITS = [
    (2, {"period": "23", "amount": Decimal("1500.00"), "in_network": "Y", "coverage_level": "IND"}),
    (3, {"period": "29", "amount": Decimal("250.50"), "service_types": ("30",)}),
    (4, {"messages": ("PRIMARY CARE VISIT", "WAIVED FOR CHILDREN"), "amount": Decimal(25)}),
    (5, {"percent": Decimal("0.20"), "amount": None}),
    (6, {"percent": Decimal("0.4"), "in_network": "N"}),
    (7, {"quantity_qualifier": "VS", "quantity": Decimal(20), "authorization_required": "N"}),
    (7, {"dates": (DateRange("348", date(2026, 1, 1), None),), "segment_number": 26}),
    (8, {"service_types": ("62", "73"), "references": (Reference("9F", "REF77", ""),)}),
    (8, {"entities": (RelatedEntity(STONE, contacts=(DESK,)),), "in_network": "U"}),
    (9, {"amount": Decimal(9000), "in_network": "W", "coverage_level": "FAM", "dates": ()}),
]


@pytest.mark.parametrize(("position", "expected"), BENEFITS)
def test_a_benefit_holds_what_stands_in_and_below_its_eb(position: int, expected: dict[str, object]) -> None:
    benefit = response_to(sample("271_active_with_benefits.edi")).answers[0].benefits[position]
    assert {field: getattr(benefit, field) for field in expected} == expected


def test_every_element_of_eb_lands_in_its_field() -> None:
    answer = answer_with("EB*B*FAM*30^35*HM*GOLD*27*10.5*.25*VS*3*Y*W*HC:99213*1:2")
    assert answer.benefits[0] == Benefit(
        code="B",
        coverage_level="FAM",
        service_types=("30", "35"),
        insurance_type="HM",
        plan="GOLD",
        period="27",
        amount=Decimal("10.5"),
        percent=Decimal("0.25"),
        quantity_qualifier="VS",
        quantity=Decimal(3),
        authorization_required="Y",
        in_network="W",
        procedure=Procedure("HC", "99213"),
        dates=(),
        messages=(),
        segment_number=10,
        references=(),
        entities=(),
        diagnosis_pointers=(1, 2),
    )


def test_absent_elements_are_none() -> None:
    (benefit,) = answer_with("EB*1").benefits
    lists = "service_types dates messages references entities diagnosis_pointers deliveries additional"
    present = {"code": "1", "segment_number": 10, **dict.fromkeys([*lists.split(), "rejections"], ())}
    present["has_unreadable_figure"] = False
    assert benefit._asdict() == dict.fromkeys(Benefit._fields) | present


def test_an_eb_longer_than_the_guide_is_read() -> None:
    assert answer_with("EB*1**30" + "*X" * 40).benefits[0].service_types == ("30",)


def test_65_service_types_in_one_element_are_read() -> None:
    codes = tuple(f"{n}" for n in range(1, 66))
    assert answer_with(f"EB*1**{'^'.join(codes)}").benefits[0].service_types == codes


def test_service_types_repeat_with_a_caret_where_the_isa_names_no_separator() -> None:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30^35"))
    response = response_to(wire.replace("*0700*^*00501", "*0700*U*00401", 1))
    assert response.answers[0].benefits[0].service_types == ("30", "35")


def test_a_subscriber_above_dependents_is_known_to_them() -> None:
    bobby, clara = response_to(sample("271_two_dependents.edi")).answers
    assert bobby.subscriber == clara.subscriber == Party("IL", "AMES", "ALICE", "", "", "MI", "W0001")
    assert (bobby.traces[0].number, clara.traces[0].number) == ("T0001", "T0002")


def test_a_dependent_finds_its_subscriber_by_hl02() -> None:
    wire = interchange(
        transaction_set(
            *ABOVE_SUBSCRIBER,
            "HL*3*2*22*1",
            "NM1*IL*1*AMES*ALICE****MI*W0001",
            "HL*4*2*22*1",
            "NM1*IL*1*BEAM*BORIS****MI*W0002",
            "HL*5*3*23*0",
            "NM1*03*1*AMES*BOBBY",
            "EB*1**30",
        )
    )
    assert response_to(wire).answers[-1].member_id == "W0001"


def test_the_rejection_of_a_subscriber_is_shown_to_its_dependents() -> None:
    wire = interchange(
        transaction_set(
            *ABOVE_SUBSCRIBER, *ALICE, "AAA*N**75*C", "HL*4*3*23*0", "NM1*03*1*AMES*BOBBY"
        )
    )  # fmt: skip
    response = response_to(wire)
    alice, bobby = response.answers
    assert status(alice, response.rejections) == "rejected"
    assert status(bobby, response.rejections) == "rejected"
    assert bobby.subscriber_rejections == alice.rejections


@pytest.mark.parametrize(
    ("segments", "loop"),
    [
        (("HL*3*2*22*0", "AAA*N**72*C", "NM1*IL*1*AMES"), "2000C"),
        (("HL*3*2*22*0", "NM1*IL*1*AMES", "AAA*N**72*C"), "2100C"),
        (("HL*3*2*22*0", "NM1*IL*1*AMES", "EB*V", "AAA*N**72*C"), "2110C"),
        (("HL*3*2*22*1", "NM1*IL*1*AMES", "HL*4*3*23*0", "AAA*N**72*C", "NM1*03*1*AMES"), "2000D"),
        (("HL*3*2*22*1", "NM1*IL*1*AMES", "HL*4*3*23*0", "NM1*03*1*AMES", "AAA*N**72*C"), "2100D"),
        (("HL*3*2*22*1", "NM1*IL*1*AMES", "HL*4*3*23*0", "NM1*03*1*AMES", "EB*V", "AAA*N**72*C"), "2110D"),
    ],
)
def test_a_rejection_names_its_loop(segments: tuple[str, ...], loop: str) -> None:
    (answer,) = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, *segments))).answers
    number = 7 + segments.index("AAA*N**72*C")
    assert answer.rejections == (Rejection(loop, "N", "72", "C", number),)


def test_changed_identifiers_are_marked_by_ins03_with_ins04() -> None:
    assert answer_with("INS*Y*18*001*25", "EB*1").other_identifiers_changed
    assert not answer_with("INS*Y*18*001", "EB*1").other_identifiers_changed
    assert not answer_with("INS*Y*18**25", "EB*1").other_identifiers_changed


def test_a_trace_is_trimmed_and_may_be_of_either_type() -> None:
    (answer,) = response_to(sample("271_trace_padded_and_of_type_1.edi")).answers
    assert [(t.type, t.number) for t in answer.traces] == [("1", "T0001"), ("2", "PAYERS-OWN")]


FAULTS = [
    (
        "271_money_in_wrong_element.edi",
        [("amount_misplaced", 14, "EB", 5), ("amount_misplaced", 15, "EB", 6)],
    ),
    (
        "271_money_unreadable.edi",
        [("amount_invalid", 14, "EB", 7), ("amount_invalid", 15, "EB", 8), ("amount_invalid", 16, "EB", 10)],
    ),
    (
        "271_dates_unreadable.edi",
        [
            ("date_invalid", 14, "DTP", 3),
            ("date_invalid", 10, "DMG", 2),
            ("date_invalid", 11, "DTP", 3),
            ("date_invalid", 12, "DTP", 3),
        ],
    ),
    (
        "271_hierarchy_damaged.edi",
        [
            ("hierarchy_id_missing", 7, "HL", 1),
            ("hierarchy_id_repeated", 11, "HL", 1),
            ("hierarchy_parent_unknown", 11, "HL", 2),
            ("hierarchy_level_unknown", 17, "HL", 3),
        ],
    ),
    ("271_hierarchy_missing.edi", [("hierarchy_missing", 4, "HL", None)]),
]


@pytest.mark.parametrize(("name", "findings"), FAULTS, ids=[case[0] for case in FAULTS])
def test_what_cannot_be_read_is_none_and_a_finding(
    name: str, findings: list[tuple[str, int, str, int | None]]
) -> None:
    response = response_to(sample(name))
    assert sorted(findings) == sorted(
        (f.code.value, f.at.segment_number, f.at.segment_id, f.at.element) for f in response.findings
    )
    assert {f.at.transaction for f in response.findings} == {"0001"}
    assert {f.at.interchange for f in response.findings} == {"000000101"}


@pytest.mark.parametrize(
    ("segment", "code", "element"),
    [
        ("EB*ZZ", FindingCode.CODE_UNKNOWN, 1),
        ("EB**IND*30", FindingCode.ELEMENT_MISSING, 1),
        ("AAA*N", FindingCode.ELEMENT_MISSING, 3),
    ],
)
def test_a_code_that_is_missing_or_unknown_is_a_finding(
    segment: str, code: FindingCode, element: int
) -> None:
    response = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, segment)))
    (finding,) = response.findings
    assert (finding.code, finding.at.segment_number, finding.at.element) == (code, 10, element)


@pytest.mark.parametrize(
    ("name", "code"),
    [("O~NEIL", "segment_id_invalid"), ("O~LEE", "segment_id_invalid"), ("STONE~CLM", "segment_unexpected")],
)
def test_a_delimiter_in_the_data_is_found(name: str, code: str) -> None:
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, f"HL*3*2*22*0~NM1*IL*1*{name}*ALICE", "EB*1"))
    findings = response_to(wire).findings
    assert [(f.code.value, f.at.segment_number) for f in findings] == [(code, 9)]
    assert "NEIL" not in repr(findings) and "LEE" not in repr(findings)


def test_benefits_above_the_subscriber_belong_to_nobody() -> None:
    response = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, "EB*1**30", *ALICE)))
    assert response.answers[0].benefits == ()
    assert [finding.code for finding in response.findings] == [FindingCode.SEGMENT_UNEXPECTED]


def test_a_set_without_bht_is_read_and_reported() -> None:
    response = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER[1:], *ALICE, "EB*1**30")))
    assert response.reference_identification is None
    assert [finding.code for finding in response.findings] == [FindingCode.SEGMENT_MISSING]
    assert len(response.answers) == 1


def test_a_file_of_many_sets_gives_each_its_own_answer() -> None:
    wire = interchange(
        *[
            transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30", number=f"{n:04}").replace(
                "W0001", f"W{n:04}"
            )
            for n in range(1, 301)
        ]
    )
    (each,) = read(wire).interchanges
    answers = [
        answer
        for transaction in each.groups[0].transactions
        for answer in read_271(transaction, each.delimiters).answers
    ]
    assert [answer.member_id for answer in answers] == [f"W{n:04}" for n in range(1, 301)]


def test_people_below_one_level_share_its_rejections_and_their_number_is_bounded() -> None:
    people = [f"HL*{number}*2*22*0~NM1*IL*1*AMES*ALICE****MI*W{number}" for number in range(3, 13)]
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *["AAA*N**51*C"] * 500, *people))
    first, *others = response_to(wire).answers
    assert 9 <= len(first.rejections_above) <= 100
    assert all(each.rejections_above is first.rejections_above for each in others)
