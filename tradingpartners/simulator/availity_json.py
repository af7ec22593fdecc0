"""A 271 as an Availity-shaped coverage, made from the segments the payer wrote."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tradingpartners.simulator import stedi_codes as codes
from tradingpartners.simulator.checks import Check
from tradingpartners.simulator.segments import Segment
from tradingpartners.simulator.stedi_json import (
    before_benefits,
    benefit_loops,
    plan_date,
    repeats,
    split_levels,
    text,
)

Json = dict[str, Any]
IN_PROGRESS, COMPLETE = ("In Progress", "0"), ("Complete", "4")
REQUEST_ERROR, COMMUNICATION_ERROR = ("Request Error", "19"), ("Communication Error", "7")
KEPT = timedelta(hours=24)

# Rejections that say the payer is not there, and the field the others blame.
UNAVAILABLE = frozenset({"42", "80"})
BLAMED = {
    "43": "providerNpi",
    "57": "asOfDate",
    "62": "asOfDate",
    "63": "asOfDate",
    "65": "patientFirstName",
    "71": "patientBirthDate",
    "72": "memberId",
    "73": "patientLastName",
    "75": "memberId",
    "77": "patientFirstName",
    "79": "payerId",
}
# EB12: to which of the four lists an amount belongs.
NETWORKS = {"Y": "inNetwork", "N": "outOfNetwork", "W": "notApplicableNetwork"}
NO_NETWORK = "noNetwork"
AMOUNTS = {"A": "coInsurance", "B": "coPayment", "C": "deductibles", "G": "outOfPocket"}
DETAILS = {"CB": "coverageBasis", "F": "limitations", "I": "nonCovered"}
REMAINING = "29"
STATUSES = frozenset({"1", "5", "6"})


@dataclass(frozen=True)
class Asking:
    """What a coverage says of the question, whatever came of it."""

    id: str
    customer_id: str
    created: datetime
    check: Check


def write_coverage(asking: Asking, state: tuple[str, str], *, updated: datetime) -> Json:
    """The frame of a coverage: all there is while it is in progress."""
    check = asking.check
    status, status_code = state
    patient = check.dependent or check.subscriber
    dates = [iso_day(day) for day in check.dates]
    coverage: Json = {
        "id": asking.id,
        "customerId": asking.customer_id,
        "controlNumber": check.trace,
        "status": status,
        "statusCode": status_code,
        "createdDate": stamp(asking.created),
        "updatedDate": stamp(updated),
        "expirationDate": stamp(asking.created + KEPT),
        "subscriber": {"memberId": check.subscriber.member_id},
        "patient": {
            "firstName": patient.first_name,
            "lastName": patient.last_name,
            "birthDate": iso_day(patient.birth_date),
            "subscriberRelationshipCode": "19" if check.dependent else "18",
        },
        "payer": {"payerId": check.payer_id, "name": check.payer_name},
        "requestingProvider": {"npi": check.npi, "lastName": check.provider_name},
        "requestedServiceType": [service_json(code) for code in check.service_types],
        "validationMessages": [],
    }
    if dates:
        coverage |= {"asOfDate": dates[0], "toDate": dates[-1]}
    return coverage


def write_answer(asking: Asking, body: Sequence[Segment], *, updated: datetime) -> Json:
    """The coverage once the payer has answered, or turned the question down."""
    levels = list(split_levels(body))
    rejections = [text(segment, 3) for _, segments in levels for segment in segments if segment[0] == "AAA"]
    if rejections:
        state = COMMUNICATION_ERROR if UNAVAILABLE & set(rejections) else REQUEST_ERROR
        coverage = write_coverage(asking, state, updated=updated)
        coverage["validationMessages"] = [message_json(code, at) for at, code in enumerate(rejections)]
        return coverage
    coverage = write_coverage(asking, COMPLETE, updated=updated)
    heads = {code: before_benefits(segments) for code, segments in levels}
    payer = first(heads.get("20", []), "NM1")
    coverage["payer"] |= {"responsePayerId": text(payer, 9), "responseName": text(payer, 3)}
    coverage["subscriber"] = person_json(heads.get("22", []))
    patient_level = "23" if "23" in heads else "22"
    coverage["patient"] |= person_json(heads.get(patient_level, []))
    patient = next((segments for code, segments in levels if code == patient_level), [])
    coverage["plans"] = [plan_json(patient, coverage["subscriber"].get("groupNumber", ""))]
    return coverage


def message_json(code: str, index: int) -> Json:
    return {
        "field": BLAMED.get(code, "payerId"),
        "code": code,
        "errorMessage": codes.REJECTIONS.get(code, "Rejected"),
        "index": index,
    }


def service_json(code: str) -> Json:
    return {"code": code, "value": codes.SERVICE_TYPES.get(code, code)}


def person_json(head: Iterable[Segment]) -> Json:
    head = list(head)
    name, birth, group = first(head, "NM1"), first(head, "DMG"), first(head, "REF")
    changed = text(first(head, "INS"), 3) == "001"
    person: Json = {
        "memberId": text(name, 9),
        "firstName": text(name, 4),
        "lastName": text(name, 3),
        "birthDate": iso_day(text(birth, 2)),
        "genderCode": text(birth, 3),
        "groupNumber": text(group, 2),
        "updateYourRecords": changed,
    }
    return {key: value for key, value in person.items() if value}


def plan_json(patient: Sequence[Segment], group: str) -> Json:
    """The one plan of an answer: its status, its dates, and a benefit for each service type."""
    loops = list(benefit_loops(patient))
    status = next((loop for loop in loops if text(loop[0], 1) in STATUSES), [()])
    dates = dict(plan_date(segment) for segment in before_benefits(patient) if segment[0] == "DTP")
    begin, end = coverage_dates(dates)
    plan: Json = {
        "status": codes.BENEFITS.get(text(status[0], 1), "Unknown"),
        "statusCode": text(status[0], 1),
        "groupNumber": group,
        "planName": text(status[0], 5),
        "insuranceTypeCode": text(status[0], 4),
        "eligibilityStartDate": begin,
        "eligibilityEndDate": end,
        "payerNotes": notes_json(status),
        "additionalPayers": [payer_json(loop) for loop in loops if text(loop[0], 1) == "R"],
        "primaryCareProvider": next((provider_json(x) for x in loops if text(x[0], 1) == "L"), {}),
    }
    types = list(dict.fromkeys(code for loop in loops for code in types_of(loop)))
    benefits = [benefit_json(code, [loop for loop in loops if code in types_of(loop)]) for code in types]
    return {key: value for key, value in plan.items() if value} | {"benefits": benefits}


def types_of(loop: Sequence[Segment]) -> list[str]:
    """The service types of an amount or a status; who pays or cares is the plan's."""
    eb = loop[0]
    return repeats(eb[3]) if len(eb) > 3 and text(eb, 1) not in {"R", "L"} else []


def notes_json(loop: Sequence[Segment]) -> list[Json]:
    return [{"message": text(segment, 1)} for segment in loop if segment[0] == "MSG"]


def payer_json(loop: Sequence[Segment]) -> Json:
    name = first(loop, "NM1")
    return {"name": text(name, 3), "payerId": text(name, 9), "primary": text(name, 1) == "PRP"}


def provider_json(loop: Sequence[Segment]) -> Json:
    name = first(loop, "NM1")
    return {"lastName": text(name, 3), "firstName": text(name, 4), "npi": text(name, 9)}


def coverage_dates(dates: Mapping[str, str]) -> tuple[str, str]:
    """First and last day, where the payer states them in whichever way."""
    begin = dates.get("planBegin") or dates.get("eligibilityBegin") or ""
    end = dates.get("planEnd") or dates.get("eligibilityEnd") or ""
    period = dates.get("plan") or dates.get("eligibility") or ""
    if period:
        begin, _, end = period.partition("-")
    return iso_day(begin), iso_day(end)


def benefit_json(code: str, loops: Sequence[Sequence[Segment]]) -> Json:
    """What is said of one service type: its status, and its figures in four lists by network."""
    status = next((loop for loop in loops if text(loop[0], 1) in {*STATUSES, "I"}), None)
    amounts: Json = {}
    details: Json = {}
    for loop in loops:
        eb = loop[0]
        name = text(eb, 1)
        network = NETWORKS.get(text(eb, 12), NO_NETWORK)
        if name in AMOUNTS:
            add_entry(amounts.setdefault(AMOUNTS[name], lists_of_four())[network], loop)
        elif name in DETAILS:
            add_entry(details.setdefault(DETAILS[name], lists_of_four())[network], loop)
    benefit: Json = {"name": codes.SERVICE_TYPES.get(code, code), "type": code, **details}
    if status is not None:
        name = text(status[0], 1)
        benefit |= {"status": codes.BENEFITS.get(name, ""), "statusCode": name}
        benefit |= {"payerNotes": notes} if (notes := notes_json(status)) else {}
    return benefit | ({"amounts": amounts} if amounts else {})


def lists_of_four() -> dict[str, list[Json]]:
    return {name: [] for name in (*NETWORKS.values(), NO_NETWORK)}


def add_entry(entries: list[Json], loop: Sequence[Segment]) -> None:
    """A remaining amount joins the total of its level; everything else is an entry of its own."""
    eb = loop[0]
    level, period, amount, percent = text(eb, 2), text(eb, 6), text(eb, 7), text(eb, 8)
    if period == REMAINING and amount:
        total = next((each for each in entries if each["levelCode"] == level and "total" in each), None)
        if total is not None:
            total |= timed("remaining", amount, period)
            return
    entry: Json = {
        "level": codes.COVERAGE_LEVELS.get(level, ""),
        "levelCode": level,
        "authorizationRequired": text(eb, 11) == "Y",
        "authorizationRequiredUnknown": not text(eb, 11),
    }
    if percent:
        entry |= {"amount": f"{float(percent) * 100:g}", "units": "Percent"}
    elif amount:
        is_total = text(eb, 1) in {"C", "G"}
        name = "remaining" if period == REMAINING else "total" if is_total else "amount"
        entry |= {**timed(name, amount, period), "units": "Dollars"}
    if text(eb, 10):
        entry |= {
            "quantity": text(eb, 10),
            "quantityQualifierCode": text(eb, 9),
            "quantityTimePeriodCode": period,
        }
    notes = [note["message"] for note in notes_json(loop)]
    entries.append(entry | ({"payerNotes": notes} if notes else {}))


def timed(name: str, amount: str, period: str) -> Json:
    words = codes.TIMES.get(period, "")
    return {name: amount, f"{name}TimePeriod": words, f"{name}TimePeriodCode": period}


def first(segments: Iterable[Segment], segment_id: str) -> Segment:
    return next((segment for segment in segments if segment[0] == segment_id), ())


def iso_day(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if len(day) == 8 else ""


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}+0000"
