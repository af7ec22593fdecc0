"""A validator that nobody here wrote reads what the simulator writes."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import Exchange, ask
from tests.simulator.driving import Simulator
from tests.simulator.staging import actives
from tests.simulator.stedi import check_for, client, of_case
from tests.simulator.wire import interchange
from tradingpartners.simulator.answering import Answering, read_knowledge
from tradingpartners.simulator.desk import Desk, Pace
from tradingpartners.simulator.faults import FAULTS
from tradingpartners.simulator.journal import Journal
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.segments import read_interchange

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="session")
def oracle() -> Any:
    place = os.environ.get("X12_ORACLE")
    if not place:
        pytest.skip("X12_ORACLE is not set: name the folder of oracle.py")
    folder = Path(place)
    sys.path.insert(0, str(folder if folder.is_dir() else folder.parent))
    return pytest.importorskip("oracle", reason="oracle.py or pyx12 is not there")


def test_200_answers_are_valid(oracle: Any, exchanges: list[Exchange]) -> None:
    # Interchanges of one payer in a row, as one text: the validator is slow to start.
    texts: dict[str, str] = {}
    for raw, payer in sorted({(each.raw, each.payer["key"]) for each in exchanges}):
        texts[payer] = texts.get(payer, "") + without_line_ends(raw)
    assert sum(bool(each.answer) for each in exchanges) >= 200
    for text in texts.values():
        valid, errors, _ = oracle.validate(text)
        assert valid and not errors


def test_acknowledgements_are_valid(oracle: Any, simulator: Simulator, exchanges: list[Exchange]) -> None:
    accepting = [raw for name, raw in simulator.outbox().items() if name.startswith("999")]
    assert accepting
    for raw in accepting:
        valid, errors, _ = oracle.validate(without_line_ends(raw))
        assert valid and not errors


def without_line_ends(raw: bytes) -> str:
    """It takes a line end after a terminator for the next segment's leading space."""
    return raw.decode().replace("\r", "").replace("\n", "")


# Faults of meaning: the X12 is right and says something it should not.
OF_MEANING = (
    "aaa", "aaa_42", "aaa_42_79", "aaa_43", "aaa_75", "aaa_79", "aaa_80", "another_members_answer",
    "changed_identifiers", "duplicate_answer", "unknown_trace", "rejection_above_subscriber",
    "answer_is_999",
)  # fmt: skip
SPOILT = ("wrong_se_count", "wrong_se_number", "wrong_ge_count", "delimiter_in_data")


@pytest.fixture(scope="module")
def desk(population_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    knowledge = read_knowledge(population_file)
    journal = Journal(tmp_path_factory.mktemp("oracle") / "journal")
    return Desk(Answering(knowledge, journal, today=knowledge.today), pace=Pace(delay=0, hold=0))


def composed(desk: Desk, population: dict[str, Any], name: str) -> str:
    """The answer to one question, with a fault in it."""
    each = next(actives(population))
    asked = read_interchange(interchange([ask(each)]))
    answers = desk.answering.answer_all(asked, payer_ids={each.payer["payer_id"]})
    kind = FAULTS[name]
    return without_line_ends(desk.compose(asked, answers, Fault(kind, dict(kind.parameters), 5)).raw)


@pytest.mark.parametrize("name", OF_MEANING)
def test_a_fault_of_meaning_is_still_valid_x12(
    name: str, oracle: Any, desk: Desk, population: dict[str, Any]
) -> None:
    valid, errors, _ = oracle.validate(composed(desk, population, name))
    assert valid and not errors


@pytest.mark.parametrize("name", SPOILT)
def test_a_fault_of_form_is_seen_by_the_validator(
    name: str, oracle: Any, desk: Desk, population: dict[str, Any]
) -> None:
    valid, errors, _ = oracle.validate(composed(desk, population, name))
    assert errors or not valid


def test_answers_in_json_hold_valid_x12(
    oracle: Any, simulator: Simulator, population: dict[str, Any]
) -> None:
    for each in [*of_case(population, "active")[:3], *of_case(population, "dependent")[:3]]:
        _, answer = client(simulator).check(check_for(each))
        valid, errors, _ = oracle.validate(without_line_ends(answer["x12"].encode("latin-1")))
        assert valid and not errors
