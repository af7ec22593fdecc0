"""What each kind of connection wants to know. Whether it is right is the transport's own `check`."""

from __future__ import annotations

from typing import NamedTuple

from tradingpartners.models import TransportKind


class Setting(NamedTuple):
    """One field. `shape`: text, lines (a list), number, choice, flag, pem or secret (a line)."""

    key: str
    label: str
    help: str = ""
    shape: str = "text"
    is_required: bool = False
    is_secret: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""


def _secret(key: str, label: str, help_text: str = "", *, shape: str = "secret") -> Setting:
    return Setting(key, label, help_text, shape, is_secret=True)


_USER = Setting("username", "User name", is_secret=True, shape="text")
_PASSWORD = _secret("password", "Password")

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
        Setting(
            "ca_certificates", "Partner's certificate authority", "PEM, where it is not a public one.", "pem"
        ),
        _USER,
        _PASSWORD,
        _secret("token", "Bearer token"),
        _secret("api_key", "API key"),
        _secret("client_certificate", "Our client certificate", "PEM", shape="pem"),
        _secret("client_key", "Our client key", "PEM", shape="pem"),
    ),
    TransportKind.SFTP: (
        Setting("host", "Server", is_required=True),
        Setting("port", "Port", shape="number", is_required=True, default="22"),
        Setting("inbox", "Folder for our files", "From the partner's root, e.g. /inbox.", is_required=True),
        Setting("outbox", "Folder of its answers", "E.g. /outbox.", is_required=True),
        Setting("archive", "Archive folder", "Fetched files are moved there; empty: they stay."),
        Setting("pattern", "Files to take", "E.g. *.271; empty: all of them."),
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
        Setting("max_retry_hours", "Hours Stedi tries on", "8 to 24.", "number", default="8"),
        _secret("api_key", "API key"),
    ),
    TransportKind.AVAILITY: (
        Setting("url", "Address", "Empty: Availity's own."),
        Setting("scope", "Scope", "Demo or standard, as Availity names it."),
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
        _secret("private_key", "Our private key", "PEM", shape="pem"),
        _secret("certificate", "Our certificate", "PEM", shape="pem"),
        _secret("passphrase", "Passphrase of the key"),
        _USER,
        _PASSWORD,
    ),
}


def secret_keys(transport: str) -> set[str]:
    """What belongs into the credentials: settings are shown to people and kept in the history."""
    return {each.key for each in SETTINGS.get(transport, ()) if each.is_secret}
