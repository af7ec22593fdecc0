"""Checks to questions, answers to facts: the one file of this app that knows both worlds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from coverage.models import Coverage
from eligibility.models import EligibilityCheck
from practice.sealing import plain
from tradingpartners import x12

# INS02 of 2100D
_RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "34"}
_GENDERS = frozenset({"M", "F"})


def compose_questions(check_ids: Sequence[UUID]) -> dict[UUID, x12.EligibilityQuestion]:
    """The contents of each check's 270; who carries it adds trace, addresses and times."""
    checks = EligibilityCheck.objects.to_compose().filter(pk__in=check_ids)
    return {check.pk: question(check) for check in checks}


def question(check: EligibilityCheck) -> x12.EligibilityQuestion:
    """A dependent is asked about under the policy holder (2000D); everybody else as subscriber."""
    coverage, patient = check.coverage, check.patient
    gender = patient.gender if patient.gender in _GENDERS else None
    subscriber = x12.Subscriber(
        member_id=coverage.subscriber_id,
        last_name=coverage.subscriber_last_name.upper(),
        first_name=coverage.subscriber_first_name.upper(),
        birth_date=coverage.subscriber_date_of_birth,
        gender=None if coverage.is_dependent else gender,
        group_number=coverage.group_number or None,
    )
    dependent = x12.Dependent(
        last_name=patient.last_name.upper(),
        first_name=patient.first_name.upper(),
        birth_date=patient.birth_date,
        gender=gender,
        relationship=_RELATIONSHIPS.get(coverage.relationship_to_subscriber),
    )
    return x12.EligibilityQuestion(
        trace_number="",
        trace_originator="",
        reference_identification="",
        payer_name="",
        payer_id="",
        provider_name=check.facility.name.upper(),
        provider_npi=check.facility.npi,
        subscriber=subscriber,
        dependent=dependent if coverage.is_dependent else None,
        service_types=(check.service_type,),
        service_date=check.service_date,
        created=datetime(2000, 1, 1, tzinfo=UTC),
    )


def recognize_people(answers: Sequence[tuple[UUID, x12.Answer]]) -> list[bool]:
    """For each (check, answer): is it about the person we asked about?"""
    asked = {
        check.pk: check
        for check in EligibilityCheck.objects.select_related("patient", "coverage").filter(
            pk__in=[check_id for check_id, _ in answers]
        )
    }
    return [check_id in asked and is_same_person(asked[check_id], answer) for check_id, answer in answers]


def is_same_person(check: EligibilityCheck, answer: x12.Answer) -> bool:
    """Our trace and one of: member id equal; birth date and last name equal; the payer marks that
    it knows the person by other identifiers. Differences stay visible, they do not refuse."""
    coverage: Coverage = check.coverage
    if answer.member_id and plain(answer.member_id) == plain(coverage.subscriber_id):
        return True
    if answer.other_identifiers_changed:
        return True
    return (
        answer.birth_date == check.patient.birth_date
        and bool(answer.last_name)
        and x12.normalize_last_name(answer.last_name or "")
        == x12.normalize_last_name(check.patient.last_name)
    )
