"""Files over AS2 (RFC 4130): compressed, signed, encrypted; taken when a signed receipt says so.

The receipt (MDN) comes on the same connection or later to our own address; either is believed only
if the partner signed it and its digest (MIC) is that of what we sent. What a partner sends comes to
`tradingpartners.as2`, which opens it with what is here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from practice import outbound
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
from tradingpartners.transports.trying import Trial

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

_RECEIPT_SECONDS = 30.0
_TRIAL_SECONDS = 10.0


def check(connection: Connection) -> None:
    agreement_of(connection)


def try_out(connection: Connection) -> list[Step]:
    """settings, resolve, connect, tls (not for http), http: a HEAD, which delivers nothing. The first
    shows the partner's certificates, to be compared with what the partner says on the telephone."""
    trial = Trial()
    with trial:
        with trial.step("settings") as seen:
            agreement = agreement_of(connection)
            seen.note = "; ".join(map(_described, agreement.certificates))
        parts = urlsplit(agreement.url)
        host, is_plain = parts.hostname or "", parts.scheme == "http"
        port = parts.port or (80 if is_plain else 443)
        with trial.step("resolve"):
            addresses = outbound.resolve(host, port, within=_TRIAL_SECONDS, is_plain=is_plain)
        with trial.step("connect"):
            line = outbound.connect_to(addresses, port, within=_TRIAL_SECONDS)
        with line:
            if not is_plain:
                with trial.step("tls"), agreement.tls.wrap_socket(line, server_hostname=host):
                    pass
        with trial.step("http"):
            knock(agreement, deadline=_TRIAL_SECONDS)
    return trial.steps


def _described(certificate: x509.Certificate) -> str:
    fingerprint = certificate.fingerprint(SHA256()).hex(":").upper()
    return f"SHA256 {fingerprint}, until {certificate.not_valid_after_utc:%Y-%m-%d}"


def upload(connection: Connection, file: OutgoingFile) -> bool:
    """There is no place where the partner would not read it."""
    agreement_of(connection)
    return False


def publish(connection: Connection, file: OutgoingFile) -> Receipt:
    """Send it, under the Message-ID it always has. Raises Held where the receipt is not about this
    very file, or not surely the partner's."""
    agreement = agreement_of(connection)
    message = compose(agreement, file)
    reply = post(agreement, agreement.url, message, deadline=connection.patience)
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
    post(agreement, url, receipt, deadline=min(connection.patience, _RECEIPT_SECONDS))
