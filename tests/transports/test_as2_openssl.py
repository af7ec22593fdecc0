"""Our signed and enveloped data against OpenSSL's: what it makes of ours, and we of its, in DER and BER."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from practice.rows import uuid7
from tests.transports.as2_peer import PAYLOAD, THEM, US, keys
from tradingpartners.transports import Connection, as2
from tradingpartners.transports.as2 import cms

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")

CONTENT = b"Content-Type: application/edi-x12\r\n\r\n" + PAYLOAD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content").write_bytes(CONTENT)
    for name in ("preflight", "stranger"):
        (tmp_path / f"{name}.pem").write_text(keys(name).key + keys(name).certificate)
    return tmp_path


def openssl(folder: Path, *words: str) -> bytes:
    """What it wrote to `out`."""
    command = ["openssl", "cms", *words, "-binary", "-out", "out"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "out").read_bytes()


def agreement(name: str) -> as2.Agreement:
    settings = {
        "url": "https://partner.example/as2",
        "as2_from": US,
        "as2_to": THEM,
        "partner_certificates": keys(name).certificate,
    }
    ours = {"private_key": keys(name).key, "certificate": keys(name).certificate}
    return as2.agreement_of(Connection(uuid7(), settings, ours))


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_verifies_what_we_sign(folder: Path, digest: str) -> None:
    signature = cms.sign(CONTENT, agreement("preflight").identities[0], digest)
    (folder / "signature").write_bytes(signature)
    words = "-verify -inform DER -in signature -content content -CAfile preflight.pem -purpose any"
    assert openssl(folder, *words.split()) == CONTENT


@pytest.mark.parametrize("encryption", ["aes256_cbc", "aes128_cbc"])
def test_openssl_decrypts_what_we_encrypt(folder: Path, encryption: str) -> None:
    made = cms.encrypt(CONTENT, agreement("preflight").certificates[0], encryption)
    (folder / "made").write_bytes(made)
    words = "-decrypt -inform DER -in made -inkey preflight.pem -recip preflight.pem"
    assert openssl(folder, *words.split()) == CONTENT


@pytest.mark.parametrize(
    ("more", "digest"),
    [
        ("", "sha256"),
        ("-stream", "sha256"),
        ("-keyopt rsa_padding_mode:pss", "sha256"),
        ("-noattr", "sha256"),
        ("-keyid -md sha512", "sha512"),
    ],
)
def test_we_verify_what_openssl_signs(folder: Path, more: str, digest: str) -> None:
    words = f"-sign -in content -outform DER -signer preflight.pem {more}"
    signature = openssl(folder, *words.split())
    ours, stranger = agreement("preflight"), agreement("stranger")
    assert cms.verify(CONTENT, signature, (*stranger.certificates, *ours.certificates)) == digest
    for content, certificates, code in (
        (CONTENT + b"~", ours.certificates, "altered"),
        (CONTENT, stranger.certificates, "wrong_signer"),
    ):
        with pytest.raises(cms.CmsError, match=code):
            cms.verify(content, signature, certificates)


def test_sha1_is_not_believed(folder: Path) -> None:
    words = "-sign -in content -outform DER -signer preflight.pem -md sha1"
    signature = openssl(folder, *words.split())
    with pytest.raises(cms.CmsError, match="unsupported"):
        cms.verify(CONTENT, signature, agreement("preflight").certificates)


@pytest.mark.parametrize(
    "more",
    [
        "-aes-256-cbc",
        "-aes-192-cbc -stream",
        "-aes-128-cbc -stream -keyid",
        "-aes-256-cbc -keyopt rsa_padding_mode:oaep",
        "-aes-256-cbc -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
    ],
)
def test_we_decrypt_what_openssl_encrypts(folder: Path, more: str) -> None:
    words = more.split()
    made = openssl(folder, "-encrypt", "-in", "content", "-outform", "DER", "-recip", "preflight.pem", *words)
    ours, stranger = agreement("preflight").identities, agreement("stranger").identities
    assert cms.decrypt(made, (*stranger, *ours)) == CONTENT
    with pytest.raises(cms.CmsError, match="not_for_us"):
        cms.decrypt(made, stranger)


def test_triple_des_is_not_read(folder: Path) -> None:
    words = "-encrypt -in content -outform DER -des3 -recip preflight.pem"
    with pytest.raises(cms.CmsError, match="unsupported"):
        cms.decrypt(openssl(folder, *words.split()), agreement("preflight").identities)
