"""The envelopes of CAQH CORE Connectivity vC2.2.0, real time: HTTP+MIME and SOAP+WSDL.

Both carry the same metadata around one payload. A reply whose ErrorCode is not Success was either
refused unread (NotSent) or may have been worked on (Unsure); its ErrorMessage is not kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from typing import NamedTuple
from uuid import UUID
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring
from urllib3.filepost import encode_multipart_formdata

from tradingpartners.transports import NotSent, TransportError, Unsure

RULE_VERSION = "2.2.0"
PAYLOAD_TYPES = {"270": "X12_270_Request_005010X279A1", "278": "X12_278_Request_005010X217"}

_CORE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Ours for theirs. They end in Illegal, Required or NotUnderstood after the field they complain of.
_REFUSED_UNREAD = {
    "unauthorized": "core_unauthorized",
    "versionmismatch": "core_version_mismatch",
    "mustunderstand": "core_version_mismatch",
    "dataencodingunknown": "core_version_mismatch",
    "checksummismatched": "core_metadata_refused",
    "sender": "core_metadata_refused",
}
_METADATA_REFUSED = ("illegal", "required", "notunderstood")
_READS_AS_SUCCESS = {"", "success"}

Fields = Mapping[str, bytes]


class NoEnvelope(Unsure):
    """The reply is something else."""

    def __init__(self, http_status: int) -> None:
        super().__init__("core_envelope_unreadable", http_status=http_status)


class Sealed(NamedTuple):
    """What is posted."""

    body: bytes
    content_type: str


class Letter(NamedTuple):
    """A payload and what is written on its envelope; `username` and `password` may be empty."""

    payload: bytes
    payload_type: str
    payload_id: UUID
    sent_at: datetime
    sender_id: str
    receiver_id: str
    username: str
    password: str

    @property
    def metadata(self) -> dict[str, str]:
        return {
            "PayloadType": self.payload_type,
            "ProcessingMode": "RealTime",
            "PayloadID": str(self.payload_id),
            "TimeStamp": self.sent_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "SenderID": self.sender_id,
            "ReceiverID": self.receiver_id,
            "CORERuleVersion": RULE_VERSION,
        }


class Envelope(NamedTuple):
    seal: Callable[[Letter], Sealed]
    # (body, content type) → its fields by their names in small letters; ValueError if it is none
    read: Callable[[bytes, str], Fields]


# --- MIME: one form field each ------------------------------------------------------------------


def _seal_mime(letter: Letter) -> Sealed:
    account = {"UserName": letter.username, "Password": letter.password} if letter.username else {}
    fields: dict[str, str | bytes] = {**letter.metadata, **account, "Payload": letter.payload}
    return Sealed(*encode_multipart_formdata(fields))


def _read_mime(body: bytes, content_type: str) -> Fields:
    boundary = _headers(b"Content-Type: " + content_type.encode("latin-1", "replace")).get_boundary()
    if not boundary:
        raise ValueError
    parts = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary.encode("latin-1", "replace")), body)
    return dict(filter(None, map(_field, parts[1:-1])))


def _field(part: bytes) -> tuple[str, bytes] | None:
    head, _, content = part.lstrip(b" \t").replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    headers = _headers(head.strip())
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        return None
    if headers.get("Content-Transfer-Encoding", "").strip().lower() == "base64":
        content = base64.b64decode(content, validate=False)
    return name.lower(), content


def _headers(text: bytes) -> Message:
    return BytesHeaderParser().parsebytes(text)


# --- SOAP: one element each ---------------------------------------------------------------------


def _seal_soap(letter: Letter) -> Sealed:
    payload = letter.payload.decode()
    if _NOT_IN_XML.search(payload):
        raise NotSent("core_payload_not_xml")
    elements = {**letter.metadata, "Payload": payload}
    body = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in elements.items())
    return Sealed(
        (
            f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{_SOAP}">{_security(letter)}'
            f'<s:Body><c:COREEnvelopeRealTimeRequest xmlns:c="{_CORE}">{body}'
            "</c:COREEnvelopeRealTimeRequest></s:Body></s:Envelope>"
        ).encode(),
        'application/soap+xml; charset=UTF-8; action="RealTimeTransaction"',
    )


def _security(letter: Letter) -> str:
    if not letter.username:
        return ""
    return (
        f'<s:Header><w:Security xmlns:w="{_SECURITY}" s:mustUnderstand="true"><w:UsernameToken>'
        f'<w:Username>{_text(letter.username)}</w:Username><w:Password Type="{_PROFILE}#PasswordText">'
        f"{_text(letter.password)}</w:Password></w:UsernameToken></w:Security></s:Header>"
    )


def _text(value: str) -> str:
    return escape(value, {"\r": "&#13;"})  # a bare one would arrive as a line feed


def _read_soap(body: bytes, content_type: str) -> Fields:
    try:
        # No document type, so no entities and nothing to fetch.
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, LookupError) as error:
        raise ValueError from error
    for element in root.iter():
        name = _local(element.tag)
        if name == "COREEnvelopeRealTimeResponse":
            return {_local(child.tag).lower(): (child.text or "").encode() for child in element}
        if name == "Fault":
            return {"errorcode": _fault(element).encode()}
    raise ValueError


def _fault(fault: Element) -> str:
    """SOAP 1.2 Code/Value, or 1.1 faultcode: Sender, Receiver, MustUnderstand …; `unauthorized` where
    it is of WS-Security."""
    codes = [
        (element.text or "").strip().rpartition(":")[2]
        for element in fault.iter()
        if _local(element.tag) in {"Value", "faultcode"}
    ]
    if {"FailedAuthentication", "InvalidSecurity", "FailedCheck"} & set(codes):
        return "unauthorized"
    return {"Client": "sender", "Server": "receiver"}.get(codes[0], codes[0]) if codes else "receiver"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


ENVELOPES = {"mime": Envelope(_seal_mime, _read_mime), "soap": Envelope(_seal_soap, _read_soap)}


# --- opened -------------------------------------------------------------------------------------


def open_reply(envelope: Envelope, body: bytes, content_type: str, *, http_status: int) -> bytes:
    """The payload of a reply. Raises NotSent for a question refused unread, else Unsure."""
    try:
        fields = envelope.read(body, content_type)
    except (ValueError, binascii.Error):
        raise NoEnvelope(http_status) from None
    if "payload" not in fields and "errorcode" not in fields:
        raise NoEnvelope(http_status)
    error_code = fields.get("errorcode", b"").decode("utf-8", "replace").strip().lower()
    if error_code not in _READS_AS_SUCCESS:
        raise _refusal(error_code, http_status)
    payload = fields.get("payload", b"").lstrip()
    if not payload:
        raise Unsure("core_payload_missing", http_status=http_status)
    return payload


def _refusal(error_code: str, http_status: int) -> TransportError:
    if error_code in _REFUSED_UNREAD:
        return NotSent(_REFUSED_UNREAD[error_code], http_status=http_status)
    if error_code.endswith(_METADATA_REFUSED):
        return NotSent("core_metadata_refused", http_status=http_status)
    return Unsure("core_error", http_status=http_status)
