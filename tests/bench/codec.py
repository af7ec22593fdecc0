"""The codec against the least there is to do, and against every other reader of X12 in Python that installs.

Each run is a process of its own, and its seconds are those of the processor. The candidates take turns,
forwards and then backwards: so a machine that gets slower meanwhile gets slower for all of them.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import answers, softening
from tests.bench.environments import NotInstalled, python_with
from tests.bench.machine import machine
from tests.bench.peers import LOOPS, PEERS, SEGMENTS, TREE, VALUES
from tests.bench.results import Result, ratio, table

ROOT = Path(__file__).resolve().parent.parent.parent
# A peer as slow as this is run three times at most.
SLOW_SECONDS = 20.0
RUNS_OF_SLOW = 3
# The slowest peers get as many answers; for fewer, what they prepare once would weigh too much.
ANSWERS_FOR_SLOW = 500
WRITTEN = "270s"

Say = Callable[[str], None]


class Candidate(NamedTuple):
    """A job to be timed: `subject` is a file, or how many questions are to be written."""

    key: str
    name: str
    gives: str
    module: str
    job: str
    subject: str
    version: str = ""
    note: str = ""
    python: str = sys.executable
    # In each round. What is over in a moment is measured more often: its ratios are what matters most.
    times: int = 1


class Sizes(NamedTuple):
    answers: int
    streamed: int
    questions: int
    rounds: int


USUAL = Sizes(answers=5_000, streamed=50_000, questions=10_000, rounds=5)
QUICK = Sizes(answers=1_000, streamed=5_000, questions=2_000, rounds=3)
MEANING = {
    "answers": "answers in the file",
    "streamed": "answers in the file that is read as a stream",
    "questions": "270s to write",
    "rounds": "runs of each candidate, of our own three times as many",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name, size in USUAL._asdict().items():
        words = f"{MEANING[name]}: {size:,} unless told otherwise"
        parser.add_argument(f"--{name}", type=int, metavar="N", help=words)
    parser.add_argument("--quick", action="store_true", help="smaller files, three runs")
    peers = f"all (unless told otherwise), none, or some of {', '.join(PEERS)}; parted by commas"
    parser.add_argument("--peers", default="all", type=_peer_keys, metavar="NAMES", help=peers)


def _peer_keys(text: str) -> tuple[str, ...]:
    if text in ("all", "none"):
        return tuple(PEERS) if text == "all" else ()
    keys = tuple(text.split(","))
    unknown = [key for key in keys if key not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)}")
    return keys


def run(arguments: argparse.Namespace, folder: Path, say: Say) -> tuple[str, dict[str, Any]]:
    """Measure: a table for people, and what --json writes."""
    usual = QUICK if arguments.quick else USUAL
    sizes = Sizes(*[getattr(arguments, name) or size for name, size in usual._asdict().items()])
    folder.mkdir(parents=True, exist_ok=True)
    candidates = _ours(sizes, folder)
    left_out = []
    for key in arguments.peers:
        say(f"Preparing {key} …")
        found = _peer(key, sizes, folder)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            left_out.append(found)
    results = _take_turns(candidates, sizes.rounds, say)
    return _report([*results, *left_out], sizes)


# --- who takes part, and with what


def _ours(sizes: Sizes, folder: Path) -> list[Candidate]:
    whole, long = (str(_file(count, folder)) for count in (sizes.answers, sizes.streamed))
    module, count = "tests.bench.ours", str(sizes.questions)
    often = [
        Candidate("read_floor", "floor: bare split", SEGMENTS, module, "split", whole),
        Candidate("read", "Preflight, whole file", VALUES, module, "read", whole),
        Candidate("write_floor", "floor: an f-string a segment", WRITTEN, module, "f_strings", count),
        Candidate("write_floor_joined", "floor: a joined list a segment", WRITTEN, module, "joins", count),
        Candidate("write", "Preflight, every value checked", WRITTEN, module, "write", count),
    ]
    return [
        *[each._replace(times=3) for each in often],
        Candidate("stream", "Preflight, as a stream", VALUES, module, "stream", long),
    ]


def _peer(key: str, sizes: Sizes, folder: Path) -> Candidate | Result:
    peer = PEERS[key]
    try:
        reason = peer.missing()
        python = "" if reason else str(python_with(peer.requirements, folder / "peers"))
    except NotInstalled as error:
        reason = str(error)
    if reason:
        return Result(key, peer.name, peer.version, peer.gives, peer.note, reason=reason)
    count = min(sizes.answers, ANSWERS_FOR_SLOW) if peer.slow else sizes.answers
    subject = str(_file(count, folder, softened=peer.softened))
    return Candidate(
        key, peer.name, peer.gives, "tests.bench.peers", key, subject, peer.version, peer.note, python
    )


def _file(count: int, folder: Path, *, softened: bool = False) -> Path:
    """Made once for this generator; a changed one makes another, and the old file goes."""
    modules = [answers, softening] if softened else [answers]
    sources = b"".join(Path(module.__file__ or "").read_bytes() for module in modules)
    name = f"answers-{count}-softened" if softened else f"answers-{count}"
    path = folder / f"{name}.{sha256(sources).hexdigest()[:8]}.edi"
    if not path.exists():
        for old in folder.glob(f"{name}.*"):
            old.unlink()
        unfinished = path.with_suffix(".part")
        with unfinished.open("w") as file:
            pieces = answers.write_answers(count)
            file.writelines([softening.soften("".join(pieces))] if softened else pieces)
        unfinished.rename(path)
    return path


# --- timing


def _take_turns(candidates: Sequence[Candidate], rounds: int, say: Say) -> list[Result]:
    bare = _time(Candidate("nothing", "", "", "tests.bench.stopwatch", "nothing", "-"))
    runs: dict[str, list[dict[str, Any]]] = {each.key: [] for each in candidates}
    for number in range(rounds):
        say(f"Round {number + 1} of {rounds} …")
        turns = [each for turn in range(3) for each in candidates if turn < each.times]
        for each in turns if number % 2 == 0 else reversed(turns):
            if wants_another(runs[each.key]):
                runs[each.key].append(_time(each))
    return [_result(each, runs[each.key], bare["peak_mb"]) for each in candidates]


def wants_another(runs: list[dict[str, Any]]) -> bool:
    if not runs:
        return True
    slow = runs[0].get("seconds", 0) > SLOW_SECONDS
    return "failed" not in runs[0] and not (slow and len(runs) >= RUNS_OF_SLOW)


def _time(candidate: Candidate) -> dict[str, Any]:
    command = [candidate.python, "-m", candidate.module, candidate.job, candidate.subject]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said
    if candidate.module == "tests.bench.peers":
        # The name of the exception only: behind it may stand a path.
        return {"failed": done.stderr.strip().rpartition("\n")[2].partition(":")[0] or "it ended early"}
    raise RuntimeError(f"{candidate.name} failed:\n{done.stderr}")


def _result(candidate: Candidate, runs: list[dict[str, Any]], bare_mb: float) -> Result:
    first = runs[0]
    result = Result(candidate.key, candidate.name, candidate.version, candidate.gives, candidate.note)
    if "failed" in first:
        return result._replace(reason=f"fails on this file with {first['failed']}")
    return result._replace(
        transactions=first["transactions"],
        seconds=tuple([each["seconds"] for each in runs]),
        wall_seconds=tuple([each["wall_seconds"] for each in runs]),
        peak_mb=max(each["peak_mb"] for each in runs) - bare_mb,
        digest=first["digest"],
    )


# --- what came of it


def _report(results: Sequence[Result], sizes: Sizes) -> tuple[str, dict[str, Any]]:
    of = {result.key: result for result in results}
    floors = {VALUES: of["read_floor"], WRITTEN: of["write_floor"]}
    if len({result.digest for result in results if result.gives == WRITTEN}) > 1:
        raise RuntimeError("The writers do not write the same bytes: there is nothing to compare.")
    read, write = of["read"], of["write"]
    loop_peer = _fastest(results, LOOPS)
    nesting_peer = _fastest(results, LOOPS, TREE)
    said: dict[str, Any] = {
        "benchmark": "codec",
        "read_over_floor": ratio(read, of["read_floor"]),
        "read_per_second": round(1 / read.each),
        "stream_over_floor": ratio(of["stream"], of["read_floor"]),
        "stream_peak_mb_above_interpreter": round(of["stream"].peak_mb or 0, 1),
        "read_over_best_loop_peer": ratio(loop_peer, read),
        "best_loop_peer": loop_peer and loop_peer.name,
        "read_over_best_nesting_peer": ratio(nesting_peer, read),
        "best_nesting_peer": nesting_peer and nesting_peer.name,
        "write_over_floor": ratio(write, of["write_floor"]),
        "write_over_joined_floor": ratio(write, of["write_floor_joined"]),
        "write_per_second": round(1 / write.each),
        "machine": machine(),
        "sizes": sizes._asdict(),
    }
    said["candidates"] = [each.as_json(floors.get(each.gives, of["read_floor"])) for each in results]
    return _words(results, floors, said), said


def _fastest(results: Sequence[Result], *gives: str) -> Result | None:
    peers = [each for each in results if each.key in PEERS and each.gives in gives and not each.reason]
    return min(peers, key=lambda each: each.each, default=None)


def _words(results: Sequence[Result], floors: dict[str, Result], said: dict[str, Any]) -> str:
    facts = said["machine"]
    readers = [each for each in results if each.gives != WRITTEN]
    writers = [each for each in results if each.gives == WRITTEN]
    lines = [
        f"{facts['cpu']}, {facts['cores']} cores, {facts['python']}, {facts['system']}",
        "",
        table(readers, floors[VALUES]),
        "",
        table(writers, floors[WRITTEN]),
        "",
        *[
            f"{name} {said[name]}"
            for name in said
            if any(word in name for word in ("over", "per_second", "peak"))
        ],
    ]
    return "\n".join(lines)
