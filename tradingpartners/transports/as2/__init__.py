"""Files over AS2 (RFC 4130): compressed, signed, encrypted; taken when a signed receipt says so.

The receipt (MDN) comes on the same connection or later to our own address; either is believed only
if the partner signed it and its digest (MIC) is that of what we sent. What a partner sends comes to
`tradingpartners.as2`, which opens it with what is here.
"""

from __future__ import annotations

from time import monotonic
from urllib.parse import urlsplit

from tradingpartners.transports import Connection, NotSent, OutgoingFile, Receipt, Step, Unsure
from tradingpartners.transports.as2.agreement import Agreement, agreement_of, names_of
from tradingpartners.transports.as2.messages import (
    Message,
    Opened,
    compose,
    message_id_of,
    names_in,
    open_message,
)
from tradingpartners.transports.as2.posting import knock, post
from tradingpartners.transports.as2.receipts import Notice, judge, read_notice, wants_receipt, write_receipt

__all__ = [
    "Agreement",
    "Message",
    "Notice",
    "Opened",
    "agreement_of",
    "check",
    "compose",
    "deliver_receipt",
    "is_own_address",
    "judge",
    "message_id_of",
    "names_in",
    "names_of",
    "open_message",
    "publish",
    "read_notice",
    "try_out",
    "upload",
    "wants_receipt",
    "write_receipt",
]

# Within a partner's usual lease, connecting and the receipt included.
_DEADLINE = 90.0
_RECEIPT_DEADLINE = 30.0


def check(connection: Connection) -> None:
    agreement_of(connection)


def try_out(connection: Connection) -> list[Step]:
    started = monotonic()
    try:
        agreement = agreement_of(connection)
    except NotSent as error:
        return [Step("settings", error.code)]
    steps = [Step("settings", "", _since(started))]
    started, code = monotonic(), ""
    try:
        knock(agreement.url, auth=agreement.auth, deadline=15.0)
    except (NotSent, Unsure) as error:
        code = error.code
    return [*steps, Step("http", code, _since(started))]


def _since(started: float) -> int:
    return int((monotonic() - started) * 1000)


def upload(connection: Connection, file: OutgoingFile) -> None:
    """There is no place where the partner would not read it."""
    agreement_of(connection)


def publish(connection: Connection, file: OutgoingFile) -> Receipt:
    """Send it, under the Message-ID it always has. Raises Held where the receipt is not about this
    very file, or not surely the partner's."""
    agreement = agreement_of(connection)
    reply = post(agreement.url, compose(agreement, file), auth=agreement.auth, deadline=_DEADLINE)
    notice = read_notice(agreement, reply.headers, reply.body)
    if notice is None:
        if agreement.receipt_url:
            return Receipt(message_id_of(file))
        raise Unsure("mdn_missing")
    judge(notice, file)
    return Receipt(message_id_of(file), is_taken=True)


def is_own_address(agreement: Agreement, url: str) -> bool:
    """Whether a receipt may be sent there: only to the host whose messages we take."""
    try:
        return bool(urlsplit(url).hostname) and urlsplit(url).hostname == urlsplit(agreement.url).hostname
    except ValueError:
        return False


def deliver_receipt(connection: Connection, url: str, receipt: Message) -> None:
    """A receipt that is to come later. Raises NotSent or Unsure; safe to repeat."""
    agreement = agreement_of(connection)
    if not is_own_address(agreement, url):
        raise NotSent("receipt_address")
    post(url, receipt, auth=agreement.auth, deadline=_RECEIPT_DEADLINE)
