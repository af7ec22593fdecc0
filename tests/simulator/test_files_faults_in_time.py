"""Faults of the file side that show in time, or to the client that does something."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.simulator.conftest import Exchange, answers_in_files, ask, questions
from tests.simulator.driving import Simulator, until
from tests.simulator.staging import actives
from tests.simulator.wire import interchange, named, question, transaction_sets

Play = Callable[..., Simulator]


@pytest.fixture
def play(launch: Callable[..., Simulator], tmp_path: Path) -> Play:
    """A simulator with these faults: each a name, and what its rule says besides."""

    def play(*faults: str, delay: int = 20) -> Simulator:
        scenario = tmp_path / "scenario.toml"
        rules = (fault.partition("\n") for fault in faults)
        scenario.write_text("".join(f'[[fault]]\nname = "{name}"\n{more}\n' for name, _, more in rules))
        return launch("--file-delay-ms", str(delay), "--scenario", str(scenario))

    return play


@pytest.fixture
def about(population: dict[str, Any]) -> list[Exchange]:
    return list(actives(population, "SHP01"))


def put(simulator: Simulator, about: list[Exchange], *numbers: int) -> None:
    for number in numbers:
        simulator.put(f"{number}.x12", interchange([ask(about[number])], control_number=number))


def files_of_answers(simulator: Simulator) -> list[dict[str, Any]]:
    return [entry for entry in simulator.entries("file") if entry.get("kind") == "271"]


def test_one_file_answers_two_of_theirs(play: Play, about: list[Exchange]) -> None:
    simulator = play("answers_joined\ntimes = 1\nseconds = 20")
    put(simulator, about, 1)
    until(lambda: simulator.entries("fault"))
    put(simulator, about, 2)
    until(lambda: len(answers_in_files(simulator)) == 2)
    (joined,) = files_of_answers(simulator)
    assert joined["answers"].endswith("_2.x12") and joined["also_answers"][0].endswith("_1.x12")
    assert {entry["file"] for entry in simulator.entries("271")} == {joined["file"]}


def test_answers_to_be_joined_do_not_wait_for_ever(play: Play, about: list[Exchange]) -> None:
    simulator = play("answers_joined\ntimes = 1\nseconds = 0.2")
    put(simulator, about, 1)
    until(lambda: len(answers_in_files(simulator)) == 1)


def test_a_later_file_is_answered_first(play: Play, about: list[Exchange]) -> None:
    simulator = play("answers_reordered\ntimes = 1\nseconds = 20")
    put(simulator, about, 1, 2)
    until(lambda: len(answers_in_files(simulator)) == 2)
    assert [entry["answers"][-6:] for entry in files_of_answers(simulator)] == ["_2.x12", "_1.x12"]


@pytest.mark.parametrize(("temporary", "suffix"), [("false", ".x12"), ("true", ".x12.part")])
def test_a_slow_writer_shows_a_file_before_it_is_whole(
    temporary: str, suffix: str, play: Play, about: list[Exchange]
) -> None:
    simulator = play(f"slow_writer\nseconds = 1.5\ntemporary = {temporary}")
    put(simulator, about, 1)
    outbox = simulator.journal.parent / "root" / "sftp" / "outbox"
    until(lambda: list(outbox.glob(f"271*{suffix}")))
    (growing,) = outbox.glob(f"271*{suffix}")
    assert b"IEA*" not in growing.read_bytes()
    until(lambda: any(b"\nIEA*" in path.read_bytes() for path in outbox.glob("271*.x12")))
    until(lambda: len(list(outbox.iterdir())) == 2)
    assert {path.name[:3] for path in outbox.iterdir()} == {"999", "271"}


def test_a_late_answer_comes_by_itself_and_later(play: Play, about: list[Exchange]) -> None:
    late = about[1].coverage["member_id"]
    simulator = play(f'late_answer\nmember_id = "{late}"\nseconds = 0.5')
    simulator.put("one.x12", interchange([ask(about[0]), ask(about[1])]))
    until(lambda: len(answers_in_files(simulator)) == 2)
    first, second = files_of_answers(simulator)
    assert (first["transaction_sets"], second["transaction_sets"]) == (1, 1)
    entries = {entry["trace"]: entry for entry in simulator.entries("271")}
    assert entries[about[1].trace]["file"] == second["file"]
    assert entries[about[1].trace]["fault"] == "late_answer"


def test_a_late_answer_waits_for_the_newer_one(play: Play, about: list[Exchange]) -> None:
    member = about[1].coverage["member_id"]
    simulator = play(f'late_answer\nmember_id = "{member}"\nseconds = 60\nafter_newer = true\ntimes = 1')
    put(simulator, about, 1)
    until(lambda: simulator.entries("fault"))
    each = about[1]
    newer = question(each.payer, each.patient, each.coverage, day=each.day, trace="f" * 32)
    simulator.put("newer.x12", interchange([newer], control_number=2))
    until(lambda: len(answers_in_files(simulator)) == 2)
    assert [entry["trace"] for entry in simulator.entries("271")] == ["f" * 32, each.trace]


def test_a_dependent_comes_back_as_a_subscriber(play: Play, population: dict[str, Any]) -> None:
    dependent = next(
        each
        for each in questions(population)
        if each.case == "dependent" and each.payer["transport"] == "sftp"
    )
    simulator = play('changed_identifiers\nchange = "dependent_as_subscriber"')
    simulator.put("one.x12", interchange([ask(dependent)]))
    until(lambda: len(answers_in_files(simulator)) == 1)
    raw = next(raw for name, raw in simulator.outbox().items() if name.startswith("271"))
    (answer,) = transaction_sets(raw)
    assert named(answer, "NM1", "03") == []
    assert named(answer, "NM1", "IL")[0][4] == dependent.patient["first_name"].upper()
    assert named(answer, "TRN", "2")[0][2] == dependent.trace


async def key_shown(simulator: Simulator, *pinned: str) -> str:
    """The host key of a connection that trusts `pinned`, keys of the ready file."""
    sftp = simulator.ready["sftp"]
    known = "".join(f"[{sftp['host']}]:{sftp['port']} {sftp[name]}\n" for name in pinned)
    async with asyncssh.connect(
        sftp["host"],
        sftp["port"],
        username=sftp["username"],
        password=sftp["password"],
        known_hosts=asyncssh.import_known_hosts(known),
        client_keys=None,
        config=None,
    ) as connection:
        key = connection.get_server_host_key()
        assert key is not None
        return in_one_line(key)


def in_one_line(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


def test_a_new_host_key_is_refused_by_who_pins_the_old(play: Play) -> None:
    simulator = play("new_host_key\ntimes = 1")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        asyncio.run(key_shown(simulator, "host_key"))
    assert asyncio.run(key_shown(simulator, "host_key")) == simulator.ready["sftp"]["host_key"]
    assert simulator.entries("270", "put") == []


def test_a_new_host_key_that_was_announced_is_taken_by_who_pins_both(play: Play) -> None:
    simulator = play("new_host_key")
    shown = asyncio.run(key_shown(simulator, "host_key", "next_host_key"))
    assert shown == simulator.ready["sftp"]["next_host_key"] != simulator.ready["sftp"]["host_key"]


def test_a_key_roll_announces_the_next_key_beside_the_old(play: Play) -> None:
    simulator = play("host_key_roll")
    sftp = simulator.ready["sftp"]
    announced: list[asyncssh.SSHKey] = []

    async def look() -> None:
        heard = asyncio.Event()

        def hear(added: list[asyncssh.SSHKey], *_: Any) -> None:
            announced.extend(added)
            heard.set()

        async with asyncssh.connect(
            sftp["host"],
            sftp["port"],
            username=sftp["username"],
            password=sftp["password"],
            known_hosts=asyncssh.import_known_hosts(f"[{sftp['host']}]:{sftp['port']} {sftp['host_key']}"),
            client_keys=None,
            config=None,
            server_host_keys_handler=hear,
        ):
            await asyncio.wait_for(heard.wait(), 10)

    asyncio.run(look())
    assert [in_one_line(key) for key in announced] == [sftp["next_host_key"]]


async def put_by_hand(simulator: Simulator, name: str, body: bytes, *, posix: bool = False) -> None:
    async with simulator.connect() as connection, connection.start_sftp_client() as sftp:
        async with sftp.open(f"/inbox/.{name}.tmp", "wb") as file:
            await file.write(body)
        rename = sftp.posix_rename if posix else sftp.rename
        await rename(f"/inbox/.{name}.tmp", f"/inbox/{name}")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("disk_full", asyncssh.SFTPFailure),
        ("permission_denied", asyncssh.SFTPPermissionDenied),
        ("name_taken", asyncssh.SFTPFailure),
    ],
)
def test_a_put_that_fails_can_be_tried_again(
    fault: str, error: type[Exception], play: Play, about: list[Exchange]
) -> None:
    simulator = play(f"{fault}\ntimes = 1")
    body = interchange([ask(about[1])])
    with pytest.raises(error):
        asyncio.run(put_by_hand(simulator, "one.x12", body))
    assert simulator.entries("270") == []
    until(lambda: "one.x12" not in simulator.inbox())
    asyncio.run(put_by_hand(simulator, "one.x12", body))
    until(lambda: len(answers_in_files(simulator)) == 1)
    assert len(simulator.entries("270")) == 1


def test_who_renames_over_a_taken_name_is_found_out(play: Play, about: list[Exchange]) -> None:
    simulator = play("name_taken\ntimes = 1")
    asyncio.run(put_by_hand(simulator, "one.x12", interchange([ask(about[1])]), posix=True))
    until(lambda: simulator.entries("overwritten"))
    (entry,) = simulator.entries("overwritten")
    assert entry["file"] == "one.x12"
