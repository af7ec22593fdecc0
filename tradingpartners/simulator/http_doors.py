"""Which HTTP doors there are, the keys to them, and how the ready file names both.

Keys and secrets follow from the password, so a simulator restarted with the same one keeps them.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from tradingpartners.simulator.availity_door import AvailityDoor, AvailityHabits
from tradingpartners.simulator.core_door import CoreDoor
from tradingpartners.simulator.desk import Desk
from tradingpartners.simulator.http_server import Door
from tradingpartners.simulator.stedi_door import PRODUCTION, TEST, VERSION, StediDoor, StediHabits
from tradingpartners.simulator.x12_door import X12Door


def open_doors(
    desk: Desk, *, credentials: tuple[str, str], stedi: StediHabits, availity: AvailityHabits
) -> Mapping[str, Door]:
    """The doors by the first step of their paths."""
    keys = stedi_keys(credentials)
    client = (credentials[0], secret(credentials, "availity"))
    clearinghouse = AvailityDoor(desk, client=client, habits=availity)
    return {
        "payers": X12Door(desk, credentials=credentials),
        "core": CoreDoor(desk, credentials=credentials),
        VERSION: StediDoor(desk, keys={key: mode for mode, key in keys.items()}, habits=stedi),
        "availity": clearinghouse,
        "v1": clearinghouse,
    }


def doors_ready(credentials: tuple[str, str], base: str) -> dict[str, Any]:
    username, password = credentials
    signed_in = {"username": username, "password": password}
    keys = stedi_keys(credentials)
    return {
        "http": {"url": base, **signed_in},
        "core": {"mime_url": f"{base}/core/mime", "soap_url": f"{base}/core/soap", **signed_in},
        "stedi": {"url": f"{base}/{VERSION}", "key": keys[PRODUCTION], "test_key": keys[TEST]},
        "availity": {
            "url": f"{base}/availity/v1",
            "client_id": username,
            "client_secret": secret(credentials, "availity"),
        },
    }


def stedi_keys(credentials: tuple[str, str]) -> dict[str, str]:
    """By mode."""
    return {PRODUCTION: secret(credentials, "stedi"), TEST: f"test_{secret(credentials, 'stedi test')}"}


def secret(credentials: tuple[str, str], purpose: str) -> str:
    return hmac.new(":".join(credentials).encode(), purpose.encode(), "sha256").hexdigest()[:32]
