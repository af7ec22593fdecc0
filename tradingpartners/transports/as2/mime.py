"""MIME parts as bytes: a signature is over what was on the wire, not over what a library makes of it."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from typing import NamedTuple

_MOST_PARTS = 8
_LONGEST_HEAD = 64 * 1024
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


class MimeError(Exception):
    """These bytes are no such message."""


class Part(NamedTuple):
    """`raw` is the part as it stood, `body` what it carries, with its transfer encoding undone."""

    head: Message
    raw: bytes
    body: bytes

    @property
    def kind(self) -> str:
        """Its media type, in small letters; empty where none is stated."""
        return self.head.get_content_type() if "content-type" in self.head else ""

    def parameter(self, name: str) -> str:
        value = self.head.get_param(name)
        return value if isinstance(value, str) else ""


def read_part(raw: bytes) -> Part:
    """One part, from its header lines on."""
    if raw.startswith((b"\r\n", b"\n")):
        return _part(b"", raw, raw.lstrip(b"\r").removeprefix(b"\n"))
    end = _END_OF_HEAD.search(raw, 0, _LONGEST_HEAD)
    if end is None:
        raise MimeError
    return _part(raw[: end.start()], raw, raw[end.end() :])


def read_message(headers: Mapping[str, str], body: bytes) -> Part:
    """The part that came in a POST: of its headers, those that say what the body is."""
    stated = {name.lower(): value for name, value in headers.items() if name.lower().startswith("content-")}
    return _part(head_of(stated.items()).rstrip(b"\r\n"), body, body)


def _part(head: bytes, raw: bytes, body: bytes) -> Part:
    read = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
    encoding = str(read.get("content-transfer-encoding", "")).strip().lower()
    if encoding != "base64":
        return Part(read, raw, body)
    try:
        return Part(read, raw, base64.b64decode(body))
    except binascii.Error:
        raise MimeError from None


def parts_of(part: Part) -> list[Part]:
    """The parts of a multipart, each exactly as it stood between its boundaries."""
    boundary = part.parameter("boundary")
    if not boundary or not boundary.isascii():
        raise MimeError
    line = rb"(?:^|\r?\n)--" + re.escape(boundary.encode("ascii")) + rb"(--)?[ \t]*(?=\r?\n|$)"
    parts: list[Part] = []
    begin = None
    # not MULTILINE: the first boundary is the body's first line, or stands after a line end
    for found in re.finditer(line, part.body):
        if begin is not None:
            raw = part.body[begin : found.start()]
            parts.append(read_part(raw[2:] if raw.startswith(b"\r\n") else raw[1:]))
        begin = found.end()
        if found.group(1):
            return parts
        if len(parts) >= _MOST_PARTS:
            break
    raise MimeError


def head_of(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header lines, and the empty one after them. ASCII only; nothing can begin a line of its own."""
    lines = [f"{name}: {value}" for name, value in headers]
    if any("\r" in line or "\n" in line for line in lines):
        raise MimeError
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace") + b"\r\n"


def multipart(parts: Iterable[bytes]) -> tuple[str, bytes]:
    """(boundary, body)."""
    boundary = f"=_{secrets.token_hex(16)}"
    line = f"--{boundary}".encode("ascii")
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    return boundary, body + line + b"--\r\n"


def base64_lines(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n").rstrip(b"\r\n")
