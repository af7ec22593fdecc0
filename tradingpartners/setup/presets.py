"""How well-known partners begin: filled as far as it is the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from tradingpartners.models import TradingPartner, TransportKind


class Preset(NamedTuple):
    name: str
    words: str
    fields: Mapping[str, Any]


_SIGN = TradingPartner.TakenSign

PRESETS: dict[str, Preset] = {
    "stedi": Preset(
        "Stedi, real time",
        "One question at a time over Stedi's JSON interface. Needs an API key.",
        {"code": "Stedi", "transport": TransportKind.STEDI, "receiver_id": "STEDI"},
    ),
    "stedi_batch": Preset(
        "Stedi, batches",
        "Overnight batches over Stedi's JSON interface. Needs an API key.",
        {
            "code": "Stedi",
            "transport": TransportKind.STEDI_BATCH,
            "receiver_id": "STEDI",
            "max_st_per_interchange": 500,
            "max_concurrent_files": 5,
            "taken_sign": _SIGN.UPLOADED,
            "poll_interval": timedelta(seconds=30),
        },
    ),
    "availity": Preset(
        "Availity Coverages",
        "One question at a time over Availity's interface. Needs a client ID and secret.",
        {
            "code": "Availity",
            "transport": TransportKind.AVAILITY,
            "receiver_id": "AVAILITY",
            "poll_interval": timedelta(seconds=10),
        },
    ),
    "waystar": Preset(
        "Waystar, files",
        "Files over SFTP, with the receipts Waystar sends for each. Server and folders are in its letter.",
        {
            "code": "Waystar",
            "transport": TransportKind.SFTP,
            "taken_sign": _SIGN.ACKNOWLEDGED,
            "acknowledgement_due": timedelta(hours=1),
        },
    ),
    "sftp": Preset(
        "Another partner, files over SFTP",
        "For most clearinghouses and state payers.",
        {"code": "Direct", "transport": TransportKind.SFTP},
    ),
    "as2": Preset(
        "Another partner, files over AS2",
        "Signed and encrypted, with a receipt for each file.",
        {"code": "Direct", "transport": TransportKind.AS2, "taken_sign": _SIGN.UPLOADED},
    ),
    "realtime": Preset(
        "Another partner, real time",
        "X12 over HTTPS, plain or in the CAQH CORE envelopes.",
        {"code": "Direct", "transport": TransportKind.REALTIME},
    ),
}
