"""The limits the clearinghouse publishes: kept files, overlaps, too many in a minute, too many ST."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.simulator.conftest import answers_in_files
from tests.simulator.driving import Simulator, until
from tests.simulator.test_files import file_questions
from tests.simulator.wire import interchange, named, split

Launch = Callable[..., Simulator]
SLOW, QUICK = ("--file-delay-ms", "400"), ("--file-delay-ms", "20")


def put(simulator: Simulator, population: dict[str, Any], *numbers: int, sets: int = 1) -> None:
    for number in numbers:
        asked = file_questions(population, start=number * sets, count=sets)
        simulator.put(f"{number}.x12", interchange(asked, control_number=number))


def times(entry: dict[str, Any], *keys: str) -> list[datetime]:
    return [datetime.fromisoformat(entry[key]) for key in keys]


def test_a_file_stays_in_the_inbox_for_as_long_as_it_is_kept(
    launch: Launch, population: dict[str, Any]
) -> None:
    simulator = launch(*QUICK, "--keep-seconds", "0.6")
    put(simulator, population, 1, sets=3)
    assert simulator.inbox() == {"1.x12"}
    until(lambda: simulator.entries("file"))
    arrival = simulator.entries("file")[0]
    appeared, put_at, left = times(arrival, "appeared_at", "put_at", "left_at")
    assert appeared <= put_at
    assert (left - put_at).total_seconds() >= 0.6
    assert (arrival["temporary"], arrival["isa13"], arrival["transaction_sets"]) == (
        ".1.x12.tmp",
        "000000001",
        3,
    )


@pytest.mark.parametrize(
    ("until_sign", "waits_for"),
    [
        ("gone", lambda simulator: not simulator.inbox()),
        ("acknowledged", lambda simulator: any(n.startswith("999") for n in simulator.outbox())),
        ("answered", lambda simulator: any(n.startswith("271") for n in simulator.outbox())),
    ],
)
def test_a_file_put_before_the_last_is_so_far_is_refused(
    until_sign: str, waits_for: Any, launch: Launch, population: dict[str, Any]
) -> None:
    simulator = launch(*SLOW, "--reject-overlap", until_sign, "--keep-seconds", "0.3")
    put(simulator, population, 1, 2)
    until(lambda: simulator.entries("overlap"))
    until(lambda: waits_for(simulator))
    put(simulator, population, 3)
    until(lambda: len([e for e in simulator.entries("file") if e["direction"] == "in"]) == 2)
    (refused,) = simulator.entries("overlap")
    assert (refused["file"], refused["others"], refused["isa13"]) == ("2.x12", ["1.x12"], "000000002")


def test_a_refused_file_gets_a_ta1_and_nothing_else(launch: Launch, population: dict[str, Any]) -> None:
    simulator = launch(*QUICK, "--most-sets", "2")
    put(simulator, population, 1, sets=3)
    put(simulator, population, 2, sets=2)
    until(lambda: len(answers_in_files(simulator)) == 2)
    (refused,) = simulator.entries("too_many_sets")
    (rejection,) = (split(raw) for name, raw in simulator.outbox().items() if name.startswith("TA1"))
    assert named(rejection, "TA1")[0][1] == "000000001" and named(rejection, "TA1")[0][4:] == ["R", "024"]
    assert rejection[-1] == ["IEA", "0", rejection[0][13]]
    assert {entry["isa13"] for entry in simulator.entries("270")} == {"000000002"}
    rejected = simulator.journal.parent / "root" / "rejected" / refused["rejected"]
    assert rejected.exists() and simulator.inbox() == set()


def test_a_refused_file_may_come_again_and_says_nothing_where_silence_is_asked_for(
    launch: Launch, population: dict[str, Any]
) -> None:
    simulator = launch(*SLOW, "--reject-overlap", "--refuse-silently")
    put(simulator, population, 1, 2)
    until(lambda: simulator.entries("overlap"))
    until(lambda: len(answers_in_files(simulator)) == 1)
    put(simulator, population, 2)
    until(lambda: len(answers_in_files(simulator)) == 2)
    assert not [name for name in simulator.outbox() if name.startswith("TA1")]
    assert simulator.entries("duplicate_file") == []


def test_more_files_in_a_minute_than_may_be_are_refused(launch: Launch, population: dict[str, Any]) -> None:
    simulator = launch(*QUICK, "--most-per-minute", "2")
    put(simulator, population, 1, 2, 3)
    until(lambda: simulator.entries("too_many_a_minute"))
    (refused,) = simulator.entries("too_many_a_minute")
    assert (refused["file"], refused["others"]) == ("3.x12", ["1.x12", "2.x12"])
    until(lambda: len(answers_in_files(simulator)) == 2)


def test_files_within_the_limits_are_all_taken(launch: Launch, population: dict[str, Any]) -> None:
    limits = ("--reject-overlap", "--keep-seconds", "0.2", "--most-per-minute", "6", "--most-sets", "4")
    simulator = launch(*QUICK, *limits)
    for number in range(1, 4):
        put(simulator, population, number, sets=4)
        until(lambda expected=number * 4: len(answers_in_files(simulator)) == expected)
    assert not simulator.entries("overlap", "too_many_a_minute", "too_many_sets")
    assert [entry["file"] for entry in simulator.entries("put")] == ["1.x12", "2.x12", "3.x12"]
