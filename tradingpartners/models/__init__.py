"""Payers, the connections to them, and everything that went over the wire."""

from tradingpartners.models.deliveries import (
    InboundDelivery,
    InboundFile,
    TransportLog,
)
from tradingpartners.models.dispatches import (
    Dispatch,
)
from tradingpartners.models.interchanges import (
    Direction,
    Interchange,
    InterchangeHistory,
    Payload,
    PayloadChunk,
)
from tradingpartners.models.lanes import Lane
from tradingpartners.models.partners import (
    CREDENTIAL_COLUMNS,
    IS_POLLED,
    SENDS_FILES,
    ControlNumber,
    Enrolment,
    EnrolmentHistory,
    Environment,
    PayerPause,
    PayerPauseHistory,
    ProviderIdentity,
    ProviderIdentityHistory,
    Route,
    RouteHistory,
    TradingPartner,
    TradingPartnerHistory,
    TransportKind,
)
from tradingpartners.models.payers import (
    BreakerChange,
    DirectoryImport,
    Payer,
    PayerHistory,
    PayerListing,
)
from tradingpartners.models.transactions import (
    Attempt,
    Transaction,
    TransactionHistory,
    trace_number,
    transaction_id,
)

__all__ = [
    "CREDENTIAL_COLUMNS",
    "IS_POLLED",
    "SENDS_FILES",
    "Attempt",
    "BreakerChange",
    "ControlNumber",
    "Direction",
    "DirectoryImport",
    "Dispatch",
    "Enrolment",
    "EnrolmentHistory",
    "Environment",
    "InboundDelivery",
    "InboundFile",
    "Interchange",
    "InterchangeHistory",
    "Lane",
    "Payer",
    "PayerHistory",
    "PayerListing",
    "PayerPause",
    "PayerPauseHistory",
    "Payload",
    "PayloadChunk",
    "ProviderIdentity",
    "ProviderIdentityHistory",
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
