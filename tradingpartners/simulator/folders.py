"""Where the clearinghouse keeps its files."""

from pathlib import Path

from tradingpartners.simulator.uploads import is_temporary


class Folders:
    """`home` is what an SFTP client sees as /. Elsewhere a file has a number before its name."""

    def __init__(self, root: Path) -> None:
        self.home = root / "sftp"
        self.inbox = self.home / "inbox"
        self.outbox = self.home / "outbox"
        self.taken = root / "taken"
        self.archive = root / "archive"
        self.rejected = root / "rejected"
        self.pushed = root / "pushed"
        self.outside = root / "outside"  # where a link leads that an SFTP client should not follow
        keeping = (self.taken, self.archive, self.rejected)
        for folder in (self.inbox, self.outbox, self.outside, self.pushed, *keeping):
            folder.mkdir(parents=True, exist_ok=True)
        numbered = (path.name for folder in keeping for path in folder.iterdir())
        self.last_number = max((int(name.partition("_")[0]) for name in numbered), default=0)

    def number(self, name: str) -> str:
        """A name unlike any other here."""
        self.last_number += 1
        return f"{self.last_number:06d}_{name}"

    def in_inbox(self) -> tuple[list[Path], int]:
        """Whole files, and how many are still being put."""
        present = [path for path in self.inbox.iterdir() if path.is_file()]
        whole = [path for path in present if not is_temporary(path.name)]
        return whole, len(present) - len(whole)


def given_name(numbered: str) -> str:
    """What the sender called it."""
    return numbered.partition("_")[2]
