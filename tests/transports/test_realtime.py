"""One POST against servers that misbehave: what was surely not sent, and one deadline for all."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

import pytest

from practice.rows import uuid7
from tests.factories import PayerFactory
from tradingpartners.retries import next_attempt_at
from tradingpartners.transports import Connection, LiveQuestion, NotSent, TransportError, Unsure, realtime

Conversation = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Conversation], str]]:
    """A server that accepts once and then does what the test says."""
    listeners: list[socket.socket] = []

    def start(talk: Conversation) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    talk(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for listener in listeners:
        listener.close()


def question() -> LiveQuestion:
    return LiveQuestion(b"ISA", "application/edi-x12", uuid4(), uuid4(), "12345", "ACME", "EXAMPLE", 2)


def ask(url: str, *, deadline: float = 1.0) -> TransportError | bytes:
    try:
        return realtime.ask(Connection(uuid4(), {"url": url}, {}), question(), deadline=deadline).body
    except TransportError as error:
        return error


def drip(connection: socket.socket, head: bytes, drops: bytes) -> None:
    connection.recv(65_536)
    connection.sendall(head)
    for drop in drops:
        connection.sendall(bytes([drop]))
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("head", "drops"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"x" * 40),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ],
    ids=["body", "headers"],
)
def test_fault_31_reply_that_drips_is_cut_off_at_the_deadline(
    serve: Callable[[Conversation], str], head: bytes, drops: bytes
) -> None:
    url, started = serve(lambda connection: drip(connection, head, drops)), time.monotonic()
    error = ask(url)
    assert isinstance(error, Unsure) and error.code == "timeout"
    assert time.monotonic() - started < 1.5


def test_a_whole_reply_is_returned(serve: Callable[[Conversation], str]) -> None:
    assert ask(serve(lambda c: drip(c, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"ISA"))) == b"ISA"


def test_fault_30_slow_reply_is_cut_off_at_the_deadline(serve: Callable[[Conversation], str]) -> None:
    enough = threading.Event()
    url, started = serve(lambda connection: enough.wait(11) and None), time.monotonic()
    error = ask(url)
    enough.set()
    assert isinstance(error, Unsure) and error.code == "timeout"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n63\r\n",
    ],
    ids=["length", "chunks"],
)
def test_fault_34_half_a_reply_may_have_been_read(serve: Callable[[Conversation], str], head: bytes) -> None:
    error = ask(serve(lambda connection: drip(connection, head, b"ISA")))
    assert isinstance(error, Unsure) and error.code == "connection_lost"


def test_a_reply_without_end_is_given_up(serve: Callable[[Conversation], str]) -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2 * realtime.LARGEST_REPLY // 65_536):
            connection.sendall(b"x" * 65_536)

    error = ask(serve(flood), deadline=10.0)
    assert isinstance(error, Unsure) and error.code == "reply_too_large"


def test_a_name_nobody_knows_and_a_closed_port_are_surely_not_sent() -> None:
    errors = [ask("http://no-such-host.invalid/"), ask("http://127.0.0.1:9999/"), ask("ftp://example/")]
    assert [type(error) for error in errors] == [NotSent] * 3
    assert [str(error) for error in errors] == ["not_resolved", "connection_refused", "settings:url"]


def test_a_server_without_tls_is_surely_not_sent(serve: Callable[[Conversation], str]) -> None:
    url = serve(lambda connection: connection.sendall(b"no tls here\r\n") or time.sleep(0.1))
    error = ask(url.replace("http:", "https:"))
    assert isinstance(error, NotSent) and error.code in {"tls", "connection_refused"}


def test_a_connection_that_breaks_after_the_request_may_have_been_read(
    serve: Callable[[Conversation], str],
) -> None:
    error = ask(serve(lambda connection: connection.recv(65_536) and None))
    assert isinstance(error, Unsure) and error.code == "connection_lost"


def test_tls_that_breaks_after_the_request_may_have_been_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ssl.SSLEOFError("EOF occurred in violation of protocol")

    monkeypatch.setattr("practice.outbound.http._TimedReader.readinto", broken)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        error = ask(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert isinstance(error, Unsure)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("Retry-After: 120\r\n", 120, 120),
        (f"Retry-After: {format_datetime(datetime.now(UTC) + timedelta(hours=6))}\r\n", 10_000, 21_600),
        ("", 0, 0),
    ],
    ids=["seconds", "date", "absent"],
)
def test_fault_32_busy_server_says_how_long_to_wait(
    serve: Callable[[Conversation], str], header: str, least: int, most: int
) -> None:
    head = f"HTTP/1.1 503 Busy\r\n{header}Content-Length: 0\r\n\r\n".encode()
    error = ask(serve(lambda connection: drip(connection, head, b"")))
    assert isinstance(error, NotSent)
    assert error.retry_after is not None and least <= error.retry_after <= most


def test_fault_32_busy_payer_is_not_asked_again_before_it_said() -> None:
    payer = PayerFactory.build(id=uuid7(), retry_backoff=timedelta(minutes=2), retries=3)
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def wait(retry_after: int | None) -> timedelta:
        at = next_attempt_at(payer, attempt=1, sent=False, now=now, retry_after=retry_after)
        assert at is not None
        return at - now

    assert wait(None) == timedelta(0)
    assert wait(0) >= timedelta(minutes=2)
    assert wait(600) == timedelta(minutes=10)
    assert wait(10**12) == timedelta(hours=24)
