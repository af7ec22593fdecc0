"""Acknowledgements sent back: the TA1 and 999 a partner wants for its files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from tradingpartners import x12
from tradingpartners.messages import dialect_of, x12_sets
from tradingpartners.messages.acknowledgements import Verdict, verdicts, write_verdict
from tradingpartners.models import Dispatch, InboundDelivery, Lane, TradingPartner
from tradingpartners.retries import UNWRITABLE_IDENTITY
from tradingpartners.services import telling
from tradingpartners.services.interchanges import keep_composed, reserve_control_number

log = logging.getLogger(__name__)

_NEVER = TradingPartner.Acknowledge.NEVER


def wants_acknowledgements(partner: TradingPartner) -> bool:
    """Only who takes X12 in files can be sent one."""
    is_told = {partner.send_ta1, partner.send_999} != {_NEVER}
    return is_told and partner.sends_files and dialect_of(partner) is x12_sets


def acknowledge(delivery: InboundDelivery, content: bytes) -> list[Dispatch]:
    """Write what the delivery's sender is to be told, a unit of sending an interchange; once.

    In the caller's transaction, the one that closes the delivery. The unit's correlation id is the
    delivery's. Bytes that are no X12 are told to nobody: there is no interchange to name.
    """
    partner = delivery.partner
    if not wants_acknowledgements(partner):
        return []
    # The second who closes the same delivery waits here for the first.
    InboundDelivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
    if Dispatch.objects.filter(correlation_id=delivery.pk).exists():
        return []
    now = timezone.now()
    try:
        told = verdicts(content, partner, now=now)
    except x12.X12Error as error:
        log.warning("not acknowledged: delivery=%s code=%s", delivery.pk, error.code)
        return []
    try:
        with transaction.atomic():
            return _write(delivery, partner, told, now)
    except x12.X12WriteError as error:  # what came is used all the same
        log.warning("not acknowledged: delivery=%s field=%s", delivery.pk, error.field)
        telling.connection_said(partner.pk, telling.Way.SENDING, UNWRITABLE_IDENTITY)
        return []


def _write(
    delivery: InboundDelivery, partner: TradingPartner, told: Sequence[Verdict], now: datetime
) -> list[Dispatch]:
    """A unit of sending and its interchange for each."""
    units = []
    for verdict in told:
        unit = Dispatch.objects.create(
            partner=partner,
            transaction_set=verdict.transaction_set,
            correlation_id=delivery.pk,
            lane=Lane.LIVE,  # before questions: its partner waits, an hour at most (CAQH CORE)
            queue=f"partner.{partner.pk}",
        )
        number, epoch = reserve_control_number(partner.pk)
        content_back = write_verdict(verdict, partner, number=number, now=now)
        keep_composed(unit, content_back, number=number, epoch=epoch)
        units.append(unit)
    return units
