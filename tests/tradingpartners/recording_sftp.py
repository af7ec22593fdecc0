"""A file partner with published limits: it keeps each file for a while, rejects an overlap, answers
by splitting the 270, and keeps a book of when each file appeared and left."""

from __future__ import annotations

import asyncio
import os
import posixpath
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import asyncssh

from tests import payers
from tests.tradingpartners.conftest import SftpServer


class Seen(NamedTuple):
    """One file: when it got its name, and its interchange as the partner reads it."""

    at: float
    control_number: str
    traces: list[str]


class RecordingPartner(SftpServer):
    """`answer` gives the segments for one question, or None to leave it unanswered."""

    def __init__(
        self,
        root: Path,
        *,
        keep_seconds: float,
        answer: Callable[[payers.Question], list[str] | None] = payers.answer,
    ) -> None:
        self.keep_seconds, self.answer = keep_seconds, answer
        self.starts: list[Seen] = []
        self.rejected: list[str] = []
        self.kept: set[str] = set()
        super().__init__(root)

    def _session(self, channel: Any) -> asyncssh.SFTPServer:
        partner = self

        class Session(asyncssh.SFTPServer):
            def rename(self, oldpath: bytes, newpath: bytes) -> Any:
                partner.receive(posixpath.basename(os.fsdecode(newpath)))
                return super().rename(oldpath, newpath)

            posix_rename = rename

        return Session(channel, chroot=os.fsencode(self.root))

    def receive(self, name: str) -> None:
        """A file gets its name, whose content lies there already."""
        if self.kept:
            self.rejected.append(name)
            raise asyncssh.SFTPFailure("one file at a time")
        sets = (self.inbox / f"{name}.tmp").read_bytes().split(b"~ST*")
        asked = [payers.Question(b"ST*" + each.split(b"~SE*")[0]) for each in sets[1:]]
        number = sets[0].decode().split("*")[13]
        self.starts.append(Seen(time.monotonic(), number, [each.trace for each in asked]))
        self.kept.add(name)
        asyncio.get_running_loop().call_later(self.keep_seconds, self._take, name, asked)

    def _take(self, name: str, asked: list[payers.Question]) -> None:
        answers = [said for each in asked if (said := self.answer(each)) is not None]
        written = self.outbox / f"{name}.tmp"
        written.write_bytes(payers.envelope(*answers, number=len(self.starts)))
        written.rename(self.outbox / f"{name}.271")
        (self.inbox / name).unlink()
        self.kept.discard(name)

    def most_starts_in(self, seconds: float) -> int:
        times = [each.at for each in self.starts]
        return max(sum(1 for at in times if first <= at < first + seconds) for first in times)
