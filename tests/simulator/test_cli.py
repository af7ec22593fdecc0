"""The command line: what is wrong is said in one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.conftest import ask
from tests.simulator.driving import ROOT, Simulator, until
from tests.simulator.staging import actives
from tests.simulator.wire import Reading, interchange, read, split

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
        "serve --aaa-http-status 500",
        "serve --first-reply 404",
        "--scenario",
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


def test_a_scenario_alone_makes_a_practice_and_serves_it(tmp_path: Path) -> None:
    """Twice in one folder it is the same practice, with the same keys."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('seed = 3\n[[fault]]\nname = "aaa_42"\n', encoding="utf-8")
    folder = tmp_path / "practice"
    command = [sys.executable, "-m", "tradingpartners.simulator", "--scenario", str(scenario)]
    populations, keys = [], set()
    for _ in range(2):
        process = subprocess.Popen(  # noqa: S603 - ours
            [*command, "--folder", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        ready = folder / "ready.json"
        until(ready.exists)
        simulator = Simulator(
            process, json.loads(ready.read_text(encoding="utf-8")), folder / "journal.jsonl"
        )  # type: ignore[arg-type]
        populations.append((folder / "population.json").read_text(encoding="utf-8"))
        keys.add((simulator.ready["stedi"]["key"], simulator.ready["http"]["password"]))
        each = next(actives(json.loads(populations[-1])))
        status, raw = simulator.post(each.payer["payer_id"], interchange([ask(each)]))
        assert status == 200 and read(split(raw)) == Reading("rejected", "42", "2100A")
        assert simulator.stop() == 0
        assert str(ready) in process.communicate()[0]
    assert populations[0] == populations[1] and len(keys) == 1
    assert len(json.loads(populations[0])["practice"]["patients"]) == 60
