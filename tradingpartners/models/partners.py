"""One practice's connections: to whom, under which limits, and which payers lie behind them."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from practice.history import tracked
from practice.rows import TenantRow
from practice.sealing import SealedJSONField, is_sealed
from tradingpartners.models.payers import Payer
from tradingpartners.x12 import ID_QUALIFIERS

# ISA05 and ISA07: with another one no file of this connection could be written.
_ID_QUALIFIER = RegexValidator(
    f"^({'|'.join(sorted(ID_QUALIFIERS))})$", f"One of {', '.join(sorted(ID_QUALIFIERS))}."
)


class TransportKind(models.TextChoices):
    REALTIME = "realtime", "Real time (X12 over HTTP)"
    SFTP = "sftp", "Files over SFTP"


class TradingPartner(TenantRow):
    """One practice's connection to a clearinghouse or a payer, under the practice's own identity."""

    class TakenSign(models.TextChoices):
        UPLOADED = "uploaded", "The upload finished"
        GONE = "gone", "The file left the drop folder"
        ACKNOWLEDGED = "acknowledged", "A TA1 or 999 came"
        ANSWERED = "answered", "A 271 came"

    name = models.CharField(max_length=100)
    code = models.CharField(max_length=50, help_text="Clearinghouse, e.g. Stedi, Availity, Waystar.")
    transport = models.CharField(max_length=10, choices=TransportKind)
    settings = models.JSONField(default=dict, blank=True, help_text="Addresses and folders; no secrets.")
    credentials = SealedJSONField(label="tradingpartner.credentials", null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_test = models.BooleanField(default=True, help_text="ISA15 T instead of P.")
    sender_qualifier = models.CharField("ISA05", max_length=2, default="ZZ", validators=[_ID_QUALIFIER])
    sender_id = models.CharField("ISA06", max_length=15)
    receiver_qualifier = models.CharField("ISA07", max_length=2, default="ZZ", validators=[_ID_QUALIFIER])
    receiver_id = models.CharField("ISA08", max_length=15)
    trace_originator = models.CharField(
        "TRN03",
        max_length=10,
        validators=[RegexValidator(r"^[0-9A-Z]{10}$", "Ten digits or capital letters.")],
        help_text="Originating company: 1 and the tax id, or 9 and nine digits of our own.",
    )
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

    class Meta(TenantRow.Meta):
        constraints = [
            *is_sealed("credentials"),
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=Q(is_deleted=False),
                name="one_partner_per_name",
            ),
        ]

    @property
    def sends_files(self) -> bool:
        return self.transport == TransportKind.SFTP


class Route(TenantRow):
    """Through whom a payer is asked, in order of preference."""

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    transaction_set = models.CharField(max_length=3, default="270")
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="routes")
    preference = models.PositiveSmallIntegerField(default=1)
    payer_identifier = models.CharField(max_length=80, help_text="NM109 at this partner.")
    payer_name = models.CharField(max_length=60, help_text="NM103 at this partner.")

    class Meta(TenantRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "payer", "transaction_set", "preference"],
                condition=Q(is_deleted=False),
                name="one_route_per_preference",
            )
        ]


class ControlNumber(TenantRow):
    """The next ISA13 of a partner, in a row of its own to lock."""

    partner = models.OneToOneField(TradingPartner, on_delete=models.PROTECT, related_name="control_number")
    next = models.PositiveIntegerField(default=1)
    epoch = models.PositiveIntegerField(default=1, help_text="Counts the wraps past 999999999.")


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
    "taken_sign",
    "poller_paused",
    "is_deleted",
)
RouteHistory = tracked(
    Route, "payer", "partner", "preference", "payer_identifier", "payer_name", "is_deleted"
)
