"""Both sides' books of one run: our rows against the simulator's journal, trace by trace."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from eligibility.models import EligibilityCheck
from practice.models import Appointment, Patient
from practice.tenancy import tenant
from sweeps.models import SweepRun
from tradingpartners.models import Transaction, trace_number

Status = EligibilityCheck.Status
State = Transaction.State

# What we must say where the payer meant this. 42 and 80 are outages, whatever they are called.
_OUTAGES = {"42", "80"}


class Journal(NamedTuple):
    """What the simulator received, and what it meant by each answer it gave."""

    asked: Counter[str]
    truths: dict[str, dict[str, Any]]


def read_journal(path: Path) -> Journal:
    """By our trace numbers: a clearinghouse asks a payer under its own, and books ours beside it."""
    asked: Counter[str] = Counter()
    truths: dict[str, dict[str, Any]] = {}
    ours: dict[str, str] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry["event"] == "270":
                trace = ours[entry["trace"]] = entry.get("submitterTransactionIdentifier") or entry["trace"]
                asked[trace] += 1
            elif entry["event"] in {"271", "no_answer"}:
                trace = ours.get(entry["trace"], entry["trace"])
                truths[trace] = entry.get("truth") or {"status": "none"}
    return Journal(asked, truths)


def summary(organization_id: UUID, run: SweepRun, journal: Journal, *, seconds: float) -> dict[str, Any]:
    """The figures of a finished run; `reconciled` is true only if nothing at all disagrees."""
    with tenant(organization_id):
        counted = SweepRun.objects.with_counts().get(pk=run.pk)
        figures: dict[str, Any] = {
            "patients": Patient.objects.count(),
            "visits": Appointment.objects.count(),
            **{
                name: getattr(counted, name)
                for name in (
                    "roster", "received", "failed", "skipped", "active", "inactive", "unknown",
                    "aaa_rejected",
                )
            },
        }  # fmt: skip
        faults = [*_sums(counted), *_traces(journal), *_repeats(), *_verdicts(run, journal)]
    return {
        **figures,
        "questions": sum(journal.asked.values()),
        "seconds": round(seconds, 2),
        "members_per_second": round(figures["roster"] / seconds, 1) if seconds else None,
        "reconciled": not faults,
        "disagreements": faults[:20],
    }


def _sums(run: Any) -> list[str]:
    faults = []
    if run.state != SweepRun.State.COMPLETED:
        faults.append(f"run is {run.state}")
    if run.received + run.failed + run.skipped != run.roster:
        faults.append("received + failed + skipped is not the roster")
    if run.active + run.inactive + run.unknown != run.received:
        faults.append("active + inactive + unknown is not received")
    return faults


def _traces(journal: Journal) -> list[str]:
    """Every trace the payers saw is ours, once; every attempt we sent, they saw."""
    ours = {
        trace_number(pk): state
        for pk, state in Transaction.objects.attempts()
        .exclude(state__in=[State.PREPARED, State.NEVER_SENT])
        .exclude(error="worker_lost")  # marked sent, and killed before or after the wire
        .values_list("pk", "state")
    }
    known = {trace_number(pk) for pk in Transaction.objects.attempts().values_list("pk", flat=True)}
    return [
        *(f"the payer saw a trace we do not know: {t}" for t in journal.asked if t not in known),
        *(f"asked twice under one trace: {t}" for t, times in journal.asked.items() if times > 1),
        *(f"marked sent, never seen: {t}" for t in ours if t not in journal.asked),
    ]


def _repeats() -> list[str]:
    """Whoever was asked more than once about a visit was asked again for a reason that is written down."""
    checks = EligibilityCheck.objects.values_list("pk", "coverage_id", "visit_date", "service_type")
    about = {pk: tuple(rest) for pk, *rest in checks}
    sent: dict[Any, list[str]] = {}
    for subject, error in (
        Transaction.objects.attempts()
        .filter(sent_at__isnull=False, subject_id__in=about)
        .order_by("pk")
        .values_list("subject_id", "error")
    ):
        if subject is not None:
            sent.setdefault(about[subject], []).append(error)
    return [
        f"asked again without a reason: {who}"
        for who, errors in sent.items()
        if any(not error for error in errors[:-1])
    ]


def _verdicts(run: SweepRun, journal: Journal) -> list[str]:
    """Each check says what the payer meant by the attempt that decided it."""
    deciding: dict[Any, tuple[str, str]] = {}
    for subject, pk, state in (
        Transaction.objects.attempts()
        .filter(correlation_id=run.pk)
        .order_by("attempt", "pk")
        .values_list("subject_id", "pk", "state")
    ):
        if deciding.get(subject, ("", ""))[1] != State.ANSWERED:
            deciding[subject] = (trace_number(pk), state)
    faults = []
    for check in EligibilityCheck.objects.filter(correlation_id=run.pk).values("id", "status", "error_code"):
        trace, state = deciding.get(check["id"], ("", ""))
        truth = journal.truths.get(trace, {"status": "none"})
        if not _agrees(check["status"], check["error_code"], truth):
            faults.append(
                f"{trace} ({state}): we say {check['status']} {check['error_code']},"
                f" the payer meant {truth['status']} {truth.get('aaa') or ''}"
            )
    return faults


def _agrees(status: str, code: str, truth: dict[str, Any]) -> bool:
    match truth["status"]:
        case "active":
            return status == Status.ACTIVE
        case "inactive":
            return status == Status.INACTIVE
        case "unknown":
            return status == Status.UNKNOWN and not code
        case "rejected" if truth["aaa"] in _OUTAGES:
            return status == Status.UNKNOWN and code == truth["aaa"]
        case "rejected":
            return status == Status.ERROR and code == truth["aaa"]
        case _:
            return status == Status.UNKNOWN
