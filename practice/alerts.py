"""Tell people, once, of something they must know: one open alert a key, counted up when seen again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from practice.models import Alert
from practice.rows import uuid7

_RAISE = """
    INSERT INTO practice_alert AS a (id, kind, key, severity, state, facts, subject_id, times, note)
    VALUES (%s, %s, %s, %s, 'open', %s, %s, 1, '')
    ON CONFLICT (organization_id, key) WHERE NOT (state = 'resolved') DO UPDATE
    SET times = a.times + 1, last_seen_at = clock_timestamp(), facts = EXCLUDED.facts
    RETURNING id
"""


def raise_alert(
    *,
    kind: str,
    key: str,
    severity: Alert.Severity,
    facts: Mapping[str, Any] | None = None,
    subject_id: UUID | None = None,
) -> UUID:
    """In the caller's transaction, for the organization in context; the alert that now stands for it.

    What is open under this key already is counted up and keeps its owner; one that a person has
    acknowledged stays acknowledged. `facts` are the newest, and hold no patient data: codes, counts,
    names of partners, payers and files.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RAISE, [uuid7(), kind, key[:200], severity, json.dumps(dict(facts or {})), subject_id]
        )
        (alert_id,) = cursor.fetchone()
    return UUID(str(alert_id))


def resolve_alert(key: str) -> bool:
    """It is over; whether it was still open. The next of its kind is a new alert."""
    still_open = Alert.objects.filter(key=key[:200]).exclude(state=Alert.State.RESOLVED)
    return still_open.update(state=Alert.State.RESOLVED, resolved_at=Now()) == 1
