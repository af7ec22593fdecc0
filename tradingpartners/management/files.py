"""The files a command reads and writes: what cannot be taken is a sentence and a code."""

import os
import stat
import sys
import tempfile
from pathlib import Path

from django.core.management.base import CommandError

UNREADABLE_EXIT = 2
# As `open` would make a file, before the mask.
_MODE = 0o666


class FileError(CommandError):
    """A file that cannot be taken; `code` says why, and `name` which."""

    def __init__(self, name: str, code: str, words: str) -> None:
        super().__init__(f"{name}: {words}", returncode=UNREADABLE_EXIT)
        self.name, self.code, self.words = name, code, words


def check_output(out: str, *, source: str, force: bool) -> None:
    """Refuse to write where something stands that would be lost; the input's own place always."""
    path = Path(out)
    try:
        there = path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise FileError(out, "file_not_writable", "there is no such folder") from None
        return
    except OSError as error:
        raise FileError(out, "file_not_writable", str(error.strerror)) from None
    if stat.S_ISDIR(there.st_mode):
        raise FileError(out, "file_not_writable", "Is a directory")
    if _is_same(there, source):
        raise FileError(out, "file_is_input", "is the file that is read; name another one")
    if not force:
        raise FileError(out, "file_exists", "is there already; name another file, or say --force")
    if not stat.S_ISREG(there.st_mode):
        raise FileError(out, "file_not_writable", "is no ordinary file")


def _is_same(there: os.stat_result, source: str) -> bool:
    try:
        read = os.fstat(sys.stdin.fileno()) if source == "-" else Path(source).stat()
    except (OSError, ValueError):  # not there, or standard input is no file
        return False
    return os.path.samestat(there, read)


def write_output(out: str, data: bytes, *, source: str, force: bool) -> None:
    """The file whole or not at all: it is written beside its place, and then put there.

    With nothing to write no file is left there that somebody could take for the answer.
    """
    check_output(out, source=source, force=force)
    path = Path(out).resolve()
    try:
        if not data:
            path.unlink(missing_ok=True)
            return
        _replace(path, data)
    except OSError as error:
        raise FileError(out, "file_not_writable", str(error.strerror)) from None


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else _MODE & ~_mask())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _mask() -> int:
    """The mask of this process, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
