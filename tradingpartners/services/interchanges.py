"""Interchanges of ours: their control numbers, their bytes, and the sign that a partner has one."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from tradingpartners.models import Direction, Dispatch, Interchange
from tradingpartners.services import payloads, telling

LAST_CONTROL_NUMBER = 999_999_999
# `Interchange.problem`: nothing of it is left where it was put, and nobody saw it there.
GONE_UNSEEN = "gone_unseen"
# What answers a partner's file; nobody answers it.
ACKNOWLEDGEMENTS = frozenset({"TA1", "999"})

_RESERVE = """
    INSERT INTO tradingpartners_controlnumber AS c (partner_id, next, epoch) VALUES (%s, 2, 1)
    ON CONFLICT (partner_id) DO UPDATE SET
        next = CASE WHEN c.next < %s THEN c.next + 1 ELSE 1 END,
        epoch = CASE WHEN c.next < %s THEN c.epoch ELSE c.epoch + 1 END
    RETURNING next, epoch
"""

_TAKE = """
    WITH found AS (
        SELECT id, dispatch_id, problem FROM tradingpartners_interchange
        WHERE id = ANY(%s) AND direction = 'out' AND state IN ('in_flight', 'overdue')
        ORDER BY id FOR UPDATE
    ), taken AS (
        UPDATE tradingpartners_interchange i SET state = 'taken', taken_at = %s,
            problem = CASE WHEN i.problem = %s THEN '' ELSE i.problem END
        FROM found WHERE i.id = found.id RETURNING found.*
    )
    SELECT taken.id, taken.problem, d.queue
    FROM taken JOIN tradingpartners_dispatch d ON d.id = taken.dispatch_id
"""


def reserve_control_number(partner_id: UUID) -> tuple[int, int]:
    """(ISA13, epoch). A gap is harmless, a repeat is refused (TA1 025): spent even if the send fails.

    The partner's other workers wait here until the caller commits: reserve late, commit soon.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [partner_id, LAST_CONTROL_NUMBER, LAST_CONTROL_NUMBER])
        following, epoch = cursor.fetchone()
    return (LAST_CONTROL_NUMBER, epoch - 1) if following == 1 else (following - 1, epoch)


def keep_composed(dispatch: Dispatch, content: bytes, *, number: int, epoch: int) -> Interchange:
    """The unit's file under its control number: from here on its bytes and its name never change."""
    partner = dispatch.partner
    return Interchange.objects.create(
        partner=partner,
        direction=Direction.OUT,
        dispatch=dispatch,
        transaction_set=dispatch.transaction_set,
        control_number=number,
        epoch=epoch,
        state=Interchange.State.COMPOSED,
        payload=payloads.keep(content),
        span_end=len(content),
        file_name=_file_name(partner.sender_id, dispatch, epoch, number),
    )


def _file_name(sender: str, dispatch: Dispatch, epoch: int, number: int) -> str:
    """Whose, what and which, and a piece of the unit's id: another connection of the same practice
    counts from 1 as well, into the same folder."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "-", sender.strip())
    return f"{safe}_{dispatch.transaction_set}_{epoch}_{number:09d}_{dispatch.pk.hex[-8:]}.edi"


def take_interchanges(interchange_ids: Collection[UUID], *, now: datetime) -> list[str]:
    """The sign came that the partner has these: the next may go. Returns the queues to ring."""
    if not interchange_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [list(interchange_ids), now, GONE_UNSEEN])
        taken = cursor.fetchall()
    for interchange_id, problem, _ in taken:
        if problem == GONE_UNSEEN:
            telling.sending_is_settled(interchange_id)
    return sorted({queue for _, _, queue in taken})


def promised(interchange_ids: Collection[UUID | None]) -> set[UUID]:
    """Those the partner has and works on, under a name of its own: the answers come by polling."""
    ours = Interchange.objects.filter(pk__in=[each for each in interchange_ids if each])
    return set(ours.exclude(reference="").values_list("pk", flat=True))
