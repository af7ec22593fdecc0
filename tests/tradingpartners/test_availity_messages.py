"""Questions as Availity's form, and its coverages as answers: what decides is the codec."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.tradingpartners.test_stedi_messages import ASKED, NOW, ROUTE, attempt, question
from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import Incoming, ReadSet
from tradingpartners.messages import availity as dialect

PERSON = {
    "memberId": "M00000001",
    "lastName": "AMES",
    "firstName": "ALICE",
    "birthDate": "1984-05-17T00:00:00.000+0000",
    "genderCode": "F",
}


def form(asked: x12.EligibilityQuestion) -> dict[str, str]:
    return dict(parse_qsl(dialect.write_attempt(attempt(), asked, ROUTE, number="0001", now=NOW)))


def coverage(*plans: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "7", "status": "Complete", "statusCode": "4", "subscriber": PERSON, "plans": plans, **more}


def said(body: Any) -> Incoming:
    (event,) = dialect.read(json.dumps(body).encode())
    assert isinstance(event, ReadSet)
    (one,) = event.answers(1)
    return one


def verdict(one: Incoming) -> x12.CoverageVerdict:
    assert one.answer is not None
    return x12.decide_coverage(one.answer, asked=ASKED)


def test_a_question_is_a_form_about_the_patient() -> None:
    assert form(question()) == {
        "payerId": "007",
        "providerNpi": "1234567893",
        "providerLastName": "MAIN STREET",
        "memberId": "M00000001",
        "patientLastName": "AMES",
        "patientFirstName": "ALICE",
        "patientBirthDate": "1984-05-17",
        "patientGender": "F",
        "subscriberRelationship": "18",
        "asOfDate": "2026-11-24",
        "serviceType": "30",
    }


def test_a_dependent_is_the_patient_under_the_member_id_of_the_policy_holder() -> None:
    child = x12.Dependent("ÁMES", "BOBBY", date(2015, 9, 20), relationship="19")
    asked = form(question(dependent=child))
    assert (asked["memberId"], asked["patientLastName"], asked["patientFirstName"]) == (
        "M00000001",
        "AMES",
        "BOBBY",
    )
    assert (asked["subscriberRelationship"], asked["patientBirthDate"]) == ("19", "2015-09-20")


def test_what_x12_cannot_carry_is_refused_here_too() -> None:
    with pytest.raises(x12.X12WriteError) as refusal:
        form(question(provider_npi="1234567890"))
    assert refusal.value.field == "provider_npi"


STATUSES = [
    ({"statusCode": "1", "status": "Active Coverage"}, "active"),
    ({"status": "Active Coverage"}, "active"),
    ({"statusCode": "6"}, "inactive"),
    ({"status": "Inactive", "statusCode": "X"}, "inactive"),
    ({"statusCode": "1", "eligibilityEndDate": "2026-11-01T00:00:00.000+0000"}, "unknown"),
    ({"statusCode": "1", "coverageStartDate": "2026-01-01", "coverageEndDate": "2026-12-31"}, "active"),
    ({"benefits": [{"type": "30", "statusCode": "1"}]}, "active"),
    ({"benefits": [{"type": "35", "statusCode": "1"}]}, "unknown"),
    ({"statusCode": "1", "benefits": [{"type": "30", "status": "Inactive"}]}, "inactive"),
    ({"statusCode": "1", "benefits": [{"type": "35", "statusCode": "1"}]}, "unknown"),
    ({"statusCode": "1", "benefits": [{"type": "35"}]}, "active"),
]


@pytest.mark.parametrize(("plan", "status"), STATUSES, ids=lambda value: str(value)[:50])
def test_a_plan_says_what_an_eb_would_say(plan: Any, status: str) -> None:
    one = said(coverage(plan))
    assert (one.kind, verdict(one).status) == (OutcomeKind.ANSWERED, status)


def test_figures_stand_in_four_lists_by_network() -> None:
    benefit = {
        "type": "30",
        "statusCode": "1",
        "amounts": {
            "deductibles": {
                "inNetwork": [
                    {"total": "1500", "totalTimePeriodCode": "23", "remaining": "420.55", "levelCode": "IND"}
                ],
                "outOfNetwork": [{"amount": "3000", "amountTimePeriodCode": "23", "levelCode": "IND"}],
            },
            "coInsurance": {
                "inNetwork": [{"amount": "20", "levelCode": "IND", "authorizationRequired": True}],
                "notApplicableNetwork": [{"amount": "0.5", "authorizationRequiredUnknown": True}],
            },
            "coPayment": {"noNetwork": [{"amount": "$30", "levelCode": "IND"}]},
        },
    }
    one = said(coverage({"statusCode": "1", "benefits": [benefit]}))
    assert one.answer is not None
    rows = {row.network: row for row in x12.benefit_figures(one.answer, asked_type="30")}
    assert (rows["in"].deductible, rows["in"].deductible_remaining) == (Decimal(1500), Decimal("420.55"))
    assert (rows["in"].coinsurance, rows["in"].authorization_required) == (Decimal("0.2"), True)
    assert rows["out"].deductible == Decimal(3000)
    assert (rows["both"].coinsurance, rows["both"].authorization_required) == (Decimal("0.5"), None)
    assert [row.copay for row in rows.values() if row.copay is not None] == [Decimal(30)]


def test_another_payer_first_is_told() -> None:
    plan = {"statusCode": "1", "additionalPayers": [{"name": "OTHER", "primary": True}]}
    assert verdict(said(coverage(plan))).other_payer_first


def test_a_dependent_is_answered_for_under_the_subscriber() -> None:
    child = {
        "lastName": "AMES",
        "firstName": "BOBBY",
        "birthDate": "2015-09-20",
        "subscriberRelationshipCode": "19",
    }
    one = said(coverage({"statusCode": "1"}, patient=child))
    assert one.answer is not None
    assert (one.answer.is_dependent, one.answer.first_name, one.answer.member_id) == (
        True,
        "BOBBY",
        "M00000001",
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"field": "memberId", "code": "72", "errorMessage": "…"}, "AAA 72"),
        ({"field": "providerNpi", "code": "51"}, "AAA 51"),
    ],
)
def test_a_message_of_the_payer_is_a_rejection_by_its_code(message: Any, code: str) -> None:
    one = said(coverage(statusCode="19", status="Request Error", validationMessages=[message]))
    assert (one.kind, one.code, one.again) == (OutcomeKind.REJECTED, code, False)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "Request Error", "validationMessages": [{"field": "patientBirthDate", "code": "1001"}]},
        {"statusCode": 400, "userMessage": "…", "errors": [{"field": "patientBirthDate", "code": 0}]},
    ],
)
def test_a_question_that_availity_refuses_ends_with_its_field(body: Any) -> None:
    one = said(body)
    assert (one.kind, one.code) == (OutcomeKind.REJECTED, "unwritable:patient.birth_date")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"statusCode": "7"}, "payer_not_reached"),
        ({"statusCode": "15", "status": "Communication Error"}, "payer_not_reached"),
        ({"statusCode": "E"}, "payer_not_reached"),
        ({"statusCode": "3"}, "invalid_payer_reply"),
        ({"statusCode": "0", "status": "In Progress"}, "no_answer"),
        ({"statusCode": "77", "plans": {"a": 1}, "subscriber": "x"}, "no_answer"),
        ({}, "no_answer"),
    ],
)
def test_silence_is_asked_again_and_says_whose_it_is(status: Any, code: str) -> None:
    one = said(status)
    assert (one.kind, one.code, one.again) == (OutcomeKind.UNKNOWN, code, True)
