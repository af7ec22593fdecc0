"""An inspection in words for a biller, line by line."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from tradingpartners.x12.acks import read_999
from tradingpartners.x12.code_tables import in_words, words
from tradingpartners.x12.coverage_status import CoverageStatus, status
from tradingpartners.x12.elements import plain
from tradingpartners.x12.envelope import Interchange, Reading, TransactionSet
from tradingpartners.x12.errors import Finding
from tradingpartners.x12.parties import DateRange
from tradingpartners.x12.segments import Delimiters
from tradingpartners.x12.ts270 import Inquiry
from tradingpartners.x12.ts270_reader import read_270
from tradingpartners.x12.ts271 import Answer, Benefit, Rejection
from tradingpartners.x12.ts271_reader import read_271

_STATUS = {
    CoverageStatus.ACTIVE: "covered",
    CoverageStatus.INACTIVE: "NOT covered",
    CoverageStatus.REJECTED: "REJECTED: the payer could not answer",
    CoverageStatus.UNKNOWN: "UNCLEAR: the answer does not say whether covered",
}
_ACCEPTED = {"A": "accepted", "E": "accepted, errors noted", "P": "partly accepted"}
_NETWORK = {"Y": "in network", "N": "out of network"}


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
        verdict = _ACCEPTED.get(note.code, "REJECTED")
        yield f"  Interchange {note.control_number} was {verdict} (note {note.note})"
    for group in interchange.groups:
        for transaction in group.transactions:
            yield f"  {transaction.set_id} number {transaction.control_number}"
            for line in _transaction(transaction, interchange.delimiters):
                yield f"    {line}"


def _transaction(transaction: TransactionSet, delimiters: Delimiters) -> Iterator[str]:
    if transaction.set_id == "271":
        response = read_271(transaction, delimiters)
        if response.payer:
            yield f"Answer of {response.payer.last_name}"
        yield from _rejections(response.rejections)
        for answer in response.answers:
            yield from _answer(answer, status(answer, response.rejections, None))
    elif transaction.set_id == "270":
        for question in read_270(transaction, delimiters).questions:
            yield _question(question)
    elif transaction.set_id in ("999", "997"):
        acknowledgement = read_999(transaction)
        verdict = _ACCEPTED.get(acknowledgement.code or "", "REJECTED")
        yield (
            f"Group {acknowledgement.group_control_number} was {verdict}: "
            f"{acknowledgement.accepted} of {acknowledgement.received} sets"
        )
        for each in acknowledgement.sets:
            if not each.accepted:
                yield f"  Set {each.control_number} was REJECTED"
    else:
        yield f"{transaction.segment_count} segments, not read further"


def _answer(answer: Answer, verdict: CoverageStatus) -> Iterator[str]:
    role = "dependent" if answer.is_dependent else "subscriber"
    name = " ".join(part for part in (answer.first_name, answer.last_name) if part) or "nameless"
    born = f", born {answer.birth_date}" if answer.birth_date else ""
    yield f"{name} ({role}, member {answer.member_id or 'unknown'}{born}): {_STATUS[verdict]}"
    for period in answer.dates:
        yield f"  date {period.qualifier}: {_date(period)}"
    for line in _rejections(answer.rejections):
        yield f"  {line}"
    for benefit in answer.benefits:
        yield f"  {_benefit(benefit)}"


def _benefit(benefit: Benefit) -> str:
    parts = [in_words("benefit", benefit.code)]
    if benefit.service_types:
        parts[0] += f" for {', '.join(in_words('service_type', code) for code in benefit.service_types)}"
    if benefit.coverage_level:
        parts.append(in_words("coverage_level", benefit.coverage_level))
    if benefit.amount is not None:
        parts.append(f"${plain(benefit.amount)}")
    if benefit.percent is not None:
        parts.append(_percent(benefit.percent))
    if benefit.quantity is not None:
        parts.append(f"{plain(benefit.quantity)} {benefit.quantity_qualifier or ''}".strip())
    if benefit.period:
        parts.append(f"per period: {in_words('period', benefit.period)}")
    if benefit.in_network in _NETWORK:
        parts.append(_NETWORK[benefit.in_network])
    if benefit.authorization_required == "Y":
        parts.append("authorization needed")
    if benefit.plan:
        parts.append(benefit.plan)
    return "; ".join([*parts, *benefit.messages])


def _percent(share: Decimal) -> str:
    """EB08 is a fraction of one; some payers send the percentage itself."""
    return f"{plain((share * 100 if share <= 1 else share).normalize())}%"


def _rejections(rejections: Iterable[Rejection]) -> Iterator[str]:
    for rejection in rejections:
        what = in_words("rejection", rejection.code or "")
        then = in_words("follow_up", rejection.follow_up) if rejection.follow_up else "no advice"
        yield f"Rejected at {rejection.loop}: {what} ({rejection.code}); {then}"


def _question(question: Inquiry) -> str:
    name = " ".join(part for part in (question.first_name, question.last_name) if part) or "nameless"
    types = ", ".join(in_words("service_type", code) for code in question.service_types)
    asked = _date(DateRange("", question.service_date, question.service_date_end))
    return f"Asks about {name} (member {question.member_id or 'unknown'}) on {asked}: {types or 'nothing'}"


def _date(period: DateRange) -> str:
    if period.begin is None:
        return "no date"
    return str(period.begin) if period.end is None else f"{period.begin} to {period.end}"
