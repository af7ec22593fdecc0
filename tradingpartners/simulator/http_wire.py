"""HTTP/1.1 as far as the simulated payers need it: one request in, one reply out, at times a bad one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

from tradingpartners.simulator.scenarios import Fault

LARGEST_BODY = 50_000_000
PLAIN, X12, JSON = "text/plain", "application/edi-x12", "application/json"


class RequestError(Exception):
    """A request that is answered with a status and a word."""

    def __init__(self, status: HTTPStatus, **headers: str) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(self) -> "Reply":
        return Reply(f"{self}\n".encode(), PLAIN, self.status, self.headers)


class HangUp(Exception):  # noqa: N818 - no error: the payer means to give no answer
    """The connection closes without a reply."""


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]  # by name in small letters
    body: bytes = field(repr=False)

    @property
    def keeps_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"

    @property
    def steps(self) -> list[str]:
        """The path by its slashes: `/payers/X` is `["payers", "X"]`."""
        return [unquote(step) for step in self.target.partition("?")[0].split("/")[1:]]

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def content_type(self) -> str:
        """Without its parameters, in small letters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Reply:
    """`manner`: the fault by which it is written wrongly, if any."""

    body: bytes = field(repr=False)
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Fault | None = None


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
    return Request(method=start[0], target=start[1], headers=headers, body=body)


async def write_reply(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """All of it; or less, more slowly, or other than announced, where the reply's manner says so."""
    manner = reply.manner
    name = manner.name if manner else ""
    announced = len(reply.body)
    if manner and name == "wrong_content_length":
        announced += int(manner.number("bytes"))
    head = [
        f"HTTP/1.1 {reply.status.value} {reply.status.phrase}",
        *([f"Content-Type: {reply.content_type}"] if reply.content_type else []),
        f"Content-Length: {announced}",
        *(f"{key}: {value}" for key, value in reply.headers.items()),
    ]
    if reply.status.value >= 400:
        head.append("Connection: close")
    writer.write("\r\n".join([*head, "", ""]).encode())
    if manner and name == "drip_feed":
        for at in range(len(reply.body)):
            writer.write(reply.body[at : at + 1])
            await writer.drain()
            await asyncio.sleep(manner.number("seconds_per_byte"))
    else:
        writer.write(reply.body[: len(reply.body) // 2] if name == "half_response" else reply.body)
    await writer.drain()
    if name in {"half_response", "wrong_content_length"}:
        raise HangUp
