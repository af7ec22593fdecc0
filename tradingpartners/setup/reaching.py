"""Whether a transport could reach its partner with what is set, and what to put right where.

A transport complains of one thing at a time. A person is told all of them at once: each setting at
fault is replaced by one that is in order, and the transport asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from practice import outbound
from practice.outbound import OutboundError, Refusal
from tradingpartners.models import TradingPartner, TransportKind
from tradingpartners.setup.faults import Fault
from tradingpartners.setup.fields import SETTINGS
from tradingpartners.setup.settings_rules import credential_faults, folder_faults, setting_faults
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.registry import transport_of
from tradingpartners.words import explain

# What is in order wherever it stands: no computer is ever reached with it.
_IN_ORDER: Mapping[str, Any] = {
    "host": "partner.example",
    "port": 22,
    "url": "https://partner.example/",
    "inbox": "/inbox",
    "outbox": "/outbox",
    "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv1zGwHgSdkHc6ZDrRbm0sGmSOb0KkG1Y3sFj3lH4bM"],
    "as2_from": "ours",
    "as2_to": "theirs",
    "api_key_header": "X-API-Key",
    **dict.fromkeys(("username", "password", "token", "api_key", "client_id", "client_secret"), "x"),
}


def connection_faults(partner: TradingPartner) -> Iterator[Fault]:
    """Each setting by its shape, then what its transport says of those that have theirs."""
    known = {each.key: each for each in SETTINGS[partner.transport]}
    credentials = partner.credentials or {}
    faults = [
        *setting_faults(known, partner.settings),
        *credential_faults(known, credentials),
        *folder_faults(partner.transport, partner.settings),
    ]
    yield from faults
    named = {fault.field.partition(".")[2] for fault in faults}
    if named <= _IN_ORDER.keys() | {"archive"}:
        yield from _transport_faults(partner, named)


def _transport_faults(partner: TradingPartner, named: set[str]) -> Iterator[Fault]:
    """Without those that are named already."""
    tried = copy(partner)
    tried.settings, tried.credentials = dict(partner.settings), dict(partner.credentials or {})
    for key in named:
        _put_in_order(tried, key)
    for _ in SETTINGS[partner.transport]:
        fault = _first_fault(tried)
        if fault is None:
            return
        key = fault.field.partition(".")[2]
        yield fault
        if key in named or not _put_in_order(tried, key):
            return
        named = {*named, key}


def _put_in_order(partner: TradingPartner, key: str) -> bool:
    """Whether something is known that is in order there."""
    if partner.transport == TransportKind.SFTP and key == "private_key":
        partner.credentials = {"username": "x", "password": "x"}
        return True
    if key not in _IN_ORDER:
        return False
    place = {each.key: each for each in SETTINGS[partner.transport]}.get(key)
    if place is not None:
        (partner.credentials if place.is_secret else partner.settings)[key] = _IN_ORDER[key]
    return place is not None


# Where a transport's code says more than which field it is about.
_NAMED: Mapping[str, str] = {
    "partner_certificates_expired": "partner_certificates",
    "certificate_expired": "certificate",
    "public_url": "mdn",
}


def _first_fault(partner: TradingPartner) -> Fault | None:
    known = {each.key: each for each in SETTINGS[partner.transport]}
    given = partner.credentials or {}
    try:
        transport_of(partner.transport).check(Connection(partner.pk, partner.settings, given))
    except NotSent as error:
        said = error.code.partition(":")[2]
        key = _NAMED.get(said, said)
        if key == "credentials":
            key = _credential_at_fault(partner.transport, given)
        if key not in known:
            return Fault("settings", error.code.partition(":")[0], explain(error.code).what)
        place = "credentials" if known[key].is_secret else "settings"
        words = explain(error.code).what if said in _NAMED else _words(partner, place, key)
        return Fault(f"{place}.{key}", "settings", words)
    return None


# --- in words --------------------------------------------------------------------------------------

_MISSING = "This is missing."
_UNFIT: Mapping[str, str] = {
    "host_keys": "This is no server key: each line begins like ssh-ed25519 AAAA…",
    "private_key": "This key cannot be read. Is it whole, of the kind asked for, and its passphrase right?",
    "certificate": "This certificate cannot be read, or is not that of the key.",
    "client_certificate": "This certificate cannot be read, or is not that of the key.",
    "partner_certificates": "This certificate cannot be read. It begins with -----BEGIN CERTIFICATE-----.",
    "ca_certificates": "This certificate cannot be read. It begins with -----BEGIN CERTIFICATE-----.",
    "token": "It holds a character that cannot be sent.",
    "api_key": "It holds a character that cannot be sent.",
}
_PRIVATE = " ".join(explain("not_allowed"))
_ADDRESSES: Mapping[Refusal, str] = {
    Refusal.MALFORMED: "This address cannot be read.",
    Refusal.SCHEME: "The address begins with https://",
    Refusal.USERINFO: "User name and password have fields of their own: leave them out of the address.",
    Refusal.HOST: "This is no name of a computer.",
    Refusal.NUMERIC_HOST: "Write the name of the computer, not its number.",
    Refusal.PORT: "This port is not one that partners are reached on.",
    Refusal.PLACEHOLDER: "Nothing but {payer_id} may stand in braces, and only in the path.",
    Refusal.NOT_PUBLIC: _PRIVATE,
}


def _words(partner: TradingPartner, place: str, key: str) -> str:
    given = (partner.credentials or {}) if place == "credentials" else partner.settings
    if not given.get(key):
        return _MISSING
    if key in {"url", "host", "port"}:
        return _address_words(partner.settings, key)
    return _UNFIT.get(key, "This cannot be used.")


def _address_words(settings: Mapping[str, Any], key: str) -> str:
    try:
        if key == "url":
            address = str(settings["url"])
            outbound.check_address(address, schemes=("https", "http"), placeholders=("payer_id",))
        else:
            address, port = str(settings.get("host") or ""), int(str(settings.get("port") or 0))
            outbound.check_address(address, schemes=("sftp",), port=port)
    except (OutboundError, ValueError) as error:
        refusal = error.refusal if isinstance(error, OutboundError) else Refusal.MALFORMED
        if refusal == Refusal.SCHEME and key == "host":
            return "Only the name of the computer, with nothing before it."
        if refusal == Refusal.NUMERIC_HOST and _is_private(address):
            return _PRIVATE
        return _ADDRESSES[refusal]
    return "This cannot be used."


def _is_private(address: str) -> bool:
    try:
        host = (urlsplit(address).hostname or "") if "://" in address else address.strip("[]")
        return not ip_address(host).is_global
    except ValueError:
        return False


# --- credentials -----------------------------------------------------------------------------------

# What a kind of connection cannot do without, in the order in which people fill it in.
_WANTED: Mapping[str, tuple[str, ...]] = {
    TransportKind.STEDI: ("api_key",),
    TransportKind.STEDI_BATCH: ("api_key",),
    TransportKind.AVAILITY: ("client_id", "client_secret"),
}


_IN_HEADERS = ("token", "api_key")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,4096}")


def _credential_at_fault(transport: str, given: Mapping[str, Any]) -> str:
    """Which one a transport means that only says it is about the credentials: one that is missing, else
    one that can stand in no header."""
    wanted = _WANTED.get(transport, ("username", "password"))
    missing = [key for key in wanted if not given.get(key)]
    if transport == TransportKind.REALTIME and len(missing) != 1:  # neither half of a login is wrong
        unfit = [key for key in _IN_HEADERS if given.get(key) and not _HEADER_VALUE.fullmatch(given[key])]
        return (unfit or wanted)[0]
    return (missing or wanted)[0]
