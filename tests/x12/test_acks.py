"""999, 997 and TA1: what others say of our sets, and what we say of theirs."""

from datetime import UTC, datetime

import pytest

from tests.x12.questions import ENVELOPE, group
from tests.x12.wire import (
    ABOVE_SUBSCRIBER,
    ALICE,
    interchange,
    only_set,
    sample,
    sample_names,
    transaction_set,
)
from tradingpartners.x12 import (
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    acknowledge,
    acknowledge_interchange,
    all_findings,
    read,
    read_999,
    write_999,
    write_interchange,
)

NOW = datetime(2026, 1, 6, 8, 30, tzinfo=UTC)


def acknowledgement_in(wire: bytes | str) -> ImplementationAcknowledgement:
    return read_999(only_set(wire)[0])


def acknowledgement_of(wire: bytes | str) -> ImplementationAcknowledgement:
    reading = read(wire)
    (acknowledgement,) = acknowledge(reading.interchanges[0], all_findings(reading))
    return acknowledgement


# What others say


def test_each_set_is_accepted_or_rejected_on_its_own() -> None:
    said = acknowledgement_in(sample("999_accepts_one_rejects_one.edi"))
    assert (said.functional_id, said.group_control_number, said.version) == ("HS", "101", "005010X279A1")
    assert (said.code, said.included, said.received, said.accepted) == ("P", 2, 2, 1)
    assert [(s.set_id, s.control_number, s.accepted, s.notes) for s in said.sets] == [
        ("270", "0001", True, ()),
        ("270", "0002", False, ("5",)),
    ]
    assert said.findings == ()


def test_an_error_names_segment_and_element() -> None:
    said = acknowledgement_in(sample("999_accepts_one_rejects_one.edi"))
    assert said.sets[1].errors == (
        SegmentError(
            segment_id="NM1",
            segment_number=8,
            loop="2100C",
            code="8",
            elements=(
                ElementError(9, None, None, "67", "1"),
                ElementError(3, 1, 2, "1035", "6"),
            ),
        ),
    )


def test_a_997_says_the_same() -> None:
    said = acknowledgement_in(sample("997_rejects.edi"))
    assert (said.code, said.sets[0].code, said.sets[0].notes) == ("R", "R", ("5",))
    assert said.sets[0].errors[0].elements[0].code == "1"


def test_counts_that_disagree_are_found() -> None:
    said = acknowledgement_in(sample("999_counts_disagree.edi"))
    assert [(f.code.value, f.at.segment_number, f.at.element) for f in said.findings] == [
        ("count_wrong", 5, 4)
    ]


def test_accepted_sets_need_not_be_listed() -> None:
    wire = interchange(
        transaction_set("AK1*HS*101", "AK2*270*0002", "IK5*R*5", "AK9*P*9*9*8", set_id="999"),
        functional_id="FA",
        version="005010X231A1",
    )
    said = acknowledgement_in(wire)
    assert said.findings == ()
    assert [each.control_number for each in said.sets] == ["0002"]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ((), ["segment_missing"]),
        (("AK1*HS*101",), ["segment_missing"]),
        (("AK1*HS*101", "AK2*270*0001", "AK9*A*1*1*1"), ["segment_missing", "count_wrong"]),
        (("AK1*HS*101", "IK3*NM1*3", "IK4*1**1", "IK5*A", "AK9*A*1*1*1"), ["segment_unexpected"] * 3),
        (("AK1*HS*101", "AK1*HS*102", "AK9*A*1*1*1"), ["segment_unexpected"]),
        (("AK1*HS*101", "AK9*A*x*y*z"), ["count_wrong", "count_wrong"]),
    ],
)
def test_a_damaged_999_is_read_with_findings(body: tuple[str, ...], codes: list[str]) -> None:
    said = acknowledgement_in(transaction_wire(*body))
    assert [finding.code.value for finding in said.findings] == codes


def transaction_wire(*body: str) -> str:
    return interchange(transaction_set(*body, set_id="999"), functional_id="FA", version="005010X231A1")


# What we say


def test_a_clean_file_is_accepted() -> None:
    wire = sample("271_two_sets.edi")
    said = acknowledgement_of(wire)
    assert (said.code, said.included, said.received, said.accepted) == ("A", 2, 2, 2)
    assert [each.code for each in said.sets] == ["A", "A"]
    reading = read(wire)
    note = acknowledge_interchange(reading.interchanges[0], reading.findings, now=NOW)
    assert (note.control_number, note.code, note.note) == ("000000101", "A", "000")
    header = reading.interchanges[0].header
    assert (note.date, note.time) == (header.date, header.time)


SETS = [
    ("wrong_segment_count.edi", ["R", "A"], ("4",), "P"),
    ("wrong_set_control_number.edi", ["R", "A"], ("3",), "P"),
    ("set_without_trailer.edi", ["R", "A"], ("2",), "P"),
    ("repeated_set_control_number.edi", ["R", "R"], ("23",), "R"),
    ("271_money_unreadable.edi", ["E"], ("5",), "E"),
    ("271_hierarchy_damaged.edi", ["E"], ("5",), "E"),
]


@pytest.mark.parametrize(("name", "codes", "notes", "group_code"), SETS, ids=[case[0] for case in SETS])
def test_a_wrong_set_is_rejected_and_its_neighbour_accepted(
    name: str, codes: list[str], notes: tuple[str, ...], group_code: str
) -> None:
    said = acknowledgement_of(sample(name))
    assert [each.code for each in said.sets] == codes
    assert said.sets[0].notes == notes
    assert said.code == group_code
    assert said.accepted == sum(code != "R" for code in codes)


GROUPS = [
    ("functional_id_of_a_question.edi", ("1",)),
    ("version_without_addendum.edi", ("2",)),
    ("group_trailer_missing.edi", ("3",)),
    ("wrong_group_control_number.edi", ("4",)),
    ("wrong_set_count.edi", ("5",)),
]


@pytest.mark.parametrize(("name", "notes"), GROUPS, ids=[case[0] for case in GROUPS])
def test_a_fault_of_the_group_is_noted(name: str, notes: tuple[str, ...]) -> None:
    said = acknowledgement_of(sample(name))
    assert (said.code, said.notes) == ("E", notes)


def test_the_count_the_sender_stated_is_repeated() -> None:
    said = acknowledgement_of(sample("wrong_set_count.edi"))
    assert (said.included, said.received) == (3, 2)


INTERCHANGES = [
    ("without_trailers.edi", "R", "023"),
    ("wrong_interchange_control_number.edi", "R", "001"),
    ("wrong_group_count.edi", "R", "021"),
    ("interchange_version_4010.edi", "E", "017"),
    ("unpadded_header.edi", "E", "022"),
    ("last_terminator_missing.edi", "E", "004"),
    ("wrong_segment_count.edi", "A", "000"),
]


@pytest.mark.parametrize(("name", "code", "note"), INTERCHANGES, ids=[case[0] for case in INTERCHANGES])
def test_a_fault_of_the_interchange_is_noted_in_ta1(name: str, code: str, note: str) -> None:
    reading = read(sample(name))
    said = acknowledge_interchange(reading.interchanges[0], reading.findings, now=NOW)
    assert (said.code, said.note) == (code, note)


def test_findings_of_two_groups_with_the_same_set_numbers_are_kept_apart() -> None:
    answer = transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30")
    one = interchange(answer.replace("SE*11", "SE*99"))
    second_group = (
        interchange(answer)[106:].split("IEA*")[0].replace("*101~", "*102~").replace("*101*X", "*102*X")
    )
    reading = read(one.replace("IEA*1", second_group + "IEA*2"))
    said = acknowledge(reading.interchanges[0], all_findings(reading))
    assert [(each.group_control_number, each.code) for each in said] == [("101", "R"), ("102", "A")]


def test_acknowledgements_are_not_acknowledged() -> None:
    reading = read(sample("999_counts_disagree.edi"))
    assert acknowledge(reading.interchanges[0], all_findings(reading)) == ()


@pytest.mark.parametrize(
    "name", [name for name in sample_names() if "9" not in name[:3] and "ta1" not in name]
)
def test_what_we_say_is_written_and_read_back(name: str) -> None:
    reading = read(sample(name))
    for said in acknowledge(reading.interchanges[0], all_findings(reading)):
        text = write_999(said, control_number="0001")
        wire = write_interchange(ENVELOPE, [group([text], functional_id="FA", version="005010X231A1")])
        assert acknowledgement_in(wire) == said
        assert read(wire).findings == ()
