"""This checkout's own PostgreSQL and Redis-compatible server: no Docker, no root, nothing to set up.

    python -m config.embedded up|down|status

Programs use `lease()`. The last one to leave stops the servers; those asked for with `up` stay until `down`.

All of it is in one folder, `.data` or PREFLIGHT_DATA, which belongs to one user. `secrets.json` in there
holds the passwords and the keys: without it the rest cannot be read. Standard library only.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.programs import EmbeddedError
from config.servers import Postgres, Redis, Server, take_alone, write_private

ADDRESSES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
KEYS = ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY")


def data_folder() -> Path:
    """Where this checkout keeps its servers."""
    beside = Path(__file__).resolve().parent.parent / ".data"
    return Path(os.environ.get("PREFLIGHT_DATA") or beside).resolve()


@contextmanager
def lease(folder: Path, names: Iterable[str] = ADDRESSES) -> Iterator[dict[str, str]]:
    """Have the named servers running while the block lasts; gives the environment that leads to them."""
    _make(folder)
    with (folder / "users.lock").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield _start(folder, names, keep=False)
        finally:
            if take_alone(users) and not _kept(folder).exists():
                _stop(folder)


def up(folder: Path, names: Iterable[str] = ADDRESSES) -> dict[str, str]:
    """Have the named servers running until `down`; gives the environment that leads to them."""
    _make(folder)
    return _start(folder, names, keep=True)


def down(folder: Path) -> list[str]:
    """Stop what runs, whoever uses it, and return its names."""
    return _stop(folder) if folder.exists() else []


def status(folder: Path) -> dict[str, str]:
    """For each server one line for a person, without passwords."""
    return {
        server.name: f"running on 127.0.0.1:{server.port}, pid {pid}" if (pid := server.pid()) else "stopped"
        for server in _servers(folder, {})
    }


def _start(folder: Path, names: Iterable[str], *, keep: bool) -> dict[str, str]:
    with _alone(folder):
        known = _load_secrets(folder)
        servers = _servers(folder, known)
        if keep:
            _kept(folder).touch()
        elif not any(server.pid() for server in servers):
            _kept(folder).unlink(missing_ok=True)
        environment = {key: known[key] for key in KEYS}
        for server in servers:
            if server.name in names:
                server.start()
                environment[ADDRESSES[server.name]] = server.url
        return environment


def _stop(folder: Path) -> list[str]:
    with _alone(folder):
        _kept(folder).unlink(missing_ok=True)
        return [server.name for server in _servers(folder, {}) if server.stop()]


def _servers(folder: Path, known: Mapping[str, str]) -> tuple[Server, ...]:
    folder = folder.resolve()
    return (
        Postgres(folder, known.get("POSTGRES_PASSWORD", "")),
        Redis(folder, known.get("REDIS_PASSWORD", "")),
    )


def _kept(folder: Path) -> Path:
    """Stands for: somebody said `up`, so only `down` stops."""
    return folder / "kept"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "supervisor.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: Path) -> None:
    other = "set PREFLIGHT_DATA to a folder of your own."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"{folder} cannot be made ({error.strerror}): {other}") from error
    if folder.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{folder} belongs to another user: run as that user, or {other}")


def _load_secrets(folder: Path) -> dict[str, str]:
    file = folder / "secrets.json"
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text())
        return known
    if (folder / "postgres").exists():
        raise EmbeddedError(
            f"{file} is gone, and the database beside it cannot be read without it: "
            f"restore it, or remove {folder} to begin anew."
        )
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": f"k1:{_key()}",
        "INDEX_KEY": _key(),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
    }
    write_private(file, json.dumps(made, indent=2) + "\n")
    return made


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("up", "down", "status"))
    command = parser.parse_args(arguments).command
    folder = data_folder()
    try:
        if command == "up":
            for key, value in up(folder).items():
                if key in ADDRESSES.values():
                    print(f"{key}={value}")
        elif command == "down":
            print("stopped:", ", ".join(down(folder)) or "nothing was running")
        else:
            for name, state in status(folder).items():
                print(f"{name}: {state}")
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
