"""Cancelling: what is not sent is withdrawn, what is sent resolves, and other sweeps go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eligibility.models import EligibilityCheck
from sweeps.services import cancel_run
from tests import payers
from tests.gateway import bring_forward, pass_the_sla, work, work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tradingpartners.services import claiming, sending

pytestmark = pytest.mark.django_db


def test_a_question_waiting_to_be_asked_again_ends_and_does_not_hold_up_the_next_sweep(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda question: None
    acme.payer.resend_gap = timedelta(hours=1)
    acme.payer.save()
    acme.visit(days=3)
    run = acme.sweep()
    bring_forward()
    work()
    with acme.inside():
        cancel_run(run)
        assert EligibilityCheck.objects.get().status == "Unknown"
    assert acme.read(run).submitted == 0
    payer_server.script = payers.active
    following = acme.sweep()
    work_until_quiet()
    counts = acme.read(following)
    assert (counts.state, counts.active) == ("completed", 1)


def test_a_question_another_sweep_waits_on_is_still_asked(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit(days=3)
    first, second = acme.sweep(), acme.sweep()
    with acme.inside():
        cancel_run(first)
    work_until_quiet()
    counts = acme.read(second)
    assert (counts.state, counts.active) == ("completed", 1)
    assert len(payer_server.questions) == 1


def test_a_unit_already_claimed_asks_nobody_who_was_skipped(acme: Acme, payer_server: ScriptedPayer) -> None:
    for _ in range(3):
        acme.visit(days=3)
    run = acme.sweep()
    bring_forward()
    claim = claiming.claim_next(f"payer.{acme.payer.pk}")
    assert claim is not None
    with acme.inside():
        cancel_run(run)
    sending.send(claim)
    work_until_quiet()
    counts = acme.read(run)
    assert (counts.skipped, counts.received, len(payer_server.questions)) == (3, 0, 0)


def test_no_member_of_a_cancelled_sweep_is_queued(acme: Acme, payer_server: ScriptedPayer) -> None:
    acme.visit(days=3)
    run = acme.sweep()
    bring_forward()
    claiming.claim_next(f"payer.{acme.payer.pk}")
    with acme.inside():
        cancel_run(run)
    pass_the_sla()
    assert acme.read(run).queued == 0
