"""All that is wrong with an input: its envelopes, what readers could not read, what guides forbid."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from tradingpartners.x12.conformance.checker import check_content
from tradingpartners.x12.envelope.values import Reading, TransactionSet
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, cap_findings
from tradingpartners.x12.segments import Delimiters
from tradingpartners.x12.ts270.reader import read_270
from tradingpartners.x12.ts271.reader import read_271
from tradingpartners.x12.ts278.reader import read_278
from tradingpartners.x12.ts999.reader import read_999
from tradingpartners.x12.ts999.values import ImplementationAcknowledgement


def _read_acknowledgement(
    transaction: TransactionSet, delimiters: Delimiters
) -> ImplementationAcknowledgement:
    return read_999(transaction)


# For each ST01 what reads the set, to a value with `findings`.
READERS: dict[str, Callable[[TransactionSet, Delimiters], Any]] = {
    "270": read_270,
    "271": read_271,
    "278": read_278,
    "997": _read_acknowledgement,
    "999": _read_acknowledgement,
}


def all_findings(reading: Reading) -> tuple[Finding, ...]:
    """The findings of the envelopes and of what is in them, the first ones of very many."""
    return cap_findings(list(islice(each_finding(reading), MOST_FINDINGS + 1)))


def each_finding(reading: Reading) -> Iterator[Finding]:
    """The findings of every set, however many there are before it."""
    yield from reading.findings
    for interchange in reading.interchanges:
        for group in interchange.groups:
            for transaction in group.transactions:
                yield from content_findings(transaction, interchange.delimiters)


def content_findings(transaction: TransactionSet, delimiters: Delimiters) -> tuple[Finding, ...]:
    """What is wrong with a set between its ST and SE; one place is told of once."""
    return read_and_checked(transaction, delimiters)[1]


def read_and_checked(transaction: TransactionSet, delimiters: Delimiters) -> tuple[Any, tuple[Finding, ...]]:
    """What a set says, None where nobody reads its kind, and what is wrong with it."""
    if transaction.set_id not in READERS:
        return None, check_content(transaction, delimiters)
    content = READERS[transaction.set_id](transaction, delimiters)
    return content, check_content(transaction, delimiters, read=content.findings)
