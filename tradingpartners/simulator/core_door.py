"""Real time in CAQH CORE envelopes: `POST /core/mime/<payer id>` and `POST /core/soap/<payer id>`."""

import asyncio
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

from tradingpartners.simulator.core_envelopes import (
    ACKNOWLEDGEMENT,
    ANSWER,
    ENVELOPE_ERROR,
    REAL_TIME,
    RULE_VERSION,
    SUCCESS,
    EnvelopeError,
    Fields,
    NotMineError,
    check_fields,
    read_mime,
    read_soap,
    write_fault,
    write_mime,
    write_soap,
)
from tradingpartners.simulator.desk import Call, Desk, Given, Instead, is_answerable
from tradingpartners.simulator.http_wire import PLAIN, Reply, Request, RequestError
from tradingpartners.simulator.payers import Transport
from tradingpartners.simulator.segments import Interchange, UnreadableError, read_interchange

SOAP_XML = "application/soap+xml; charset=utf-8"
# The payer's side of SenderID and ReceiverID where a request has none to turn round.
HOUSE = "PAYERS"


class CoreDoor:
    def __init__(self, desk: Desk, *, credentials: tuple[str, str]) -> None:
        self.desk = desk
        self.credentials = credentials
        self.payer_ids = desk.answering.payer_ids(Transport.REALTIME)

    async def reply(self, request: Request, line: asyncio.StreamReader) -> Reply:
        match request.steps:
            case ["core", ("mime" | "soap") as kind, payer_id] if payer_id in self.payer_ids:
                if request.method != "POST":
                    raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED)
            case _:
                raise RequestError(HTTPStatus.NOT_FOUND)
        try:
            is_soap = kind == "soap"
            asked = read_soap(request.body) if is_soap else read_mime(request.body, content_type_of(request))
        except NotMineError:
            if kind == "soap":
                body = write_fault("not a SOAP 1.2 envelope with a real-time request")
                return Reply(body, SOAP_XML, HTTPStatus.BAD_REQUEST)
            return Reply(b"not multipart/form-data\n", PLAIN, HTTPStatus.BAD_REQUEST)
        try:
            return await self.answer(asked, payer_id, kind, line)
        except EnvelopeError as error:
            fields = reply_fields(asked, ENVELOPE_ERROR, "", error.code, error.message)
            return write_envelope(kind, fields)
        except Instead as instead:
            return instead.reply

    async def answer(self, asked: Fields, payer_id: str, kind: str, line: asyncio.StreamReader) -> Reply:
        check_fields(asked)
        self.authorize(asked)
        question = read_payload(asked["Payload"])
        more = {"payload_id": asked["PayloadID"]}
        call = Call(question, payer_id, via=f"core-{kind}", line=line, more=more)
        given = await self.desk.answer(call)
        fields = reply_fields(asked, payload_type(given), given.raw.decode("latin-1"), SUCCESS, "")
        return replace(write_envelope(kind, fields), manner=given.manner)

    def authorize(self, asked: Fields) -> None:
        given = (asked.get("UserName", ""), asked.get("Password", ""))
        if not hmac.compare_digest(":".join(given).encode(), ":".join(self.credentials).encode()):
            raise EnvelopeError("UnAuthorized", "user name or password is wrong")


def content_type_of(request: Request) -> str:
    return request.headers.get("content-type", "")


def read_payload(payload: str) -> Interchange:
    try:
        asked = read_interchange(payload.encode("latin-1", errors="replace"))
    except UnreadableError as error:
        raise EnvelopeError("PayloadIllegal", "the payload is no whole interchange") from error
    if not is_answerable(asked):
        raise EnvelopeError("PayloadIllegal", "the payload asks nothing")
    return asked


def payload_type(given: Given) -> str:
    is_answer = given.fault is None or given.fault.name != "answer_is_999"
    return ANSWER if is_answer else ACKNOWLEDGEMENT


def reply_fields(asked: Fields, kind: str, payload: str, code: str, message: str) -> dict[str, str]:
    """Addressed back to who asked; the payload's own id, not the question's."""
    fields = {
        "PayloadType": kind,
        "ProcessingMode": REAL_TIME,
        "PayloadID": str(uuid4()),
        "TimeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SenderID": asked.get("ReceiverID", "") or HOUSE,
        "ReceiverID": asked.get("SenderID", ""),
        "CORERuleVersion": RULE_VERSION,
        "Payload": payload,
        "ErrorCode": code,
        "ErrorMessage": message,
    }
    if not payload:
        del fields["Payload"]
    return fields


def write_envelope(kind: str, fields: Fields) -> Reply:
    if kind == "soap":
        return Reply(write_soap(fields), SOAP_XML)
    body, content_type = write_mime(fields, boundary=f"payers-{fields['PayloadID']}")
    return Reply(body, content_type)
