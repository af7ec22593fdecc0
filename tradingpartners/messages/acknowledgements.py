"""What we tell the sender of a file: TA1 and 999, from what the codec finds in its bytes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tradingpartners import x12
from tradingpartners.models import TradingPartner

_WHEN = TradingPartner.Acknowledge
_FUNCTIONAL_ID, _VERSION = "FA", "005010X231A1"
_ACCEPTED, _REJECTED = "A", "R"


class Verdict(NamedTuple):
    """What one interchange of a partner's is told: a TA1, 999s, or both."""

    note: x12.InterchangeAcknowledgement | None
    groups: tuple[x12.ImplementationAcknowledgement, ...]

    @property
    def transaction_set(self) -> str:
        return "999" if self.groups else "TA1"


def verdicts(content: bytes, partner: TradingPartner, *, now: datetime) -> list[Verdict]:
    """For each interchange that is to be acknowledged, by the partner's `send_ta1`, `send_999` and
    `is_strict`; nothing for acknowledgements themselves (X12.5).

    Raises `x12.X12Error` where the bytes are no X12: nobody can be told of that.
    """
    policy = (
        x12.AcknowledgementPolicy.STRICT if partner.is_strict else x12.AcknowledgementPolicy.KEEP_READABLE
    )
    found = [_verdict(each, partner, policy, now) for each in x12.read(content).interchanges]
    return [each for each in found if each.note or each.groups]


def _verdict(
    interchange: x12.Interchange, partner: TradingPartner, policy: x12.AcknowledgementPolicy, now: datetime
) -> Verdict:
    """A rejecting TA1 goes alone: told R and A of the same sets, a sender sends them twice."""
    if interchange.acknowledgements and not interchange.groups:
        return Verdict(None, ())
    note = x12.acknowledge_interchange(interchange, now=now)
    is_told = _is_told(partner.send_ta1, note.code)
    if note.code == _REJECTED and is_told:
        return Verdict(note, ())
    groups = x12.acknowledge(interchange, policy=policy) if partner.send_999 != _WHEN.NEVER else ()
    told = tuple(each for each in groups if _is_told(partner.send_999, each.code or ""))
    return Verdict(note if is_told else None, told)


def _is_told(when: str, code: str) -> bool:
    return when == _WHEN.ALWAYS or when == _WHEN.ERRORS and code != _ACCEPTED


def write_verdict(verdict: Verdict, partner: TradingPartner, *, number: int, now: datetime) -> bytes:
    """The interchange that says it, under our own identity and control number."""
    groups = [
        x12.GroupEnvelope(
            functional_id=_FUNCTIONAL_ID,
            sender=partner.group_sender,
            receiver=partner.group_receiver,
            created=now,
            control_number=number,
            version=_VERSION,
            transactions=[
                x12.write_999(each, control_number=f"{place:04d}")
                for place, each in enumerate(verdict.groups, 1)
            ],
        )
    ]
    return x12.write_interchange(
        x12.InterchangeEnvelope(
            sender_qualifier=partner.sender_qualifier,
            sender=partner.sender_id,
            receiver_qualifier=partner.receiver_qualifier,
            receiver=partner.receiver_id,
            created=now,
            control_number=number,
            usage="T" if partner.is_test else "P",
        ),
        groups if verdict.groups else (),
        acknowledgements=[verdict.note] if verdict.note else [],
    )
