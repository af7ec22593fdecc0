"""What we write, before a validator that nobody here wrote."""

import importlib.util
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.x12.questions import ABOUT_ALICE, ABOUT_BOBBY, BOBBY, ENVELOPE, group, questions_file
from tests.x12.strategies import questions
from tests.x12.wire import sample, sample_names
from tradingpartners.x12 import (
    EligibilityQuestion,
    acknowledge,
    acknowledge_interchange,
    all_findings,
    read,
    write_270,
    write_999,
    write_interchange,
)

ORACLE = os.environ.get("X12_ORACLE", "")
Validate = Callable[[str], tuple[bool, list[dict[str, Any]], str]]

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not ORACLE, reason="X12_ORACLE is not set: name the folder of oracle.py"),
]


@pytest.fixture(scope="module")
def validate() -> Validate:
    pytest.importorskip("pyx12", reason="pyx12 is not installed: pip install pyx12==4.0.0")
    spec = importlib.util.spec_from_file_location("x12_oracle", Path(ORACLE) / "oracle.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Validate = module.validate
    return found


def asked(number: int) -> EligibilityQuestion:
    """Subscribers and dependents, one service type and several, days and ranges."""
    question = ABOUT_BOBBY if number % 2 else ABOUT_ALICE
    relationship = ("01", "19", "34", None)[number % 4]
    if question.dependent is not None:
        question = question._replace(dependent=BOBBY._replace(relationship=relationship))
    begin = date(2026, 1, 1) + timedelta(days=number)
    return question._replace(
        trace_number=f"T{number:031}",
        reference_identification=f"Q{number}",
        service_types=(("30",), ("35",), ("30", "98", "UC"))[number % 3],
        service_date=begin,
        service_date_end=begin + timedelta(days=20) if number % 5 == 0 else None,
    )


@pytest.mark.parametrize("count", [1, 2, 200])
def test_a_file_of_questions_is_valid(validate: Validate, count: int) -> None:
    sets = [write_270(asked(number), control_number=f"{number:04}") for number in range(1, count + 1)]
    ok, errors, acknowledgement = validate(questions_file(*sets).decode())
    assert ok and not errors
    assert f"AK9*A*{count}*{count}*{count}~" in acknowledgement


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions)
def test_any_question_is_valid(validate: Validate, question: EligibilityQuestion) -> None:
    ok, errors, _ = validate(questions_file(write_270(question, control_number="0001")).decode())
    assert ok and not errors


# Acknowledgements are not acknowledged, nor is a set that stands in no group.
UNACKNOWLEDGED = ("997", "999", "ta1", "group_header_missing")


@pytest.mark.parametrize("name", [name for name in sample_names() if not name.startswith(UNACKNOWLEDGED)])
def test_our_acknowledgements_are_valid(validate: Validate, name: str) -> None:
    reading = read(sample(name))
    first = reading.interchanges[0]
    findings = all_findings(reading)
    said = [write_999(each, control_number="0001") for each in acknowledge(first, findings)]
    wire = write_interchange(ENVELOPE, [group(said, functional_id="FA", version="005010X231A1")])
    ok, errors, _ = validate(wire.decode())
    assert ok and not errors


def test_our_ta1_is_valid(validate: Validate) -> None:
    reading = read(sample("without_trailers.edi"))
    note = acknowledge_interchange(reading.interchanges[0], reading.findings, now=ABOUT_ALICE.created)
    said = [write_999(each, control_number="0001") for each in acknowledge(reading.interchanges[0], [])]
    acknowledgements = group(said, functional_id="FA", version="005010X231A1")
    wire = write_interchange(ENVELOPE, [acknowledgements]).decode()
    ta1 = write_interchange(ENVELOPE, acknowledgements=[note]).decode().split("~")[1]
    # The validator looks for TA1 behind the groups, where X12.5 does not have it.
    ok, errors, _ = validate(wire.replace("IEA*", f"{ta1}~IEA*"))
    assert ok and not errors


CLEAN = [
    "271_active_with_benefits.edi",
    "271_dependent.edi",
    "271_inactive.edi",
    "271_rejected_by_payer_without_trace.edi",
    "271_rejected_subscriber.edi",
    "271_two_dependents.edi",
]


@pytest.mark.parametrize("name", CLEAN)
def test_the_samples_we_call_clean_are_valid(validate: Validate, name: str) -> None:
    ok, errors, _ = validate(sample(name).decode().replace("\n", ""))
    assert ok and not errors
