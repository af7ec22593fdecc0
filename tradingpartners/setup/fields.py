"""What each kind of connection wants to know. Whether it is right is the transport's own `check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tradingpartners.messages.stedi import RETRY_HOURS
from tradingpartners.models import TransportKind


class Setting(NamedTuple):
    """One field. `shape`: text, lines (a list), number, choice, flag, pem or secret (a line). `least` and
    `most` are of numbers; a flag is on where its `default` says anything."""

    key: str
    label: str
    help: str = ""
    shape: str = "text"
    is_required: bool = False
    is_secret: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    least: int = 0
    most: int = 0


_ON = "on"


def _secret(key: str, label: str, help_text: str = "", *, shape: str = "secret") -> Setting:
    return Setting(key, label, help_text, shape, is_secret=True)


_USER = Setting("username", "User name", is_secret=True, shape="text")
_PASSWORD = _secret("password", "Password")
_AUTHORITIES = Setting(
    "ca_certificates", "Partner's certificate authority", "PEM, where it is not a public one.", "pem"
)
_OUR_TLS = (
    _secret("client_certificate", "Our client certificate", "PEM, where the partner wants one.", shape="pem"),
    _secret("client_key", "Our client key", "PEM", shape="pem"),
    _secret("client_key_password", "Passphrase of the client key"),
)

SETTINGS: dict[str, tuple[Setting, ...]] = {
    TransportKind.REALTIME: (
        Setting(
            "url", "Address", "https://…; {payer_id} in the path stands for the payer.", is_required=True
        ),
        Setting(
            "envelope",
            "Envelope",
            "How the partner wants the question wrapped.",
            "choice",
            choices=(
                ("plain", "None: X12 as it is"),
                ("mime", "CAQH CORE, MIME multipart"),
                ("soap", "CAQH CORE, SOAP"),
            ),
            default="plain",
        ),
        Setting("core_sender_id", "CORE sender ID", "Where it differs from ISA06."),
        Setting("core_receiver_id", "CORE receiver ID", "Where it differs from ISA08."),
        Setting("api_key_header", "Header of the API key", "Where the partner wants one."),
        _AUTHORITIES,
        _USER,
        _PASSWORD,
        _secret("token", "Bearer token"),
        _secret("api_key", "API key"),
        *_OUR_TLS,
    ),
    TransportKind.SFTP: (
        Setting("host", "Server", is_required=True),
        Setting("port", "Port", shape="number", is_required=True, default="22", least=1, most=65_535),
        Setting("inbox", "Folder for our files", "From the partner's root, e.g. /inbox.", is_required=True),
        Setting("outbox", "Folder of its answers", "E.g. /outbox.", is_required=True),
        Setting("archive", "Archive folder", "Fetched files are moved there; empty: they stay."),
        Setting("pattern", "Files to take", "E.g. *.271 *.999; empty: all of them."),
        Setting("leave", "Files to leave", "E.g. *.log; empty: none of them."),
        Setting(
            "host_keys",
            "Server keys",
            "One a line, like ssh-ed25519 AAAA…; two while the partner changes its key.",
            "lines",
            is_required=True,
        ),
        _USER,
        _PASSWORD,
        _secret("private_key", "Our private key", "PEM or OpenSSH", shape="pem"),
        _secret("passphrase", "Passphrase of the key"),
    ),
    TransportKind.STEDI: (
        Setting("url", "Address", "Empty: Stedi's own."),
        _secret("api_key", "API key"),
    ),
    TransportKind.STEDI_BATCH: (
        Setting("url", "Address", "Empty: Stedi's own."),
        Setting(
            "max_retry_hours",
            "Hours Stedi goes on asking",
            "Payers that are down are asked again for so long.",
            "number",
            default=str(RETRY_HOURS[0]),
            least=RETRY_HOURS[0],
            most=RETRY_HOURS[1],
        ),
        _secret("api_key", "API key"),
    ),
    TransportKind.AVAILITY: (
        Setting("url", "Address", "Empty: Availity's own."),
        Setting("demo", "Demo answers", "Availity answers with examples; no payer is asked.", "flag"),
        Setting("scenario", "Which demo answer", "As Availity names it; for demo answers only."),
        _secret("client_id", "Client ID"),
        _secret("client_secret", "Client secret"),
    ),
    TransportKind.AS2: (
        Setting("url", "Address", is_required=True),
        Setting("as2_from", "Our AS2 name", is_required=True),
        Setting("as2_to", "The partner's AS2 name", is_required=True),
        Setting(
            "partner_certificates",
            "Partner's certificates",
            "PEM; two while it changes them.",
            "pem",
            is_required=True,
        ),
        Setting(
            "mdn",
            "Receipt (MDN)",
            "",
            "choice",
            choices=(("sync", "On the same connection"), ("async", "Later, to our address")),
            default="sync",
        ),
        Setting(
            "encryption",
            "Encryption",
            "",
            "choice",
            choices=(("aes256_cbc", "AES, 256 bits"), ("aes128_cbc", "AES, 128 bits")),
            default="aes256_cbc",
        ),
        Setting(
            "signature",
            "Signature",
            "",
            "choice",
            choices=(("sha256", "SHA-256"), ("sha384", "SHA-384"), ("sha512", "SHA-512")),
            default="sha256",
        ),
        Setting("compress", "Compress what we send", shape="flag", default=_ON),
        Setting("require_encryption", "Refuse what comes unencrypted", shape="flag", default=_ON),
        Setting("require_signature", "Refuse what comes unsigned", shape="flag", default=_ON),
        _AUTHORITIES,
        _secret("private_key", "Our private key", "PEM", shape="pem"),
        _secret("certificate", "Our certificate", "PEM", shape="pem"),
        _secret("passphrase", "Passphrase of the key"),
        _secret("old_private_key", "Our private key until now", "While we change ours.", shape="pem"),
        _secret("old_certificate", "Our certificate until now", "While we change ours.", shape="pem"),
        _secret("old_passphrase", "Passphrase of the key until now"),
        _USER,
        _PASSWORD,
        *_OUR_TLS,
    ),
}


def secret_keys(transport: str) -> set[str]:
    """What belongs into the credentials: settings are shown to people and kept in the history."""
    return {each.key for each in SETTINGS.get(transport, ()) if each.is_secret}


def known_credentials(transport: str, stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of what is stored, what this kind of connection reads."""
    wanted = secret_keys(transport)
    return {key: value for key, value in (stored or {}).items() if key in wanted}
