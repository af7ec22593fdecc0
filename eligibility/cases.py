"""Exception cases: opened or refreshed by what was found, resolved by a better answer.

One open case a (patient, coverage or none, cause). A case a person cleared holds for the visits it
was cleared for: the same finding about them leaves it cleared.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from eligibility.models import Cause


class Found(NamedTuple):
    """A problem of one visit."""

    patient_id: UUID
    coverage_id: UUID | None
    payer_id: UUID | None
    cause: Cause
    code: str
    reason: str
    check_id: UUID | None
    correlation_id: UUID
    visit_date: date | None


# What a settled check proves untrue: an answer beats a failure, "active" beats everything.
RESOLVED_BY: dict[Cause | None, frozenset[Cause]] = {
    None: frozenset(Cause),
    Cause.OTHER_PAYER: frozenset(Cause) - {Cause.OTHER_PAYER},
    Cause.NOT_ACTIVE: frozenset(Cause) - {Cause.NOT_ACTIVE, Cause.NO_COVERAGE},
    Cause.UNCLEAR: frozenset({Cause.REJECTED, Cause.COULD_NOT_CHECK, Cause.NO_ROUTE}),
    Cause.REJECTED: frozenset({Cause.UNCLEAR, Cause.COULD_NOT_CHECK, Cause.NO_ROUTE}),
    Cause.COULD_NOT_CHECK: frozenset({Cause.NO_ROUTE}),
    Cause.NO_COVERAGE: frozenset(),
    Cause.NO_ROUTE: frozenset(),
}

_OPEN = """
WITH found AS (
    SELECT DISTINCT ON (patient_id, coverage_id, cause) *
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[],
        %s::uuid[], %s::date[])
    AS f(patient_id, coverage_id, payer_id, cause, code, reason, check_id, correlation_id, visit_date)
    ORDER BY patient_id, coverage_id, cause, visit_date
), placed AS (
    SELECT f.*, a.id AS appointment_id, a.starts_at FROM found f LEFT JOIN LATERAL (
        SELECT a.id, a.starts_at FROM practice_appointment a WHERE a.patient_id = f.patient_id
        AND a.service_date = f.visit_date AND NOT a.is_deleted AND NOT a.cancelled
        ORDER BY a.starts_at LIMIT 1
    ) a ON true
    WHERE NOT EXISTS (
        SELECT 1 FROM eligibility_exceptioncase c WHERE c.patient_id = f.patient_id
        AND c.coverage_id IS NOT DISTINCT FROM f.coverage_id AND c.cause = f.cause
        AND c.code = f.code AND c.state = 'cleared' AND c.holds_through >= f.visit_date
    ) AND NOT (f.cause = 'could_not_check' AND EXISTS (
        -- a failed retry does not hide what an earlier answer said
        SELECT 1 FROM eligibility_exceptioncase c WHERE c.patient_id = f.patient_id
        AND c.coverage_id IS NOT DISTINCT FROM f.coverage_id AND c.state = 'open'
        AND c.cause IN ('not_active', 'rejected', 'unclear', 'other_payer')
    ))
)
INSERT INTO eligibility_exceptioncase AS c (patient_id, coverage_id, payer_id, cause, code, reason,
    eligibility_check_id, correlation_id, appointment_id, visit_at, visit_date, last_visit_date,
    state, tries, disposition, note)
SELECT patient_id, coverage_id, payer_id, cause, code, left(reason, 200), check_id, correlation_id,
    appointment_id, starts_at, visit_date, visit_date, 'open', 1, '', '' FROM placed
ORDER BY patient_id, coverage_id, cause
ON CONFLICT (patient_id, coverage_id, cause) WHERE state = 'open' DO UPDATE SET
    seen_at = now(), tries = c.tries + 1, code = EXCLUDED.code, reason = EXCLUDED.reason,
    eligibility_check_id = EXCLUDED.eligibility_check_id, correlation_id = EXCLUDED.correlation_id,
    (appointment_id, visit_at, visit_date) = (SELECT * FROM (VALUES
        (c.appointment_id, c.visit_at, c.visit_date),
        (EXCLUDED.appointment_id, EXCLUDED.visit_at, EXCLUDED.visit_date)
    ) AS visit (appointment_id, visit_at, visit_date)
        ORDER BY visit_date < current_date, visit_date, visit_at LIMIT 1),
    last_visit_date = GREATEST(EXCLUDED.last_visit_date, c.last_visit_date)
"""

_RESOLVE = """
UPDATE eligibility_exceptioncase c SET state = 'resolved', closed_at = now()
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::date[], %s::date[], %s::date[])
    AS s(patient_id, coverage_id, causes, visit_date, covers_from, covers_until)
WHERE c.patient_id = s.patient_id AND c.state IN ('open', 'cleared')
AND (c.coverage_id = s.coverage_id OR c.coverage_id IS NULL AND c.cause = 'no_coverage')
AND c.cause = ANY(string_to_array(s.causes, ','))
AND (c.visit_date IS NULL OR (c.visit_date = s.visit_date AND c.last_visit_date = s.visit_date)
    -- that nobody entered a coverage for a day is not cured by what a payer says of another
    OR (c.coverage_id IS NOT NULL
        AND c.visit_date >= s.covers_from AND c.last_visit_date <= s.covers_until))
"""


class Settled(NamedTuple):
    """What a settled check proves: about the visit it was asked for, and the days it covers."""

    patient_id: UUID
    coverage_id: UUID
    cause: Cause | None
    visit_date: date
    covers_from: date | None
    covers_until: date | None


def open_cases(found: Sequence[Found]) -> None:
    """Open or refresh, in one statement."""
    if found:
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [list(column) for column in zip(*found, strict=True)])


def resolve_cases(settled: Sequence[Settled]) -> None:
    """Close the cases these checks disprove; one that touches another visit stays."""
    told = [
        (
            each.patient_id,
            each.coverage_id,
            ",".join(sorted(RESOLVED_BY[each.cause])),
            each.visit_date,
            each.covers_from,
            each.covers_until,
        )
        for each in sorted(settled, key=lambda one: str(one[:2]))
        if RESOLVED_BY[each.cause]
    ]
    if told:
        with connection.cursor() as cursor:
            cursor.execute(_RESOLVE, [list(column) for column in zip(*told, strict=True)])
