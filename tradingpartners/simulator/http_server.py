"""The HTTP side of the payers: one server, and a door for each dialect they are spoken to in."""

import asyncio
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from tradingpartners.simulator.http_wire import (
    HangUp,
    Reply,
    Request,
    RequestError,
    read_request,
    write_reply,
)
from tradingpartners.simulator.scenarios import On, Stage

LONGEST_WAIT_FOR_REQUEST = 60.0
# What the server itself can play when a connection is opened.
ON_CONNECT = frozenset({"unreachable"})


class Door(Protocol):
    """Answers the requests of one dialect. `line` tells whether the client is still there."""

    async def reply(self, request: Request, line: asyncio.StreamReader) -> Reply: ...


class HttpServer:
    """`doors` by the first step of the path."""

    def __init__(self, doors: Mapping[str, Door], stage: Stage) -> None:
        self.doors = doors
        self.stage = stage

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> asyncio.Server:
        return await asyncio.start_server(self.serve, host, port, ssl=tls)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as the client keeps it open for."""
        try:
            if self.stage.fault_for(On.CONNECT, playable=ON_CONNECT, via="http") is not None:
                return
            while await self.exchange(reader, writer):
                pass
        except (HangUp, OSError, TimeoutError, asyncio.IncompleteReadError):
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
            door = self.doors.get(request.steps[0] if request.steps else "")
            if door is None:
                raise RequestError(HTTPStatus.NOT_FOUND)
            reply = await door.reply(request, reader)
        except RequestError as refusal:
            await write_reply(writer, refusal.reply())
            return False
        await write_reply(writer, reply)
        return request.keeps_alive and reply.status.value < 400
