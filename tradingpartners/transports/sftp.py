"""Files over SFTP: put under a temporary name, then rename; host key pinned, always."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar, cast

import asyncssh

from tradingpartners.transports import (
    Awaited,
    Connection,
    Look,
    NotSent,
    OutgoingFile,
    Receipt,
    RemoteFile,
    Step,
    TransportError,
    Unsure,
)

Result = TypeVar("Result")

# A partner may still be writing what we see.
FILES_GROW = True
LARGEST_FILE = 512 * 1024 * 1024
_TEMPORARY = (".tmp", ".part", ".filepart", ".uploading")


class _Address(NamedTuple):
    """A partner's settings and credentials, whole."""

    host: str
    port: int
    inbox: str
    outbox: str
    username: str
    password: str | None
    known_hosts: asyncssh.SSHKnownHosts


def check(connection: Connection) -> None:
    _address(connection)


def try_out(connection: Connection) -> list[Step]:
    try:
        look(connection, (), {})
    except TransportError as error:
        return [Step("folders", error.code)]
    return [Step("folders")]


def _address(connection: Connection) -> _Address:
    settings, credentials = connection.settings, connection.credentials
    for name in ("host", "port", "inbox", "outbox", "host_keys"):
        if not settings.get(name):
            raise NotSent(f"settings:{name}")
    if not credentials.get("username"):
        raise NotSent("settings:credentials")
    host, port = str(settings["host"]), str(settings["port"])
    if not port.isdigit():
        raise NotSent("settings:port")
    lines = [f"[{host}]:{port} {key}\n" for key in settings["host_keys"]]
    try:
        known_hosts = asyncssh.import_known_hosts("".join(lines))
    except (ValueError, asyncssh.Error):
        raise NotSent("settings:host_keys") from None
    return _Address(
        host,
        int(port),
        str(settings["inbox"]),
        str(settings["outbox"]),
        str(credentials["username"]),
        credentials.get("password"),
        known_hosts,
    )


def upload(connection: Connection, file: OutgoingFile) -> None:
    """Write the whole file under a temporary name, which no partner reads."""

    async def work(client: asyncssh.SFTPClient) -> None:
        async with client.open(_dropped(connection, file.name) + ".tmp", "wb") as remote:
            await remote.write(file.content)

    try:
        _run(connection, work, deadline=300)
    except Unsure as error:
        raise NotSent(error.code) from None


def publish(connection: Connection, file: OutgoingFile) -> Receipt:
    """Give an uploaded file its final name. Safe to repeat: one of which nothing is left was taken."""

    async def work(client: asyncssh.SFTPClient) -> None:
        final = _dropped(connection, file.name)
        if not await client.exists(final) and await client.exists(final + ".tmp"):
            await client.rename(final + ".tmp", final)

    _run(connection, work, deadline=60)
    return Receipt()


def _dropped(connection: Connection, name: str) -> str:
    return posixpath.join(connection.settings.get("inbox") or "", name)


def look(connection: Connection, awaited: Sequence[Awaited], cursor: Mapping[str, Any]) -> Look:
    """Finished files in the partner's outbox, and what of ours is still in its drop folder."""

    async def work(client: asyncssh.SFTPClient) -> Look:
        there = [
            RemoteFile(str(entry.filename), int(entry.attrs.size or 0), int(entry.attrs.mtime or 0))
            for entry in await client.readdir(connection.settings["outbox"])
            if entry.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
        ]
        dropped = {str(entry.filename) for entry in await client.readdir(connection.settings["inbox"])}
        ours = frozenset(name.removesuffix(".tmp") for name in dropped)
        return Look([file for file in there if not _is_temporary(file.name)], ours)

    return _run(connection, work, deadline=60)


def fetch(connection: Connection, file: RemoteFile) -> bytes:
    if file.size > LARGEST_FILE:
        raise NotSent("file_too_large")

    async def work(client: asyncssh.SFTPClient) -> bytes:
        async with client.open(posixpath.join(connection.settings["outbox"], file.name), "rb") as remote:
            return cast(bytes, await remote.read(file.size + 1))

    return _run(connection, work, deadline=300)


def put_away(connection: Connection, file: RemoteFile) -> None:
    """Files stay where they are."""


def _is_temporary(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_TEMPORARY)


@asynccontextmanager
async def _client(connection: Connection) -> AsyncIterator[asyncssh.SFTPClient]:
    address = _address(connection)
    shell = await asyncssh.connect(
        address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        client_keys=None,
        agent_path=None,
        config=None,
        known_hosts=address.known_hosts,
        connect_timeout=15,
        login_timeout=30,
    )
    async with shell, shell.start_sftp_client() as client:
        yield client


def _run(
    connection: Connection,
    work: Callable[[asyncssh.SFTPClient], Awaitable[Result]],
    *,
    deadline: float,
) -> Result:
    async def connected() -> Result:
        async with _client(connection) as client:
            return await work(client)

    async def bounded() -> Result:
        return await asyncio.wait_for(connected(), deadline)

    try:
        return asyncio.run(bounded())
    except asyncssh.HostKeyNotVerifiable as error:
        raise NotSent("host_key_changed") from error
    except asyncssh.PermissionDenied as error:
        raise NotSent("login_refused") from error
    except TimeoutError as error:
        raise Unsure("timeout") from error
    except asyncssh.SFTPError as error:
        raise Unsure(f"sftp_{type(error).__name__.removeprefix('SFTP').lower()}") from error
    except (OSError, asyncssh.Error) as error:
        raise Unsure("connection_lost") from error
