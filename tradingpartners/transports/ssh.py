"""One conversation with a partner's SFTP server, within a deadline, with the host keys we know."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple, TypeVar

import asyncssh

from practice import outbound
from practice.outbound import NotResolved, OutboundError, Refusal
from tradingpartners.transports import Connection, NotSent, TransportError, Unsure

Result = TypeVar("Result")
Client = asyncssh.SFTPClient

_CONNECT_SECONDS = 15.0
_USUAL_KINDS = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)
_REFUSED: dict[type[asyncssh.SFTPError], str] = {
    asyncssh.SFTPPermissionDenied: "permission_denied",
    asyncssh.SFTPWriteProtect: "permission_denied",
    asyncssh.SFTPNoSuchFile: "no_such_file",
    asyncssh.SFTPNoSuchPath: "no_such_file",
    asyncssh.SFTPFileAlreadyExists: "name_taken",
    asyncssh.SFTPNoSpaceOnFilesystem: "disk_full",
    asyncssh.SFTPQuotaExceeded: "disk_full",
    # Protocol version 3 has no other word for a full disk, or for a name that is taken.
    asyncssh.SFTPFailure: "sftp_failure",
}


class Account(NamedTuple):
    """A partner's server and how we log in there."""

    host: str
    port: int
    username: str
    password: str | None
    private_key: asyncssh.SSHKey | None
    host_keys: tuple[asyncssh.SSHKey, ...]


def account_of(connection: Connection, *, needs_host_keys: bool = True) -> Account:
    """Raises NotSent("settings:…") with the setting at fault."""
    settings, given = connection.settings, connection.credentials
    host, port = _server(str(settings.get("host") or ""), str(settings.get("port") or ""))
    host_keys = tuple(map(_host_key, settings.get("host_keys") or ()))
    if needs_host_keys and not host_keys:
        raise NotSent("settings:host_keys")
    if not given.get("username") or not (given.get("password") or given.get("private_key")):
        raise NotSent("settings:credentials")
    private_key = None
    if given.get("private_key"):
        private_key = _private_key(str(given["private_key"]), str(given.get("passphrase") or ""))
    password = str(given["password"]) if given.get("password") else None
    return Account(host, port, str(given["username"]), password, private_key, host_keys)


def _server(host: str, port: str) -> tuple[str, int]:
    if not port.isdecimal():
        raise NotSent("settings:port")
    try:
        outbound.check_address(host, schemes=("sftp",), port=int(port))
    except OutboundError as error:
        raise NotSent("settings:port" if error.refusal == Refusal.PORT else "settings:host") from None
    return host, int(port)


def _host_key(line: object) -> asyncssh.SSHKey:
    """A public key, also as ssh-keyscan prints it: after the name of its host."""
    words = str(line).split()
    if words and not words[0].startswith(("ssh-", "ecdsa-", "sk-")):
        words = words[1:]
    try:
        return asyncssh.import_public_key(" ".join(words))
    except (ValueError, asyncssh.Error):
        raise NotSent("settings:host_keys") from None


@lru_cache(maxsize=256)
def _private_key(text: str, passphrase: str) -> asyncssh.SSHKey:
    # Kept: opening a key that has a passphrase is slow on purpose.
    try:
        return asyncssh.import_private_key(text, passphrase or None)
    except (ValueError, asyncssh.Error):
        raise NotSent("settings:private_key") from None


def talk(connection: Connection, work: Callable[[Client], Awaitable[Result]], *, deadline: float) -> Result:
    """What `work` makes of the server, `deadline` seconds in all, connecting included.

    Raises NotSent for what came before the login, for what the server refused and for what `work`
    says; Unsure where nobody knows how far it got.
    """
    account, until = account_of(connection), time.monotonic() + deadline
    line = _line(account, within=min(_CONNECT_SECONDS, deadline))
    return asyncio.run(_talk(account, line, work, until - time.monotonic()))


def _line(account: Account, *, within: float) -> socket.socket:
    """Connected to an address the guard lets us reach; the host key is checked by name, not by it."""
    try:
        line = outbound.connect(account.host, account.port, within=within)
    except OutboundError:
        raise NotSent("address_refused") from None
    except NotResolved:
        raise NotSent("not_resolved") from None
    except TimeoutError:
        raise NotSent("connect_timeout") from None
    except OSError:
        raise NotSent("connection_refused") from None
    line.setblocking(False)
    return line


async def _talk(
    account: Account, line: socket.socket, work: Callable[[Client], Awaitable[Result]], within: float
) -> Result:
    is_logged_in = False
    shell = None
    try:
        async with asyncio.timeout(within):
            shell = await _login(account, line)
            client = await shell.start_sftp_client()
            is_logged_in = True
            return await work(client)
    except (OSError, asyncssh.Error) as error:
        raise _failure(error, is_logged_in=is_logged_in) from None
    finally:
        if shell is not None:
            shell.abort()  # every request was answered; a server that hangs is not waited for
            await shell.wait_closed()
        line.close()


async def _login(account: Account, line: socket.socket) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        account.host,
        port=account.port,
        sock=line,
        username=account.username,
        password=account.password,
        client_keys=[account.private_key] if account.private_key else None,
        agent_path=None,
        config=None,
        known_hosts=(list(account.host_keys), [], []),
        server_host_key_algs=_kinds(account),
        login_timeout=30,
    )


def _kinds(account: Account) -> list[str]:
    """Of host keys, those we know first. The others, too: a server that has only those must say so by
    showing one, not by hanging up."""
    known = [kind.decode() for key in account.host_keys for kind in key.sig_algorithms]
    return list(dict.fromkeys([*known, *_USUAL_KINDS]))


def _failure(error: OSError | asyncssh.Error, *, is_logged_in: bool) -> TransportError:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return NotSent("host_key_changed")
    if isinstance(error, asyncssh.PermissionDenied):
        return NotSent("login_refused")
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return NotSent("key_exchange_failed")
    if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
        return Unsure("connection_lost")
    if isinstance(error, asyncssh.SFTPError):
        return NotSent(_REFUSED.get(type(error), "sftp_error"))
    code = "timeout" if isinstance(error, TimeoutError) else "connection_lost"
    return Unsure(code) if is_logged_in else NotSent(code)


# --- trying out ----------------------------------------------------------------------------------


def host_key_of(account: Account, *, within: float) -> asyncssh.SSHKey:
    """The key the server shows, of a kind we know where it has one. Nothing of ours is sent."""
    line = _line(account, within=within)

    async def ask() -> asyncssh.SSHKey | None:
        async with asyncio.timeout(within):
            return await asyncssh.get_server_host_key(
                account.host, account.port, sock=line, server_host_key_algs=_kinds(account), config=None
            )

    try:
        key = asyncio.run(ask())
    except (OSError, asyncssh.Error) as error:
        raise _failure(error, is_logged_in=False) from None
    finally:
        line.close()
    if key is None:
        raise NotSent("key_exchange_failed")
    return key


def check_pinned(account: Account, key: asyncssh.SSHKey) -> None:
    if not account.host_keys:
        raise NotSent("settings:host_keys")
    if key.public_data not in {known.public_data for known in account.host_keys}:
        raise NotSent("host_key_changed")


def as_line(key: asyncssh.SSHKey) -> str:
    """As it is pinned, and its fingerprint after it."""
    return f"{key.export_public_key().decode().strip()} {key.get_fingerprint()}"
