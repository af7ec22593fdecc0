"""The files a command reads and writes: what cannot be taken is a sentence and a code."""

import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.management.base import CommandError

UNREADABLE_EXIT = 2
# As `open` would make a file, before the mask.
_MODE = 0o666
_CHUNK = 256 * 1024
# What comes where X12 was expected: how it begins, its code, what to do.
_OTHER_KINDS = (
    (b"\x1f\x8b", "file_is_gzip", "This is a gzip file: unpack it first"),
    (b"PK\x03\x04", "file_is_zip", "This is a zip file: unpack it first"),
    (b"BZh", "file_is_bzip2", "This is a bzip2 file: unpack it first"),
    (b"\xfd7zXZ\0", "file_is_xz", "This is an xz file: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "file_is_7z", "This is a 7z file: unpack it first"),
    (b"%PDF", "file_is_pdf", "This is a PDF: ask for the X12 file itself"),
    (b"-----BEGIN PGP", "file_is_encrypted", "This is encrypted with PGP: decrypt it first"),
    (b"\xff\xfe", "file_is_utf_16", "This is UTF-16 text: save it as UTF-8 or ASCII first"),
    (b"\xfe\xff", "file_is_utf_16", "This is UTF-16 text: save it as UTF-8 or ASCII first"),
    (b"I\0S\0A\0", "file_is_utf_16", "This is UTF-16 text: save it as UTF-8 or ASCII first"),
    (b"\0I\0S\0A", "file_is_utf_16", "This is UTF-16 text: save it as UTF-8 or ASCII first"),
)


class FileError(CommandError):
    """A file that cannot be taken; `code` says why, and `name` which."""

    def __init__(self, name: str, code: str, words: str) -> None:
        super().__init__(f"{name}: {words}", returncode=UNREADABLE_EXIT)
        self.name, self.code, self.words = name, code, words


class Input:
    """An input that is open: read in chunks as often as wanted, or whole."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name, self.file = name, file
        self.size = file.seek(0, os.SEEK_END)

    def chunks(self, *, progress: bool = False) -> Iterator[bytes]:
        """All of it; how far it is, on standard error, where somebody waits there."""
        self.file.seek(0)
        shown = time.monotonic()
        done = 0
        while data := self._read(_CHUNK):
            yield data
            done += len(data)
            if progress and time.monotonic() - shown > 0.5:
                shown = time.monotonic()
                share = 100 * done // max(self.size, 1)
                sys.stderr.write(f"\r{done:,} of {self.size:,} bytes ({share}%)")
                sys.stderr.flush()
        if progress:
            sys.stderr.write("\r\x1b[K")

    def whole(self, most: int) -> bytes:
        if self.size > most:
            raise FileError(self.name, "file_too_large", f"larger than {most} bytes")
        self.file.seek(0)
        return self._read(self.size)

    def holds_nul(self) -> bool:
        """Whether a reader will stop in the middle: nothing should be told before."""
        return any(b"\0" in data for data in self.chunks())

    def _read(self, most: int) -> bytes:
        try:
            return self.file.read(most)
        except OSError as error:
            raise FileError(self.name, "file_unreadable", str(error.strerror)) from None


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """A file, or standard input, which is copied to a file without a name to be read twice."""
    with _standard_input() if name == "-" else _open(name) as file:
        source = Input(name, file)
        beginning = next(source.chunks(), b"")
        for magic, code, words in _OTHER_KINDS:
            if beginning.startswith(magic):
                raise FileError(name, code, words)
        yield source


def _open(name: str) -> IO[bytes]:
    try:
        file = Path(name).open("rb")  # noqa: SIM115 (the caller closes it)
        if file.seekable():
            return file
        with file:
            return _copied(file)
    except FileNotFoundError as error:
        raise FileError(name, "file_not_found", str(error.strerror)) from None
    except OSError as error:
        raise FileError(name, "file_unreadable", str(error.strerror)) from None
    except ValueError:  # a NUL in the name
        raise FileError(name, "file_not_found", "is no name of a file") from None


def _standard_input() -> IO[bytes]:
    return _copied(sys.stdin.buffer)


def _copied(file: IO[bytes]) -> IO[bytes]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    shutil.copyfileobj(file, copy)
    return copy


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
    if _is_standard_output(there):
        raise FileError(out, "file_not_writable", "is standard output; leave --out away")
    if _is_same(there, source):
        raise FileError(out, "file_is_input", "is the file that is read; name another one")
    if not force:
        raise FileError(out, "file_exists", "is there already; name another file, or say --force")
    if not stat.S_ISREG(there.st_mode):
        raise FileError(out, "file_not_writable", "is no ordinary file")


def _is_standard_output(there: os.stat_result) -> bool:
    try:
        return os.path.samestat(there, os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False


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
