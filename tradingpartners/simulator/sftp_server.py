"""The SFTP door: a password, and nothing to see but the inbox and the outbox."""

import asyncio
import hmac
import posixpath
import socket
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from tradingpartners.simulator.folders import Folders
from tradingpartners.simulator.outbox import Outbox
from tradingpartners.simulator.scenarios import Fault, On, Stage
from tradingpartners.simulator.uploads import Uploads

KEY_FILE, NEXT_KEY_FILE = "host_key", "next_host_key"
INBOX, OUTBOX = "/inbox", "/outbox"
ON_CONNECT = frozenset({"new_host_key", "host_key_roll", "unreachable"})
ON_PUT = frozenset({"disk_full", "permission_denied", "name_taken"})
SOMEBODY_ELSES = b"A file of somebody else's.\n"


@dataclass(frozen=True)
class HostKeys:
    """The key a client pins today, and the one it would pin after a change that was announced."""

    current: asyncssh.SSHKey
    coming: asyncssh.SSHKey

    def shown(self, fault: Fault | None) -> list[asyncssh.SSHKey]:
        if fault is None:
            return [self.current]
        return [self.coming] if fault.name == "new_host_key" else [self.current, self.coming]


class Doorkeeper(asyncssh.SSHServer):
    def __init__(self, credentials: tuple[str, str]) -> None:
        self.credentials = credentials

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        given, right = f"{username}:{password}", ":".join(self.credentials)
        return hmac.compare_digest(given.encode(), right.encode())


class Counter(asyncssh.SFTPServer):
    """The folders as one client sees them. What it does in the inbox is noted, and may go wrong."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], folders: Folders, hatch: "Hatch") -> None:
        super().__init__(channel, chroot=bytes(folders.home))
        self.hatch = hatch
        self.names: dict[int, str] = {}  # by open file
        self.faults: dict[str, Fault] = {}  # by name in the inbox

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        name = inbox_name(path)
        if not name or not pflags & asyncssh.FXF_WRITE:
            return super().open(path, pflags, attrs)
        fault = self.hatch.stage.fault_for(On.PUT, playable=ON_PUT, via="sftp", file=name)
        if fault is not None:
            self.faults[name] = fault
            if fault.name == "permission_denied":
                raise asyncssh.SFTPPermissionDenied("Permission denied")
        opened = super().open(path, pflags, attrs)
        self.hatch.uploads.opened(name)
        self.names[id(opened)] = name
        return opened

    def write(self, file_obj: object, offset: int, data: bytes) -> int | Awaitable[int]:
        """A full disk takes the first half of what it is given, and no more."""
        fault = self.faults.get(self.names.get(id(file_obj), ""))
        if fault is not None and fault.name == "disk_full":
            super().write(file_obj, offset, data[: len(data) // 2])
            raise asyncssh.SFTPFailure("No space left on device")
        return super().write(file_obj, offset, data)

    def close(self, file_obj: object) -> None:
        super().close(file_obj)
        name = self.names.pop(id(file_obj), None)
        if name is not None:
            self.hatch.uploads.closed(name)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self.take_name(oldpath, newpath)
        super().rename(oldpath, newpath)
        self.note_rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self.take_name(oldpath, newpath)
        if Path(self.map_path(newpath).decode()).exists():
            self.hatch.stage.journal.write([{"event": "overwritten", "file": inbox_name(newpath)}])
        super().posix_rename(oldpath, newpath)
        self.note_rename(oldpath, newpath)

    def remove(self, path: bytes) -> None:
        super().remove(path)
        self.hatch.uploads.removed(inbox_name(path))

    def take_name(self, oldpath: bytes, newpath: bytes) -> None:
        """By a fault, somebody else has put a file of that name a moment ago."""
        fault = self.faults.pop(inbox_name(oldpath), None)
        target = Path(self.map_path(newpath).decode())
        if fault is not None and fault.name == "name_taken" and not target.exists():
            target.write_bytes(SOMEBODY_ELSES)

    def note_rename(self, oldpath: bytes, newpath: bytes) -> None:
        old, new = inbox_name(oldpath), inbox_name(newpath)
        if old and new:
            self.hatch.uploads.renamed(old, new)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        async for entry in super().scandir(path):
            yield entry
        if posixpath.normpath(posixpath.join("/", path.decode())) == OUTBOX:
            for name in self.hatch.outbox.strange_names:
                yield asyncssh.SFTPName(name.encode(), attrs=asyncssh.SFTPAttrs(permissions=0o100644))


@dataclass(frozen=True)
class Hatch:
    """What the SFTP door passes on to the house behind it."""

    stage: Stage
    uploads: Uploads
    outbox: Outbox


class SftpDoor:
    def __init__(
        self, folders: Folders, hatch: Hatch, *, credentials: tuple[str, str], keys: HostKeys
    ) -> None:
        self.folders = folders
        self.hatch = hatch
        self.credentials = credentials
        self.keys = keys
        self.socket: socket.socket | None = None
        self.port = 0
        self.connections: set[asyncio.Task[None]] = set()

    def start(self, host: str, port: int) -> asyncio.Task[None]:
        """Listen at once; the task accepts clients until it is cancelled."""
        self.socket = socket.create_server((host, port))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        return asyncio.create_task(self.accept(self.socket))

    async def accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                client, _ = await loop.sock_accept(listening)
                task = asyncio.create_task(self.serve(client))
                self.connections.add(task)
                task.add_done_callback(self.connections.discard)

    async def serve(self, client: socket.socket) -> None:
        """One client, with the host key it is to be shown."""
        fault = self.hatch.stage.fault_for(On.CONNECT, playable=ON_CONNECT, via="sftp")
        if fault is not None and fault.name == "unreachable":
            client.close()
            return
        try:
            connection = await asyncssh.run_server(
                client,
                server_factory=lambda: Doorkeeper(self.credentials),
                server_host_keys=self.keys.shown(fault),
                send_server_host_keys=True,
                sftp_factory=lambda channel: Counter(channel, self.folders, self.hatch),
                allow_scp=False,
            )
            connection.send_server_host_keys()  # run_server, unlike listen, leaves this to its caller
            await connection.wait_closed()
        except (OSError, asyncssh.Error):
            return  # the client has left, or did not want the key


def inbox_name(path: bytes) -> str:
    """The name of a file straight in the inbox, else empty."""
    folder, name = posixpath.split(posixpath.normpath(posixpath.join("/", path.decode())))
    return name if folder == INBOX else ""


def host_keys(root: Path) -> HostKeys:
    """Kept in `root`: clients pin them, so a restart must not change them."""
    return HostKeys(kept_key(root / KEY_FILE), kept_key(root / NEXT_KEY_FILE))


def kept_key(path: Path) -> asyncssh.SSHKey:
    if path.exists():
        return asyncssh.read_private_key(path)
    key = asyncssh.generate_private_key("ssh-ed25519")
    temporary = path.with_suffix(".tmp")
    temporary.touch(mode=0o600)
    key.write_private_key(temporary)
    temporary.rename(path)
    return key


def public_key(key: asyncssh.SSHKey) -> str:
    """As one line: algorithm and key."""
    return " ".join(key.export_public_key().decode().split()[:2])
