"""One small module a protocol. What all of them keep:

- a failure before anything was handed over is `NotSent`; after that it is `Unsure`, and the
  question may have been read;
- a call ends within its deadline, whatever the other side does;
- nothing is retried here, nothing is logged here, no payload is in an error.
"""

from typing import NamedTuple


class TransportError(Exception):
    """The wire failed; `code` is for programs, never the partner's words.

    `retry_after`: the partner is busy and wants this many seconds of peace, 0 if it does not say.
    """

    def __init__(self, code: str, *, http_status: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code, self.http_status, self.retry_after = code, http_status, retry_after


class NotSent(TransportError):
    """Surely nothing reached the partner's application."""


class Unsure(TransportError):
    """The partner may have read it."""


class Reply(NamedTuple):
    body: bytes
    http_status: int


class RemoteFile(NamedTuple):
    """A file in a partner's folder: size in bytes, modified in seconds since 1970."""

    name: str
    size: int
    modified: int
