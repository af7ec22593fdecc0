"""What goes in and out of the gateway's endpoints. Secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from practice.api_inputs import Shape
from practice.api_pages import PageQuery
from practice.models import is_npi
from tradingpartners.models import (
    Direction,
    Enrolment,
    Environment,
    Interchange,
    Lane,
    Transaction,
)
from tradingpartners.services.routing import RouteFinding
from tradingpartners.setup.rules import IS_OVER, PREFERENCES, digits_of_tax_id, is_over

_STATES = sorted({*Transaction.State.values, "submitted"})


# --- in ---------------------------------------------------------------------------------------


class PayerQuery(PageQuery, Shape):
    name = serializers.CharField(max_length=100, required=False, help_text="A part of its name.")
    payer_id = serializers.CharField(max_length=40, required=False)


class RouteQuery(PageQuery, Shape):
    payer = serializers.UUIDField(required=False)
    partner = serializers.UUIDField(required=False)


class InterchangeQuery(PageQuery, Shape):
    partner = serializers.UUIDField(required=False)
    direction = serializers.ChoiceField(choices=Direction.values, required=False)
    state = serializers.ChoiceField(choices=Interchange.State.values, required=False)
    control_number = serializers.IntegerField(
        required=False, min_value=1, max_value=999_999_999, help_text="ISA13."
    )
    file_name = serializers.CharField(
        max_length=255, required=False, help_text="Of a file of ours: names of theirs are not searched."
    )


class TransactionQuery(PageQuery, Shape):
    tx_type = serializers.CharField(max_length=3, required=False, help_text="270, 271, 999, …")
    status = serializers.ChoiceField(
        choices=_STATES, required=False, help_text="submitted: sent and not answered yet."
    )
    correlation_id = serializers.UUIDField(required=False, help_text="A sweep, or a single check.")
    partner = serializers.UUIDField(required=False)
    payer = serializers.UUIDField(required=False)
    interchange = serializers.UUIDField(required=False)
    disposition = serializers.ChoiceField(choices=Transaction.Disposition.values, required=False)


class Reason(Shape):
    reason = serializers.CharField(min_length=4, max_length=200, help_text="Kept in the history.")


class PauseOf(Reason):
    resumes_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_resumes_at(self, given: datetime | None) -> datetime | None:
        if is_over(given, now=timezone.now()):
            raise serializers.ValidationError(IS_OVER, code="is_over")
        return given


class NewRoute(Shape):
    payer = serializers.UUIDField()
    partner = serializers.UUIDField()
    payer_identifier = serializers.CharField(max_length=80, help_text="NM109 at this partner.")
    payer_name = serializers.CharField(max_length=60, help_text="NM103 at this partner.")
    preference = serializers.IntegerField(
        min_value=PREFERENCES.least, max_value=PREFERENCES.most, default=1, help_text="1 is tried first."
    )
    environment = serializers.ChoiceField(
        choices=Environment.values, required=False, help_text="Left out: this deployment's."
    )
    lane = serializers.ChoiceField(choices=Lane.values, required=False, allow_blank=True, default="")


class RouteChange(Shape):
    """What may be set of a route that is there; what is not named stays as it is."""

    payer_identifier = serializers.CharField(max_length=80, required=False, help_text="NM109.")
    payer_name = serializers.CharField(max_length=60, required=False, help_text="NM103.")
    preference = serializers.IntegerField(
        min_value=PREFERENCES.least, max_value=PREFERENCES.most, required=False, help_text="1 is tried first."
    )
    environment = serializers.ChoiceField(choices=Environment.values, required=False)
    lane = serializers.ChoiceField(choices=Lane.values, required=False, allow_blank=True)


class EnrolmentQuery(PageQuery, Shape):
    partner = serializers.UUIDField(required=False)
    payer = serializers.UUIDField(required=False)
    facility = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=Enrolment.State.choices, required=False)


class NewEnrolment(Shape):
    partner = serializers.UUIDField()
    payer = serializers.UUIDField()
    facility = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="null: every facility."
    )
    state = serializers.ChoiceField(choices=Enrolment.State.choices)
    decided_on = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="Since when its state holds."
    )
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class IdentityQuery(PageQuery, Shape):
    facility = serializers.UUIDField(required=False)
    payer = serializers.UUIDField(required=False)


class TaxId(serializers.RegexField):
    """12-3456789, or its nine digits."""

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(digits_of_tax_id(data) if isinstance(data, str) else data))


class NewIdentity(Shape):
    facility = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="null: every facility."
    )
    payer = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="null: every payer."
    )
    name = serializers.CharField(max_length=60)
    npi = serializers.CharField(max_length=10, validators=[is_npi])
    tax_id = TaxId(
        r"^(\d{9})?$", required=False, allow_blank=True, default="", help_text="Nine digits, or 12-3456789."
    )


class ReplayMany(Reason):
    """All failed of a sweep, or of a file: exactly one of the two."""

    correlation_id = serializers.UUIDField(required=False)
    interchange = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("correlation_id" in attrs) == ("interchange" in attrs):
            raise serializers.ValidationError("Name a correlation_id or an interchange.", code="one_of_two")
        return attrs


# --- out --------------------------------------------------------------------------------------


class Payer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    payer_id = serializers.CharField()
    is_active = serializers.BooleanField()
    answers_270 = serializers.BooleanField()
    daily_cap = serializers.IntegerField(allow_null=True)


class PayerPage(serializers.Serializer[Any]):
    results = Payer(many=True)
    next = serializers.URLField(allow_null=True)


class WayToPayer(serializers.Serializer[Any]):
    """One way to a payer, and what stands in it: codes, empty where nothing does."""

    route = serializers.UUIDField(source="route.id")
    partner = serializers.UUIDField(source="route.partner_id")
    codes = serializers.SerializerMethodField()
    is_open = serializers.BooleanField()

    def get_codes(self, found: RouteFinding) -> list[str]:
        return [*found.reasons, *([found.waits_for] if found.waits_for else [])]


class FacilityFindings(serializers.Serializer[Any]):
    facility = serializers.UUIDField(source="facility.id")
    routes = WayToPayer(many=True)


class Route(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    payer = serializers.UUIDField(source="payer_id")
    partner = serializers.UUIDField(source="partner_id")
    transaction_set = serializers.CharField()
    payer_identifier = serializers.CharField()
    payer_name = serializers.CharField()
    preference = serializers.IntegerField()
    environment = serializers.ChoiceField(choices=Environment.values)
    lane = serializers.CharField()


class RoutePage(serializers.Serializer[Any]):
    results = Route(many=True)
    next = serializers.URLField(allow_null=True)


class EnrolmentOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    partner = serializers.UUIDField(source="partner_id")
    payer = serializers.UUIDField(source="payer_id")
    facility = serializers.UUIDField(source="facility_id", allow_null=True)
    transaction_set = serializers.CharField()
    state = serializers.ChoiceField(choices=Enrolment.State.choices)
    allows_asking = serializers.BooleanField()
    decided_on = serializers.DateField(allow_null=True)
    note = serializers.CharField()


class EnrolmentPage(serializers.Serializer[Any]):
    results = EnrolmentOut(many=True)
    next = serializers.URLField(allow_null=True)


class IdentityOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    facility = serializers.UUIDField(source="facility_id", allow_null=True)
    payer = serializers.UUIDField(source="payer_id", allow_null=True)
    name = serializers.CharField()
    npi = serializers.CharField()
    tax_id = serializers.CharField()


class IdentityPage(serializers.Serializer[Any]):
    results = IdentityOut(many=True)
    next = serializers.URLField(allow_null=True)


class InterchangeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    partner = serializers.UUIDField(source="partner_id")
    direction = serializers.ChoiceField(choices=Direction.values)
    transaction_set = serializers.CharField()
    control_number = serializers.IntegerField(allow_null=True, help_text="ISA13")
    epoch = serializers.IntegerField(help_text="Counts the wraps past 999999999.")
    state = serializers.ChoiceField(choices=Interchange.State.values)
    file_name = serializers.CharField()
    reference = serializers.CharField(help_text="What the partner knows it by.")
    acknowledgement = serializers.CharField()
    problem = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    taken_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class InterchangePage(serializers.Serializer[Any]):
    results = InterchangeOut(many=True)
    next = serializers.URLField(allow_null=True)


class TransactionOut(serializers.Serializer[Any]):
    """One ST…SE: an attempt to ask, or what came in."""

    id = serializers.UUIDField()
    direction = serializers.ChoiceField(choices=Direction.values)
    transaction_set = serializers.CharField()
    trace_number = serializers.SerializerMethodField(help_text="TRN02 and BHT03 of an attempt.")
    partner = serializers.UUIDField(source="partner_id")
    payer = serializers.UUIDField(source="payer_id", allow_null=True)
    interchange = serializers.UUIDField(source="interchange_id", allow_null=True)
    subject_id = serializers.UUIDField(allow_null=True, help_text="The check it asks about.")
    correlation_id = serializers.UUIDField(allow_null=True)
    attempt = serializers.IntegerField()
    lane = serializers.CharField()
    state = serializers.ChoiceField(choices=Transaction.State.values)
    disposition = serializers.CharField()
    error = serializers.CharField(help_text="A code.")
    differences = serializers.ListField(child=serializers.CharField())
    replays = serializers.UUIDField(source="replays_id", allow_null=True)
    answers = serializers.UUIDField(source="answers_id", allow_null=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_trace_number(self, row: Transaction) -> str | None:
        return row.trace_number if row.direction == Direction.OUT else None


class TransactionPage(serializers.Serializer[Any]):
    results = TransactionOut(many=True)
    next = serializers.URLField(allow_null=True)


class Replayed(serializers.Serializer[Any]):
    """The new attempts, each linked to the one it repeats."""

    transactions = serializers.ListField(child=serializers.UUIDField())
