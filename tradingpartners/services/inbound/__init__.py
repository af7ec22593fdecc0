"""Read what was delivered: match each answer to its attempt, end the attempts, keep a disposition.

The bytes are kept before anything is made of them, so reading can be repeated: sets that an
interrupted reading has already stored are passed over.
"""

from tradingpartners.services.inbound.deliveries import (
    organizations_waiting,
    read_deliveries,
    read_waiting,
)

__all__ = ["organizations_waiting", "read_deliveries", "read_waiting"]
