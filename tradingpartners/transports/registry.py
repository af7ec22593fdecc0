"""Which module serves which kind of partner (`TradingPartner.transport`)."""

from __future__ import annotations

from tradingpartners.transports import (
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


def transport_of(kind: str) -> Transport:
    """`KeyError` for a kind nobody serves."""
    return FILES[kind] if kind in FILES else LIVE[kind]
