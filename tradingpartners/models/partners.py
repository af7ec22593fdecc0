"""One practice's connections: to whom, under which limits, and which payers lie behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from practice.history import tracked
from practice.models import Facility, is_npi
from practice.rows import TenantRow
from practice.sealing import SealedJSONField, is_sealed
from tradingpartners.models.lanes import Lane
from tradingpartners.models.payers import Payer
from tradingpartners.x12 import ID_QUALIFIERS

# ISA05 and ISA07: with another one no file of this connection could be written.
_ID_QUALIFIER = RegexValidator(
    f"^({'|'.join(sorted(ID_QUALIFIERS))})$", f"One of {', '.join(sorted(ID_QUALIFIERS))}."
)


class TransportKind(models.TextChoices):
    REALTIME = "realtime", "Real time (X12 over HTTP)"
    SFTP = "sftp", "Files over SFTP"
    AS2 = "as2", "Files over AS2"
    STEDI = "stedi", "Stedi, real time"
    STEDI_BATCH = "stedi_batch", "Stedi, batches"
    AVAILITY = "availity", "Availity Coverages"


# Many questions go out at once, under one control number.
SENDS_FILES = frozenset({TransportKind.SFTP, TransportKind.AS2, TransportKind.STEDI_BATCH})
# What comes is fetched; the others answer on the connection or come to us.
IS_POLLED = frozenset({TransportKind.SFTP, TransportKind.STEDI_BATCH, TransportKind.AVAILITY})


CREDENTIAL_COLUMNS = ("credentials", "credentials_changed_at")


class Environment(models.TextChoices):
    """Which deployment a route is for: a test deployment must not reach a live clearinghouse."""

    DEV = "dev", "Development"
    QA = "qa", "QA"
    UAT = "uat", "User acceptance"
    PROD = "prod", "Production"


class TradingPartner(TenantRow):
    """One practice's connection to a clearinghouse or a payer, under the practice's own identity."""

    class TakenSign(models.TextChoices):
        UPLOADED = "uploaded", "The upload finished"
        GONE = "gone", "The file left the drop folder"
        ACKNOWLEDGED = "acknowledged", "A TA1 or 999 came"
        ANSWERED = "answered", "A 271 came"

    class Acknowledge(models.TextChoices):
        NEVER = "never", "Never"
        ERRORS = "errors", "When something is wrong"
        ALWAYS = "always", "Always"

    class DamagedFiles(models.TextChoices):
        SETS = "sets", "Apply the transaction sets that came whole"
        HOLD = "hold", "Hold the whole file for a person"

    name = models.CharField(max_length=100)
    code = models.CharField(max_length=50, help_text="Clearinghouse, e.g. Stedi, Availity, Waystar.")
    transport = models.CharField(max_length=20, choices=TransportKind)
    settings = models.JSONField(default=dict, blank=True, help_text="Addresses and folders; no secrets.")
    credentials = SealedJSONField(label="tradingpartner.credentials", null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_test = models.BooleanField(default=True, help_text="ISA15 T instead of P.")
    sender_qualifier = models.CharField("ISA05", max_length=2, default="ZZ", validators=[_ID_QUALIFIER])
    sender_id = models.CharField("ISA06", max_length=15)
    receiver_qualifier = models.CharField("ISA07", max_length=2, default="ZZ", validators=[_ID_QUALIFIER])
    receiver_id = models.CharField("ISA08", max_length=15)
    application_sender_id = models.CharField(
        "GS02", max_length=15, blank=True, db_default="", help_text="Empty: as ISA06."
    )
    application_receiver_id = models.CharField(
        "GS03", max_length=15, blank=True, db_default="", help_text="Empty: as ISA08."
    )
    trace_originator = models.CharField(
        "TRN03",
        max_length=10,
        validators=[RegexValidator(r"^[0-9A-Z]{10}$", "Ten digits or capital letters.")],
        help_text="Originating company: 1 and the tax id, or 9 and nine digits of our own.",
    )
    credentials_changed_at = models.DateTimeField(null=True, editable=False)
    # Batch limits (seed 001)
    max_st_per_interchange = models.PositiveIntegerField(default=1000, validators=[MinValueValidator(1)])
    max_interchanges_per_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_concurrent_files = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    response_sla = models.DurationField(default=timedelta(hours=24))
    lease = models.DurationField(
        default=timedelta(seconds=120), help_text="After this a silent worker has lost its unit."
    )
    taken_sign = models.CharField(max_length=12, choices=TakenSign, default=TakenSign.GONE)
    taken_timeout = models.DurationField(default=timedelta(minutes=30))
    poll_interval = models.DurationField(default=timedelta(seconds=60))
    poller_paused = models.BooleanField(default=False)
    poll_due_at = models.DateTimeField(db_default=Now(), editable=False)
    poll_cursor = models.JSONField(default=dict, blank=True, editable=False)
    polled_at = models.DateTimeField(null=True, editable=False)
    poll_error = models.CharField(max_length=60, blank=True, editable=False)
    sending_paused = models.BooleanField(default=False)
    paused_reason = models.CharField(max_length=200, blank=True)
    refusal = models.CharField(
        max_length=60,
        blank=True,
        db_default="",
        editable=False,
        help_text="It refuses our key, says this code of the wire: nothing is sent until that is mended.",
    )
    # Acknowledgements: what is awaited for ours, what is sent back for theirs.
    acknowledgement_due = models.DurationField(
        null=True, blank=True, help_text="An alert when no TA1 or 999 came by then (CAQH CORE: 1 h)."
    )
    send_ta1 = models.CharField("TA1 back", max_length=6, choices=Acknowledge, default=Acknowledge.NEVER)
    send_999 = models.CharField("999 back", max_length=6, choices=Acknowledge, default=Acknowledge.NEVER)
    is_strict = models.BooleanField(
        default=False, help_text="The 999 rejects a set over any error, not only where it cannot be read."
    )
    damaged_files = models.CharField(max_length=4, choices=DamagedFiles, default=DamagedFiles.SETS)
    owner = models.ForeignKey(
        "practice.User",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Who is told when something is wrong here; else every practice manager.",
    )
    tested_at = models.DateTimeField(null=True, editable=False)
    test_result = models.JSONField(default=list, blank=True, editable=False)

    class Meta(TenantRow.Meta):
        constraints = [
            *is_sealed("credentials"),
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=Q(is_deleted=False),
                name="one_partner_per_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def group_sender(self) -> str:
        """GS02."""
        return self.application_sender_id or self.sender_id

    @property
    def group_receiver(self) -> str:
        """GS03."""
        return self.application_receiver_id or self.receiver_id

    def take_credentials(self, given: Mapping[str, Any], *, now: datetime) -> None:
        """These from now on, and when they were others; to be saved with `CREDENTIAL_COLUMNS`."""
        if dict(given) != (self.credentials or {}):
            self.credentials, self.credentials_changed_at = dict(given), now

    @property
    def sends_files(self) -> bool:
        return self.transport in SENDS_FILES

    @property
    def is_polled(self) -> bool:
        return self.transport in IS_POLLED


class Route(TenantRow):
    """Through whom a payer is asked, in order of preference."""

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    transaction_set = models.CharField(max_length=3, default="270")
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="routes")
    preference = models.PositiveSmallIntegerField(default=1)
    payer_identifier = models.CharField(max_length=80, help_text="NM109 at this partner.")
    payer_name = models.CharField(max_length=60, help_text="NM103 at this partner.")
    environment = models.CharField(max_length=4, choices=Environment, default=Environment.PROD)
    lane = models.CharField(max_length=5, choices=Lane, blank=True, help_text="Empty: for both.")

    class Meta(TenantRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "payer", "transaction_set", "environment", "preference"],
                condition=Q(is_deleted=False),
                name="one_route_per_preference",
            )
        ]

    def __str__(self) -> str:
        return f"{self.payer_name}, {self.payer_identifier}"


class ControlNumber(TenantRow):
    """The next ISA13 of a partner, in a row of its own to lock."""

    partner = models.OneToOneField(TradingPartner, on_delete=models.PROTECT, related_name="control_number")
    next = models.PositiveIntegerField(default=1)
    epoch = models.PositiveIntegerField(default=1, help_text="Counts the wraps past 999999999.")


class PayerPause(TenantRow):
    """This practice does not ask this payer for now: its members wait, in whatever unit they are."""

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    resumes_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "payer"],
                condition=Q(ended_at=None, is_deleted=False),
                name="one_pause_per_payer",
            )
        ]


class ProviderIdentity(TenantRow):
    """Who asks (2100B): per facility, or for the whole practice, and overridden for single payers."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    name = models.CharField("name or organization", max_length=60)
    npi = models.CharField("NPI", max_length=10, validators=[is_npi])
    tax_id = models.CharField(
        "tax ID", max_length=9, blank=True, validators=[RegexValidator(r"^\d{9}$", "Nine digits.")]
    )

    class Meta(TenantRow.Meta):
        verbose_name_plural = "provider identities"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "facility", "payer"],
                condition=Q(is_deleted=False),
                nulls_distinct=False,
                name="one_identity_per_facility_and_payer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, NPI {self.npi}"


class Enrolment(TenantRow):
    """Whether a facility may ask a payer through a partner, where that one wants to be asked first."""

    class State(models.TextChoices):
        NOT_NEEDED = "not_needed", "Not needed"
        NEEDED = "needed", "Needed, not applied for"
        SUBMITTED = "submitted", "Applied for"
        APPROVED = "approved", "Enrolled"
        REJECTED = "rejected", "Refused"

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="enrolments")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    transaction_set = models.CharField(max_length=3, default="270")
    state = models.CharField(max_length=10, choices=State, default=State.NEEDED)
    note = models.CharField(max_length=200, blank=True)
    decided_on = models.DateField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "facility", "partner", "payer", "transaction_set"],
                condition=Q(is_deleted=False),
                nulls_distinct=False,
                name="one_enrolment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.payer}: {self.get_state_display()}"

    @property
    def allows_asking(self) -> bool:
        return self.state in {self.State.NOT_NEEDED, self.State.APPROVED}


TradingPartnerHistory = tracked(
    TradingPartner,
    "name",
    "code",
    "transport",
    "settings",
    "is_active",
    "is_test",
    "max_st_per_interchange",
    "max_interchanges_per_minute",
    "max_concurrent_files",
    "response_sla",
    "sender_qualifier",
    "sender_id",
    "receiver_qualifier",
    "receiver_id",
    "application_sender_id",
    "application_receiver_id",
    "trace_originator",
    "taken_sign",
    "taken_timeout",
    "poll_interval",
    "acknowledgement_due",
    "credentials_changed_at",
    "poller_paused",
    "sending_paused",
    "paused_reason",
    "send_ta1",
    "send_999",
    "is_strict",
    "damaged_files",
    "owner",
    "is_deleted",
)
RouteHistory = tracked(
    Route,
    "payer",
    "partner",
    "preference",
    "payer_identifier",
    "payer_name",
    "environment",
    "lane",
    "is_deleted",
)
PayerPauseHistory = tracked(PayerPause, "payer", "reason", "resumes_at", "ended_at", "is_deleted")
ProviderIdentityHistory = tracked(
    ProviderIdentity, "facility", "payer", "name", "npi", "tax_id", "is_deleted"
)
EnrolmentHistory = tracked(Enrolment, "facility", "partner", "payer", "state", "note", "is_deleted")
