"""PostgreSQL and a Redis-compatible server as child processes: found, configured, started, stopped.

Whoever calls holds the data folder's lock (`config.embedded`). Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from config.programs import (
    Account,
    EmbeddedError,
    ServerFailed,
    account_for,
    find_postgres,
    find_redis,
    version,
)

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Written out because nobody may trade them for speed: a lost commit is a patient asked about twice.
    "fsync": "on",
    "synchronous_commit": "on",
    # Values of patients stand in statements, parameters and error texts, so none of these is logged.
    # The program that sent the statement gets the error anyway.
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_lock_waits": "off",
    "log_checkpoints": "off",
}
if sys.platform == "linux":
    # After a crash, one call in place of opening every file of the cluster.
    POSTGRES_SETTINGS["recovery_init_sync_method"] = "syncfs"

REDIS_SETTINGS = {
    "bind": "127.0.0.1",
    "daemonize": "yes",
    "appendonly": "yes",
    "appendfsync": "everysec",
    # Plain commands in the file: another server, or another version of this one, can read them.
    "aof-use-rdb-preamble": "no",
    "save": '""',
    "maxmemory-policy": "noeviction",
    # The command line stays what we started, and so tells our server from a stranger with its pid.
    "set-proc-title": "no",
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    if sys.platform == "linux":
        return ""
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def take_alone(lock: IO[bytes]) -> bool:
    """Take the lock if nobody holds it; it goes when the last process that inherited it closes the file."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def write_private(path: Path, text: str) -> None:
    """All of it or nothing, and for the owner's eyes only from the first byte."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    Path(name).replace(path)


@dataclass(frozen=True)
class Server(ABC):
    """What both have in common. A lock that all its processes inherit tells whether any is alive."""

    name: ClassVar[str]
    title: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]]

    folder: Path
    password: str

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    @abstractmethod
    def port(self) -> int: ...

    @abstractmethod
    def pid(self) -> int | None: ...

    @abstractmethod
    def _launch(self, lock: IO[bytes], log: IO[bytes]) -> None:
        """Start the process, to inherit the lock. Whether it came up is asked afterwards."""

    @abstractmethod
    def _ready(self) -> bool:
        """Does it take connections? Asked only while it has a pid."""

    @abstractmethod
    def _kill_orphans(self) -> None: ...

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Return when it takes connections, at once if it does already."""
        if self._comes_up():
            return
        # Twice, because another program may take the free port before our server does.
        for _ in range(2):
            self._start_process()
            if self._comes_up():
                return
        raise ServerFailed(f"{self.title} did not start; {self.log} says why.")

    def _start_process(self) -> None:
        with self._open_lock() as lock, self.log.open("ab") as log:
            if not take_alone(lock):
                self._kill_orphans()
                self._wait_for(lock)
            self._launch(lock, log)

    def _comes_up(self) -> bool:
        """Reading back what a crash left may take minutes; only a process that is gone has failed."""
        _comes_true(lambda: self.pid() is None or self._ready(), 300)
        return self.pid() is not None and self._ready()

    def stop(self) -> bool:
        """Return when its last process is gone; False if there was none."""
        if self.pid() is None:
            self._kill_orphans()
            return False
        with self._open_lock() as lock:
            for each in self.stop_signals:
                pid = self.pid()
                if pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(pid, each)
                if _comes_true(lambda: take_alone(lock), 30):
                    return True
        raise ServerFailed(f"{self.title} did not stop; {self.log} says why.")

    def _open_lock(self) -> IO[bytes]:
        return (self.folder / f"{self.name}.lock").open("ab")

    def _wait_for(self, lock: IO[bytes]) -> None:
        if not _comes_true(lambda: take_alone(lock), 10):
            raise ServerFailed(
                f"{self.title} of {self.folder} is in use by a process that cannot be seen from here, "
                "perhaps in a container: stop it there first."
            )

    def _pid_in(self, file: Path, *, mark: str) -> int | None:
        """The pid in the file, if that process is ours: after a crash it may be anybody's."""
        try:
            pid = int(file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if mark in _command_line(pid) else None


class Postgres(Server):
    name = "postgres"
    title = "PostgreSQL"
    # Fast, then immediate: the second needs recovery at the next start and loses nothing either.
    stop_signals = (signal.SIGINT, signal.SIGQUIT)

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def port(self) -> int:
        return int(self._pid_file.read_text().splitlines()[3])

    @property
    def cluster(self) -> Path:
        return (self.folder / "postgres").resolve()

    @property
    def _pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    def pid(self) -> int | None:
        return self._pid_in(self._pid_file, mark=f"-D {self.cluster} ")

    def _ready(self) -> bool:
        """A dying server still says so in its file, and one that still recovers answers: ask both."""
        with suppress(OSError):
            if self._pid_file.read_text().split()[-1:] == ["ready"]:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    connection.sendall(struct.pack("!ii", 8, 80877103))  # may we speak TLS? yes or no will do
                    return connection.recv(1) in {b"S", b"N"}
        return False

    def _launch(self, lock: IO[bytes], log: IO[bytes]) -> None:
        account = account_for(self.cluster)
        programs = find_postgres(self.cluster)
        if not self.cluster.exists():
            self._create(programs, account, log)
        programs = self._within_reach(programs, account, self.cluster.parent)
        # Nobody of ours is alive, we hold the lock: a pid in here is a stranger's, and would stop the start.
        self._pid_file.unlink(missing_ok=True)
        settings = {**POSTGRES_SETTINGS, "port": str(_free_port())}
        options = shlex.join(part for key, value in settings.items() for part in ("-c", f"{key}={value}"))
        start = (programs / "pg_ctl", "-D", self.cluster, "-w", "-t", "300", "-o", options, "start")
        account.run(*start, output=log, keep=(lock.fileno(),))

    def _create(self, programs: Path, account: Account, log: IO[bytes]) -> None:
        """A user we become may not pass through our folders: its cluster is in /var/tmp, here a link."""
        link = self.folder / "postgres"
        if link.is_symlink():
            raise EmbeddedError(f"{link} leads to a database that is gone: restore it, or remove the link.")
        if account.user is None:
            self._create_in(self.folder, programs, account, log)
            return
        with ExitStack() as undo:
            home = Path(tempfile.mkdtemp(prefix="preflight-", dir="/var/tmp"))  # noqa: S108 (random name, 0700)
            undo.callback(shutil.rmtree, home)
            os.chown(home, account.user, account.group or 0)
            self._create_in(home, self._within_reach(programs, account, home), account, log)
            link.symlink_to(home / "postgres")
            undo.pop_all()

    def _within_reach(self, programs: Path, account: Account, home: Path) -> Path:
        if account.user is None or account.run("test", "-x", programs / "postgres") == 0:
            return programs
        copy = home / "pginstall"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(programs.parent, copy, symlinks=True)
        return copy / programs.name

    def _create_in(self, home: Path, programs: Path, account: Account, log: IO[bytes]) -> None:
        unfinished = home / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = home / "postgres.password"
        write_private(password, self.password)
        locale = ["--locale=C.UTF-8"]
        if version(programs / "postgres")[0] >= 17:
            # Its own C.UTF-8, alike on every system.
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            if account.user is not None:
                os.chown(password, account.user, account.group or 0)
            rules = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8")
            if account.run(programs / "initdb", "-D", unfinished, *rules, *locale, output=log) != 0:
                raise ServerFailed(f"The database could not be created; {self.log} says why.")
        finally:
            password.unlink()
        unfinished.rename(home / "postgres")

    def _kill_orphans(self) -> None:
        """Children of a killed server hold its shared memory, and a new one refuses to start beside them."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                ours = (process / "cwd").readlink() == self.cluster
                if ours and (process / "cmdline").read_bytes().startswith(b"postgres: "):
                    os.kill(int(process.name), signal.SIGKILL)


class Redis(Server):
    name = "redis"
    title = "Redis"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def port(self) -> int:
        found = re.search(r"^port (\d+)$", self._settings_file.read_text(), re.MULTILINE)
        if not found:
            raise ServerFailed(f"{self._settings_file} names no port: run `python -m config.embedded down`.")
        return int(found[1])

    @property
    def _settings_file(self) -> Path:
        return self.folder / "redis.conf"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "redis.pid"

    def pid(self) -> int | None:
        return self._pid_in(self._pid_file, mark=str(self._settings_file))

    def _launch(self, lock: IO[bytes], log: IO[bytes]) -> None:
        data = self.folder / "redis"
        data.mkdir(mode=0o700, exist_ok=True)
        places = {"dir": data, "logfile": self.log, "pidfile": self._pid_file}
        settings = {
            **REDIS_SETTINGS,
            **{key: f'"{path}"' for key, path in places.items()},
            "port": str(_free_port()),
            "requirepass": self.password,
        }
        write_private(self._settings_file, "".join(f"{key} {value}\n" for key, value in settings.items()))
        command = (find_redis(), self._settings_file)
        Account().run(*command, output=log, keep=(lock.fileno(),))
        # It goes on in the background, and says who it is a moment later.
        _comes_true(lambda: self.pid() is not None, 5)

    def _kill_orphans(self) -> None:
        """It leaves none but a short-lived one that writes its file anew."""

    def _ready(self) -> bool:
        """It answers -LOADING while it reads its file."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(1024)):
                answer += more
            return answer == b"+OK\r\n+PONG\r\n"
        return False
