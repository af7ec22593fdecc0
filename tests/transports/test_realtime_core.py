"""The envelopes of CAQH CORE against other people's SOAP and MIME, and TLS as a partner wants it."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from practice.rows import uuid7
from tests.transports.certificates import Authority, Identity
from tests.transports.conftest import NodePeer
from tradingpartners.transports import (
    Connection,
    LiveQuestion,
    NotSent,
    TransportError,
    Unsure,
    core,
    realtime,
)

ACCOUNT = {"username": "clinic", "password": "p & <w>"}
ASKED = b"ISA*00*          *00*     ~GS*HS*&<>]]>*\r\n~ST*270*0001~IEA*1*000000001~"
ANSWERED = "ISA*00*          *00*     ~ST*271*0001~EB*1**30~NM1*PR*2*A & B <C>~IEA*1*000000001~"
METADATA = {
    "PayloadType": "X12_270_Request_005010X279A1",
    "ProcessingMode": "RealTime",
    "SenderID": "ACME",
    "ReceiverID": "EXAMPLE",
    "CORERuleVersion": "2.2.0",
}

Start = Callable[..., NodePeer]


@pytest.fixture
def payer(node_peer: Start) -> Start:
    usual = {"tls": None, "account": ACCOUNT, "errorCode": "Success", "fault": None, "payload": ANSWERED}
    return lambda **told: node_peer("core.js", **{**usual, **told})


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def ask(
    peer: NodePeer,
    way: str,
    *,
    message_id: UUID | None = None,
    scheme: str = "http",
    credentials: dict[str, str] | None = None,
    **settings: Any,
) -> bytes | TransportError:
    question = LiveQuestion(
        ASKED, "application/edi-x12", message_id or uuid4(), uuid4(), "12345", "ACME", "EXAMPLE", 2
    )
    settings = {"url": f"{scheme}://127.0.0.1:{peer.port}/{way}", "envelope": way, **settings}
    partner = Connection(uuid4(), settings, ACCOUNT if credentials is None else credentials)
    try:
        return realtime.ask(partner, question, deadline=10.0).body
    except TransportError as error:
        return error


@pytest.mark.parametrize("way", ["mime", "soap"])
def test_a_question_goes_and_its_answer_comes_in_the_envelope(payer: Start, way: str) -> None:
    peer, message_id = payer(), uuid7()
    assert ask(peer, way, message_id=message_id) == ANSWERED.encode()
    asked = peer.heard()["asked"]
    assert {name: asked[name] for name in METADATA} == METADATA
    assert asked["PayloadID"] == str(message_id)
    assert asked["TimeStamp"].endswith("Z") and len(asked["TimeStamp"]) == 20
    assert asked["Payload"].encode() == ASKED


def test_the_account_is_in_form_fields_or_in_ws_security(payer: Start) -> None:
    peer = payer()
    ask(peer, "mime")
    asked = peer.heard()
    assert (asked["asked"]["UserName"], asked["asked"]["Password"]) == ("clinic", "p & <w>")
    ask(peer, "soap")
    heard = peer.heard()
    assert heard["security"]["UsernameToken"]["Username"] == "clinic"
    assert 'action="RealTimeTransaction"' in heard["headers"]["content-type"]
    assert "authorization" not in asked["headers"] | heard["headers"]


@pytest.mark.parametrize("way", ["mime", "soap"])
def test_a_wrong_password_is_surely_not_sent(payer: Start, way: str) -> None:
    error = ask(payer(), way, credentials={"username": "clinic", "password": "other"})
    assert isinstance(error, NotSent)
    assert error.code == {"mime": "core_unauthorized", "soap": "http_401"}[way]


@pytest.mark.parametrize("way", ["mime", "soap"])
@pytest.mark.parametrize(
    ("error_code", "kind", "code"),
    [
        ("UnAuthorized", NotSent, "core_unauthorized"),
        ("VersionMismatch", NotSent, "core_version_mismatch"),
        ("PayloadTypeIllegal", NotSent, "core_metadata_refused"),
        ("SenderIDRequired", NotSent, "core_metadata_refused"),
        ("ProcessingModeNotUnderstood", NotSent, "core_metadata_refused"),
        ("Sender", NotSent, "core_metadata_refused"),
        ("Receiver", Unsure, "core_error"),
        ("OurOwnInvention", Unsure, "core_error"),
    ],
)
def test_an_error_code_is_refused_unread_or_may_have_been_read(
    payer: Start, way: str, error_code: str, kind: type[TransportError], code: str
) -> None:
    error = ask(payer(errorCode=error_code), way)
    assert isinstance(error, kind) and error.code == code
    assert "Words" not in str(error)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [("soap:Sender", NotSent, "core_metadata_refused"), ("soap:Receiver", Unsure, "core_error")],
)
def test_a_soap_fault_says_whose_it_is(
    payer: Start, fault: str, kind: type[TransportError], code: str
) -> None:
    error = ask(payer(fault=fault), "soap")
    assert isinstance(error, kind) and (error.code, error.http_status) == (code, 500)


def test_an_account_without_an_envelope_is_http_basic(payer: Start) -> None:
    peer = payer()
    ask(peer, "plain", credentials={"username": "clinic", "password": "p\u00e4ss\u20ac"})
    scheme, _, account = peer.heard()["headers"]["authorization"].partition(" ")
    assert (scheme, base64.b64decode(account).decode()) == ("Basic", "clinic:p\u00e4ss\u20ac")


def test_tokens_and_keys_travel_in_headers(payer: Start) -> None:
    peer = payer()
    ask(peer, "plain", credentials={"token": "t0ken", "api_key": "k3y"}, api_key_header="X-Payer-Key")
    headers = peer.heard()["headers"]
    assert (headers["authorization"], headers["x-payer-key"]) == ("Bearer t0ken", "k3y")


# --- TLS -----------------------------------------------------------------------------------------


def tls(identity: Identity, *, clients_of: Authority | None = None, **more: str) -> dict[str, Any]:
    ours = {"ca": clients_of.certificate} if clients_of else {}
    return {"key": identity.key, "cert": identity.certificate, **ours, **more}


def trusting(authority: Authority) -> dict[str, str]:
    return {"scheme": "https", "ca_certificates": authority.certificate}


@pytest.mark.parametrize("way", ["plain", "mime", "soap"])
def test_a_partner_with_an_authority_of_its_own_is_asked(
    payer: Start, authority: Authority, way: str
) -> None:
    peer = payer(tls=tls(authority.issue()))
    assert ask(peer, way, **trusting(authority)) == ANSWERED.encode()


def test_a_partner_that_wants_our_certificate_gets_it(payer: Start, authority: Authority) -> None:
    peer, ours = payer(tls=tls(authority.issue(), clients_of=authority)), authority.issue()
    certificate = {"client_certificate": ours.certificate, "client_key": ours.key}
    with_it = ask(peer, "mime", credentials={**ACCOUNT, **certificate}, **trusting(authority))
    assert with_it == ANSWERED.encode()
    assert peer.heard()["way"] == "mime"
    without = ask(peer, "mime", **trusting(authority))
    assert isinstance(without, TransportError)
    assert not peer.was_asked


@pytest.mark.parametrize(
    "fault", ["expired", "wrong_host", "self_signed", "unknown_authority", "old_protocol"]
)
def test_fault_35_tls_that_proves_nothing_gets_no_byte(
    payer: Start, authority: Authority, fault: str
) -> None:
    identity, told, trusted = authority.issue(), {}, authority
    if fault == "expired":
        identity = authority.issue(days=-1)
    elif fault == "wrong_host":
        identity = authority.issue(address="127.0.0.9")
    elif fault == "self_signed":
        identity = Authority().issue()
    elif fault == "unknown_authority":
        trusted = Authority()
    else:
        told = {"minVersion": "TLSv1", "maxVersion": "TLSv1.1", "ciphers": "ALL:@SECLEVEL=0"}
    peer = payer(tls=tls(identity, **told))
    error = ask(peer, "mime", **trusting(trusted))
    assert isinstance(error, NotSent) and error.code == "tls"
    assert not peer.was_asked


def test_an_authority_of_the_partners_own_replaces_the_usual_ones(authority: Authority) -> None:
    partner = Connection(uuid4(), {"ca_certificates": authority.certificate}, {})
    context = realtime.tls_of(partner)
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    assert realtime.tls_of(Connection(uuid4(), {}, {})).cert_store_stats()["x509_ca"] > 50


# --- replies that are no envelope -----------------------------------------------------------------

FORM = "multipart/form-data; boundary=x"
FIELD = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><COREEnvelopeRealTimeResponse>'
    b"<Payload>&b;</Payload><ErrorCode>Success</ErrorCode></COREEnvelopeRealTimeResponse></s:Body></s:Envelope>"
)
FETCH = BOMB.replace(b'<!ENTITY b "&a;&a;&a;&a;">', b'<!ENTITY b SYSTEM "file:///etc/hostname">')


@pytest.mark.parametrize(
    ("way", "body", "content_type"),
    [
        ("soap", b"<html>Sorry</html>", "text/html"),
        ("soap", b"", "application/soap+xml"),
        ("soap", b"<a", "application/soap+xml"),
        ("soap", b'<?xml version="1.0" encoding="no-such"?><a/>', "application/soap+xml"),
        ("soap", BOMB, "application/soap+xml"),
        ("soap", FETCH, "application/soap+xml"),
        ("mime", b"<html>Sorry</html>", "text/html"),
        ("mime", b"", FORM),
        ("mime", FIELD % b"Payload" + b"ISA", FORM),
        ("mime", b"--x\r\n\r\nISA\r\n--x--", FORM),
        ("mime", b"ISA", "application/edi-x12"),
    ],
)
def test_fault_33_what_is_no_envelope_may_have_been_read(way: str, body: bytes, content_type: str) -> None:
    with pytest.raises(Unsure) as error:
        core.open_reply(core.ENVELOPES[way], body, content_type, http_status=200)
    assert error.value.code == "core_envelope_unreadable"


def test_success_without_a_payload_may_have_been_read() -> None:
    with pytest.raises(Unsure) as error:
        core.open_reply(
            core.ENVELOPES["mime"], FIELD % b"ErrorCode" + b"Success\r\n--x--\r\n", FORM, http_status=200
        )
    assert error.value.code == "core_payload_missing"


def test_a_payload_in_base64_under_line_feeds_only_is_read() -> None:
    head = b'--x\nContent-Disposition: form-data; name="payload"\nContent-Transfer-Encoding: base64\n\n'
    body = head + b"SVNBKg==\n--x--"
    assert core.open_reply(core.ENVELOPES["mime"], body, FORM, http_status=200) == b"ISA*"


# --- set up and tried out --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "credentials", "at_fault"),
    [
        ({}, {}, "url"),
        ({"url": "ftp://payer.example/"}, {}, "url"),
        ({"url": "https://payer.example/{nobody}"}, {}, "url"),
        ({"envelope": "rest"}, {}, "envelope"),
        ({}, {"username": "u"}, "credentials"),
        ({}, {"token": "two\r\nHost: lines"}, "credentials"),
        ({"api_key_header": "a b"}, {}, "api_key_header"),
        ({"ca_certificates": "none"}, {}, "ca_certificates"),
        ({}, {"client_certificate": "none", "client_key": "none"}, "client_certificate"),
        ({}, {"client_key": "none"}, "client_certificate"),
    ],
)
def test_check_names_the_setting_at_fault(
    settings: dict[str, str], credentials: dict[str, str], at_fault: str
) -> None:
    usual = {} if at_fault == "url" else {"url": "https://payer.example/"}
    with pytest.raises(NotSent) as error:
        realtime.check(Connection(uuid4(), {**usual, **settings}, credentials))
    assert error.value.code == f"settings:{at_fault}"


def steps(settings: dict[str, Any], credentials: dict[str, str]) -> list[tuple[str, str]]:
    found = realtime.try_out(Connection(uuid4(), settings, credentials))
    return [(step.name, step.code) for step in found]


def test_trying_out_goes_step_by_step_and_asks_nothing(payer: Start, authority: Authority) -> None:
    peer = payer(tls=tls(authority.issue()))
    url, trusted = f"https://127.0.0.1:{peer.port}/mime", {"ca_certificates": authority.certificate}
    assert steps({"url": url, **trusted}, ACCOUNT) == [
        (name, "") for name in ("settings", "resolve", "connect", "tls", "http")
    ]
    assert steps({"url": url}, ACCOUNT)[-1] == ("tls", "tls")
    assert steps({"url": url, **trusted}, {"token": "wrong"})[-1] == ("http", "http_401")
    assert not peer.was_asked
    assert steps({"url": "https://no-such-host.invalid/"}, {})[-1] == ("resolve", "not_resolved")
    assert steps({"url": "http://127.0.0.1:9999/"}, {})[-1] == ("connect", "connection_refused")
    assert steps({"url": "nonsense"}, {}) == [("settings", "settings:url")]
