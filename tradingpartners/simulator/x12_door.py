"""Plain X12 over HTTP: `POST /payers/<payer id>/x12` with a 270, answered with a 271."""

import asyncio
import hmac
from base64 import b64encode
from http import HTTPStatus

from tradingpartners.simulator.desk import Call, Desk, Instead, is_answerable
from tradingpartners.simulator.http_wire import X12, Reply, Request, RequestError
from tradingpartners.simulator.payers import Transport
from tradingpartners.simulator.segments import Interchange, UnreadableError, read_interchange


class X12Door:
    def __init__(self, desk: Desk, *, credentials: tuple[str, str]) -> None:
        self.desk = desk
        token = b64encode(":".join(credentials).encode()).decode()
        self.authorization = f"Basic {token}"
        self.payer_ids = desk.answering.payer_ids(Transport.REALTIME)

    async def reply(self, request: Request, line: asyncio.StreamReader) -> Reply:
        payer_id = self.authorize(request)
        call = Call(read_question(request.body), payer_id, via="http", line=line)
        try:
            given = await self.desk.answer(call)
        except Instead as instead:
            return instead.reply
        return Reply(given.raw, X12, manner=given.manner)

    def authorize(self, request: Request) -> str:
        """The payer id in the path, for a client that may ask."""
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self.authorization.encode()):
            raise RequestError(HTTPStatus.UNAUTHORIZED, WWW_Authenticate='Basic realm="payers"')
        match request.steps:
            case ["payers", payer_id, "x12"] if payer_id in self.payer_ids:
                if request.method != "POST":
                    raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED)
                return payer_id
        raise RequestError(HTTPStatus.NOT_FOUND)


def read_question(body: bytes) -> Interchange:
    """An interchange that asks, or a bad request."""
    try:
        asked = read_interchange(body)
    except UnreadableError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST) from error
    if not is_answerable(asked):
        raise RequestError(HTTPStatus.BAD_REQUEST)
    return asked
