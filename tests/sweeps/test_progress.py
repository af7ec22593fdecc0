"""The figures of a sweep: what is ready is ready for the visit."""

from __future__ import annotations

import pytest

from eligibility.verdict import month_end
from sweeps.progress import progress_of
from tests import payers
from tests.gateway import work_until_quiet
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme

pytestmark = pytest.mark.django_db


def test_an_answer_that_ends_before_the_visit_or_names_another_payer_is_not_ready(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    acme.payer.furthest_date = "month"
    acme.payer.save()
    beyond = (month_end(acme.today) - acme.today).days + 2
    replies = iter([("EB*1**30",), ("EB*1**30", "EB*R**30"), ("EB*1**30",)])
    payer_server.script = lambda q: (200, payers.envelope(payers.answer(q, *next(replies))))
    acme.visit(days=0)
    acme.visit(days=0)
    acme.visit(days=beyond)
    run = acme.sweep(days=beyond)
    work_until_quiet()
    with acme.inside():
        figures = progress_of([run.pk], acme.sam)[run.pk]
    assert (figures.ready, figures.needs_you, figures.ahead) == (1, 1, 1)
    assert (figures.finished, figures.checking, figures.total) == (3, 1, 3)
