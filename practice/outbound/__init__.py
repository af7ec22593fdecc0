"""Whom we may connect to at an address that a person typed: nobody inside our own network.

At save, `check_address` looks at what was written; it asks no name server. At connect, `connect`
resolves the name once, goes only to an address that is on the public internet or in one of
`settings.PRIVATE_PARTNERS`, and looks at who answered. Between the two a name may change its
address as it likes. A person is told that an address is refused, not what it led to.
"""

from __future__ import annotations

import queue
import re
import socket
import threading
import time
from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = frozenset({22, 443})
_UNPRIVILEGED = 1024
_USUAL = {"https": 443, "http": 80, "sftp": 22}
# A host whose last part is a number is an IPv4 address to many resolvers, however it is written.
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_PLACEHOLDER = re.compile(r"[{}]")
_CARRIES_IPV4 = (ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"))
# Public by their number, and yet not the internet.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "64:ff9b:1::/48",  # NAT64 of a network's own
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "::/96",  # IPv4-compatible
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # the host of a virtual machine in Azure
    )
)
_MOST_LOOKUPS = 32
_lookups = threading.BoundedSemaphore(_MOST_LOOKUPS)


class Refusal(StrEnum):
    """Why an address is refused."""

    MALFORMED = "malformed"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    HOST = "host"
    NUMERIC_HOST = "numeric_host"
    PORT = "port"
    PLACEHOLDER = "placeholder"
    NOT_PUBLIC = "not_public"


class OutboundError(Exception):
    """We do not connect there."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class NotResolved(OSError):
    """Nobody knows the name."""


# --- at save: what was written ------------------------------------------------------------------


def check_address(
    address: str,
    *,
    schemes: Collection[str] = ("https",),
    port: int | None = None,
    placeholders: Collection[str] = (),
) -> None:
    """Raises OutboundError for a URL, or for a host with its `port`, that nobody may be set up under.

    http is for `settings.PRIVATE_PARTNERS` alone, so name it in `schemes` where it may be meant.
    `placeholders`: names that may stand in the path as {name}.
    """
    if not address.isascii() or not address.isprintable() or re.search(r"[\s\\]", address):
        raise OutboundError(Refusal.MALFORMED)
    if "://" in address:
        _check_url(address, schemes, placeholders)
        return
    if "sftp" not in schemes:
        raise OutboundError(Refusal.SCHEME)
    _check_port(_USUAL["sftp"] if port is None else port, "sftp")
    _check_host(address, is_plain=False)


def _check_url(url: str, schemes: Collection[str], placeholders: Collection[str]) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise OutboundError(Refusal.MALFORMED) from None
    if parts.scheme not in schemes or parts.scheme not in _USUAL:
        raise OutboundError(Refusal.SCHEME)
    if "@" in parts.netloc:
        raise OutboundError(Refusal.USERINFO)
    path = parts.path
    for name in placeholders:
        path = path.replace(f"{{{name}}}", "")
    if _PLACEHOLDER.search(parts.netloc + path + parts.query + parts.fragment):
        raise OutboundError(Refusal.PLACEHOLDER)
    _check_port(_USUAL[parts.scheme] if port is None else port, parts.scheme)
    _check_host(f"[{host}]" if ":" in host else host, is_plain=parts.scheme == "http")


def _check_port(port: int, scheme: str) -> None:
    is_usual = port in _PORTS or port == _USUAL[scheme]
    if not is_usual and not _UNPRIVILEGED <= port <= 65_535:
        raise OutboundError(Refusal.PORT)


def _check_host(host: str, *, is_plain: bool) -> None:
    """A name, or the number of a private partner as numbers are usually written."""
    literal = _literal(host)
    if literal is not None:
        if not is_private_partner(literal):
            raise OutboundError(Refusal.NUMERIC_HOST)
        return
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise OutboundError(Refusal.HOST)
    if _NUMBER.fullmatch(labels[-1]):
        raise OutboundError(Refusal.NUMERIC_HOST)
    is_local = len(labels) == 1 or labels[-1].lower() in {"localhost", "local", "internal"}
    if (is_local or is_plain) and not settings.PRIVATE_PARTNERS:
        raise OutboundError(Refusal.SCHEME if is_plain else Refusal.NOT_PUBLIC)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    except ValueError:
        return None


# --- which addresses ----------------------------------------------------------------------------


def is_private_partner(address: Address) -> bool:
    bare = _unwrapped(address)
    return any(bare in network for network in _networks(tuple(settings.PRIVATE_PARTNERS)))


def may_reach(address: Address, *, is_plain: bool = False) -> bool:
    """On the public internet, or a private partner; without TLS the latter only."""
    if isinstance(address, IPv6Address) and address.scope_id:
        return False
    if is_private_partner(address):
        return True
    bare = _unwrapped(address)
    is_public = bare.is_global and not bare.is_multicast and not any(bare in net for net in _NEVER)
    return is_public and not is_plain


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where a gateway or the kernel turns it into one."""
    if any(address in network for network in _CARRIES_IPV4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# --- at connect ---------------------------------------------------------------------------------


def connect(host: str, port: int, *, within: float, is_plain: bool = False) -> socket.socket:
    """A TCP connection within `within` seconds in all, resolving included; `is_plain`: no TLS follows.

    Raises OutboundError, NotResolved, TimeoutError or OSError.
    """
    until = time.monotonic() + within
    addresses = resolve(host, port, within=within, is_plain=is_plain)
    return connect_to(addresses, port, within=until - time.monotonic())


def connect_to(addresses: Sequence[Address], port: int, *, within: float) -> socket.socket:
    """To the first of what `resolve` found that answers; each gets its share of the time."""
    until, failure = time.monotonic() + within, OSError()
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        try:
            connection = _connect(address, port, remaining / left)
        except OSError as error:
            failure = error
            continue
        connection.settimeout(max(0.001, until - time.monotonic()))
        return connection
    raise failure


def _connect(address: Address, port: int, patience: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(patience)
        connection.connect((str(address), port))
        if ip_address(connection.getpeername()[0]) != address:
            raise OutboundError(Refusal.NOT_PUBLIC)
    except BaseException:
        connection.close()
        raise
    return connection


def resolve(host: str, port: int, *, within: float, is_plain: bool = False) -> Sequence[Address]:
    """The addresses of the name that may be reached, as the name server orders them; asked once."""
    _check_port(port, "http" if is_plain else "https")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    found = [ip_address(text) for text in _look_up(bare, port, within)]
    allowed = [address for address in dict.fromkeys(found) if may_reach(address, is_plain=is_plain)]
    if not allowed:
        raise OutboundError(Refusal.NOT_PUBLIC)
    return allowed


def _look_up(host: str, port: int, within: float) -> list[str]:
    """On a thread of its own: a name server may take longer than we have."""
    until = time.monotonic() + within
    answer: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([str(info[4][0]) for info in infos])
        except (OSError, UnicodeError) as error:
            answer.put(error)
        finally:
            _lookups.release()

    if not _lookups.acquire(timeout=max(0.0, within)):
        raise TimeoutError
    threading.Thread(target=ask, name="preflight-resolver", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.001, until - time.monotonic()))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise NotResolved from None
    return found
