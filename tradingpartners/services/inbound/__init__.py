"""Read what was delivered: match each answer to its attempt, end the attempts, keep a disposition.

The bytes are kept before anything is made of them, so reading can be repeated: sets that an
interrupted reading has already stored are passed over.
"""

from tradingpartners.services.inbound.acknowledgements import (
    organizations_unacknowledged,
    overdue_acknowledgements,
)
from tradingpartners.services.inbound.by_hand import Candidate, candidates, dismiss, match_by_hand
from tradingpartners.services.inbound.deciding import (
    accept_interchange,
    drop_delivery,
    drop_interchange,
    release_delivery,
    reread,
    settle_delivery,
)
from tradingpartners.services.inbound.deliveries import (
    organizations_waiting,
    read_deliveries,
    read_waiting,
)
from tradingpartners.services.inbound.explaining import Decision, Explained, decisions, explain
from tradingpartners.services.inbound.refusals import InboundError, Refusal

__all__ = [
    "Candidate",
    "Decision",
    "Explained",
    "InboundError",
    "Refusal",
    "accept_interchange",
    "candidates",
    "decisions",
    "dismiss",
    "drop_delivery",
    "drop_interchange",
    "explain",
    "match_by_hand",
    "organizations_unacknowledged",
    "organizations_waiting",
    "overdue_acknowledgements",
    "read_deliveries",
    "read_waiting",
    "release_delivery",
    "reread",
    "settle_delivery",
]
