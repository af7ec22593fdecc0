"""What goes in and out of the sweeps' endpoints. A field that says nothing is null, never ""."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from eligibility.desk import Fixer, Word
from eligibility.models import Cause
from practice.api_inputs import Shape
from practice.api_pages import PageQuery
from sweeps.models import SweepRun, SweepRunMember

State, Outcome = SweepRunMember.State, SweepRunMember.Outcome
_EXCEPTION_STATES = [State.FAILED.value, State.SKIPPED.value]


# --- in ---------------------------------------------------------------------------------------


class NewSweep(Shape):
    """Whom to ask about: visits of a window, at one facility or all, of some payers or all."""

    name = serializers.CharField(max_length=100, required=False)
    window_from = serializers.DateField(help_text="First day of visits.")
    window_to = serializers.DateField(help_text="Last day of visits, at most 92 days later.")
    facility = serializers.UUIDField(required=False, allow_null=True, default=None)
    payer_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=500,
        help_text="Empty: every payer.",
    )


class SweepQuery(PageQuery, Shape):
    state = serializers.ChoiceField(choices=SweepRun.State.values, required=False)
    schedule = serializers.UUIDField(required=False, help_text="Runs this schedule started.")


class MemberQuery(PageQuery, Shape):
    state = serializers.ChoiceField(choices=State.values, required=False)
    outcome = serializers.ChoiceField(choices=Outcome.values, required=False)


class SweepExceptionQuery(PageQuery, Shape):
    state = serializers.ChoiceField(choices=_EXCEPTION_STATES, required=False)


class CaseQuery(PageQuery, Shape):
    cause = serializers.ChoiceField(choices=Cause.values, required=False)


# --- out --------------------------------------------------------------------------------------


class SweepCounts(serializers.Serializer[Any]):
    """Members of the roster by state, and those answered by outcome."""

    roster = serializers.IntegerField()
    queued = serializers.IntegerField()
    submitted = serializers.IntegerField()
    received = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    active = serializers.IntegerField()
    inactive = serializers.IntegerField()
    unknown = serializers.IntegerField()
    aaa_rejected = serializers.IntegerField()


class Sweep(serializers.Serializer[Any]):
    """One sweep, the same wherever it is shown."""  # given runs `counted()`

    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=SweepRun.State.values)
    window_from = serializers.DateField()
    window_to = serializers.DateField()
    facility = serializers.UUIDField(source="facility_id", allow_null=True)
    payer_ids = serializers.ListField(child=serializers.UUIDField())
    schedule = serializers.UUIDField(source="schedule_id", allow_null=True)
    fire_at = serializers.DateTimeField(allow_null=True, help_text="The schedule's time, not the start.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    counts = SweepCounts()


class SweepPage(serializers.Serializer[Any]):
    results = Sweep(many=True)
    next = serializers.URLField(allow_null=True)


class PatientRef(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    mrn = serializers.CharField()
    name = serializers.CharField(source="full_name")
    birth_date = serializers.DateField()


class PayerRef(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class Advised(serializers.Serializer[Any]):
    """What the desk reads about it."""

    word = serializers.ChoiceField(choices=[word.value for word in Word])
    what = serializers.CharField(help_text="What is wrong.")
    todo = serializers.CharField(help_text="What to do about it.")
    fixer = serializers.ChoiceField(choices=[fixer.value for fixer in Fixer], help_text="Who can.")


class OrNull(serializers.ChoiceField):
    """A choice whose column holds "" where there is none."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, allow_null=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        return super().get_attribute(instance) or None


class WordsOrNull(serializers.CharField):
    """Likewise for text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        return super().get_attribute(instance) or None


class Member(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    patient = PatientRef()
    payer = PayerRef(allow_null=True)
    service_date = serializers.DateField()
    state = serializers.ChoiceField(choices=State.values)
    outcome = OrNull(Outcome.values)
    failure_reason = WordsOrNull(help_text="Verbatim, as it came from upstream.")


class MemberPage(serializers.Serializer[Any]):
    results = Member(many=True)
    next = serializers.URLField(allow_null=True)


class SweepException(serializers.Serializer[Any]):
    """Somebody a sweep skipped, or failed to settle."""  # given a `progress.MemberRow`

    id = serializers.UUIDField(source="member.id")
    patient = PatientRef(source="member.patient")
    payer = PayerRef(source="member.payer", allow_null=True)
    service_date = serializers.DateField(source="member.service_date")
    state = serializers.ChoiceField(choices=_EXCEPTION_STATES, source="member.state")
    outcome = OrNull([Outcome.AAA_REJECTED.value], source="member.outcome")
    failure_reason = WordsOrNull(source="member.failure_reason")
    advice = Advised()


class SweepExceptionPage(serializers.Serializer[Any]):
    results = SweepException(many=True)
    next = serializers.URLField(allow_null=True)


class Visit(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    service_date = serializers.DateField()
    facility = serializers.UUIDField(source="facility_id")


class Case(serializers.Serializer[Any]):
    """An open problem that needs a person."""  # given a `queue.Row`

    id = serializers.UUIDField(source="case.id")
    patient = PatientRef(source="case.patient")
    payer = PayerRef(source="case.payer", allow_null=True)
    visit = Visit(source="case.appointment", allow_null=True)
    cause = serializers.ChoiceField(choices=Cause.values, source="case.cause")
    rejection_code = WordsOrNull(source="case.code", help_text="AAA03, where the payer gave one.")
    reason = WordsOrNull(source="case.reason", help_text="Verbatim, as it came from upstream.")
    advice = Advised()
    opened_at = serializers.DateTimeField(source="case.opened_at")
    seen_at = serializers.DateTimeField(source="case.seen_at")
    tries = serializers.IntegerField(source="case.tries")


class CasePage(serializers.Serializer[Any]):
    results = Case(many=True)
    next = serializers.URLField(allow_null=True)
