"""Which unit goes next: due, within its partner's limits, fair between organizations.

Claims are made by the dispatcher role in one short transaction a queue, serialized by an advisory
lock, so that limits counted here hold across all workers. Time is the database's.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from practice.tenancy import dispatcher
from tradingpartners.models import SENDS_FILES


class Claim(NamedTuple):
    organization_id: UUID
    dispatch_id: UUID
    lease_token: UUID


class Slots(NamedTuple):
    """How many more units of a queue may go now, by lane; `again`: of files that are out already and
    go once more, which have their place among those out, and are starts like any other."""

    live: int
    batch: int
    again: int


_PAYER_SLOTS = """
    SELECT p.live_connections - count(c.id) FILTER (WHERE c.lane = 'live'),
        p.batch_connections - count(c.id) FILTER (WHERE c.lane = 'batch'), 0
    FROM tradingpartners_payer p
    LEFT JOIN tradingpartners_dispatch c ON c.queue = %(queue)s AND c.state = 'claimed'
    WHERE p.id = %(id)s GROUP BY p.id
"""

# What is claimed is out and starts now. Each put has its row of the log, from when it ended, so no minute
# the partner can choose has more starts in it than these; one whose worker was lost has none, and counts
# from when its lease was.
_FILE_SLOTS = """
    WITH claimed AS (SELECT count(*) AS units FROM tradingpartners_dispatch
        WHERE queue = %(queue)s AND state = 'claimed'),
    files AS (
        SELECT t.max_concurrent_files - claimed.units
            - (SELECT count(*) FROM tradingpartners_interchange i
                JOIN tradingpartners_dispatch d ON d.id = i.dispatch_id AND d.state <> 'claimed'
                WHERE i.partner_id = t.id AND i.direction = 'out' AND i.state = 'in_flight') AS free,
            t.max_interchanges_per_minute - claimed.units
            - (SELECT count(*) FROM tradingpartners_transportlog l
                WHERE l.partner_id = t.id AND l.id > %(lately)s
                AND l.event = 'put' AND l.interchange_id IS NOT NULL
                AND l.created_at > now() - interval '1 minute')
            - (SELECT count(*) FROM tradingpartners_dispatch d
                WHERE d.queue = %(queue)s AND d.state = 'ready'
                AND d.lease_until > now() - interval '1 minute') AS starts
        FROM tradingpartners_tradingpartner t, claimed WHERE t.id = %(id)s)
    SELECT least(free, starts), least(free, starts), coalesce(starts, 1) FROM files
"""

# Seconds: far more than the minute, and than what clocks may differ by.
_LATELY = 3600

# What can never go is claimed to be ended.
_DUE_UNIT = """
    WITH busy AS (SELECT organization_id, count(*) AS units FROM tradingpartners_dispatch
        WHERE queue = %(queue)s AND state = 'claimed' GROUP BY organization_id)
    SELECT d.id FROM tradingpartners_dispatch d
    JOIN tradingpartners_tradingpartner t ON t.id = d.partner_id
    LEFT JOIN busy ON busy.organization_id = d.organization_id
    WHERE d.queue = %(queue)s AND d.state = 'ready' AND d.due_at <= now()
    AND (CASE d.lane WHEN 'live' THEN %(live)s ELSE %(batch)s END > 0
        OR NOT t.is_active OR t.is_deleted
        OR %(again)s > 0 AND EXISTS (SELECT 1 FROM tradingpartners_interchange i
            WHERE i.partner_id = d.partner_id AND i.direction = 'out' AND i.state = 'in_flight'
            AND i.dispatch_id = d.id))
    ORDER BY d.lane DESC, coalesce(busy.units, 0), d.due_at, d.id
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
        cursor.execute(_DUE_UNIT, {"queue": queue, **_free_slots(queue)._asdict()})
        found = cursor.fetchone()
        if found is None:
            return None
        cursor.execute(_CLAIM, [found[0]])
        return Claim(*cursor.fetchone())


def _free_slots(queue: str) -> Slots:
    kind, _, row_id = queue.partition(".")
    with connection.cursor() as cursor:
        sql = _PAYER_SLOTS if kind == "payer" else _FILE_SLOTS
        cursor.execute(sql, {"queue": queue, "id": row_id, "lately": _id_of(time.time() - _LATELY)})
        return Slots(*(cursor.fetchone() or (0, 0, 0)))


def _id_of(seconds: float) -> UUID:
    """Before every id (UUIDv7) that was made after this moment: what is older is not looked at."""
    return UUID(int=int(seconds * 1000) << 80)


def free_lost_leases() -> int:
    """Units whose worker fell silent are due again; what they sent is known by its attempts, and
    `lease_until` says when they were freed."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tradingpartners_dispatch SET state = 'ready', lease_token = NULL,"
            " lease_until = now(), rung_at = NULL, rescue_count = rescue_count + 1"
            " WHERE id IN (SELECT id FROM tradingpartners_dispatch"
            " WHERE state = 'claimed' AND lease_until < now() FOR UPDATE SKIP LOCKED)"
        )
        freed: int = cursor.rowcount
        return freed


# As many as one queue may have free slots for; the others of it wait for the next tick.
_BELLS_A_QUEUE = 30

# The first of each queue: however much waits in one, no other goes unheard.
_RING = """
    WITH due AS (
        SELECT id, rung_at, row_number() OVER (PARTITION BY queue ORDER BY lane DESC, due_at, id) AS place
        FROM tradingpartners_dispatch WHERE state = 'ready' AND due_at <= now()
        AND (rung_at IS NULL OR rung_at < now() - make_interval(secs => %s)))
    UPDATE tradingpartners_dispatch d SET rung_at = now()
    FROM due WHERE d.id = due.id AND due.place <= %s AND d.state = 'ready'
    RETURNING d.queue, d.organization_id, d.id, due.rung_at IS NOT NULL
"""


class Bell(NamedTuple):
    queue: str
    organization_id: UUID
    dispatch_id: UUID
    # It rang before and nobody came: perhaps no worker listens to this queue yet.
    unheard: bool


def units_to_ring(*, again_after_seconds: int = 15) -> list[Bell]:
    """Queues with due units whose bell has not rung lately; notes that it rings now.

    A bell names a queue: one for each slot that is free and has a unit waiting, and one where there
    is none, for what can never go. The message is only a wake-up: a lost one is rung again, one too
    many finds nothing to do.
    """
    waiting: dict[str, list[Bell]] = defaultdict(list)
    bells: list[Bell] = []
    with dispatcher(), connection.cursor() as cursor:
        # Two ticks at once ring nothing that one would not.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('ring units', 0))")
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(_RING, [again_after_seconds, _BELLS_A_QUEUE])
        for row in cursor.fetchall():
            waiting[row[0]].append(Bell(*row))
        for queue, units in waiting.items():
            slots = _free_slots(queue)
            is_payers = queue.startswith("payer.")
            free = max(slots.live, 0) + max(slots.batch, 0) if is_payers else slots.batch
            bells += units[: max(1, free)]
    return bells


def queues() -> list[str]:
    """Every queue a unit may ring: one a payer, one a file partner, and what still waits."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'payer.' || id FROM tradingpartners_payer WHERE is_active"
            " UNION SELECT 'partner.' || id FROM tradingpartners_tradingpartner"
            " WHERE is_active AND NOT is_deleted AND transport = ANY(%s)"
            " UNION SELECT queue FROM tradingpartners_dispatch WHERE state = 'ready'",
            [sorted(SENDS_FILES)],
        )
        return [name for (name,) in cursor.fetchall()]
