"""The clearinghouse over AS2: files taken, receipts given, answers pushed, and what goes wrong."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.as2_peer import Peer, start_peer
from tests.simulator.driving import Simulator, until
from tests.simulator.test_files import file_questions
from tests.simulator.wire import interchange, named, split, transaction_sets
from tradingpartners.simulator.as2_keys import Mode, kept_identity
from tradingpartners.simulator.as2_library import is_installed

pytestmark = pytest.mark.skipif(not is_installed(), reason="pip install pyas2lib")

Meet = Callable[..., tuple[Simulator, Peer]]
QUICK = ("--file-delay-ms", "20", "--as2", "--as2-retry-seconds", "0.3")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: a key takes a second."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("clearinghouse", "stranger", "partner"):
        kept_identity(folder, name, name)
    return folder


@pytest.fixture(autouse=True)
def _use_keys(keys: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "root" / "as2", tmp_path / "peer"):
        shutil.copytree(keys, folder)


@pytest.fixture
def meet(launch: Callable[..., Simulator], tmp_path: Path) -> Iterator[Meet]:
    """A simulator with AS2 and a fault or none, and a peer it knows."""
    stops = []

    def meet(fault: str = "", *more: str, mode: Mode = Mode.SYNC) -> tuple[Simulator, Peer]:
        scenario = tmp_path / "scenario.toml"
        scenario.write_text(f'[[fault]]\nname = "{fault}"\ntimes = 1\n' if fault else "", encoding="utf-8")
        simulator = launch(*QUICK, "--scenario", str(scenario), *more)
        peer, stop = start_peer(simulator, tmp_path / "peer", mode=mode)
        stops.append(stop)
        return simulator, peer

    yield meet
    for stop in stops:
        stop()


def asked(population: dict[str, Any], count: int = 3) -> bytes:
    return interchange(file_questions(population, start=0, count=count))


def pushes(simulator: Simulator, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in simulator.entries("as2_push") if entry["file"].startswith(kind)]


def is_answered(peer: Peer, count: int = 3) -> bool:
    answers = [raw for name, raw in peer.files.items() if name.startswith("271")]
    return sum(len(transaction_sets(raw)) for raw in answers) == count


def test_a_file_is_taken_with_a_signed_receipt_and_answered_by_pushes(
    meet: Meet, population: dict[str, Any]
) -> None:
    simulator, peer = meet()
    notice = peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    assert notice and notice.is_taken
    until(lambda: is_answered(peer))
    accepting = next(raw for name, raw in peer.files.items() if name.startswith("999"))
    assert named(split(accepting), "AK9") == [["AK9", "A", "3", "3", "3"]]
    arrival = simulator.entries("file")[0]
    assert (arrival["file"], arrival["via"], arrival["transaction_sets"]) == ("one.x12", "as2", 3)
    assert {entry["via"] for entry in simulator.entries("270")} == {"as2"}
    assert simulator.outbox() == {}
    until(lambda: {entry["outcome"] for entry in simulator.entries("as2_push")} == {"processed"})


def test_receipts_may_come_later_on_both_sides(meet: Meet, population: dict[str, Any]) -> None:
    simulator, peer = meet("", "--as2-mdn", "async", mode=Mode.ASYNC)
    assert peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population)) is None
    until(lambda: peer.notices)
    assert peer.notices[0].is_taken
    until(lambda: is_answered(peer))
    assert {opened.receipt_url for opened in peer.messages} == {simulator.ready["as2"]["url"]}
    until(lambda: len(simulator.entries("as2_push")) == len(peer.messages))
    assert {entry["outcome"] for entry in simulator.entries("as2_push")} == {"processed"}
    assert {entry["status"] for entry in simulator.entries("as2_receipt")} == {"processed"}


def test_the_same_message_again_gets_the_same_receipt_and_is_taken_once(
    meet: Meet, population: dict[str, Any]
) -> None:
    simulator, peer = meet()
    url = simulator.ready["as2"]["url"]
    first, second = (peer.send(url, "one.x12", asked(population)) for _ in range(2))
    assert first == second and first and first.is_taken
    until(lambda: is_answered(peer))
    (repeat,) = simulator.entries("as2_duplicate")
    assert repeat["same_contents"] is True
    assert len(simulator.entries("270")) == 3


def test_a_message_signed_by_a_stranger_is_refused(meet: Meet, population: dict[str, Any]) -> None:
    simulator, peer = meet()
    url = simulator.ready["as2"]["url"]
    right = peer.station.identity
    peer.station.identity = peer.station.stranger
    notice = peer.send(url, "one.x12", asked(population))
    assert notice and not notice.is_taken and "authentication-failed" in notice.detail
    peer.station.identity = right
    assert simulator.entries("270") == []


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        ("mic_differs", "processed/warning", "Integrity"),
        ("unsigned_mdn", "failed/Failure", "unsigned"),
        ("wrong_signer", "failed/Failure", "verify"),
    ],
)
def test_fault_63_a_receipt_that_is_not_to_be_believed(
    fault: str, status: str, says: str, meet: Meet, population: dict[str, Any]
) -> None:
    simulator, peer = meet(fault)
    notice = peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    assert notice and notice.status == status and says in notice.detail
    assert [entry["fault"] for entry in simulator.entries("fault")] == [fault]


def test_fault_63_mdn_missing_and_the_repeat_gets_it(meet: Meet, population: dict[str, Any]) -> None:
    simulator, peer = meet("mdn_missing")
    url = simulator.ready["as2"]["url"]
    assert peer.send(url, "one.x12", asked(population)) is None
    notice = peer.send(url, "one.x12", asked(population))
    assert notice and notice.is_taken
    assert len(simulator.entries("270")) == 3


def test_fault_63_mdn_twice(meet: Meet, population: dict[str, Any]) -> None:
    simulator, peer = meet("mdn_twice", mode=Mode.ASYNC)
    peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    until(lambda: len(peer.notices) == 2)
    assert peer.notices[0] == peer.notices[1] and peer.notices[0].is_taken


def test_fault_63_duplicate_message(meet: Meet, population: dict[str, Any]) -> None:
    simulator, peer = meet("duplicate_message")
    peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    until(lambda: len(pushes(simulator, "271")) == 2)
    answers = [opened for opened in peer.messages if opened.name.startswith("271")]
    assert answers[0].message_id == answers[1].message_id and answers[0].payload == answers[1].payload


def test_a_push_without_a_receipt_comes_again_under_its_message_id(
    meet: Meet, population: dict[str, Any]
) -> None:
    simulator, peer = meet()
    peer.receives = lambda nth: None if nth == 1 else ""
    peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    until(lambda: len(pushes(simulator, "999")) == 2)
    first, again = pushes(simulator, "999")
    assert (first["outcome"], again["outcome"]) == ("no_receipt", "processed")
    assert first["message_id"] == again["message_id"]


def test_a_push_whose_receipt_is_wrong_is_held(meet: Meet, population: dict[str, Any]) -> None:
    simulator, peer = meet()
    peer.receives = lambda nth: "mic_differs" if nth == 1 else ""
    peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    held = simulator.journal.parent / "root" / "as2" / "held"
    until(lambda: list(held.iterdir()))
    assert pushes(simulator, "999")[0]["outcome"].startswith("processed/warning")


def test_the_other_side_may_be_made_known_later_and_pushes_outlive_a_restart(
    launch: Callable[..., Simulator], tmp_path: Path, population: dict[str, Any]
) -> None:
    simulator = launch(*QUICK)
    peer, stop = start_peer(simulator, tmp_path / "peer")
    known = Path(simulator.ready["as2"]["partner_file"])
    known.unlink()
    peer.send(simulator.ready["as2"]["url"], "one.x12", asked(population))
    until(lambda: any(entry.get("kind") == "271" for entry in simulator.entries("file")))
    assert simulator.stop() == 0 and peer.messages == []
    certificate = simulator.ready["as2"]["certificate"]
    simulator = launch(*QUICK, "--as2-partner", str(tmp_path / "told.json"))
    assert simulator.ready["as2"]["certificate"] == certificate
    (tmp_path / "told.json").write_text(f'{{"url": "{peer.url}"}}', encoding="utf-8")
    until(lambda: is_answered(peer))
    stop()
