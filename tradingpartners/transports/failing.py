"""What a failed HTTP call means: whether anything was handed over, and else why nothing was."""

from __future__ import annotations

import requests

from practice.outbound import OutboundError
from practice.outbound.http import Call
from tradingpartners.transports import NotSent, TransportError, Unsure

_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    UnicodeError,
)


def failure_of(error: Exception, call: Call) -> TransportError:
    """By whether anything was handed over: a broken connection may have carried the request."""
    if call.handed_over:
        is_late = call.remaining <= 0 or isinstance(error, requests.exceptions.Timeout | TimeoutError)
        return Unsure("timeout" if is_late else "connection_lost")
    if isinstance(error, OutboundError):
        return NotSent("address_refused")
    if isinstance(error, _BAD_ADDRESS):
        return NotSent("bad_address")
    if isinstance(error, requests.exceptions.SSLError):
        return NotSent("tls")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent("connect_timeout")
    return NotSent("not_resolved" if "NameResolutionError" in repr(error) else "connection_refused")
