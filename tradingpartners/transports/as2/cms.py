"""Signed, enveloped and compressed data (RFC 5652, 3274) as AS2 uses them: bytes in, bytes out.

Every cipher is `cryptography`'s, which also composes; asn1crypto reads what partners compose, often
in BER, which the former refuses. Only what is safe today is taken: SHA-2 and AES.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Any, NamedTuple

from asn1crypto import cms as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

DIGESTS: dict[str, Callable[[], Any]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
ENCRYPTIONS: dict[str, Any] = {"aes256_cbc": algorithms.AES256, "aes128_cbc": algorithms.AES128}
_KEY_SIZES = {"aes128_cbc": 16, "aes192_cbc": 24, "aes256_cbc": 32}
_BLOCK = 16
# More signers or recipients than this are nobody's trade.
_MOST = 16
# A small file may be as regular as it likes; beyond that, files of real answers shrink to a thirtieth.
_FREE, _STEEPEST = 1024 * 1024, 200


class CmsError(Exception):
    """`code` for programs: malformed, unsupported, not_for_us, wrong_signer, altered, too_large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Identity(NamedTuple):
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def _opened(data: bytes, kind: str) -> Any:
    """The content of a CMS structure of this kind."""
    try:
        info = asn1.ContentInfo.load(data)
        if info["content_type"].native != kind:
            raise CmsError("malformed")
        return info["content"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CmsError("malformed") from None


# --- signed --------------------------------------------------------------------------------------


def sign(content: bytes, signer: Identity, digest: str) -> bytes:
    """A detached signature."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(signer.certificate, signer.key, DIGESTS[digest]())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(Encoding.DER, [*options, pkcs7.PKCS7Options.NoCapabilities])


def verify(content: bytes, signature: bytes, certificates: Sequence[x509.Certificate]) -> str:
    """The digest by which one of these certificates' keys signed the content.

    Certificates that came along with the signature prove nothing and are not looked at.
    """
    is_known = False
    signers = _opened(signature, "signed_data")["signer_infos"]
    for signer, _ in zip(signers, range(_MOST), strict=False):
        try:
            digest = str(signer["digest_algorithm"]["algorithm"].native)
            signed = _signed(signer, content, digest)
            for certificate in certificates:
                if _is_named(signer["sid"].chosen, certificate):
                    is_known = True
                    if signed is not None and _is_by(certificate, signer, signed, digest):
                        return digest
        except (ValueError, TypeError, KeyError, RecursionError):
            raise CmsError("malformed") from None
    raise CmsError("altered" if is_known else "wrong_signer")


def _signed(signer: Any, content: bytes, digest: str) -> bytes | None:
    """What the signature is over; None where that is about another content."""
    if digest not in DIGESTS:
        raise CmsError("unsupported")
    attributes = signer["signed_attrs"]
    if not attributes:
        return content
    named = {each["type"].native: each["values"] for each in attributes}
    stated = [bytes(value) for value in named.get("message_digest", ())]
    if len(stated) != 1 or not compare_digest(stated[0], hashlib.new(digest, content).digest()):
        return None
    return bytes(attributes.untag().dump())


def _is_named(name: Any, certificate: x509.Certificate) -> bool:
    """Whether a signer's or recipient's identifier is this certificate's."""
    known = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    if isinstance(name, asn1.IssuerAndSerialNumber):
        return bool(name["serial_number"].native == known.serial_number and name["issuer"] == known.issuer)
    return bool(bytes(name) == known.key_identifier)


def _is_by(certificate: x509.Certificate, signer: Any, signed: bytes, digest: str) -> bool:
    key, algorithm = certificate.public_key(), DIGESTS[digest]()
    signature, way = bytes(signer["signature"]), signer["signature_algorithm"].signature_algo
    try:
        if isinstance(key, rsa.RSAPublicKey) and way == "rsassa_pkcs1v15":
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, rsa.RSAPublicKey) and way == "rsassa_pss":
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(signature, signed, pss, algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and way == "ecdsa":
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


# --- enveloped -----------------------------------------------------------------------------------


def encrypt(content: bytes, recipient: x509.Certificate, encryption: str) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(recipient)
    builder = builder.set_content_encryption_algorithm(ENCRYPTIONS[encryption])
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def decrypt(data: bytes, identities: Sequence[Identity]) -> bytes:
    """What was put in; garbage, without a word, where the key or the padding is not right.

    Who could tell the two apart by sending altered messages would learn what is in them (padding
    oracles), so both are left to end as what they are: something that nobody signed.
    """
    enveloped = _opened(data, "enveloped_data")
    try:
        info = enveloped["encrypted_content_info"]
        way = info["content_encryption_algorithm"]
        cipher = str(way["algorithm"].native)
        if cipher not in _KEY_SIZES:
            raise CmsError("unsupported")
        key = _content_key(enveloped["recipient_infos"], identities, _KEY_SIZES[cipher])
        decryptor = Cipher(algorithms.AES(key), modes.CBC(way.encryption_iv)).decryptor()
        plain = decryptor.update(bytes(info["encrypted_content"])) + decryptor.finalize()
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CmsError("malformed") from None
    size = plain[-1] if plain else 0
    is_padded = 0 < size <= _BLOCK and plain.endswith(bytes([size]) * size)
    return plain[:-size] if is_padded else plain


def _content_key(recipients: Any, identities: Sequence[Identity], size: int) -> bytes:
    """The key of the content, from the recipient that is one of us."""
    for recipient, _ in zip(recipients, range(_MOST), strict=False):
        info = recipient.chosen
        if not isinstance(info, asn1.KeyTransRecipientInfo):
            continue
        for identity in identities:
            if _is_named(info["rid"].chosen, identity.certificate):
                try:
                    key = identity.key.decrypt(bytes(info["encrypted_key"]), _transport(info))
                except ValueError:
                    key = b""
                return key if len(key) == size else os.urandom(size)
    raise CmsError("not_for_us")


def _transport(info: Any) -> padding.AsymmetricPadding:
    way = info["key_encryption_algorithm"]
    name = way["algorithm"].native
    if name in {"rsaes_pkcs1v15", "rsa"}:
        return padding.PKCS1v15()
    if name == "rsaes_oaep":
        given = way["parameters"]["hash_algorithm"]["algorithm"].native
        mask = way["parameters"]["mask_gen_algorithm"]["parameters"]["algorithm"].native
        # SHA-1 is what OAEP means where nothing is said; here nothing hangs on its collisions
        known = {**DIGESTS, "sha1": hashes.SHA1}
        if given in known and mask in known:
            return padding.OAEP(padding.MGF1(known[mask]()), known[given](), None)
    raise CmsError("unsupported")


# --- compressed ----------------------------------------------------------------------------------


def compress(content: bytes) -> bytes:
    packed = {"content_type": "data", "content": zlib.compress(content, 6)}
    return bytes(
        asn1.ContentInfo(
            {
                "content_type": "compressed_data",
                "content": {
                    "version": "v0",
                    "compression_algorithm": {"algorithm": "zlib"},
                    "encap_content_info": packed,
                },
            }
        ).dump()
    )


def decompress(data: bytes, *, limit: int) -> bytes:
    """At most `limit` bytes, and no more than a steep ratio: a bomb is put down before it goes off."""
    compressed = _opened(data, "compressed_data")
    try:
        packed = bytes(compressed["encap_content_info"]["content"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CmsError("malformed") from None
    limit = min(limit, max(_FREE, _STEEPEST * len(packed)))
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, limit + 1)
    except zlib.error:
        raise CmsError("malformed") from None
    if len(content) > limit:
        raise CmsError("too_large")
    if not unpacker.eof:
        raise CmsError("malformed")
    return content
