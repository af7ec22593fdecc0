"""What clients do in the inbox, by our clock: when a name appeared, and when it became a file.

A file is put when it is renamed from a temporary name, or closed under its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath


@dataclass(frozen=True)
class Upload:
    """`appeared_at`: its first name could be seen. `put_at`: it has its own name and is whole."""

    appeared_at: datetime
    put_at: datetime
    temporary: str | None = None


class Uploads:
    def __init__(self) -> None:
        self.appeared: dict[str, datetime] = {}
        self.whole: dict[str, Upload] = {}

    def opened(self, name: str) -> None:
        self.appeared.setdefault(name, now())

    def closed(self, name: str) -> None:
        """Written to the end under a name that may be its own."""
        if name in self.appeared and not is_temporary(name):
            self.whole[name] = Upload(self.appeared.pop(name), now())

    def renamed(self, old: str, new: str) -> None:
        at = now()
        self.whole[new] = Upload(self.appeared.pop(old, at), at, old)

    def removed(self, name: str) -> None:
        self.appeared.pop(name, None)
        self.whole.pop(name, None)

    def of(self, name: str, *, modified: datetime) -> Upload:
        """What is known of a file; its time of change where it was put in another process's time."""
        return self.whole.get(name) or Upload(modified, modified)


def is_temporary(name: str) -> bool:
    """Still being put: its sender renames it when it is whole."""
    return name.startswith(".") or PurePath(name).suffix in {".tmp", ".part", ".filepart", ".uploading"}


def now() -> datetime:
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
