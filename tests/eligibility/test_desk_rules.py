"""When a case opens, stays and goes: by the visit it is about, not by the coverage alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from eligibility.models import Cause, ExceptionCase
from eligibility.verdict import month_end
from tests import payers
from tests.gateway import work_until_quiet
from tests.payers import Question, ScriptedPayer, answer, envelope, scripted_payer
from tests.sweeps.conftest import Acme

pytestmark = pytest.mark.django_db


@pytest.fixture
def payer_server():  # noqa: ANN201  a generator fixture
    with scripted_payer() as payer:
        yield payer


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def causes(acme: Acme) -> list[str]:
    with acme.inside():
        open_cases = ExceptionCase.objects.needs_a_person(timezone.now()).by_visit()
        return list(open_cases.values_list("cause", flat=True))


def begins_on(day: date) -> payers.Script:
    def script(question: Question) -> tuple[int, bytes]:
        code = "EB*6**30" if question.asked < f"{day:%Y%m%d}" else "EB*1**30"
        return 200, envelope(answer(question, code, dates=f"DTP*346*D8*{day:%Y%m%d}"))

    return script


def test_a_later_visit_without_coverage_is_not_cleared_by_an_earlier_one_with(acme: Acme) -> None:
    first = acme.visit(days=1)
    with acme.inside():
        coverage = first.patient.coverages.get()
        coverage.termination_date = acme.today + timedelta(days=3)
        coverage.save()
    acme.visit(days=5, patient=first.patient)
    acme.sweep()
    work_until_quiet()
    assert causes(acme) == [Cause.NO_COVERAGE]


def test_an_earlier_visit_before_coverage_begins_stays_when_a_later_one_is_active(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = begins_on(acme.today + timedelta(days=3))
    first = acme.visit(days=1)
    acme.visit(days=5, patient=first.patient)
    acme.sweep()
    work_until_quiet()
    assert causes(acme) == [Cause.NOT_ACTIVE]


def test_a_case_stands_where_its_first_visit_stands(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = payers.ends_on(acme.today)
    first = acme.visit(days=1)
    beyond = (month_end(acme.today + timedelta(days=1)) - acme.today).days + 3
    acme.visit(days=beyond, patient=first.patient)
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        assert ExceptionCase.objects.open().get().visit_at == first.starts_at


def test_a_visit_that_is_over_leaves_the_desk(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = payers.inactive
    acme.visit(days=1)
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        later = timezone.now() + timedelta(days=4)
        assert not ExceptionCase.objects.needs_a_person(later).exists()


def test_a_cancelled_visit_leaves_the_desk(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = payers.inactive
    visit = acme.visit(days=1)
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        visit.cancelled = True
        visit.save()
    assert causes(acme) == []


def test_not_active_yet_is_no_case_where_the_coverage_begins_before_the_visit(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    acme.payer.furthest_date = "month"
    acme.payer.save()
    first_of_month = month_end(acme.today) + timedelta(days=1)
    payer_server.script = begins_on(first_of_month)
    acme.visit(days=(first_of_month - acme.today).days + 2)
    acme.sweep(days=45)
    work_until_quiet()
    assert causes(acme) == []


def test_a_newer_answer_that_ends_coverage_has_a_visit_checked_before_asked_again(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    later = acme.visit(days=6)
    acme.sweep()
    work_until_quiet()
    payer_server.script = payers.ends_on(acme.today + timedelta(days=3))
    acme.visit(days=1, patient=later.patient)
    acme.sweep(days=2)
    work_until_quiet()
    with acme.inside():
        later.refresh_from_db()
    assert later.eligibility_status == "Inactive"
    assert causes(acme) == [Cause.NOT_ACTIVE]
