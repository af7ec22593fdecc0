"""Start the demo's processes, wait until they are up, and stop every one of them at the end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE_SECONDS = 60


class ProcessFailed(Exception):
    """A process of the demo did not come up; the text names its log."""


class Processes:
    """A family of child processes with a log file each."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, tuple[str, ...]] = {}

    def revive(self) -> list[str]:
        """Start again what has died; a killed process is a normal event. Returns their names."""
        dead = [name for name, process in self.running.items() if process.poll() is not None]
        for name in dead:
            self.start(name, *self.commands[name])
        return dead

    def start(self, name: str, *command: str) -> None:
        self.commands[name] = command
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_for(self, name: str, path: Path) -> dict[str, Any]:
        """The JSON a process writes once it is up."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not path.exists():
            self._must_live(name)
            if time.monotonic() > until:
                raise ProcessFailed(f"{name} did not come up; see {self.logs / name}.log")
            time.sleep(0.05)
        return dict(json.loads(path.read_text()))

    def wait_for_port(self, name: str, port: int) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            self._must_live(name)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise ProcessFailed(f"{name} did not come up; see {self.logs / name}.log")

    def _must_live(self, name: str) -> None:
        if self.running[name].poll() is not None:
            said = (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines()
            raise ProcessFailed(f"{name} stopped: {said[-1] if said else 'it said nothing'}")

    def stop(self) -> None:
        """Ask all at once, last started first; what does not listen in time is killed."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 15
        for process in self.running.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def processes(logs: Path) -> Iterator[Processes]:
    logs.mkdir(parents=True, exist_ok=True)
    family = Processes(logs)
    try:
        yield family
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # a second one must not cut the stopping short
            signal.signal(number, signal.SIG_IGN)
        family.stop()


def free_port(wanted: int = 0) -> int:
    """The wanted port if it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ProcessFailed("no free port")


def simulate(*arguments: str) -> Sequence[str]:
    return ["-m", "tradingpartners.simulator", *arguments]
