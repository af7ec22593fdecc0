"""278s before a validator that nobody here wrote, and others' files before a second reading.

The validator knows the tree, the segments of each loop and their order, lengths, required elements
and the codes of the base standard; of situational rules it knows nothing.
"""

import importlib.util
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.x12.review_strategies import reviews
from tests.x12.reviews import clean_reviews, review_in, reviews_file
from tests.x12.wire import sample, sample_names
from tradingpartners.x12 import (
    Delimiters,
    HealthCareServicesReview,
    all_findings,
    inspection,
    read,
    write_278,
)

ORACLE = os.environ.get("X12_ORACLE", "")
CORPUS = os.environ.get("X12_CORPUS", "")
Check = Callable[[str], tuple[list[str], list[str]]]

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not ORACLE, reason="X12_ORACLE is not set: name the folder of oracle278.py"),
]


@pytest.fixture(scope="module")
def check() -> Check:
    spec = importlib.util.spec_from_file_location("x12_oracle278", Path(ORACLE) / "oracle278.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Check = module.check
    return found


# No shrinking: a request is a tree of many values, and which of them is at fault is in the error.
GENERATED = settings(
    deadline=None,
    max_examples=60,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def comparable(review: HealthCareServicesReview) -> HealthCareServicesReview:
    """Without what only a reader knows: places in the file, and the loops of refusals."""

    def bare(value: Any) -> Any:
        if not hasattr(value, "_asdict"):
            return tuple(bare(each) for each in value) if isinstance(value, tuple) else value
        known = {name: bare(each) for name, each in value._asdict().items()}
        for name, blank in (("segment_number", 0), ("loop", "")):
            if name in known:
                known[name] = blank
        return type(value)(**known)

    plain: HealthCareServicesReview = bare(review)
    return plain._replace(traces=())


@GENERATED
@given(reviews())
def test_any_request_is_valid_and_read_as_it_was_meant(
    check: Check, review: HealthCareServicesReview
) -> None:
    wire = reviews_file([write_278(review, control_number="0001")])
    assert check(wire.decode()) == ([], [])
    assert all_findings(read(wire)) == ()
    assert comparable(review_in(wire)) == comparable(review)


@GENERATED
@given(reviews(answers=True))
def test_any_response_is_valid_and_read_as_it_was_meant(
    check: Check, review: HealthCareServicesReview
) -> None:
    wire = reviews_file([write_278(review, control_number="0001")])
    assert check(wire.decode()) == ([], [])
    assert all_findings(read(wire)) == ()
    assert comparable(review_in(wire)) == comparable(review)


@settings(GENERATED, max_examples=15)
@given(reviews())
def test_a_request_in_other_delimiters_is_valid(check: Check, review: HealthCareServicesReview) -> None:
    delimiters = Delimiters("|", ">", "!", "\n")
    wire = reviews_file([write_278(review, control_number="0001", delimiters=delimiters)], delimiters)
    assert check(wire.decode()) == ([], [])
    assert comparable(review_in(wire)) == comparable(review)


@pytest.mark.parametrize("name", clean_reviews())
def test_the_samples_we_call_clean_are_valid(check: Check, name: str) -> None:
    assert check(sample(name).decode()) == ([], [])


# Others' files, and our samples with faults.

# What the validator says of these and we do not, and why.
NOT_FOUND_BY_US = {
    # 4010: the validator has the tree of 5010 only.
    "278_4010.edi": {10, 11, 14, 15, 16, 21},
}


def files() -> list[Path]:
    ours = [Path(__file__).parent / "samples" / name for name in sample_names() if name.startswith("278_")]
    return [*sorted((Path(CORPUS or "absent") / "278").glob("*.edi")), *ours]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_where_the_validator_finds_a_fault_we_find_one(check: Check, path: Path) -> None:
    text = path.read_text(encoding="latin-1")
    errors, _ = check(text)
    found = places(text, [each.at for each in all_findings(read(text))])
    wanted = {int(error.split()[0]) for error in errors} - NOT_FOUND_BY_US.get(path.name, set())
    assert wanted <= found


def places(text: str, locations: list[Any]) -> set[int]:
    """Numbers of segments counted from the beginning of the file, for findings that count from ST."""
    starts: dict[tuple[str, str], int] = {}
    control, number = "", 0
    for number, segment in enumerate(flat(text), 1):
        if segment[0] == "ISA":
            control = segment[13]
        elif segment[0] == "ST":
            starts.setdefault((control, segment[2]), number)
    return {
        starts.get((each.interchange, each.transaction), 1) + each.segment_number - 1 for each in locations
    }


# The second reading: no code of the codec, one flat pass.


def flat(text: str) -> list[list[str]]:
    text = text.lstrip()
    cut = re.split(r"[\r\n ]*" + re.escape(text[105]) + r"\s*", text)
    return [segment.split(text[3]) for segment in cut if segment]


def second_reading(text: str) -> list[dict[str, Any]]:
    """The events and services of a file in order, each with what stands below its HL."""
    found: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    who, named = "", False
    for segment in flat(text):
        padded = [*segment, *[""] * 12]
        if padded[0] == "HL":
            current, named = None, False
            if padded[3] in ("EV", "SS"):
                current = {"level": padded[3], "who": who, "um": [], "hcr": [], "trn": [], "hi": [], "dtp": 0}
                found.append(current)
        elif padded[0] == "NM1":
            named = True
            who = padded[9] if padded[1] in ("IL", "QC") else who
        elif padded[0] == "UM" and current:
            current["um"] = padded[1:4]
        elif padded[0] == "HCR" and current:
            current["hcr"] = padded[1:3]
        elif padded[0] == "TRN" and current:
            current["trn"].append(padded[2])
        elif padded[0] == "HI" and current:
            current["hi"] += [tuple(each.split(text.lstrip()[104])[:2]) for each in segment[1:]]
        elif padded[0] == "DTP" and current:
            current["dtp"] += not named
    return found


def ours(text: str) -> list[dict[str, Any]]:
    """The same of our inspection."""
    said: Any = inspection(read(text))
    return [
        described(level, kind, patient)
        for one in said["interchanges"]
        for group in one["groups"]
        for transaction in group["transactions"]
        for patient in transaction.get("patients", [])
        for event in patient["events"]
        for kind, level in [("EV", event), *[("SS", service) for service in event["services"]]]
    ]


def described(level: Any, kind: str, patient: Any) -> dict[str, Any]:
    review = [level["category"], level["certification_type"], level["service_type"]]
    decision = level["decision"]
    codes = level["diagnoses"] if kind == "EV" else level["procedures"]
    return {
        "level": kind,
        "who": patient["member_id"],
        "um": [value or "" for value in review] if any(review) else [],
        "hcr": [decision["action"] or "", decision["number"] or ""] if decision else [],
        "trn": [trace["number"] for trace in level["traces"]],
        "hi": [(code["qualifier"] or "", code["code"] or "") for code in codes],
        "dtp": len(level["dates"]),
    }


READABLE = ("4010", "parents_wrong", "unknown_level", "undecided", "elements_missing", "misplaced")


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_278_is_read_as_its_raw_segments_say(path: Path) -> None:
    if any(word in path.name for word in READABLE):
        pytest.skip("its segments do not stand where they belong; test_ts278.py says what is read")
    text = path.read_text(encoding="latin-1")
    assert ours(text) == [{**each, "who": each["who"] or "W0001"} for each in second_reading(text)]
