"""The address where the clearinghouse takes AS2 messages and receipts: one POST each."""

import asyncio
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tradingpartners.simulator.as2_keys import As2Options, Identity
from tradingpartners.simulator.as2_messages import Opened, Posted, Receipt, Station, is_receipt
from tradingpartners.simulator.as2_outlet import As2Outlet, PostError, post, receipts_folder
from tradingpartners.simulator.clearinghouse import Clearinghouse
from tradingpartners.simulator.http_wire import PLAIN, Reply, Request, RequestError
from tradingpartners.simulator.scenarios import On

RECEIPT_ATTEMPTS = 5
ON_DISPOSITION = frozenset({"mdn_missing", "mic_differs", "unsigned_mdn", "wrong_signer", "mdn_twice"})
MDN_TWICE = frozenset({"mdn_twice"})


class As2Door:
    def __init__(self, house: Clearinghouse, folder: Path, options: As2Options) -> None:
        self.house = house
        self.journal = house.answering.journal
        self.options = options
        self.partner_file = options.partner_file or folder / "partner.json"
        self.station = Station(
            folder,
            as2_id=options.as2_id,
            partner_id=options.partner_id,
            partner_file=self.partner_file,
            mode=options.mode,
        )
        self.outlet = As2Outlet(self.station, self.journal, retry_seconds=options.retry_seconds)
        self.receipts = receipts_folder(folder)
        self.giving: set[asyncio.Task[None]] = set()
        house.replies.outlets["as2"] = self.outlet

    def listen_at(self, url: str) -> None:
        """Our own address is known: what was left unfinished can go on."""
        self.station.url = url
        self.outlet.resume(self.house.replies.written)

    def ready_contents(self) -> dict[str, Any]:
        partner: Identity = self.station.usual_partner
        return {
            "url": self.station.url,
            "as2_id": self.station.identity.as2_id,
            "certificate": self.station.identity.certificate.decode(),
            "certificate_path": str(self.station.identity.certificate_path),
            "mdn": self.options.mode.value,
            "partner_as2_id": partner.as2_id,
            "partner_certificate_path": str(partner.certificate_path),
            "partner_key_path": str(partner.key_path),
            "partner_file": str(self.partner_file),
        }

    async def reply(self, request: Request, line: asyncio.StreamReader) -> Reply:
        if request.method != "POST":
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED)
        if is_receipt(request.headers, request.body):
            notice = self.outlet.hear(request.headers, request.body)
            self.book("as2_receipt", notice.message_id, status=notice.status, detail=notice.detail)
            return Reply(b"", PLAIN)
        if "as2-from" not in request.headers or "as2-to" not in request.headers:
            raise RequestError(HTTPStatus.BAD_REQUEST)
        return await self.take(request)

    async def take(self, request: Request) -> Reply:
        """A message: its file goes to the house, and its receipt back; the stored one to a repeat."""
        opened = self.station.open(request.headers, request.body)
        stored = self.stored(opened)
        if stored is not None:
            same = stored["sha256"] == digest(opened)
            self.book("as2_duplicate", opened.message_id, same_contents=same)
            return self.give(read_stored(stored), times=1)
        self.book("as2_message", opened.message_id, status=opened.status, file=opened.name)
        if opened.payload is not None:
            await self.house.receive(opened.name, opened.payload, via="as2")
        if not opened.wants_receipt:
            return Reply(b"", PLAIN)
        fault = self.fault(opened)
        receipt = self.station.receipt(opened, fault)
        self.store(opened, receipt)
        if fault == "mdn_missing":
            return Reply(b"", PLAIN)
        return self.give(receipt, times=2 if fault == "mdn_twice" else 1)

    def fault(self, opened: Opened) -> str:
        playable = ON_DISPOSITION if opened.receipt_url else ON_DISPOSITION - MDN_TWICE
        drawn = self.house.answering.stage.fault_for(
            On.DISPOSITION, playable=playable, message_id=opened.message_id
        )
        return drawn.name if drawn else ""

    def give(self, receipt: Receipt, *, times: int) -> Reply:
        """On this connection, or on its way to where it was asked for."""
        if not receipt.url:
            headers = {k: v for k, v in receipt.posted.headers.items() if k.lower() != "content-type"}
            kind = next(v for k, v in receipt.posted.headers.items() if k.lower() == "content-type")
            return Reply(receipt.posted.body, kind, headers=headers)
        for _ in range(times):
            task = asyncio.create_task(self.send(receipt))
            self.giving.add(task)
            task.add_done_callback(self.giving.discard)
        return Reply(b"", PLAIN)

    async def send(self, receipt: Receipt) -> None:
        for attempt in range(1, RECEIPT_ATTEMPTS + 1):
            try:
                await asyncio.to_thread(post, receipt.url, receipt.posted)
                outcome = "given"
            except PostError as error:
                outcome = str(error)
            self.book("as2_receipt_sent", receipt.posted.message_id, attempt=attempt, outcome=outcome)
            if outcome == "given":
                return
            await asyncio.sleep(self.options.retry_seconds)

    def book(self, event: str, message_id: str, **more: object) -> None:
        self.journal.write([{"event": event, "message_id": message_id, **more}])

    def place(self, opened: Opened) -> Path:
        return self.receipts / f"{sha256(opened.message_id.encode()).hexdigest()}.json"

    def stored(self, opened: Opened) -> dict[str, Any] | None:
        """The receipt given for this Message-ID before."""
        path = self.place(opened)
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def store(self, opened: Opened, receipt: Receipt) -> None:
        contents = {
            "message_id": receipt.posted.message_id,
            "headers": dict(receipt.posted.headers),
            "body": b64encode(receipt.posted.body).decode(),
            "url": receipt.url,
            "sha256": digest(opened),
        }
        temporary = self.place(opened).with_suffix(".tmp")
        temporary.write_text(json.dumps(contents), encoding="utf-8")
        temporary.replace(self.place(opened))


def digest(opened: Opened) -> str:
    return sha256(opened.payload or b"").hexdigest()


def read_stored(stored: dict[str, Any]) -> Receipt:
    posted = Posted(stored["headers"], b64decode(stored["body"]), stored["message_id"])
    return Receipt(posted, stored["url"])
