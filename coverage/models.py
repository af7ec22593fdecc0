"""Insurance plans and who holds them (seed 002)."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from practice.history import tracked
from practice.models import Patient
from practice.rows import LiveManager, TenantQuerySet, TenantRow
from practice.sealing import KeyedIndexField, SealedDateField, SealedTextField, is_sealed
from tradingpartners.models import Payer


class InsurancePlan(TenantRow):
    """A payer and a plan of it, as the practice catalogues them."""

    class PlanType(models.TextChoices):
        PPO = "PPO"
        HMO = "HMO"
        EPO = "EPO"
        POS = "POS"
        INDEMNITY = "Indemnity"
        MEDICAID = "Medicaid"
        MEDICARE = "Medicare"
        MEDICARE_ADVANTAGE = "Medicare Advantage"
        OTHER = "Other"

    class LineOfBusiness(models.TextChoices):
        COMMERCIAL = "Commercial"
        MEDICARE_ADVANTAGE = "Medicare Advantage"
        MEDICARE = "Medicare"
        MEDICAID = "Medicaid"
        CHIP = "CHIP"
        EXCHANGE = "Exchange"
        OTHER = "Other"

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="plans")
    plan_name = models.CharField(max_length=100)
    plan_type = models.CharField(max_length=50, choices=PlanType, default=PlanType.OTHER)
    line_of_business = models.CharField(
        max_length=50, choices=LineOfBusiness, default=LineOfBusiness.COMMERCIAL
    )
    supports_x12_270_271 = models.BooleanField("X12 270/271", default=True)
    supports_x12_278 = models.BooleanField("X12 278", default=False)
    supports_fhir_eligibility = models.BooleanField("FHIR eligibility", default=False)
    supports_fhir_pas = models.BooleanField("FHIR PAS", default=False)
    is_cms_0057_f_impacted = models.BooleanField("CMS-0057-F impacted", default=False)
    formulary_supported = models.BooleanField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta(TenantRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "payer", "plan_name"],
                condition=Q(is_deleted=False),
                name="one_plan_per_name",
            )
        ]


class CoverageQuerySet(TenantQuerySet["Coverage"]):
    def active_on(self, day: date) -> Self:
        """By the dates people entered: what a payer says never takes a coverage off a roster."""
        return self.filter(is_active=True, effective_date__lte=day).filter(
            Q(termination_date=None) | Q(termination_date__gte=day)
        )


class Coverage(TenantRow):
    """A patient's insurance. `subscriber_*` is the policy holder, who may be the patient.

    Identifiers and the dates are entered by people (tier 1); `payer_*` is what the latest answer
    said (tier 2) and stands beside them.
    """

    class Relationship(models.TextChoices):
        SELF = "self"
        SPOUSE = "spouse"
        CHILD = "child"
        OTHER = "other"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="coverages")
    insurance_plan = models.ForeignKey(InsurancePlan, on_delete=models.PROTECT, related_name="coverages")
    subscriber_id = SealedTextField("member ID", label="coverage.subscriber_id")
    subscriber_first_name = SealedTextField(label="coverage.subscriber_first_name")
    subscriber_last_name = SealedTextField(label="coverage.subscriber_last_name")
    subscriber_date_of_birth = SealedDateField(label="coverage.subscriber_date_of_birth")
    relationship_to_subscriber = models.CharField(max_length=50, choices=Relationship)
    group_number = models.CharField(max_length=50, blank=True)
    rank = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(3)]
    )
    effective_date = models.DateField()
    termination_date = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    subscriber_id_index = KeyedIndexField(source="subscriber_id")
    payer_active = models.BooleanField(null=True, editable=False)
    payer_effective_date = models.DateField(null=True, editable=False)
    payer_termination_date = models.DateField(null=True, editable=False)
    payer_as_of = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = LiveManager.from_queryset(CoverageQuerySet)()
    all_objects: ClassVar = models.Manager.from_queryset(CoverageQuerySet)()

    class Meta(TenantRow.Meta):
        constraints = [
            *is_sealed(
                "subscriber_id",
                "subscriber_first_name",
                "subscriber_last_name",
                "subscriber_date_of_birth",
            ),
            models.CheckConstraint(
                condition=Q(termination_date=None) | Q(termination_date__gte=models.F("effective_date")),
                name="coverage_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(
                fields=["patient", "rank"],
                condition=Q(is_deleted=False, is_active=True),
                name="coverage_roster",
            ),
            models.Index(fields=["organization", "subscriber_id_index"], name="coverage_member_id"),
        ]

    @property
    def is_dependent(self) -> bool:
        """Whether the patient is asked about under somebody else's policy (2000D)."""
        return self.relationship_to_subscriber != self.Relationship.SELF


InsurancePlanHistory = tracked(
    InsurancePlan, "payer", "plan_name", "plan_type", "line_of_business", "is_active", "is_deleted"
)
CoverageHistory = tracked(
    Coverage,
    "patient",
    "insurance_plan",
    "relationship_to_subscriber",
    "group_number",
    "rank",
    "effective_date",
    "termination_date",
    "is_active",
    "payer_active",
    "payer_effective_date",
    "payer_termination_date",
    "payer_as_of",
    "is_deleted",
)
