"""Payers, the connections to them, and everything that went over the wire."""

from tradingpartners.models.deliveries import (
    InboundDelivery,
    InboundFile,
    TransportLog,
)
from tradingpartners.models.dispatches import (
    Dispatch,
    Lane,
)
from tradingpartners.models.interchanges import (
    Direction,
    Interchange,
    InterchangeHistory,
    Payload,
    PayloadChunk,
)
from tradingpartners.models.partners import (
    ControlNumber,
    Route,
    RouteHistory,
    TradingPartner,
    TradingPartnerHistory,
    TransportKind,
)
from tradingpartners.models.payers import (
    Payer,
    PayerHistory,
)
from tradingpartners.models.transactions import (
    Attempt,
    Transaction,
    TransactionHistory,
    trace_number,
    transaction_id,
)

__all__ = [
    "Attempt",
    "ControlNumber",
    "Direction",
    "Dispatch",
    "InboundDelivery",
    "InboundFile",
    "Interchange",
    "InterchangeHistory",
    "Lane",
    "Payer",
    "PayerHistory",
    "Payload",
    "PayloadChunk",
    "Route",
    "RouteHistory",
    "TradingPartner",
    "TradingPartnerHistory",
    "Transaction",
    "TransactionHistory",
    "TransportKind",
    "TransportLog",
    "trace_number",
    "transaction_id",
]
