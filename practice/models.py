"""The practice's own rows: who works where, who the patients are, when they come."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from practice.history import tracked
from practice.rows import EvidenceRow, LiveManager, Moves, TenantQuerySet, TenantRow, primary_key
from practice.sealing import (
    KeyedIndexField,
    SealedDateField,
    SealedTextField,
    first_three,
    is_sealed,
)
from practice.states import ALERT_MOVES
from practice.tenancy import SYSTEM_USER_ID


def is_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("No such time zone: use a name like America/New_York.")


def is_npi(npi: str) -> None:
    """Ten digits whose Luhn sum, over 80840 + NPI, ends in 0."""
    digits = [int(ch) for ch in "80840" + npi] if npi.isdigit() and len(npi) == 10 else [1]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 else d for i, d in enumerate(reversed(digits))]
    if sum(doubled) % 10:
        raise ValidationError("Not a valid NPI: ten digits, the last one a check digit.")


class User(AbstractUser):
    """A person or a program that signs in. What they may do hangs on their memberships."""

    id = primary_key()

    @property
    def is_system(self) -> bool:
        return self.pk == SYSTEM_USER_ID


class Organization(models.Model):
    """A medical practice. All tenant rows point here; row-level security shows it to its own."""

    id = primary_key()
    name = models.CharField(max_length=100)
    npi = models.CharField("NPI", max_length=10, validators=[is_npi])
    time_zone = models.CharField(max_length=40, default="America/New_York", validators=[is_time_zone])
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # One codename a right of practice.access.MATRIX; django-guardian grants them per object.
        permissions = [
            ("eligibility_read", "Read eligibility"),
            ("eligibility_trigger", "Ask a payer"),
            ("eligibility_triage", "Work on exceptions"),
            ("eligibility_update", "Run, schedule and cancel sweeps"),
            ("coverage_read", "Read coverage"),
            ("coverage_write", "Write coverage"),
            ("plan_write", "Write insurance plans"),
            ("raw_read", "Read raw payloads"),
            ("partner_read", "Read trading partners"),
            ("partner_update", "Write trading partners"),
            ("member_update", "Write memberships"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Level(models.IntegerChoices):
    """Seed 002's levels. They name roles; what a role may do is `practice.access.MATRIX`."""

    PATIENT = 10, "Patient"
    FRONT_DESK = 30, "Front desk"
    NURSE = 40, "MA / RN"
    BILLER = 51, "Biller"
    CLINICIAN = 60, "Clinician"
    PRACTICE_MANAGER = 70, "Practice manager"
    EDIT_AMI = 90, "EditAMI"


class Membership(TenantRow):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    level = models.IntegerField(choices=Level)

    class Meta(TenantRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=models.Q(is_deleted=False),
                name="one_membership",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_level_display()}"


class Facility(TenantRow):
    name = models.CharField(max_length=100)
    npi = models.CharField("NPI", max_length=10, validators=[is_npi])
    time_zone = models.CharField(max_length=40, validators=[is_time_zone])
    service_type = models.CharField(
        max_length=3, default="30", help_text="What a payer is asked about: 30 health, 35 dental."
    )

    class Meta(TenantRow.Meta):
        verbose_name_plural = "facilities"

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()


class Provider(TenantRow):
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="providers")
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    npi = models.CharField("NPI", max_length=10, validators=[is_npi])

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Gender(models.TextChoices):
    """X12 DMG03."""

    FEMALE = "F", "Female"
    MALE = "M", "Male"
    UNKNOWN = "U", "Unknown"


class Patient(TenantRow):
    mrn = SealedTextField("MRN", label="patient.mrn")
    first_name = SealedTextField(label="patient.first_name")
    last_name = SealedTextField(label="patient.last_name")
    birth_date = SealedDateField(label="patient.birth_date")
    gender = models.CharField(max_length=1, choices=Gender, default=Gender.UNKNOWN)
    self_pay = models.BooleanField(
        default=False, help_text="Known to pay without insurance: not asked about."
    )
    mrn_index = KeyedIndexField(source="mrn")
    birth_date_index = KeyedIndexField(source="birth_date")
    last_name_index = KeyedIndexField(source="last_name")
    last_name_start_index = KeyedIndexField(source="last_name", normalize=first_three)

    class Meta(TenantRow.Meta):
        constraints = [
            *is_sealed("mrn", "first_name", "last_name", "birth_date"),
            models.UniqueConstraint(
                fields=["organization", "mrn_index"],
                condition=models.Q(is_deleted=False),
                name="one_patient_per_mrn",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "last_name_index"], name="patient_last_name"),
            models.Index(fields=["organization", "last_name_start_index"], name="patient_name_start"),
            models.Index(fields=["organization", "birth_date_index"], name="patient_birth_date"),
        ]

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class EligibilityStatus(models.TextChoices):
    """What a visit shows (seed 002, Scheduling)."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    PENDING = "Pending"
    UNKNOWN = "Unknown"


class AppointmentQuerySet(TenantQuerySet["Appointment"]):
    def coming(self, today: date) -> Self:
        return self.filter(service_date__gte=today, cancelled=False)


class Appointment(TenantRow):
    """A visit. Its eligibility badge is written by `eligibility.services` alone."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", null=True)
    starts_at = models.DateTimeField()
    service_date = models.DateField(help_text="The day of the visit in the facility's zone.")
    reason = models.CharField(max_length=100, blank=True)
    cancelled = models.BooleanField(default=False)
    eligibility_status = models.CharField(  # noqa: DJ001  null: nobody has asked about it yet
        max_length=8, choices=EligibilityStatus, null=True, editable=False
    )
    eligibility_as_of = models.DateTimeField(null=True, editable=False)
    eligibility_check = models.UUIDField(null=True, editable=False)

    objects: ClassVar = LiveManager.from_queryset(AppointmentQuerySet)()
    all_objects: ClassVar = models.Manager.from_queryset(AppointmentQuerySet)()

    class Meta(TenantRow.Meta):
        indexes = [
            models.Index(
                fields=["organization", "service_date", "patient"],
                condition=models.Q(is_deleted=False, cancelled=False),
                name="appointment_roster",
            ),
            models.Index(fields=["patient", "service_date"], name="appointment_of_patient"),
        ]


class Alert(TenantRow):
    """Something a person must know of, told once however often it is seen; no patient data.

    `kind` names its words (`tradingpartners.alert_words` and its like), `facts` are what they need. One
    is open for a key: what is seen again counts up.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Seen by a person"
        RESOLVED = "resolved", "Over"

    class Severity(models.TextChoices):
        INCIDENT = "incident", "Incident"
        PROBLEM = "problem", "Problem"
        NOTICE = "notice", "Notice"

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.PROBLEM)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    facts = models.JSONField(default=dict)
    subject_id = models.UUIDField(null=True, help_text="The partner, payer, run or file it is about.")
    times = models.PositiveIntegerField(default=1)
    last_seen_at = models.DateTimeField(db_default=Now())
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta(TenantRow.Meta):
        triggers = [*TenantRow.Meta.triggers, Moves(moves=ALERT_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"],
                condition=~models.Q(state="resolved"),
                name="one_open_alert_per_key",
            )
        ]
        indexes = [models.Index(fields=["organization", "state", "-last_seen_at"], name="alert_open")]


class AlertChannel(TenantRow):
    """Where alerts go beside the page: an e-mail address, or a webhook."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=7, choices=Kind)
    address = models.CharField(max_length=300, help_text="An e-mail address, or an https address.")
    secret = SealedTextField(label="alertchannel.secret", null=True, blank=True)
    least_severity = models.CharField(max_length=8, choices=Alert.Severity, default=Alert.Severity.PROBLEM)
    is_active = models.BooleanField(default=True)

    class Meta(TenantRow.Meta):
        constraints = [*is_sealed("secret")]

    def __str__(self) -> str:
        return self.name


class Outbox(TenantRow):
    """What must leave after the commit that wrote it: webhooks and alerts."""

    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    channel = models.ForeignKey(AlertChannel, on_delete=models.PROTECT, related_name="+", null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    given_up_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, blank=True)

    class Meta(TenantRow.Meta):
        verbose_name_plural = "outbox"
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(sent_at=None, given_up_at=None), name="outbox_due"
            )
        ]


class IdempotencyKey(TenantRow):
    """One POST that made something: the same key and body get the same answer again."""

    key = models.CharField(max_length=200)
    request_sha256 = models.BinaryField()
    status_code = models.IntegerField(null=True)
    response = models.JSONField(null=True)

    class Meta(TenantRow.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_idempotency_key")]


class ApiToken(TenantRow):
    """A program's way in: only the hash is kept, the secret is shown once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=60)
    secret_sha256 = models.BinaryField(unique=True, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name


class ReadLog(EvidenceRow):
    """Who was shown whose health data: one row a response."""

    what = models.CharField(max_length=60)
    patient_ids = models.JSONField(default=list)
    reason = models.CharField(max_length=200, blank=True)

    class Meta(EvidenceRow.Meta):
        triggers = []


AlertHistory = tracked(Alert, "state", "owner", "acknowledged_by", "note")
AlertChannelHistory = tracked(AlertChannel, "name", "kind", "address", "is_active", "is_deleted")
MembershipHistory = tracked(Membership, "user", "level", "is_deleted")
PatientHistory = tracked(Patient, "gender", "self_pay", "is_deleted", "updated_by")
AppointmentHistory = tracked(
    Appointment,
    "patient",
    "facility",
    "starts_at",
    "service_date",
    "cancelled",
    "eligibility_status",
    "eligibility_as_of",
    "eligibility_check",
    "is_deleted",
)
