"""What is wrong with a delivery: kept as codes and places when it is read, told as such."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from practice.tenancy import current_actor_id
from tradingpartners import x12
from tradingpartners.models import InboundDelivery
from tradingpartners.services import telling
from tradingpartners.services.inbound.sets import Reading

log = logging.getLogger(__name__)

LOOKS_LIKE = "looks_like_"
# What people decided stands among the findings, under this code, and no reader takes it away.
_DECISION = "decision"


class Explained(NamedTuple):
    """One thing that is wrong: a code of the codec (`x12.X12ErrorCode`, `x12.FindingCode`) or of ours
    ("poison", "looks_like_pdf", "unknown_interchange"), and where.

    `offset` counts characters of the decoded text; the others are control numbers (ISA13, GS06,
    ST02) and positions: within a set ST is segment 1, outside of one ISA is.
    """

    code: str
    offset: int | None = None
    interchange: str | None = None
    group: str | None = None
    transaction: str | None = None
    segment: int | None = None
    segment_id: str | None = None
    element: int | None = None


def explain(delivery: InboundDelivery) -> list[Explained]:
    """Everything that is known to be wrong with it, the worst first; empty for a sound one."""
    errors = [Explained(delivery.error, offset=delivery.error_offset)] if delivery.error else []
    return errors + [Explained(**each) for each in delivery.findings if each["code"] != _DECISION]


class Decision(NamedTuple):
    """What a person did about a delivery, and why."""

    deed: str
    by: UUID
    reason: str
    at: datetime


def decisions(delivery: InboundDelivery) -> list[Decision]:
    """The oldest first."""
    return [
        Decision(each["deed"], UUID(each["by"]), each["reason"], datetime.fromisoformat(each["at"]))
        for each in _decided(delivery.findings)
    ]


def keep_decision(delivery: InboundDelivery, deed: str, reason: str, *, now: datetime) -> None:
    """On the locked row, by whoever is in context."""
    said = {"deed": deed, "by": str(current_actor_id()), "reason": reason.strip()[:200]}
    delivery.findings = [*delivery.findings, {"code": _DECISION, **said, "at": now.isoformat()}]
    delivery.save(update_fields=["findings"])


def _decided(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in findings if each["code"] == _DECISION]


def note(reading: Reading, remarks: Sequence[str]) -> None:
    """Keep what was found wrong, and tell of a file that is damaged or nothing we know."""
    delivery = reading.delivery
    if reading.error:
        log.warning(
            "unreadable delivery: delivery=%s code=%s offset=%s",
            delivery.pk,
            reading.error,
            reading.offset,
        )
    findings = [{"code": f"{LOOKS_LIKE}{reading.nature}"}] if reading.nature else []
    findings += [{"code": remark} for remark in remarks]
    findings += [_as_json(finding) for finding in reading.findings]
    known = [each for each in delivery.findings if each["code"] != _DECISION]
    if (delivery.error, known) != (reading.error, findings):
        # somebody may have decided since it was taken up
        now = InboundDelivery.objects.select_for_update().values_list("findings", flat=True)
        delivery.error, delivery.findings = reading.error, findings + _decided(now.get(pk=delivery.pk))
        delivery.error_offset = reading.offset if reading.error else None
        delivery.save(update_fields=["error", "error_offset", "findings"])
    if reading.holds_damage and delivery.settled_at is None and delivery.held_at is None:
        telling.unreadable_file(delivery, sorted({reading.error, *reading.damages} - {""}))


def _as_json(finding: x12.Finding) -> dict[str, Any]:
    at = finding.at
    known = {
        "code": finding.code.value,
        "interchange": at.interchange,
        "group": at.group,
        "transaction": at.transaction,
        "segment": at.segment_number,
        "segment_id": at.segment_id,
        "element": at.element,
    }
    return {name: value for name, value in known.items() if value is not None}
