"""Which module serves which kind of partner (`TradingPartner.transport`)."""

from __future__ import annotations

from tradingpartners.transports import (
    FileTransport,
    LiveTransport,
    PolledTransport,
    Transport,
    as2,
    realtime,
    sftp,
)

LIVE: dict[str, LiveTransport] = {"realtime": realtime}
FILES: dict[str, FileTransport] = {"sftp": sftp, "as2": as2}
POLLED: dict[str, PolledTransport] = {"sftp": sftp}


def transport_of(kind: str) -> Transport:
    """`KeyError` for a kind nobody serves."""
    return FILES[kind] if kind in FILES else LIVE[kind]
