"""The HTTP side behind TLS: a careful client talks to the good port and to no other."""

import socket
import ssl
from base64 import b64encode
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulator.conftest import QUICK, ask
from tests.simulator.driving import Simulator, start
from tests.simulator.staging import PAYER, actives
from tests.simulator.wire import Reading, interchange, read, split


@pytest.fixture(scope="module")
def secured(tmp_path_factory: Any, population_file: Any) -> Any:

    running = start(tmp_path_factory.mktemp("tls"), population_file, *QUICK, "--tls")
    yield running
    assert running.stop() == 0


def post(simulator: Simulator, flaw: str, body: bytes) -> bytes:
    http, tls = simulator.ready["http"], simulator.ready["tls"]
    context = ssl.create_default_context(cafile=tls["ca_certificate"])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    token = b64encode(f"{http['username']}:{http['password']}".encode()).decode()
    line = HTTPSConnection(urlsplit(tls["urls"][flaw]).netloc, timeout=10, context=context)
    try:
        line.request("POST", f"/payers/{PAYER}/x12", body=body, headers={"Authorization": f"Basic {token}"})
        return line.getresponse().read()
    finally:
        line.close()


def test_the_good_port_answers(secured: Simulator, population: dict[str, Any]) -> None:
    body = interchange([ask(next(actives(population)))])
    assert read(split(post(secured, "good", body))) == Reading("active")


@pytest.mark.parametrize("flaw", ["expired", "wrong_host", "self_signed", "old"])
def test_fault_35_a_flaw_is_refused_before_a_word_is_said(
    flaw: str, secured: Simulator, population: dict[str, Any]
) -> None:
    before = len(secured.entries("270"))
    with pytest.raises(ssl.SSLError):
        post(secured, flaw, interchange([ask(next(actives(population)))]))
    assert len(secured.entries("270")) == before


def test_the_old_port_does_talk_to_those_who_have_not_learnt(secured: Simulator) -> None:
    """Else refusing it would prove nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.deprecated_call():
        context.minimum_version = ssl.TLSVersion.TLSv1
    address = urlsplit(secured.ready["tls"]["urls"]["old"])
    line = socket.create_connection((str(address.hostname), int(address.port or 0)))
    with line, context.wrap_socket(line) as secure:
        assert secure.version() == "TLSv1"
