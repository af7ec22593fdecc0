"""The one way to a transport, and the log of what it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import connection

from practice.tenancy import inside
from tradingpartners.models import TradingPartner, TransportLog
from tradingpartners.services import refusing, telling
from tradingpartners.transports import Connection

P = ParamSpec("P")
Result = TypeVar("Result")


# By event, what the connection was used for; what a look found is told when it ends.
_WAYS = {"put": telling.Way.SENDING, "ask": telling.Way.ASKING}
# Of a lease: the rest is for what is done before and after the wire.
_ON_THE_WIRE = 0.6


def connection_of(partner: TradingPartner) -> Connection:
    patience = partner.lease.total_seconds() * _ON_THE_WIRE
    return Connection(partner.pk, partner.settings, partner.credentials or {}, patience)


def on_the_wire(deed: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Call a transport outside of transactions, without holding a database connection."""
    if inside():
        raise RuntimeError("a transport was called inside a transaction")
    if not connection.in_atomic_block:  # only a test's own transaction may still be open
        connection.close()
    return deed(*args, **kwargs)


def log_wire(
    event: str,
    *,
    partner_id: UUID,
    started: float,
    dispatch_id: UUID | None = None,
    file_name: str = "",
    size: int | None = None,
    http_status: int | None = None,
    error: str = "",
    interchange_id: UUID | None = None,
    delivery_id: UUID | None = None,
) -> None:
    """One row of the transport log; `started` is the monotonic clock before the call. What a person
    must mend is told; a partner that refuses our key is sent nothing more."""
    TransportLog.objects.create(
        partner_id=partner_id,
        dispatch_id=dispatch_id,
        event=event,
        file_name=file_name,
        size=size,
        http_status=http_status,
        duration_ms=int((time.monotonic() - started) * 1000),
        error=error,
        interchange_id=interchange_id,
        delivery_id=delivery_id,
    )
    if event in _WAYS:
        telling.connection_said(partner_id, _WAYS[event], error)
        refusing.note(partner_id, error)
