"""Checks to questions, answers to facts: the one file of this app that knows both worlds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from coverage.models import Coverage
from eligibility.models import EligibilityCheck
from practice.sealing import plain
from tradingpartners import x12
from tradingpartners.contents import Recognition, Recognized
from tradingpartners.messages.who_asks import WhoAsks, identities_of, who_asks

# INS02 of 2100D
_RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "34"}
_GENDERS = frozenset({"M", "F"})
# REF01
_GROUP_NUMBER = "6P"
# How far back, and how many, checks are offered for an answer that names none.
_LOOKED_BACK = timedelta(days=90)
_MOST_FOUND = 20


def compose_questions(check_ids: Sequence[UUID]) -> dict[UUID, x12.EligibilityQuestion]:
    """The contents of each check's 270; who carries it adds trace, addresses and times."""
    checks = list(EligibilityCheck.objects.to_compose().filter(pk__in=check_ids))
    identities = identities_of(
        facilities=(check.facility_id for check in checks), payers=(check.payer_id for check in checks)
    )
    return {
        check.pk: question(check, who_asks(check.facility, check.payer_id, identities)) for check in checks
    }


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


def recognize_people(answers: Sequence[tuple[UUID, x12.Answer]]) -> list[Recognized]:
    """For each (check, answer): how surely it is about the person we asked about, and in what the
    payer knows that person otherwise."""
    asked = {
        check.pk: check
        for check in EligibilityCheck.objects.select_related("patient", "coverage").filter(
            pk__in=[check_id for check_id, _ in answers]
        )
    }
    return [
        recognized(asked[check_id], answer) if check_id in asked else Recognized(Recognition.STRANGER)
        for check_id, answer in answers
    ]


def recognized(check: EligibilityCheck, answer: x12.Answer) -> Recognized:
    compared = compare(check, answer)
    differing = [each for each in compared if each.differs]
    return Recognized(
        recognize(check, answer),
        agreeing=tuple(each.field for each in compared if not each.differs),
        differing=tuple(each.field for each in differing),
        differences=[{"field": each.field, "ours": each.ours, "payers": each.payers} for each in differing],
    )


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
    # The id of a family says which family: it takes one thing of the person's own as well. A first
    # name is not enough where we asked about the holder: a son may have his father's.
    own = same_birth_date or (same_first_name and coverage.is_dependent)
    of_family = is_under_our_id and answer.is_dependent and own
    if by_birth_and_name or is_holder or of_family or answer.other_identifiers_changed:
        return Recognition.LIKELY
    return Recognition.STRANGER


def find_people(answer: x12.Answer) -> list[UUID]:
    """Checks of the last weeks that may have asked about this person: by member id, or by birth date
    and last name. For a person who matches by hand; the newest first."""
    since = timezone.now() - _LOOKED_BACK
    ids = {each for each in (answer.member_id, answer.subscriber.id if answer.subscriber else "") if each}
    by_id = Q()
    for each in ids:
        by_id |= Q(coverage__subscriber_id_index=each)
    by_person = Q()
    if answer.birth_date and answer.last_name:
        by_person = Q(patient__birth_date_index=answer.birth_date, patient__last_name_index=answer.last_name)
    if not by_id and not by_person:
        return []
    found = EligibilityCheck.objects.filter(by_id | by_person, request_sent__gt=since)
    return list(found.order_by("-pk").values_list("pk", flat=True)[:_MOST_FOUND])


# --- ours and the payer's ------------------------------------------------------------------------


class Compared(NamedTuple):
    """One field that both sides state."""

    field: str
    ours: str
    payers: str
    differs: bool


def compare(check: EligibilityCheck, answer: x12.Answer) -> list[Compared]:
    """The fields of the person that we hold and the payer stated, in a fixed order.

    Case and accents are no difference: we ask in plain capitals. What a payer left out is none either.
    """
    patient, coverage = check.patient, check.coverage
    group = next((each.number for each in answer.references if each.qualifier == _GROUP_NUMBER), "")
    pairs: list[tuple[str, str, str, Callable[[str], str]]] = [
        ("last_name", patient.last_name, answer.last_name or "", _as_written),
        ("first_name", patient.first_name, answer.first_name or "", _as_written),
        ("birth_date", _day(patient.birth_date), _day(answer.birth_date), str),
        ("gender", patient.gender if patient.gender in _GENDERS else "", _gender(answer), str),
        ("member_id", coverage.subscriber_id, answer.member_id or "", plain),
        ("group_number", coverage.group_number, group, plain),
    ]
    return [
        Compared(field, ours, payers, differs=same(ours) != same(payers))
        for field, ours, payers, same in pairs
        if ours and payers
    ]


def _as_written(name: str) -> str:
    return " ".join(x12.fold_accents(name).upper().split())


def _gender(answer: x12.Answer) -> str:
    return answer.gender if answer.gender in _GENDERS else ""


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _is_under_our_id(coverage: Coverage, answer: x12.Answer) -> bool:
    ids = {answer.member_id or "", answer.subscriber.id if answer.subscriber else ""}
    return plain(coverage.subscriber_id) in {plain(each) for each in ids if each}


def _alike(name: str | None, other: str) -> bool:
    return bool(name) and x12.normalize_last_name(name or "") == x12.normalize_last_name(other)
