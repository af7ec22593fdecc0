"""Payers, the connections to them, and everything that went over the wire."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from practice.history import tracked
from practice.rows import (
    EvidenceRow,
    Moves,
    TenantQuerySet,
    TenantRow,
    primary_key,
)
from practice.sealing import SealedBinaryField, SealedJSONField, is_sealed
from tradingpartners.states import DISPATCH_MOVES, INTERCHANGE_MOVES, TRANSACTION_MOVES


class Payer(models.Model):
    """An insurer and how it is treated; shared by all practices, changed by platform operators."""

    class Furthest(models.TextChoices):
        END_OF_MONTH = "month", "The end of the current month"
        ANY = "any", "Any date"

    id = primary_key()
    name = models.CharField(max_length=100)
    payer_id = models.CharField("payer ID", max_length=40, unique=True)
    is_active = models.BooleanField(default=True)
    answers_270 = models.BooleanField("answers eligibility questions", default=True)
    phone = models.CharField(max_length=30, blank=True)
    timeout = models.DurationField(default=timedelta(seconds=8), help_text="Total, per call.")
    live_connections = models.PositiveSmallIntegerField(default=20)
    batch_connections = models.PositiveSmallIntegerField(default=4)
    breaker_failures = models.PositiveSmallIntegerField(default=5)
    breaker_failure_rate = models.PositiveSmallIntegerField(default=50, help_text="Percent.")
    breaker_window = models.DurationField(default=timedelta(seconds=30))
    breaker_minimum_calls = models.PositiveSmallIntegerField(default=10)
    breaker_open_time = models.DurationField(default=timedelta(seconds=30))
    retries = models.PositiveSmallIntegerField(default=3, help_text="After the first attempt.")
    retry_backoff = models.DurationField(default=timedelta(minutes=2), help_text="Doubles with each retry.")
    resend_gap = models.DurationField(
        default=timedelta(seconds=90),
        help_text="No question is repeated sooner (CAQH CORE: 90 s unless agreed).",
    )
    cached_answer_hours = models.PositiveSmallIntegerField(default=24)
    daily_cap = models.PositiveIntegerField(null=True, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    furthest_date = models.CharField(max_length=5, choices=Furthest, default=Furthest.END_OF_MONTH)

    def __str__(self) -> str:
        return self.name

    def answers_for(self, day: date, today: date) -> bool:
        """Whether a future date is one this payer answers about (CAQH CORE: end of the month)."""
        return self.furthest_date == self.Furthest.ANY or (day.year, day.month) <= (
            today.year,
            today.month,
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
    sender_qualifier = models.CharField("ISA05", max_length=2, default="ZZ")
    sender_id = models.CharField("ISA06", max_length=15)
    receiver_qualifier = models.CharField("ISA07", max_length=2, default="ZZ")
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


class Lane(models.TextChoices):
    LIVE = "live"
    BATCH = "batch"


# --- what goes out --------------------------------------------------------------------------


class Dispatch(EvidenceRow):
    """One unit of sending: a coming interchange, or a chunk of live questions.

    Leases live here and nowhere else. A lease is the database's clock plus the partner's `lease`;
    `lease_token` fences a worker that was paused past it.
    """

    class State(models.TextChoices):
        READY = "ready"
        CLAIMED = "claimed"
        DONE = "done"
        CANCELLED = "cancelled"

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="+")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+", null=True)
    transaction_set = models.CharField(max_length=3)
    correlation_id = models.UUIDField()
    lane = models.CharField(max_length=5, choices=Lane)
    queue = models.CharField(max_length=50, help_text="The Celery queue whose bell rings for it.")
    state = models.CharField(max_length=9, choices=State, default=State.READY)
    due_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    send_attempts = models.PositiveSmallIntegerField(default=0)
    rescue_count = models.PositiveSmallIntegerField(default=0)

    class Meta(EvidenceRow.Meta):
        triggers = [*EvidenceRow.Meta.triggers, Moves(moves=DISPATCH_MOVES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="claimed", lease_token__isnull=False)
                | ~Q(state="claimed") & Q(lease_token=None),
                name="lease_while_claimed",
            )
        ]
        indexes = [
            models.Index(fields=["queue", "due_at", "id"], condition=Q(state="ready"), name="dispatch_due"),
            models.Index(fields=["lease_until"], condition=Q(state="claimed"), name="dispatch_leased"),
            models.Index(fields=["correlation_id"], name="dispatch_correlation"),
        ]


class ControlNumber(TenantRow):
    """The next ISA13 of a partner, in a row of its own to lock."""

    partner = models.OneToOneField(TradingPartner, on_delete=models.PROTECT, related_name="control_number")
    next = models.PositiveIntegerField(default=1)
    epoch = models.PositiveIntegerField(default=1, help_text="Counts the wraps past 999999999.")


class Payload(EvidenceRow):
    """The bytes of a file, once, in sealed chunks of 1 MiB."""

    sha256 = models.BinaryField()
    size = models.PositiveBigIntegerField()


class PayloadChunk(EvidenceRow):
    payload = models.ForeignKey(Payload, on_delete=models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    content = SealedBinaryField(label="payloadchunk.content")

    class Meta(EvidenceRow.Meta):
        constraints = [models.UniqueConstraint(fields=["payload", "number"], name="one_chunk_per_number")]


class Direction(models.TextChoices):
    OUT = "out"
    IN = "in"


class Interchange(EvidenceRow):
    """One ISA…IEA."""

    class State(models.TextChoices):
        COMPOSED = "composed"
        IN_FLIGHT = "in_flight"
        TAKEN = "taken"
        OVERDUE = "overdue"
        RECEIVED = "received"

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction)
    dispatch = models.ForeignKey(Dispatch, on_delete=models.PROTECT, related_name="+", null=True)
    control_number = models.PositiveIntegerField("ISA13", null=True)
    epoch = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=9, choices=State)
    payload = models.ForeignKey(Payload, on_delete=models.PROTECT, related_name="+", null=True)
    span_start = models.PositiveBigIntegerField(default=0)
    span_end = models.PositiveBigIntegerField(default=0)
    file_name = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    acknowledgement = models.CharField(max_length=10, blank=True, help_text="TA1 or 999 verdict.")

    class Meta(EvidenceRow.Meta):
        triggers = [*EvidenceRow.Meta.triggers, Moves(moves=INTERCHANGE_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "epoch", "control_number"],
                condition=Q(direction="out"),
                name="one_interchange_per_control_number",
            )
        ]
        indexes = [
            models.Index(
                fields=["partner", "started_at"],
                condition=Q(direction="out"),
                name="interchange_pacing",
            )
        ]


class TransactionQuerySet(TenantQuerySet["Transaction"]):
    def attempts(self) -> Self:
        return self.filter(direction=Direction.OUT)

    def unanswered(self) -> Self:
        return self.attempts().filter(state=Transaction.State.SENT)


class Transaction(EvidenceRow):
    """One ST…SE: going out it is an attempt to ask, coming in an answer.

    An attempt's id, as 32 hex digits, is its trace number (TRN02) and its reference (BHT03), so a
    late first answer is told from the second and one that lost its trace is still found.
    """

    class State(models.TextChoices):
        PREPARED = "prepared"
        NEVER_SENT = "never_sent"
        SENT = "sent"
        ANSWERED = "answered"
        REJECTED = "rejected"
        FAILED = "failed"
        UNKNOWN = "unknown"
        SUPERSEDED = "superseded"
        RECEIVED = "received"  # the one state of an incoming set

    class Disposition(models.TextChoices):
        APPLIED = "applied"
        DUPLICATE = "duplicate"
        LATE = "late"
        UNMATCHED = "unmatched"
        QUARANTINED = "quarantined"

    direction = models.CharField(max_length=3, choices=Direction)
    transaction_set = models.CharField(max_length=3)
    partner = models.ForeignKey(
        TradingPartner,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    payer = models.ForeignKey(
        Payer,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
    )
    dispatch = models.ForeignKey(
        Dispatch,
        on_delete=models.DO_NOTHING,
        related_name="transactions",
        db_constraint=False,
        null=True,
    )
    interchange = models.ForeignKey(
        Interchange,
        on_delete=models.DO_NOTHING,
        related_name="transactions",
        db_constraint=False,
        null=True,
    )
    subject_id = models.UUIDField(null=True, help_text="A check or a prior authorization.")
    correlation_id = models.UUIDField(null=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    set_control_number = models.CharField("ST02", max_length=9, blank=True)
    lane = models.CharField(max_length=5, choices=Lane, blank=True)
    state = models.CharField(max_length=10, choices=State)
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, blank=True, help_text="A code, never patient data.")
    # incoming only
    delivery = models.ForeignKey(
        "InboundDelivery",
        on_delete=models.DO_NOTHING,
        related_name="transactions",
        db_constraint=False,
        null=True,
    )
    position = models.PositiveIntegerField(null=True, help_text="Which set of the delivery.")
    disposition = models.CharField(max_length=11, choices=Disposition, blank=True)
    answers = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        related_name="answered_by",
        db_constraint=False,
        db_index=False,
        null=True,
    )

    objects = models.Manager.from_queryset(TransactionQuerySet)()

    class Meta(EvidenceRow.Meta):
        triggers = [*EvidenceRow.Meta.triggers, Moves(moves=TRANSACTION_MOVES)]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"],
                condition=Q(direction="out", state__in=["prepared", "sent"]),
                name="one_open_attempt",
            ),
            models.UniqueConstraint(
                fields=["subject_id"],
                condition=Q(direction="out", state="answered"),
                name="one_answered_attempt",
            ),
            models.UniqueConstraint(
                fields=["delivery", "position"],
                condition=Q(direction="in"),
                name="one_transaction_per_position",
            ),
        ]
        indexes = [
            models.Index(
                fields=["partner", "sent_at"],
                condition=Q(direction="out", state="sent"),
                name="transaction_unanswered",
            ),
            models.Index(fields=["subject_id", "attempt"], name="transaction_of_subject"),
            models.Index(fields=["correlation_id", "state"], name="transaction_correlation"),
        ]

    @property
    def trace_number(self) -> str:
        return trace_number(self.pk)


def trace_number(transaction_id: UUID) -> str:
    """TRN02 and BHT03 of an attempt: its id as 32 capital hex digits."""
    return transaction_id.hex.upper()


def transaction_id(trace: str) -> UUID | None:
    """The attempt a trace number names, if it can be one of ours."""
    try:
        return UUID(hex=trace.strip()) if len(trace.strip()) == 32 else None
    except ValueError:
        return None


# --- what comes in --------------------------------------------------------------------------


class InboundDelivery(EvidenceRow):
    """One arrival of bytes: a file a partner left, or a reply on an open connection.

    The content is kept once a partner by hash (`payload`); the same content again is a duplicate
    delivery. `read_at` is set by the transaction that applied it, so reading is repeatable.
    """

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="+")
    payload = models.ForeignKey(Payload, on_delete=models.PROTECT, related_name="+", null=True)
    answering = models.ForeignKey(
        Transaction,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
        help_text="The attempt on whose connection it came.",
    )
    file_name = models.CharField(max_length=255, blank=True)
    remote_size = models.PositiveBigIntegerField(null=True)
    remote_modified = models.PositiveBigIntegerField(null=True)
    is_duplicate = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True)
    rescue_count = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=60, blank=True)
    error_offset = models.PositiveBigIntegerField(null=True)
    findings = models.JSONField(default=list)

    class Meta(EvidenceRow.Meta):
        verbose_name_plural = "inbound deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "file_name", "remote_size", "remote_modified"],
                condition=~Q(file_name=""),
                name="one_delivery_per_remote_file",
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(read_at=None, payload__isnull=False),
                name="delivery_unread",
            )
        ]


class InboundFile(EvidenceRow):
    """One content a partner ever delivered: found again by its hash."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="+")
    payload = models.OneToOneField(Payload, on_delete=models.PROTECT, related_name="inbound_file")
    sha256 = models.BinaryField()

    class Meta(EvidenceRow.Meta):
        constraints = [models.UniqueConstraint(fields=["partner", "sha256"], name="one_file_per_content")]


class TransportLog(EvidenceRow):
    """What the wire did: no payload, no patient. Partitioned by months of its id."""

    partner = models.ForeignKey(
        TradingPartner,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    dispatch = models.ForeignKey(
        Dispatch, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, null=True
    )
    event = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=60, blank=True)

    class Meta(EvidenceRow.Meta):
        triggers: list[Any] = []


PayerHistory = tracked(
    Payer,
    "name",
    "payer_id",
    "is_active",
    "timeout",
    "live_connections",
    "batch_connections",
    "retries",
    "resend_gap",
    "daily_cap",
    "furthest_date",
)
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
TransactionHistory = tracked(Transaction, "state", "error", "disposition")
InterchangeHistory = tracked(Interchange, "state", "acknowledgement")
