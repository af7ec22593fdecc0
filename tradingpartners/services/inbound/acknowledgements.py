"""TA1 and 999: the partner has our interchange, accepts or refuses it or some of its sets.

A refusal ends the attempts that are still unanswered; one that was answered already is past it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.models import Direction, Interchange, Transaction
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.inbound.sets import Set
from tradingpartners.services.interchanges import take_interchanges


def acknowledge_interchanges(
    partner_id: UUID, acknowledgements: Sequence[x12.InterchangeAcknowledgement], *, now: datetime
) -> None:
    """TA1: the partner has, or refuses, a whole interchange."""
    for acknowledgement in acknowledgements:
        interchange_id = _note_verdict(
            partner_id, acknowledgement.control_number, f"TA1 {acknowledgement.code}", now
        )
        if interchange_id and acknowledgement.code == "R":
            _refuse(interchange_id, Q(), f"TA1 {acknowledgement.note}", now)


def acknowledge_sets(source: Set, *, now: datetime) -> None:
    """999: the partner accepts or refuses each set of a group. GS06 repeats our ISA13."""
    if source.read.transaction is None:
        return
    acknowledgement = x12.read_999(source.read.transaction)
    interchange_id = _note_verdict(
        source.delivery.partner_id,
        acknowledgement.group_control_number,
        f"999 {acknowledgement.code or ''}",
        now,
    )
    refused = [each.control_number for each in acknowledgement.sets if not each.accepted]
    if interchange_id and refused:
        _refuse(interchange_id, Q(set_control_number__in=refused), "999 R", now)
    elif interchange_id and acknowledgement.code == "R":
        _refuse(interchange_id, Q(), "999 R", now)


def _note_verdict(partner_id: UUID, control_number: str, verdict: str, now: datetime) -> UUID | None:
    """The newest interchange of ours with this ISA13 (numbers repeat after a wrap): it arrived."""
    if not control_number.isdigit():
        return None
    interchange_id = (
        Interchange.objects.filter(
            partner=partner_id, direction=Direction.OUT, control_number=int(control_number)
        )
        .order_by("-epoch")
        .values_list("pk", flat=True)
        .first()
    )
    if interchange_id is not None:
        Interchange.objects.filter(pk=interchange_id).update(acknowledgement=verdict[:10])
        take_interchanges([interchange_id], now=now)
    return interchange_id


def _refuse(interchange_id: UUID, which: Q, code: str, now: datetime) -> None:
    attempts = Transaction.objects.unanswered().filter(which, interchange=interchange_id).order_by("pk")
    end_attempts([End(each, OutcomeKind.FAILED, code[:60]) for each in attempts.as_attempts()], now=now)
