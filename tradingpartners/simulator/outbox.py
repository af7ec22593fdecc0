"""The folder an SFTP client fetches from, and the ways a file can come into it."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from tradingpartners.simulator.folders import Folders
from tradingpartners.simulator.scenarios import Fault

PIECES = 8


class Outlet(Protocol):
    """One way out. What is prepared is on disk; the journal knows of it before it is released."""

    def prepare(self, name: str, raw: bytes) -> None: ...

    async def release(self, name: str, fault: Fault | None = None) -> None: ...


class Outbox:
    def __init__(self, folders: Folders) -> None:
        self.folder = folders.outbox
        self.home = folders.home
        self.outside = folders.outside
        self.strange_names: list[str] = []  # shown in the listing, and no names of files in it

    def prepare(self, name: str, raw: bytes) -> None:
        hidden(self.folder / name).write_bytes(raw)

    async def release(self, name: str, fault: Fault | None = None) -> None:
        path = self.folder / name
        manner = fault.name if fault else ""
        if fault and manner == "slow_writer":
            await write_slowly(path, fault.number("seconds"), temporary=bool(fault.parameters["temporary"]))
        elif manner == "path_in_name":
            hidden(path).rename(self.home / name)
            self.strange_names.append(f"../{name}")
        elif manner == "symlink":
            hidden(path).rename(self.outside / name)
            path.symlink_to(self.outside / name)
        else:
            if fault and manner == "huge_file":
                os.truncate(hidden(path), int(fault.number("bytes")))
            hidden(path).rename(path)

    async def was_fetched(self, name: str, *, seconds: float) -> None:
        """Wait until a file is gone from the folder, but no longer than so."""
        for _ in range(max(1, round(seconds / 0.1))):
            if not (self.folder / name).exists():
                return
            await asyncio.sleep(0.1)

    def finish(self, written: Collection[str]) -> None:
        """A file the journal knows of was meant to leave; any other half is written again."""
        for path in self.folder.glob(".*.tmp"):
            name = path.name.removeprefix(".").removesuffix(".tmp")
            if name in written:
                path.rename(path.with_name(name))
            else:
                path.unlink()


async def write_slowly(path: Path, seconds: float, *, temporary: bool) -> None:
    """The prepared file, grown in pieces under its own name or one that says it is not whole."""
    raw = hidden(path).read_bytes()
    growing = path.with_name(f"{path.name}.part") if temporary else path
    size = len(raw) // PIECES + 1
    with growing.open("wb") as stream:
        for start in range(0, len(raw), size):
            stream.write(raw[start : start + size])
            stream.flush()
            await asyncio.sleep(seconds / PIECES)
    if temporary:
        growing.rename(path)
    hidden(path).unlink()


def hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")
