"""`./run bench codec`, with sizes that show nothing but that it works. No test here is about time."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.bench.codec import RUNS_OF_SLOW, SLOW_SECONDS, wants_another
from tests.bench.ours import write_270s
from tests.bench.peers import LOOPS, PEERS
from tests.bench.questions import questions
from tests.bench.results import Result, ratio, table
from tests.bench.writers import write_with_f_strings, write_with_joins

ROOT = Path(__file__).resolve().parent.parent.parent
TINY = ("--answers", "20", "--streamed", "30", "--questions", "12", "--rounds", "2")
Bench = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The command without what `./run` adds, in a data folder of its own; no network, no database."""
    data = tmp_path_factory.mktemp("data")

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.bench", *words]
        kept: Mapping[str, str] = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        nowhere = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "UV_OFFLINE": "1", "UV_NO_CACHE": "1"}
        env = {**kept, **nowhere, "PREFLIGHT_DATA": str(data), **more}
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def measured(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    figures = tmp_path_factory.mktemp("figures") / "out.json"
    done = bench("codec", *TINY, "--peers", "none", "--json", str(figures))
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(figures.read_text())


def test_the_figures_that_are_asked_for_are_there(measured: tuple[str, dict[str, Any]]) -> None:
    words, figures = measured
    positive = ("read_over_floor", "read_per_second", "write_over_floor", "write_per_second")
    for name in (*positive, "stream_over_floor", "stream_peak_mb_above_interpreter"):
        assert figures[name] > 0
        assert name in words
    assert figures["read_over_best_loop_peer"] is None  # no peer was to be measured
    assert set(figures["machine"]) == {"cpu", "cores", "system", "python", "load"}
    assert figures["sizes"] == {"answers": 20, "streamed": 30, "questions": 12, "rounds": 2}


def test_every_candidate_says_what_it_took_and_gave(measured: tuple[str, dict[str, Any]]) -> None:
    candidates = {each["key"]: each for each in measured[1]["candidates"]}
    transactions = {key: each["transactions"] for key, each in candidates.items()}
    written = dict.fromkeys(("write_floor", "write_floor_joined", "write"), 12)
    assert transactions == {"read_floor": 20, "read": 20, "stream": 30, **written}
    for each in candidates.values():
        assert each["runs"] == len(each["seconds"]) == (2 if each["key"] == "stream" else 6)
        assert each["fastest_seconds"] <= each["median_seconds"] <= each["slowest_seconds"]
        assert each["peak_mb_above_interpreter"] > 0


def test_nothing_says_whose_machine_it_was(measured: tuple[str, dict[str, Any]]) -> None:
    said = measured[0] + json.dumps(measured[1])
    assert str(ROOT) not in said and sys.prefix not in said and os.uname().nodename not in said


def test_a_peer_that_cannot_be_installed_is_listed_with_the_reason(bench: Bench, tmp_path: Path) -> None:
    done = bench("codec", *TINY, "--peers", "ansi-x12,pyx12-loops", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "out.json").read_text())
    reasons = {each["key"]: each.get("not_measured", "") for each in figures["candidates"]}
    assert "cannot be installed here" in reasons["ansi-x12"]
    assert "no 271 map" in reasons["pyx12-loops"]
    assert reasons["read"] == ""


def test_without_a_name_the_benchmarks_are_listed(bench: Bench) -> None:
    done = bench()
    assert done.returncode == 0
    assert "codec" in done.stdout


@pytest.mark.parametrize("words", [["no-such-benchmark"], ["codec", "--peers", "no-such-peer"]])
def test_what_is_not_there_is_refused(bench: Bench, words: list[str]) -> None:
    done = bench(*words)
    assert done.returncode == 2
    assert "no-such" in done.stderr


def test_the_floors_write_what_the_codec_writes() -> None:
    asked = questions(300)
    assert len({question._replace(trace_number="") for question in asked}) == 300
    wire = write_270s(asked)
    assert write_with_f_strings(asked) == wire
    assert write_with_joins(asked) == wire


def test_a_slow_peer_runs_three_times_and_one_that_fails_once() -> None:
    slow, quick = {"seconds": SLOW_SECONDS + 1}, {"seconds": 0.1}
    assert wants_another([]) and wants_another([slow]) and wants_another([quick] * 9)
    assert not wants_another([slow] * RUNS_OF_SLOW)
    assert not wants_another([{"failed": "ValueError"}])


def test_files_of_different_length_are_compared_by_the_transaction() -> None:
    ours = Result("read", "ours", "", LOOPS, "", transactions=1000, seconds=(1.0, 9.0, 2.0))
    peer = Result("peer", "theirs", "1.0", LOOPS, "says little", transactions=10, seconds=(0.4,))
    absent = Result("gone", "gone", "1.0", LOOPS, "", reason="no network")
    assert ratio(peer, ours) == 20
    assert ratio(absent, ours) is None
    words = table([ours, peer, absent], ours)
    assert "gone (loops) not measured: no network" in words
    assert "theirs: says little" in words


def test_each_peer_is_pinned_with_all_that_it_needs() -> None:
    for peer in PEERS.values():
        assert all(requirement.count("==") == 1 for requirement in peer.requirements)
