"""What must hold after every fault: G1 to G9, asked of the rows, and of what the partner saw.

`check_invariants` is called when the gateway has come to rest. Each rule is one statement that
finds what breaks it; tests/tradingpartners/test_invariants.py shows that each finds something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from django.db import connection

from eligibility.models import EligibilityCheck
from practice.tenancy import tenant
from tradingpartners.models import Transaction, transaction_id


class Seen(Protocol):
    """One question as the partner's side wrote it down: `subscriber` is its NM1*IL, by elements."""

    trace: str
    subscriber: list[str]


RULES = {
    # The roster is frozen: all of it was written at once, and every row of it is somewhere.
    "G1 members are those of the roster": """
        SELECT run_id FROM sweeps_sweeprunmember GROUP BY run_id HAVING count(DISTINCT created_at) > 1
    """,
    "G2 a finished run has no open member": """
        SELECT m.id FROM sweeps_sweeprunmember m JOIN sweeps_sweeprun r ON r.id = m.run_id
        WHERE r.state IN ('completed', 'failed', 'cancelled') AND m.state = 'queued'
        OR r.state IN ('completed', 'failed') AND m.state = 'submitted'
    """,
    # A member that waits is waited for: somebody will ask, or the SLA will end it.
    "G2 an open member has an open attempt": """
        SELECT m.id FROM sweeps_sweeprunmember m
        JOIN eligibility_eligibilitycheck c ON c.id = m.eligibility_check_id
        WHERE m.state IN ('queued', 'submitted') AND c.status = 'Pending' AND NOT EXISTS (
            SELECT 1 FROM tradingpartners_transaction t WHERE t.subject_id = c.id
            AND t.direction = 'out' AND t.state IN ('prepared', 'sent'))
    """,
    "G4 an attempt is about one question": """
        SELECT t.id FROM tradingpartners_transaction t
        WHERE t.direction = 'out' AND t.transaction_set = '270' AND NOT EXISTS (
            SELECT 1 FROM eligibility_eligibilitycheck c WHERE c.id = t.subject_id)
    """,
    "G4 a question belongs to one member of a run": """
        SELECT eligibility_check_id FROM sweeps_sweeprunmember WHERE eligibility_check_id IS NOT NULL
        GROUP BY run_id, eligibility_check_id HAVING count(*) > 1
    """,
    "G5 an interchange goes over the wire once in real time": """
        SELECT interchange_id FROM tradingpartners_transportlog
        WHERE event = 'ask' AND interchange_id IS NOT NULL GROUP BY interchange_id HAVING count(*) > 1
    """,
    "G6 an attempt has ended if and only if its state is an end": """
        SELECT id FROM tradingpartners_transaction WHERE direction = 'out'
        AND (state IN ('prepared', 'sent')) <> (closed_at IS NULL)
    """,
    "G6 what was never sent was not sent, and what has an answer was": """
        SELECT id FROM tradingpartners_transaction WHERE direction = 'out'
        AND (state IN ('prepared', 'never_sent') AND sent_at IS NOT NULL
            OR state IN ('sent', 'answered', 'superseded', 'unknown') AND sent_at IS NULL)
    """,
    "G6 nobody's attempt: prepared in a unit that is over": """
        SELECT t.id FROM tradingpartners_transaction t JOIN tradingpartners_dispatch d ON d.id = t.dispatch_id
        WHERE t.direction = 'out' AND t.state = 'prepared' AND d.state IN ('done', 'cancelled')
    """,
    "G7 a received member has one attempt that won": """
        SELECT m.id FROM sweeps_sweeprunmember m
        WHERE m.state = 'received' AND 1 <> (SELECT count(*) FROM tradingpartners_transaction t
            WHERE t.subject_id = m.eligibility_check_id AND t.direction = 'out' AND t.state = 'answered')
    """,
    "G7 what the payer said of a person was an answer to that question": """
        SELECT c.id FROM eligibility_eligibilitycheck c
        WHERE c.status IN ('Active', 'Inactive') AND NOT EXISTS (
            SELECT 1 FROM tradingpartners_transaction t
            JOIN tradingpartners_transaction a ON a.answers_id = t.id AND a.direction = 'in'
                AND a.disposition = 'applied' AND a.subject_id = t.subject_id
            WHERE t.subject_id = c.id AND t.direction = 'out' AND t.state = 'answered')
    """,
    "G8 no question is asked more often than its payer allows": """
        SELECT t.subject_id FROM tradingpartners_transaction t
        JOIN tradingpartners_payer p ON p.id = t.payer_id
        WHERE t.direction = 'out' AND t.sent_at IS NOT NULL AND t.error <> 'worker_lost'
        GROUP BY t.subject_id, p.retries
        HAVING count(*) > (p.retries + 1) * (1 + count(t.replays_id))
    """,
    "G9 every delivery is kept": """
        SELECT id FROM tradingpartners_inbounddelivery WHERE payload_id IS NULL AND file_name = ''
    """,
    "G9 a content is kept once": """
        SELECT min(d.id::text)::uuid FROM tradingpartners_inbounddelivery d
        JOIN tradingpartners_payload p ON p.id = d.payload_id
        GROUP BY d.partner_id, p.sha256 HAVING count(DISTINCT d.payload_id) > 1
    """,
    "G9 what was read has one disposition": """
        SELECT id FROM tradingpartners_transaction WHERE direction = 'in' AND disposition = ''
    """,
    "G9 a reply that was read has ended its attempt": """
        SELECT d.id FROM tradingpartners_inbounddelivery d
        JOIN tradingpartners_transaction t ON t.id = d.answering_id
        WHERE d.read_at IS NOT NULL AND t.state = 'sent'
    """,
}


def check_invariants(organization_id: UUID, *, asked: Iterable[Seen] = (), roster: int | None = None) -> None:
    """Fails with every rule that is broken. `asked`: all questions the partner saw, in any order;
    `roster`: how many members were frozen, of all runs together."""
    broken = violations(organization_id, asked=asked, roster=roster)
    assert not broken, "\n".join(broken)


def violations(organization_id: UUID, *, asked: Iterable[Seen] = (), roster: int | None = None) -> list[str]:
    with tenant(organization_id):
        found = [f"{name}: {row}" for name, sql in RULES.items() for row in _rows(sql)]
        members = _rows("SELECT count(*) FROM sweeps_sweeprunmember")[0]
        if roster is not None and members != roster:
            found.append(f"G1 members are those of the roster: {members} of {roster}")
        return found + _against_the_partner(list(asked))


def _rows(sql: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def _against_the_partner(asked: list[Seen]) -> list[str]:
    """Both sides' books: each trace is ours, sent once, and about the member it was asked for."""
    times = Counter(seen.trace for seen in asked)
    found = [f"G5 no trace is sent twice: {trace}" for trace, number in times.items() if number > 1]
    ids = {seen.trace: transaction_id(seen.trace) for seen in asked}
    sent = Transaction.objects.attempts().filter(sent_at__isnull=False, pk__in=[i for i in ids.values() if i])
    subjects = dict(sent.values_list("pk", "subject_id"))
    checks = EligibilityCheck.objects.select_related("coverage").in_bulk(set(subjects.values()))
    for seen in asked:
        subject = subjects.get(ids[seen.trace])
        if subject is None:
            found.append(f"G3 a trace the partner saw is an attempt of ours: {seen.trace}")
        elif subject in checks and checks[subject].coverage.subscriber_id != seen.subscriber[9]:
            found.append(f"G4 a trace is about the member it was asked for: {seen.trace}")
    return found
