"""Receipts (message disposition notifications, RFC 3798 and 4130 7): written, read, and believed or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message as Fields
from email.parser import BytesHeaderParser
from email.utils import formatdate
from typing import NamedTuple

from practice.rows import uuid7
from tradingpartners.transports import Held, NotSent, OutgoingFile, Unsure
from tradingpartners.transports.as2.agreement import Agreement
from tradingpartners.transports.as2.cms import DIGESTS, CmsError
from tradingpartners.transports.as2.messages import (
    Message,
    Opened,
    dashed,
    file_part,
    message_id_in,
    message_id_of,
    mic,
    multipart_signed,
    quoted,
    verified_part,
)
from tradingpartners.transports.as2.mime import (
    MimeError,
    Part,
    head_of,
    multipart,
    parts_of,
    read_message,
    read_part,
)

_REPORT = "multipart/report"
# The partner has read nothing of it and says so: what was wrong can be put right and sent again.
_NOT_READ = frozenset(
    {
        "authentication-failed",
        "decompression-failed",
        "decryption-failed",
        "insufficient-message-security",
        "sender-equals-receiver",
        "unknown-trading-partner",
        "unknown-trading-relationship",
    }
)


# --- ours, for what came --------------------------------------------------------------------------


def wants_receipt(headers: Mapping[str, str]) -> bool:
    return bool(headers.get("disposition-notification-to", "").strip())


def write_receipt(agreement: Agreement, headers: Mapping[str, str], opened: Opened) -> Message:
    """The receipt for a message with these headers, signed where they ask for that."""
    report = _report(agreement, opened)
    options = headers.get("disposition-notification-options", "").lower()
    if "pkcs7-signature" in options:
        report = multipart_signed(agreement, report, _digest_asked(options) or agreement.digest)
    part = read_part(report)
    return Message(
        {
            "AS2-Version": "1.1",
            "MIME-Version": "1.0",
            "Message-ID": f"<{uuid7()}@preflight>",
            "AS2-From": quoted(agreement.ours),
            "AS2-To": quoted(agreement.theirs),
            "Date": formatdate(usegmt=True),
            "Content-Type": str(part.head["content-type"]),
        },
        part.body,
    )


def _report(agreement: Agreement, opened: Opened) -> bytes:
    """A whole part: a sentence for people, and the fields."""
    words = "The message was not accepted." if opened.refusal else "The message was received."
    end = f"processed/error: {opened.refusal}" if opened.refusal else "processed"
    fields = [
        ("Reporting-UA", "Preflight"),
        ("Original-Recipient", f"rfc822; {quoted(agreement.ours)}"),
        ("Final-Recipient", f"rfc822; {quoted(agreement.ours)}"),
        ("Original-Message-ID", f"<{opened.message_id}>"),
        ("Disposition", f"automatic-action/MDN-sent-automatically; {end}"),
    ]
    if opened.mic:
        fields.append(("Received-Content-MIC", f"{opened.mic}, {dashed(opened.digest)}"))
    boundary, body = multipart(
        [
            head_of([("Content-Type", "text/plain; charset=us-ascii")]) + f"{words}\r\n".encode(),
            head_of([("Content-Type", "message/disposition-notification")]) + head_of(fields),
        ]
    )
    kind = f'{_REPORT}; report-type=disposition-notification; boundary="{boundary}"'
    return head_of([("Content-Type", kind)]) + body


def _digest_asked(options: str) -> str:
    """The first digest in `signed-receipt-micalg` that we know."""
    _, _, asked = options.partition("signed-receipt-micalg")
    names = [name.replace("-", "") for name in re.findall(r"[a-z0-9-]+", asked.partition(";")[0])]
    return next((name for name in names if name in DIGESTS), "")


# --- theirs, for what we sent ----------------------------------------------------------------------


class Notice(NamedTuple):
    """A receipt that came. `signer`: who signed it: "" the partner, else why it is not believed."""

    message_id: str
    disposition: str  # processed or failed
    modifier: str  # what stands behind, in small letters
    mic: str
    digest: str
    signer: str


def read_notice(agreement: Agreement, headers: Mapping[str, str], body: bytes) -> Notice | None:
    """None if this is no receipt. Only what is signed is read where something is signed."""
    try:
        part, signer = read_message(headers, body), "unsigned"
        if part.kind == "multipart/signed":
            part, signer = _signed_report(agreement, part)
        if part.kind != _REPORT:
            return None
        reports = [each for each in parts_of(part) if each.kind == "message/disposition-notification"]
        if len(reports) != 1:
            return None
    except MimeError:
        return None
    return _notice(BytesHeaderParser().parsebytes(reports[0].body.lstrip(b"\r\n")), signer)


def _signed_report(agreement: Agreement, part: Part) -> tuple[Part, str]:
    try:
        return verified_part(agreement, part)[0], ""
    except CmsError as error:
        return parts_of(part)[0], error.code


def _notice(fields: Fields, signer: str) -> Notice:
    given, _, digest = str(fields.get("received-content-mic", "")).partition(",")
    disposition = str(fields.get("disposition", "")).partition(";")[2].strip().lower()
    said, _, modifier = disposition.partition("/")
    return Notice(
        message_id=message_id_in(str(fields.get("original-message-id", ""))),
        disposition=said.strip(),
        # error: authentication-failed, error=…, warning: duplicate-document
        modifier=modifier.strip(),
        mic=given.strip(),
        digest=digest.strip().lower().replace("-", ""),
        signer=signer,
    )


def judge(notice: Notice, file: OutgoingFile) -> None:
    """Nothing, if the partner has this very file. Else NotSent (it turned it away unread), Unsure (it
    does not say), or Held: it has something, and not surely what we sent."""
    if notice.message_id != message_id_of(file):
        raise Unsure("mdn_of_another")
    kind, _, reason = notice.modifier.replace("=", ":").partition(":")
    reason = reason.strip()
    if reason.startswith("integrity-check-failed"):
        raise Held("mdn_integrity")
    is_repeat = reason.startswith("duplicate-document")
    if notice.disposition == "failed" and not is_repeat:
        raise NotSent("mdn_failed")
    if kind.strip() in {"error", "failure"} and not is_repeat:
        if reason in _NOT_READ:
            raise NotSent(f"mdn_{reason.replace('-', '_')}"[:60])
        raise Unsure("mdn_error")
    if notice.disposition != "processed" and not is_repeat:
        raise Unsure("mdn_unknown")
    if notice.signer:
        raise Held("mdn_unsigned" if notice.signer == "unsigned" else f"mdn_{notice.signer}")
    if notice.mic:
        _compare(notice, file)
    elif not is_repeat:  # one that it knows already it has not read again
        raise Held("mdn_without_mic")


def _compare(notice: Notice, file: OutgoingFile) -> None:
    if notice.digest not in DIGESTS:
        raise Held("mdn_mic_unknown")
    # either way, as the agreement may have changed between the message and its receipt
    ours = {mic(file_part(file, compressed=packed), notice.digest) for packed in (True, False)}
    if notice.mic not in ours:
        raise Held("mdn_mic_differs")
