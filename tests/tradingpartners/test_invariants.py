"""The checker of G1 to G9 finds nothing in a sound book, and each thing that is broken in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.gateway import work_until_quiet
from tests.invariants import RULES, check_invariants, violations
from tests.payers import Question, ScriptedPayer, scripted_payer
from tests.sweeps.conftest import Acme

pytestmark = pytest.mark.django_db

ONE_ATTEMPT = (
    "WHERE id = (SELECT min(id::text)::uuid FROM tradingpartners_transaction WHERE direction = 'out')"
)
ONE_MEMBER = "WHERE id = (SELECT min(id::text)::uuid FROM sweeps_sweeprunmember)"
ONE_DELIVERY = "WHERE id = (SELECT min(id::text)::uuid FROM tradingpartners_inbounddelivery)"
ATTEMPT = "UPDATE tradingpartners_transaction SET {} " + ONE_ATTEMPT

BREAKS = {
    "G1 members are": "UPDATE sweeps_sweeprunmember"
    f" SET created_at = created_at - interval '1 h' {ONE_MEMBER}",
    "G2 a finished": f"UPDATE sweeps_sweeprunmember SET state = 'queued' {ONE_MEMBER}",
    "G2 an open": "UPDATE eligibility_eligibilitycheck SET status = 'Pending';"
    f" UPDATE sweeps_sweeprunmember SET state = 'submitted' {ONE_MEMBER}",
    "G4 an attempt": ATTEMPT.format("subject_id = id"),
    "G4 a question": "UPDATE sweeps_sweeprunmember SET eligibility_check_id ="
    " (SELECT min(id::text)::uuid FROM eligibility_eligibilitycheck)",
    "G5 an interchange": "INSERT INTO tradingpartners_transportlog (partner_id, event, interchange_id,"
    " file_name, error, organization_id, created_by_id, updated_by_id) SELECT partner_id, event,"
    " interchange_id, '', '', organization_id, created_by_id, updated_by_id"
    " FROM tradingpartners_transportlog LIMIT 1",
    "G6 an attempt": ATTEMPT.format("closed_at = NULL"),
    "G6 what was never": ATTEMPT.format("sent_at = NULL"),
    "G6 nobody's": ATTEMPT.format("state = 'prepared', sent_at = NULL, closed_at = NULL"),
    "G7 a received": ATTEMPT.format("state = 'unknown'"),
    "G7 what the payer": "UPDATE tradingpartners_transaction SET disposition = 'duplicate'"
    " WHERE direction = 'in'",
    "G8 no question": "UPDATE tradingpartners_transaction SET subject_id = (SELECT min(id::text)::uuid"
    " FROM eligibility_eligibilitycheck), state = 'unknown'; UPDATE tradingpartners_payer SET retries = 0",
    "G9 every delivery": f"UPDATE tradingpartners_inbounddelivery SET payload_id = NULL {ONE_DELIVERY}",
    "G9 a content": "UPDATE tradingpartners_payload SET sha256 = ''",
    "G9 what was read": "UPDATE tradingpartners_transaction SET disposition = '' WHERE direction = 'in'",
    "G9 a reply": ATTEMPT.format("state = 'sent'"),
}


@pytest.fixture
def payer_server() -> Iterator[ScriptedPayer]:
    with scripted_payer() as payer:
        yield payer


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    """Two visits, asked about and answered."""
    acme = Acme(payer_server)
    acme.visit()
    acme.visit()
    acme.sweep()
    work_until_quiet()
    return acme


def falsify(statements: str) -> None:
    """As the database's owner, with triggers and foreign keys asleep."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE; SET session_replication_role = replica")
        cursor.execute(statements)
        cursor.execute(f"SET session_replication_role = origin; SET ROLE {settings.APP_ROLE}")


def test_a_sweep_that_went_well_breaks_no_rule(acme: Acme, payer_server: ScriptedPayer) -> None:
    check_invariants(acme.organization.pk, asked=payer_server.questions, roster=2)


@pytest.mark.parametrize("rule", BREAKS)
def test_each_rule_finds_what_breaks_it(acme: Acme, rule: str) -> None:
    falsify(BREAKS[rule])
    assert any(found.startswith(rule) for found in violations(acme.organization.pk))


def test_there_is_a_break_for_each_rule() -> None:
    assert [rule for rule in RULES if not any(rule.startswith(begin) for begin in BREAKS)] == []


def test_the_partners_book_is_compared_with_ours(acme: Acme, payer_server: ScriptedPayer) -> None:
    one, other = payer_server.questions
    stranger = _like(one, trace="F" * 32)
    mistaken = _like(one, trace=other.trace)
    found = violations(acme.organization.pk, asked=[one, one, stranger, mistaken], roster=3)
    assert [line[:2] for line in found] == ["G1", "G5", "G3", "G4"]


def _like(question: Question, *, trace: str) -> Question:
    copy = object.__new__(Question)
    copy.__dict__ |= {**vars(question), "trace": trace}
    return copy
