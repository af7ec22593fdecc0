"""The text of a transaction as it went over the wire: opened for a reason, and logged."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from eligibility.models import BenefitDetail, EligibilityCheck
from practice.models import User
from tradingpartners import x12
from tradingpartners.messages import ReadSet, dialect_of
from tradingpartners.models import Interchange, TradingPartner, Transaction
from tradingpartners.services import payloads


@dataclass(frozen=True)
class Raw:
    """The text, explained segment by segment where it is X12; and what changed since the last answer."""

    text: str
    segments: Sequence[x12.ExplainedSegment]
    changes: Sequence[tuple[str, str]]
    benefits: dict[int, str]


def open_raw(user: User, transaction: Transaction, check: EligibilityCheck | None) -> Raw | None:
    """None where no text is kept: it was never written, it came torn, or only its envelope is known."""
    text = _text(user, transaction, check)
    if not text:
        return None
    is_answer = transaction.direction == "in" or (check is not None and text == check.raw_response)
    return Raw(
        text,
        x12.explain_set(text),
        _changes(user, check, text) if check is not None and is_answer else [],
        _benefits(check) if check is not None and is_answer else {},
    )


def _text(user: User, transaction: Transaction, check: EligibilityCheck | None) -> str | None:
    if transaction.direction == "in":
        return _incoming(user, transaction)
    if check is not None and check.transaction_trace_number == transaction.trace_number:
        text: str | None = check.raw_request
        return text
    return _outgoing(user, transaction)


def _outgoing(user: User, transaction: Transaction) -> str | None:
    if transaction.interchange_id is None:
        return None
    interchange = (
        Interchange.objects.visible_to(user)
        .filter(pk=transaction.interchange_id)
        .select_related("payload", "partner")
        .first()
    )
    if interchange is None or interchange.payload is None:
        return None
    texts = dialect_of(interchange.partner).texts_of(payloads.content_of(interchange.payload))
    return texts.get(transaction.set_control_number)


def _incoming(user: User, transaction: Transaction) -> str | None:
    read = read_set(user, transaction)
    return read.text if read else None


def read_set(user: User, transaction: Transaction) -> ReadSet | None:
    """The set something that came stands for, read anew from the bytes that were kept."""
    from_delivery = Transaction.objects.visible_to(user).filter(pk=transaction.pk)
    delivery = from_delivery.select_related("delivery__payload").get().delivery
    if delivery is None or delivery.payload is None:
        return None
    partner = TradingPartner.all_objects.visible_to(user).get(pk=transaction.partner_id)
    position = 0
    try:
        for event in dialect_of(partner).read(payloads.content_of(delivery.payload)):
            if isinstance(event, ReadSet):
                position += 1
                if position == transaction.position:
                    return event
    except x12.X12Error:
        return None
    return None


def _changes(user: User, check: EligibilityCheck, text: str) -> list[tuple[str, str]]:
    """Segments that the answer before this one had otherwise: ("-" or "+", segment)."""
    before = (
        EligibilityCheck.objects.visible_to(user)
        .filter(coverage=check.coverage_id, response_received__isnull=False, pk__lt=check.pk)
        .exclude(raw_response=None)
        .order_by("-pk")
        .first()
    )
    if before is None or before.raw_response is None:
        return []
    return _differing(_comparable(before.raw_response), _comparable(text))


def _differing(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    """Whole segments only: what changed inside of one is two lines."""
    found: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for what, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if what != "equal":
            found += [("-", segment) for segment in old[old_from:old_to]]
            found += [("+", segment) for segment in new[new_from:new_to]]
    return found


# Numbers and times of the message itself differ every time and say nothing.
_OF_THE_MESSAGE = {"ST", "BHT", "TRN", "SE"}


def _comparable(text: str) -> list[str]:
    return [each.text for each in x12.explain_set(text) if each.segment_id not in _OF_THE_MESSAGE]


def _benefits(check: EligibilityCheck) -> dict[int, str]:
    """Segment number → the service whose benefit was read from it."""
    rows = BenefitDetail.objects.filter(eligibility_check=check.pk).values_list("service_category", "sources")
    return {number: service for service, sources in rows for number in sources}
