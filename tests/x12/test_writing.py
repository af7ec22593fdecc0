"""Interchanges around sets: fixed lengths, counts, control numbers, refusals, and back."""

from typing import Any

import pytest

from tests.x12.questions import ABOUT_ALICE, ENVELOPE, NOW, group, questions_file
from tests.x12.wire import sample, sample_names
from tradingpartners.x12 import (
    CharacterSet,
    Delimiters,
    GroupEnvelope,
    InterchangeAcknowledgement,
    InterchangeEnvelope,
    Reading,
    WriteErrorCode,
    X12WriteError,
    acknowledge,
    read,
    write_270,
    write_999,
    write_interchange,
)

ACKNOWLEDGEMENTS = acknowledge(read(sample("271_active_with_benefits.edi")).interchanges[0])
SETS = [write_270(ABOUT_ALICE, control_number=f"{number:04}") for number in range(1, 4)]


def test_the_isa_has_106_characters_and_counts_are_computed() -> None:
    wire = questions_file(*SETS).decode()
    assert wire[:106].endswith("*T*:~") and wire[106:108] == "GS"
    assert wire.endswith("GE*3*101~IEA*1*000000101~")
    assert read(wire).findings == ()


@pytest.mark.parametrize("number", [1, 101, 999_999_999])
def test_a_control_number_is_padded_in_the_isa_and_plain_in_the_gs(number: int) -> None:
    groups = [group(SETS)._replace(control_number=number)]
    wire = write_interchange(ENVELOPE._replace(control_number=number), groups).decode()
    assert wire.split("*")[13] == f"{number:09}"
    assert wire.endswith(f"GE*3*{number}~IEA*1*{number:09}~")
    assert read(wire).findings == ()


def test_header_elements_are_padded_to_their_lengths() -> None:
    wire = write_interchange(ENVELOPE._replace(sender="A", receiver="B" * 15), [group(SETS)]).decode()
    elements = wire.split("~")[0].split("*")
    assert [len(element) for element in elements] == [3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1]
    assert elements[6:9:2] == ["A" + " " * 14, "B" * 15]


def test_groups_of_several_kinds_stand_in_one_interchange() -> None:
    said = [write_999(each, control_number="0001") for each in ACKNOWLEDGEMENTS]
    note = InterchangeAcknowledgement("000000101", NOW.date(), NOW.time(), "A", "000")
    groups = [
        group(SETS)._replace(control_number=1),
        group(SETS)._replace(control_number=2),
        group(said, functional_id="FA", version="005010X231A1")._replace(control_number=3),
    ]
    reading = read(write_interchange(ENVELOPE, groups, acknowledgements=[note]))
    (interchange,) = reading.interchanges
    assert [(each.functional_id, len(each.transactions)) for each in interchange.groups] == [
        ("HS", 3),
        ("HS", 3),
        ("FA", 1),
    ]
    assert interchange.acknowledgements == (note._replace(time=NOW.time().replace(second=0)),)
    assert reading.findings == ()


def test_more_sets_or_groups_than_their_counts_have_digits_for_are_refused() -> None:
    for groups, field in (
        ([group([SETS[0]] * 1_000_000)], "group.transactions"),
        ([group(SETS)] * 100_000, "groups"),
    ):
        with pytest.raises(X12WriteError) as refusal:
            write_interchange(ENVELOPE, groups)
        assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.LIMIT_EXCEEDED, field)


def test_a_group_control_number_comes_once() -> None:
    with pytest.raises(X12WriteError) as refusal:
        write_interchange(ENVELOPE, [group(SETS), group(SETS)])
    assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.INVALID_VALUE, "group.control_number")


def test_lower_case_is_refused_where_the_basic_set_is_chosen() -> None:
    envelope = ENVELOPE._replace(sender="River")
    write_interchange(envelope, [group(SETS)])
    with pytest.raises(X12WriteError) as refusal:
        write_interchange(envelope, [group(SETS)], character_set=CharacterSet.BASIC)
    assert refusal.value.field == "sender"


def test_an_acknowledgement_can_be_asked_for_in_production() -> None:
    envelope = ENVELOPE._replace(acknowledgement_requested=True, usage="P")
    header = read(write_interchange(envelope, [group(SETS)])).interchanges[0].header
    assert (header.acknowledgement_requested, header.usage) == (True, "P")


def test_a_version_without_repetition_separator_says_so() -> None:
    envelope = ENVELOPE._replace(version="00401")
    delimiters = Delimiters(repetition="")
    wire = write_interchange(envelope, [], delimiters=delimiters).decode()
    assert wire[82] == "U"
    assert read(wire).interchanges[0].delimiters == delimiters


REFUSALS: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"control_number": 0}, WriteErrorCode.INVALID_VALUE, "control_number"),
    ({"control_number": 1_000_000_000}, WriteErrorCode.INVALID_VALUE, "control_number"),
    ({"sender": ""}, WriteErrorCode.REQUIRED, "sender"),
    ({"sender": "X" * 16}, WriteErrorCode.TOO_LONG, "sender"),
    ({"receiver": "A*B"}, WriteErrorCode.DELIMITER_IN_VALUE, "receiver"),
    ({"sender_qualifier": "Z"}, WriteErrorCode.TOO_SHORT, "sender_qualifier"),
    ({"usage": "X"}, WriteErrorCode.INVALID_VALUE, "usage"),
    ({"version": "00900"}, WriteErrorCode.INVALID_VALUE, "version"),
    ({"sender_qualifier": "02"}, WriteErrorCode.INVALID_VALUE, "sender_qualifier"),
    ({"receiver_qualifier": "AM"}, WriteErrorCode.INVALID_VALUE, "receiver_qualifier"),
    ({"version": "00401"}, WriteErrorCode.INVALID_VALUE, "version"),
    ({"created": ENVELOPE.created.replace(year=2100)}, WriteErrorCode.INVALID_VALUE, "created"),
    ({"created": ENVELOPE.created.replace(year=1999)}, WriteErrorCode.INVALID_VALUE, "created"),
    ({"control_number": True}, WriteErrorCode.INVALID_VALUE, "control_number"),
    ({"control_number": 1.5}, WriteErrorCode.INVALID_VALUE, "control_number"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSALS)
def test_a_header_x12_cannot_carry_is_refused(
    changes: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    with pytest.raises(X12WriteError) as refusal:
        write_interchange(ENVELOPE._replace(**changes), [group(SETS)])
    assert (refusal.value.code, refusal.value.field) == (code, field)


GROUP_REFUSALS: list[tuple[dict[str, Any], WriteErrorCode, str]] = [
    ({"transactions": []}, WriteErrorCode.REQUIRED, "group.transactions"),
    ({"transactions": ["ST*270*0001~"[:-1]]}, WriteErrorCode.INVALID_VALUE, "group.transactions"),
    ({"transactions": [SETS[0], SETS[0]]}, WriteErrorCode.INVALID_VALUE, "group.transactions.control_number"),
    (
        {"transactions": [SETS[0].replace("SE*13", "SE*12")]},
        WriteErrorCode.INVALID_VALUE,
        "group.transactions",
    ),
    (
        {"transactions": [SETS[0].replace("SE*13*0001", "SE*13*0002")]},
        WriteErrorCode.INVALID_VALUE,
        "group.transactions",
    ),
    ({"transactions": [SETS[0] + SETS[1]]}, WriteErrorCode.INVALID_VALUE, "group.transactions"),
    ({"transactions": ["GE*1*101~" + SETS[0]]}, WriteErrorCode.INVALID_VALUE, "group.transactions"),
    (
        {"transactions": [SETS[0].replace("~EQ", "~GE*1*101~EQ")]},
        WriteErrorCode.INVALID_VALUE,
        "group.transactions",
    ),
    ({"transactions": [""]}, WriteErrorCode.INVALID_VALUE, "group.transactions"),
    (
        {"transactions": [SETS[0].replace("ALICE", "ÁLICE")]},
        WriteErrorCode.UNSUPPORTED_CHARACTER,
        "group.transactions",
    ),
    ({"functional_id": "HB"}, WriteErrorCode.INVALID_VALUE, "group.functional_id"),
    ({"version": "005010X279"}, WriteErrorCode.INVALID_VALUE, "group.version"),
    ({"control_number": -1}, WriteErrorCode.INVALID_VALUE, "group.control_number"),
    ({"sender": "X"}, WriteErrorCode.TOO_SHORT, "group.sender"),
    ({"version": ""}, WriteErrorCode.REQUIRED, "group.version"),
]


@pytest.mark.parametrize(("changes", "code", "field"), GROUP_REFUSALS)
def test_a_group_x12_cannot_carry_is_refused(
    changes: dict[str, Any], code: WriteErrorCode, field: str
) -> None:
    with pytest.raises(X12WriteError) as refusal:
        write_interchange(ENVELOPE, [group(SETS)._replace(**changes)])
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_sets_written_with_other_delimiters_are_refused() -> None:
    with pytest.raises(X12WriteError):
        write_interchange(ENVELOPE, [group(SETS)], delimiters=Delimiters("|", ">", "!", "\n"))


def test_a_5010_interchange_needs_a_repetition_separator() -> None:
    with pytest.raises(X12WriteError) as refusal:
        write_interchange(ENVELOPE, [], delimiters=Delimiters(repetition=""))
    assert refusal.value.field == "delimiters.repetition"


def test_a_ta1_alone_makes_an_interchange() -> None:
    acknowledgement = InterchangeAcknowledgement("101", NOW.date(), NOW.time(), "R", "023")
    wire = write_interchange(ENVELOPE, acknowledgements=[acknowledgement])
    assert b"~TA1*000000101*260105*0700*R*023~IEA*0*" in wire
    assert read(wire).interchanges[0].acknowledgements[0].code == "R"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "Z"},
        {"date": None},
        {"note": ""},
        {"note": "02*"},
        {"note": "0231"},
        {"control_number": ""},
        {"control_number": "1*1"},
        {"control_number": "１"},
        {"control_number": "1234567890"},
    ],
)
def test_a_ta1_x12_cannot_carry_is_refused(changes: dict[str, Any]) -> None:
    acknowledgement = InterchangeAcknowledgement("101", NOW.date(), NOW.time(), "R", "023")
    with pytest.raises(X12WriteError):
        write_interchange(ENVELOPE, acknowledgements=[acknowledgement._replace(**changes)])


def rewritten(reading: Reading) -> str:
    """Every interchange of a reading, written again from what was read."""
    wire = b""
    for each in reading.interchanges:
        header = each.header
        envelope = InterchangeEnvelope(
            sender_qualifier=header.sender_qualifier,
            sender=header.sender,
            receiver_qualifier=header.receiver_qualifier,
            receiver=header.receiver,
            created=NOW,
            control_number=int(header.control_number),
            usage=header.usage,
            acknowledgement_requested=header.acknowledgement_requested,
            version=header.version,
        )
        groups = [
            GroupEnvelope(
                functional_id=one.functional_id,
                sender=one.sender,
                receiver=one.receiver,
                created=NOW,
                control_number=int(one.control_number),
                version=one.version,
                transactions=[transaction.text for transaction in one.transactions],
            )
            for one in each.groups
        ]
        wire += write_interchange(
            envelope, groups, acknowledgements=each.acknowledgements, delimiters=each.delimiters
        )
    return wire.decode()


def clean_samples() -> list[str]:
    return [name for name in sample_names() if not read(sample(name)).findings]


def one_line(name: str) -> str:
    wire = sample(name).decode()
    return wire if wire[105] == "\n" else wire.replace("\n", "")


@pytest.mark.parametrize("name", clean_samples())
def test_a_clean_sample_read_and_written_is_the_same_bytes(name: str) -> None:
    wire = one_line(name)
    assert rewritten(read(wire)) == wire


@pytest.mark.parametrize("name", clean_samples())
def test_a_clean_sample_read_and_written_with_other_delimiters_is_the_same_bytes(name: str) -> None:
    delimiters = read(sample(name)).interchanges[0].delimiters
    table = {ord(old): new for old, new in zip(delimiters, "]}{'", strict=True) if old}
    wire = one_line(name).translate(table)
    assert rewritten(read(wire)) == wire
