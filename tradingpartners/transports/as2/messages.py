"""AS2 messages (RFC 4130, 5402): a file composed into one, and one that came, opened."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from email.utils import formatdate, unquote
from typing import NamedTuple, Self

from tradingpartners.transports import OutgoingFile
from tradingpartners.transports.as2.agreement import Agreement
from tradingpartners.transports.as2.cms import (
    CmsError,
    compress,
    decompress,
    decrypt,
    encrypt,
    sign,
    verify,
)
from tradingpartners.transports.as2.mime import (
    MimeError,
    Part,
    base64_lines,
    head_of,
    multipart,
    parts_of,
    read_message,
    read_part,
)

# What may come out of one message, however little it is packed into.
LARGEST_CONTENT = 256 * 1024 * 1024
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")
_MESSAGE_ID = re.compile(r"<?([\x21-\x3b\x3d\x3f-\x7e]{1,250})>?")


class Message(NamedTuple):
    """What goes into a POST."""

    headers: dict[str, str]
    body: bytes

    def to_bytes(self) -> bytes:
        return head_of(self.headers.items()) + self.body

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        part = read_part(raw)
        return cls({name: str(value) for name, value in part.head.items()}, part.body)


# --- ours ----------------------------------------------------------------------------------------


def message_id_of(file: OutgoingFile) -> str:
    """The same however often the file is sent: the partner knows a repeat by it."""
    return f"{file.message_id}@preflight"


def compose(agreement: Agreement, file: OutgoingFile) -> Message:
    """Compressed, signed and encrypted."""
    signed = file_part(file, compressed=agreement.compresses)
    secret = multipart_signed(agreement, signed, agreement.digest)
    headers = {
        "AS2-Version": "1.1",
        "MIME-Version": "1.0",
        "Message-ID": f"<{message_id_of(file)}>",
        "AS2-From": quoted(agreement.ours),
        "AS2-To": quoted(agreement.theirs),
        "Subject": "X12",
        "Date": formatdate(usegmt=True),
        "Disposition-Notification-To": quoted(agreement.ours),
        "Disposition-Notification-Options": (
            "signed-receipt-protocol=required, pkcs7-signature;"
            f" signed-receipt-micalg=required, {dashed(agreement.digest)}"
        ),
        "Content-Type": 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
        "Content-Transfer-Encoding": "binary",
        "Content-Disposition": 'attachment; filename="smime.p7m"',
    }
    if agreement.receipt_url:
        headers["Receipt-Delivery-Option"] = agreement.receipt_url
    return Message(headers, encrypt(secret, agreement.certificates[0], agreement.encryption))


def file_part(file: OutgoingFile, *, compressed: bool) -> bytes:
    """The part that is signed: the same bytes for the same file, so that a receipt can be compared."""
    plain = (
        head_of(
            [
                ("Content-Type", file.content_type),
                ("Content-Transfer-Encoding", "binary"),
                ("Content-Disposition", f'attachment; filename="{_UNSAFE.sub("_", file.name)}"'),
            ]
        )
        + file.content
    )
    if not compressed:
        return plain
    head = [
        ("Content-Type", 'application/pkcs7-mime; smime-type=compressed-data; name="smime.p7z"'),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-Disposition", 'attachment; filename="smime.p7z"'),
    ]
    return head_of(head) + compress(plain)


def multipart_signed(agreement: Agreement, signed: bytes, digest: str) -> bytes:
    """A whole part: the signed one, and the signature."""
    head = [
        ("Content-Type", 'application/pkcs7-signature; name="smime.p7s"'),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", 'attachment; filename="smime.p7s"'),
    ]
    signature = base64_lines(sign(signed, agreement.identities[0], digest))
    boundary, body = multipart([signed, head_of(head) + signature])
    kind = (
        'multipart/signed; protocol="application/pkcs7-signature";'
        f' micalg={dashed(digest)}; boundary="{boundary}"'
    )
    return head_of([("Content-Type", kind)]) + body


def quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def dashed(digest: str) -> str:
    """sha-256, as RFC 5751 writes it."""
    return digest.replace("sha", "sha-")


def mic(content: bytes, digest: str) -> str:
    return base64.b64encode(hashlib.new(digest, content).digest()).decode("ascii")


def verified_part(agreement: Agreement, part: Part) -> tuple[Part, str]:
    """The signed part of a multipart/signed, and the digest. Raises CmsError or MimeError."""
    parts = parts_of(part)
    if len(parts) != 2 or parts[1].kind not in _SIGNATURES or not parts[0].kind:
        raise MimeError
    signed, signature = parts
    try:
        return signed, verify(signed.raw, signature.body, agreement.certificates)
    except CmsError as error:
        # some leave the part's own last line end unsigned
        if error.code != "altered" or not signed.raw.endswith(b"\r\n"):
            raise
    shorter = read_part(signed.raw[:-2])
    return shorter, verify(shorter.raw, signature.body, agreement.certificates)


# --- theirs --------------------------------------------------------------------------------------


class Opened(NamedTuple):
    """A message that came. `refusal`: the error for its receipt, in RFC 4130's words; `reason`: the
    same, closer, for us; `content` then is the body as it came."""

    message_id: str
    content: bytes
    file_name: str = ""
    mic: str = ""
    digest: str = ""
    refusal: str = ""
    reason: str = ""


class _Refused(Exception):
    def __init__(self, refusal: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal, self.reason = refusal, reason


def names_in(headers: Mapping[str, str]) -> tuple[str, str]:
    """(AS2-From, AS2-To) as they were written."""
    return unquote(headers.get("as2-from", "").strip()), unquote(headers.get("as2-to", "").strip())


def message_id_in(text: str) -> str:
    """A Message-ID without its brackets; empty if it is none."""
    found = _MESSAGE_ID.fullmatch(text.strip())
    return found.group(1) if found else ""


def open_message(agreement: Agreement, headers: Mapping[str, str], body: bytes) -> Opened:
    """Decrypted, verified, decompressed: or refused for what it lacks. `headers` by small letters."""
    message_id = message_id_in(headers.get("message-id", ""))
    try:
        if not message_id:
            raise _Refused("unexpected-processing-error", "message_id")
        part, is_encrypted = _decrypted(agreement, read_message(headers, body))
        part, signed, digest = _verified(agreement, part)
        if not signed:
            signed = part.raw if is_encrypted else part.body
        content = _decompressed(part)
        if content.kind.startswith("multipart/"):
            raise _Refused("unexpected-processing-error", "several_parts")
    except _Refused as refused:
        return Opened(message_id, body, refusal=refused.refusal, reason=refused.reason)
    except MimeError:
        return Opened(message_id, body, refusal="unexpected-processing-error", reason="malformed")
    return Opened(message_id, content.body, _file_name(content), mic(signed, digest), digest)


def _decrypted(agreement: Agreement, part: Part) -> tuple[Part, bool]:
    if part.kind not in _SMIME or _smime_type(part) != "enveloped-data":
        if agreement.wants_encrypted:
            raise _Refused("insufficient-message-security", "not_encrypted")
        return part, False
    try:
        inner = read_part(decrypt(part.body, agreement.identities))
    except CmsError as error:
        raise _Refused("decryption-failed", error.code) from None
    except MimeError:
        raise _Refused("decryption-failed", "no_message") from None
    if not inner.kind:
        raise _Refused("decryption-failed", "no_message")
    return inner, True


def _verified(agreement: Agreement, part: Part) -> tuple[Part, bytes, str]:
    """What was signed, its bytes and the digest. Until then one word for all that is wrong: what
    differed would tell a forger what an altered message decrypts to."""
    try:
        if _is_compressed(part):  # compressed after it was signed
            outer = _unpacked(part)
            part = outer if outer.kind == "multipart/signed" or not agreement.wants_signed else part
        if part.kind != "multipart/signed":
            if agreement.wants_signed:
                raise _Refused("insufficient-message-security", "not_signed")
            return part, b"", agreement.digest
        signed, digest = verified_part(agreement, part)
        return signed, signed.raw, digest
    except CmsError as error:
        raise _Refused("authentication-failed", error.code) from None
    except MimeError:
        raise _Refused("authentication-failed", "malformed") from None


def _decompressed(part: Part) -> Part:
    if not _is_compressed(part):
        return part
    try:
        return _unpacked(part)
    except (CmsError, MimeError) as error:
        code = error.code if isinstance(error, CmsError) else "malformed"
        raise _Refused("decompression-failed", code) from None


def _unpacked(part: Part) -> Part:
    return read_part(decompress(part.body, limit=LARGEST_CONTENT))


def _is_compressed(part: Part) -> bool:
    return part.kind in _SMIME and _smime_type(part) == "compressed-data"


def _smime_type(part: Part) -> str:
    return part.parameter("smime-type").lower() or "enveloped-data"


def _file_name(part: Part) -> str:
    """The sender's name for it, without folders and without what a name has no need of."""
    name = (part.head.get_filename() or "").replace("\\", "/").rpartition("/")[2]
    return _UNSAFE.sub("_", name)[:255]
