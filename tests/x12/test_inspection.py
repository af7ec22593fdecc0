"""`manage.py x12`: the JSON others read, words for a biller, exit codes."""

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.x12.wire import SAMPLES, interchange, sample, sample_names, transaction_set
from tradingpartners.management.files import FileError, open_input
from tradingpartners.x12 import X12Error, describe, inspect_stream, inspection, read, read_stream, unreadable

CORPUS = os.environ.get("X12_CORPUS", "")

ANSWER_KEYS = {
    "is_dependent",
    "member_id",
    "last_name",
    "first_name",
    "birth_date",
    "status",
    "dates",
    "aaa",
    "benefits",
}
BENEFIT_KEYS = {
    *("code", "coverage_level", "service_types", "insurance_type", "plan", "period", "amount", "percent"),
    *("quantity_qualifier", "quantity", "authorization_required", "in_network", "dates", "messages"),
}
QUESTION_KEYS = {
    "is_dependent",
    "member_id",
    "last_name",
    "first_name",
    "birth_date",
    "service_types",
    "date",
}


def inspected(data: bytes) -> Any:
    """As one document and as a stream of pieces, which have to say the same."""
    said = json.loads(json.dumps(inspection(read(data))))
    chunks = [data[begin : begin + 1_000] for begin in range(0, len(data), 1_000)]
    assert json.loads("".join(inspect_stream(read_stream(chunks)))) == said
    return said


def only_transaction(name: str) -> Any:
    return inspected(sample(name))["interchanges"][0]["groups"][0]["transactions"][0]


def test_the_json_leads_from_interchange_to_transaction() -> None:
    said = inspected(sample("271_active_with_benefits.edi"))
    (one,) = said["interchanges"]
    assert (one["control_number"], one["sender"], one["receiver"]) == ("000000101", "ACME1", "RIVER")
    (group,) = one["groups"]
    assert (group["control_number"], group["functional_id"]) == ("101", "HB")
    (transaction,) = group["transactions"]
    assert transaction["control_number"] == "0001"
    assert transaction["set"] == "271"
    assert transaction["version"] == "005010X279A1"
    assert transaction["reference_identification"] == "Q0001"
    assert transaction["traces"] == [{"type": "2", "number": "T0001", "originator": "9PREFLIGHT"}]
    assert transaction["aaa"] == []
    assert said["findings"] == []


def test_an_answer_has_its_keys_and_raw_codes() -> None:
    (answer,) = only_transaction("271_active_with_benefits.edi")["answers"]
    assert set(answer) >= ANSWER_KEYS
    assert answer["birth_date"] == "1980-02-03"
    assert answer["status"] == "active"
    assert answer["dates"] == [
        {"qualifier": "346", "date": "2025-01-01"},
        {"qualifier": "291", "from": "2026-01-01", "to": "2026-12-31"},
    ]
    assert all(set(benefit) >= BENEFIT_KEYS for benefit in answer["benefits"])
    deductible, share = answer["benefits"][2], answer["benefits"][5]
    assert (deductible["code"], deductible["period"], deductible["amount"]) == ("C", "23", "1500.00")
    assert (share["percent"], share["amount"], share["plan"]) == ("0.20", None, None)


def test_an_answer_tells_all_of_a_person_and_of_a_benefit() -> None:
    transaction = only_transaction("271_everything.edi")
    alice, bobby = transaction["answers"]
    assert transaction["payer"]["contacts"][0]["numbers"][0] == {"qualifier": "TE", "number": "5550100"}
    assert transaction["receiver"]["address"]["city"] == "RIVERTON"
    assert (alice["relationship"], alice["birth_sequence"], alice["gender"]) == ("18", 2, "F")
    assert alice["other_identifiers_changed"] is True
    assert alice["address"]["lines"] == ["1 RIVER ROAD", "APT 3"]
    assert alice["references"][0] == {"qualifier": "6P", "number": "G100", "description": "ACME GROUP"}
    assert alice["diagnoses"] == [{"qualifier": "ABK", "code": "E119"}, {"qualifier": "ABF", "code": "I10"}]
    assert (alice["military"]["rank"], alice["military"]["to"]) == ("M2", "2010-12-31")
    assert (bobby["subscriber"]["first_name"], bobby["military"], bobby["address"]) == ("ALICE", None, None)
    assert [aaa["code"] for aaa in bobby["subscriber_aaa"]] == ["56"]


def test_a_benefit_tells_what_stands_below_it() -> None:
    benefit = only_transaction("271_everything.edi")["answers"][0]["benefits"][3]
    assert benefit["procedure"] == {
        "qualifier": "HC",
        "code": "99213",
        "modifiers": ["25", "59"],
        "description": None,
        "last_code": "99215",
    }
    assert benefit["diagnosis_pointers"] == [1, 2]
    assert benefit["deliveries"][1]["quantity"] == "30" and benefit["deliveries"][1]["unit"] is None
    assert benefit["additional"][1]["message"] == "LEFT KNEE"
    stone, _ = benefit["entities"]
    assert (stone["entity"], stone["last_name"], stone["relationship"]) == ("P3", "STONE", "72")
    assert stone["location"] == "07" and len(stone["contacts"]) == 2
    assert [each["number"] for each in benefit["references"]] == ["REF77", "AUTH9"]
    assert [aaa["code"] for aaa in benefit["aaa"]] == ["56"]


def test_a_finding_names_its_loop_and_the_part_of_its_element() -> None:
    wire = sample("271_subscriber_and_dependent.edi").decode().replace("EB*6*IND*30", "EB*6*IND*30^ZZ")
    (finding,) = inspected(wire.encode())["findings"]
    assert (finding["loop"], finding["repetition"], finding["component"]) == ("2110D", 2, None)


def test_a_rejection_of_one_stands_with_the_answer() -> None:
    transaction = only_transaction("271_rejected_subscriber.edi")
    assert transaction["aaa"] == []
    assert transaction["answers"][0]["aaa"] == [
        {"loop": "2100C", "valid_request": "N", "code": "72", "follow_up": "C"},
        {"loop": "2100C", "valid_request": "N", "code": "73", "follow_up": "C"},
    ]


def test_a_rejection_above_the_subscriber_stands_with_the_transaction() -> None:
    transaction = only_transaction("271_rejected_receiver.edi")
    assert transaction["aaa"] == [{"loop": "2100B", "valid_request": "N", "code": "51", "follow_up": "C"}]
    assert [answer["status"] for answer in transaction["answers"]] == ["rejected"]


def test_a_question_has_the_same_person_keys() -> None:
    (question,) = only_transaction("270_subscriber.edi")["questions"]
    assert set(question) >= QUESTION_KEYS
    assert (question["member_id"], question["service_types"], question["date"]) == (
        "W0001",
        ["30"],
        "2026-01-06",
    )


def test_a_question_has_what_it_asks_about() -> None:
    wire = sample("270_dependent_date_range_two_services.edi").decode()
    wire = wire.replace("INS*N*19~", "PRV*PE*PXC*207Q00000X~INS*N*19~HI*ABK:E119~")
    wire = wire.replace("EQ*98~", "EQ**HC:99213:25~")
    (question,) = inspected(wire.encode())["interchanges"][0]["groups"][0]["transactions"][0]["questions"]
    assert (question["gender"], question["provider"]["number"]) == ("M", "207Q00000X")
    assert [(each["code"], each["modifiers"]) for each in question["procedures"]] == [("99213", ["25"])]
    assert question["diagnoses"] == [{"qualifier": "ABK", "code": "E119"}]


def test_a_question_about_a_range_has_its_two_ends() -> None:
    (question,) = only_transaction("270_dependent_date_range_two_services.edi")["questions"]
    assert (question["date"], question["from"], question["to"]) == (None, "2026-01-06", "2026-01-31")


def test_a_finding_has_a_place() -> None:
    (finding,) = inspected(sample("wrong_segment_count.edi"))["findings"]
    expected = {
        "code": "segment_count_wrong",
        "interchange": "000000101",
        "transaction": "0001",
        "segment_number": 11,
        "segment_id": "SE",
        "element": 1,
    }
    assert {key: finding[key] for key in expected} == expected


def test_findings_of_envelope_and_contents_stand_in_one_list() -> None:
    wire = interchange(transaction_set("HL*1**20*0"), "NTE*X~")
    assert [finding["code"] for finding in inspected(wire.encode())["findings"]] == [
        "segment_unexpected",
        "set_count_wrong",
        "segment_missing",
        "segment_missing",
    ]


def test_999_and_ta1_are_told() -> None:
    said = only_transaction("999_accepts_one_rejects_one.edi")["acknowledgement"]
    assert [each["code"] for each in said["sets"]] == ["A", "R"]
    (note,) = inspected(sample("ta1_rejected.edi"))["interchanges"][0]["acknowledgements"]
    assert note == {"control_number": "000000101", "code": "R", "note": "023"}


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_is_told_as_json_and_in_words(name: str) -> None:
    assert inspected(sample(name))["interchanges"]
    assert list(describe(read(sample(name))))


@pytest.mark.parametrize("data", [b"", b"not X12", b"ISA*00*", b"ISA" + b"A" * 200, b"\0ISA*"])
def test_of_an_unreadable_input_not_one_piece_is_written(data: bytes) -> None:
    with pytest.raises(X12Error) as raised:
        next(inspect_stream(read_stream([data])))
    said = unreadable(raised.value)
    assert (said["interchanges"], said["findings"]) == ([], [])


WORDS = [
    (
        "271_active_with_benefits.edi",
        "ALICE J AMES (subscriber, member W0001, born 1980-02-03): covered 2026-01-01 to 2026-12-31",
    ),
    (
        "271_active_with_benefits.edi",
        "Deductible for health plan as a whole; individual; $1500.00 per calendar year; in network",
    ),
    (
        "271_active_with_benefits.edi",
        "Coinsurance for health plan as a whole; individual; 20%; in network",
    ),
    ("271_inactive.edi", "NOT covered"),
    ("271_rejected_subscriber.edi", "Member number is wrong or missing (72); correct it and ask again"),
    ("271_says_nothing.edi", "UNCLEAR"),
    ("270_subscriber.edi", "Asks about ALICE AMES (member W0001) on 2026-01-06: health plan as a whole"),
    ("999_accepts_one_rejects_one.edi", "Group 101 was partly accepted: 1 of 2 sets"),
    ("ta1_rejected.edi", "Interchange 000000101 was REJECTED (note 023)"),
    ("without_trailers.edi", "CUT SHORT"),
]


@pytest.mark.parametrize(("name", "words"), WORDS)
def test_a_biller_reads_words(name: str, words: str) -> None:
    assert words in "\n".join(describe(read(sample(name))))


def test_a_missing_file_is_one_line_and_exit_2(tmp_path: Path) -> None:
    for wrong in (tmp_path / "absent.edi", tmp_path):
        with pytest.raises(FileError) as refusal, open_input(str(wrong)):
            pass
        assert refusal.value.returncode == 2
        assert "\n" not in str(refusal.value)


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sample("271_two_sets.edi")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    for name in ("-", str(SAMPLES / "271_two_sets.edi")):
        with open_input(name) as source:
            assert b"".join(source.chunks()) == source.whole(len(data)) == data


@pytest.mark.oracle
@pytest.mark.skipif(not CORPUS, reason="X12_CORPUS is not set: name the folder with 271/, 270/, MANIFEST.tsv")
def test_what_others_wrote_reads_the_same_as_a_stream() -> None:
    files = sorted(Path(CORPUS).rglob("*.edi"))
    assert files
    for path in files:
        with contextlib.suppress(X12Error):
            inspected(path.read_bytes())
