"""Checks to questions, answers to facts: the one file of this app that knows both worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from coverage.models import Coverage
from eligibility.models import EligibilityCheck
from practice.sealing import plain
from tradingpartners import x12
from tradingpartners.contents import Recognition
from tradingpartners.models import ProviderIdentity

# INS02 of 2100D
_RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "34"}
_GENDERS = frozenset({"M", "F"})


def compose_questions(check_ids: Sequence[UUID]) -> dict[UUID, x12.EligibilityQuestion]:
    """The contents of each check's 270; who carries it adds trace, addresses and times."""
    checks = list(EligibilityCheck.objects.to_compose().filter(pk__in=check_ids))
    identities = _identities(checks)
    return {check.pk: question(check, who_asks(check, identities)) for check in checks}


class WhoAsks(NamedTuple):
    """2100B: who the payer is told is asking."""

    name: str
    npi: str


# (facility or None for all, payer or None for all)
Identities = Mapping[tuple[UUID | None, UUID | None], WhoAsks]


def _identities(checks: Sequence[EligibilityCheck]) -> Identities:
    rows = ProviderIdentity.objects.filter(
        Q(facility=None) | Q(facility__in={check.facility_id for check in checks}),
        Q(payer=None) | Q(payer__in={check.payer_id for check in checks}),
    )
    return {(row.facility_id, row.payer_id): WhoAsks(row.name, row.npi) for row in rows}


def who_asks(check: EligibilityCheck, identities: Identities) -> WhoAsks:
    """As this payer knows the facility, or the practice; as the facility is known; as the practice is."""
    facility, payer = check.facility_id, check.payer_id
    for key in ((facility, payer), (None, payer), (facility, None), (None, None)):
        if key in identities:
            return identities[key]
    return WhoAsks(check.facility.name, check.facility.npi)


def facilities_of(check_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    return dict(EligibilityCheck.objects.filter(pk__in=check_ids).values_list("pk", "facility_id"))


def question(check: EligibilityCheck, who: WhoAsks) -> x12.EligibilityQuestion:
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
        provider_name=who.name.upper(),
        provider_npi=who.npi,
        subscriber=subscriber,
        dependent=dependent if coverage.is_dependent else None,
        service_types=(check.service_type,),
        service_date=check.service_date,
        created=datetime(2000, 1, 1, tzinfo=UTC),
    )


def recognize_people(answers: Sequence[tuple[UUID, x12.Answer]]) -> list[Recognition]:
    """For each (check, answer): how surely it is about the person we asked about."""
    asked = {
        check.pk: check
        for check in EligibilityCheck.objects.select_related("patient", "coverage").filter(
            pk__in=[check_id for check_id, _ in answers]
        )
    }
    return [
        recognize(asked[check_id], answer) if check_id in asked else Recognition.STRANGER
        for check_id, answer in answers
    ]


def recognize(check: EligibilityCheck, answer: x12.Answer) -> Recognition:
    """By birth date and name; by the member id, which a family shares; by the payer's mark that it
    knows the person by other identifiers. Differences stay visible, they do not refuse."""
    patient, coverage = check.patient, check.coverage
    same_birth_date = answer.birth_date == patient.birth_date
    same_first_name = _alike(answer.first_name, patient.first_name)
    is_under_our_id = _is_under_our_id(coverage, answer)
    # Both the question and the answer are about the holder of the member id.
    is_holder = is_under_our_id and not coverage.is_dependent and not answer.is_dependent
    by_birth_and_name = same_birth_date and _alike(answer.last_name, patient.last_name)
    if by_birth_and_name and (same_first_name or not answer.first_name) or is_holder and same_first_name:
        return Recognition.SURE
    # The id of a family says which family: it takes one thing of the person's own as well.
    of_family = is_under_our_id and answer.is_dependent and (same_first_name or same_birth_date)
    if by_birth_and_name or is_holder or of_family or answer.other_identifiers_changed:
        return Recognition.LIKELY
    return Recognition.STRANGER


def _is_under_our_id(coverage: Coverage, answer: x12.Answer) -> bool:
    ids = {answer.member_id or "", answer.subscriber.id if answer.subscriber else ""}
    return plain(coverage.subscriber_id) in {plain(each) for each in ids if each}


def _alike(name: str | None, other: str) -> bool:
    return bool(name) and x12.normalize_last_name(name or "") == x12.normalize_last_name(other)
