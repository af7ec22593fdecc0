"""The file payers behind SFTP: put, renamed, taken, acknowledged, answered."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import asyncssh
import pytest

from tests.simulator.conftest import QUICK, answers_in_files, ask, questions
from tests.simulator.driving import Simulator, until
from tests.simulator.wire import interchange, named, split

SLOW = ("--file-delay-ms", "700")


def file_questions(population: dict[str, Any], *, start: int, count: int) -> list[list[str]]:
    found = [ask(each) for each in questions(population) if each.payer["transport"] == "sftp"]
    return found[start : start + count]


def test_a_file_is_accepted_and_every_question_in_it_answered(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    simulator.put("one.x12", interchange(file_questions(population, start=0, count=30)))
    until(lambda: len(answers_in_files(simulator)) == 30)
    assert simulator.inbox() == set()
    outbox = simulator.outbox()
    (accepting,) = (raw for name, raw in outbox.items() if name.startswith("999"))
    assert named(split(accepting), "AK1") == [["AK1", "HS", "1", "005010X279A1"]]
    assert named(split(accepting), "AK9") == [["AK9", "A", "30", "30", "30"]]
    arrival = simulator.entries("file")[0]
    assert (arrival["file"], arrival["isa13"], arrival["transaction_sets"]) == (
        "one.x12",
        "000000001",
        30,
    )
    assert [entry["file"] for entry in simulator.entries("file")[1:]] == sorted(
        outbox, key=lambda name: name[4:]
    )


def test_answers_come_in_one_file_or_several(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    for number in range(1, 9):
        asked = file_questions(population, start=number * 3, count=3)
        simulator.put(f"{number}.x12", interchange(asked, control_number=number))
    until(lambda: len(answers_in_files(simulator)) == 24)
    parts = [e["answers"] for e in simulator.entries("file") if e.get("kind") == "271"]
    assert {parts.count(name) for name in parts} > {1}


def test_a_file_still_being_put_is_left_alone(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    asked = interchange(file_questions(population, start=0, count=1))

    async def put_halves() -> set[str]:
        async with simulator.connect() as connection, connection.start_sftp_client() as sftp:
            async with sftp.open("/inbox/half.x12.tmp", "wb") as file:
                await file.write(asked[:100])
                await asyncio.sleep(0.4)
                names = set(await sftp.listdir("/inbox"))
                await file.write(asked[100:])
            await sftp.posix_rename("/inbox/half.x12.tmp", "/inbox/half.x12")
        return names

    assert "half.x12.tmp" in asyncio.run(put_halves())
    until(lambda: len(answers_in_files(simulator)) == 1)


def test_the_same_contents_twice_are_answered_once(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    asked = interchange(file_questions(population, start=0, count=2))
    simulator.put("one.x12", asked)
    until(lambda: len(answers_in_files(simulator)) == 2)
    simulator.put("other_name.x12", asked)
    until(lambda: simulator.entries("duplicate_file"))
    assert simulator.stop() == 0
    simulator = launch()
    simulator.put("one.x12", asked)
    until(lambda: len(simulator.entries("duplicate_file")) == 2)
    assert len(simulator.entries("270")) == len(simulator.entries("271")) == 2


def test_a_miscounted_set_is_rejected_and_the_rest_answered(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    asked = interchange(file_questions(population, start=0, count=3))
    at = asked.index(b"*0002~", asked.index(b"SE*", asked.index(b"ST*270*0002")))
    simulator.put("one.x12", asked[: at - 2] + b"99" + asked[at:])
    until(lambda: len(answers_in_files(simulator)) == 2)
    (accepting,) = (raw for name, raw in simulator.outbox().items() if name.startswith("999"))
    assert named(split(accepting), "IK5") == [["IK5", "A"], ["IK5", "R", "4"], ["IK5", "A"]]
    assert named(split(accepting), "AK9") == [["AK9", "P", "3", "3", "2"]]


def test_a_file_that_is_no_interchange_is_put_aside(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    asked = interchange(file_questions(population, start=0, count=1))
    simulator.put("half.x12", asked[:-5])
    simulator.put("letter.x12", b"Dear payer")
    simulator.put("whole.x12", asked)
    until(lambda: len(answers_in_files(simulator)) == 1)
    problems = [e["problem"] for e in simulator.entries("file") if e["direction"] == "in"]
    assert problems == ["cut_short", "no_isa", None]
    assert simulator.inbox() == set()


@pytest.mark.parametrize("parts_before", [0, 1])
def test_a_killed_simulator_finishes_what_it_took(
    parts_before: int, launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch(*SLOW)
    key = simulator.ready["sftp"]["host_key"]
    simulator.put("one.x12", interchange(file_questions(population, start=0, count=20)))
    until(lambda: len(simulator.entries("file")) == 1 + parts_before)
    simulator.stop(signal.SIGKILL)
    assert simulator.entries("271") == []
    simulator = launch(*QUICK)
    until(lambda: len(answers_in_files(simulator)) == 20)
    assert simulator.ready["sftp"]["host_key"] == key
    assert len(simulator.entries("270")) == len(simulator.entries("271")) == 20
    assert len([e for e in simulator.entries("file") if e.get("kind") == "999"]) == 1


def test_a_file_put_while_nobody_looked_is_taken_up(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch()
    assert simulator.stop() == 0
    inbox = simulator.journal.parent / "root" / "sftp" / "inbox"
    asked = interchange(file_questions(population, start=0, count=2))
    (inbox / "waiting.x12").write_bytes(asked)
    simulator = launch()
    until(lambda: len(answers_in_files(simulator)) == 2)


def test_a_wrong_password_is_refused(simulator: Simulator) -> None:
    async def enter() -> None:
        async with simulator.connect(password="wrong"):
            pass

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(enter())


def test_a_client_sees_inbox_and_outbox_only(simulator: Simulator) -> None:
    async def look(path: str) -> set[str]:
        async with simulator.connect() as connection, connection.start_sftp_client() as sftp:
            return set(await sftp.listdir(path))

    for path in ("/", "/..", "/inbox/../.."):
        assert asyncio.run(look(path)) - {".", ".."} == {"inbox", "outbox"}
