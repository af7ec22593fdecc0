"""An inspection in words for a biller, line by line."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tradingpartners.x12.code_tables import in_words, words
from tradingpartners.x12.conformance.findings import read_and_checked
from tradingpartners.x12.envelope.values import (
    Event,
    InterchangeAcknowledgement,
    InterchangeClosed,
    InterchangeHeader,
    InterchangeOpened,
    Reading,
    RefusedSet,
    TransactionSet,
)
from tradingpartners.x12.errors import Finding, FindingCode
from tradingpartners.x12.parties import DateRange
from tradingpartners.x12.reports.survey import Checked, Survey, checked_by
from tradingpartners.x12.reports.verdicts import Asked, verdicts_in_words
from tradingpartners.x12.reports.wording import date_in_words, full_name
from tradingpartners.x12.reports.words_271 import describe_271
from tradingpartners.x12.reports.words_278 import describe_278
from tradingpartners.x12.reports.words_999 import describe_999, describe_ta1
from tradingpartners.x12.ts270.values import EligibilityInquiry, Inquiry
from tradingpartners.x12.ts271.values import EligibilityResponse

_REFUSALS = {FindingCode.SET_TRAILER_MISSING: "no SE"}


def describe(reading: Reading) -> Iterator[str]:
    """Every interchange of an input; findings are described apart."""
    return describe_stream(_events(reading), Survey())


def describe_stream(events: Iterable[Event], survey: Survey, *, asked: Asked | None = None) -> Iterator[str]:
    """What stands in an input, one set at a time, in flat memory; findings go to the survey."""
    for event in events:
        survey.event(event)
        match event:
            case InterchangeOpened():
                yield _interchange(event.header)
            case InterchangeAcknowledgement():
                yield f"  {describe_ta1(event)}"
            case TransactionSet():
                yield from _transaction(event, survey, asked)
            case RefusedSet():
                yield f"  {_refused(event)}"
            case InterchangeClosed(complete=False):
                yield f"Interchange {event.header.control_number} is CUT SHORT"


def describe_finding(finding: Finding) -> str:
    """One finding: what, and where to look."""
    at = finding.at
    what = _what(finding.code)
    place = f"segment {at.segment_number}"
    if at.segment_id:
        component = f"-{at.component}" if at.component else ""
        place += f" ({at.segment_id}{f'{at.element:02d}{component}' if at.element else ''})"
    if at.repetition:
        place += f", repetition {at.repetition},"
    if at.loop:
        place += f" in {at.loop}"
    if at.transaction:
        place += f" of set {at.transaction}"
    if at.interchange:
        place += f", interchange {at.interchange}"
    return f"{what}: {place}"


def _what(code: FindingCode) -> str:
    return words("finding").get(code.value, code.value.replace("_", " "))


def _events(reading: Reading) -> Iterator[Event]:
    """What was read, in the order it stands in the input."""
    yield from reading.findings
    for interchange in reading.interchanges:
        yield InterchangeOpened(interchange.header, interchange.delimiters, interchange.span[0])
        yield from interchange.acknowledgements
        for group in interchange.groups:
            yield from group.received()
        yield InterchangeClosed(
            interchange.header,
            len(interchange.groups),
            interchange.span,
            interchange.complete,
            interchange.repeated,
        )


def _interchange(header: InterchangeHeader) -> str:
    test = ", test" if header.usage == "T" else ""
    return f"Interchange {header.control_number} from {header.sender} to {header.receiver}{test}"


def _refused(refused: RefusedSet) -> str:
    text = f"{refused.set_id or 'Set'} number {refused.control_number or 'missing'}: NOT READ"
    if not refused.findings:
        return text
    why = refused.findings[-1].code  # what was found last ended it
    return f"{text} ({_REFUSALS.get(why, _what(why))})"


def _transaction(transaction: TransactionSet, survey: Survey, asked: Asked | None) -> Iterator[str]:
    only = "" if checked_by(transaction) is Checked.GUIDE else " (only its envelope was checked)"
    yield f"  {transaction.set_id} number {transaction.control_number}{only}"
    content, found = read_and_checked(transaction, transaction.delimiters)
    survey.transaction(transaction, found)
    if transaction.set_id not in _CONTENTS:
        yield f"    {transaction.segment_count} segments, not read further"
        return
    for line in _CONTENTS[transaction.set_id](content):
        yield f"    {line}"
    if asked and isinstance(content, EligibilityResponse):
        for line in verdicts_in_words(content, asked):
            yield f"    {line}"


def _eligibility_inquiry(inquiry: EligibilityInquiry) -> Iterator[str]:
    for question in inquiry.questions:
        yield _question(question)


def _question(question: Inquiry) -> str:
    name = full_name(question.first_name, question.middle_name, question.last_name, question.suffix)
    types = ", ".join(in_words("service_type", code) for code in question.service_types)
    asked = date_in_words(DateRange("", question.service_date, question.service_date_end))
    return f"Asks about {name} (member {question.member_id or 'unknown'}) on {asked}: {types or 'nothing'}"


# For each ST01 what is said in words of what its reader read.
_CONTENTS: dict[str, Callable[[Any], Iterator[str]]] = {
    "270": _eligibility_inquiry,
    "271": describe_271,
    "278": describe_278,
    "997": describe_999,
    "999": describe_999,
}
