"""Start the simulator as the separate program it is, and talk to it through its two doors."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncssh

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0


@dataclass
class Simulator:
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    journal: Path

    def entries(self, *events: str) -> list[dict[str, Any]]:
        lines = self.journal.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] in events]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def post(
        self, payer_id: str, body: bytes, *, password: str | None = None, method: str = "POST"
    ) -> tuple[int, bytes]:
        """Status and body; status 0 where the connection was closed without an answer."""
        http = self.ready["http"]
        secret = f"{http['username']}:{password or http['password']}"
        headers = {
            "Authorization": f"Basic {b64encode(secret.encode()).decode()}",
            "Content-Type": "application/edi-x12",
        }
        connection = HTTPConnection(urlsplit(http["url"]).netloc, timeout=PATIENCE)
        try:
            connection.request(method, f"/payers/{payer_id}/x12", body=body, headers=headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except RemoteDisconnected:
            return 0, b""
        finally:
            connection.close()

    def connect(self, password: str | None = None) -> Any:
        sftp = self.ready["sftp"]
        host_key = f"[{sftp['host']}]:{sftp['port']} {sftp['host_key']}"
        return asyncssh.connect(
            sftp["host"],
            sftp["port"],
            username=sftp["username"],
            password=password or sftp["password"],
            known_hosts=asyncssh.import_known_hosts(host_key),
            client_keys=None,
            config=None,
        )

    def put(self, name: str, body: bytes) -> None:
        """Under a temporary name, then the real one."""

        async def put() -> None:
            async with self.connect() as connection, connection.start_sftp_client() as sftp:
                async with sftp.open(f"/inbox/.{name}.tmp", "wb") as file:
                    await file.write(body)
                await sftp.rename(f"/inbox/.{name}.tmp", f"/inbox/{name}")

        asyncio.run(put())

    def inbox(self) -> set[str]:
        return set(asyncio.run(self.names("/inbox")))

    async def names(self, folder: str) -> list[str]:
        """Of the finished files in a folder."""
        async with self.connect() as connection, connection.start_sftp_client() as sftp:
            return [name for name in await sftp.listdir(folder) if not name.startswith(".")]

    def outbox(self) -> dict[str, bytes]:
        return asyncio.run(self.listing("/outbox"))

    async def listing(self, folder: str) -> dict[str, bytes]:
        """Every finished file of a folder with its contents."""
        found = {}
        async with self.connect() as connection, connection.start_sftp_client() as sftp:
            for name in await sftp.listdir(folder):
                if not name.startswith("."):
                    async with sftp.open(f"{folder}/{name}", "rb") as file:
                        found[name] = await file.read()
        return found


def start(folder: Path, population: Path, *more: str) -> Simulator:
    """A running simulator with its journal and files in `folder`; files there are taken up."""
    ready, journal = folder / "ready.json", folder / "journal.jsonl"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tradingpartners.simulator", "serve"]
    command += ["--population", str(population), "--journal", str(journal)]
    command += ["--ready", str(ready), "--root", str(folder / "root"), *more]
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own program
    until(lambda: ready.exists() or process.poll() is not None)
    return Simulator(process, json.loads(ready.read_text(encoding="utf-8")), journal)


def until(holds: Any) -> None:
    """Wait for something to hold, and fail if it does not in time."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.03)
