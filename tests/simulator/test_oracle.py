"""A validator that nobody here wrote reads what the simulator writes."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import Exchange
from tests.simulator.driving import Simulator

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
