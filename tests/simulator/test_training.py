"""The scenarios that come with the program: each can be played, and the page about them has them all."""

import re
from pathlib import Path

import pytest

from tests.simulator.driving import ROOT
from tradingpartners.simulator.scenarios import read_scenario

READY = sorted((ROOT / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_scenario_can_be_played_and_says_what_to_see(path: Path) -> None:
    assert read_scenario(path).rules
    assert "# To see: " in path.read_text(encoding="utf-8")


def test_the_page_has_every_ready_scenario() -> None:
    page = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page.partition("## For staff training")[2], re.MULTILINE)
    assert sorted(listed) == [path.stem for path in READY]
