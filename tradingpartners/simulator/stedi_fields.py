"""The constraints of a Stedi-shaped eligibility check: what the fields may hold.

The same tree is walked for a single check and for each item of a batch; each thing found wrong is a
JSON pointer and a sentence, as the `fieldList` of a 400 gives them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# X12 delimiters have no escape, so no value may hold one.
FORBIDDEN = re.compile(r"[~*:^]")
BEYOND_X12 = re.compile(r"[^\x20-\x7e\xa0-\xff]")
DATE = r"\d{8}"


@dataclass(frozen=True)
class Text:
    shortest: int = 0
    longest: int = 80
    pattern: str = ""
    among: Sequence[str] = ()
    stays_out: bool = False  # of the 270: any character will do


@dataclass(frozen=True)
class Items:
    each: "Rule"
    fewest: int = 1
    most: int = 99


@dataclass(frozen=True)
class Members:
    members: Mapping[str, "Rule"]
    required: Sequence[str] = ()


@dataclass(frozen=True)
class Problem:
    path: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"path": self.path, "message": self.message}


@dataclass
class Found:
    """What a walk found wrong, and how it changed the values it could mend."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


Rule = Text | Items | Members

fifty = Text(1, 50)
day = Text(8, 8, DATE)
alphanumeric = Text(1, 50, r"[A-Za-z0-9]+")
nine_digits = Text(9, 9, r"\d{9}")
PROVIDER_CODES = (
    "AD", "AT", "BI", "CO", "CV", "H", "HH", "LA", "OT", "P1", "P2", "PC", "PE", "R", "RF", "SK", "SU",
)  # fmt: skip
QUALIFIERS = ("9K", "D3", "EI", "HPI", "PXC", "SY", "TJ")
PROCEDURES = ("AD", "CJ", "HC", "ID", "IV", "N4", "ZZ")

address = Members(
    {
        "address1": Text(1, 55),
        "address2": Text(1, 55),
        "city": Text(2, 30),
        "countryCode": Text(2, 2),
        "countrySubDivisionCode": Text(1, 3),
        "postalCode": Text(5, 9),
        "state": Text(2, 2, r"[A-Z]{2}"),
    },
    required=("address1", "city"),
)
additional = Members(
    dict.fromkeys(
        (
            "agencyClaimNumber", "contractNumber", "healthInsuranceClaimNumber",
            "identificationCardSerialNumber", "insurancePolicyNumber", "medicalRecordIdentificationNumber",
            "memberIdentificationNumber", "patientAccountNumber", "planNetworkIdentificationNumber",
            "planNumber", "policyNumber",
        ),
        fifty,
    )
)  # fmt: skip
diagnosis = Members(
    {
        "diagnosisCode": Text(1, 30, r"[A-Za-z0-9]+"),
        "diagnosisTypeCode": Text(among=("BK", "ABK", "BF", "ABF")),
    },
    required=("diagnosisCode", "diagnosisTypeCode"),
)
PERSON: dict[str, Rule] = {
    "additionalIdentification": additional,
    "address": address,
    "beginningCardIssueDate": day,
    "beginningPlanIssueDate": day,
    "birthSequenceNumber": Text(1, 9, r"[0-9]+"),
    "dateOfBirth": day,
    "endCardIssueDate": day,
    "endPlanIssueDate": day,
    "firstName": Text(1, 35),
    "gender": Text(among=("M", "F")),
    "groupNumber": fifty,
    "healthCareCodeInformation": Items(diagnosis, most=8),
    "idCard": fifty,
    "idCardIssueDate": day,
    "lastName": Text(1, 60),
    "memberId": Text(2, 80, r"[A-Za-z0-9- ]+"),
    "middleName": Text(1, 25),
    "planIssueDate": day,
    "providerCode": Text(among=PROVIDER_CODES),
    "providerIdentifier": alphanumeric,
    "referenceIdentificationQualifier": Text(among=QUALIFIERS),
    "ssn": nine_digits,
    "suffix": Text(1, 10),
}
subscriber = Members(
    {
        **PERSON,
        "birthSequenceNumber": Text(1, 9, r"[0-9]"),
        "caseNumber": alphanumeric,
        "coverageLevelCode": Text(),
        "medicaidRecipientIdentificationNumber": alphanumeric,
        "spendDownAmount": Text(1, 15),
        "spendDownTotalBilledAmount": Text(1, 15),
    }
)
dependent = Members(
    {
        **PERSON,
        "eligibilityCategory": fifty,
        "individualRelationshipCode": Text(among=("01", "19", "34")),
        "issueNumber": fifty,
    }
)
provider = Members(
    {
        "address": address,
        "contactNumber": fifty,
        "contractNumber": fifty,
        "devicePinNumber": fifty,
        "employersId": Text(2, 80),
        "facilityIdNumber": fifty,
        "facilityNetworkIdNumber": fifty,
        "firstName": Text(1, 35),
        "informationReceiverAdditionalIdentifierState": Text(1, 80),
        "lastName": Text(1, 60),
        "medicaidProviderNumber": fifty,
        "medicareProviderNumber": fifty,
        "npi": Text(10, 10, r"\d{10}"),
        "organizationName": Text(1, 60),
        "payorId": Text(2, 80),
        "pharmacyProcessorNumber": Text(2, 80),
        "priorIdentifierNumber": fifty,
        "providerCode": Text(among=(*PROVIDER_CODES, "SB")),
        "providerPlanNetworkIdNumber": fifty,
        "providerType": Text(
            among=(
                "payer", "third-party administrator", "employer", "hospital", "facility",
                "gateway provider", "plan sponsor", "provider",
            )
        ),
        "referenceIdentification": Text(),
        "serviceProviderNumber": Text(2, 80),
        "servicesPlanID": Text(2, 80),
        "ssn": nine_digits,
        "stateLicenceNumber": fifty,
        "submitterIdNumber": fifty,
        "taxId": nine_digits,
    }
)  # fmt: skip
procedure = Members(
    {
        "diagnosisCodePointer": Items(Text(), most=4),
        "procedureCode": Text(1, 48),
        "procedureModifiers": Items(Text(), most=4),
        "productOrServiceIDQualifier": Text(among=PROCEDURES),
    },
    required=("procedureCode", "productOrServiceIDQualifier"),
)
encounter = Members(
    {
        "beginningDateOfService": day,
        "dateOfService": day,
        "diagnosisCodePointer": Items(Text(), most=4),
        "endDateOfService": day,
        "industryCode": Text(),
        "medicalProcedures": Items(procedure, most=98),
        "priorAuthorizationOrReferralNumber": Text(),
        "procedureCode": Text(1, 48),
        "procedureModifiers": Items(Text(), most=4),
        "productOrServiceIDQualifier": Text(among=PROCEDURES),
        "referenceIdentificationQualifier": Text(among=("9F", "G1")),
        "serviceTypeCodes": Items(Text(1, 2, r"[A-Z0-9]{1,2}")),
    }
)
CHECK = Members(
    {
        "controlNumber": Text(9, 9),
        "dependents": Items(dependent, most=1),
        "encounter": encounter,
        "externalPatientId": Text(0, 36),
        "portalPassword": fifty,
        "portalUsername": fifty,
        "provider": provider,
        "submitterTransactionIdentifier": Text(stays_out=True),
        "subscriber": subscriber,
        "tradingPartnerName": Text(1, 60),
        "tradingPartnerServiceId": Text(1, 80),
    },
    required=("tradingPartnerServiceId", "provider", "subscriber"),
)


def check_request(body: Any, path: str = "", *, in_batch: bool = False) -> Found:
    """Everything wrong with one check."""
    found = Found()
    if not isinstance(body, dict):
        found.problems.append(Problem(path, "must be an object"))
        return found
    walk(body, CHECK, path, found)
    if in_batch and not body.get("submitterTransactionIdentifier"):
        found.problems.append(Problem(f"{path}/submitterTransactionIdentifier", "is required"))
    found.problems += across_fields(body, path)
    return found


def walk(value: Any, rule: Rule, path: str, found: Found) -> None:
    """Fields nobody knows are let be, as they may be new."""
    if isinstance(rule, Members):
        if not isinstance(value, dict):
            found.problems.append(Problem(path, "must be an object"))
            return
        for name in rule.required:
            if value.get(name) in (None, ""):
                found.problems.append(Problem(f"{path}/{name}", "is required"))
        for name, inner in rule.members.items():
            if value.get(name) is not None:
                walk(value[name], inner, f"{path}/{name}", found)
    elif isinstance(rule, Items):
        if not isinstance(value, list):
            found.problems.append(Problem(path, "must be an array"))
            return
        if not rule.fewest <= len(value) <= rule.most:
            found.problems.append(Problem(path, f"must have {rule.fewest} to {rule.most} items"))
        for number, each in enumerate(value[: rule.most]):
            walk(each, rule.each, f"{path}/{number}", found)
    else:
        message = text_problem(value, rule)
        if message:
            found.problems.append(Problem(path, message))
        elif "`" in value:
            found.warnings.append(
                {"code": "request::character-replaced", "description": f"{path}: ` became an apostrophe"}
            )


def text_problem(value: Any, rule: Text) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if rule.stays_out:
        return ""
    if FORBIDDEN.search(value):
        return "must not contain any of ~ * : ^"
    if BEYOND_X12.search(value):
        return "has a character outside the X12 character sets"
    if value and not rule.shortest <= len(value) <= rule.longest:
        return f"must have {rule.shortest} to {rule.longest} characters"
    if not value and rule.shortest:
        return "must not be empty"
    if rule.pattern and not re.fullmatch(rule.pattern, value, re.ASCII):
        return f"must match pattern ^{rule.pattern}$"
    if rule.pattern == DATE and not is_day(value):
        return "must be a date YYYYMMDD"
    if rule.among and value not in rule.among:
        return f"must be one of {', '.join(rule.among)}"
    return ""


def across_fields(body: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """What several fields must be together."""
    asking, known = part(body, "provider"), part(body, "subscriber")
    if is_object(body, "provider") and not (
        asking.get("organizationName") or (asking.get("firstName") and asking.get("lastName"))
    ):
        yield Problem(f"{path}/provider", "organizationName, or firstName and lastName, is required")
    npi = asking.get("npi")
    if isinstance(npi, str) and re.fullmatch(r"\d{10}", npi, re.ASCII) and not is_npi(npi):
        yield Problem(f"{path}/provider/npi", "must have a valid check digit")
    if is_object(body, "subscriber") and not (
        known.get("memberId") or known.get("dateOfBirth") or known.get("lastName")
    ):
        yield Problem(f"{path}/subscriber", "one of memberId, dateOfBirth and lastName is required")
    visit = part(body, "encounter")
    begin, end = visit.get("beginningDateOfService"), visit.get("endDateOfService")
    if visit.get("dateOfService") and (begin or end):
        yield Problem(f"{path}/encounter/dateOfService", "must not stand beside a period")
    elif bool(begin) != bool(end):
        yield Problem(f"{path}/encounter", "beginningDateOfService and endDateOfService go together")


def is_object(body: Mapping[str, Any], name: str) -> bool:
    return isinstance(body.get(name), dict)


def part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside, without what is null; nothing where there is no such object."""
    return without_nulls(body.get(name))


def without_nulls(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {name: inner for name, inner in value.items() if inner is not None}


def is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a calendar day
    except ValueError:
        return False
    return True


def is_npi(npi: str) -> bool:
    """Luhn's check over 80840 and the ten digits."""
    total = 0
    for place, mark in enumerate(reversed(f"80840{npi}")):
        doubled = int(mark) * (2 if place % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0
