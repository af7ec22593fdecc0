"""Why a payer did not take what was sent, in words and as JSON."""

import json
from typing import Any

import pytest

from tests.x12.wire import interchange, sample, transaction_set
from tradingpartners.x12 import describe, inspection, read


def acknowledged(*segments: str) -> str:
    body = ("AK1*HS*101*005010X279A1", "AK2*270*0001*005010X279A1", *segments)
    return interchange(transaction_set(*body, set_id="999"), functional_id="FA", version="005010X231A1")


def told(*segments: str) -> list[str]:
    return [line.strip() for line in describe(read(acknowledged(*segments)))][2:]


def as_json(wire: bytes | str) -> Any:
    said = json.loads(json.dumps(inspection(read(wire))))
    return said["interchanges"][0]["groups"][0]["transactions"][0]["acknowledgement"]


ERRORS = [
    ("IK3*NM1*8*2100*8~IK4*9*67*1", "segment 8 (NM1) in 2100: a required element is missing (element 9)"),
    ("IK3*REF*10*2100*3", "segment 10 (REF) in 2100: a required segment is missing"),
    (
        "IK3*EQ*12**8~IK4*2:1:3**I6",
        "segment 12 (EQ): the guide does not have this code (element 2, part 1, repetition 3)",
    ),
    (
        "IK3*DTP*12*2110*8~CTX*TRN02:T7~IK4*3**8",
        "segment 12 (DTP) in 2110: the date is wrong (element 3), about TRN02 T7",
    ),
    (
        "IK3*REF*10*2100*I6~CTX*SITUATIONAL TRIGGER*NM1*9*2100*9*67",
        "segment 10 (REF) in 2100: a segment that the rest of the set calls for is missing, "
        "because of segment 9 (NM1)",
    ),
    ("IK3*DTP*12**Q", "segment 12 (DTP): code Q"),
    ("IK3", "segment unknown: no reason given"),
]


@pytest.mark.parametrize(("segments", "line"), ERRORS)
def test_each_error_is_a_line_of_words(segments: str, line: str) -> None:
    lines = told(*segments.split("~"), "IK5*R*5", "AK9*R*1*1*0*2")
    assert lines == [
        "Group 101 was REJECTED: 0 of 1 sets",
        "the payer does not take this version of the guide",
        "Set 0001 was REJECTED: segments of it are wrong",
        line,
    ]


def test_errors_of_an_accepted_set_are_told_too() -> None:
    lines = told("IK3*REF*10*2100*I8", "IK5*E*I5", "AK9*E*1*1*1")
    assert lines[1] == "Set 0001 was accepted, errors noted: segments of it break the rules of the guide"
    assert len(lines) == 3


def test_an_interchange_that_was_not_taken_says_why() -> None:
    said = list(describe(read(sample("ta1_rejected.edi"))))
    assert said[1].strip() == "Interchange 000000101 was REJECTED (note 023): the file stopped before its end"


def test_the_json_has_every_error_with_its_place() -> None:
    said = as_json(sample("999_with_contexts.edi"))
    (one,) = said["sets"]
    assert (said["notes"], one["notes"]) == (["5"], ["5"])
    missing, wrong = one["errors"]
    assert {key: missing[key] for key in ("segment_id", "segment_number", "loop", "code", "elements")} == {
        "segment_id": "REF", "segment_number": 10, "loop": "2100", "code": "3", "elements": [],
    }  # fmt: skip
    assert missing["contexts"][1]["names"] == [{"name": "TRN02", "reference": "T0001"}]
    (element,) = wrong["elements"]
    assert (element["element"], element["component"], element["reference"], element["code"]) == (
        3,
        None,
        "1251",
        "8",
    )
    assert element["contexts"][0]["position"] == ["2"]
