"""Where AS2 partners deliver: `/as2/<partner id>/`. No session, no person: the keys say who it is."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tradingpartners.bells import ring
from tradingpartners.services import receiving
from tradingpartners.services.wire import on_the_wire
from tradingpartners.tasks import read_delivery_task, send_receipts_task, send_task

# One message on the wire; what may come out of it has its own limit.
LARGEST_MESSAGE = 64 * 1024 * 1024
_PIECE = 1024 * 1024


@csrf_exempt
@require_POST
def take(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """A message or a receipt. Whoever is no partner is told nothing, not even whether there is one."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    caller = receiving.admit(partner_id, headers)
    if caller is None:
        return HttpResponse(status=404)
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return HttpResponse(status=411)
    if int(length) > LARGEST_MESSAGE:
        return HttpResponse(status=413)
    try:
        body = on_the_wire(_read, request)
    except UnreadablePostError:
        return HttpResponse(status=400)
    handled = receiving.receive(caller, headers, body)
    _ring(caller, handled)
    return _response(handled)


def _read(request: HttpRequest) -> bytes:
    """All of it: Django's own limit is one for forms."""
    pieces = []
    while piece := request.read(_PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _ring(caller: receiving.Caller, handled: receiving.Handled) -> None:
    if handled.unread:
        ring(read_delivery_task, caller.organization_id, handled.unread)
    if handled.owes_receipt:
        ring(send_receipts_task, caller.organization_id)
    for queue in handled.queues:
        ring(send_task, caller.organization_id, caller.partner_id, queue, queue=queue)


def _response(handled: receiving.Handled) -> HttpResponse:
    if handled.receipt is None:
        return HttpResponse(status=handled.status)
    return HttpResponse(handled.receipt.body, status=handled.status, headers=handled.receipt.headers)
