"""What comes in: contents, and each arrival of one; and what the wire did."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from practice.rows import EvidenceRow, TenantQuerySet
from tradingpartners.models.dispatches import Dispatch
from tradingpartners.models.interchanges import Interchange, Payload
from tradingpartners.models.partners import TradingPartner
from tradingpartners.models.transactions import Transaction


class InboundDeliveryQuerySet(TenantQuerySet["InboundDelivery"]):
    def for_people(self) -> Self:
        """Unreadable or held, and nobody has said yet what becomes of it."""
        return self.filter(~Q(error="") | Q(held_at__isnull=False), settled_at=None)


class InboundDelivery(EvidenceRow):
    """One arrival of bytes: a file a partner left, or a reply on an open connection.

    The content is kept once a partner by hash (`payload`); the same content again is a duplicate
    delivery. `read_at` is set by the transaction that applied it, so reading is repeatable.
    """

    class Way(models.TextChoices):
        FETCHED = "fetched", "Fetched from the partner"
        REPLY = "reply", "The reply to a question"
        PUSHED = "pushed", "Sent to us"
        UPLOADED = "uploaded", "Uploaded by a person"

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
    reader_until = models.DateTimeField(null=True, help_text="The lease of who reads it now.")
    rescue_count = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=60, blank=True)
    error_offset = models.PositiveBigIntegerField(null=True)
    came_by = models.CharField(max_length=10, choices=Way, default=Way.FETCHED)
    message_id = models.CharField(
        max_length=255, blank=True, help_text="AS2 Message-ID: one delivery, however often it is sent."
    )
    receipt = models.ForeignKey(
        Payload, on_delete=models.PROTECT, related_name="+", null=True, help_text="The MDN we answered with."
    )
    put_away_at = models.DateTimeField(null=True, help_text="Moved to the partner's archive folder.")
    held_at = models.DateTimeField(null=True, help_text="Waits for a person's decision.")
    settled_at = models.DateTimeField(null=True, help_text="A person has seen what is wrong with it.")
    rereads = models.PositiveSmallIntegerField(default=0)
    findings = models.JSONField(default=list)

    objects: ClassVar = models.Manager.from_queryset(InboundDeliveryQuerySet)()

    class Meta(EvidenceRow.Meta):
        verbose_name_plural = "inbound deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "file_name", "remote_size", "remote_modified"],
                condition=~Q(file_name=""),
                name="one_delivery_per_remote_file",
            ),
            models.UniqueConstraint(
                fields=["partner", "message_id"],
                condition=~Q(message_id=""),
                name="one_delivery_per_message",
            ),
        ]
        indexes = [
            models.Index(fields=["file_name"], condition=~Q(file_name=""), name="delivery_file"),
            models.Index(
                fields=["created_at"],
                condition=Q(read_at=None, payload__isnull=False),
                name="delivery_unread",
            ),
            models.Index(
                fields=["answering"], condition=Q(answering__isnull=False), name="delivery_of_attempt"
            ),
            models.Index(
                fields=["partner", "created_at"],
                condition=~Q(error="") & Q(settled_at=None) | Q(held_at__isnull=False, settled_at=None),
                name="delivery_for_people",
            ),
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
    interchange = models.ForeignKey(
        Interchange,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
    )
    delivery = models.ForeignKey(
        InboundDelivery,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
    )

    class Meta(EvidenceRow.Meta):
        triggers = []
        indexes = [models.Index(fields=["partner", "-id"], name="transport_log_of_partner")]
