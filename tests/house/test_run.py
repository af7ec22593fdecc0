"""The door, in small checkouts: the real `run`, the real servers, a manage.py that notes what it is told."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from config import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = ("demo", "test", "check", "bench", "manage", "web", "worker", "beat", "simulator")
NOTING_MANAGE = """
import json, os, signal, sys, time
names = ("DATABASE_URL", "REDIS_URL", "DATABASE_ROLE", "FIELD_KEYS", "ALLOWED_HOSTS", "INSECURE_COOKIES")
with open("told.jsonl", "a") as told:
    told.write(json.dumps({"words": sys.argv[1:], **{name: os.environ.get(name) for name in names}}) + "\\n")
if sys.argv[1:] == ["demo", "--wait"]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    open("waiting", "w").close()
    time.sleep(60)
sys.exit(3 if "--fail" in sys.argv or os.path.exists("fail-" + sys.argv[1]) else 0)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    for name in ("run", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/__init__.py").touch()
    for name in ("embedded.py", "servers.py", "programs.py"):
        shutil.copy(ROOT / "config" / name, tmp_path / "config")
    (tmp_path / "manage.py").write_text(NOTING_MANAGE)
    yield tmp_path
    embedded.down(tmp_path / ".data")


@pytest.fixture
def installed(checkout: Path) -> Path:
    if not (ROOT / ".venv/installed.json").exists():
        pytest.skip("./run has not installed here")
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    return checkout


@pytest.fixture
def run_module(checkout: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("run_under_test", str(checkout / "run"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def bare(**more: str) -> dict[str, str]:
    """Our own environment leads to servers already, when `./run test` started us."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **more}


def run(checkout: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "run"), *words]
    return subprocess.run(command, env=bare(**more), capture_output=True, text=True, check=False)


def told(checkout: Path) -> list[dict[str, str | list[str] | None]]:
    return [json.loads(line) for line in (checkout / "told.jsonl").read_text().splitlines()]


def assert_stopped(checkout: Path) -> None:
    assert embedded.status(checkout / ".data") == {"postgres": "stopped", "redis": "stopped"}


# --- words


@pytest.mark.parametrize("words", [["--help"], *([command, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_answers_at_once_and_makes_nothing(checkout: Path, words: list[str]) -> None:
    done = run(checkout, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "./run" in done.stdout
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("words", [[], ["no-such-thing"], ["--exit"]])
def test_what_is_no_command_shows_the_usage(checkout: Path, words: list[str]) -> None:
    done = run(checkout, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: ./run COMMAND" in done.stderr
    assert all(f"./run {command}" in done.stderr for command in COMMANDS)
    assert all(word in done.stderr for word in words)


def test_an_older_python_is_refused_in_one_line(checkout: Path) -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", pretend, checkout / "run"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "Preflight needs Python 3.11 or newer, this is 3.9.\n"
    assert ast.parse((checkout / "run").read_text(), feature_version=(3, 6))


# --- locks and .venv


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_has_a_hash_for_everything_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "http" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:)", text, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[a-z0-9-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)


def test_the_locks_agree_and_hold_what_the_project_asks_for() -> None:
    needed, needed_to_test = (
        set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"], project["dependency-groups"]["dev"]
    for lock, wanted in zip((needed, needed_to_test), asked, strict=True):
        names = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in wanted}
        assert names <= {pinned.split("==")[0] for pinned in lock}
    assert needed <= needed_to_test


def test_the_venv_is_made_once_and_again_when_the_lock_changes(checkout: Path) -> None:
    lock = checkout / "requirements.txt"
    lock.write_text("# nothing\n")
    addresses = {"DATABASE_URL": "given", "REDIS_URL": "given"}
    first, second = (run(checkout, "manage", "help", **addresses) for _ in range(2))
    lock.write_text("# nothing else\n")
    third = run(checkout, "manage", "help", **addresses)

    installs = ["Installing requirements.txt" in done.stderr for done in (first, second, third)]
    assert installs == [True, False, True]
    assert [done.returncode for done in (first, second, third)] == [0, 0, 0]


def test_a_lock_that_cannot_be_installed_is_not_taken_for_installed(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("./no-such-folder\n")
    done = run(checkout, "manage", "help")
    assert (done.returncode, "could not be installed" in done.stderr) == (1, True)
    assert not (checkout / "told.jsonl").exists()
    assert not (checkout / ".venv/installed.json").exists()


def test_a_python_that_cannot_make_a_venv_says_what_to_install(
    run_module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        run_module.install("requirements.txt")


# --- servers, environment, signals


def test_the_database_is_prepared_by_its_owner_before_anything_else(installed: Path) -> None:
    done = run(installed, "demo", "--exit", "--members", "5")
    assert done.returncode == 0, done.stderr
    prepare, forget, demo = told(installed)
    assert (prepare["words"], prepare["DATABASE_ROLE"]) == (["database", "prepare"], "owner")
    assert (forget["words"], forget["DATABASE_ROLE"]) == (["database", "forget-demo"], "owner")
    assert (demo["words"], demo["DATABASE_ROLE"]) == (["demo", "--exit", "--members", "5"], None)
    assert demo["DATABASE_URL"] == prepare["DATABASE_URL"]
    assert (demo["ALLOWED_HOSTS"], demo["INSECURE_COOKIES"]) == ("localhost,127.0.0.1", "1")
    assert_stopped(installed)


def test_an_address_that_is_given_is_used_and_no_server_started_for_it(installed: Path) -> None:
    assert run(installed, "manage", "shell", DATABASE_URL="postgresql://elsewhere").returncode == 0
    assert {call["DATABASE_URL"] for call in told(installed)} == {"postgresql://elsewhere"}
    assert all(str(call["REDIS_URL"]).startswith("redis://:") for call in told(installed))
    assert not (installed / ".data/postgres").exists()


def test_a_deployment_that_sets_everything_gets_no_folder_and_no_weaker_cookies(installed: Path) -> None:
    keys = dict.fromkeys(("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY", "DATABASE_URL", "REDIS_URL"), "given")
    assert run(installed, "worker", ALLOWED_HOSTS="preflight.example", **keys).returncode == 0
    assert {call["INSECURE_COOKIES"] for call in told(installed)} == {None}
    assert not (installed / ".data").exists()


def test_exit_code_and_stdout_are_those_of_the_command(installed: Path) -> None:
    done = run(installed, "manage", "x12", "--fail")
    assert (done.returncode, done.stdout) == (3, "")
    assert [call["words"] for call in told(installed)] == [["x12", "--fail"]]


def test_a_database_that_cannot_be_prepared_stops_everything(installed: Path) -> None:
    (installed / "fail-database").touch()
    done = run(installed, "demo")
    assert (done.returncode, "could not be prepared" in done.stderr) == (1, True)
    assert len(told(installed)) == 1
    assert_stopped(installed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command_then_the_servers_stop(installed: Path, number: signal.Signals) -> None:
    door = subprocess.Popen(
        [sys.executable, installed / "run", "demo", "--wait"],
        env=bare(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # a shell's background job, as the tests may be, hands Ctrl-C down as ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(installed / "waiting")
    door.send_signal(number)
    assert door.wait(30) == (7 if number == signal.SIGTERM else 130)
    assert_stopped(installed)


def wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_second_command_uses_the_servers_of_the_first(installed: Path) -> None:
    first = subprocess.Popen([sys.executable, installed / "run", "demo", "--wait"], env=bare())
    wait_for(installed / "waiting")
    assert run(installed, "manage", "shell").returncode == 0
    assert len({call["DATABASE_URL"] for call in told(installed)}) == 1
    assert "running" in embedded.status(installed / ".data")["postgres"]
    first.terminate()
    first.wait(30)
    assert_stopped(installed)


def test_check_settings_are_those_of_a_strict_deployment(run_module: ModuleType) -> None:
    settings: Mapping[str, str] = run_module.as_deployed()
    assert (settings["DEBUG"], settings["INSECURE_COOKIES"]) == ("", "")
    assert "localhost" not in settings["ALLOWED_HOSTS"]
