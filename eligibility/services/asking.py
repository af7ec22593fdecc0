"""Putting questions: to whom, for which day, in which lane; rows when it returns, never a call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from coverage.models import Coverage
from eligibility.badges import refresh_badges
from eligibility.models import EligibilityCheck
from practice.bulk import insert_rows
from practice.models import Facility
from practice.rows import uuid7
from practice.tenancy import current_organization_id
from tradingpartners.models import Lane, Payer
from tradingpartners.services.planning import Subject, queue_questions
from tradingpartners.services.routing import Asked, walks


class Ask(NamedTuple):
    """A question to put: about whom, under which coverage, for which visit."""

    patient_id: UUID
    coverage_id: UUID
    payer: Payer
    facility: Facility
    visit_date: date


def one_asker_at_a_time() -> None:
    """Until commit, nobody else in this organization decides what is open and what to ask.

    Two sweeps, or two clicks, at the same moment would each find nothing open and ask everybody.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"ask {current_organization_id()}"]
        )


def asked_date(payer: Payer, visit_date: date, today: date) -> date:
    """The visit's day, or today where the payer does not answer for that day yet."""
    return visit_date if payer.answers_for(visit_date, today) else today


class Put(NamedTuple):
    """What became of an Ask: its check, or the code of why it could not be put (`routing.WhyNot`)."""

    check_id: UUID | None
    why_not: str = ""


def ask(
    asks: Sequence[Ask], *, trigger: str, correlation_id: UUID | None, lane: Lane, now: datetime
) -> list[Put]:
    """Put these questions, in this order; for each the check, or why there is none.

    The checks and their units of sending are rows when this returns; a bell or the tick sends them.
    """
    ways = walks({Asked(each.payer.pk, each.facility.pk) for each in asks}, "270", lane)
    put: list[Put] = []
    made: list[EligibilityCheck] = []
    subjects: list[Subject] = []
    for each in asks:
        walk = ways[Asked(each.payer.pk, each.facility.pk)]
        route = walk.first()
        if route is None:
            put.append(Put(None, walk.why_not))
            continue
        check = _check(each, trigger=trigger, correlation_id=correlation_id, now=now)
        put.append(Put(check.pk))
        made.append(check)
        subjects.append(Subject(check.pk, route))
    if made:
        insert_rows(EligibilityCheck, made)
        queue_questions(
            subjects, transaction_set="270", correlation_id=correlation_id or made[0].pk, lane=lane
        )
        refresh_badges(made)
    return put


def _check(one: Ask, *, trigger: str, correlation_id: UUID | None, now: datetime) -> EligibilityCheck:
    check_id = uuid7()
    return EligibilityCheck(
        id=check_id,
        patient_id=one.patient_id,
        coverage_id=one.coverage_id,
        payer=one.payer,
        facility=one.facility,
        trigger=trigger,
        service_type=one.facility.service_type,
        service_date=asked_date(one.payer, one.visit_date, one.facility.today(now)),
        visit_date=one.visit_date,
        correlation_id=correlation_id or check_id,
    )


def check_again(coverage: Coverage, *, service_date: date, now: datetime) -> EligibilityCheck | None:
    """Ask about one coverage now; None where there is no route to its payer.

    On the desk's lane; a payer that is only asked in batches gets a batch of one.
    A question about it that is still open is waited on, not asked twice.
    """
    one_asker_at_a_time()
    open_check = EligibilityCheck.objects.pending().filter(coverage=coverage, visit_date=service_date).first()
    if open_check:
        return open_check
    facility = (
        Facility.objects.filter(
            pk__in=coverage.patient.appointments.filter(service_date=service_date).values("facility")
        ).first()
        or Facility.objects.order_by("id")[0]
    )
    one = Ask(coverage.patient_id, coverage.pk, coverage.insurance_plan.payer, facility, service_date)
    for lane in (Lane.LIVE, Lane.BATCH):
        manual = EligibilityCheck.Trigger.MANUAL
        (put,) = ask([one], trigger=manual, correlation_id=None, lane=lane, now=now)
        if put.check_id is not None:
            return EligibilityCheck.objects.get(pk=put.check_id)
    return None


def withdraw(check_ids: Sequence[UUID]) -> None:
    """Questions that were never sent and no longer wanted: as if they had not been put."""
    checks = EligibilityCheck.objects.pending().filter(pk__in=check_ids, request_sent=None)
    gone = list(checks)
    checks.update(is_deleted=True)
    if gone:
        refresh_badges(gone)
