"""What the sender of an input is told, as one input back: TA1 and 999 in envelopes of their own."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tradingpartners.x12.acknowledgements.acknowledging import (
    AcknowledgementPolicy,
    acknowledge,
    acknowledge_interchange,
    repeatable,
)
from tradingpartners.x12.acknowledgements.ts999 import (
    FUNCTIONAL_ID,
    VERSION,
    ImplementationAcknowledgement,
    write_999,
)
from tradingpartners.x12.envelope.values import (
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    Reading,
)
from tradingpartners.x12.envelope.writing import GroupEnvelope, InterchangeEnvelope, write_interchange
from tradingpartners.x12.errors import Finding, X12WriteError
from tradingpartners.x12.reports.inspection import each_finding
from tradingpartners.x12.segments import DEFAULT_DELIMITERS, Delimiters, check_delimiters

_SHORTEST_CODE, _LONGEST_CODE = 2, 15


class AcknowledgedInterchange(NamedTuple):
    """One interchange that came: its TA1, and a 999 for each of its groups."""

    control_number: str
    note: InterchangeAcknowledgement
    groups: tuple[ImplementationAcknowledgement, ...]

    @property
    def accepted(self) -> bool:
        """Without a note of any error."""
        return self.note.code == "A" and all(group.code == "A" for group in self.groups)


class AcknowledgementFile(NamedTuple):
    """All that is told of an input, and its bytes; none where it held acknowledgements only."""

    interchanges: tuple[AcknowledgedInterchange, ...]
    wire: bytes

    @property
    def accepted(self) -> bool:
        return all(each.accepted for each in self.interchanges)


def acknowledge_reading(
    reading: Reading,
    *,
    now: datetime,
    control_number: int,
    policy: AcknowledgementPolicy = AcknowledgementPolicy.KEEP_READABLE,
) -> AcknowledgementFile:
    """Answer every interchange of an input with one of its own, numbered from `control_number` on.

    X12WriteError where a name that the answer must go to cannot be written.
    """
    findings = _by_interchange(each_finding(reading))
    answered: list[AcknowledgedInterchange] = []
    wires: list[bytes] = []
    for interchange in reading.interchanges:
        if not interchange.groups and interchange.acknowledgements:
            continue  # X12.5: a TA1 is not answered
        number = interchange.header.control_number
        found = findings.get(number, [])
        note = acknowledge_interchange(interchange, found, now=now)
        groups = acknowledge(interchange, found, policy=policy)
        answered.append(AcknowledgedInterchange(number, note, groups))
        wires.append(_write(interchange, answered[-1], now, control_number + len(wires)))
    return AcknowledgementFile(tuple(answered), b"".join(wires))


def _by_interchange(findings: Iterable[Finding]) -> dict[str | None, list[Finding]]:
    found: dict[str | None, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.at.interchange, []).append(finding)
    return found


def _write(
    interchange: Interchange, answer: AcknowledgedInterchange, now: datetime, control_number: int
) -> bytes:
    """The interchange back: sender and receiver change places."""
    header = interchange.header
    envelope = InterchangeEnvelope(
        sender_qualifier=header.receiver_qualifier,
        sender=header.receiver,
        receiver_qualifier=header.sender_qualifier,
        receiver=header.sender,
        created=now,
        control_number=control_number,
        usage=header.usage if header.usage in ("P", "T") else "P",
    )
    delimiters = _writable_delimiters(interchange.delimiters)
    by_number = {group.control_number: group for group in interchange.groups}
    groups = [
        GroupEnvelope(
            functional_id=FUNCTIONAL_ID,
            sender=_application(by_number[each.group_control_number], header.receiver, sends=True),
            receiver=_application(by_number[each.group_control_number], header.sender, sends=False),
            created=now,
            control_number=number,
            version=VERSION,
            transactions=[write_999(each, control_number=f"{number:04}", delimiters=delimiters)],
        )
        for number, each in enumerate(answer.groups, 1)
    ]
    return write_interchange(envelope, groups, acknowledgements=[answer.note], delimiters=delimiters)


def _application(group: FunctionalGroup, otherwise: str, *, sends: bool) -> str:
    """GS02 or GS03 of the answer: the code in the group, or in its ISA where that cannot be repeated."""
    code = repeatable(group.receiver if sends else group.sender, _LONGEST_CODE)
    return code if len(code) >= _SHORTEST_CODE else otherwise


def _writable_delimiters(delimiters: Delimiters) -> Delimiters:
    """The sender's own, which it can read for certain, where they may be written."""
    try:
        check_delimiters(delimiters)
    except X12WriteError:
        return DEFAULT_DELIMITERS
    return delimiters if delimiters.repetition else DEFAULT_DELIMITERS
