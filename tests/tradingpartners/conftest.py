"""An SFTP server of this process's own, on loopback, with an inbox and an outbox."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from practice.tenancy import tenant
from sweeps.models import SweepRun
from tests.factories import PartnerFactory, RouteFactory
from tests.payers import ScriptedPayer, scripted_payer
from tests.sweeps.conftest import Acme


class SftpServer:
    """Files land in `inbox`; what is put into `outbox` is there to fetch."""

    def __init__(self, root: Path) -> None:
        self.root, self.inbox, self.outbox = root, root / "inbox", root / "outbox"
        self.inbox.mkdir()
        self.outbox.mkdir()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self._call(self._listen())

    async def _listen(self) -> Any:
        class Accounts(asyncssh.SSHServer):
            def begin_auth(self, username: str) -> bool:
                return True

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == ("u", "p")

        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Accounts,
            server_host_keys=[self.key],
            sftp_factory=self._session,
        )

    def _session(self, channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=os.fsencode(self.root))

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.server.get_port(),
            "inbox": "/inbox",
            "outbox": "/outbox",
            "host_keys": [self.key.export_public_key().decode().strip()],
        }

    def stop(self) -> None:
        async def close() -> None:
            self.server.close()
            await self.server.wait_closed()

        self._call(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def files(self) -> list[Path]:
        return sorted(self.inbox.iterdir())


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    server = SftpServer(tmp_path)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def payer_server() -> Iterator[ScriptedPayer]:
    with scripted_payer() as payer:
        yield payer


class FileAcme(Acme):
    """Acme, whose payer takes files."""

    def __init__(self, server: ScriptedPayer, sftp: SftpServer, **limits: Any) -> None:
        super().__init__(server)
        with self.inside():
            self.partner.routes.all().delete()
            self.partner = PartnerFactory(transport="sftp", settings=sftp.settings, **limits)
            RouteFactory(payer=self.payer, partner=self.partner)

    def limit(self, **fields: Any) -> None:
        with tenant(self.organization.pk):
            for name, value in fields.items():
                setattr(self.partner, name, value)
            self.partner.save()

    def outcome(self, run: SweepRun) -> tuple[int, int, int]:
        counts = self.read(run)
        return counts.active, counts.inactive, counts.failed


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer, sftp: SftpServer) -> FileAcme:
    return FileAcme(payer_server, sftp)
