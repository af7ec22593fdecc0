"""The other side of AS2: takes what the simulator pushes, and sends it files, in a thread of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.simulator.driving import Simulator
from tradingpartners.simulator.as2_keys import Identity, Mode
from tradingpartners.simulator.as2_messages import Notice, Opened, Posted, Station, is_receipt
from tradingpartners.simulator.as2_outlet import post


@dataclass
class Peer:
    """`receives` says what to answer a pushed message with: a fault of receipts, or None for nothing."""

    station: Station
    url: str = ""
    messages: list[Opened] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    sent: dict[str, Posted] = field(default_factory=dict)
    receives: Callable[[int], str | None] = lambda nth: ""

    @property
    def files(self) -> dict[str, bytes]:
        return {opened.name: opened.payload or b"" for opened in self.messages}

    def send(self, url: str, name: str, payload: bytes) -> Notice | None:
        """Push a file; what the receipt on the same connection says, if there is one."""
        posted = self.station.compose(name, payload)
        self.sent.setdefault(posted.message_id, posted)
        headers, body = post(url, posted)
        return self.read(headers, body) if is_receipt(headers, body) else None

    def read(self, headers: dict[str, str], body: bytes) -> Notice:
        return self.station.read_receipt(headers, body, sent=self.sent.get)

    def take(self, headers: dict[str, str], body: bytes) -> Posted | None:
        """What comes in; the receipt to give for it on the same connection."""
        if is_receipt(headers, body):
            self.notices.append(self.read(headers, body))
            return None
        opened = self.station.open(headers, body)
        self.messages.append(opened)
        fault = self.receives(len(self.messages))
        if fault is None:
            return None
        receipt = self.station.receipt(opened, fault)
        if not receipt.url:
            return receipt.posted
        Thread(target=post, args=(receipt.url, receipt.posted)).start()
        return None


def start_peer(
    simulator: Simulator, folder: Path, *, mode: Mode = Mode.SYNC
) -> tuple[Peer, Callable[[], None]]:
    """A peer with the keys the simulator made for it, made known to it; and how to stop it."""
    ready = simulator.ready["as2"]
    peer = Peer(station_of(ready, folder, mode))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name http.server calls
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receipt = peer.take({name.lower(): value for name, value in self.headers.items()}, body)
            answer = receipt.body if receipt else b""
            self.send_response(200)
            for name, value in (receipt.headers if receipt else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer.url = peer.station.url = f"http://127.0.0.1:{server.server_port}/as2"
    Thread(target=server.serve_forever, daemon=True).start()
    Path(ready["partner_file"]).write_text(json.dumps({"url": peer.url}), encoding="utf-8")

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return peer, stop


def station_of(ready: dict[str, str], folder: Path, mode: Mode) -> Station:
    """The simulator's own station with the roles exchanged."""
    keys = Path(ready["certificate_path"]).parent
    station = Station(
        folder,
        as2_id=ready["partner_as2_id"],
        partner_id=ready["as2_id"],
        partner_file=folder / "no",
        mode=mode,
    )
    station.identity = Identity(
        ready["partner_as2_id"], Path(ready["partner_key_path"]), Path(ready["partner_certificate_path"])
    )
    station.usual_partner = Identity(ready["as2_id"], keys / "unknown", Path(ready["certificate_path"]))
    return station
