"""Settling what payers said: verdicts, benefits, coverage facts, badges and cases, all set-based."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from coverage.models import Coverage
from eligibility import verdict
from eligibility.badges import refresh_badges
from eligibility.benefits import all_rows
from eligibility.cases import Found, Settled, open_cases, resolve_cases
from eligibility.followups import uncovered_visits
from eligibility.models import BenefitDetail, EligibilityCheck
from eligibility.services.asking import Ask, ask
from eligibility.signals import checks_moved
from eligibility.states import ELIGIBILITY_CHECK_MOVES
from practice.bulk import insert_rows, update_rows
from practice.models import Facility
from tradingpartners.contents import Outcome, OutcomeKind, transaction_set
from tradingpartners.models import Lane, Payer, trace_number

Status = EligibilityCheck.Status


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
    refresh_badges(settled)
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
