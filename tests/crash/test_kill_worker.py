"""Killing is a normal event: kill -9 both workers in the middle of a sweep, and compare the books."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.servers import ROOT, own_servers

MEMBERS = int(os.environ.get("CRASH_MEMBERS", "2000"))
PROGRESS = re.compile(r"\] (\d+) of (\d+)")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with own_servers(5) as servers:
        yield servers


def workers_of(parent: int) -> list[int]:
    """The demo's Celery worker processes."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            above = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if above == parent and (b"control@%h" in command or b"payers@%h" in command):
            found.append(int(entry.name))
    return found


@pytest.mark.crash
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
@pytest.mark.xdist_group("crash")
def test_a_sweep_whose_workers_are_killed_still_reconciles(
    environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--exit", "--members", str(MEMBERS), "--json", str(out)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    printed: list[str] = []
    reader = threading.Thread(target=lambda: printed.append(demo.stdout.read() if demo.stdout else ""))
    reader.start()
    kill_at = [0.15, 0.4]
    killed = []
    assert demo.stderr is not None
    for line in demo.stderr:
        printed.append(line)
        if kill_at and (seen := PROGRESS.search(line)) and int(seen[1]) > kill_at[0] * int(seen[2]):
            kill_at.pop(0)
            for pid in workers_of(demo.pid):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    code = demo.wait()
    reader.join()
    figures = json.loads(out.read_text()) if out.exists() else {}
    assert len(killed) == 4, printed[-30:]
    assert figures.get("disagreements") == [], "\n".join(printed[-30:])
    assert code == 0
    assert figures["received"] + figures["failed"] + figures["skipped"] == figures["roster"] >= MEMBERS
