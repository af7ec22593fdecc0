"""Questions to payers, what they answered, and what of it needs a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from coverage.models import Coverage
from eligibility.states import ELIGIBILITY_CHECK_MOVES, EXCEPTION_CASE_MOVES
from practice.history import tracked
from practice.models import Appointment, Patient, User
from practice.rows import EvidenceRow, LiveManager, Moves, TenantQuerySet, TenantRow
from practice.sealing import SealedJSONField, SealedTextField, is_sealed
from tradingpartners.models import Payer


class EligibilityCheckQuerySet(TenantQuerySet["EligibilityCheck"]):
    def pending(self) -> Self:
        return self.filter(status=EligibilityCheck.Status.PENDING)

    def to_compose(self) -> Self:
        """With all rows a question is made from: `messages.compose_questions` asks for no more."""
        return self.select_related("patient", "coverage__insurance_plan", "facility")


class EligibilityCheck(TenantRow):
    """One question and what became of it. A new question is a new row, never a reopened one."""

    class Status(models.TextChoices):
        PENDING = "Pending"
        ACTIVE = "Active"
        INACTIVE = "Inactive"
        ERROR = "Error"
        UNKNOWN = "Unknown"

    class TransactionType(models.TextChoices):
        X12_270_271 = "X12_270_271"
        FHIR_COVERAGE_ELIGIBILITY = "FHIR_COVERAGE_ELIGIBILITY"

    class Trigger(models.TextChoices):
        BOOKING = "Booking"
        T_24H = "T-24h"
        CHECK_IN = "CheckIn"
        MANUAL = "Manual"
        SWEEP = "Sweep"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="checks")
    coverage = models.ForeignKey(Coverage, on_delete=models.PROTECT, related_name="checks")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    facility = models.ForeignKey("practice.Facility", on_delete=models.PROTECT, related_name="+")
    transaction_type = models.CharField(
        max_length=50, choices=TransactionType, default=TransactionType.X12_270_271
    )
    trigger = models.CharField(max_length=50, choices=Trigger)
    service_type = models.CharField(max_length=3, default="30")
    service_date = models.DateField(help_text="The date the payer is asked about.")
    visit_date = models.DateField(null=True, help_text="The visit that made us ask.")
    correlation_id = models.UUIDField(help_text="The sweep run, or the check itself.")
    request_sent = models.DateTimeField(null=True)
    response_received = models.DateTimeField(null=True)
    response_latency_milliseconds = models.PositiveBigIntegerField(null=True)
    status = models.CharField(max_length=50, choices=Status, default=Status.PENDING)
    clearinghouse = models.CharField(max_length=50, blank=True)
    transaction_trace_number = models.CharField(max_length=50, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_description = models.CharField(max_length=200, blank=True)
    raw_request = SealedTextField(label="eligibilitycheck.raw_request", null=True)
    raw_response = SealedTextField(label="eligibilitycheck.raw_response", null=True)
    # [{field, ours, payers}]: what the payer has otherwise about the person.
    differences = SealedJSONField(label="eligibilitycheck.differences", null=True)
    # What the verdict holds for: the dates an active or inactive answer covers, both included.
    covers_from = models.DateField(null=True)
    covers_until = models.DateField(null=True)
    other_payer_first = models.BooleanField(default=False)
    pending_at_payer = models.BooleanField(default=False, help_text="EB01 5, 7 or 8.")

    objects: ClassVar = LiveManager.from_queryset(EligibilityCheckQuerySet)()
    all_objects: ClassVar = models.Manager.from_queryset(EligibilityCheckQuerySet)()

    class Meta(TenantRow.Meta):
        triggers = [*TenantRow.Meta.triggers, Moves(moves=ELIGIBILITY_CHECK_MOVES, field="status")]
        constraints = [
            *is_sealed("raw_request", "raw_response", "differences"),
            models.CheckConstraint(
                condition=Q(request_sent=None, raw_request=None, clearinghouse="")
                | Q(request_sent__isnull=False, raw_request__isnull=False) & ~Q(clearinghouse=""),
                name="sent_with_request_and_clearinghouse",
            ),
        ]
        indexes = [
            models.Index(fields=["coverage", "-response_received"], name="check_of_coverage"),
            models.Index(
                fields=["coverage", "service_date", "service_type"],
                condition=Q(status="Pending"),
                name="check_open",
            ),
            models.Index(fields=["correlation_id"], name="check_correlation"),
        ]


class BenefitDetail(EvidenceRow):
    """One benefit read from an answer (005010X279A1 2110C/D EB). Partitioned by months of its id.

    One row per (check, service type, level, network, plan, procedure), merging the EBs that speak
    of it; a figure stated twice with different values makes a second row with a qualifier. What
    the payer did not state is null or "", never guessed.
    """

    class Network(models.TextChoices):
        IN = "in", "In network"
        OUT = "out", "Out of network"
        BOTH = "both", "In and out of network"
        NOT_STATED = "", "Not stated"

    eligibility_check = models.ForeignKey(
        EligibilityCheck, on_delete=models.DO_NOTHING, related_name="benefits", db_constraint=False
    )
    service_category = models.CharField("EB03", max_length=50)
    service_category_stated = models.BooleanField(default=True)
    coverage_level = models.CharField("EB02", max_length=50, blank=True)
    network = models.CharField("EB12", max_length=4, choices=Network, blank=True)
    plan_name = models.CharField("EB05", max_length=100, blank=True)
    procedure = models.CharField("EB13", max_length=100, blank=True)
    qualifier = models.CharField(max_length=100, blank=True)
    status = models.CharField("EB01 1-8", max_length=2, blank=True)
    copay_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    coinsurance_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    deductible_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    deductible_remaining_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    out_of_pocket_max_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    out_of_pocket_remaining_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    currency_code = models.CharField(max_length=3, default="USD")
    requires_referral = models.BooleanField(null=True)
    requires_prior_auth = models.BooleanField(null=True)
    benefit_notes = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=10, default="payer")
    sources = models.JSONField(default=list, help_text="Segment numbers within the ST.")
    under_review = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta(EvidenceRow.Meta):
        triggers: list[Any] = []


class Cause(models.TextChoices):
    """Why a visit needs a person. Words and remedies: `eligibility.desk`."""

    NOT_ACTIVE = "not_active"
    REJECTED = "rejected"
    UNCLEAR = "unclear"
    OTHER_PAYER = "other_payer"
    NO_COVERAGE = "no_coverage"
    NO_ROUTE = "no_route"
    COULD_NOT_CHECK = "could_not_check"


class ExceptionCaseQuerySet(TenantQuerySet["ExceptionCase"]):
    def open(self) -> Self:
        return self.filter(state=ExceptionCase.State.OPEN)

    def needs_a_person(self, now: datetime) -> Self:
        """The desk's queue: open, not waiting for a date, and the visit not over.

        A visit is over twelve hours after it began. A problem found after its visit, by a look
        backwards, stays for a week.
        """
        looked_back = Q(opened_at__gt=models.F("visit_at"), opened_at__gte=now - timedelta(days=7))
        return (
            self.open()
            .filter(Q(visit_at=None) | Q(visit_at__gte=now - timedelta(hours=12)) | looked_back)
            .filter(Q(wait_until=None) | Q(wait_until__lte=now))
            .exclude(appointment__cancelled=True)
        )

    def by_visit(self) -> Self:
        return self.order_by(models.F("visit_at").asc(nulls_last=True), "id")


class ExceptionCase(TenantRow):
    """One open problem of one (patient, coverage or none, cause).

    Opened or refreshed by any settled check; closed by a better answer or cleared by a person. A
    clearing holds through `holds_through`: a later sweep that finds the same thing for those
    visits leaves it cleared.
    """

    class State(models.TextChoices):
        OPEN = "open"
        CLEARED = "cleared"  # by a person
        RESOLVED = "resolved"  # by a better answer

    class Disposition(models.TextChoices):
        FIXED = "fixed", "Fixed the data"
        CALLED_PAYER = "called_payer", "Called the payer"
        SELF_PAY = "self_pay", "Patient pays"
        NOT_NEEDED = "not_needed", "Not needed"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="cases")
    coverage = models.ForeignKey(Coverage, on_delete=models.PROTECT, related_name="cases", null=True)
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+", null=True)
    cause = models.CharField(max_length=20, choices=Cause)
    code = models.CharField(max_length=10, blank=True, help_text="AAA03, where a payer gave one.")
    reason = models.CharField(max_length=200, blank=True, help_text="The upstream words.")
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="cases", null=True)
    visit_at = models.DateTimeField(null=True)
    visit_date = models.DateField(null=True, help_text="The earliest coming visit it touches.")
    last_visit_date = models.DateField(null=True)
    eligibility_check = models.ForeignKey(
        EligibilityCheck, on_delete=models.PROTECT, related_name="+", null=True
    )
    correlation_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now(), help_text="When it was last found.")
    tries = models.PositiveSmallIntegerField(default=1)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    wait_until = models.DateTimeField(null=True)
    disposition = models.CharField(max_length=12, choices=Disposition, blank=True)
    note = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    holds_through = models.DateField(null=True)

    objects: ClassVar = LiveManager.from_queryset(ExceptionCaseQuerySet)()
    all_objects: ClassVar = models.Manager.from_queryset(ExceptionCaseQuerySet)()

    class Meta(TenantRow.Meta):
        triggers = [*TenantRow.Meta.triggers, Moves(moves=EXCEPTION_CASE_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "coverage", "cause"],
                condition=Q(state="open"),
                nulls_distinct=False,
                name="one_open_case",
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "visit_at", "id"],
                condition=Q(state="open", is_deleted=False),
                name="case_queue",
            )
        ]


EligibilityCheckHistory = tracked(
    EligibilityCheck, "status", "error_code", "request_sent", "response_received", "is_deleted"
)
ExceptionCaseHistory = tracked(
    ExceptionCase,
    "cause",
    "code",
    "state",
    "owner",
    "wait_until",
    "disposition",
    "closed_at",
    "closed_by",
    "holds_through",
    "is_deleted",
)
