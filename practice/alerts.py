"""Tell people, once, of something they must know: one open alert a key, counted up when seen again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from practice.access import STAFF
from practice.models import Alert, Membership, User
from practice.rows import uuid7

_RAISE = """
    INSERT INTO practice_alert AS a (id, kind, key, severity, state, facts, subject_id, times, note)
    VALUES (%s, %s, %s, %s, 'open', %s, %s, 1, '')
    ON CONFLICT (organization_id, key) WHERE NOT (state = 'resolved') DO UPDATE
    SET times = a.times + 1, last_seen_at = clock_timestamp(), facts = EXCLUDED.facts
    RETURNING id, times
"""

# Where alerts leave, if anywhere: one row of the outbox a channel that wants to know.
_ANNOUNCE = """
    INSERT INTO practice_outbox (id, kind, subject_id, payload, channel_id, due_at, tries, error)
    SELECT uuidv7(), 'alert', %s, '{}', c.id, clock_timestamp(), 0, ''
    FROM practice_alertchannel c
    WHERE c.is_active AND NOT c.is_deleted AND c.least_severity = ANY(%s)
"""

_LEAST = {
    Alert.Severity.INCIDENT: ["incident", "problem", "notice"],
    Alert.Severity.PROBLEM: ["problem", "notice"],
    Alert.Severity.NOTICE: ["notice"],
}


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
        alert_id, times = cursor.fetchone()
        if times == 1:
            cursor.execute(_ANNOUNCE, [alert_id, _LEAST[Alert.Severity(severity)]])
    return UUID(str(alert_id))


def resolve_alert(*keys: str, unseen_for: timedelta | None = None) -> bool:
    """It is over; whether any was still open. The next of its kind is a new alert.

    `unseen_for`: only what has not been seen again for so long.
    """
    still_open = Alert.objects.filter(key__in=[key[:200] for key in keys]).exclude(state=Alert.State.RESOLVED)
    if unseen_for is not None:
        still_open = still_open.filter(last_seen_at__lte=Now() - unseen_for)
    return still_open.update(state=Alert.State.RESOLVED, resolved_at=Now()) > 0


def end_alert(alert: Alert) -> bool:
    """A person says that this one is over, and no later one of its kind; whether it was not yet."""
    going_on = Alert.objects.filter(pk=alert.pk).exclude(state=Alert.State.RESOLVED)
    return going_on.update(state=Alert.State.RESOLVED, resolved_at=Now()) == 1


def acknowledge_alert(alert: Alert, *, note: str, by: UUID) -> bool:
    """A person has it in hand; whether it was still open."""
    still_open = Alert.objects.filter(pk=alert.pk, state=Alert.State.OPEN)
    return (
        still_open.update(
            state=Alert.State.ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=Now(), note=note[:200]
        )
        == 1
    )


def reopen_alert(alert: Alert) -> bool:
    """Undo: nobody has it in hand after all."""
    mine = Alert.objects.filter(pk=alert.pk, state=Alert.State.ACKNOWLEDGED)
    return mine.update(state=Alert.State.OPEN, acknowledged_by=None, acknowledged_at=None) == 1


def who_may_own() -> QuerySet[User]:
    """Who works in the organization in context; its patients do not."""
    staff = Membership.objects.filter(level__in=STAFF).values("user")
    return User.objects.filter(pk__in=staff).order_by("last_name", "username")


def give_alert(alert: Alert, owner_id: UUID | None) -> None:
    Alert.objects.filter(pk=alert.pk).update(owner=owner_id)
