"""The SFTP door: a password, and nothing to see but the inbox and the outbox."""

import hmac
from pathlib import Path

import asyncssh

KEY_FILE = "host_key"


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


async def start_sftp(
    host: str, port: int, *, credentials: tuple[str, str], home: Path, key: asyncssh.SSHKey
) -> asyncssh.SSHAcceptor:
    def open_home(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=bytes(home))

    return await asyncssh.listen(
        host,
        port,
        server_factory=lambda: Doorkeeper(credentials),
        server_host_keys=[key],
        sftp_factory=open_home,
        allow_scp=False,
    )


def host_key(root: Path) -> asyncssh.SSHKey:
    """The key kept in `root`: clients pin it, so a restart must not change it."""
    path = root / KEY_FILE
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
