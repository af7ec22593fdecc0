"""What waited too long: questions past the partner's SLA, files the partner never took."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from practice.tenancy import dispatcher, tenant
from tradingpartners.contents import OutcomeKind
from tradingpartners.models import Interchange, TradingPartner, Transaction
from tradingpartners.models.transactions import SLA_PASSED
from tradingpartners.services import pausing, telling
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.interchanges import GONE_UNSEEN

_BATCH = 1000


def overdue_organizations() -> list[UUID]:
    """Organizations with something past its time."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT t.organization_id FROM tradingpartners_tradingpartner t WHERE EXISTS ("
            " SELECT 1 FROM tradingpartners_transaction x WHERE x.partner_id = t.id"
            " AND x.direction = 'out' AND x.state = 'sent' AND x.sent_at < now() - t.response_sla)"
            " OR EXISTS (SELECT 1 FROM tradingpartners_interchange i WHERE i.partner_id = t.id"
            " AND i.direction = 'out' AND i.state = 'in_flight'"
            " AND i.started_at < now() - t.taken_timeout)"
        )
        return [organization_id for (organization_id,) in cursor.fetchall()]


def fail_overdue(organization_id: UUID) -> int:
    """End what is past its partner's SLA; a file not taken is released so that the next may go."""
    now = timezone.now()
    with tenant(organization_id):  # by itself: who reads answers locks attempts before files
        not_taken = Interchange.objects.filter(
            state=Interchange.State.IN_FLIGHT,
            started_at__lt=Now() - F("partner__taken_timeout"),
        )
        unseen = not_taken.filter(problem=GONE_UNSEEN).select_for_update(of=("self",)).order_by("pk")
        for interchange in list(unseen.select_related("partner")):
            telling.held_sending(interchange, GONE_UNSEEN)
        not_taken.update(state=Interchange.State.OVERDUE)
    with tenant(organization_id):
        overdue = list(
            Transaction.objects.unanswered()
            .filter(sent_at__lt=Now() - F("partner__response_sla"))
            .select_for_update(of=("self",))
            .select_related("payer", "partner")
            .order_by("pk")[:_BATCH]
        )
        end_attempts(
            [End(row.as_attempt(), OutcomeKind.FAILED, sla_words(row.partner)) for row in overdue], now=now
        )
        telling.no_answer(overdue)
        _settle({row.interchange_id for row in overdue if row.interchange_id})
    return len(overdue)


def _settle(interchange_ids: Collection[UUID]) -> None:
    """Of files nothing is left to be answered of, no person is waited for any more."""
    for interchange in Interchange.objects.filter(pk__in=interchange_ids).exclude(problem=""):
        if not pausing.waits_for_a_person(interchange):
            telling.sending_is_settled(interchange.pk)


def sla_words(partner: TradingPartner) -> str:
    return f"{SLA_PASSED} {in_words(partner.response_sla)}"


def in_words(span: timedelta) -> str:
    """24 h, 90 min, 30 s: the largest unit that says it whole."""
    seconds = int(span.total_seconds())
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
