"""The tick: whatever waits is heard, and one failing step stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from practice.bulk import insert_rows
from practice.rows import uuid7
from tests.factories import PartnerFactory
from tests.gateway import work
from tests.tradingpartners.conftest import FileAcme
from tradingpartners import tasks
from tradingpartners.models import Dispatch, Interchange, TradingPartner
from tradingpartners.services import claiming


def wait_in_line(partner: TradingPartner, count: int, *, hours: int) -> str:
    """So many units of one partner, due for so long; their queue."""
    queue = f"partner.{partner.pk}"
    due_at = timezone.now() - timedelta(hours=hours)
    insert_rows(
        Dispatch,
        [
            Dispatch(
                partner=partner,
                transaction_set="270",
                correlation_id=uuid7(),
                lane="batch",
                queue=queue,
                due_at=due_at,
            )
            for _ in range(count)
        ],
    )
    return queue


def test_a_long_line_at_one_partner_leaves_no_other_unheard(acme: FileAcme) -> None:
    with acme.inside():
        wait_in_line(acme.partner, 700, hours=5)
        other = wait_in_line(PartnerFactory(transport="sftp"), 1, hours=1)
    assert other in {bell.queue for bell in claiming.units_to_ring()}
    with acme.inside():
        assert Dispatch.objects.filter(rung_at=None).count() > 600  # stamped is what was rung


def test_a_step_that_fails_stops_no_other(acme: FileAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fail(*ids: object) -> None:
        raise ValueError

    monkeypatch.setattr(tasks.breakers, "note_changes", fail)
    monkeypatch.setattr(tasks.overdue, "overdue_organizations", lambda: [uuid7(), uuid7()])
    monkeypatch.setattr(tasks.overdue, "fail_overdue", fail)
    monkeypatch.setattr(tasks.inbound, "organizations_unacknowledged", lambda: [uuid7()])
    monkeypatch.setattr(tasks.inbound, "overdue_acknowledgements", lambda each: done.append(str(each)))
    tasks.keep_going()
    assert len(done) == 1


@pytest.mark.parametrize("sender", ["AC/ME", "..", "A B"])
def test_the_name_of_a_file_is_no_path(acme: FileAcme, sender: str) -> None:
    acme.limit(sender_id=sender)
    acme.visit()
    acme.sweep()

    work()
    with acme.inside():
        name = Interchange.objects.get().file_name
    assert "/" not in name and not name.startswith(".") and name.endswith(".edi")
