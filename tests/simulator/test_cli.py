"""The command line: what is wrong is said in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.driving import ROOT

SERVE = "serve --population {tmp}/no.json --journal {tmp}/j --ready {tmp}/r"


def call(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tradingpartners.simulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - ours


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "dance",
        "population --members many --today 2025-11-22 --out x",
        "population --members -1 --today 2025-11-22 --out x",
        "population --members 1 --today 2025-02-30 --out x",
        "population --members 1 --today 2025-11-22 --window-days -2 --out x",
        "serve --hold-seconds soon",
        SERVE,
        "serve --population {tmp}/letter.json --journal {tmp}/j --ready {tmp}/r",
    ],
)
def test_wrong_arguments_are_one_line_and_exit_2(arguments: str, tmp_path: Path) -> None:
    (tmp_path / "letter.json").write_text('{"dear": "payer"}', encoding="utf-8")
    done = call(arguments.format(tmp=tmp_path).split())
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", ["--help", "population --help", "serve --help"])
def test_help_is_given(arguments: str) -> None:
    done = call(arguments.split())
    assert done.returncode == 0 and "usage" in done.stdout
