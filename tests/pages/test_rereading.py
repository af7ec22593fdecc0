"""An answer that was used, read again by the reader as it is now: what would differ, and nothing changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from eligibility.models import BenefitDetail, EligibilityCheck
from practice.models import ReadLog
from tests.factories import CoverageFactory, PatientFactory
from tests.gateway import work_until_quiet
from tests.pages.conftest import signed_in
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tests.sweeps.conftest import payer_server as payer_server  # noqa: PLC0414
from tradingpartners.models import Transaction


@pytest.fixture
def answered(db: None, payer_server: ScriptedPayer) -> Acme:
    """One patient asked about, and the answer used."""
    practice = Acme(payer_server)
    with practice.inside():
        patient = PatientFactory(first_name="Alice", last_name="Ames", birth_date=date(1984, 5, 17))
        coverage = CoverageFactory(insurance_plan=practice.plan, patient=patient)
    practice.visit(coverage=coverage)
    practice.sweep()
    work_until_quiet()
    return practice


def read_again(practice: Acme, reason: str = "the reader is new") -> Any:
    with practice.inside():
        answer = Transaction.objects.get(direction="in", transaction_set="271")
    return signed_in(practice.sam).post(f"/transactions/{answer.pk}/reading/", {"reason": reason})


def test_a_reading_that_is_the_same_changes_nothing_and_is_on_record(answered: Acme) -> None:
    assert "nothing would change" in read_again(answered).content.decode()
    with answered.inside():
        assert ReadLog.objects.filter(reason="raw: read again: the reader is new").count() == 1


def test_what_would_be_read_otherwise_is_shown_and_not_applied(answered: Acme) -> None:
    with answered.inside():
        check = EligibilityCheck.objects.get()
        BenefitDetail.objects.create(
            eligibility_check=check, service_category="98", copay_amount="25.00", network="in"
        )
        EligibilityCheck.objects.update(covers_until=date(2001, 2, 3))
    html = read_again(answered).content.decode()
    assert "service category 98, network in, copay amount 25" in html and "2001-02-03" in html
    with answered.inside():
        kept = EligibilityCheck.objects.get()
        assert (kept.status, kept.covers_until) == (check.status, date(2001, 2, 3))
        assert BenefitDetail.objects.filter(service_category="98").exists()


def test_reading_again_wants_a_reason(answered: Acme) -> None:
    assert read_again(answered, "").status_code == 422
