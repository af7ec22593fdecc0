"""Real-time payers: `POST /payers/<payer id>/x12` with a 270, answered with a 271."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from tradingpartners.simulator.answering import Answering
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.envelopes import ANSWER, write_interchange
from tradingpartners.simulator.inquiries import why_unanswerable
from tradingpartners.simulator.payers import Payer, Transport
from tradingpartners.simulator.segments import Interchange, UnreadableError, read_interchange

LARGEST_BODY = 5_000_000
LONGEST_WAIT_FOR_REQUEST = 60.0


class RequestError(Exception):
    """A request that is answered with a bare status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class HangUp(Exception):  # noqa: N818 - no error: the payer means to give no answer
    """The connection closes without a reply."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def keeps_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


@dataclass(frozen=True)
class Pace:
    """How long payers take over an answer, and how long one that gives none holds the line."""

    delay: float
    hold: float


class HttpPayers:
    def __init__(self, answering: Answering, *, credentials: tuple[str, str], pace: Pace) -> None:
        self.answering = answering
        token = b64encode(":".join(credentials).encode()).decode()
        self.authorization = f"Basic {token}"
        self.pace = pace
        self.dice = dice("http", answering.seed)
        self.payer_ids = answering.payer_ids(Transport.REALTIME)

    async def start(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self.serve, host, port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as the client keeps it open for."""
        try:
            while await self.exchange(reader, writer):
                pass
        except (HangUp, ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass  # the simulator stops; Python 3.11 would report a cancelled connection as an error
        finally:
            writer.close()

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply. False: the connection is done with."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_FOR_REQUEST):
                request = await read_request(reader, writer)
            if request is None:
                return False
            body = await self.reply(request, reader)
        except RequestError as refusal:
            write_reply(writer, refusal.status, f"{refusal}\n".encode(), content_type="text/plain")
            await writer.drain()
            return False
        write_reply(writer, HTTPStatus.OK, body, content_type="application/edi-x12")
        await writer.drain()
        return request.keeps_alive

    async def reply(self, request: Request, reader: asyncio.StreamReader) -> bytes:
        payer_id = self.authorize(request)
        try:
            asked = read_interchange(request.body)
        except UnreadableError as error:
            raise RequestError(HTTPStatus.BAD_REQUEST) from error
        sets = [each for group in asked.groups for each in group.transaction_sets]
        if not sets or any(why_unanswerable(each) for each in sets):
            raise RequestError(HTTPStatus.BAD_REQUEST)
        return await self.answer(asked, payer_id, reader)

    def authorize(self, request: Request) -> str:
        """The payer id in the path, for a client that may ask."""
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self.authorization.encode()):
            raise RequestError(HTTPStatus.UNAUTHORIZED)
        match request.path.split("?")[0].split("/"):
            case ["", "payers", payer_id, "x12"] if payer_id in self.payer_ids:
                if request.method != "POST":
                    raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED)
                return payer_id
        raise RequestError(HTTPStatus.NOT_FOUND)

    async def answer(self, asked: Interchange, payer_id: str, reader: asyncio.StreamReader) -> bytes:
        answers = self.answering.answer_all(asked, payer_ids={payer_id})
        record = self.answering.record
        isa13 = asked.control_number
        for each in answers:
            record(each.questions_asked(isa13=isa13, file=None, via="http"))
        if any(each.is_silence for each in answers):
            for each in answers:
                record(each.no_answers(reason="no_answer", file=None))
            await asyncio.sleep(self.pace.hold)
            raise HangUp
        payer = self.answering.records[payer_id].payer
        await asyncio.sleep(self.delay(payer))
        if reader.at_eof():
            for each in answers:
                record(each.no_answers(reason="client_gone", file=None))
            raise HangUp
        now = datetime.now().astimezone()
        control_number = next(self.answering.control_numbers)
        reply = write_interchange(
            asked,
            [each.segments(now=now) for each in answers],
            kind=ANSWER,
            control_number=control_number,
            delimiters=payer.delimiters,
            now=now,
        )
        for each in answers:
            record(each.answers_given(isa13=f"{control_number:09d}", file=None))
        return reply

    def delay(self, payer: Payer) -> float:
        return self.pace.delay * payer.pace * self.dice.uniform(0.5, 1.5)


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """One HTTP/1.1 request, or None where the client has left."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise RequestError(HTTPStatus.BAD_REQUEST) from error
        return None
    except asyncio.LimitOverrunError as error:
        raise RequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
    lines = head.decode("latin-1").split("\r\n")
    start = lines[0].split(" ")
    if len(start) != 3 or not start[2].startswith("HTTP/1."):
        raise RequestError(HTTPStatus.BAD_REQUEST)
    named = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        raise RequestError(HTTPStatus.LENGTH_REQUIRED)
    if not length.isdecimal():
        raise RequestError(HTTPStatus.BAD_REQUEST)
    if int(length) > LARGEST_BODY:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(length))
    return Request(method=start[0], path=start[1], headers=headers, body=body)


def write_reply(writer: asyncio.StreamWriter, status: HTTPStatus, body: bytes, *, content_type: str) -> None:
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    if status is HTTPStatus.UNAUTHORIZED:
        head.append('WWW-Authenticate: Basic realm="payers"')
    if status is not HTTPStatus.OK:
        head.append("Connection: close")
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
