"""AS2 messages and their receipts (MDN) between two sides, by pyas2lib: bytes in, bytes out."""

import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradingpartners.simulator.as2_keys import Identity, Mode, OtherSide, kept_identity, read_other_side
from tradingpartners.simulator.as2_library import load

DIGEST, ENCRYPTION = "sha256", "aes_256_cbc"
# Any other type pyas2lib writes as text, with line ends of its own.
CONTENT_TYPE = "application/octet-stream"
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
WRONG_CONTENTS = b"other contents than those received"


@dataclass(frozen=True)
class Posted:
    """What goes over HTTP. `mic` is of what was signed, to compare with that of the receipt."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    message_id: str = ""
    source: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Receipt:
    """An MDN we give. `url` is where it goes, empty for the same connection."""

    posted: Posted
    url: str


@dataclass(frozen=True)
class Opened:
    """A message that came. `payload` is None where it could not be opened, `status` says why."""

    message_id: str
    status: str
    payload: bytes | None = field(repr=False)
    name: str
    message: Any = field(repr=False)
    wants_receipt: bool
    receipt_url: str


@dataclass(frozen=True)
class Notice:
    """An MDN we were given: what it says of which message, once its signature is checked."""

    message_id: str
    status: str
    detail: str

    @property
    def is_taken(self) -> bool:
        return self.status == "processed"


class Station:
    """Our end. The other side is read anew each time: it may be made known later than we start."""

    def __init__(self, folder: Path, *, as2_id: str, partner_id: str, partner_file: Path, mode: Mode) -> None:
        self.library = load()
        self.folder = folder
        self.identity = kept_identity(folder, "clearinghouse", as2_id)
        self.stranger = kept_identity(folder, "stranger", as2_id)
        self.usual_partner = kept_identity(folder, "partner", partner_id)
        self.partner_file = partner_file
        self.mode = mode
        self.url = ""  # of ours, known once the server listens

    @property
    def other(self) -> OtherSide:
        return read_other_side(self.partner_file, self.usual_partner)

    def organization(self, identity: Identity) -> Any:
        pem = identity.key_and_certificate
        return self.library.Organization(
            as2_name=identity.as2_id, sign_key=pem, decrypt_key=pem, mdn_url=self.url, domain="simulator"
        )

    def partner(self) -> Any:
        other = self.other
        return self.library.Partner(
            as2_name=other.as2_id,
            verify_cert=other.certificate,
            encrypt_cert=other.certificate,
            validate_certs=False,
            compress=True,
            sign=True,
            digest_alg=DIGEST,
            encrypt=True,
            enc_alg=ENCRYPTION,
            mdn_mode=self.mode.value.upper(),
            mdn_digest_alg=DIGEST,
        )

    def compose(self, name: str, payload: bytes) -> Posted:
        """Compressed, signed and encrypted; the same name makes the same Message-ID."""
        message = self.library.Message(self.organization(self.identity), self.partner())
        left = hashlib.sha256(name.encode()).hexdigest()[:32]
        message.build(payload, filename=name, subject="X12", content_type=CONTENT_TYPE, message_id=left)
        return Posted(unfolded(message.headers), message.content, message.message_id, message)

    def open(self, headers: Mapping[str, str], body: bytes) -> Opened:
        message = self.library.Message()
        ours, theirs = self.organization(self.identity), self.partner()
        status, problem, _ = message.parse(
            as_text(headers) + body,
            find_org_cb=lambda as2_id: ours if as2_id == self.identity.as2_id else None,
            find_partner_cb=lambda as2_id: theirs if as2_id == theirs.as2_name else None,
        )
        opened = status == "processed"
        name = message.payload.get_filename() or f"{message.message_id}.x12"
        return Opened(
            message_id=message.message_id or "",
            status=status if opened else f"{status}: {getattr(problem[0], 'disposition_modifier', '')}",
            payload=message.content if opened else None,
            name=UNSAFE.sub("_", name),
            message=message,
            wants_receipt="disposition-notification-to" in headers,
            receipt_url=headers.get("receipt-delivery-option", ""),
        )

    def receipt(self, opened: Opened, fault: str = "") -> Receipt:
        """The MDN for a message, signed where it asked for that; wrong in the way a fault names."""
        message = opened.message
        status, _, detail = opened.status.partition(": ")
        if fault == "mic_differs":
            message.mic = binascii.b2a_base64(hashlib.sha256(WRONG_CONTENTS).digest()).strip()
        if fault == "unsigned_mdn":
            del message.payload["disposition-notification-options"]
        if fault == "wrong_signer":
            message.receiver = self.organization(self.stranger)
        mdn = self.library.Mdn()
        mdn.build(message=message, status=status, detailed_status=detail or None)
        return Receipt(Posted(unfolded(mdn.headers), mdn.content, mdn.message_id), opened.receipt_url)

    def read_receipt(
        self, headers: Mapping[str, str], body: bytes, *, sent: Callable[[str], Posted | None]
    ) -> Notice:
        """An MDN on one of the messages `sent` knows, its signature checked and its MIC compared."""

        def find(message_id: str, _: str) -> Any:
            posted = sent(message_id)
            return posted.source if posted else None

        mdn = self.library.Mdn()
        status, detail = mdn.parse(as_text(headers) + body, find)
        return Notice(mdn.orig_message_id or "", status or "failed", detail or "")


def is_receipt(headers: Mapping[str, str], body: bytes) -> bool:
    kind = headers.get("content-type", "").lower()
    return kind.startswith("multipart/report") or (
        kind.startswith("multipart/signed") and b"disposition-notification" in body.lower()
    )


def as_text(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1") + b"\r\n"


def unfolded(headers: Mapping[str, str]) -> dict[str, str]:
    """One line each: HTTP has no folded headers."""
    return {name: " ".join(str(value).split()) for name, value in headers.items()}
