"""The generator: always the same bytes, what a payer may send, and read back as it was meant."""

import importlib.util
import os
import subprocess
import sys
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from tests.bench.answers import Answer, Benefit, answers, write_answers
from tests.bench.softening import soften
from tradingpartners.x12 import EligibilityResponse, read, read_271, status

ROOT = Path(__file__).resolve().parent.parent.parent
ORACLE = os.environ.get("X12_ORACLE", "")


def responses(text: str) -> list[EligibilityResponse]:
    reading = read(text)
    assert reading.findings == ()
    (interchange,) = reading.interchanges
    (group,) = interchange.groups
    return [read_271(each, interchange.delimiters) for each in group.transactions]


def test_the_same_seed_gives_the_same_bytes() -> None:
    wire = "".join(write_answers(25)).encode()
    assert sha256(wire).hexdigest() == "1b23a58c3f8cde40104834333c52d756e51976853f4facceb45ace2175c39e03"
    assert "".join(write_answers(25, seed=7)).encode() != wire


def test_the_command_writes_what_the_function_gives() -> None:
    command = [sys.executable, "-m", "tests.bench.answers", "3", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "".join(write_answers(3, seed=7))


def test_a_longer_file_begins_like_a_shorter_one() -> None:
    assert list(answers(40))[:10] == list(answers(10))


def said_of(benefit: Benefit) -> tuple[object, ...]:
    amounts = [
        Decimal(text) if text else None for text in (benefit.amount, benefit.percent, benefit.quantity)
    ]
    return (benefit.code, benefit.level or None, benefit.service_types, benefit.period or None, *amounts)


def test_every_answer_reads_back_as_it_was_meant() -> None:
    meant = list(answers(400))
    for answer, response in zip(meant, responses("".join(write_answers(400))), strict=True):
        assert response.findings == ()
        if answer.status == "unavailable":
            assert response.answers == ()
            assert [each.code for each in response.rejections] == [answer.rejection]
            continue
        (person,) = response.answers
        assert (person.member_id, person.last_name, person.first_name) == (
            *(answer.member_id, answer.last_name, answer.first_name),
        )
        assert person.is_dependent == answer.is_dependent
        assert answer.trace_number in [trace.number for trace in person.traces]
        assert status(person, response.rejections, None).value == answer.status
        assert [each.code for each in person.rejections] == [answer.rejection] * bool(answer.rejection)
        assert [
            (each.code, each.coverage_level, each.service_types, each.period)
            + (each.amount, each.percent, each.quantity)
            for each in person.benefits
        ] == [said_of(each) for each in answer.benefits]


def test_answers_are_those_of_a_large_payer() -> None:
    meant = list(answers(2000))
    shares = {name: sum(each.status == name for each in meant) / 2000 for name in {e.status for e in meant}}
    assert set(shares) == {"active", "inactive", "rejected", "unavailable"}
    assert shares["active"] > 0.8 and shares["unavailable"] < 0.02
    assert 0.1 < sum(each.is_dependent for each in meant) / 2000 < 0.2
    assert 28 < sum(len(each.segments) for each in meant) / 2000 < 36
    assert all(len(each.benefits) >= 10 for each in meant if each.status == "active")
    names = {segment.split("*")[0] for each in meant for segment in each.segments}
    assert {"AAA", "DTP", "HSD", "III", "INS", "LE", "LS", "MSG", "PER", "REF", "TRN"} <= names


def test_nobody_has_the_id_of_another_and_few_have_the_same_left() -> None:
    meant = list(answers(2000))
    assert len({each.member_id for each in meant}) == 2000
    active = [each for each in meant if each.status == "active"]
    assert len({amounts_left(each) for each in active}) > 0.9 * len(active)
    assert any("0" in amounts_left(each) for each in active)


def amounts_left(answer: Answer) -> tuple[str, ...]:
    return tuple(each.amount for each in answer.benefits if each.period == "29")


def test_softening_keeps_the_envelope_and_every_benefit() -> None:
    meant = [each for each in answers(300) if each.status != "unavailable"]
    softened = soften("".join(write_answers(300)))
    assert "~III*" not in softened and "*VS*" not in softened.replace("~HSD*VS*", "")
    reading = read(softened)
    assert {finding.code.value for finding in reading.findings} <= {"set_count_wrong"}
    (group,) = reading.interchanges[0].groups
    assert [each.control_number for each in group.transactions] == [each.control_number for each in meant]
    assert softened.count("~EB*") == sum(len(each.benefits) for each in meant)


@pytest.mark.oracle
@pytest.mark.skipif(not ORACLE, reason="X12_ORACLE is not set: name the folder of oracle.py")
def test_an_outside_validator_accepts_two_hundred_answers() -> None:
    pytest.importorskip("pyx12", reason="pyx12 is not installed: pip install pyx12==4.0.0")
    spec = importlib.util.spec_from_file_location("x12_oracle", Path(ORACLE) / "oracle.py")
    assert spec is not None and spec.loader is not None
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    ok, errors, _ = oracle.validate("".join(write_answers(200)))
    assert ok and not errors
