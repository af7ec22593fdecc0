"""Asking once more by hand: a new attempt for one that ended without an answer.

The old attempt stays as it is, and so does its subject until an answer moves it. A question that is
open, or answered, is not replayed: twice is once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from practice.bulk import insert_rows
from practice.tenancy import current_organization_id, tenant
from tradingpartners.contents import transaction_set
from tradingpartners.models import Dispatch, Lane, Transaction, TransactionHistory
from tradingpartners.services import telling
from tradingpartners.services.clock import database_now
from tradingpartners.services.planning import Subject, queue_questions
from tradingpartners.services.routing import Asked, walks

State = Transaction.State

_ENDED = (State.FAILED, State.UNKNOWN, State.REJECTED, State.NEVER_SENT)
_OPEN_OR_ANSWERED = (State.PREPARED, State.SENT, State.ANSWERED)


class Replayed(NamedTuple):
    """The units that go now, and how many attempts could not be replayed, by reason: `open` (or
    answered, or no attempt that ended), or why there is no route."""

    units: list[Dispatch]
    attempts: int
    refused: dict[str, int]


def replayable(*, correlation_id: UUID | None = None) -> QuerySet[Transaction]:
    """The newest attempts of questions that came to nothing; of one sweep, or of all.

    What an operator cancelled was never asked, and is not asked by a replay either.
    """
    attempts = Transaction.objects.attempts()
    same = attempts.filter(subject_id=OuterRef("subject_id"))
    ended = attempts.filter(state__in=_ENDED).exclude(error="cancelled")
    if correlation_id is not None:
        ended = ended.filter(correlation_id=correlation_id)
    return ended.exclude(Exists(same.filter(pk__gt=OuterRef("pk")))).exclude(
        Exists(same.filter(state__in=_OPEN_OR_ANSWERED))
    )


def replay(transaction_ids: Collection[UUID], *, reason: str) -> Replayed:
    """Ask these once more, under new trace numbers, through the routes there are now.

    One goes on the lane of the desk where a route takes it, several as a batch; units of their
    own, under the correlation id they had.
    """
    with tenant(current_organization_id(), reason=reason):
        chosen = _lock(transaction_ids)
        refused: dict[str, int] = defaultdict(int)
        refused["open"] = len(set(transaction_ids)) - len(chosen)
        lane = Lane.LIVE if len(chosen) == 1 else Lane.BATCH
        units: list[Dispatch] = []
        attempts = 0
        for (name, correlation_id), rows in _together(chosen).items():
            facilities = transaction_set(name).facilities([row.subject_id for row in rows if row.subject_id])
            asked = {row.pk: _asked(row, facilities) for row in rows}
            ways = walks(asked.values(), name, lane)
            if lane == Lane.LIVE and not any(walk.first() for walk in ways.values()):
                lane = Lane.BATCH
                ways = walks(asked.values(), name, lane)
            subjects = []
            for row in rows:
                walk = ways[asked[row.pk]]
                route = walk.first()
                if route is None:
                    refused[walk.why_not] += 1
                elif row.subject_id:
                    subjects.append(Subject(row.subject_id, route, row.attempt + 1, replays=row.pk))
            attempts += len(subjects)
            units += queue_questions(subjects, transaction_set=name, correlation_id=correlation_id, lane=lane)
        _note_reason(chosen)
        _end_alerts(chosen)
        return Replayed(units, attempts, {why: count for why, count in refused.items() if count})


def _end_alerts(chosen: list[Transaction]) -> None:
    """What was told of files of which nothing is left to ask again is over."""
    files = {row.interchange_id for row in chosen if row.interchange_id}
    left = replayable().filter(interchange__in=files).values_list("interchange", flat=True)
    telling.asked_again(files - set(left))


def replay_failed(correlation_id: UUID, *, reason: str) -> Replayed:
    """All of a sweep that came to nothing; `replayable(correlation_id=…).count()` says before how many."""
    ids = replayable(correlation_id=correlation_id).values_list("pk", flat=True)
    return replay(list(ids), reason=reason)


def _lock(transaction_ids: Collection[UUID]) -> list[Transaction]:
    """Those that may be replayed. Every attempt of their subjects is locked: of two replays at once
    the second waits here, and finds the first one's attempt open."""
    named = Transaction.objects.attempts().filter(pk__in=transaction_ids)
    of_subjects = Transaction.objects.attempts().filter(subject_id__in=named.values("subject_id"))
    list(of_subjects.select_for_update().order_by("pk").values_list("pk", flat=True))
    return list(replayable().filter(pk__in=transaction_ids).order_by("pk"))


def _note_reason(chosen: list[Transaction]) -> None:
    """Who asked for it and why: an event in the old attempt's history, which no trigger writes,
    because nothing of the attempt changes."""
    now = database_now()
    insert_rows(
        TransactionHistory,
        [
            TransactionHistory(
                pgh_obj_id=row.pk,
                pgh_label="replay",
                pgh_created_at=now,
                id=row.pk,
                organization_id=row.organization_id,
                state=row.state,
                error=row.error,
                disposition=row.disposition,
            )
            for row in chosen
        ],
    )


def _together(chosen: list[Transaction]) -> dict[tuple[str, UUID], list[Transaction]]:
    found: dict[tuple[str, UUID], list[Transaction]] = defaultdict(list)
    for row in chosen:
        if row.correlation_id:
            found[row.transaction_set, row.correlation_id].append(row)
    return found


def _asked(row: Transaction, facilities: dict[UUID, UUID]) -> Asked:
    if not (row.payer_id and row.subject_id):
        raise ValueError(f"no attempt: transaction={row.pk}")
    return Asked(row.payer_id, facilities.get(row.subject_id))
