"""Whom a partner's address may lead to: nobody in our own network, when it is saved and when it is used."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest

from practice import outbound
from practice.outbound import OutboundError, Refusal, check_address
from practice.outbound.http import call_within, guarded_session
from tradingpartners.transports import Connection, LiveQuestion, NotSent, TransportError, realtime

OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"


class Web:
    """One port on two addresses: a partner's, and one of ours that nobody may reach; both count."""

    def __init__(self) -> None:
        self.calls = {OUTSIDE: 0, INSIDE: 0}
        self.reply = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nISA"
        partner = socket.create_server((OUTSIDE, 0))
        self.port: int = partner.getsockname()[1]
        self._listeners = {OUTSIDE: partner, INSIDE: socket.create_server((INSIDE, self.port))}
        for address in self._listeners:
            threading.Thread(target=self._serve, args=(address,), daemon=True).start()

    def _serve(self, address: str) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listeners[address].accept()
                with connection:
                    self.calls[address] += 1
                    connection.recv(65_536)
                    connection.sendall(self.reply)

    def stop(self) -> None:
        for listener in self._listeners.values():
            listener.close()


@pytest.fixture
def web(settings: Any) -> Iterator[Web]:
    settings.PRIVATE_PARTNERS = [f"{OUTSIDE}/32"]
    web = Web()
    yield web
    web.stop()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The name server: the addresses it gives, one set a question, the last for ever."""

    def answer(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            found = left.pop(0) if len(left) > 1 else left[0]
            return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return answer


def ask(url: str, *, deadline: float = 2.0) -> TransportError | bytes:
    question = LiveQuestion(b"ISA", "application/edi-x12", uuid4(), uuid4(), "12345", "ACME", "EXAMPLE", 2)
    try:
        return realtime.ask(Connection(uuid4(), {"url": url}, {}), question, deadline=deadline).body
    except TransportError as error:
        return error


REFUSED_AT_SAVE = [
    ("https://127.0.0.1/", Refusal.NUMERIC_HOST),
    ("https://[::1]/", Refusal.NUMERIC_HOST),
    ("https://169.254.169.254/latest/meta-data", Refusal.NUMERIC_HOST),
    ("https://8.8.8.8/", Refusal.NUMERIC_HOST),
    ("https://2130706433/", Refusal.NUMERIC_HOST),
    ("https://0x7f000001/", Refusal.NUMERIC_HOST),
    ("https://0x7f.0.0.1/", Refusal.NUMERIC_HOST),
    ("https://0177.0.0.01/", Refusal.NUMERIC_HOST),
    ("https://127.1/", Refusal.NUMERIC_HOST),
    ("https://127.0.0.1./", Refusal.NUMERIC_HOST),
    ("https://[::ffff:127.0.0.1]/", Refusal.NUMERIC_HOST),
    ("https://[64:ff9b::7f00:1]/", Refusal.NUMERIC_HOST),
    ("https://[2002:7f00:1::]/", Refusal.NUMERIC_HOST),
    ("https://[fe80::1%25eth0]/", Refusal.NUMERIC_HOST),
    ("https://localhost/", Refusal.NOT_PUBLIC),
    ("https://redis:6379/", Refusal.NOT_PUBLIC),
    ("https://metadata.google.internal/", Refusal.NOT_PUBLIC),
    ("http://payer.example/", Refusal.SCHEME),
    ("file:///etc/passwd", Refusal.SCHEME),
    ("gopher://payer.example/", Refusal.SCHEME),
    ("payer.example", Refusal.SCHEME),
    ("https://payer.example@127.0.0.1/", Refusal.USERINFO),
    ("https://user:secret@payer.example/", Refusal.USERINFO),
    ("https://payer.example\\@127.0.0.1/", Refusal.MALFORMED),
    ("https://payer.example\t/", Refusal.MALFORMED),
    ("https://pay\u2025er.example/", Refusal.MALFORMED),
    ("https://\u2460\u2461\u2466.0.0.1/", Refusal.MALFORMED),
    ("https://payer.example:25/", Refusal.PORT),
    ("https://payer.example:80/", Refusal.PORT),
    ("https://payer.example:0/", Refusal.PORT),
    ("https://payer.example:99999/", Refusal.MALFORMED),
    ("https:///path", Refusal.HOST),
    ("https://payer..example/", Refusal.HOST),
    ("https://{payer_id}.example/", Refusal.PLACEHOLDER),
    ("https://payer.example/?id={payer_id}", Refusal.PLACEHOLDER),
    ("https://payer.example/{other}", Refusal.PLACEHOLDER),
]


@pytest.mark.parametrize(("url", "refusal"), REFUSED_AT_SAVE, ids=lambda value: str(value)[:40])
def test_fault_87_address_refused_when_it_is_saved(url: str, refusal: Refusal, settings: Any) -> None:
    settings.PRIVATE_PARTNERS = []
    with pytest.raises(OutboundError) as error:
        check_address(url, schemes=("https", "http"), placeholders=("payer_id",))
    assert error.value.refusal == refusal


@pytest.mark.parametrize("url", [url for url, _ in REFUSED_AT_SAVE if "8.8.8.8" not in url])
def test_fault_87_address_that_slipped_into_a_row_reaches_nobody(
    url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PRIVATE_PARTNERS = []
    reached = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: reached.append(address))
    error = ask(url, deadline=1.0)
    assert isinstance(error, NotSent)
    assert reached == []


@pytest.mark.parametrize(
    ("host", "port", "refusal"),
    [
        ("127.0.0.1", 22, Refusal.NUMERIC_HOST),
        ("0x7f000001", 22, Refusal.NUMERIC_HOST),
        ("::1", 22, Refusal.NUMERIC_HOST),
        ("localhost", 22, Refusal.NOT_PUBLIC),
        ("sftp.payer.example", 25, Refusal.PORT),
        ("user@sftp.payer.example", 22, Refusal.HOST),
        ("sftp.payer.example/inbox", 22, Refusal.HOST),
    ],
)
def test_fault_87_sftp_host_refused_when_it_is_saved(
    host: str, port: int, refusal: Refusal, settings: Any
) -> None:
    settings.PRIVATE_PARTNERS = []
    with pytest.raises(OutboundError) as error:
        check_address(host, schemes=("sftp",), port=port)
    assert error.value.refusal == refusal


def test_usual_addresses_may_be_saved(settings: Any) -> None:
    settings.PRIVATE_PARTNERS = []
    check_address("https://payer.example/core/{payer_id}", placeholders=("payer_id",))
    check_address("https://payer.example:8443/x12?version=1")
    check_address("sftp.payer.example", schemes=("sftp",), port=22)
    settings.PRIVATE_PARTNERS = ["10.20.0.0/16"]
    check_address("http://10.20.3.4/x12", schemes=("https", "http"))
    check_address("http://engine.hospital.internal:8080/x12", schemes=("https", "http"))
    check_address("10.20.3.4", schemes=("sftp",), port=2222)


NOT_PUBLIC = [
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1"),  # noqa: S104 (nothing is bound)
    *("192.88.99.1", "168.63.129.16", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:a00:1::"),
    *("2001:0:4136:e378::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "ff02::1"),
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_fault_87_name_that_leads_into_a_network_of_ours_is_refused_at_connect(
    address: str, settings: Any, names: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PRIVATE_PARTNERS = []
    reached = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: reached.append(address))
    names([address])
    error = ask("https://payer.example/")
    assert isinstance(error, NotSent) and error.code == "address_refused"
    assert reached == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_may_be_reached_and_only_with_tls(address: str, settings: Any) -> None:
    settings.PRIVATE_PARTNERS = []
    assert outbound.may_reach(ip_address(address))
    assert not outbound.may_reach(ip_address(address), is_plain=True)


def test_fault_87_name_that_changes_its_address_never_leads_inside(
    web: Web, names: Callable[..., None]
) -> None:
    names([OUTSIDE], [INSIDE])
    url = f"http://payer.example:{web.port}/"
    assert ask(url) == b"ISA"  # resolved once: what the name means a moment later is nobody's concern
    error = ask(url)
    assert isinstance(error, NotSent) and error.code == "address_refused"
    assert web.calls == {OUTSIDE: 1, INSIDE: 0}


def test_fault_87_of_several_addresses_only_permitted_ones_are_tried(
    web: Web, names: Callable[..., None]
) -> None:
    names([INSIDE, OUTSIDE])
    assert ask(f"http://payer.example:{web.port}/") == b"ISA"
    assert web.calls == {OUTSIDE: 1, INSIDE: 0}


def test_fault_87_redirect_is_not_followed(web: Web, names: Callable[..., None]) -> None:
    names([OUTSIDE])
    where = f"http://{INSIDE}:{web.port}/"
    web.reply = f"HTTP/1.1 307 Look there\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
    error = ask(f"http://payer.example:{web.port}/")
    assert isinstance(error, TransportError) and error.code == "http_307"
    assert web.calls == {OUTSIDE: 1, INSIDE: 0}


def test_fault_87_other_end_is_looked_at(
    web: Web, names: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that leads a permitted address back inside."""
    names([OUTSIDE])
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda self, where: connect(self, (INSIDE, where[1])))
    error = ask(f"http://payer.example:{web.port}/")
    assert isinstance(error, NotSent) and error.code == "address_refused"


def test_no_proxy_of_the_environment_is_asked(
    web: Web, names: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    names([OUTSIDE])
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://{INSIDE}:{web.port}")
    assert ask(f"http://payer.example:{web.port}/") == b"ISA"
    assert web.calls == {OUTSIDE: 1, INSIDE: 0}


def test_proxy_given_by_a_caller_is_refused(web: Web, names: Callable[..., None]) -> None:
    names([OUTSIDE])
    proxies = {"http": f"http://{OUTSIDE}:{web.port}"}
    with call_within(2), pytest.raises(OutboundError):
        guarded_session().get("http://payer.example:9999/", proxies=proxies, timeout=1)
    assert web.calls == {OUTSIDE: 0, INSIDE: 0}


def test_slow_name_server_counts_against_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: asked.wait(10) and [])
    started = time.monotonic()
    error = ask("https://payer.example/", deadline=0.3)
    asked.set()
    assert isinstance(error, NotSent) and error.code == "connect_timeout"
    assert time.monotonic() - started < 5
