"""Files pushed to the other side by AS2: again with the same Message-ID until a receipt settles it."""

import asyncio
from collections.abc import Collection, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from tradingpartners.simulator.as2_keys import Mode
from tradingpartners.simulator.as2_messages import Notice, Posted, Station, is_receipt
from tradingpartners.simulator.journal import Journal
from tradingpartners.simulator.scenarios import Fault

LOOKS_FOR_PARTNER_EVERY = 0.2
TIMEOUT = 20.0


class PostError(Exception):
    """Nobody answered, or not with success. The text is a word for the journal."""


class As2Outlet:
    """`outgoing` holds what no receipt has settled, `sent` what is taken, `held` what was refused."""

    def __init__(self, station: Station, journal: Journal, *, retry_seconds: float) -> None:
        self.station = station
        self.journal = journal
        self.retry_seconds = retry_seconds
        self.outgoing, self.sent, self.held = (station.folder / name for name in ("outgoing", "sent", "held"))
        for folder in (self.outgoing, self.sent, self.held):
            folder.mkdir(parents=True, exist_ok=True)
        self.messages: dict[str, Posted] = {}  # by Message-ID
        self.notices: dict[str, asyncio.Future[Notice]] = {}  # awaited on another connection
        self.pushing: set[asyncio.Task[None]] = set()

    def prepare(self, name: str, raw: bytes) -> None:
        hidden = self.outgoing / f".{name}.tmp"
        hidden.write_bytes(raw)
        hidden.rename(self.outgoing / name)

    async def release(self, name: str, fault: Fault | None = None) -> None:
        self.start(name, twice=fault is not None and fault.name == "duplicate_message")

    def resume(self, written: Collection[str]) -> None:
        """What an earlier process did not bring to an end; what no journal knows is written again."""
        for path in sorted(self.outgoing.iterdir()):
            if path.name in written:
                self.start(path.name)
            else:
                path.unlink()

    def start(self, name: str, *, twice: bool = False) -> None:
        task = asyncio.create_task(self.push(name, twice=twice))
        self.pushing.add(task)
        task.add_done_callback(self.pushing.discard)

    async def push(self, name: str, *, twice: bool) -> None:
        raw = (self.outgoing / name).read_bytes()
        while not (url := self.station.other.url):
            await asyncio.sleep(LOOKS_FOR_PARTNER_EVERY)
        message = self.station.compose(name, raw)
        self.messages[message.message_id] = message
        attempt, again = 0, twice
        while True:
            attempt += 1
            notice, outcome = await self.attempt(message, url)
            self.book(name, message, attempt, outcome)
            if notice is not None and again:
                again = False
            elif notice is not None:
                break
            else:
                await asyncio.sleep(self.retry_seconds)
        (self.outgoing / name).rename((self.sent if notice.is_taken else self.held) / name)

    def book(self, name: str, message: Posted, attempt: int, outcome: str) -> None:
        entry = {"message_id": message.message_id, "attempt": attempt, "outcome": outcome}
        self.journal.write([{"event": "as2_push", "file": name, **entry}])

    async def attempt(self, message: Posted, url: str) -> tuple[Notice | None, str]:
        """What the receipt said, if one came; and a word for the journal."""
        awaited = asyncio.get_running_loop().create_future()
        self.notices[message.message_id] = awaited
        try:
            headers, body = await asyncio.to_thread(post, url, message)
            if is_receipt(headers, body):
                notice = self.read(headers, body)
            elif self.station.mode is Mode.ASYNC:
                notice = await asyncio.wait_for(awaited, max(self.retry_seconds, 1.0))
            else:
                return None, "no_receipt"
        except PostError as error:
            return None, str(error)
        except TimeoutError:
            return None, "no_receipt"
        finally:
            self.notices.pop(message.message_id, None)
        return notice, f"{notice.status}: {notice.detail}".removesuffix(": ")

    def read(self, headers: Mapping[str, str], body: bytes) -> Notice:
        return self.station.read_receipt(headers, body, sent=self.messages.get)

    def hear(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """A receipt that came on a connection of its own."""
        notice = self.read(headers, body)
        awaited = self.notices.get(notice.message_id)
        if awaited is not None and not awaited.done():
            awaited.set_result(notice)
        return notice


def post(url: str, posted: Posted) -> tuple[dict[str, str], bytes]:
    """Headers by small name, and the body. Raises PostError; follows no redirect."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.request("POST", path, body=posted.body, headers=dict(posted.headers))
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, HTTPException) as error:
        raise PostError("unreachable") from error
    finally:
        connection.close()
    if not 200 <= reply.status < 300:
        raise PostError(f"http_{reply.status}")
    return {name.lower(): value for name, value in reply.getheaders()}, body


def receipts_folder(folder: Path) -> Path:
    path = folder / "receipts"
    path.mkdir(parents=True, exist_ok=True)
    return path
