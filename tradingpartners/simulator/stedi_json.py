"""A 271 as Stedi-shaped JSON, made from the segments the payer wrote."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tradingpartners.simulator import stedi_codes as codes
from tradingpartners.simulator.segments import Element, Segment

Json = dict[str, Any]
SOURCE, RECEIVER, SUBSCRIBER, DEPENDENT = "20", "21", "22", "23"


@dataclass(frozen=True)
class Answered:
    """What stands round an answer: the ids the clearinghouse gave, and the mode of the key."""

    payer_id: str
    trace: str
    isa13: str
    mode: str  # "production" or "test"
    raw: bytes
    warnings: Sequence[Mapping[str, str]] = ()


def write_json(body: Sequence[Segment], answered: Answered) -> Json:
    """The whole answer: the parties, the dates, the benefits, every rejection twice."""
    levels = list(split_levels(body))
    parties = {code: party_json(code, segments) for code, segments in levels}
    patient = levels[-1][1] if levels and levels[-1][0] in {SUBSCRIBER, DEPENDENT} else []
    answer: Json = {**frame(answered), "payer": parties.get(SOURCE, {})}
    if RECEIVER in parties:
        answer["provider"] = parties[RECEIVER]
    if SUBSCRIBER in parties:
        answer["subscriber"] = parties[SUBSCRIBER]
    answer["dependents"] = [parties[DEPENDENT]] if DEPENDENT in parties else []
    traces = trace_numbers(segment for _, segments in levels for segment in segments)
    if traces:
        answer["subscriberTraceNumbers"] = traces
    dates = dict(plan_date(segment) for segment in before_benefits(patient) if segment[0] == "DTP")
    if dates:
        answer["planDateInformation"] = dates
    group = parties.get(SUBSCRIBER, {}).get("groupNumber")
    if group:
        answer["planInformation"] = {"groupNumber": group}
    benefits = [benefit_json(loop) for loop in benefit_loops(patient)]
    if benefits:
        answer["benefitsInformation"] = benefits
    answer["errors"] = [error for party in parties.values() for error in party.get("aaaErrors", [])]
    return answer


def write_acknowledgement(body: Sequence[Segment], answered: Answered) -> Json:
    """The payer sent a 999 instead of a 271: hardly anything is there but `x12`."""
    verdict = next((text(segment, 1) for segment in body if segment[0] == "IK5"), "R")
    return {
        **frame(answered),
        "transactionSetAcknowledgement": verdict,
        "implementationTransactionSetSyntaxError": "5",
        "errors": [],
    }


def frame(answered: Answered) -> Json:
    return {
        "id": f"ec_{uuid4()}",
        "meta": {
            "applicationMode": answered.mode,
            "outboundTraceId": answered.trace,
            "traceId": answered.trace,
            "senderId": "STEDI",
            "submitterId": "000000001",
        },
        "tradingPartnerServiceId": answered.payer_id,
        "controlNumber": answered.isa13,
        "reassociationKey": answered.isa13,
        "warnings": list(answered.warnings),
        "x12": answered.raw.decode("latin-1"),
    }


def split_levels(body: Iterable[Segment]) -> Iterable[tuple[str, list[Segment]]]:
    """Each HL03 with the segments under it."""
    code, segments = "", list[Segment]()
    for segment in body:
        if segment[0] == "HL":
            if code:
                yield code, segments
            code, segments = text(segment, 3), []
        else:
            segments.append(segment)
    if code:
        yield code, segments


def text(segment: Segment, position: int) -> str:
    """An element that does not repeat; absent is empty."""
    element = segment[position] if len(segment) > position else ""
    return element if isinstance(element, str) else element[0]


def before_benefits(segments: Sequence[Segment]) -> list[Segment]:
    first = next((at for at, segment in enumerate(segments) if segment[0] == "EB"), len(segments))
    return list(segments[:first])


def party_json(code: str, segments: Sequence[Segment]) -> Json:
    head = before_benefits(segments)
    name = next((segment for segment in head if segment[0] == "NM1"), ())
    is_person = text(name, 2) == "1"
    party: Json = {"entityType": "Person" if is_person else "Non-Person Entity"}
    if code == SOURCE:
        party |= {"entityIdentifier": "Payer", "name": text(name, 3), "payorIdentification": text(name, 9)}
    elif code == RECEIVER:
        party |= {"entityIdentifier": "Provider", "npi": text(name, 9)}
        names = {"providerLastName": text(name, 3), "providerFirstName": text(name, 4)}
        party |= names if is_person else {"providerOrgName": text(name, 3)}
    else:
        party["entityIdentifier"] = "Dependent" if code == DEPENDENT else "Insured or Subscriber"
        party |= {"memberId": text(name, 9), "firstName": text(name, 4), "lastName": text(name, 3)}
        party |= person_json(head)
    party = {key: value for key, value in party.items() if value}
    contacts = [contact_json(segment) for segment in head if segment[0] == "PER"]
    if contacts:
        party["contactInformation"] = {"contacts": contacts}
    errors = [error_json(segment, codes.LOOPS[code]) for segment in head if segment[0] == "AAA"]
    return party | ({"aaaErrors": errors} if errors else {})


def person_json(head: Iterable[Segment]) -> Json:
    person: Json = {}
    for segment in head:
        if segment[0] == "REF" and text(segment, 1) == "6P":
            person["groupNumber"] = text(segment, 2)
        elif segment[0] == "N3":
            person.setdefault("address", {})["address1"] = text(segment, 1)
        elif segment[0] == "N4":
            place = {"city": text(segment, 1), "state": text(segment, 2), "postalCode": text(segment, 3)}
            person.setdefault("address", {}).update(place)
        elif segment[0] == "DMG":
            person |= {"dateOfBirth": text(segment, 2), "gender": text(segment, 3)}
        elif segment[0] == "INS":
            person["insuredIndicator"] = text(segment, 1)
            person["relationToSubscriberCode"] = text(segment, 2)
            person["relationToSubscriber"] = codes.RELATIONSHIPS.get(text(segment, 2), "")
            person |= {"maintenanceTypeCode": text(segment, 3), "maintenanceReasonCode": text(segment, 4)}
    return person


def contact_json(segment: Segment) -> Json:
    return {"communicationMode": "Telephone", "communicationNumber": text(segment, 4)}


def error_json(segment: Segment, loop: str) -> Json:
    code, follow_up = text(segment, 3), text(segment, 4)
    return {
        "field": "AAA",
        "code": code,
        "description": codes.REJECTIONS.get(code, "Rejected"),
        "followupAction": codes.FOLLOW_UPS.get(follow_up, follow_up),
        "location": f"Loop {loop}",
        "possibleResolutions": "- Ask the payer, or correct what was sent and ask again.",
    }


def trace_numbers(segments: Iterable[Segment]) -> list[Json]:
    kinds = {"1": "Current Transaction Trace Numbers", "2": "Referenced Transaction Trace Numbers"}
    return [
        {
            "traceTypeCode": text(segment, 1),
            "traceType": kinds.get(text(segment, 1), ""),
            "referenceIdentification": text(segment, 2),
            "originatingCompanyIdentifier": text(segment, 3),
        }
        for segment in segments
        if segment[0] == "TRN"
    ]


def plan_date(segment: Segment) -> tuple[str, str]:
    return codes.PLAN_DATES.get(text(segment, 1), "status"), text(segment, 3)


def benefit_loops(segments: Iterable[Segment]) -> Iterable[list[Segment]]:
    """Each EB with what follows it."""
    loop: list[Segment] = []
    for segment in segments:
        if segment[0] == "EB":
            if loop:
                yield loop
            loop = [segment]
        elif loop:
            loop.append(segment)
    if loop:
        yield loop


def benefit_json(loop: Sequence[Segment]) -> Json:
    """Amounts are texts and a per cent is a decimal fraction, with a digit before the point."""
    eb = loop[0]
    types = repeats(eb[3]) if len(eb) > 3 else []
    benefit: Json = {"code": text(eb, 1), "name": codes.BENEFITS.get(text(eb, 1), "")}
    benefit |= coded(eb, 2, "coverageLevel", codes.COVERAGE_LEVELS)
    if types:
        benefit["serviceTypeCodes"] = types
        benefit["serviceTypes"] = [codes.SERVICE_TYPES.get(code, code) for code in types]
    benefit |= coded(eb, 4, "insuranceType", codes.INSURANCE_TYPES)
    benefit["planCoverage"] = text(eb, 5)
    benefit |= coded(eb, 6, "timeQualifier", codes.TIMES)
    percent = text(eb, 8)
    benefit |= {
        "benefitAmount": text(eb, 7),
        "benefitPercent": f"0{percent}" if percent.startswith(".") else percent,
    }
    benefit |= coded(eb, 9, "quantityQualifier", codes.QUANTITIES)
    benefit |= {"benefitQuantity": text(eb, 10), "authOrCertIndicator": text(eb, 11)}
    benefit |= coded(eb, 12, "inPlanNetworkIndicator", codes.YES_NO)
    notes = [{"description": text(segment, 1)} for segment in loop if segment[0] == "MSG"]
    return {key: value for key, value in benefit.items() if value} | follows_json(loop[1:], notes)


def follows_json(segments: Sequence[Segment], notes: Sequence[Json]) -> Json:
    more: Json = {"additionalInformation": list(notes)} if notes else {}
    entities = [entity_json(segment, segments) for segment in segments if segment[0] == "NM1"]
    if entities:
        more |= {"headerLoopIdentifierCode": "2120", "trailerLoopIdentifierCode": "2120"}
        more["benefitsRelatedEntities"] = entities
    visits = [segment for segment in segments if segment[0] == "HSD"]
    if visits:
        more["benefitsServiceDelivery"] = [
            {"quantityQualifierCode": text(each, 1), "quantity": text(each, 2)} for each in visits
        ]
    return more


def entity_json(name: Segment, segments: Iterable[Segment]) -> Json:
    is_person = text(name, 2) == "1"
    entity: Json = {
        "entityIdentifier": codes.ENTITIES.get(text(name, 1), text(name, 1)),
        "entityType": "Person" if is_person else "Non-Person Entity",
        "entityName": text(name, 3),
        "entityFirstname": text(name, 4),
        "entityIdentification": text(name, 8),
        "entityIdentificationValue": text(name, 9),
    }
    contacts = [contact_json(segment) for segment in segments if segment[0] == "PER"]
    if contacts:
        entity["contactInformation"] = {"contacts": contacts}
    return {key: value for key, value in entity.items() if value}


def repeats(element: Element) -> list[str]:
    return [element] if isinstance(element, str) and element else list(element)


def coded(eb: Segment, position: int, name: str, words: Mapping[str, str]) -> Json:
    code = text(eb, position)
    return {f"{name}Code": code, name: words.get(code, "")} if code else {}
