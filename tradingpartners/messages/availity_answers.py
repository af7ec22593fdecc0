"""The JSON of one Availity coverage as the codec's values; pure functions.

A plan and each of its benefits state a status; a benefit's figures stand in lists by network, each
with an amount, or a total and what remains of it. Every statement becomes an EB of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum

from tradingpartners import x12
from tradingpartners.messages.json_answers import Person, as_answer
from tradingpartners.messages.json_values import Object, amount, day, member, members, text, texts


class Progress(Enum):
    """How far Availity and the payer are with a coverage."""

    PENDING = "pending"
    COMPLETE = "complete"
    INVALID_REPLY = "invalid_reply"
    NO_CONNECTION = "no_connection"
    REFUSED = "refused"
    UNKNOWN = "unknown"


# `statusCode` of a coverage. Availity does not publish it: what its clients have seen, all of it here.
_PROGRESS = {
    "0": Progress.PENDING,
    "1": Progress.PENDING,
    "R1": Progress.PENDING,
    "4": Progress.COMPLETE,
    "3": Progress.INVALID_REPLY,
    "7": Progress.NO_CONNECTION,
    "13": Progress.NO_CONNECTION,
    "14": Progress.NO_CONNECTION,
    "15": Progress.NO_CONNECTION,
    "E": Progress.NO_CONNECTION,
    "19": Progress.REFUSED,
    "R": Progress.REFUSED,
}
# Its words go before the code.
_PROGRESS_WORDS = {
    "inprogress": Progress.PENDING,
    "retrying": Progress.PENDING,
    "complete": Progress.COMPLETE,
    "communicationerror": Progress.NO_CONNECTION,
    "requesterror": Progress.REFUSED,
}
# EB01 of a plan's or benefit's `status`, where its code is none.
_STATUS_WORDS = {
    "active": "1",
    "activecoverage": "1",
    "activefullriskcapitation": "2",
    "activeservicescapitated": "3",
    "activeservicescapitatedtoprimarycarephysician": "4",
    "activependinginvestigation": "5",
    "inactive": "6",
    "inactivependingeligibilityupdate": "7",
    "inactivependinginvestigation": "8",
}
_STATUS_CODES = frozenset("12345678")
# EB12 of the four lists.
_NETWORKS = {"inNetwork": "Y", "outOfNetwork": "N", "noNetwork": None, "notApplicableNetwork": "W"}
# EB01 of a benefit's `amounts` and of its other lists.
_AMOUNTS = {"coInsurance": "A", "coPayment": "B", "deductibles": "C", "outOfPocket": "G"}
_DETAILS = {
    "benefitDescriptions": "D",
    "costContainment": "J",
    "coverageBasis": "CB",
    "exclusions": "E",
    "limitations": "F",
    "nonCovered": "I",
    "reserve": "K",
}
_COINSURANCE, _OTHER_PAYER, _PRIMARY_CARE_PROVIDER = "A", "R", "L"
_REMAINING = "29"
# DTP01 of a plan's and an entry's dates.
_DATES = {
    "eligibilityStartDate": "356",
    "eligibilityEndDate": "357",
    "coverageStartDate": "348",
    "coverageEndDate": "349",
    "planStartDate": "346",
    "planEndDate": "347",
    "policyEffectiveDate": "539",
    "policyExpirationDate": "540",
    "cobraStartDate": "340",
    "cobraEndDate": "341",
    "periodStartDate": "193",
    "periodEndDate": "194",
    "benefitBeginDate": "348",
    "benefitEndDate": "349",
    "addedDate": "318",
    "serviceDate": "472",
    "lastUpdateDate": "636",
}
_LOOPS = (("payer", "2100A"), ("provider", "2100B"), ("submitter", "2100B"), ("patient", "2100D"))
_NOT_LETTERS = re.compile(r"[^a-z0-9]")
_AAA = re.compile(r"[A-Z0-9]{2}")


def progress(coverage: Object) -> Progress:
    said = _PROGRESS_WORDS.get(_letters(text(coverage, "status")))
    return said or _PROGRESS.get(text(coverage, "statusCode"), Progress.UNKNOWN)


def read_answer(coverage: Object) -> x12.Answer | None:
    """Who is answered for and what is said; None where nobody is named."""
    patient, subscriber = member(coverage, "patient"), member(coverage, "subscriber")
    plans = members(coverage, "plans")
    is_dependent = _is_dependent(coverage)
    holder = _person(subscriber)
    person = _person(patient) if is_dependent else _person({**subscriber, **patient})
    if not (person.is_named or holder.is_named):
        return None
    benefits = [each for plan in plans for each in _of_plan(plan)]
    return as_answer(
        person._replace(references=tuple([each for plan in plans for each in _groups(plan)])),
        holder=holder if is_dependent else None,
        benefits=[each._replace(segment_number=at) for at, each in enumerate(benefits, 1)],
        rejections=read_rejections(coverage),
    )


def read_rejections(coverage: Object) -> tuple[x12.Rejection, ...]:
    """What the payer found wrong with the question, where its code is an AAA03."""
    found = []
    for at, message in enumerate(members(coverage, "validationMessages"), 1):
        code, field = text(message, "code"), text(message, "field").lower()
        if _AAA.fullmatch(code):
            loop = next((loop for name, loop in _LOOPS if field.startswith(name)), "2100C")
            if loop == "2100D" and not _is_dependent(coverage):
                loop = "2100C"
            found.append(x12.Rejection(loop, None, code, None, at))
    return tuple(found)


def _letters(words: str) -> str:
    return _NOT_LETTERS.sub("", words.lower())


def _is_dependent(coverage: Object) -> bool:
    return text(member(coverage, "patient"), "subscriberRelationshipCode") not in ("", "18")


def _person(found: Object) -> Person:
    return Person(
        member_id=text(found, "memberId"),
        last_name=text(found, "lastName"),
        first_name=text(found, "firstName"),
        middle_name=text(found, "middleName"),
        suffix=text(found, "suffix"),
        birth_date=day(text(found, "birthDate")),
        gender=text(found, "genderCode"),
        relationship=text(found, "subscriberRelationshipCode"),
        address=_address(member(found, "address")),
        identifiers_changed=found.get("updateYourRecords") is True,
    )


def _address(found: Object) -> x12.Address | None:
    if not found:
        return None
    lines = tuple(filter(None, [text(found, "line1"), text(found, "line2")]))
    state = text(found, "stateCode") or text(found, "state")
    return x12.Address(lines, text(found, "city"), state, text(found, "zipCode"))


def _groups(plan: Object) -> tuple[x12.Reference, ...]:
    number = text(plan, "groupNumber")
    return (x12.Reference("6P", number, text(plan, "groupName")),) if number else ()


# --- what is said: one EB a statement ---------------------------------------------------------------

_NO_BENEFIT = x12.Benefit(
    "", None, (), None, None, None, None, None, None, None, None, None, None, (), (), 0, (), ()
)


def _of_plan(plan: Object) -> Iterator[x12.Benefit]:
    """Its benefits' statuses; the plan's own, which sums them up, only where none of them states one:
    a plan that is active for another service says nothing of the one asked about."""
    named = _NO_BENEFIT._replace(
        insurance_type=text(plan, "insuranceTypeCode") or None,
        plan=text(plan, "planName") or text(plan, "description") or None,
        dates=_dates(plan),
    )
    benefits = members(plan, "benefits")
    code = _status(plan)
    if code and not any(map(_status, benefits)):
        yield named._replace(code=code, messages=_notes(plan))
    # Dates bound the plan; a figure has its own.
    general = named._replace(dates=())
    yield from _details(plan, general)
    yield from _others(plan, general)
    for benefit in benefits:
        yield from _of_benefit(benefit, general, named.dates)


def _of_benefit(
    benefit: Object, general: x12.Benefit, dates: tuple[x12.DateRange, ...]
) -> Iterator[x12.Benefit]:
    service_types = texts(benefit, "type")
    own = general._replace(service_types=service_types)
    if code := _status(benefit):
        yield own._replace(code=code, dates=dates, messages=_notes(benefit))
    for network, entry in _entries(member(benefit, "statusDetails")):
        if code := _status(entry):
            yield _stated(entry, own, code, network)._replace(dates=_dates(entry) or dates)
    amounts = member(benefit, "amounts")
    for name, code in _AMOUNTS.items():
        for network, entry in _entries(member(amounts, name)):
            yield from _figures(entry, own, code, network)
    yield from _details(benefit, own)
    yield from _others(benefit, own)


def _status(found: Object) -> str:
    """EB01, or "" where none is stated."""
    code = text(found, "statusCode")
    return code if code in _STATUS_CODES else _STATUS_WORDS.get(_letters(text(found, "status")), "")


def _entries(detail: Object) -> Iterator[tuple[str | None, Object]]:
    for name, network in _NETWORKS.items():
        for entry in members(detail, name):
            yield network, entry


def _details(found: Object, own: x12.Benefit) -> Iterator[x12.Benefit]:
    for name, code in _DETAILS.items():
        for network, entry in _entries(member(found, name)):
            yield from _figures(entry, own, code, network)


def _figures(entry: Object, own: x12.Benefit, code: str, network: str | None) -> Iterator[x12.Benefit]:
    """The figure itself or as a whole, and what remains of it."""
    stated = _stated(entry, own, code, network)
    remaining = amount(entry, "remaining")
    whole = "total" if amount(entry, "total") is not None else "amount"
    figure = amount(entry, whole)
    if figure is not None or remaining is None:
        period = text(entry, f"{whole}TimePeriodCode") or None
        if code == _COINSURANCE:
            yield stated._replace(percent=_fraction(figure), period=period)
        else:
            yield stated._replace(amount=figure, period=period)
    if remaining is not None:
        yield stated._replace(amount=remaining, period=_REMAINING, quantity=None, quantity_qualifier=None)


def _fraction(figure: Decimal | None) -> Decimal | None:
    """EB08 is a fraction of one; 20 is 20 percent."""
    return figure / 100 if figure is not None and figure > 1 else figure


def _stated(entry: Object, own: x12.Benefit, code: str, network: str | None) -> x12.Benefit:
    return own._replace(
        code=code,
        coverage_level=text(entry, "levelCode") or None,
        insurance_type=text(entry, "insuranceTypeCode") or own.insurance_type,
        plan=text(entry, "planName") or own.plan,
        in_network=network,
        authorization_required=_authorization(entry),
        quantity=amount(entry, "quantity"),
        quantity_qualifier=text(entry, "quantityQualifierCode") or None,
        dates=_dates(entry),
        messages=tuple(filter(None, [text(entry, "description"), *_notes(entry)])),
    )


def _authorization(entry: Object) -> str | None:
    if entry.get("authorizationRequiredUnknown") is True:
        return "U"
    required: Mapping[object, str] = {True: "Y", False: "N"}
    return required.get(entry.get("authorizationRequired"))


def _notes(found: Object) -> tuple[str, ...]:
    """Objects in a plan or benefit, plain texts in an entry."""
    said = [text(each, "message") for each in members(found, "payerNotes")]
    return (*filter(None, said), *texts(found, "payerNotes"))


def _dates(found: Object) -> tuple[x12.DateRange, ...]:
    return tuple(
        [
            x12.DateRange(qualifier, day(text(found, name)), None)
            for name, qualifier in _DATES.items()
            if text(found, name)
        ]
    )


# NM101 of another payer, by the turn it says it has.
_TURNS = {"primary": "PRP", "secondary": "SEP", "tertiary": "TTP"}


def _others(found: Object, own: x12.Benefit) -> Iterator[x12.Benefit]:
    """Other payers and the primary care provider."""
    for payer in members(found, "additionalPayers"):
        turn = next((entity for name, entity in _TURNS.items() if payer.get(name) is True), "PR")
        number = text(payer, "payerId")
        party = x12.Party(turn, text(payer, "name"), "", "", "", "PI" if number else "", number)
        yield own._replace(
            code=_OTHER_PAYER,
            service_types=texts(payer, "serviceTypeCode") or own.service_types,
            dates=_dates(payer),
            messages=_notes(payer),
            entities=(x12.RelatedEntity(party, address=_address(member(payer, "address"))),),
        )
    provider = member(found, "primaryCareProvider")
    last, first = text(provider, "lastName") or text(provider, "name"), text(provider, "firstName")
    if last:
        npi = text(provider, "npi")
        party = x12.Party("P3", last, first, text(provider, "middleName"), "", "XX" if npi else "", npi)
        yield own._replace(code=_PRIMARY_CARE_PROVIDER, entities=(x12.RelatedEntity(party),))
