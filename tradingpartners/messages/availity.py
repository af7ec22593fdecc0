"""Rows to Availity's coverages form and back: one question, one coverage.

No number of ours goes with a question: an answer belongs to the attempt on whose connection it came,
or under whose coverage id it was fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import stedi, x12_sets
from tradingpartners.messages.availity_answers import Progress, progress, read_answer, read_rejections
from tradingpartners.messages.json_answers import answered, unanswered, unwritable
from tradingpartners.messages.json_values import Object, members, read_object, text
from tradingpartners.messages.reading import Event, Incoming, ReadSet
from tradingpartners.models import Attempt, Route, TradingPartner

CONTENT_TYPE = "application/x-www-form-urlencoded"

# Where the form has what our question names; a field at fault is known by either name.
FIELDS = {
    "payerId": "payer_id",
    "providerNpi": "provider_npi",
    "providerLastName": "provider_name",
    "providerFirstName": "provider_first_name",
    "memberId": "subscriber.member_id",
    "patientLastName": "patient.last_name",
    "patientFirstName": "patient.first_name",
    "patientBirthDate": "patient.birth_date",
    "patientGender": "patient.gender",
    "groupNumber": "subscriber.group_number",
    "subscriberRelationship": "dependent.relationship",
    "asOfDate": "service_date",
    "toDate": "service_date_end",
    "serviceType": "service_types",
}
_SELF = "18"
# What an answer is not, by how far it came; asked again where the payer was not reached.
_SILENCE = {
    Progress.NO_CONNECTION: "payer_not_reached",
    Progress.INVALID_REPLY: "invalid_payer_reply",
}


def write_attempt(attempt: Attempt, contents: Any, route: Route, *, number: str, now: datetime) -> str:
    """The form of one question. What X12 would refuse is refused here, under the same name: Availity
    makes a 270 of it."""
    x12_sets.write_attempt(attempt, contents, route, number=number, now=now)
    question: x12.EligibilityQuestion = contents
    stedi.refuse_what_is_not_carried(question)
    name = stedi.plain_name
    patient, subscriber = question.dependent or question.subscriber, question.subscriber
    form = {
        "payerId": route.payer_identifier.strip(),
        "providerNpi": question.provider_npi,
        "providerLastName": name(question.provider_name),
        "providerFirstName": name(question.provider_first_name),
        "memberId": (subscriber.member_id or "").strip(),
        "patientLastName": name(patient.last_name),
        "patientFirstName": name(patient.first_name),
        "patientMiddleName": name(patient.middle_name),
        "patientSuffix": name(patient.suffix),
        "patientBirthDate": _day(patient.birth_date),
        "patientGender": patient.gender or "",
        "groupNumber": (subscriber.group_number or "").strip(),
        "subscriberRelationship": _relationship(question),
        "asOfDate": _day(question.service_date),
        "toDate": _day(question.service_date_end),
        "serviceType": question.service_types[0],
    }
    return urlencode({field: value for field, value in form.items() if value})


def _relationship(question: x12.EligibilityQuestion) -> str:
    return _SELF if question.dependent is None else question.dependent.relationship or ""


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def write_file(
    partner: TradingPartner, transaction_set: str, texts: Sequence[str], *, number: int, now: datetime
) -> bytes:
    """The one question's form."""
    return texts[0].encode()


def texts_of(content: bytes) -> dict[str, str]:
    return {"0001": content.decode()}


def read(content: bytes) -> Iterator[Event]:
    """A coverage, or what Availity says instead."""
    coverage = read_object(content)
    own = content.decode("utf-8-sig")
    yield ReadSet("271", "", own, partial(_of_coverage, coverage, own))


def _of_coverage(coverage: Object, own: str, position: int) -> list[Incoming]:
    answer, rejections = read_answer(coverage), read_rejections(coverage)
    if rejections or (answer and answer.benefits):
        return [answered(position, answer, rejections, attempt_id=None, text=own)]
    faults = members(coverage, "validationMessages") or members(coverage, "errors")
    if faults:
        code = unwritable(text(faults[0], "field").removesuffix("[]"), FIELDS)
        return [unanswered(position, OutcomeKind.REJECTED, code, attempt_id=None, text=own)]
    code = _SILENCE.get(progress(coverage), "no_answer")
    return [unanswered(position, OutcomeKind.UNKNOWN, code, attempt_id=None, text=own, again=True)]
