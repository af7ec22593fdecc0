"""The CAQH CORE connectivity envelopes (vC2.2): HTTP with MIME multipart, and SOAP 1.2 with WSDL.

Both carry the same fields round one X12 interchange; what is wrong with an envelope is said in
`ErrorCode` inside a reply envelope, not by the HTTP status.
"""

from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

RULE_VERSION = "2.2.0"
REAL_TIME = "RealTime"
QUESTION, ANSWER = "X12_270_Request_005010X279A1", "X12_271_Response_005010X279A1"
ACKNOWLEDGEMENT = "X12_999_Response_005010X231A1"
ENVELOPE_ERROR = "CoreEnvelopeError"
SUCCESS = "Success"

SOAP = "http://www.w3.org/2003/05/soap-envelope"
CORE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
REQUEST, RESPONSE = "COREEnvelopeRealTimeRequest", "COREEnvelopeRealTimeResponse"

# In this order; a reply has them too, with ErrorCode and ErrorMessage at the end.
REQUIRED = (
    "PayloadType",
    "ProcessingMode",
    "PayloadID",
    "TimeStamp",
    "SenderID",
    "ReceiverID",
    "CORERuleVersion",
    "Payload",
)
Fields = Mapping[str, str]


class EnvelopeError(Exception):
    """What a reply envelope says instead of carrying a payload. `code` is the rule's ErrorCode."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or code


class NotMineError(Exception):
    """The body is no envelope of this kind."""


def check_fields(fields: Fields) -> None:
    """The first thing wrong with a request's fields; its credentials are another matter."""
    for name in REQUIRED:
        if not fields.get(name, "").strip():
            raise EnvelopeError(f"{name}Required", f"{name} is missing")
    if fields["CORERuleVersion"] != RULE_VERSION:
        raise EnvelopeError("VersionMismatch", f"expected {RULE_VERSION}")
    if fields["PayloadType"] != QUESTION:
        raise EnvelopeError("PayloadTypeIllegal", f"expected {QUESTION}")
    if fields["ProcessingMode"] != REAL_TIME:
        raise EnvelopeError("ProcessingModeIllegal", f"expected {REAL_TIME}")
    for name, longest in (("PayloadID", 36), ("SenderID", 50), ("ReceiverID", 50)):
        if len(fields[name]) > longest:
            raise EnvelopeError(f"{name}Illegal", f"at most {longest} characters")


def read_mime(body: bytes, content_type: str) -> dict[str, str]:
    """The form-data parts by name; the payload is Latin-1, as X12 is. Raises NotMineError."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise NotMineError
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(_class=EmailMessage, policy=policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise NotMineError
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode("latin-1")
    return fields


def write_mime(fields: Fields, *, boundary: str) -> tuple[bytes, str]:
    """The body and its content type."""
    parts = []
    for name, value in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(f"{head}{value}\r\n")
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode("latin-1", errors="replace")
    return body, f'multipart/form-data; boundary="{boundary}"'


def read_soap(body: bytes) -> dict[str, str]:
    """The fields of the request element, with UserName and Password of the UsernameToken.

    Raises NotMineError: no XML, a document type (never needed, and a way to grow), no such request.
    """
    if b"<!DOCTYPE" in body:
        raise NotMineError
    try:
        envelope = Xml.fromstring(body)  # noqa: S314 - a document type is refused above
    except (Xml.ParseError, ValueError) as error:
        raise NotMineError from error
    request = envelope.find(f"{{{SOAP}}}Body/{{{CORE}}}{REQUEST}")
    if request is None:
        raise NotMineError
    fields = {local_name(child): (child.text or "").strip() for child in request}
    token = envelope.find(f"{{{SOAP}}}Header/{{{SECURITY}}}Security/{{{SECURITY}}}UsernameToken")
    if token is not None:
        fields["UserName"] = token.findtext(f"{{{SECURITY}}}Username", "")
        fields["Password"] = token.findtext(f"{{{SECURITY}}}Password", "")
    return fields


def local_name(element: Xml.Element) -> str:
    return element.tag.rpartition("}")[2]


def write_soap(fields: Fields) -> bytes:
    """The children unqualified, as the rule's schema has them; the payload escaped."""
    inside = "".join(f"<{name}>{escape(printable(value))}</{name}>" for name, value in fields.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'
        f'<core:{RESPONSE} xmlns:core="{CORE}">{inside}</core:{RESPONSE}>'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


def printable(text: str) -> str:
    """XML has no way to write most control characters."""
    return "".join(mark for mark in text if mark >= " " or mark in "\r\n\t")


def write_fault(reason: str) -> bytes:
    """A SOAP fault: the sender's envelope is none."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'
        "<soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:Sender</soapenv:Value></soapenv:Code>"
        f'<soapenv:Reason><soapenv:Text xml:lang="en">{escape(reason)}</soapenv:Text></soapenv:Reason>'
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    ).encode()
