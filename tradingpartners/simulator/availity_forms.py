"""The form of an Availity-shaped coverage request, as the question it is."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from tradingpartners.simulator.checks import Asked, Check, new_trace
from tradingpartners.simulator.stedi_fields import BEYOND_X12, FORBIDDEN, is_npi
from tradingpartners.simulator.verdicts import Records, fold

SELF = "18"
DATES = ("asOfDate", "toDate", "patientBirthDate")


class FormError(Exception):
    """What is wrong with a form, as the `errors` of a 400 say it."""

    def __init__(self, problems: Sequence[dict[str, object]]) -> None:
        super().__init__("the form is not valid")
        self.problems = problems


def read_form(form: Mapping[str, Sequence[str]], records: Mapping[str, Records]) -> Check:
    """The question of a valid form. Raises FormError."""
    given = {name: values[0].strip() for name, values in form.items()}
    problems = list(find_problems(given, records))
    if problems:
        raise FormError([problem_json(index, *problem) for index, problem in enumerate(problems)])
    known = records[given["payerId"]]
    patient = Asked(
        first_name=given.get("patientFirstName", ""),
        last_name=given.get("patientLastName", ""),
        birth_date=compact(given.get("patientBirthDate", "")),
        gender=given.get("patientGender", "")[:1].upper(),
        member_id=given.get("memberId", ""),
        group=given.get("groupNumber", ""),
    )
    is_self = given.get("subscriberRelationship", SELF) == SELF
    days = [compact(given[name]) for name in ("asOfDate", "toDate") if given.get(name)]
    types = [code for name in ("serviceType", "serviceType[]") for code in form.get(name, ())]
    return Check(
        payer_id=given["payerId"],
        payer_name=known.payer.name.upper(),
        provider_name=given.get("providerLastName", "") or "PROVIDER",
        npi=given["providerNpi"],
        subscriber=patient if is_self else policy_holder(given.get("memberId", ""), known),
        dependent=None if is_self else patient,
        dates=days if len(set(days)) > 1 else days[:1],
        service_types=types or ["30"],
        trace=new_trace(),
    )


def policy_holder(member_id: str, known: Records) -> Asked:
    """The form has no room for a subscriber who is not the patient: the payer goes by the id alone."""
    member = known.by_id.get(fold(member_id))
    if member is None:
        return Asked(member_id=member_id)
    born = f"{member.person.birth_date:%Y%m%d}"
    return Asked(member.person.first_name, member.person.last_name, born, member_id=member_id)


def find_problems(given: Mapping[str, str], records: Mapping[str, Records]) -> list[tuple[str, str]]:
    """Each with the field to blame."""
    problems = []
    if given.get("payerId", "") not in records:
        problems.append(("payerId", "is no payer of ours"))
    npi = given.get("providerNpi", "")
    if not re.fullmatch(r"\d{10}", npi, re.ASCII) or not is_npi(npi):
        problems.append(("providerNpi", "must be ten digits with a valid check digit"))
    for name in DATES:
        if given.get(name) and not is_iso_day(given[name]):
            problems.append((name, "must be a date YYYY-MM-DD"))
    if not given.get("memberId") and not (given.get("patientLastName") and given.get("patientBirthDate")):
        problems.append(("memberId", "is required, or patientLastName with patientBirthDate"))
    for name, value in given.items():
        if FORBIDDEN.search(value) or BEYOND_X12.search(value):
            problems.append((name, "has a character X12 cannot carry"))
    return problems


def problem_json(index: int, name: str, message: str) -> dict[str, object]:
    return {"code": 0, "errorMessage": message, "field": name, "index": index}


def is_iso_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def compact(day: str) -> str:
    return day.replace("-", "")
