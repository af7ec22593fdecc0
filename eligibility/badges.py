"""The badge of a visit: what is known about its day, from the coverages that pay first.

Ready when every coverage of the lowest rank that applies on the day is active; a later answer
never hides an earlier, better one for the same day. Written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from eligibility.models import EligibilityCheck

# An answer older than this says nothing about a coming visit.
_STALE_AFTER_DAYS = 30

_REFRESH = """
WITH visit AS (
    SELECT a.id, a.patient_id, a.service_date FROM practice_appointment a
    WHERE a.patient_id = ANY(%(patients)s) AND a.service_date >= %(since)s
    AND NOT a.is_deleted AND NOT a.cancelled
), applies AS (
    SELECT v.id AS visit_id, v.service_date, c.id AS coverage_id,
        rank() OVER (PARTITION BY v.id ORDER BY c.rank) AS place
    FROM visit v LEFT JOIN coverage_coverage c ON c.patient_id = v.patient_id AND c.is_active
        AND NOT c.is_deleted AND c.effective_date <= v.service_date
        AND (c.termination_date IS NULL OR c.termination_date >= v.service_date)
), told AS (
    SELECT a.visit_id, a.coverage_id, k.id AS check_id, k.status, k.response_received
    FROM applies a LEFT JOIN LATERAL (
        SELECT k.id, k.status, k.response_received FROM eligibility_eligibilitycheck k
        WHERE k.coverage_id = a.coverage_id AND NOT k.is_deleted AND (
            (k.status IN ('Active', 'Inactive')
                AND a.service_date BETWEEN k.covers_from AND k.covers_until
                AND k.response_received > now() - make_interval(days => %(stale)s))
            OR (k.status IN ('Pending', 'Unknown', 'Error') AND k.visit_date = a.service_date))
        ORDER BY k.status IN ('Active', 'Inactive') DESC, k.id DESC LIMIT 1
    ) k ON true WHERE a.place = 1
), badge AS (
    SELECT visit_id,
        CASE WHEN bool_or(coverage_id IS NULL) THEN 'Unknown'
            WHEN bool_or(status = 'Inactive') THEN 'Inactive'
            WHEN bool_or(status IN ('Unknown', 'Error')) THEN 'Unknown'
            WHEN bool_and(COALESCE(status = 'Active', false)) THEN 'Active'
            ELSE 'Pending' END AS status,
        max(response_received) AS as_of, max(check_id::text)::uuid AS check_id
    FROM told GROUP BY visit_id
)
UPDATE practice_appointment a SET eligibility_status = b.status, eligibility_as_of = b.as_of,
    eligibility_check = b.check_id
FROM badge b WHERE a.id = b.visit_id AND (a.eligibility_status, a.eligibility_as_of,
    a.eligibility_check) IS DISTINCT FROM (b.status, b.as_of, b.check_id)
"""


def refresh_badges(checks: Sequence[EligibilityCheck]) -> None:
    """Recompute, in one statement, the badges of the visits these checks may speak of: their
    patients', from the earliest of their visits on."""
    since = min(check.visit_date or check.service_date for check in checks)
    patients = sorted({check.patient_id for check in checks})
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, {"patients": patients, "since": since, "stale": _STALE_AFTER_DAYS})
