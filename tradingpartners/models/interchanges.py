"""One ISA…IEA, in or out, and its bytes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from practice.history import tracked
from practice.rows import EvidenceRow, Moves
from practice.sealing import SealedBinaryField
from tradingpartners.models.dispatches import Dispatch
from tradingpartners.models.partners import TradingPartner
from tradingpartners.states import INTERCHANGE_MOVES


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
    published_at = models.DateTimeField(
        null=True, help_text="From here on the partner may have seen the file under its name."
    )
    taken_at = models.DateTimeField(null=True)
    acknowledgement = models.CharField(max_length=10, blank=True, help_text="TA1 or 999 verdict.")
    acknowledged_at = models.DateTimeField(null=True)
    transaction_set = models.CharField(max_length=3, blank=True)
    reference = models.CharField(
        max_length=200,
        blank=True,
        help_text="What the partner knows it by: a batch id, a message id, a coverage id.",
    )
    # incoming only
    sender_id = models.CharField("ISA06", max_length=15, blank=True)
    delivery_id = models.UUIDField(null=True, help_text="The delivery it came in.")
    sha256 = models.BinaryField(null=True)
    problem = models.CharField(max_length=40, blank=True, help_text="Why it was not applied: a code.")

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
            ),
            models.Index(
                fields=["partner", "started_at"],
                condition=Q(direction="out", state="in_flight"),
                name="interchange_in_flight",
            ),
            models.Index(fields=["partner", "direction", "control_number"], name="interchange_number"),
            models.Index(fields=["dispatch"], condition=Q(dispatch__isnull=False), name="interchange_unit"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="interchange_reference"),
            models.Index(fields=["file_name"], condition=~Q(file_name=""), name="interchange_file"),
            models.Index(fields=["delivery_id"], condition=Q(direction="in"), name="interchange_of_delivery"),
        ]


InterchangeHistory = tracked(Interchange, "state", "acknowledgement", "reference", "problem")
