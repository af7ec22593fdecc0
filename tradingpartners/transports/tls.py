"""TLS as a partner wants it: its own authorities, our certificate."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import certifi

from tradingpartners.transports import Connection, NotSent


def tls_of(connection: Connection) -> ssl.SSLContext:
    """From `settings.ca_certificates` (PEM; else the usual authorities) and the credentials
    `client_certificate`, `client_key` (PEM) and `client_key_password`.

    The same object for the same texts. Raises NotSent("settings:…") for what cannot be used.
    """
    given = connection.credentials
    return _context(
        str(connection.settings.get("ca_certificates") or ""),
        str(given.get("client_certificate") or ""),
        str(given.get("client_key") or ""),
        str(given.get("client_key_password") or ""),
    )


@lru_cache(maxsize=256)
def _context(authorities: str, certificate: str, key: str, password: str) -> ssl.SSLContext:
    try:
        usual = None if authorities else certifi.where()
        context = ssl.create_default_context(cafile=usual, cadata=authorities or None)
    except (ssl.SSLError, ValueError):
        raise NotSent("settings:ca_certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not certificate and not key:
        return context
    if not certificate or not key:
        raise NotSent("settings:client_certificate")
    try:
        with _file(f"{certificate}\n{key}\n") as name:
            context.load_cert_chain(name, password=lambda: password)
    except (ssl.SSLError, OSError, ValueError):
        raise NotSent("settings:client_certificate") from None
    return context


@contextmanager
def _file(text: str) -> Iterator[str]:
    """OpenSSL reads a key from a file only: one in memory where the system has such, so that no
    disk ever holds it."""
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            yield file.name
        return
    with os.fdopen(os.memfd_create("tls"), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"
