"""A scripted HTTP server on loopback: it records what it is asked and says what a script returns."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


# A status, a body (an object is sent as JSON) and headers; None hangs up without an answer.
Said = tuple[int, Any] | tuple[int, Any, dict[str, str]] | None


@dataclass
class Web:
    """`script` answers; `requests` is what it was asked, in order."""

    script: Callable[[Request], Said] = lambda request: (404, {})
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def asked(self, ending: str) -> list[Request]:
        return [each for each in self.requests if each.path.endswith(ending)]


@contextmanager
def scripted_web() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query))
            request = Request(self.command, parts.path, query, self.headers, body)
            web.requests.append(request)
            said = web.script(request)
            if said is None:
                self.close_connection = True
                return
            status, content, *more = said
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            headers = {"Content-Type": "application/json", **(more[0] if more else {})}
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                raw, headers["Content-Encoding"] = gzip.compress(raw), "gzip"
            self.send_response_only(status)
            headers.setdefault("Date", self.date_time_string())
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = answer

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
