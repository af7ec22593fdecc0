"""Who may not be asked now, why, and until when.

A practice pauses a payer or a partner; a partner may refuse our key; a payer has quiet hours and a
daily cap. Members of a held payer wait in units of their own, in whatever file they stood; the others
go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from practice.tenancy import dispatcher
from tradingpartners.models import Dispatch, Payer, PayerPause, TradingPartner

# A pause that nobody has given an end is looked at again after this.
LOOK_AGAIN = timedelta(minutes=5)
# So long after a refusal of our key one question, or one file, tries whether it still stands.
TRY_AGAIN = timedelta(minutes=15)


class HoldCode(StrEnum):
    """`Dispatch.waits_for` of a unit that is held."""

    PAYER_PAUSED = "payer_paused"
    QUIET_HOURS = "quiet_hours"
    DAILY_CAP = "daily_cap"
    PARTNER_PAUSED = "partner_paused"
    PARTNER_REFUSES = "partner_refuses"
    PERSON = "held"  # the partner has something else than what we sent: a person decides


class Hold(NamedTuple):
    code: HoldCode
    until: datetime | None = None

    def due_at(self, now: datetime) -> datetime:
        """When it is to be looked at again; a pause may be shortened meanwhile, so soon."""
        if self.until is not None:
            return self.until
        return now + (TRY_AGAIN if self.code == HoldCode.PARTNER_REFUSES else LOOK_AGAIN)


def hold_of(partner: TradingPartner) -> Hold | None:
    if partner.sending_paused:
        return Hold(HoldCode.PARTNER_PAUSED)
    return Hold(HoldCode.PARTNER_REFUSES) if partner.refusal else None


def refused_units(partner_id: UUID, payer_id: UUID | None = None) -> QuerySet[Dispatch]:
    """The units that wait because this partner refused our key; those for one payer only."""
    held = Dispatch.objects.filter(
        partner=partner_id, state=Dispatch.State.READY, waits_for=HoldCode.PARTNER_REFUSES
    )
    return held if payer_id is None else held.filter(queue=f"payer.{payer_id}")


def holds(payers: Iterable[Payer], *, now: datetime) -> dict[UUID, Hold]:
    """The payers that this practice has paused, and those with quiet hours; one query."""
    by_id = {payer.pk: payer for payer in payers}
    pauses = PayerPause.objects.filter(
        Q(resumes_at=None) | Q(resumes_at__gt=now), payer__in=by_id, ended_at=None
    )
    found = {
        payer_id: Hold(HoldCode.PAYER_PAUSED, until)
        for payer_id, until in pauses.values_list("payer_id", "resumes_at")
    }
    for payer in by_id.values():
        until = quiet_until(payer, now)
        if until is not None and payer.pk not in found:
            found[payer.pk] = Hold(HoldCode.QUIET_HOURS, until)
    return found


def quiet_until(payer: Payer, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` lies in; None outside of them.

    In the payer's zone, over midnight where they begin later than they end. In a night of two
    equal hours they begin in the first and end in the second.
    """
    begin, end = payer.quiet_from, payer.quiet_until
    if begin is None or end is None or begin == end:
        return None
    zone = ZoneInfo(payer.quiet_zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        starts = min(_instants(day, begin, zone))
        ends = max(_instants(day if begin < end else day + timedelta(days=1), end, zone))
        if starts <= now < ends:
            return ends
    return None


def _instants(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both readings of a local time: they differ where clocks are put forward or back."""
    local = datetime.combine(day, at, zone)
    return local.astimezone(ZoneInfo("UTC")), local.replace(fold=1).astimezone(ZoneInfo("UTC"))


# --- the daily cap -------------------------------------------------------------------------------


class Day(NamedTuple):
    """What is left of a payer's day, in its zone, and when the next one begins."""

    left: int
    ends: datetime


# A place is taken by `sent_at` on an attempt that is still prepared: it is counted until it goes,
# also where that is after midnight, and for this long.
PLACE_KEPT = timedelta(days=1)
_LEFT = """
    WITH days AS (
        SELECT p.id, p.daily_cap, b.begins,
            (b.begins AT TIME ZONE p.quiet_zone + interval '1 day') AT TIME ZONE p.quiet_zone AS ends
        FROM tradingpartners_payer p, LATERAL (
            SELECT date_trunc('day', clock_timestamp() AT TIME ZONE p.quiet_zone)
                AT TIME ZONE p.quiet_zone AS begins) b
        WHERE p.id = ANY(%s) AND p.daily_cap IS NOT NULL)
    SELECT d.id, d.daily_cap - count(x.id), d.ends FROM days d
    LEFT JOIN tradingpartners_transaction x ON x.payer_id = d.id AND x.direction = 'out'
        AND x.sent_at >= d.begins - interval '1 day' AND x.state <> 'never_sent'
        AND (x.sent_at >= d.begins OR x.state = 'prepared')
    GROUP BY d.id, d.daily_cap, d.ends
"""


def left_today(payer_ids: Collection[UUID]) -> dict[UUID, Day]:
    """For each payer with a cap, how often it may still be asked today, by all practices together.

    Outside of organizations and inside a transaction: until that commits, nobody else is told of a
    place in these payers' days.
    """
    if not payer_ids:
        return {}
    with dispatcher(), connection.cursor() as cursor:
        for payer_id in sorted(payer_ids):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"day {payer_id}"])
        cursor.execute(_LEFT, [list(payer_ids)])
        return {payer_id: Day(left, ends) for payer_id, left, ends in cursor.fetchall()}
