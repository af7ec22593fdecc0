"""One ST…SE: going out an attempt to ask, coming in an answer."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self
from uuid import UUID

from django.db import models
from django.db.models import Q

from practice.history import tracked
from practice.rows import EvidenceRow, Moves, TenantQuerySet
from tradingpartners.models.dispatches import Dispatch
from tradingpartners.models.interchanges import Direction, Interchange
from tradingpartners.models.lanes import Lane
from tradingpartners.models.partners import TradingPartner
from tradingpartners.models.payers import Payer
from tradingpartners.states import TRANSACTION_MOVES

# How the error of an attempt begins that nobody answered in time.
SLA_PASSED = "No 271 within"


def trace_number(transaction_id: UUID) -> str:
    """TRN02 and BHT03 of an attempt: its id as 32 capital hex digits."""
    return transaction_id.hex.upper()


def transaction_id(trace: str) -> UUID | None:
    """The attempt a trace number names, if it can be one of ours."""
    try:
        return UUID(hex=trace.strip()) if len(trace.strip()) == 32 else None
    except ValueError:
        return None


class Attempt(NamedTuple):
    """One time a question is put, as it stood when it was read.

    A value: what becomes of the attempt is written by its id, fenced by the row's own state.
    """

    id: UUID
    subject_id: UUID
    transaction_set: str
    payer: Payer
    partner_id: UUID
    dispatch_id: UUID
    interchange_id: UUID | None
    correlation_id: UUID
    lane: Lane
    number: int
    state: str
    set_control_number: str


class TransactionQuerySet(TenantQuerySet["Transaction"]):
    def attempts(self) -> Self:
        """What went out, or is going to."""
        return self.filter(direction=Direction.OUT)

    def prepared(self) -> Self:
        return self.attempts().filter(state=Transaction.State.PREPARED)

    def unanswered(self) -> Self:
        return self.attempts().filter(state=Transaction.State.SENT)

    def for_people(self) -> Self:
        """What came and waits for somebody to decide on it."""
        waiting = [
            Transaction.Disposition.UNMATCHED,
            Transaction.Disposition.QUARANTINED,
            Transaction.Disposition.HELD,
        ]
        return self.filter(disposition__in=waiting).exclude(error__in=["dismissed", "dropped"])

    def orphaned(self) -> Self:
        """Nobody answered within the partner's time, and nobody has asked again since."""
        later = Transaction.objects.filter(
            subject_id=models.OuterRef("subject_id"), direction=Direction.OUT, pk__gt=models.OuterRef("pk")
        )
        failed = self.attempts().filter(
            state=Transaction.State.FAILED, error__startswith=SLA_PASSED, subject_id__isnull=False
        )
        return failed.exclude(models.Exists(later))

    def as_attempts(self) -> list[Attempt]:
        """These attempts as values, each with its payer: one query."""
        return [row.as_attempt() for row in self.select_related("payer")]


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
        HELD = "held"  # its file waits for a person

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
    replays = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        related_name="replayed_by",
        db_constraint=False,
        db_index=False,
        null=True,
        help_text="The attempt a person had asked once more.",
    )
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
    differences = models.JSONField(
        default=list, help_text="Fields in which the payer knows the person otherwise: names, no values."
    )

    objects: ClassVar = models.Manager.from_queryset(TransactionQuerySet)()

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
            models.Index(
                fields=["payer", "sent_at"],
                condition=Q(direction="out", sent_at__isnull=False),
                name="transaction_of_payer",
            ),
            models.Index(
                fields=["disposition"],
                condition=Q(disposition__in=["unmatched", "quarantined", "held"]),
                name="transaction_for_people",
            ),
            models.Index(
                fields=["organization", "-id"],
                condition=Q(direction="out", state="failed"),
                name="transaction_failed",
            ),
            models.Index(
                fields=["answers"], condition=Q(answers__isnull=False), name="transaction_answering"
            ),
            models.Index(
                fields=["replays"], condition=Q(replays__isnull=False), name="transaction_replaying"
            ),
        ]

    @property
    def trace_number(self) -> str:
        return trace_number(self.pk)

    def as_attempt(self) -> Attempt:
        """The value of an outgoing row; `ValueError` for an incoming one."""
        if not (self.subject_id and self.payer and self.dispatch_id and self.correlation_id):
            raise ValueError(f"no attempt: transaction={self.pk}")
        return Attempt(
            id=self.pk,
            subject_id=self.subject_id,
            transaction_set=self.transaction_set,
            payer=self.payer,
            partner_id=self.partner_id,
            dispatch_id=self.dispatch_id,
            interchange_id=self.interchange_id,
            correlation_id=self.correlation_id,
            lane=Lane(self.lane),
            number=self.attempt,
            state=self.state,
            set_control_number=self.set_control_number,
        )


TransactionHistory = tracked(Transaction, "state", "error", "disposition")
