"""What two AS2 partners have agreed on, read from a connection's settings and credentials."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings as deployment
from requests.auth import HTTPBasicAuth

from practice.outbound import OutboundError, check_address
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.as2.cms import DIGESTS, ENCRYPTIONS, Identity
from tradingpartners.transports.tls import tls_of

# AS2-From and AS2-To (RFC 4130 6.2), without what would need escaping.
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]([\x20\x21\x23-\x5b\x5d-\x7e]{0,126}[\x21\x23-\x5b\x5d-\x7e])?")


class Agreement(NamedTuple):
    """`identities`: the first is ours, further ones still open what is written to them.
    `certificates`: the partner's that are valid now; the first is encrypted to."""

    url: str
    ours: str
    theirs: str
    identities: tuple[Identity, ...]
    certificates: tuple[x509.Certificate, ...]
    encryption: str
    digest: str
    compresses: bool
    receipt_url: str  # where receipts are to come later; empty: on the same connection
    wants_encrypted: bool
    wants_signed: bool
    auth: HTTPBasicAuth | None
    tls: ssl.SSLContext


def agreement_of(connection: Connection, *, now: datetime | None = None) -> Agreement:
    """Raises NotSent("settings:…") naming what is missing, cannot be read or has expired."""
    settings, credentials = connection.settings, connection.credentials
    today = now or datetime.now(UTC)
    return Agreement(
        url=_url(settings),
        ours=_name(settings, "as2_from"),
        theirs=_name(settings, "as2_to"),
        identities=_identities(credentials, today),
        certificates=_certificates(settings, today),
        encryption=_one_of(settings, "encryption", ENCRYPTIONS),
        digest=_one_of(settings, "signature", DIGESTS),
        compresses=_flag(settings, "compress", default=True),
        receipt_url=_receipt_url(connection),
        wants_encrypted=_flag(settings, "require_encryption", default=True),
        wants_signed=_flag(settings, "require_signature", default=True),
        auth=_auth(credentials),
        tls=tls_of(connection),
    )


def names_of(settings: Mapping[str, Any]) -> tuple[str, str]:
    """(AS2-From, AS2-To) of what the partner sends to us."""
    return str(settings.get("as2_to") or ""), str(settings.get("as2_from") or "")


def _url(settings: Mapping[str, Any]) -> str:
    url = settings.get("url")
    try:
        check_address(str(url or ""), schemes=("https", "http"))
    except OutboundError:
        raise NotSent("settings:url") from None
    return str(url)


def _name(settings: Mapping[str, Any], key: str) -> str:
    name = settings.get(key)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise NotSent(f"settings:{key}")
    return name


def _one_of(settings: Mapping[str, Any], key: str, known: Mapping[str, Any]) -> str:
    """The first known one is what is meant where nothing is said."""
    value = settings.get(key) or next(iter(known))
    if value not in known:
        raise NotSent(f"settings:{key}")
    return str(value)


def _flag(settings: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = settings.get(key, default)
    if not isinstance(value, bool):
        raise NotSent(f"settings:{key}")
    return value


def _receipt_url(connection: Connection) -> str:
    way = connection.settings.get("mdn") or "sync"
    if way == "sync":
        return ""
    if way != "async":
        raise NotSent("settings:mdn")
    if not deployment.PUBLIC_URL:
        raise NotSent("settings:public_url")
    return f"{deployment.PUBLIC_URL}/as2/{connection.partner_id}/"


def _auth(credentials: Mapping[str, Any]) -> HTTPBasicAuth | None:
    username, password = credentials.get("username"), credentials.get("password")
    if bool(username) != bool(password):
        raise NotSent("settings:credentials")
    return HTTPBasicAuth(str(username).encode(), str(password).encode()) if username else None


# --- keys ----------------------------------------------------------------------------------------


def _certificates(settings: Mapping[str, Any], now: datetime) -> tuple[x509.Certificate, ...]:
    """Those that are valid today, in the order given: during a roll the old and the new one."""
    found = _read_certificates(settings.get("partner_certificates"), "partner_certificates")
    valid = tuple(each for each in found if _is_valid(each, now))
    if not valid:
        raise NotSent("settings:partner_certificates_expired")
    return valid


def _identities(credentials: Mapping[str, Any], now: datetime) -> tuple[Identity, ...]:
    """Ours, and during a roll of our own the one that partners may still write to."""
    ours = _identity(credentials, "")
    if not _is_valid(ours.certificate, now):
        raise NotSent("settings:certificate_expired")
    if not credentials.get("old_private_key"):
        return (ours,)
    return (ours, _identity(credentials, "old_"))


def _identity(credentials: Mapping[str, Any], prefix: str) -> Identity:
    certificate = _read_certificates(credentials.get(f"{prefix}certificate"), f"{prefix}certificate")[0]
    passphrase = credentials.get(f"{prefix}passphrase")
    try:
        key = load_pem_private_key(
            str(credentials.get(f"{prefix}private_key") or "").encode("ascii"),
            str(passphrase).encode() if passphrase else None,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotSent(f"settings:{prefix}private_key") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != certificate.public_key():
        raise NotSent(f"settings:{prefix}private_key")
    return Identity(key, certificate)


def _read_certificates(given: object, key: str) -> list[x509.Certificate]:
    """PEM, one after the other, in one text or in a list of them; RSA, because it is encrypted to."""
    text = "\n".join(map(str, given)) if isinstance(given, list | tuple) else str(given or "")
    try:
        found = x509.load_pem_x509_certificates(text.encode("ascii"))
        are_rsa = all(isinstance(each.public_key(), rsa.RSAPublicKey) for each in found)
    except (ValueError, UnsupportedAlgorithm):
        raise NotSent(f"settings:{key}") from None
    if not found or not are_rsa:
        raise NotSent(f"settings:{key}")
    return found


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
