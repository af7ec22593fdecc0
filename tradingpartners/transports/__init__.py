"""One small module a protocol. What all of them keep:

- a failure before anything was handed over is `NotSent`; after that it is `Unsure`, and the
  question may have been read;
- a call ends within its deadline, whatever the other side does;
- nothing is retried here, nothing is logged here, no payload is in an error.

A transport moves bytes and knows nothing of rows; what the bytes mean is a dialect's
(`tradingpartners.messages`). `registry` says which module serves which kind of partner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID


class TransportError(Exception):
    """The wire failed; `code` is for programs, never the partner's words.

    `retry_after`: the partner is busy and wants this many seconds of peace, 0 if it does not say.
    """

    def __init__(self, code: str, *, http_status: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code, self.http_status, self.retry_after = code, http_status, retry_after


class NotSent(TransportError):
    """Surely nothing reached the partner's application."""


class Refused(NotSent):
    """The partner takes none of a file because of some questions in it.

    `faults`: place of the question in the file, from 0 → its field at fault, as the partner names it;
    empty where it does not say.
    """

    def __init__(self, code: str, *, http_status: int | None = None, faults: Mapping[int, str]) -> None:
        super().__init__(code, http_status=http_status)
        self.faults = faults


class Unsure(TransportError):
    """The partner may have read it."""


class Held(TransportError):
    """The partner has it and says that what it has is not what we sent: a person must look."""


class Connection(NamedTuple):
    """A partner as its transport needs it. `patience`: seconds that handing a file over may take, so
    that it ends within the lease of who does it."""

    partner_id: UUID
    settings: Mapping[str, Any]
    credentials: Mapping[str, Any]
    patience: float = 60.0


class Step(NamedTuple):
    """One thing that trying a connection out found: `code` is empty where it went well; `note` is what
    a person should see of the other side, such as its host key."""

    name: str
    code: str = ""
    milliseconds: int = 0
    note: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.code


class Transport(Protocol):
    def check(self, connection: Connection) -> None:
        """Whether the partner is filled so that it can be reached: raises NotSent("settings:…")."""

    def try_out(self, connection: Connection) -> list[Step]:
        """Reach the partner without asking anything, step by step; ends at the first that fails."""


# --- question and reply on one connection -------------------------------------------------------


class LiveQuestion(NamedTuple):
    """One question. `message_id` is its interchange's id; `connections` the size of its payer's pool;
    `transaction_set` is 270 or 278."""

    body: bytes
    content_type: str
    message_id: UUID
    payer_id: UUID
    payer_identifier: str
    sender_id: str
    receiver_id: str
    connections: int
    transaction_set: str = "270"


class Reply(NamedTuple):
    body: bytes
    http_status: int


class Promise(NamedTuple):
    """The partner works on it; the answer is to be fetched under `reference`."""

    reference: str
    http_status: int


class LiveTransport(Transport, Protocol):
    def ask(self, connection: Connection, question: LiveQuestion, *, deadline: float) -> Reply | Promise:
        """The reply within `deadline` seconds in all, connecting included."""


# --- files: handed over, and fetched -------------------------------------------------------------


class OutgoingFile(NamedTuple):
    """The same name, bytes and `message_id` however often it is handed over."""

    name: str
    content: bytes
    content_type: str
    message_id: UUID


class Receipt(NamedTuple):
    """What the partner said on taking a file: its own name for it, and whether that is its word
    that it has it whole. `is_gone`: nothing was there to be given its name, and nothing has it."""

    reference: str = ""
    is_taken: bool = False
    is_gone: bool = False


class FileTransport(Transport, Protocol):
    def upload(self, connection: Connection, file: OutgoingFile) -> bool:
        """Bring the bytes where no partner reads them yet, where there is such a place; whether they
        lie there now. Any failure is NotSent."""

    def publish(self, connection: Connection, file: OutgoingFile) -> Receipt:
        """From here on the partner may have it. Safe to repeat."""


class RemoteFile(NamedTuple):
    """Something to fetch: size in bytes, modified in seconds since 1970, 0 where nobody says.

    `answering`: the interchange it is the answer to, where there is one question in that. `token`:
    whatever its transport needs to fetch it.
    """

    name: str
    size: int
    modified: int
    answering: UUID | None = None
    token: str = ""


class Fetched(NamedTuple):
    """What a fetch brought, where that is more than the bytes.

    `content` is empty where there is nothing to keep. `following` comes next and is fetched at once.
    `cursor`: entries that the cursor takes over once the content is kept. `is_over`: nothing will ever
    come for what the file was to answer.
    """

    content: bytes
    following: RemoteFile | None = None
    cursor: Mapping[str, Any] = {}
    is_over: bool = False


class Awaited(NamedTuple):
    """An interchange the partner has not answered in full."""

    interchange_id: UUID
    name: str
    reference: str
    started_at: datetime


class Look(NamedTuple):
    """What lies there to fetch; which of our files still lie where we put them (None: nobody can
    see); what the next look goes on from, unless a fetch says otherwise; and of which interchanges
    the partner has said all it will ever say."""

    files: Sequence[RemoteFile]
    dropped: frozenset[str] | None = None
    cursor: Mapping[str, Any] = {}
    over: frozenset[UUID] = frozenset()


class PolledTransport(Transport, Protocol):
    # Whether a file may still be growing when it is first seen.
    FILES_GROW: bool

    def look(self, connection: Connection, awaited: Sequence[Awaited], cursor: Mapping[str, Any]) -> Look:
        """`awaited`: interchanges that have a `reference` and are not answered in full."""

    def fetch(self, connection: Connection, file: RemoteFile) -> bytes | Fetched | None:
        """None: it is not there yet."""

    def put_away(self, connection: Connection, file: RemoteFile) -> None:
        """Fetched and kept: it may leave the folder, where the partner has a place for that."""
