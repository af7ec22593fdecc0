"""Cut questions into units of sending: one interchange each, or a chunk of live questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from practice.bulk import insert_rows
from tradingpartners.contents import Outcome, OutcomeKind, transaction_set
from tradingpartners.models import Direction, Dispatch, Lane, Route, Transaction
from tradingpartners.services.clock import transaction_began
from tradingpartners.services.holding import Hold, HoldCode, hold_of, holds

# A live chunk is asked one after another on one of the payer's connections.
LIVE_CHUNK = 20
CANCELLED = "Cancelled by operator"


class Subject(NamedTuple):
    """One thing to ask: a check (270) or a prior authorization (278), and through whom."""

    subject_id: UUID
    route: Route
    attempt: int = 1
    replays: UUID | None = None


def routes_by_payer(
    payer_ids: Iterable[UUID], transaction_set: str, *, partner_id: UUID
) -> dict[UUID, Route]:
    """How each payer is known at this partner: its preferred route through it.

    Which partner a payer is asked through is `routing`'s question, answered when a unit is cut.
    """
    routes = (
        Route.objects.filter(
            partner_id=partner_id,
            payer_id__in=set(payer_ids),
            transaction_set=transaction_set,
            environment=settings.ENVIRONMENT,
            partner__is_active=True,
            partner__is_deleted=False,
            payer__is_active=True,
        )
        .select_related("partner", "payer")
        .order_by("-preference")
    )
    return {route.payer_id: route for route in routes}


def queue_questions(
    subjects: Sequence[Subject],
    *,
    transaction_set: str,
    correlation_id: UUID,
    lane: Lane = Lane.BATCH,
    due_at: datetime | None = None,
) -> list[Dispatch]:
    """Write the units and their attempts; they are sent in the order given.

    Those of a payer or partner that is held now have units of their own, which wait. An attempt
    starts `prepared`: until it is marked sent, nobody has seen its trace number.
    """
    dispatches: list[Dispatch] = []
    attempts: list[Transaction] = []
    now = transaction_began()
    held = holds({subject.route.payer for subject in subjects}, now=now)
    for unit in _units(subjects, held):
        first = unit[0].route
        hold = _hold(first, held)
        dispatch = Dispatch(
            partner=first.partner,
            payer=None if first.partner.sends_files else first.payer,
            transaction_set=transaction_set,
            correlation_id=correlation_id,
            lane=lane,
            queue=queue_name(first),
            waits_for=hold.code if hold else "",
            due_at=max(due_at or now, hold.due_at(now) if hold else now),
        )
        dispatches.append(dispatch)
        attempts += [_attempt(subject, dispatch) for subject in unit]
    insert_rows(Dispatch, dispatches)
    insert_rows(Transaction, attempts)
    return dispatches


def _hold(route: Route, held: Mapping[UUID, Hold]) -> Hold | None:
    """A refusal of our key is met when the unit is due: there it may go another way at once."""
    hold = hold_of(route.partner)
    if hold is None or hold.code == HoldCode.PARTNER_REFUSES:
        return held.get(route.payer_id)
    return hold


def _attempt(subject: Subject, dispatch: Dispatch) -> Transaction:
    return Transaction(
        direction=Direction.OUT,
        transaction_set=dispatch.transaction_set,
        partner=subject.route.partner,
        payer=subject.route.payer,
        dispatch=dispatch,
        subject_id=subject.subject_id,
        correlation_id=dispatch.correlation_id,
        attempt=subject.attempt,
        replays_id=subject.replays,
        lane=dispatch.lane,
        state=Transaction.State.PREPARED,
    )


def queue_name(route: Route) -> str:
    """The Celery queue of a unit: a file partner's own, or the payer's."""
    if route.partner.sends_files:
        return f"partner.{route.partner_id}"
    return f"payer.{route.payer_id}"


def _units(subjects: Sequence[Subject], held: Mapping[UUID, Hold]) -> Iterable[list[Subject]]:
    """A clearinghouse's file may hold several payers; a live chunk, and a unit that waits, one."""

    def of_unit(subject: Subject) -> tuple[str, str, str]:
        route = subject.route
        # One queue may hold several partners for live questions: a payer behind two of them.
        return queue_name(route), str(route.partner_id), str(route.payer_id) if route.payer_id in held else ""

    ordered = sorted(subjects, key=of_unit)  # stable: order kept
    for _, together in groupby(ordered, key=of_unit):
        same = list(together)
        partner = same[0].route.partner
        size = partner.max_st_per_interchange if partner.sends_files else LIVE_CHUNK
        yield from (same[start : start + size] for start in range(0, len(same), size))


def cancel_units(correlation_id: UUID, *, keep: Collection[UUID] = ()) -> list[UUID]:
    """Withdraw what was not sent yet, but for `keep`; returns the subjects that were never asked.

    A unit somebody has claimed goes on without them: marking sent and withdrawing wait for each
    other on the unit's lock. A subject that was asked before, and waited to be asked again, ends
    unknown: nobody will ask.
    """
    open_states = [Dispatch.State.READY, Dispatch.State.CLAIMED]
    units = list(
        Dispatch.objects.select_for_update()
        .filter(correlation_id=correlation_id, state__in=open_states)
        .order_by("pk")
    )
    prepared = Transaction.objects.filter(dispatch__in=units, state=Transaction.State.PREPARED)
    withdrawn = list(prepared.exclude(subject_id__in=keep).order_by("pk").select_for_update())
    subjects = {row.subject_id for row in withdrawn if row.subject_id}
    now = timezone.now()
    Transaction.objects.filter(pk__in=[row.pk for row in withdrawn]).update(
        state=Transaction.State.NEVER_SENT, error="cancelled", closed_at=now, sent_at=None
    )
    Dispatch.objects.filter(pk__in=[unit.pk for unit in units], state=Dispatch.State.READY).exclude(
        pk__in=prepared.values("dispatch")
    ).update(state=Dispatch.State.CANCELLED)
    unseen = [Transaction.State.PREPARED, Transaction.State.NEVER_SENT]
    seen = Transaction.objects.filter(subject_id__in=subjects).exclude(state__in=unseen)
    asked = set(seen.values_list("subject_id", flat=True))
    for name in {row.transaction_set for row in withdrawn}:
        transaction_set(name).apply(
            [
                Outcome(row.pk, row.subject_id, OutcomeKind.UNKNOWN, now, code=CANCELLED)
                for row in withdrawn
                if row.transaction_set == name and row.subject_id in asked and row.subject_id
            ]
        )
    return list(subjects - asked)
