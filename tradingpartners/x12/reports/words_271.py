"""A 271 in words for a biller, line by line."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tradingpartners.x12.code_tables import in_words, period_in_words, quantity_in_words
from tradingpartners.x12.elements import plain
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.parties import Diagnosis
from tradingpartners.x12.reports.headline import headline
from tradingpartners.x12.reports.wording import (
    address_in_words,
    contact_in_words,
    date_in_words,
    dated_in_words,
    delivery_in_words,
    entity_in_words,
    full_name,
    listed,
    name_in_words,
    percent_in_words,
    procedure_in_words,
    reference_in_words,
    rejections_in_words,
)
from tradingpartners.x12.ts271.values import (
    AdditionalInformation,
    Answer,
    Benefit,
    EligibilityResponse,
    MilitaryService,
)

# EB06 of what was used up or is left, before its figure.
_BEFORE = {"24": "used so far this year: ", "30": "exceeded: ", "31": "not exceeded: "}
# EB01 whose amount means little without its period.
_PER_PERIOD = frozenset("CFG")
# EB06 and EB01 of what is still owed before Medicaid pays.
_REMAINING, _SPEND_DOWN = "29", "Y"
_LONGEST_PERIOD = 2
_UNREADABLE = {7: "amount unreadable", 8: "share unreadable", 10: "quantity unreadable"}

# What is found unreadable or misplaced, by the number of its segment.
_Faults = Mapping[int, list[str]]
# EB12: four different things, and none of them is silence.
_NETWORK = {
    "Y": "in network",
    "N": "out of network",
    "W": "the same in and out of network",
    "U": "unknown whether in or out of network",
}
_AUTHORIZATION = {
    "Y": "authorization needed",
    "N": "no authorization needed",
    "U": "unknown whether authorization is needed",
}
# III01 of a place of service.
_PLACE = "ZZ"


def describe_271(response: EligibilityResponse) -> Iterator[str]:
    """Who answered, what was rejected, and every person answered for."""
    if response.payer:
        yield f"Answer of {response.payer.last_name}"
    for contact in response.payer_contacts:
        yield f"Ask the payer: {contact_in_words(contact)}"
    yield from rejections_in_words(response.rejections)
    faults = _faults(response)
    for answer in response.answers:
        yield from _answer(answer, response, faults)


def _faults(response: EligibilityResponse) -> _Faults:
    """What stands in an EB or below it and is no figure of it."""
    starts = sorted(b.segment_number for answer in response.answers for b in answer.benefits)
    faults: dict[int, list[str]] = {}
    for finding in response.findings:
        at = finding.at
        if finding.code is FindingCode.AMOUNT_MISPLACED:
            said = f"an amount stands in the wrong place (EB{at.element:02d})"
        elif finding.code is FindingCode.AMOUNT_INVALID:
            said = _UNREADABLE.get(at.element or 0, "") if at.segment_id == "EB" else "quantity unreadable"
        else:
            continue
        below = bisect_right(starts, at.segment_number)
        if said and below:
            faults.setdefault(starts[below - 1], []).append(said)
    return faults


def _answer(answer: Answer, response: EligibilityResponse, faults: _Faults) -> Iterator[str]:
    role = "dependent" if answer.is_dependent else "subscriber"
    name = full_name(answer.first_name, answer.middle_name, answer.last_name, answer.suffix)
    born = f", born {answer.birth_date}" if answer.birth_date else ""
    said = headline(answer, response.rejections)
    yield f"{name} ({role}, member {answer.member_id or 'unknown'}{born}): {said}"
    for line in _person(answer):
        yield f"  {line}"
    of_services = {each.segment_number for benefit in answer.benefits for each in benefit.rejections}
    own = [each for each in answer.rejections if each.segment_number not in of_services]
    for line in rejections_in_words(own):
        yield f"  {line}"
    for benefit in answer.benefits:
        yield f"  {_benefit(benefit, answer.diagnoses, faults.get(benefit.segment_number, ()))}"
        for line in rejections_in_words(benefit.rejections):
            yield f"    {line}"
        for entity in benefit.entities:
            yield f"    {entity_in_words(entity)}"


def _person(answer: Answer) -> Iterator[str]:
    """What the payer says of the person beside the benefits."""
    if answer.other_identifiers_changed:
        yield "The payer knows this person by other identifiers than those asked with"
    if answer.subscriber:
        yield f"Subscriber: {name_in_words(answer.subscriber)}"
    if answer.relationship and answer.is_dependent:
        yield f"Relationship to the subscriber: {in_words('relationship', answer.relationship)}"
    if answer.address:
        yield f"Address: {address_in_words(answer.address)}"
    for contact in answer.contacts:
        yield f"Contact: {contact_in_words(contact)}"
    if answer.provider:
        number = f", {answer.provider.number}" if answer.provider.number else ""
        yield f"Provider: {in_words('provider', answer.provider.code)}{number}"
    for reference in answer.references:
        yield reference_in_words(reference)
    if answer.diagnoses:
        yield f"Diagnoses: {', '.join(each.code for each in answer.diagnoses)}"
    if answer.military:
        yield f"Military service: {_military(answer.military)}"
    for period in answer.dates:
        yield dated_in_words(period)


def _military(military: MilitaryService) -> str:
    when = date_in_words(military.period) if military.period else ""
    employment = in_words("military_employment", military.employment) if military.employment else ""
    status = in_words("military_status", military.status) if military.status else ""
    service = in_words("military_service", military.affiliation) if military.affiliation else ""
    rank = f"rank {military.rank}" if military.rank else ""
    return listed([employment, service, military.description, rank, when, status]) or "no details"


def _benefit(benefit: Benefit, diagnoses: tuple[Diagnosis, ...], faults: Sequence[str]) -> str:
    """EB and what stands below it, but for the entities of 2120."""
    parts = [
        _subject(benefit),
        in_words("coverage_level", benefit.coverage_level) if benefit.coverage_level else "",
        in_words("insurance_type", benefit.insurance_type) if benefit.insurance_type else "",
        _figures(benefit),
        *faults,
        *[delivery_in_words(delivery) for delivery in benefit.deliveries],
        *_conditions(benefit),
        *[_additional(each) for each in benefit.additional],
        _diagnoses(benefit.diagnosis_pointers, diagnoses),
        benefit.plan or "",
        *[dated_in_words(period) for period in benefit.dates],
        *[reference_in_words(reference) for reference in benefit.references],
        *benefit.messages,
    ]
    # HSD often says again what EB09 and EB10 have said.
    return listed(dict.fromkeys(parts))


def _conditions(benefit: Benefit) -> Iterator[str]:
    """EB12 and EB11."""
    network, authorization = benefit.in_network, benefit.authorization_required
    if network:
        yield _NETWORK.get(network, f"network code {network}")
    if authorization:
        yield _AUTHORIZATION.get(authorization, f"authorization code {authorization}")


def _subject(benefit: Benefit) -> str:
    """What is said, of which services."""
    services = [in_words("service_type", code) for code in benefit.service_types]
    if benefit.procedure:
        services.append(procedure_in_words(benefit.procedure))
    subject = in_words("benefit", benefit.code) if benefit.code else "Benefit without a code"
    if benefit.code == _SPEND_DOWN and benefit.period == _REMAINING:
        subject += " still owed by the patient"
    return f"{subject} for {', '.join(services)}" if services else subject


def _figures(benefit: Benefit) -> str:
    """Amount, share and quantity; the period goes with the first: "$25 per visit; 20 visits"."""
    figures = []
    if benefit.amount is not None:
        figures.append(f"${plain(benefit.amount)}")
    if benefit.percent is not None:
        figures.append(percent_in_words(benefit.percent))
    if benefit.quantity is not None:
        figures.append(quantity_in_words(benefit.quantity_qualifier or "", benefit.quantity))
    period = benefit.period
    if not period:
        unstated = ["period not stated"] if benefit.amount is not None and benefit.code in _PER_PERIOD else []
        return "; ".join([*figures[:1], *unstated, *figures[1:]])
    if len(period) > _LONGEST_PERIOD:  # money, in the wrong place
        return "; ".join([*figures, period])
    if not figures:
        return period_in_words(period)
    if period in _BEFORE:
        figures[0] = f"{_BEFORE[period]}{figures[0]}"
    else:
        figures[0] += f" {period_in_words(period)}"
    return "; ".join(figures)


def _additional(additional: AdditionalInformation) -> str:
    """III: a place of service, or the nature of an injury."""
    code = additional.code
    if code and additional.qualifier == _PLACE:
        code = f"place of service: {in_words('place', code)}"
    elif code:
        code = f"injury {code}"
    return " ".join([part for part in (code, additional.message) if part])


def _diagnoses(pointers: Iterable[int], diagnoses: tuple[Diagnosis, ...]) -> str:
    """EB14, with the codes of HI where it points at one."""
    codes = [
        diagnoses[pointer - 1].code if pointer <= len(diagnoses) else f"number {pointer}"
        for pointer in pointers
    ]
    return f"for diagnosis {', '.join(codes)}" if codes else ""
