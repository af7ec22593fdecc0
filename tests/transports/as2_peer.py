"""An AS2 partner that is not our code (libas2, run by node), keys, and what both agreed on."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from practice.rows import uuid7
from tradingpartners.transports import Connection, OutgoingFile

PEERS = Path(__file__).parent / "peers"
US, THEM = "Acme Clinic", "PEER"
PAYLOAD = b"ISA*00*          *00*          *ZZ*ACME           *ZZ*EXAMPLE        *261122*1200*^~\n" * 40


class Keys(NamedTuple):
    """PEM."""

    key: str
    certificate: str


def make_keys(name: str, *, days: int = 300) -> Keys:
    """A key, and a certificate that has been valid for a year and is for so many days more."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Keys(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@cache
def keys(name: str) -> Keys:
    """The keys of somebody, the same for the whole run: making them takes a while."""
    return make_keys(name)


@cache
def _node() -> list[str]:
    """libas2 decrypts with PKCS #1 v1.5, which some versions of node do only when asked to."""
    asked = ["node", "--security-revert=CVE-2023-46809"]
    understood = subprocess.run([*asked, "-e", "0"], capture_output=True, check=False).returncode == 0
    return asked if understood else asked[:1]


class As2Peer:
    """`received` and `receipts` are by Message-ID without its brackets."""

    def __init__(self) -> None:
        self.ours, self.theirs = keys("preflight"), keys("peer")
        told = {
            **self.theirs._asdict(),
            "stranger": keys("stranger")._asdict(),
            "theirs": self.ours.certificate,
            "us": THEM,
            "them": US,
        }
        self._process = subprocess.Popen(
            [*_node(), str(PEERS / "as2.js"), json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        # a node that was asked for that warns on its output first
        told_back = next(line for line in self._process.stdout if line.startswith("{"))
        self.url = f"http://127.0.0.1:{json.loads(told_back)['port']}"

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _call(self, path: str, told: dict[str, Any] | None = None) -> Any:
        answer = requests.request("POST" if told else "GET", self.url + path, json=told, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def received(self, message_id: str) -> list[dict[str, Any]]:
        return [each for each in self._call("/received") if each["id"] == f"<{message_id}>"]

    def content(self, message_id: str) -> bytes:
        return base64.b64decode(self.received(message_id)[-1]["content"])

    def kept_receipts(self, message_id: str) -> list[dict[str, Any]]:
        return [each for each in self._call("/receipts") if message_id in each["body"]]

    def compose(self, content: bytes = PAYLOAD, **wanted: Any) -> tuple[dict[str, str], bytes]:
        """A message of the partner's: its headers and body."""
        wanted.setdefault("id", f"<{uuid7()}@peer>")
        made = self._call("/compose", {"content": content.decode(), "receipt": True, **wanted})
        return made["headers"], made["body"].encode()

    def read_receipt(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """What the partner makes of a receipt of ours; HTTPError where its signature does not hold."""
        answer: dict[str, Any] = self._call("/receipt", {"headers": headers, "body": body.decode()})
        return answer

    def late_receipts(self, message_id: str) -> list[dict[str, Any]]:
        return [each for each in self._call("/later") if each["id"] == f"<{message_id}>"]

    def forge(self, message_id: str) -> tuple[dict[str, str], bytes]:
        """A receipt that anybody could have written."""
        said = [
            "--x\r\nContent-Type: message/disposition-notification\r\n",
            f"Original-Message-ID: <{message_id}>",
            "Disposition: automatic-action/MDN-sent-automatically; processed\r\n--x--\r\n",
        ]
        kind = 'multipart/report; report-type=disposition-notification; boundary="x"'
        return {"Content-Type": kind, "AS2-From": THEM, "AS2-To": US}, "\r\n".join(said).encode()

    def settings(self, fault: str = "", **more: Any) -> dict[str, Any]:
        return {
            "url": f"{self.url}/as2" + (f"?fault={fault}" if fault else ""),
            "as2_from": US,
            "as2_to": THEM,
            "partner_certificates": self.theirs.certificate,
            **more,
        }

    @property
    def credentials(self) -> dict[str, str]:
        return {"private_key": self.ours.key, "certificate": self.ours.certificate}

    def connection(self, fault: str = "", **settings: Any) -> Connection:
        return Connection(uuid7(), self.settings(fault, **settings), self.credentials)


def a_file(content: bytes = PAYLOAD, message_id: UUID | None = None) -> OutgoingFile:
    return OutgoingFile("ACME_270_1_000000001.edi", content, "application/edi-x12", message_id or uuid7())


@contextmanager
def running_peer() -> Iterator[As2Peer]:
    if not shutil.which("node"):
        pytest.skip("no node here: install nodejs and npm")
    if not (PEERS / "node_modules" / "libas2").is_dir():
        pytest.skip("run ./run test, or npm ci in tests/transports/peers")
    peer = As2Peer()
    try:
        yield peer
    finally:
        peer.stop()
