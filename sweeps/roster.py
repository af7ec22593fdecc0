"""Who is asked about: one statement freezes the roster of a run.

Visits in the window, joined to every coverage that is active on the visit's day by the dates
people entered. A patient's first visit under a coverage stands for it; no coverage at all on a day
is a row of its own, skipped at once. The payer filter chooses who is on the roster: a patient
whose active coverages are all of other payers is not.
"""

from __future__ import annotations

from django.db import connection

from sweeps.models import SweepRun

NO_COVERAGE = "No active coverage on the service date"

_ROSTER = """
INSERT INTO sweeps_sweeprunmember (run_id, patient_id, coverage_id, payer_id, appointment_id,
    service_date, state, outcome, failure_reason)
SELECT %(run)s, m.patient_id, m.coverage_id, m.payer_id, m.appointment_id, m.service_date,
    CASE WHEN m.coverage_id IS NULL THEN 'skipped' ELSE 'queued' END, '',
    CASE WHEN m.coverage_id IS NULL THEN %(no_coverage)s ELSE '' END
FROM (
    SELECT DISTINCT ON (a.patient_id, c.id) a.patient_id, c.id AS coverage_id, n.payer_id,
        a.id AS appointment_id, a.service_date, a.starts_at
    FROM practice_appointment a
    JOIN practice_patient p ON p.id = a.patient_id AND NOT p.is_deleted AND NOT p.self_pay
    LEFT JOIN coverage_coverage c ON c.patient_id = a.patient_id AND c.is_active
        AND NOT c.is_deleted AND c.effective_date <= a.service_date
        AND (c.termination_date IS NULL OR c.termination_date >= a.service_date)
    LEFT JOIN coverage_insuranceplan n ON n.id = c.insurance_plan_id
    WHERE a.organization_id = %(organization)s AND NOT a.is_deleted AND NOT a.cancelled
        AND a.service_date BETWEEN %(first)s AND %(last)s
        AND (%(facility)s::uuid IS NULL OR a.facility_id = %(facility)s)
        AND (%(payers)s::uuid[] = '{}' OR c.id IS NULL OR n.payer_id = ANY(%(payers)s))
    ORDER BY a.patient_id, c.id, a.starts_at
) m ORDER BY m.starts_at
"""


def fill(run: SweepRun) -> int:
    """Write the run's members; returns how many. The primary keys keep the order of the visits."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ROSTER,
            {
                "run": run.pk,
                "organization": run.organization_id,
                "first": run.window_from,
                "last": run.window_to,
                "facility": run.facility_id,
                "payers": [str(payer_id) for payer_id in run.payer_ids],
                "no_coverage": NO_COVERAGE,
            },
        )
        return int(cursor.rowcount)
