"""What an input says, as plain values for JSON; others read these keys, so they keep their names.

Raw codes as they stand in the file, dates ISO, amounts decimal strings, absent is None.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from tradingpartners.x12.conformance.findings import content_findings, read_and_checked
from tradingpartners.x12.envelope.values import (
    Event,
    FunctionalGroup,
    GroupClosed,
    GroupOpened,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeClosed,
    InterchangeHeader,
    InterchangeOpened,
    Reading,
    RefusedSet,
    TransactionSet,
)
from tradingpartners.x12.errors import Finding, X12Error, cap_findings
from tradingpartners.x12.parties import read_trace
from tradingpartners.x12.reports.description import describe_finding
from tradingpartners.x12.reports.json_270 import inspect_270
from tradingpartners.x12.reports.json_271 import inspect_271
from tradingpartners.x12.reports.json_278 import inspect_278
from tradingpartners.x12.reports.json_999 import inspect_999
from tradingpartners.x12.reports.json_values import Json, json_trace
from tradingpartners.x12.reports.survey import Survey, checked_by
from tradingpartners.x12.reports.verdicts import Asked, decide, json_verdict
from tradingpartners.x12.segments import Delimiters, element_at
from tradingpartners.x12.ts271.values import EligibilityResponse


def inspection(reading: Reading, *, asked: Asked | None = None) -> Json:
    """Everything read, and every finding in one list; with a day asked about, the verdicts for it."""
    findings = list(reading.findings)
    interchanges = []
    for interchange in reading.interchanges:
        described, found = _interchange(interchange, asked)
        interchanges.append(described)
        findings += found
    return {
        "interchanges": interchanges,
        "findings": [finding_in_place(finding) for finding in cap_findings(findings)],
    }


def inspect_stream(events: Iterable[Event], *, asked: Asked | None = None) -> Iterator[str]:
    """The document of `inspection` as JSON text, piece by piece: one set at a time, in flat memory.

    X12Error comes, if it comes, before the first piece, unless there is a NUL in the input.
    """
    return _Document(asked).pieces(events)


def unreadable(error: X12Error) -> Json:
    """What is said of an input of which nothing could be read."""
    return {
        "interchanges": [],
        "findings": [],
        "error": {"code": error.code.value, "offset": error.offset},
    }


def survey(events: Iterable[Event]) -> Survey:
    """What is wrong with an input that comes as a stream."""
    survey = Survey()
    for event in events:
        survey.event(event)
        if isinstance(event, TransactionSet):
            survey.transaction(event, content_findings(event, event.delimiters))
    return survey


def _interchange(interchange: Interchange, asked: Asked | None) -> tuple[Json, list[Finding]]:
    findings: list[Finding] = []
    groups = []
    for group in interchange.groups:
        described, found = _group(group, interchange.delimiters, asked)
        groups.append(described)
        findings += found
    return {
        **_header(interchange.header),
        "complete": interchange.complete,
        "acknowledgements": [_interchange_acknowledgement(a) for a in interchange.acknowledgements],
        "groups": groups,
    }, findings


def _header(header: InterchangeHeader) -> Json:
    return {
        "control_number": header.control_number,
        "sender": header.sender,
        "receiver": header.receiver,
        "usage": header.usage or None,
    }


def _interchange_acknowledgement(acknowledgement: InterchangeAcknowledgement) -> Json:
    return {
        "control_number": acknowledgement.control_number,
        "code": acknowledgement.code or None,
        "note": acknowledgement.note or None,
    }


def _group(group: FunctionalGroup, delimiters: Delimiters, asked: Asked | None) -> tuple[Json, list[Finding]]:
    findings: list[Finding] = []
    transactions = []
    for transaction in group.transactions:
        described, found = _transaction(transaction, delimiters, asked)
        transactions.append(described)
        findings += found
    return {
        **_group_header(group),
        "transactions": transactions,
        "refused": [_refused(each) for each in group.refused],
    }, findings


def _group_header(group: FunctionalGroup | GroupOpened) -> Json:
    return {"control_number": group.control_number, "functional_id": group.functional_id}


def _refused(refused: RefusedSet) -> Json:
    """An ST of which no set could be read; `position` counts the STs of its group from 0."""
    return {
        "control_number": refused.control_number or None,
        "set": refused.set_id or None,
        "position": refused.position,
    }


def _transaction(
    transaction: TransactionSet, delimiters: Delimiters, asked: Asked | None
) -> tuple[Json, tuple[Finding, ...]]:
    segments = transaction.segments
    bht = next((segment for segment in segments if segment[0] == "BHT"), ["BHT"])
    described: Json = {
        "control_number": transaction.control_number,
        "set": transaction.set_id,
        "version": transaction.version,
        "checked": checked_by(transaction).value,
        "reference_identification": element_at(bht, 3) or None,
        "traces": [json_trace(read_trace(segment)) for segment in segments if segment[0] == "TRN"],
    }
    content, findings = read_and_checked(transaction, delimiters)
    if transaction.set_id not in _CONTENTS:
        return described, findings
    told = _CONTENTS[transaction.set_id](content)
    if asked and isinstance(content, EligibilityResponse):
        answers = zip(content.answers, told["answers"], strict=True)
        told["answers"] = [
            {**each, "verdict": json_verdict(decide(answer, asked))} for answer, each in answers
        ]
    return described | told, findings


def finding_in_place(finding: Finding) -> Json:
    """A finding, and where it stands."""
    at = finding.at
    return {
        "code": finding.code.value,
        "interchange": at.interchange,
        "group": at.group,
        "transaction": at.transaction,
        "segment_number": at.segment_number,
        "segment_id": at.segment_id or None,
        "element": at.element,
        "component": at.component,
        "repetition": at.repetition,
        "loop": at.loop,
        "words": describe_finding(finding),
    }


class _Document:
    """Writes the document of an inspection while the events come; only findings are kept to the end."""

    def __init__(self, asked: Asked | None) -> None:
        self.asked = asked
        self.survey = Survey()
        self.acknowledgements: list[Json] = []
        self.refused: list[Json] = []
        # Whether something stands before, at each level that is open.
        self.interchanges = self.groups = self.sets = False

    def pieces(self, events: Iterable[Event]) -> Iterator[str]:
        coming = iter(events)
        first = list(islice(coming, 1))  # where nothing can be read, it is raised before a piece is out
        yield '{"interchanges": ['
        for event in chain(first, coming):
            self.survey.event(event)
            yield from self._event(event)
        found = [json.dumps(finding_in_place(finding)) for finding in self.survey.findings]
        yield '\n], "findings": [' + ",".join([f"\n  {finding}" for finding in found]) + "\n]}"

    def _event(self, event: Event) -> Iterator[str]:
        match event:
            case TransactionSet():
                described, findings = _transaction(event, event.delimiters, self.asked)
                self.survey.transaction(event, findings)
                yield f"{_comma(self.sets)}\n      {json.dumps(described)}"
                self.sets = True
            case RefusedSet():
                self.refused.append(_refused(event))
            case InterchangeAcknowledgement():
                self.acknowledgements.append(_interchange_acknowledgement(event))
            case InterchangeOpened():
                yield f'{_comma(self.interchanges)}\n  {_begun(_header(event.header))}, "groups": ['
                self.interchanges, self.groups = True, False
            case GroupOpened():
                yield f'{_comma(self.groups)}\n    {_begun(_group_header(event))}, "transactions": ['
                self.groups, self.sets = True, False
            case GroupClosed():
                yield f'\n    ], "refused": {json.dumps(self.refused)}}}'
                self.refused = []
            case InterchangeClosed():
                end = {"complete": event.complete, "acknowledgements": self.acknowledgements}
                yield f"\n  ], {json.dumps(end)[1:]}"
                self.acknowledgements = []


def _comma(follows: bool) -> str:
    return "," if follows else ""


def _begun(keys: Json) -> str:
    """An object that more keys follow in."""
    return json.dumps(keys)[:-1]


# For each ST01 what is said of what its reader read.
_CONTENTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "270": inspect_270,
    "271": inspect_271,
    "278": inspect_278,
    "997": inspect_999,
    "999": inspect_999,
}
