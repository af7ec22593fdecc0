"""TA1 and 999: the partner has our interchange, accepts or refuses it or some of its sets.

A refusal ends the attempts that are still unanswered; one that was answered already is past it. Why
stands in the attempt's error, as codes and a place without values: "TA1 006" (TA105), "999 R NM109
#8 2100C 7" (IK301 with IK401, IK302, IK303, IK403), "999 R DTP #14 2110C 8" (IK304), "999 R 6"
(IK502 where no place is given; 5, one or more segments in error, says nothing and is left out).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, Now

from practice.tenancy import dispatcher, tenant
from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.models import Direction, Interchange, Transaction
from tradingpartners.models.transactions import TransactionQuerySet
from tradingpartners.services import telling
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.inbound.sets import Set
from tradingpartners.services.interchanges import take_interchanges

ACKNOWLEDGEMENTS = frozenset({"999", "997"})

# What is remarked of an acknowledgement (Transaction.error of its set).
UNKNOWN_INTERCHANGE = "unknown_interchange"
COUNTS_DISAGREE = "counts_disagree"
AFTER_THE_ANSWER = "after_the_answer"

# TA105 that speak of the way here, not of what was sent: cut or spliced, or a number in use. The
# same questions may go once more, in a new interchange; all others a person must mend.
_DAMAGED_ON_THE_WAY = frozenset({"001", "021", "022", "023"})
_NUMBER_IN_USE = "025"

# IK502
_SEGMENTS_IN_ERROR = "5"

# Nobody acknowledges an acknowledgement.
_OWES_NOTHING = ACKNOWLEDGEMENTS | {"TA1"}

# So long after it was due, an acknowledgement is looked for.
_LOOKED_FOR = timedelta(days=2)


def acknowledge_interchanges(
    partner_id: UUID, acknowledgements: Sequence[x12.InterchangeAcknowledgement], *, now: datetime
) -> list[str]:
    """TA1: the partner has, or refuses, a whole interchange. Returns what is to be remarked."""
    remarks = []
    for acknowledgement in acknowledgements:
        interchange = _note_verdict(
            partner_id, acknowledgement.control_number, f"TA1 {acknowledgement.code}", now
        )
        if interchange is None:
            remarks.append(UNKNOWN_INTERCHANGE)
        elif acknowledgement.code == "R":
            _refuse_whole(interchange, acknowledgement.note, now)
    return remarks


def acknowledge_sets(source: Set, *, now: datetime) -> str:
    """999: the partner accepts or refuses each set of a group. GS06 repeats our ISA13.

    Returns what is to be remarked of it, "" for nothing.
    """
    if source.read.transaction is None:
        return ""
    said = x12.read_999(source.read.transaction)
    interchange = _note_verdict(
        source.delivery.partner_id, said.group_control_number, f"999 {said.code or ''}", now
    )
    if interchange is None:
        return UNKNOWN_INTERCHANGE
    attempts = Transaction.objects.attempts().filter(interchange=interchange)
    refused = {each.control_number: _reason(each) for each in said.sets if not each.accepted}
    if not refused and said.code == "R":
        refused = dict.fromkeys(attempts.values_list("set_control_number", flat=True), _group_reason(said))
    disagrees = _disagrees(said, len(refused), attempts.count())
    ended = _refuse(interchange, refused, now) if refused else 0
    if refused or disagrees:
        telling.file_rejected(
            interchange, code=f"999 {said.code or ''}".strip(), count=len(refused), disagrees=disagrees
        )
    if disagrees:
        return COUNTS_DISAGREE
    return AFTER_THE_ANSWER if len(refused) > ended else ""


def _note_verdict(partner_id: UUID, control_number: str, verdict: str, now: datetime) -> Interchange | None:
    """Our interchange with this ISA13: it arrived.

    Numbers repeat after a wrap: the newest that went out and waits for answers, else the newest.
    """
    if not control_number.isdecimal():
        return None
    waiting = Transaction.objects.unanswered().filter(interchange=OuterRef("pk"))
    interchange = (
        Interchange.objects.filter(
            partner=partner_id, direction=Direction.OUT, control_number=int(control_number[:10])
        )
        .exclude(state=Interchange.State.COMPOSED)
        .select_related("partner", "dispatch")
        .order_by(Exists(waiting).desc(), "-epoch")
        .first()
    )
    if interchange is not None:
        # Attempts before files, as whoever reads answers locks them.
        list(_unanswered_of(interchange).select_for_update(of=("self",)).values_list("pk"))
        refused = Q(acknowledgement__in=["TA1 R", "999 R"])
        Interchange.objects.filter(pk=interchange.pk).update(
            # that a file was refused is not forgotten over what is said of it later
            acknowledgement=Case(
                When(refused, then=F("acknowledgement")), default=Value(verdict.strip()[:10])
            ),
            acknowledged_at=Coalesce("acknowledged_at", now),
        )
        telling.acknowledgement_came(interchange.pk)
        take_interchanges([interchange.pk], now=now)
    return interchange


def _unanswered_of(interchange: Interchange) -> TransactionQuerySet:
    return Transaction.objects.unanswered().filter(interchange=interchange).order_by("pk")


# --- refusals --------------------------------------------------------------------------------


def _refuse_whole(interchange: Interchange, note: str, now: datetime) -> None:
    """TA1 R. A number in use, of a file we may have put twice, is our own: they have the first."""
    unit = interchange.dispatch
    # A worker that was killed over the wire counts as a rescue: its put may have come through.
    was_put_twice = unit is not None and unit.send_attempts + unit.rescue_count > 1
    if note == _NUMBER_IN_USE and was_put_twice:
        telling.file_rejected(interchange, code=f"TA1 {note}", count=0)
        return
    again = note in _DAMAGED_ON_THE_WAY or note == _NUMBER_IN_USE
    attempts = Transaction.objects.unanswered().filter(interchange=interchange).order_by("pk").as_attempts()
    end_attempts(
        [
            End(each, OutcomeKind.FAILED, f"TA1 {note}"[:60], again=again and each.number == 1)
            for each in attempts
        ],
        now=now,
    )
    telling.file_rejected(interchange, code=f"TA1 {note}", count=len(attempts))


def _refuse(interchange: Interchange, refused: Mapping[str, str], now: datetime) -> int:
    """How many of the refused sets were still unanswered."""
    attempts = (
        Transaction.objects.unanswered()
        .filter(interchange=interchange, set_control_number__in=refused)
        .order_by("pk")
        .as_attempts()
    )
    end_attempts(
        [End(each, OutcomeKind.FAILED, refused[each.set_control_number]) for each in attempts], now=now
    )
    return len(attempts)


def _reason(refused: x12.SetAcknowledgement) -> str:
    """The first place that is in error; a segment without one of its elements, where nothing is closer."""
    for error in refused.errors:
        place = _place(error.segment_number, error.loop)
        if error.elements:
            element = error.elements[0]
            return _joined(f"{error.segment_id}{element.element or 0:02d}", place, element.code)
        return _joined(error.segment_id, place, error.code or "")
    return _joined(*(note for note in refused.notes[:1] if note != _SEGMENTS_IN_ERROR))


def _group_reason(said: x12.ImplementationAcknowledgement) -> str:
    return _joined(*said.notes[:1])


def _place(segment_number: int | None, loop: str | None) -> str:
    return " ".join(filter(None, [f"#{segment_number}" if segment_number else "", loop]))


def _joined(*parts: str) -> str:
    return " ".join(["999 R", *(part for part in parts if part)])[:60]


def _disagrees(said: x12.ImplementationAcknowledgement, refused: int, sent: int) -> bool:
    """Whether AK9 contradicts the sets it sums up, or what we sent: accepted + refused = sent."""
    included = said.included is not None and said.included != sent
    received = said.received is not None and said.received != sent
    accepted = said.accepted is not None and said.accepted + refused != sent
    return included or received or accepted


# --- acknowledgements that do not come -------------------------------------------------------


def organizations_unacknowledged() -> list[UUID]:
    """Organizations with a file whose partner owes us a TA1 or 999."""
    with dispatcher(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT t.organization_id FROM tradingpartners_tradingpartner t"
            " WHERE t.acknowledgement_due IS NOT NULL AND EXISTS ("
            " SELECT 1 FROM tradingpartners_interchange i WHERE i.partner_id = t.id"
            " AND i.direction = 'out' AND i.state IN ('taken', 'in_flight', 'overdue')"
            " AND i.acknowledgement = '' AND i.started_at < now() - t.acknowledgement_due"
            " AND i.started_at > now() - t.acknowledgement_due - make_interval(secs => %s))",
            [_LOOKED_FOR.total_seconds()],
        )
        return [organization_id for (organization_id,) in cursor.fetchall()]


def overdue_acknowledgements(organization_id: UUID) -> int:
    """Tell, once a file, that its acknowledgement is overdue; a file with answers needs none."""
    due = F("partner__acknowledgement_due")
    answered = Transaction.objects.attempts().filter(
        interchange=OuterRef("pk"), state__in=[Transaction.State.ANSWERED, Transaction.State.REJECTED]
    )
    with tenant(organization_id):
        silent = list(
            Interchange.objects.filter(
                ~Exists(answered),
                direction=Direction.OUT,
                acknowledgement="",
                partner__acknowledgement_due__isnull=False,
                started_at__lt=Now() - due,
                started_at__gt=Now() - due - _LOOKED_FOR,
            )
            .exclude(state=Interchange.State.COMPOSED)
            .exclude(transaction_set__in=_OWES_NOTHING)
            .select_related("partner")
            .order_by("pk")
        )
        told = telling.is_told_overdue([each.pk for each in silent])
        untold = [each for each in silent if each.pk not in told]
        for each in untold:
            telling.acknowledgement_overdue(each)
    return len(untold)
