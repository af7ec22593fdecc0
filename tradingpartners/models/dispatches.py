"""Units of sending, and the leases on them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from practice.rows import EvidenceRow, Moves
from tradingpartners.models.lanes import Lane
from tradingpartners.models.partners import TradingPartner
from tradingpartners.models.payers import Payer
from tradingpartners.states import DISPATCH_MOVES


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
    waits_for = models.CharField(
        max_length=20, blank=True, help_text="Why it is not due yet: a code, empty for none."
    )
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
