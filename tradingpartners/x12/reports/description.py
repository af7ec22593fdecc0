"""An inspection in words for a biller, line by line."""

from collections.abc import Callable, Iterator
from typing import Any

from tradingpartners.x12.acknowledgements.ts999 import ImplementationAcknowledgement, read_999
from tradingpartners.x12.code_tables import in_words, words
from tradingpartners.x12.envelope.values import Interchange, Reading, TransactionSet
from tradingpartners.x12.errors import Finding
from tradingpartners.x12.parties import DateRange
from tradingpartners.x12.reports.wording import date_in_words, full_name
from tradingpartners.x12.reports.words_271 import describe_271
from tradingpartners.x12.reports.words_278 import describe_278
from tradingpartners.x12.reports.words_999 import describe_999, describe_ta1
from tradingpartners.x12.segments import Delimiters
from tradingpartners.x12.ts270.reader import read_270
from tradingpartners.x12.ts270.values import EligibilityInquiry, Inquiry
from tradingpartners.x12.ts271.reader import read_271
from tradingpartners.x12.ts278.reader import read_278


def describe(reading: Reading) -> Iterator[str]:
    """Every interchange of an input; findings are described apart."""
    for interchange in reading.interchanges:
        yield from _interchange(interchange)


def describe_finding(finding: Finding) -> str:
    """One finding: what, and where to look."""
    at = finding.at
    what = words("finding").get(finding.code.value, finding.code.value.replace("_", " "))
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


def _interchange(interchange: Interchange) -> Iterator[str]:
    header = interchange.header
    unfinished = "" if interchange.complete else ", CUT SHORT"
    test = ", test" if header.usage == "T" else ""
    yield (f"Interchange {header.control_number} from {header.sender} to {header.receiver}{test}{unfinished}")
    for note in interchange.acknowledgements:
        yield f"  {describe_ta1(note)}"
    for group in interchange.groups:
        for transaction in group.transactions:
            yield f"  {transaction.set_id} number {transaction.control_number}"
            for line in _transaction(transaction, interchange.delimiters):
                yield f"    {line}"


def _transaction(transaction: TransactionSet, delimiters: Delimiters) -> Iterator[str]:
    if transaction.set_id not in _CONTENTS:
        yield f"{transaction.segment_count} segments, not read further"
        return
    read_content, describe_content = _CONTENTS[transaction.set_id]
    yield from describe_content(read_content(transaction, delimiters))


def _eligibility_inquiry(inquiry: EligibilityInquiry) -> Iterator[str]:
    for question in inquiry.questions:
        yield _question(question)


def _question(question: Inquiry) -> str:
    name = full_name(question.first_name, question.middle_name, question.last_name, question.suffix)
    types = ", ".join(in_words("service_type", code) for code in question.service_types)
    asked = date_in_words(DateRange("", question.service_date, question.service_date_end))
    return f"Asks about {name} (member {question.member_id or 'unknown'}) on {asked}: {types or 'nothing'}"


def _read_acknowledgement(
    transaction: TransactionSet, delimiters: Delimiters
) -> ImplementationAcknowledgement:
    return read_999(transaction)


# For each ST01: what reads the set, and what says the value in words.
_CONTENTS: dict[str, tuple[Callable[[TransactionSet, Delimiters], Any], Callable[[Any], Iterator[str]]]] = {
    "270": (read_270, _eligibility_inquiry),
    "271": (read_271, describe_271),
    "278": (read_278, describe_278),
    "997": (_read_acknowledgement, describe_999),
    "999": (_read_acknowledgement, describe_999),
}
