"""Which module serves which kind of partner (`TradingPartner.transport`)."""

from __future__ import annotations

from collections.abc import Callable

from tradingpartners.transports import (
    Connection,
    FileTransport,
    LiveTransport,
    PolledTransport,
    Transport,
    as2,
    availity,
    realtime,
    sftp,
    stedi,
    stedi_batch,
)

LIVE: dict[str, LiveTransport] = {"realtime": realtime, "stedi": stedi, "availity": availity}
FILES: dict[str, FileTransport] = {"sftp": sftp, "as2": as2, "stedi_batch": stedi_batch}
POLLED: dict[str, PolledTransport] = {"sftp": sftp, "stedi_batch": stedi_batch, "availity": availity}
# Whose interface has a payer directory: its form, and who asks for it.
DIRECTORIES: dict[str, tuple[str, Callable[[Connection], bytes]]] = {
    "stedi": ("stedi", stedi.list_payers),
    "stedi_batch": ("stedi", stedi.list_payers),
    "availity": ("availity", availity.list_payers),
}


def transport_of(kind: str) -> Transport:
    """`KeyError` for a kind nobody serves."""
    return FILES[kind] if kind in FILES else LIVE[kind]
