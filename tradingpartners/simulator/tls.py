"""The HTTP side behind TLS: once as it should be, and once with each flaw a client must refuse.

Certificates are made at the start by an authority of the simulator's own, whose certificate the ready
file names; only the one called good is for this address, in date, and vouched for.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey
AUTHORITY = "Simulated Payers Authority"
GOOD, EXPIRED, WRONG_HOST, SELF_SIGNED, OLD = "good", "expired", "wrong_host", "self_signed", "old"
FLAWS = (GOOD, EXPIRED, WRONG_HOST, SELF_SIGNED, OLD)


@dataclass(frozen=True)
class Authority:
    key: Key
    certificate: x509.Certificate

    def vouch(self, key: Key, *, host: str, days: tuple[int, int]) -> x509.Certificate:
        """A certificate for a host, valid from and until so many days from now."""
        return certificate(key, subject=host, signer=self.key, issuer=self.certificate.subject, days=days)


def make_contexts(folder: Path) -> tuple[dict[str, ssl.SSLContext], Path]:
    """A server's context by flaw, and the file with the authority's certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    key = new_key()
    authority = Authority(key, certificate(key, subject=AUTHORITY, signer=key, issuer=None, days=(-1, 30)))
    contexts = {}
    for flaw in FLAWS:
        own = new_key()
        days = (-30, -1) if flaw == EXPIRED else (-1, 30)
        host = "elsewhere.example" if flaw == WRONG_HOST else "127.0.0.1"
        vouched = authority.vouch(own, host=host, days=days)
        if flaw == SELF_SIGNED:
            vouched = certificate(own, subject=host, signer=own, issuer=None, days=days)
        contexts[flaw] = server_context(write_pair(folder / f"{flaw}.pem", own, vouched), is_old=flaw == OLD)
    path = folder / "authority.pem"
    path.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return contexts, path


def server_context(path: Path, *, is_old: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if is_old:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    key: Key, *, subject: str, signer: Key, issuer: x509.Name | None, days: tuple[int, int]
) -> x509.Certificate:
    """Without an issuer it is signed by its own key, and may sign others."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now, is_own = datetime.now(UTC), issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_own, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if subject != AUTHORITY:
        builder = builder.add_extension(x509.SubjectAlternativeName(names_of(subject)), critical=False)
    return builder.sign(signer, hashes.SHA256())


def names_of(host: str) -> list[x509.GeneralName]:
    """127.0.0.1 is localhost, too."""
    try:
        return [x509.IPAddress(ip_address(host)), x509.DNSName("localhost")]
    except ValueError:
        return [x509.DNSName(host)]


def write_pair(path: Path, key: Key, own: x509.Certificate) -> Path:
    """Key and certificate in one file, for the owner's eyes."""
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + own.public_bytes(serialization.Encoding.PEM)
    )
    return path
