"""Files over SFTP: put under a temporary name, then renamed, never over another; host keys pinned, always.

Settings: host, port, inbox, outbox, host_keys, archive, pattern, leave. Credentials: username with
password or private_key and passphrase. See docs/transports.md.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import cast
from uuid import uuid4

import asyncssh

from practice import outbound
from tradingpartners.transports import (
    Awaited,
    Connection,
    Held,
    Look,
    NotSent,
    OutgoingFile,
    Receipt,
    RemoteFile,
    Step,
    Unsure,
)
from tradingpartners.transports.ssh import Client, account_of, as_line, check_pinned, host_key_of, talk
from tradingpartners.transports.trying import Trial

# A partner may still be writing what we see.
FILES_GROW = True
LARGEST_FILE = 100 * 1024 * 1024
_TEMPORARY = (".tmp", ".part", ".filepart", ".uploading")
# Some servers do not say what kind of thing a name is.
_FILES = (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)
_CHUNK = 1024 * 1024
_LOOK_SECONDS, _FETCH_SECONDS, _TRIAL_SECONDS = 60.0, 300.0, 20.0
# Names tried for a file in the archive where its own is taken: name, name.1, name.2, …
_MOST_NAMESAKES = 100


def check(connection: Connection) -> None:
    account_of(connection)
    _check_folders(connection)


def _check_folders(connection: Connection) -> None:
    for name in ("inbox", "outbox"):
        if not connection.settings.get(name):
            raise NotSent(f"settings:{name}")


# --- handing over --------------------------------------------------------------------------------


def upload(connection: Connection, file: OutgoingFile) -> bool:
    """Write the whole file under a temporary name, which no partner reads, unless it is there under
    its own. Raises Held("name_taken") where another file has that."""

    async def work(client: Client) -> None:
        final = _at(connection, "inbox", file.name)
        if await _is_ours(client, final, file):
            return
        async with client.open(_temporary(final), "wb") as remote:
            await remote.write(file.content)
        if await client.getsize(_temporary(final)) != len(file.content):
            raise NotSent("upload_incomplete")

    try:
        talk(connection, work, deadline=connection.patience)
    except Unsure as error:
        raise NotSent(error.code) from None
    return True


def publish(connection: Connection, file: OutgoingFile) -> Receipt:
    """Give an uploaded file its final name. Safe to repeat: of one that is gone, whoever knows whether
    it had that name before knows whether it may have been taken.

    Raises Held("name_taken") where another file has that name; it stays as it is.
    """

    async def work(client: Client) -> bool:
        final = _at(connection, "inbox", file.name)
        there = await client.exists(_temporary(final))
        if await _is_ours(client, final, file):  # renamed before, and that was not noted
            if there:
                await client.remove(_temporary(final))
            return True
        if there:
            await client.rename(_temporary(final), final)
        return bool(there)

    return Receipt(is_gone=not talk(connection, work, deadline=connection.patience))


async def _is_ours(client: Client, final: str, file: OutgoingFile) -> bool:
    """Whether the file has its final name. Names are never used twice, so size tells ours from others."""
    try:
        found = await client.lstat(final)
    except asyncssh.SFTPNoSuchFile:
        return False
    if found.type not in _FILES or found.size != len(file.content):
        raise Held("name_taken")
    return True


def _temporary(final: str) -> str:
    return f"{final}.tmp"


def _at(connection: Connection, folder: str, name: str = "") -> str:
    return posixpath.join(str(connection.settings.get(folder) or ""), name)


# --- fetching ------------------------------------------------------------------------------------


def look(connection: Connection, awaited: Sequence[Awaited], cursor: Mapping[str, object]) -> Look:
    """Finished files in the partner's outbox, and what of ours is still in its drop folder."""

    async def work(client: Client) -> Look:
        there = [
            RemoteFile(name, int(attributes.size or 0), int(attributes.mtime or 0))
            for name, attributes in await _entries(client, _at(connection, "outbox"))
            if attributes.type in _FILES and _is_wanted(connection, name)
        ]
        return Look(there, await _dropped(client, _at(connection, "inbox")))

    return talk(connection, work, deadline=_LOOK_SECONDS)


async def _dropped(client: Client, inbox: str) -> frozenset[str] | None:
    """None for a letter box: what is put there cannot be seen again."""
    try:
        entries = await _entries(client, inbox)
    except asyncssh.SFTPPermissionDenied:
        return None
    return frozenset(name.removesuffix(".tmp") for name, _ in entries)


async def _entries(client: Client, folder: str) -> list[tuple[str, asyncssh.SFTPAttrs]]:
    """Names that are one, each with what the folder says of it: a link is a link, not its target."""
    # Asked in bytes, told in bytes: one name that is not UTF-8 hides none of the others.
    found = await client.readdir(folder.encode())
    named = [(cast(bytes, entry.filename), entry.attrs) for entry in found]
    return [(name.decode(), attributes) for name, attributes in named if _is_name(name)]


def _is_name(name: bytes) -> bool:
    """A single name that can be written down: no way into another folder, nothing that cannot be seen."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable() and "/" not in text and text not in {"", ".", ".."}


def _is_wanted(connection: Connection, name: str) -> bool:
    """By `settings.pattern` (else all) and `settings.leave`: patterns such as *.271, spaces between."""
    lower = name.lower()
    if name.startswith(".") or lower.endswith(_TEMPORARY):
        return False
    take = _patterns(connection, "pattern") or ["*"]
    return _matches(lower, take) and not _matches(lower, _patterns(connection, "leave"))


def _patterns(connection: Connection, setting: str) -> list[str]:
    return str(connection.settings.get(setting) or "").lower().split()


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def fetch(connection: Connection, file: RemoteFile) -> bytes:
    """At most one byte more than `file.size`: whoever compares sees that it grew. Raises
    NotSent("file_too_large") without reading, NotSent("not_a_file") for what became something else."""
    if file.size > LARGEST_FILE:
        raise NotSent("file_too_large")

    async def work(client: Client) -> bytes:
        path = _at(connection, "outbox", file.name)
        found = await client.lstat(path)
        if found.type not in _FILES:
            raise NotSent("not_a_file")
        if int(found.size or 0) > LARGEST_FILE:
            raise NotSent("file_too_large")
        content, wanted = bytearray(), file.size + 1
        async with client.open(path, "rb") as remote:
            while len(content) < wanted:
                part = cast(bytes, await remote.read(min(_CHUNK, wanted - len(content))))
                if not part:
                    break
                content += part
        return bytes(content)

    return talk(connection, work, deadline=_FETCH_SECONDS)


def put_away(connection: Connection, file: RemoteFile) -> None:
    """Move what was fetched and kept into `settings.archive`, if there is one, never over another file.

    Safe to repeat. A file that has changed since stays: it is another one.
    """
    if not connection.settings.get("archive"):
        return

    async def work(client: Client) -> None:
        path = _at(connection, "outbox", file.name)
        try:
            found = await client.lstat(path)
        except asyncssh.SFTPNoSuchFile:
            return
        if (found.size, int(found.mtime or 0)) == (file.size, file.modified):
            await client.rename(path, await _free_name(client, _at(connection, "archive", file.name)))

    talk(connection, work, deadline=_LOOK_SECONDS)


async def _free_name(client: Client, wanted: str) -> str:
    for number in range(_MOST_NAMESAKES):
        name = f"{wanted}.{number}" if number else wanted
        try:
            await client.lstat(name)
        except asyncssh.SFTPNoSuchFile:
            return name
    raise NotSent("name_taken")


# --- trying out ----------------------------------------------------------------------------------


def try_out(connection: Connection) -> list[Step]:
    """settings, resolve, connect, host_key, login, inbox (a temporary file put and removed), outbox, and
    archive where there is one. The key the server shows is noted; without pinned ones it ends there."""
    trial, within = Trial(), _TRIAL_SECONDS
    with trial:
        with trial.step("settings"):
            account = account_of(connection, needs_host_keys=False)
            _check_folders(connection)
        with trial.step("resolve"):
            addresses = outbound.resolve(account.host, account.port, within=within)
        with trial.step("connect"):
            outbound.connect_to(addresses, account.port, within=within).close()
        with trial.step("host_key") as seen:
            key = host_key_of(account, within=within)
            seen.note = as_line(key)
            check_pinned(account, key)
        with trial.step("login"):
            talk(connection, _do_nothing, deadline=within)
        with trial.step("inbox"):
            talk(connection, partial(_put_and_remove, folder=_at(connection, "inbox")), deadline=within)
        with trial.step("outbox"):
            talk(connection, partial(_list, folder=_at(connection, "outbox")), deadline=within)
        if connection.settings.get("archive"):
            with trial.step("archive"):
                talk(connection, partial(_list, folder=_at(connection, "archive")), deadline=within)
    return trial.steps


async def _do_nothing(client: Client) -> None:
    await client.realpath(".")


async def _put_and_remove(client: Client, *, folder: str) -> None:
    path = posixpath.join(folder, f"preflight-{uuid4().hex}.tmp")
    async with client.open(path, "xb"):
        pass
    await client.remove(path)


async def _list(client: Client, *, folder: str) -> None:
    await client.readdir(folder)
