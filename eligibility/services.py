"""Asking payers and settling what they said: the deeds of this app, all set-based."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone

from coverage.models import Coverage
from eligibility import verdict
from eligibility.badges import refresh_badges
from eligibility.benefits import all_rows
from eligibility.cases import Found, Settled, open_cases, resolve_cases
from eligibility.followups import uncovered_visits
from eligibility.models import BenefitDetail, EligibilityCheck, ExceptionCase
from eligibility.signals import checks_moved
from eligibility.states import ELIGIBILITY_CHECK_MOVES
from practice.bulk import insert_rows, update_rows
from practice.models import Facility, Organization
from practice.rows import uuid7
from practice.tenancy import current_actor_id, current_organization_id
from tradingpartners.contents import Outcome, OutcomeKind, transaction_set
from tradingpartners.models import Lane, Payer, trace_number
from tradingpartners.services.planning import Subject, queue_questions
from tradingpartners.services.routing import Asked, walks

Status = EligibilityCheck.Status


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
        _refresh_badges(made)
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
    """Ask about one coverage now, on the desk's lane; None where there is no route to its payer.

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
    (put,) = ask([one], trigger=EligibilityCheck.Trigger.MANUAL, correlation_id=None, lane=Lane.LIVE, now=now)
    return None if put.check_id is None else EligibilityCheck.objects.get(pk=put.check_id)


# --- what became of the questions ---------------------------------------------------------------


def apply_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Every step and end of an attempt, from the gateway; repeated or older ones change nothing."""
    sent = [each for each in outcomes if each.kind == OutcomeKind.SENT]
    if sent:
        _record_sent(sent)
    ended = [each for each in outcomes if each.kind != OutcomeKind.SENT]
    if ended:
        settle(ended)
    checks_moved.send(EligibilityCheck, check_ids=[each.subject_id for each in outcomes])


def _record_sent(sent: Sequence[Outcome]) -> None:
    update_rows(
        EligibilityCheck,
        [
            (
                each.subject_id,
                {
                    "request_sent": each.at,
                    "raw_request": each.text,
                    "clearinghouse": each.partner_code,
                    "transaction_trace_number": trace_number(each.transaction_id),
                },
            )
            for each in sent
        ],
        # A check that came to nothing is asked once more by a replay, and keeps its status meanwhile.
        where="t.status IN ('Pending', 'Unknown', 'Error')",
    )


def settle(ended: Sequence[Outcome]) -> None:
    """Write verdicts, benefits, coverage facts, badges and cases for these ends, fenced by status."""
    outcomes = {each.subject_id: each for each in ended}
    checks = list(EligibilityCheck.objects.select_for_update().filter(pk__in=outcomes).order_by("pk"))
    verdicts = {check.pk: _verdict(outcomes[check.pk], check) for check in checks}
    moved = _write_verdicts(checks, verdicts, outcomes)
    _write_newer_reasons([check for check in checks if check.pk not in moved], verdicts, outcomes)
    settled = [check for check in checks if check.pk in moved]
    if not settled:
        return
    answered = [
        (check.pk, outcomes[check.pk].answer, check.service_type, check.service_date)
        for check in settled
        if outcomes[check.pk].answer is not None
    ]
    insert_rows(BenefitDetail, all_rows(answered))
    _refresh_badges(settled)
    newest = _not_overtaken(settled)
    _write_coverage_facts(newest, verdicts, outcomes)
    resolve_cases([_settled(check, verdicts[check.pk]) for check in newest])
    early = _too_early(newest, verdicts)
    open_cases([_found(c, verdicts[c.pk]) for c in newest if verdicts[c.pk].cause and c.pk not in early])
    _follow_up(settled, now=ended[0].at)


def _not_overtaken(settled: Sequence[EligibilityCheck]) -> list[EligibilityCheck]:
    """Without those about whose visit a later question has its answer: theirs is history by now."""
    visit = Coalesce(OuterRef("visit_date"), OuterRef("service_date"))
    later = EligibilityCheck.objects.filter(
        coverage=OuterRef("coverage"),
        pk__gt=OuterRef("pk"),
        status__in=[Status.ACTIVE, Status.INACTIVE],
        covers_from__lte=visit,
        covers_until__gte=visit,
    )
    overtaken = set(
        EligibilityCheck.objects.filter(Exists(later), pk__in=[check.pk for check in settled]).values_list(
            "pk", flat=True
        )
    )
    return [check for check in settled if check.pk not in overtaken]


def _settled(check: EligibilityCheck, said: verdict.Verdict) -> Settled:
    visit = check.visit_date or check.service_date
    return Settled(
        check.patient_id, check.coverage_id, said.cause, visit, said.covers_from, said.covers_until
    )


def _too_early(settled: Sequence[EligibilityCheck], verdicts: dict[UUID, verdict.Verdict]) -> set[UUID]:
    """Checks whose "not active" says no more than that the coverage has not begun."""
    ahead = [c for c in settled if c.visit_date and c.service_date < c.visit_date]
    if not ahead:
        return set()
    effective = dict(
        Coverage.all_objects.filter(pk__in={c.coverage_id for c in ahead}).values_list("pk", "effective_date")
    )
    return {
        check.pk
        for check in ahead
        if check.visit_date
        and verdict.is_too_early(
            verdicts[check.pk],
            asked=check.service_date,
            visit=check.visit_date,
            effective=effective[check.coverage_id],
        )
    }


def _follow_up(settled: Sequence[EligibilityCheck], *, now: datetime) -> None:
    """Ask separately about visits these answers do not cover, where the payer answers for the day."""
    stopped = transaction_set("270").unwanted([(check.correlation_id, check.pk) for check in settled])
    open_visits = uncovered_visits([check.pk for check in settled if check.pk not in stopped])
    if not open_visits:
        return
    payers = Payer.objects.in_bulk({visit.payer_id for visit in open_visits})
    facilities = Facility.objects.in_bulk({visit.facility_id for visit in open_visits})
    by_correlation: dict[UUID, list[Ask]] = defaultdict(list)
    for visit in open_visits:
        payer, facility = payers[visit.payer_id], facilities[visit.facility_id]
        if payer.answers_for(visit.visit_date, facility.today(now)):
            by_correlation[visit.correlation_id].append(
                Ask(visit.patient_id, visit.coverage_id, payer, facility, visit.visit_date)
            )
    for correlation_id, asks in by_correlation.items():
        ask(
            asks,
            trigger=EligibilityCheck.Trigger.SWEEP,
            correlation_id=correlation_id,
            lane=Lane.BATCH,
            now=now,
        )


def _verdict(outcome: Outcome, check: EligibilityCheck) -> verdict.Verdict:
    if outcome.kind in {OutcomeKind.ANSWERED, OutcomeKind.LATE}:
        return verdict.of_answer(outcome.answer, service_type=check.service_type, asked=check.service_date)
    if outcome.kind == OutcomeKind.REJECTED:
        return verdict.of_rejection(outcome.code)
    return verdict.of_silence(outcome.code)


def _write_verdicts(
    checks: Sequence[EligibilityCheck],
    verdicts: dict[UUID, verdict.Verdict],
    outcomes: dict[UUID, Outcome],
) -> set[UUID]:
    """Returns the checks that moved; a move the table of states does not allow is left alone."""
    by_status: dict[str, list[EligibilityCheck]] = defaultdict(list)
    for check in checks:
        by_status[verdicts[check.pk].status].append(check)
    moved: set[UUID] = set()
    for status, group in by_status.items():
        before = [old for old, news in ELIGIBILITY_CHECK_MOVES.items() if old and status in news]
        moved.update(
            update_rows(
                EligibilityCheck,
                [(c.pk, _settled_fields(c, verdicts[c.pk], outcomes[c.pk])) for c in group],
                where="t.status = ANY(%s)",
                params=[before],
            )
        )
    return moved


def _write_newer_reasons(
    checks: Sequence[EligibilityCheck],
    verdicts: dict[UUID, verdict.Verdict],
    outcomes: dict[UUID, Outcome],
) -> None:
    """A replay that came to nothing as well: the status stands, its reason is the newest attempt's."""
    nothing = {Status.UNKNOWN, Status.ERROR}
    update_rows(
        EligibilityCheck,
        [
            (
                check.pk,
                {
                    "error_code": verdicts[check.pk].code,
                    "error_description": verdicts[check.pk].words[:200],
                    "raw_response": _answer(outcomes[check.pk]) or check.raw_response,
                },
            )
            for check in checks
            if check.status in nothing
            and verdicts[check.pk].status in nothing
            and trace_number(outcomes[check.pk].transaction_id) >= check.transaction_trace_number
        ],
        where="t.status IN ('Unknown', 'Error')",
    )


def _settled_fields(check: EligibilityCheck, said: verdict.Verdict, outcome: Outcome) -> dict[str, object]:
    answer = _answer(outcome)
    answered = answer is not None
    latency = (outcome.at - check.request_sent) // timedelta(milliseconds=1) if check.request_sent else None
    return {
        "status": said.status,
        "response_received": outcome.at if answered else None,
        "response_latency_milliseconds": max(0, latency) if answered and latency is not None else None,
        "error_code": said.code,
        "error_description": "" if said.status == Status.ACTIVE else said.words[:200],
        "raw_response": answer,
        "differences": outcome.differences or None,
        "covers_from": said.covers_from,
        "covers_until": said.covers_until,
        "other_payer_first": said.other_payer_first,
        "pending_at_payer": said.pending_at_payer,
    }


def _answer(outcome: Outcome) -> str | None:
    """The payer's own words; what a clearinghouse says of its silence is none."""
    return None if outcome.kind == OutcomeKind.UNKNOWN else outcome.text


def _write_coverage_facts(
    settled: Sequence[EligibilityCheck],
    verdicts: dict[UUID, verdict.Verdict],
    outcomes: dict[UUID, Outcome],
) -> None:
    """Tier 2: what the payer says stands beside what people entered, newest answer last."""
    facts = {
        check.coverage_id: {
            "payer_active": verdicts[check.pk].status == Status.ACTIVE,
            "payer_effective_date": verdicts[check.pk].period.begin,
            "payer_termination_date": verdicts[check.pk].period.end,
            "payer_as_of": outcomes[check.pk].at,
        }
        for check in settled
        if verdicts[check.pk].status in {Status.ACTIVE, Status.INACTIVE}
    }
    update_rows(Coverage, facts.items(), where="t.payer_as_of IS NULL OR t.payer_as_of <= v.payer_as_of")


def _refresh_badges(checks: Sequence[EligibilityCheck]) -> None:
    since = min(check.visit_date or check.service_date for check in checks)
    refresh_badges(sorted({check.patient_id for check in checks}), since=since)


def _found(check: EligibilityCheck, said: verdict.Verdict) -> Found:
    assert said.cause is not None  # noqa: S101  the caller's filter
    return Found(
        patient_id=check.patient_id,
        coverage_id=check.coverage_id,
        payer_id=check.payer_id,
        cause=said.cause,
        code=said.code,
        reason=said.words,
        check_id=check.pk,
        correlation_id=check.correlation_id,
        visit_date=check.visit_date or check.service_date,
    )


def withdraw(check_ids: Sequence[UUID]) -> None:
    """Questions that were never sent and no longer wanted: as if they had not been put."""
    checks = EligibilityCheck.objects.pending().filter(pk__in=check_ids, request_sent=None)
    gone = list(checks)
    checks.update(is_deleted=True)
    if gone:
        _refresh_badges(gone)


# --- the desk ----------------------------------------------------------------------------------


def clear_case(case: ExceptionCase, *, disposition: str, note: str, now: datetime) -> ExceptionCase:
    """A person has dealt with it: for the visits it touches, the same finding stays cleared."""
    case.state = ExceptionCase.State.CLEARED
    case.disposition = ExceptionCase.Disposition(disposition)
    case.note = note
    case.closed_at = now
    case.closed_by_id = current_actor_id()
    case.holds_through = max(case.last_visit_date or _today(now), _today(now))
    case.save(update_fields=["state", "disposition", "note", "closed_at", "closed_by", "holds_through"])
    return case


def reopen_case(case: ExceptionCase) -> ExceptionCase:
    """Undo a clearing."""
    case.state = ExceptionCase.State.OPEN
    case.disposition, case.note = "", ""
    case.closed_at = case.closed_by = case.holds_through = None
    case.save(update_fields=["state", "disposition", "note", "closed_at", "closed_by", "holds_through"])
    return case


def _today(now: datetime) -> date:
    organization = Organization.objects.get(pk=current_organization_id())
    return timezone.localtime(now, organization.zone).date()
