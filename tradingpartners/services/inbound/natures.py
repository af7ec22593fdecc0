"""What a file that is no X12 looks like, by how it begins, so that a person knows whom to ask."""

from __future__ import annotations

import string

# By their first bytes. EBCDIC: "ISA" as a mainframe writes it.
_BEGINNINGS = (
    (b"%PDF", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\xff\xfe", "utf_16"),
    (b"\xfe\xff", "utf_16"),
    (b"\xc9\xe2\xc1", "ebcdic"),
    (b"I\0S\0A\0", "utf_16"),
    (b"\0I\0S\0A", "utf_16"),
)
_MARKUP = ((b"<!doctype html", "html"), (b"<html", "html"), (b"<", "xml"), (b"{", "json"), (b"[", "json"))
_PRINTABLE = frozenset(string.printable.encode())
_LOOKED_AT = 512


def nature_of(content: bytes) -> str:
    """A code: "pdf", "html", "ebcdic", "text" …; "binary" where it looks like nothing known."""
    if not content:
        return ""
    for beginning, nature in _BEGINNINGS:
        if content.startswith(beginning):
            return nature
    text = content[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, nature in _MARKUP:
        if text.startswith(beginning):
            return nature
    readable = sum(byte in _PRINTABLE for byte in text)
    return "text" if readable >= 0.9 * len(text) else "binary"
