"""The simulator's own book: every question and answer, one JSON object a line.

A line is on its way to disk before the answer it records leaves, so a killed simulator may have
written of an answer nobody got, and never gave one it did not write of.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = Mapping[str, Any]


class Journal:
    """Appends to `path`. One process writes at a time; it may be another one than before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        drop_torn_line(path)
        self.stream = path.open("ab")

    def write(self, entries: Iterable[Entry]) -> None:
        """All entries in one piece."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = [json.dumps({"event": entry["event"], "at": at, **entry}) for entry in entries]
        if lines:
            self.stream.write(("\n".join(lines) + "\n").encode())
            self.stream.flush()

    def close(self) -> None:
        self.stream.close()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, oldest first; nothing where there is no file."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield json.loads(line)


def drop_torn_line(path: Path) -> None:
    """A kill in the middle of a write leaves half a line: nothing it would have said was sent."""
    if not path.exists():
        return
    text = path.read_bytes()
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        with path.open("r+b") as stream:
            stream.truncate(whole)
