"""What the sender of an input is told, as one input back: TA1 and 999 in envelopes of their own."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.acknowledgements.acknowledging import (
    AcknowledgementPolicy,
    Unanswerable,
    acknowledge,
    acknowledge_interchange,
    repeatable,
    why_unanswerable,
)
from tradingpartners.x12.conformance.findings import content_findings
from tradingpartners.x12.envelope.values import (
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    Reading,
)
from tradingpartners.x12.envelope.writing import (
    HIGHEST_CONTROL_NUMBER,
    GroupEnvelope,
    InterchangeEnvelope,
    write_interchange,
)
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, WriteErrorCode, X12WriteError
from tradingpartners.x12.segments import DEFAULT_DELIMITERS, Delimiters, check_delimiters
from tradingpartners.x12.ts999.values import FUNCTIONAL_ID, VERSION, ImplementationAcknowledgement
from tradingpartners.x12.ts999.writer import write_999

_SHORTEST_CODE, _LONGEST_CODE = 2, 15
_REJECTED = "R"


class TA1(StrEnum):
    """Which interchanges are answered with a TA1; one in which something is wrong always is."""

    ALWAYS = "always"
    # Where ISA14 asks for it, as X12 has it.
    ASKED = "asked"
    ON_ERRORS = "on_errors"


class UnansweredGroup(NamedTuple):
    """A group no 999 can speak of; the TA1 of its interchange rejects it."""

    control_number: str
    reason: Unanswerable


class AcknowledgedInterchange(NamedTuple):
    """One interchange that came: what TA1 says of it, and a 999 for each of its groups.

    Where TA1 rejects it there is no 999: told R and A of the same sets, a sender sends them twice.
    """

    control_number: str
    note: InterchangeAcknowledgement
    groups: tuple[ImplementationAcknowledgement, ...]
    unanswered: tuple[UnansweredGroup, ...] = ()

    @property
    def accepted(self) -> bool:
        """Without a note of any error."""
        return self.note.code == "A" and all(group.code == "A" for group in self.groups)


class UnansweredInterchange(NamedTuple):
    """An interchange whose sender cannot be written to: what of its header is not to be written."""

    control_number: str
    code: WriteErrorCode
    field: str


class AcknowledgementFile(NamedTuple):
    """All that is told of an input, and its bytes; none where nobody has to be told anything."""

    interchanges: tuple[AcknowledgedInterchange, ...]
    wire: bytes
    unanswered: tuple[UnansweredInterchange, ...] = ()
    # What is wrong and nobody is told of: outside of interchanges, in acknowledgements themselves.
    untold: tuple[Finding, ...] = ()
    # ISA13 and GS06 below it are spent.
    next_control_number: int = 1

    @property
    def accepted(self) -> bool:
        return not self.unanswered and not self.untold and all(each.accepted for each in self.interchanges)


def acknowledge_reading(
    reading: Reading,
    *,
    now: datetime,
    control_number: int,
    policy: AcknowledgementPolicy = AcknowledgementPolicy.KEEP_READABLE,
    ta1: TA1 = TA1.ASKED,
) -> AcknowledgementFile:
    """Answer every interchange of an input with one of its own.

    Control numbers are taken from `control_number` on, one for each interchange and for each group
    behind its first: ISA13, GS06 and ST02 never repeat for who goes on from `next_control_number`.
    X12WriteError where there are not as many.
    """
    answered: list[AcknowledgedInterchange] = []
    unanswered: list[UnansweredInterchange] = []
    untold = [finding for finding in reading.findings if finding.at.interchange is None]
    wires: list[bytes] = []
    number = control_number
    for interchange in reading.interchanges:
        untold += _of_acknowledgements(interchange)
        if not interchange.groups and interchange.acknowledgements:
            continue  # X12.5: a TA1 is not answered
        answer = _acknowledge(interchange, policy, now)
        note = [answer.note] if _is_told(interchange, answer.note, ta1) else []
        if not note and not answer.groups:
            answered.append(answer)
            continue
        spent = max(1, len(answer.groups))
        if not 0 < number <= HIGHEST_CONTROL_NUMBER - spent + 1:
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "control_number")
        try:
            wires.append(_write(interchange, answer, note, now, number))
        except X12WriteError as error:
            came = interchange.header.control_number
            unanswered.append(UnansweredInterchange(came, error.code, error.field))
        else:
            answered.append(answer)
            number += spent
    return AcknowledgementFile(tuple(answered), b"".join(wires), tuple(unanswered), tuple(untold), number)


def _of_acknowledgements(interchange: Interchange) -> list[Finding]:
    """What is wrong with TA1s' and 999s' own envelopes and contents: nobody answers them."""
    groups = [group for group in interchange.groups if group.functional_id == FUNCTIONAL_ID]
    found = [finding for group in groups for finding in group.findings]
    for group in groups:
        found += [finding for refused in group.refused for finding in refused.findings]
        for each in group.transactions:
            found += [*each.findings, *content_findings(each, interchange.delimiters)]
    if not interchange.groups and interchange.acknowledgements:
        found += interchange.findings
    return found[:MOST_FINDINGS]


def _acknowledge(
    interchange: Interchange, policy: AcknowledgementPolicy, now: datetime
) -> AcknowledgedInterchange:
    note = acknowledge_interchange(interchange, now=now)
    reasons = [(group.control_number, why_unanswerable(group)) for group in interchange.groups]
    return AcknowledgedInterchange(
        control_number=interchange.header.control_number,
        note=note,
        groups=() if note.code == _REJECTED else acknowledge(interchange, policy=policy),
        unanswered=tuple(UnansweredGroup(number, reason) for number, reason in reasons if reason),
    )


def _is_told(interchange: Interchange, note: InterchangeAcknowledgement, ta1: TA1) -> bool:
    asked = ta1 is TA1.ASKED and interchange.header.acknowledgement_requested
    return ta1 is TA1.ALWAYS or asked or note.code != "A"


def _write(
    interchange: Interchange,
    answer: AcknowledgedInterchange,
    note: list[InterchangeAcknowledgement],
    now: datetime,
    control_number: int,
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
    came = [group for group in interchange.groups if group.functional_id != FUNCTIONAL_ID]
    groups = [
        GroupEnvelope(
            functional_id=FUNCTIONAL_ID,
            sender=_application(group, header.receiver, sends=True),
            receiver=_application(group, header.sender, sends=False),
            created=now,
            control_number=number,
            version=VERSION,
            transactions=[write_999(each, control_number=f"{number:09}", delimiters=delimiters)],
        )
        # Where there is any 999 there is one for each of them.
        for number, (group, each) in enumerate(zip(came, answer.groups, strict=False), control_number)
    ]
    return write_interchange(envelope, groups, acknowledgements=note, delimiters=delimiters)


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
