"""The JSON of one Stedi check as the codec's values; pure functions.

Field names are those of Stedi's real-time eligibility check v3, which Optum's has, too. Where Stedi
says a thing in words and in a code, the code is read.
"""

from __future__ import annotations

import re

from tradingpartners import x12
from tradingpartners.messages.json_answers import Person, as_answer
from tradingpartners.messages.json_values import (
    Object,
    amount,
    day,
    is_unreadable_amount,
    member,
    members,
    text,
    texts,
)

# DTP01 of `planDateInformation` and `benefitsDateInformation`.
_DATES = {
    "added": "318",
    "admission": "435",
    "benefit": "292",
    "benefitBegin": "348",
    "benefitEnd": "349",
    "certification": "458",
    "cobraBegin": "340",
    "cobraEnd": "341",
    "completion": "198",
    "coordinationOfBenefits": "290",
    "dateOfDeath": "442",
    "dateOfLastUpdate": "636",
    "discharge": "096",
    "effectiveDateOfChange": "152",
    "eligibility": "307",
    "eligibilityBegin": "356",
    "eligibilityEnd": "357",
    "enrollment": "382",
    "issue": "102",
    "latestVisitOrConsultation": "304",
    "periodEnd": "194",
    "periodStart": "193",
    "plan": "291",
    "planBegin": "346",
    "planEnd": "347",
    "policyEffective": "539",
    "policyExpiration": "540",
    "premiumPaidToDateBegin": "342",
    "premiumPaidtoDateBegin": "342",
    "premiumPaidToDateEnd": "343",
    "primaryCareProvider": "295",
    "service": "472",
    "status": "771",
}
# NM101 of `entityIdentifier`, by its letters: of those entities that a verdict looks at.
_ENTITIES = {
    "payer": "PR",
    "primarypayer": "PRP",
    "secondarypayer": "SEP",
    "tertiarypayer": "TTP",
    "thirdpartyadministrator": "2B",
    "primarycareprovider": "P3",
    "provider": "1P",
    "insuredorsubscriber": "IL",
    "plansponsor": "P5",
    "gatewayprovider": "GP",
    "employer": "36",
    "vendor": "VN",
    "utilizationmanagementorganization": "X3",
    "managedcareorganization": "Y2",
    "origincarrier": "OC",
}
# AAA04 of `followupAction`, by its letters.
_FOLLOW_UPS = {
    "pleasecorrectandresubmit": "C",
    "resubmissionnotallowed": "N",
    "pleaseresubmitoriginaltransaction": "P",
    "resubmissionallowed": "R",
    "donotresubmitinquiryinitiatedtoathirdparty": "S",
    "pleasewait30daysandresubmit": "W",
    "pleasewait10daysandresubmit": "X",
    "donotresubmitwewillholdyourrequestandrespondagainshortly": "Y",
}
_NOT_LETTERS = re.compile(r"[^a-z0-9]")
_LOOP = re.compile(r"2[01][01]0[A-D]")
_AAA = re.compile(r"[A-Z0-9]{2}")


def read_answer(check: Object) -> x12.Answer | None:
    """Who is answered for and what is said; None where nobody is named."""
    rejections = read_rejections(check)
    subscriber = _person(member(check, "subscriber"))
    dependents = [_person(each) for each in members(check, "dependents")]
    if not (subscriber.is_named or any(each.is_named for each in dependents)):
        return None
    return as_answer(
        dependents[0] if dependents else subscriber,
        holder=subscriber if dependents else None,
        benefits=[_benefit(each, at) for at, each in enumerate(members(check, "benefitsInformation"), 1)],
        dates=_dates(member(check, "planDateInformation")),
        rejections=rejections,
    )


# --- why there is no answer -----------------------------------------------------------------------

# A party's errors stand in its own loop.
_PARTIES = (("payer", "2100A"), ("provider", "2100B"), ("subscriber", "2100C"))


def read_rejections(check: Object) -> tuple[x12.Rejection, ...]:
    """Every AAA once: each stands under its party, and in `errors` as well."""
    found: list[x12.Rejection] = []
    for name, loop in _PARTIES:
        found += [_rejection(each, loop) for each in members(member(check, name), "aaaErrors")]
    for dependent in members(check, "dependents"):
        found += [_rejection(each, "2100D") for each in members(dependent, "aaaErrors")]
    known = {(each.code, each.loop) for each in found}
    under = "2100D" if members(check, "dependents") else "2100C"
    for error in members(check, "errors"):
        rejection = _rejection(error, under)
        if (rejection.code, rejection.loop) not in known:
            found.append(rejection)
    return tuple([each._replace(segment_number=at) for at, each in enumerate(found, 1)])


def _rejection(error: Object, loop: str) -> x12.Rejection:
    """An AAA; `location` names its loop where it can be read."""
    stated = _LOOP.search(text(error, "location"))
    code = text(error, "code")
    return x12.Rejection(
        loop=stated[0] if stated else loop,
        valid_request=None,
        code=code if _AAA.fullmatch(code) else None,
        follow_up=_FOLLOW_UPS.get(_letters(text(error, "followupAction"))),
        segment_number=0,
    )


def _letters(words: str) -> str:
    return _NOT_LETTERS.sub("", words.lower())


# --- who --------------------------------------------------------------------------------------------


def _person(found: Object) -> Person:
    return Person(
        member_id=text(found, "memberId"),
        last_name=text(found, "lastName"),
        first_name=text(found, "firstName"),
        middle_name=text(found, "middleName"),
        suffix=text(found, "suffix"),
        birth_date=day(text(found, "dateOfBirth")),
        gender=text(found, "gender"),
        relationship=text(found, "relationToSubscriberCode"),
        address=_address(member(found, "address")),
        references=_references(found),
        identifiers_changed=(text(found, "maintenanceTypeCode"), text(found, "maintenanceReasonCode"))
        == ("001", "25"),
    )


def _address(found: Object) -> x12.Address | None:
    if not found:
        return None
    lines = tuple(filter(None, [text(found, "address1"), text(found, "address2")]))
    return x12.Address(
        lines,
        text(found, "city"),
        text(found, "state"),
        text(found, "postalCode"),
        text(found, "countryCode"),
    )


def _references(found: Object) -> tuple[x12.Reference, ...]:
    """REF 6P and 18: group and plan."""
    numbers = [
        ("6P", text(found, "groupNumber"), text(found, "groupDescription")),
        ("18", text(found, "planNumber"), text(found, "planDescription")),
    ]
    return tuple([x12.Reference(*each) for each in numbers if each[1]])


# --- what is said -----------------------------------------------------------------------------------


def _benefit(found: Object, place: int) -> x12.Benefit:
    """One EB; `place` is its place in the list, from 1."""
    figures = ("benefitAmount", "benefitPercent", "benefitQuantity")
    deliveries = members(found, "benefitsServiceDelivery")
    return x12.Benefit(
        code=text(found, "code"),
        coverage_level=text(found, "coverageLevelCode") or None,
        service_types=texts(found, "serviceTypeCodes"),
        insurance_type=text(found, "insuranceTypeCode") or None,
        plan=text(found, "planCoverage") or None,
        period=text(found, "timeQualifierCode") or None,
        amount=amount(found, "benefitAmount"),
        percent=amount(found, "benefitPercent"),
        quantity_qualifier=text(found, "quantityQualifierCode") or None,
        quantity=amount(found, "benefitQuantity"),
        authorization_required=text(found, "authOrCertIndicator") or None,
        in_network=text(found, "inPlanNetworkIndicatorCode") or None,
        procedure=_procedure(member(found, "compositeMedicalProcedureIdentifier")),
        dates=_dates(member(found, "benefitsDateInformation")),
        messages=tuple(
            [said for each in members(found, "additionalInformation") if (said := text(each, "description"))]
        ),
        segment_number=place,
        references=_references(member(found, "benefitsAdditionalInformation")),
        entities=_entities(found),
        deliveries=tuple([_delivery(each) for each in deliveries]),
        additional=_additional(found),
        has_unreadable_figure=any(is_unreadable_amount(found, name) for name in figures),
    )


def _dates(found: Object) -> tuple[x12.DateRange, ...]:
    return tuple([_date(qualifier, text(found, name)) for name, qualifier in _DATES.items() if name in found])


def _date(qualifier: str, said: str) -> x12.DateRange:
    """YYYYMMDD, or two of them with a hyphen between."""
    begin, _, end = said.partition("-") if said.count("-") == 1 else (said, "", "")
    last = day(end) if end else None
    return x12.DateRange(qualifier, day(begin), last, end_unreadable=bool(end) and last is None)


def _procedure(found: Object) -> x12.Procedure | None:
    code = text(found, "procedureCode")
    if not code:
        return None
    return x12.Procedure(
        text(found, "productOrServiceIDQualifierCode"), code, texts(found, "procedureModifiers")
    )


def _entities(found: Object) -> tuple[x12.RelatedEntity, ...]:
    """2120; the list has taken the place of a single one."""
    listed = members(found, "benefitsRelatedEntities") or [member(found, "benefitsRelatedEntity")]
    return tuple([_entity(each) for each in listed if each])


def _entity(found: Object) -> x12.RelatedEntity:
    named = _ENTITIES.get(_letters(text(found, "entityIdentifier")), "")
    return x12.RelatedEntity(
        x12.Party(
            named,
            text(found, "entityName"),
            text(found, "entityFirstname"),
            text(found, "entityMiddlename"),
            text(found, "entitySuffix"),
            text(found, "entityIdentification"),
            text(found, "entityIdentificationValue"),
        ),
        address=_address(member(found, "address")),
        contacts=_contacts(member(found, "contactInformation")),
        relationship=text(found, "entityRelationship"),
    )


# PER03 of `communicationMode`, by its letters.
_MODES = {
    "telephone": "TE",
    "facsimile": "FX",
    "electronicmail": "EM",
    "uniformresourcelocatorurl": "UR",
    "telephoneextension": "EX",
    "workphonenumber": "WP",
    "electronicdatainterchangeaccessnumber": "ED",
}


def _contacts(found: Object) -> tuple[x12.Contact, ...]:
    numbers = [
        x12.ContactNumber(_MODES.get(_letters(text(each, "communicationMode")), ""), number)
        for each in members(found, "contacts")
        if (number := text(each, "communicationNumber"))
    ]
    return (x12.Contact("IC", text(found, "name"), tuple(numbers)),) if numbers else ()


def _delivery(found: Object) -> x12.ServiceDelivery:
    return x12.ServiceDelivery(
        text(found, "quantityQualifierCode"),
        amount(found, "quantity"),
        text(found, "unitForMeasurementQualifierCode"),
        amount(found, "sampleSelectionModulus"),
        text(found, "timePeriodQualifierCode"),
        amount(found, "numOfPeriods"),
        text(found, "deliveryOrCalendarPatternQualifierCode"),
        text(found, "deliveryPatternTimeQualifierCode"),
    )


def _additional(found: Object) -> tuple[x12.AdditionalInformation, ...]:
    """III; the list has taken the place of a single one."""
    listed = members(found, "eligibilityAdditionalInformationList")
    listed = listed or [member(found, "eligibilityAdditionalInformation")]
    said = [
        x12.AdditionalInformation(
            text(each, "codeListQualifierCode"),
            text(each, "industryCode"),
            text(each, "codeCategory"),
            text(each, "injuredBodyPartName"),
        )
        for each in listed
    ]
    return tuple([each for each in said if any(each)])
