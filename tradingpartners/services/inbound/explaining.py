"""What is wrong with a delivery: kept as codes and places when it is read, told as such."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from tradingpartners import x12
from tradingpartners.models import InboundDelivery
from tradingpartners.services import telling
from tradingpartners.services.inbound.sets import Reading

log = logging.getLogger(__name__)

LOOKS_LIKE = "looks_like_"


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
    return errors + [Explained(**finding) for finding in delivery.findings]


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
    if (delivery.error, delivery.findings) != (reading.error, findings):
        delivery.error, delivery.findings = reading.error, findings
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
