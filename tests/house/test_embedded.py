"""The real servers, in folders of their own: they start, die, come back and leave nothing behind."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import embedded, programs
from config.programs import EmbeddedError, MissingServer
from config.servers import Postgres, Redis

ROOT = Path(__file__).resolve().parent.parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="preflight-test-"))
    yield made
    embedded.down(made)
    shutil.rmtree(made)


def connect(environment: dict[str, str]) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(environment["DATABASE_URL"], autocommit=True)


def bells(environment: dict[str, str]) -> redis.Redis:
    return redis.Redis.from_url(environment["REDIS_URL"])


def processes_of(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().decode().replace("\0", " ")
            if "server" in words or "postgres" in words:
                inside = (process / "cwd").readlink().is_relative_to(folder)
                found += [words] if inside or f"{folder}/" in words else []
    return found


def the_pid(server: Postgres | Redis) -> int:
    pid = server.pid()
    assert pid is not None
    return pid


def kill(server: Postgres | Redis) -> None:
    os.kill(the_pid(server), signal.SIGKILL)


def test_rows_and_bells_survive_kill_9(folder: Path) -> None:
    before = embedded.up(folder)
    with connect(before) as connection:
        connection.execute("CREATE TABLE seen AS SELECT generate_series(1, 800) AS n")
    bells(before).rpush("bells", *range(800))

    kill(Postgres(folder, ""))
    kill(Redis(folder, ""))
    after = embedded.up(folder)

    with connect(after) as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (800,)
    assert bells(after).llen("bells") == 800


@pytest.mark.skipif(sys.platform != "linux", reason="finds the children by /proc")
def test_a_child_that_outlives_its_killed_server_does_not_stop_the_next(folder: Path) -> None:
    connection = connect(embedded.up(folder, ["postgres"]))
    child = connection.info.backend_pid
    busy = threading.Thread(target=lambda: suppress_loss(connection))
    busy.start()
    os.kill(child, signal.SIGSTOP)  # it cannot notice that its parent dies
    kill(Postgres(folder, ""))

    with connect(embedded.up(folder, ["postgres"])) as fresh:
        assert fresh.execute("SELECT 1").fetchone() == (1,)
    busy.join()


def suppress_loss(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    with suppress(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(60)")


def test_callers_at_once_start_one_pair_of_servers(folder: Path) -> None:
    command = [sys.executable, "-m", "config.embedded", "up"]
    environment = {**os.environ, "PREFLIGHT_DATA": str(folder)}
    callers = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = {caller.communicate()[0] for caller in callers}
    assert len(answers) == 1
    assert "DATABASE_URL=postgresql://" in answers.pop()
    assert [caller.returncode for caller in callers] == [0, 0, 0]


def test_down_leaves_no_process_and_the_data(folder: Path) -> None:
    with connect(embedded.up(folder)) as connection:
        connection.execute("CREATE TABLE kept ()")
        assert processes_of(folder)
        assert embedded.down(folder) == ["postgres", "redis"]
    assert processes_of(folder) == []
    assert embedded.status(folder) == {"postgres": "stopped", "redis": "stopped"}
    assert embedded.down(folder) == []
    with connect(embedded.up(folder, ["postgres"])) as connection:
        connection.execute("SELECT FROM kept")


def test_the_last_to_leave_stops_the_servers(folder: Path) -> None:
    with embedded.lease(folder) as first:
        with embedded.lease(folder) as second:
            assert second == first
        assert bells(first).ping()
    assert processes_of(folder) == []


def test_servers_asked_for_by_name_outlive_a_lease(folder: Path) -> None:
    environment = embedded.up(folder, ["redis"])
    with embedded.lease(folder, ["redis"]):
        pass
    assert bells(environment).ping()


def test_a_lease_that_ends_in_an_error_stops_the_servers(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), embedded.lease(folder, ["redis"]):
        1 / 0  # noqa: B018
    assert processes_of(folder) == []


def test_a_stranger_with_the_pid_is_neither_taken_for_ours_nor_stopped(folder: Path) -> None:
    embedded.up(folder)
    embedded.down(folder)
    stranger = subprocess.Popen(["sleep", "60"])
    (folder / "postgres/postmaster.pid").write_text(f"{stranger.pid}\n{folder / 'postgres'}\n1\n5432\n\n\n")
    (folder / "redis.pid").write_text(f"{stranger.pid}\n")
    try:
        assert embedded.down(folder) == []
        with connect(embedded.up(folder)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_no_value_of_a_failing_statement_reaches_the_log(folder: Path) -> None:
    environment = embedded.up(folder, ["postgres"])
    with connect(environment) as connection:
        connection.execute("CREATE TABLE people (name text PRIMARY KEY, born date)")
        connection.execute("INSERT INTO people VALUES ('CANARY', NULL)")
        for values in ("('CANARY', NULL)", "('X', 'CANARY')"):
            with pytest.raises(psycopg.Error, match="CANARY"):
                connection.execute(f"INSERT INTO people VALUES {values}")  # noqa: S608
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT %s::date", ["CANARY"])
    assert "CANARY" not in (folder / "postgres.log").read_text()


def test_commits_are_kept_and_passwords_asked_for(folder: Path) -> None:
    environment = embedded.up(folder)
    with connect(environment) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(environment["DATABASE_URL"], password="wrong")
    with pytest.raises(redis.AuthenticationError):
        port = bells(environment).get_connection_kwargs()["port"]
        redis.Redis(port=port, retry=Retry(NoBackoff(), 0)).ping()


def test_secrets_are_private_and_stay_the_same(folder: Path) -> None:
    with embedded.lease(folder, []) as first, embedded.lease(folder, []) as second:
        assert first == second
    assert set(first) == {"SECRET_KEY", "FIELD_KEYS", "INDEX_KEY"}
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert len(set(json.loads((folder / "secrets.json").read_text()).values())) == 5


def test_lost_secrets_are_not_silently_made_anew(folder: Path) -> None:
    (folder / "postgres").mkdir()
    with pytest.raises(EmbeddedError, match="secrets.json is gone"):
        embedded.up(folder)


def test_a_machine_without_servers_is_told_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_in_package", lambda package, pattern: iter(()))
    monkeypatch.setattr(programs, "_postgres_folders", lambda: iter(()))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingServer, match="apt-get install redis-server"):
        embedded.up(folder, ["redis"])
    with pytest.raises(MissingServer, match="apt-get install postgresql"):
        embedded.up(folder, ["postgres"])


def test_a_database_is_only_opened_by_the_version_that_made_it(folder: Path) -> None:
    embedded.up(folder, ["postgres"])
    embedded.down(folder)
    (folder / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(MissingServer, match="made by PostgreSQL 9"):
        embedded.up(folder, ["postgres"])


def test_the_systems_postgres_serves_where_the_package_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_in_package", lambda package, pattern: iter(()))
    if not any(programs.version(found / "postgres")[0] >= 15 for found in programs._postgres_folders()):
        pytest.skip("this machine has no PostgreSQL of its own")
    with connect(embedded.up(folder, ["postgres"])) as connection:
        assert connection.execute("SELECT 'ä' = lower('Ä')").fetchone() == (True,)


@as_root
def test_root_without_user_namespaces_becomes_somebody_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "unshare" else found(name))
    try:
        with connect(embedded.up(folder, ["postgres"])) as connection:
            connection.execute("CREATE TABLE kept ()")
        monkeypatch.undo()  # a cluster stays with its owner, even where root could do otherwise now
        embedded.down(folder)
        with connect(embedded.up(folder, ["postgres"])) as connection:
            connection.execute("SELECT FROM kept")
        assert (folder / "postgres").stat().st_uid != 0
    finally:
        embedded.down(folder)
        shutil.rmtree((folder / "postgres").resolve().parent, ignore_errors=True)


@as_root
def test_a_creation_that_failed_leaves_no_trace_and_the_next_one_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    home.mkdir()
    with monkeypatch.context() as broken:
        broken.setattr(tempfile, "mkdtemp", lambda **how: str(home))
        broken.setattr(shutil, "which", lambda name: None)
        broken.setattr(programs.Account, "run", lambda account, *command, **how: 1)
        with pytest.raises(EmbeddedError, match="could not be created"):
            embedded.up(folder, ["postgres"])
    assert not home.exists()
    assert "DATABASE_URL" in embedded.up(folder, ["postgres"])


@as_root
@pytest.mark.parametrize("user", ["nobody", 54321], ids=["ordinary user", "user without a name"])
def test_an_ordinary_user_has_servers_too(folder: Path, user: str | int) -> None:
    uid = pwd.getpwnam(user).pw_uid if isinstance(user, str) else user
    os.chown(folder, uid, uid)
    python = _python_for(uid)
    environment = {
        "PATH": os.defpath,
        "PREFLIGHT_DATA": str(folder),
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }

    def run(command: str) -> str:
        return subprocess.run(
            [python, "-m", "config.embedded", command],
            cwd=ROOT,
            env=environment,
            user=uid,
            group=uid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    said = dict(line.split("=", 1) for line in run("up").splitlines())
    with connect(said) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert bells(said).ping()
    assert {path.owner() if uid != 54321 else path.stat().st_uid for path in folder.iterdir()} == {user}
    assert run("down") == "stopped: postgres, redis\n"
    assert processes_of(folder) == []


def _python_for(uid: int) -> str:
    """A Python that this user may run: the one of the tests often lies under root's home."""
    probe = "import sys, pathlib; assert sys.version_info >= (3, 11); assert pathlib.Path('config').is_dir()"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", probe],
                cwd=ROOT,
                user=uid,
                group=uid,
                extra_groups=[],
                capture_output=True,
                check=True,
            )
            return python
    pytest.skip("an ordinary user can reach neither a Python 3.11 nor this checkout")


@as_root
def test_anothers_folder_is_left_alone(folder: Path) -> None:
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        embedded.up(folder)
