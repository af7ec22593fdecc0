"""What two AS2 partners agreed on, and what is said where it is not whole."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from practice.rows import uuid7
from tests.transports.as2_peer import THEM, US, keys, make_keys
from tradingpartners.transports import Connection, NotSent, as2

_ELLIPTIC = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)


def connection(
    *, settings: dict[str, Any] | None = None, credentials: dict[str, Any] | None = None
) -> Connection:
    agreed = {
        "url": "https://partner.example/as2",
        "as2_from": US,
        "as2_to": THEM,
        "partner_certificates": keys("peer").certificate,
    }
    ours = {"private_key": keys("preflight").key, "certificate": keys("preflight").certificate}
    return Connection(uuid7(), {**agreed, **(settings or {})}, {**ours, **(credentials or {})})


def code(given: Connection) -> str:
    with pytest.raises(NotSent) as refused:
        as2.check(given)
    return refused.value.code


def test_a_whole_agreement_is_accepted() -> None:
    as2.check(connection())
    as2.check(connection(credentials={"username": "u", "password": "p"}))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://partner.example/"}, "url"),
        ({"url": "https://10.0.0.1/as2"}, "url"),
        ({"as2_from": ""}, "as2_from"),
        ({"as2_to": 'a"b'}, "as2_to"),
        ({"as2_to": "x" * 129}, "as2_to"),
        ({"as2_to": "a\r\nb"}, "as2_to"),
        ({"partner_certificates": ""}, "partner_certificates"),
        ({"partner_certificates": "-----BEGIN CERTIFICATE-----\nnot\n"}, "partner_certificates"),
        ({"partner_certificates": "é"}, "partner_certificates"),
        ({"encryption": "tripledes_192_cbc"}, "encryption"),
        ({"signature": "sha1"}, "signature"),
        ({"compress": "yes"}, "compress"),
        ({"ca_certificates": "nobody"}, "ca_certificates"),
        ({"mdn": "never"}, "mdn"),
        ({"mdn": "async"}, "public_url"),
    ],
    ids=str,
)
def test_what_is_missing_or_wrong_is_named(settings: dict[str, Any], expected: str) -> None:
    assert code(connection(settings=settings)) == f"settings:{expected}"


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({"private_key": ""}, "private_key"),
        ({"private_key": "no key"}, "private_key"),
        ({"private_key": _ELLIPTIC}, "private_key"),
        ({"private_key": keys("stranger").key}, "private_key"),
        ({"certificate": ""}, "certificate"),
        ({"old_private_key": keys("stranger").key}, "old_certificate"),
        ({"username": "u"}, "credentials"),
    ],
    ids=["none", "no PEM", "no RSA", "another's", "no certificate", "half an old pair", "half a login"],
)
def test_a_key_that_is_no_key_of_ours_is_named(credentials: dict[str, Any], expected: str) -> None:
    assert code(connection(credentials=credentials)) == f"settings:{expected}"


def test_expired_certificates_are_named() -> None:
    theirs, ours = make_keys("peer", days=-1), make_keys("preflight", days=-1)
    expired = connection(settings={"partner_certificates": theirs.certificate})
    assert code(expired) == "settings:partner_certificates_expired"
    expired = connection(credentials={"private_key": ours.key, "certificate": ours.certificate})
    assert code(expired) == "settings:certificate_expired"


def test_a_key_may_have_a_passphrase() -> None:
    key = serialization.load_pem_private_key(keys("preflight").key.encode(), None)
    sealed = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open sesame"),
    ).decode()
    as2.check(connection(credentials={"private_key": sealed, "passphrase": "open sesame"}))
    assert code(connection(credentials={"private_key": sealed, "passphrase": "no"})) == "settings:private_key"
    assert code(connection(credentials={"private_key": sealed})) == "settings:private_key"
