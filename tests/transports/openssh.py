"""OpenSSH's own server on loopback, for one test, without privileges."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncssh

from tradingpartners.transports import Connection

SSHD = Path("/usr/sbin/sshd")
CONFIGURATION = """
ListenAddress 127.0.0.1:{port}
HostKey {root}/host_key
AuthorizedKeysFile {root}/authorized_keys
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
Subsystem sftp internal-sftp -u 0022
ForceCommand internal-sftp
"""


class OpenSshServer:
    """`inbox`, `outbox` and `archive` are in `home`, or in `root`; only the key `client_key` gets in.

    All of `root` becomes the property of the user who logs in.
    """

    def __init__(self, root: Path, home: Path | None = None) -> None:
        self.root = root
        self.folders = {name: (home or root) / name for name in ("inbox", "outbox", "archive")}
        self.inbox, self.outbox, self.archive = self.folders.values()
        # Root would be let through any permission; sshd lets a plain user log in as that user only,
        # and takes nobody's account for a locked one.
        self.user = "daemon" if os.geteuid() == 0 else getpass.getuser()
        for folder in self.folders.values():
            folder.mkdir(exist_ok=True)
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")
        (root / "authorized_keys").write_bytes(self.client_key.export_public_key())
        self.port = _free_port()
        (root / "sshd_config").write_text(CONFIGURATION.format(port=self.port, root=root))
        self.start("ssh-ed25519")

    def start(self, algorithm: str) -> None:
        """With a new host key of that kind."""
        self.host_key = asyncssh.generate_private_key(algorithm)
        path = self.root / "host_key"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(self.host_key.export_private_key())
        if os.geteuid() == 0:
            for owned in (self.root, *self.root.rglob("*")):
                shutil.chown(owned, self.user)
        self._process = subprocess.Popen(
            [str(SSHD), "-D", "-e", "-f", str(self.root / "sshd_config")],
            **_as(self.user),
            stderr=subprocess.PIPE,
        )
        _await_port(self.port)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def kill(self) -> None:
        """With the conversations it has."""
        for process in [*_children(self._process.pid), self._process.pid]:
            os.kill(process, signal.SIGKILL)

    @property
    def pinned(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    def connection(self, *, patience: float = 20.0, passphrase: str = "", **settings: Any) -> Connection:
        key = self.client_key.export_private_key(passphrase=passphrase or None, rounds=50).decode()
        usual = {
            "host": "127.0.0.1",
            "port": self.port,
            "host_keys": [self.pinned],
            **{name: str(folder) for name, folder in self.folders.items()},
        }
        credentials = {"username": self.user, "private_key": key, "passphrase": passphrase}
        return Connection(uuid4(), {**usual, **settings}, credentials, patience)


def _children(process: int) -> list[int]:
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [each for child in map(int, told.split()) for each in (*_children(child), child)]


def _as(user: str) -> dict[str, Any]:
    """Without root's groups, too."""
    if os.geteuid() != 0:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("sshd did not start")
