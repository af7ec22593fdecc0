"""The main job, through the doors: a sweep, a payer on the wire, the desk's page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from eligibility.models import BenefitDetail, Cause, EligibilityCheck, ExceptionCase
from eligibility.services import clear_case
from practice.models import Appointment, EligibilityStatus
from sweeps.models import SweepRun, SweepRunMember
from sweeps.services import cancel_run
from tests import payers
from tests.factories import CoverageFactory, PatientFactory, PayerFactory, PlanFactory
from tests.gateway import bring_forward, pass_the_sla, work, work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tradingpartners.models import InboundDelivery, Transaction

pytestmark = pytest.mark.django_db


def desk(acme: Acme) -> str:
    client = Client()
    client.force_login(acme.sam)
    response = client.get("/")
    assert response.status_code == 200
    return response.content.decode()


def causes(acme: Acme) -> list[str]:
    with acme.inside():
        return list(
            ExceptionCase.objects.needs_a_person(timezone.now()).by_visit().values_list("cause", flat=True)
        )


def test_an_active_patient_is_ready_and_not_on_the_desk(acme: Acme) -> None:
    visit = acme.visit()
    run = acme.sweep()
    work_until_quiet()
    counts = acme.read(run)
    assert (counts.state, counts.received, counts.active) == ("completed", 1, 1)
    with acme.inside():
        visit.refresh_from_db()
    assert visit.eligibility_status == EligibilityStatus.ACTIVE
    assert causes(acme) == []


def test_an_inactive_patient_stands_on_the_desk(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = payers.inactive
    visit = acme.visit()
    with acme.inside():
        name = visit.patient.last_name
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).inactive == 1
    assert causes(acme) == [Cause.NOT_ACTIVE]
    page = desk(acme)
    assert name in page
    assert "Not active" in page


def test_what_was_cleared_on_monday_does_not_come_back_on_tuesday(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = payers.inactive
    acme.visit(days=3)
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        case = ExceptionCase.objects.get()
        clear_case(case, disposition="called_payer", note="", now=timezone.now())
        EligibilityCheck.objects.update(response_received=timezone.now() - timedelta(days=1))
    acme.sweep()
    work_until_quiet()
    assert len(payer_server.questions) == 2
    assert causes(acme) == []
    with acme.inside():
        assert ExceptionCase.objects.count() == 1


def test_another_finding_about_a_cleared_patient_does_come_back(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = payers.inactive
    acme.visit(days=3)
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        clear_case(ExceptionCase.objects.get(), disposition="fixed", note="", now=timezone.now())
        EligibilityCheck.objects.update(response_received=timezone.now() - timedelta(days=1))
    payer_server.script = lambda question: (200, payers.envelope(payers.rejection(question, "75")))
    acme.sweep()
    work_until_quiet()
    assert causes(acme) == [Cause.REJECTED]


def test_a_late_answer_after_failure_clears_its_row(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: None
    with acme.inside():
        acme.payer.retries = 0
        acme.payer.save()
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).failed == 1
    assert causes(acme) == [Cause.COULD_NOT_CHECK]
    deliver(acme, payers.envelope(payers.answer(payer_server.questions[0])))
    counts = acme.read(run)
    assert (counts.state, counts.failed, counts.active) == ("completed", 0, 1)
    assert causes(acme) == []


def deliver(acme: Acme, content: bytes, name: str = "late.271") -> InboundDelivery:
    """A file the partner left, as the poller keeps it."""
    from tradingpartners.services import inbound, payloads

    with acme.inside():
        payload, known = payloads.keep_once(acme.partner, content)
        delivery = InboundDelivery.objects.create(
            partner=acme.partner, payload=payload, file_name=name, is_duplicate=known,
            remote_size=len(content), remote_modified=1,
        )  # fmt: skip
    inbound.read_deliveries(acme.organization.pk, [delivery.pk])
    with acme.inside():
        delivery.refresh_from_db()
    return delivery


# --- the roster ------------------------------------------------------------------------------


def test_a_patient_without_coverage_is_skipped_and_stands_on_the_desk(acme: Acme) -> None:
    with acme.inside():
        patient = PatientFactory()
    acme.visit(patient=patient)
    run = acme.sweep()
    counts = acme.read(run)
    assert (counts.state, counts.skipped) == ("completed", 1)
    with acme.inside():
        assert run.members.get().failure_reason == "No active coverage on the service date"
    assert causes(acme) == [Cause.NO_COVERAGE]


def test_each_active_coverage_is_asked_about_and_an_ended_one_is_not(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    visit = acme.visit()
    with acme.inside():
        CoverageFactory(patient=visit.patient, insurance_plan=acme.plan, rank=2)
        CoverageFactory(
            patient=visit.patient,
            insurance_plan=acme.plan,
            rank=3,
            termination_date=acme.today - timedelta(days=1),
        )
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).received == 2
    assert len(payer_server.questions) == 2


@pytest.mark.parametrize(
    "change",
    [{"cancelled": True}, {"days": 8}, {"days": -1}],
    ids=["cancelled", "after the window", "before the window"],
)
def test_only_visits_that_take_place_in_the_window_are_on_the_roster(
    acme: Acme, change: dict[str, int]
) -> None:
    acme.visit(**change)
    assert acme.read(acme.sweep()).roster == 0


def test_known_self_pay_is_not_asked_about(acme: Acme) -> None:
    visit = acme.visit()
    with acme.inside():
        visit.patient.self_pay = True
        visit.patient.save()
    assert acme.read(acme.sweep()).roster == 0


def test_the_payer_filter_leaves_out_patients_of_other_payers(acme: Acme) -> None:
    acme.visit()
    other = PayerFactory()
    assert acme.read(acme.sweep(payer_ids=[other.pk])).roster == 0
    assert acme.read(acme.sweep(payer_ids=[acme.payer.pk])).roster == 1


def test_two_visits_under_one_coverage_are_one_row(acme: Acme) -> None:
    visit = acme.visit(days=1)
    acme.visit(days=2, patient=visit.patient)
    assert acme.read(acme.sweep()).roster == 1


def test_a_payer_without_a_route_is_skipped_for_an_administrator(acme: Acme) -> None:
    with acme.inside():
        coverage = CoverageFactory(insurance_plan=PlanFactory(payer=PayerFactory()))
    acme.visit(coverage=coverage)
    counts = acme.read(acme.sweep())
    assert (counts.state, counts.skipped) == ("completed", 1)
    assert causes(acme) == [Cause.NO_ROUTE]


def test_an_open_question_is_waited_on_and_not_asked_twice(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    first, second = acme.sweep(), acme.sweep()
    work_until_quiet()
    assert len(payer_server.questions) == 1
    assert [acme.read(run).active for run in (first, second)] == [1, 1]


def test_a_fresh_answer_is_taken_from_cache(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    acme.sweep()
    work_until_quiet()
    counts = acme.read(acme.sweep())
    assert (counts.state, counts.active) == ("completed", 1)
    assert len(payer_server.questions) == 1


# --- what payers do ----------------------------------------------------------------------------


def test_data_at_fault_is_not_asked_again(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (200, payers.envelope(payers.rejection(question, "72")))
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).aaa_rejected == 1
    assert len(payer_server.questions) == 1
    with acme.inside():
        assert ExceptionCase.objects.get().code == "72"


def test_try_later_without_a_trace_is_matched_and_asked_again(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    def script(question: payers.Question) -> tuple[int, bytes]:
        if len(payer_server.questions) == 1:
            return 200, payers.envelope(payers.rejection_above(question, "42"))
        return payers.active(question)

    payer_server.script = script
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).active == 1
    assert len({question.trace for question in payer_server.questions}) == 2
    with acme.inside():
        states = Transaction.objects.attempts().order_by("attempt").values_list("state", "error")
        assert list(states) == [("rejected", "AAA 42"), ("answered", "")]


def test_an_outage_is_never_shown_as_not_active(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (200, payers.envelope(payers.rejection_above(question, "42")))
    visit = acme.visit()
    run = acme.sweep()
    work_until_quiet()
    counts = acme.read(run)
    assert (counts.failed, counts.inactive, counts.aaa_rejected) == (1, 0, 0)
    assert causes(acme) == [Cause.COULD_NOT_CHECK]
    with acme.inside():
        visit.refresh_from_db()
    assert visit.eligibility_status == EligibilityStatus.UNKNOWN
    assert len(payer_server.questions) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>busy</html>", payers.envelope([])[:150], b"ISA*00*"],
    ids=["empty", "html", "cut in half", "half a header"],
)
def test_a_reply_that_is_no_answer_is_kept_and_asked_again(
    acme: Acme, payer_server: ScriptedPayer, body: bytes
) -> None:
    payer_server.script = lambda question: (200, body)
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).failed == 1
    assert len(payer_server.questions) == 2
    with acme.inside():
        assert InboundDelivery.objects.filter(payload__size=len(body)).count() == 2


def test_an_answer_about_somebody_else_is_quarantined(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (
        200,
        payers.envelope(payers.answer(question, last_name="MALLORY", member_id="X1", birth_date="19700101")),
    )
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    counts = acme.read(run)
    assert (counts.active, counts.failed) == (0, 1)
    with acme.inside():
        received = Transaction.objects.filter(direction="in")
        assert {row.disposition for row in received} == {"quarantined"}
        assert not BenefitDetail.objects.exists()


def test_a_changed_member_id_is_the_same_person(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (
        200,
        payers.envelope(payers.answer(question, member_id="NEW000001")),
    )
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).active == 1


def test_a_repeated_answer_changes_nothing(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    with acme.inside():
        before = (BenefitDetail.objects.count(), EligibilityCheck.objects.get().updated_at)
    deliver(acme, payers.envelope(payers.answer(payer_server.questions[0], "EB*6**30"), number=2))
    assert acme.read(run).active == 1
    with acme.inside():
        assert (BenefitDetail.objects.count(), EligibilityCheck.objects.get().updated_at) == before
        assert Transaction.objects.filter(direction="in").latest("id").disposition == "duplicate"


def test_an_answer_to_a_question_we_never_put_is_unmatched(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    acme.sweep()
    work_until_quiet()
    stranger = payers.answer(payer_server.questions[0], trace="F" * 32)
    stranger[0] = "BHT*0022*11*NOBODY*20261122*0700"
    deliver(acme, payers.envelope(stranger))
    with acme.inside():
        assert Transaction.objects.filter(direction="in").latest("id").disposition == "unmatched"


def test_no_answer_within_the_sla_fails_and_says_so(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    run = acme.sweep()
    with acme.inside():  # as a worker leaves it that was killed on the wire
        Transaction.objects.attempts().update(state="sent", sent_at=timezone.now() - timedelta(hours=1))
    pass_the_sla()
    assert acme.read(run).state == "completed"
    with acme.inside():
        assert run.members.get().failure_reason == "No 271 within 0 s"


def test_active_coverage_that_ends_before_the_next_visit_is_asked_about_separately(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = payers.ends_on(acme.today + timedelta(days=2))
    first = acme.visit(days=1)
    second = acme.visit(days=4, patient=first.patient)
    run = acme.sweep()
    work_until_quiet()
    assert acme.read(run).active == 1
    with acme.inside():
        badges = dict(Appointment.objects.values_list("id", "eligibility_status"))
    assert (badges[first.pk], badges[second.pk]) == ("Active", "Inactive")
    assert causes(acme) == [Cause.NOT_ACTIVE]


def test_a_visit_beyond_the_payers_furthest_date_stays_open_and_is_asked_as_of_today(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    acme.payer.furthest_date = "month"
    acme.payer.save()
    visit = acme.visit(days=40)
    acme.sweep(days=45)
    work_until_quiet()
    assert payer_server.questions[0].asked == f"{acme.today:%Y%m%d}"
    with acme.inside():
        visit.refresh_from_db()
    assert visit.eligibility_status == EligibilityStatus.PENDING


def test_a_name_x12_cannot_carry_is_work_for_a_person_and_never_sent(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    with acme.inside():
        coverage = CoverageFactory(
            insurance_plan=acme.plan,
            patient=PatientFactory(last_name="O~Neil"),
            subscriber_last_name="O~Neil",
        )
    acme.visit(coverage=coverage)
    run = acme.sweep()
    work_until_quiet()
    assert payer_server.questions == []
    assert acme.read(run).aaa_rejected == 1
    assert causes(acme) == [Cause.REJECTED]


# --- cancelling, and the database's own word ----------------------------------------------------


def test_cancelling_skips_what_is_queued_and_lets_what_was_sent_resolve(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    first = acme.visit(days=1)
    run = acme.sweep()
    with acme.inside():
        Transaction.objects.attempts().update(state="sent", sent_at=timezone.now())
        EligibilityCheck.objects.update(
            request_sent=timezone.now(), raw_request="ST~", clearinghouse="Example"
        )
        SweepRunMember.objects.update(state="submitted")
    with acme.inside():
        cancel_run(run)
        trace = Transaction.objects.attempts().get().trace_number
    counts = acme.read(run)
    assert (counts.state, counts.submitted, counts.skipped) == ("cancelled", 1, 0)
    completed_at = counts.completed_at
    question = payers.Question(
        f"BHT*0022*13*{trace}~NM1*IL*1*AMES*ALICE****MI*{member_id(acme, first)}~TRN*1*{trace}~"
        "DMG*D8*19840517~DTP*291*D8*20260101~EQ*30~".encode()
    )
    deliver(acme, payers.envelope(payers.answer(question)))
    counts = acme.read(run)
    assert (counts.state, counts.active, counts.completed_at) == ("cancelled", 1, completed_at)


def member_id(acme: Acme, visit: Appointment) -> str:
    with acme.inside():
        return str(visit.patient.coverages.get().subscriber_id)


def test_cancelling_before_anything_was_sent_asks_nobody(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit()
    run = acme.sweep()
    with acme.inside():
        cancel_run(run)
        cancel_run(run)
    work_until_quiet()
    counts = acme.read(run)
    assert (counts.state, counts.skipped) == ("cancelled", 1)
    assert payer_server.questions == []
    with acme.inside():
        assert run.members.get().failure_reason == "Cancelled by operator"
        assert not EligibilityCheck.objects.exists()


def test_the_database_refuses_a_move_the_table_does_not_allow(acme: Acme) -> None:
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    with acme.inside(), pytest.raises(IntegrityError, match="may not move"), transaction.atomic():
        SweepRunMember.objects.update(state="queued")
    with acme.inside(), pytest.raises(IntegrityError, match="may not move"), transaction.atomic():
        SweepRun.objects.filter(pk=run.pk).update(state="running")


def test_every_status_change_leaves_its_prior_value(acme: Acme) -> None:
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    with acme.inside():
        member = run.members.get()
        assert list(member.history.order_by("pgh_id").values_list("state", flat=True)) == [
            "queued",
            "submitted",
        ]


def test_a_claimed_unit_is_not_claimed_again_until_its_lease_ends(acme: Acme) -> None:
    from tradingpartners.services import claiming

    acme.visit()
    acme.sweep()
    bring_forward()
    queue = f"payer.{acme.payer.pk}"
    assert queue in claiming.queues()
    assert claiming.claim_next(queue) is not None
    assert claiming.claim_next(queue) is None
    assert work() == 0


def test_a_worker_that_died_before_sending_costs_no_question(acme: Acme, payer_server: ScriptedPayer) -> None:
    from tradingpartners.models import Dispatch
    from tradingpartners.services import claiming

    acme.visit()
    run = acme.sweep()
    bring_forward()
    assert claiming.claim_next(f"payer.{acme.payer.pk}") is not None
    with acme.inside():
        Dispatch.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    assert claiming.free_lost_leases() == 1
    work_until_quiet()
    assert acme.read(run).active == 1
    assert len(payer_server.questions) == 1
