"""What an input says, as plain values for JSON; others read these keys, so they keep their names.

Raw codes as they stand in the file, dates ISO, amounts decimal strings, absent is None.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice

from tradingpartners.x12.acks import ImplementationAcknowledgement, read_999
from tradingpartners.x12.conformance import check_content
from tradingpartners.x12.coverage_status import status
from tradingpartners.x12.elements import plain
from tradingpartners.x12.envelope import (
    FunctionalGroup,
    Interchange,
    InterchangeAcknowledgement,
    Reading,
    TransactionSet,
)
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, X12Error, cap_findings
from tradingpartners.x12.parties import DateRange, Trace, read_trace
from tradingpartners.x12.segments import Delimiters, element_at
from tradingpartners.x12.ts270 import Inquiry
from tradingpartners.x12.ts270_reader import read_270
from tradingpartners.x12.ts271 import Answer, Benefit, EligibilityResponse, Rejection
from tradingpartners.x12.ts271_reader import read_271

Json = dict[str, object]


def inspection(reading: Reading) -> Json:
    """Everything read, and every finding in one list."""
    findings = list(reading.findings)
    interchanges = []
    for interchange in reading.interchanges:
        described, found = _interchange(interchange)
        interchanges.append(described)
        findings += found
    return {
        "interchanges": interchanges,
        "findings": [finding_in_place(finding) for finding in cap_findings(findings)],
    }


def unreadable(error: X12Error) -> Json:
    """What is said of an input of which nothing could be read."""
    return {"interchanges": [], "error": {"code": error.code.value, "offset": error.offset}}


def all_findings(reading: Reading) -> tuple[Finding, ...]:
    """The findings of the envelopes and of what is in them, the first ones of very many."""
    return cap_findings(list(islice(each_finding(reading), MOST_FINDINGS + 1)))


def each_finding(reading: Reading) -> Iterator[Finding]:
    """The findings of every set, however many there are before it: a 999 needs them."""
    yield from reading.findings
    for interchange in reading.interchanges:
        for group in interchange.groups:
            for transaction in group.transactions:
                yield from _content_findings(transaction, interchange.delimiters)


def _content_findings(transaction: TransactionSet, delimiters: Delimiters) -> tuple[Finding, ...]:
    read: tuple[Finding, ...] = ()
    if transaction.set_id == "271":
        read = read_271(transaction, delimiters).findings
    elif transaction.set_id == "270":
        read = read_270(transaction, delimiters).findings
    elif transaction.set_id in ("999", "997"):
        read = read_999(transaction).findings
    return check_content(transaction, delimiters, read=read)


def _interchange(interchange: Interchange) -> tuple[Json, list[Finding]]:
    findings: list[Finding] = []
    groups = []
    for group in interchange.groups:
        described, found = _group(group, interchange.delimiters)
        groups.append(described)
        findings += found
    header = interchange.header
    return {
        "control_number": header.control_number,
        "sender": header.sender,
        "receiver": header.receiver,
        "usage": header.usage or None,
        "complete": interchange.complete,
        "acknowledgements": [_interchange_acknowledgement(a) for a in interchange.acknowledgements],
        "groups": groups,
    }, findings


def _interchange_acknowledgement(acknowledgement: InterchangeAcknowledgement) -> Json:
    return {
        "control_number": acknowledgement.control_number,
        "code": acknowledgement.code or None,
        "note": acknowledgement.note or None,
    }


def _group(group: FunctionalGroup, delimiters: Delimiters) -> tuple[Json, list[Finding]]:
    findings: list[Finding] = []
    transactions = []
    for transaction in group.transactions:
        described, found = _transaction(transaction, delimiters)
        transactions.append(described)
        findings += found
    return {
        "control_number": group.control_number,
        "functional_id": group.functional_id,
        "transactions": transactions,
    }, findings


def _transaction(transaction: TransactionSet, delimiters: Delimiters) -> tuple[Json, tuple[Finding, ...]]:
    segments = transaction.segments
    bht = next((segment for segment in segments if segment[0] == "BHT"), ["BHT"])
    described: Json = {
        "control_number": transaction.control_number,
        "set": transaction.set_id,
        "version": transaction.version,
        "reference_identification": element_at(bht, 3) or None,
        "traces": [_trace(read_trace(segment)) for segment in segments if segment[0] == "TRN"],
    }
    if transaction.set_id == "271":
        response = read_271(transaction, delimiters)
        described["aaa"] = _rejections(response.rejections)
        described["answers"] = [_answer(answer, response) for answer in response.answers]
        return described, check_content(transaction, delimiters, read=response.findings)
    if transaction.set_id == "270":
        inquiry = read_270(transaction, delimiters)
        described["questions"] = [_question(question) for question in inquiry.questions]
        return described, check_content(transaction, delimiters, read=inquiry.findings)
    if transaction.set_id in ("999", "997"):
        acknowledgement = read_999(transaction)
        described["acknowledgement"] = _acknowledgement(acknowledgement)
        return described, check_content(transaction, delimiters, read=acknowledgement.findings)
    return described, check_content(transaction, delimiters)


def _trace(trace: Trace) -> Json:
    return {
        "type": trace.type or None,
        "number": trace.number or None,
        "originator": trace.originator or None,
    }


def _answer(answer: Answer, response: EligibilityResponse) -> Json:
    return {
        "is_dependent": answer.is_dependent,
        "member_id": answer.member_id,
        "last_name": answer.last_name,
        "first_name": answer.first_name,
        "birth_date": _iso(answer.birth_date),
        "status": status(answer, response.rejections, None).value,
        "dates": _dates(answer.dates),
        "aaa": _rejections(answer.rejections),
        "benefits": [_benefit(benefit) for benefit in answer.benefits],
        "traces": [_trace(trace) for trace in answer.traces],
    }


def _benefit(benefit: Benefit) -> Json:
    return {
        "code": benefit.code or None,
        "coverage_level": benefit.coverage_level,
        "service_types": list(benefit.service_types),
        "insurance_type": benefit.insurance_type,
        "plan": benefit.plan,
        "period": benefit.period,
        "amount": _decimal(benefit.amount),
        "percent": _decimal(benefit.percent),
        "quantity_qualifier": benefit.quantity_qualifier,
        "quantity": _decimal(benefit.quantity),
        "authorization_required": benefit.authorization_required,
        "in_network": benefit.in_network,
        "dates": _dates(benefit.dates),
        "messages": list(benefit.messages),
        "segment_number": benefit.segment_number,
    }


def _question(question: Inquiry) -> Json:
    ranged = question.service_date_end is not None
    return {
        "is_dependent": question.is_dependent,
        "member_id": question.member_id,
        "last_name": question.last_name,
        "first_name": question.first_name,
        "birth_date": _iso(question.birth_date),
        "service_types": list(question.service_types),
        "date": None if ranged else _iso(question.service_date),
        "from": _iso(question.service_date) if ranged else None,
        "to": _iso(question.service_date_end),
        "traces": [_trace(trace) for trace in question.traces],
    }


def _acknowledgement(acknowledgement: ImplementationAcknowledgement) -> Json:
    return {
        "functional_id": acknowledgement.functional_id or None,
        "group_control_number": acknowledgement.group_control_number or None,
        "code": acknowledgement.code,
        "received": acknowledgement.received,
        "accepted": acknowledgement.accepted,
        "sets": [
            {"set": each.set_id, "control_number": each.control_number, "code": each.code}
            for each in acknowledgement.sets
        ],
    }


def _rejections(rejections: Iterable[Rejection]) -> list[Json]:
    return [
        {
            "loop": rejection.loop,
            "valid_request": rejection.valid_request,
            "code": rejection.code,
            "follow_up": rejection.follow_up,
        }
        for rejection in rejections
    ]


def _dates(dates: Iterable[DateRange]) -> list[Json]:
    return [
        {"qualifier": each.qualifier, "date": _iso(each.begin)}
        if each.end is None
        else {"qualifier": each.qualifier, "from": _iso(each.begin), "to": _iso(each.end)}
        for each in dates
    ]


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
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
