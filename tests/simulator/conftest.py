"""One simulator for all tests that only ask, and everything it says to one whole population."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.driving import Simulator, start, until
from tests.simulator.wire import Segments, interchange, named, question, split, transaction_sets
from tradingpartners.simulator.cli import main

TODAY, MONTH_END = "2025-11-22", "2025-11-30"
QUICK = ("--delay-ms", "1", "--file-delay-ms", "30", "--hold-seconds", "0.2")


@dataclass(frozen=True)
class Exchange:
    """A question and its answer: the ST…SE, empty for silence, and the interchange it was in."""

    case: str
    patient: dict[str, Any]
    coverage: dict[str, Any]
    payer: dict[str, Any]
    day: str
    trace: str
    answer: Segments
    raw: bytes


@pytest.fixture(scope="session")
def population_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("population") / "population.json"
    command = f"population --members 240 --seed 7 --today {TODAY} --window-days 14 --out {path}"
    assert main(command.split()) == 0
    return path


@pytest.fixture(scope="session")
def population(population_file: Path) -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(population_file.read_text(encoding="utf-8"))
    return contents


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory, population_file: Path) -> Iterator[Simulator]:
    running = start(tmp_path_factory.mktemp("simulator"), population_file, *QUICK)
    yield running
    assert running.stop() == 0


@pytest.fixture
def launch(tmp_path: Path, population_file: Path) -> Iterator[Callable[..., Simulator]]:
    """Simulators of a test's own, all on one journal and one root."""
    running: list[Simulator] = []

    def launch(*more: str) -> Simulator:
        running.append(start(tmp_path, population_file, *(more or QUICK)))
        return running[-1]

    yield launch
    for each in running:
        if each.process.poll() is None:
            each.stop()


@pytest.fixture(scope="session")
def exchanges(simulator: Simulator, population: dict[str, Any]) -> list[Exchange]:
    """Every coverage asked about once: for the first visit, or today where that is too far off."""
    asked = list(questions(population))
    files = [each for each in asked if each.payer["transport"] == "sftp"]
    live = [each for each in asked if each.payer["transport"] == "realtime"]
    bodies = [ask(each) for each in files]
    simulator.put("all.x12", interchange(bodies, control_number=900))
    answered = [answer_live(simulator, each, number) for number, each in enumerate(live, start=1)]
    until(lambda: len(answers_in_files(simulator)) == len(files))
    found = answers_in_files(simulator)
    return answered + [complete(each, *found[f"R{each.trace}"]) for each in files]


def questions(population: dict[str, Any]) -> Iterator[Exchange]:
    payers = {payer["key"]: payer for payer in population["payers"]}
    case_of = {key: case for case, keys in population["cases"].items() for key in keys}
    number = 0
    for patient in population["practice"]["patients"]:
        visit = patient["visits"][0]["date"]
        for coverage in patient["coverages"]:
            number += 1
            yield Exchange(
                case=case_of[patient["key"]],
                patient=patient,
                coverage=coverage,
                payer=payers[coverage["payer"]],
                day=visit if visit <= MONTH_END else TODAY,
                trace=f"{number:032x}",
                answer=[],
                raw=b"",
            )


def ask(each: Exchange) -> list[str]:
    return question(each.payer, each.patient, each.coverage, day=each.day, trace=each.trace)


def answer_live(simulator: Simulator, each: Exchange, number: int) -> Exchange:
    body = interchange([ask(each)], control_number=number)
    status, raw = simulator.post(each.payer["payer_id"], body)
    return complete(each, split(raw)[2:-2], raw) if status == 200 else each


def answers_in_files(simulator: Simulator) -> dict[str, tuple[Segments, bytes]]:
    """BHT03 of every 271 in the outbox, with the answer and the file."""
    return {
        named(each, "BHT")[0][3]: (each, raw)
        for name, raw in simulator.outbox().items()
        if name.startswith("271_")
        for each in transaction_sets(raw)
    }


def complete(each: Exchange, answer: Segments, raw: bytes) -> Exchange:
    return Exchange(**{**vars(each), "answer": answer, "raw": raw})
