"""Keys and certificates of the two AS2 sides, and what is known of the other one."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

YEARS_GOOD = 2


class Mode(StrEnum):
    """When a receipt is wanted: on the same connection, or later to an address."""

    SYNC = "sync"
    ASYNC = "async"


@dataclass(frozen=True)
class As2Options:
    """`partner_file` is where the other side is made known, if not in the folder of keys."""

    as2_id: str = "PAYERS"
    partner_id: str = "PREFLIGHT"
    partner_file: Path | None = None
    mode: Mode = Mode.SYNC
    retry_seconds: float = 5.0


@dataclass(frozen=True)
class Identity:
    """An AS2 id with the files of its key and certificate, both PEM."""

    as2_id: str
    key_path: Path
    certificate_path: Path

    @property
    def certificate(self) -> bytes:
        return self.certificate_path.read_bytes()

    @property
    def key_and_certificate(self) -> bytes:
        return self.key_path.read_bytes() + self.certificate


@dataclass(frozen=True)
class OtherSide:
    """Whom messages come from and go to. `url` is empty until it is known."""

    as2_id: str
    certificate: bytes
    url: str


def kept_identity(folder: Path, name: str, as2_id: str) -> Identity:
    """The key in `folder`, made where there is none: the other side pins its certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = Identity(as2_id, folder / f"{name}_key.pem", folder / f"{name}_certificate.pem")
    if not identity.certificate_path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        identity.key_path.touch(mode=0o600)
        identity.key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        identity.certificate_path.write_bytes(self_signed(key, as2_id).public_bytes(Encoding.PEM))
    return identity


def self_signed(key: rsa.RSAPrivateKey, as2_id: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, as2_id)])
    today = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=365 * YEARS_GOOD))
        .sign(key, hashes.SHA256())
    )


def read_other_side(path: Path, usual: Identity) -> OtherSide:
    """What the file says now: `as2_id`, `certificate` (PEM) or `certificate_path`, `url`.

    It may be written, or changed, at any time; what it does not say is as `usual`.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    certificate = known.get("certificate", "").encode()
    if not certificate:
        certificate = Path(known.get("certificate_path", usual.certificate_path)).read_bytes()
    return OtherSide(known.get("as2_id", usual.as2_id), certificate, known.get("url", ""))
