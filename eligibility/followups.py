"""Visits an answer does not cover are asked about separately.

A payer that states an end date inside the month says nothing about a visit after it. Where the
payer answers for that day already, the question is put at once, under the same correlation id; a
visit beyond the payer's furthest date waits for the night that brings it inside. Only what is newer
than the answer speaks against asking: an older one may be what the new end date contradicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection

# A visit further ahead than this is a later sweep's.
_HORIZON_DAYS = 31


class Uncovered(NamedTuple):
    """A visit under a coverage whose latest answer does not reach its day."""

    patient_id: UUID
    coverage_id: UUID
    payer_id: UUID
    facility_id: UUID
    correlation_id: UUID
    visit_date: date


# From the few checks on, whatever the planner knows of tables that were filled a moment ago.
_UNCOVERED = """
WITH settled AS MATERIALIZED (
    SELECT id, patient_id, coverage_id, payer_id, correlation_id, visit_date
    FROM eligibility_eligibilitycheck WHERE id = ANY(%s) AND status IN ('Active', 'Inactive')
)
SELECT DISTINCT ON (c.id, a.service_date) k.patient_id, c.id, k.payer_id, a.facility_id,
    k.correlation_id, a.service_date
FROM settled k
JOIN coverage_coverage c ON c.id = k.coverage_id AND c.is_active AND NOT c.is_deleted
JOIN practice_appointment a ON a.patient_id = k.patient_id AND NOT a.is_deleted
    AND NOT a.cancelled AND a.service_date > k.visit_date
    AND a.service_date <= k.visit_date + %s AND a.service_date >= c.effective_date
    AND (c.termination_date IS NULL OR a.service_date <= c.termination_date)
WHERE NOT EXISTS (
    SELECT 1 FROM eligibility_eligibilitycheck o WHERE o.coverage_id = c.id AND NOT o.is_deleted
    AND (o.visit_date = a.service_date AND (o.status = 'Pending' OR o.id > k.id)
        OR o.id >= k.id AND o.status IN ('Active', 'Inactive')
            AND a.service_date BETWEEN o.covers_from AND o.covers_until))
ORDER BY c.id, a.service_date, a.starts_at
"""


def uncovered_visits(check_ids: Sequence[UUID]) -> list[Uncovered]:
    """Coming visits under the coverages of these settled checks that no answer speaks of."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCOVERED, [list(check_ids), _HORIZON_DAYS])
        return [Uncovered(*row) for row in cursor.fetchall()]
