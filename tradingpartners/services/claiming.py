"""Which unit goes next: due, within its partner's limits, fair between organizations.

Claims are made by the dispatcher role in one short transaction a queue, serialized by an advisory
lock, so that limits counted here hold across all workers. Time is the database's.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db import connection

from practice.tenancy import dispatcher


class Claim(NamedTuple):
    organization_id: UUID
    dispatch_id: UUID
    lease_token: UUID


_DUE_UNIT = """
    SELECT d.id, d.organization_id FROM tradingpartners_dispatch d
    JOIN tradingpartners_tradingpartner t ON t.id = d.partner_id
    LEFT JOIN tradingpartners_payer p ON p.id = d.payer_id
    WHERE d.queue = %(queue)s AND d.state = 'ready' AND d.due_at <= now() AND t.is_active
    AND CASE WHEN d.payer_id IS NOT NULL THEN
        (SELECT count(*) FROM tradingpartners_dispatch c WHERE c.queue = d.queue
            AND c.state = 'claimed' AND c.lane = d.lane)
        < CASE d.lane WHEN 'live' THEN p.live_connections ELSE p.batch_connections END
    ELSE
        (SELECT count(*) FROM tradingpartners_dispatch c
            WHERE c.queue = d.queue AND c.state = 'claimed')
        + (SELECT count(*) FROM tradingpartners_interchange i
            WHERE i.partner_id = d.partner_id AND i.direction = 'out' AND i.state = 'in_flight'
            AND i.dispatch_id <> d.id)
        < t.max_concurrent_files
        AND (t.max_interchanges_per_minute IS NULL OR t.max_interchanges_per_minute >
            (SELECT count(*) FROM tradingpartners_interchange i WHERE i.partner_id = d.partner_id
            AND i.direction = 'out' AND i.started_at > now() - interval '1 minute'))
    END
    ORDER BY d.lane DESC, (SELECT count(*) FROM tradingpartners_dispatch c WHERE c.queue = d.queue
        AND c.state = 'claimed' AND c.organization_id = d.organization_id), d.due_at, d.id
    LIMIT 1 FOR UPDATE OF d SKIP LOCKED
"""

_CLAIM = """
    UPDATE tradingpartners_dispatch d SET state = 'claimed', lease_token = uuidv7(),
        lease_until = now() + t.lease, rung_at = NULL
    FROM tradingpartners_tradingpartner t WHERE t.id = d.partner_id AND d.id = %s
    RETURNING d.organization_id, d.id, d.lease_token
"""


def claim_next(queue: str) -> Claim | None:
    """The queue's next due unit, leased to the caller; None if none may go now."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [queue])
        cursor.execute(_DUE_UNIT, {"queue": queue})
        found = cursor.fetchone()
        if found is None:
            return None
        cursor.execute(_CLAIM, [found[0]])
        return Claim(*cursor.fetchone())


def free_lost_leases() -> int:
    """Units whose worker fell silent are due again; what they sent is known by its attempts."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tradingpartners_dispatch SET state = 'ready', lease_token = NULL,"
            " lease_until = NULL, rung_at = NULL, rescue_count = rescue_count + 1"
            " WHERE id IN (SELECT id FROM tradingpartners_dispatch"
            " WHERE state = 'claimed' AND lease_until < now() FOR UPDATE SKIP LOCKED)"
        )
        freed: int = cursor.rowcount
        return freed


class Bell(NamedTuple):
    queue: str
    organization_id: UUID
    dispatch_id: UUID
    # It rang before and nobody came: perhaps no worker listens to this queue yet.
    unheard: bool


def units_to_ring(*, again_after_seconds: int = 15) -> list[Bell]:
    """Due units whose bell has not rung lately; notes that it rings now.

    The message is only a wake-up: a lost one is rung again, one too many finds nothing to do.
    """
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS (SELECT id, rung_at FROM tradingpartners_dispatch"
            " WHERE state = 'ready' AND due_at <= now()"
            " AND (rung_at IS NULL OR rung_at < now() - make_interval(secs => %s))"
            " ORDER BY due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED)"
            " UPDATE tradingpartners_dispatch d SET rung_at = now() FROM due WHERE d.id = due.id"
            " RETURNING d.queue, d.organization_id, d.id, due.rung_at IS NOT NULL",
            [again_after_seconds],
        )
        return [Bell(*row) for row in cursor.fetchall()]


def queues() -> list[str]:
    """Every queue a unit may ring: one a payer, one a file partner."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'payer.' || id FROM tradingpartners_payer WHERE is_active"
            " UNION ALL SELECT 'partner.' || id FROM tradingpartners_tradingpartner"
            " WHERE is_active AND NOT is_deleted AND transport = 'sftp'"
        )
        return [name for (name,) in cursor.fetchall()]
