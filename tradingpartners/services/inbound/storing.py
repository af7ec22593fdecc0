"""One row for each set that came, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from practice.bulk import insert_rows, update_rows
from practice.rows import uuid7
from tradingpartners.messages import READ_SETS
from tradingpartners.models import Attempt, Direction, Transaction
from tradingpartners.services.inbound.acknowledgements import ACKNOWLEDGEMENTS
from tradingpartners.services.inbound.matching import Matched
from tradingpartners.services.inbound.sets import Set, SetKey

State, Disposition = Transaction.State, Transaction.Disposition

# Transaction.error of an incoming set.
SOMEBODY_ELSE = "somebody_else"
FOREIGN_SET = "foreign_set"
DISMISSED = "dismissed"

# A person, or what was found, has decided these for good; the others are tried anew.
_FINAL = frozenset({SOMEBODY_ELSE, DISMISSED})
_OPEN = frozenset({Disposition.UNMATCHED, Disposition.HELD, Disposition.QUARANTINED})

_WEIGHTS = [
    Disposition.UNMATCHED,
    Disposition.LATE,
    Disposition.DUPLICATE,
    Disposition.APPLIED,
    Disposition.QUARANTINED,
]


class Stored(NamedTuple):
    """The row an earlier reading made of a set."""

    id: UUID
    disposition: str
    error: str

    @property
    def is_tried_anew(self) -> bool:
        return self.disposition in _OPEN and self.error not in _FINAL


class _Disposed(NamedTuple):
    disposition: Transaction.Disposition
    attempt: Attempt | None = None
    error: str = ""
    differing: tuple[str, ...] = ()


def stored_before(sets: Sequence[Set]) -> dict[SetKey, Stored]:
    """The rows of these sets, if an earlier reading came as far."""
    rows = Transaction.objects.filter(
        direction=Direction.IN,
        delivery__in={each.delivery.pk for each in sets},
        position__gte=min(each.position for each in sets),
        position__lte=max(each.position for each in sets),
    ).only("delivery_id", "position", "disposition", "error")
    return {
        SetKey(row.delivery_id, row.position): Stored(row.pk, row.disposition, row.error)
        for row in rows
        if row.delivery_id and row.position
    }


def store(
    sets: Sequence[Set],
    matched: Sequence[Matched],
    noted: Mapping[SetKey, str],
    stored: Mapping[SetKey, Stored],
    *,
    now: datetime,
) -> list[UUID]:
    """Insert the rows of new sets, rewrite those tried anew; returns those that tell something new.

    `noted`: what is to be remarked of an acknowledgement, by its set.
    """
    disposed = _disposed(sets, matched, noted)
    new = [_row(each, disposed[each.key], now) for each in sets if each.key not in stored]
    insert_rows(Transaction, new)
    changed = [
        (stored[each.key].id, _fields(each, disposed[each.key], now))
        for each in sets
        if each.key in stored and _tells_more(stored[each.key], disposed[each.key])
    ]
    return [row.pk for row in new] + update_rows(Transaction, changed)


def rewrite(row_id: UUID, matched: Matched, *, now: datetime) -> None:
    """A person has said whose answer the set of this row is."""
    disposed = _Disposed(matched.disposition, matched.attempt, "", matched.recognized.differing)
    fields = _fields(matched.answer.source, disposed, now)
    del fields["interchange"]  # the one it came in
    update_rows(Transaction, [(row_id, fields)])


def _tells_more(before: Stored, now: _Disposed) -> bool:
    return (before.disposition, before.error) != (now.disposition, now.error)


def _disposed(
    sets: Sequence[Set], matched: Sequence[Matched], noted: Mapping[SetKey, str]
) -> dict[SetKey, _Disposed]:
    """A set about several people is quarantined if any of it is, else applied if any of it was."""
    disposed: dict[SetKey, _Disposed] = {}
    for each in matched:
        key = each.answer.source.key
        error = SOMEBODY_ELSE if each.disposition == Disposition.QUARANTINED else ""
        is_applied = each.disposition == Disposition.APPLIED
        differing = each.recognized.differing if is_applied else ()
        new = _Disposed(each.disposition, each.attempt, error, differing)
        disposed[key] = max(disposed.get(key, new), new, key=_weight)
    return {each.key: disposed.get(each.key) or _without_answers(each, noted) for each in sets}


def _weight(disposed: _Disposed) -> int:
    return _WEIGHTS.index(disposed.disposition)


def _without_answers(source: Set, noted: Mapping[SetKey, str]) -> _Disposed:
    if source.ruling:
        return _Disposed(source.ruling.disposition, error=source.ruling.code)
    if source.read.set_id in ACKNOWLEDGEMENTS:
        return _Disposed(Disposition.APPLIED, error=noted.get(source.key, ""))
    if source.read.set_id in READ_SETS:
        return _Disposed(Disposition.UNMATCHED)
    return _Disposed(Disposition.QUARANTINED, error=FOREIGN_SET)


def _row(source: Set, disposed: _Disposed, now: datetime) -> Transaction:
    fields = _fields(source, disposed, now)
    return Transaction(
        id=uuid7(),
        direction=Direction.IN,
        transaction_set=source.read.set_id[:3],
        partner_id=source.delivery.partner_id,
        set_control_number=source.read.control_number[:9],
        state=State.RECEIVED,
        delivery_id=source.delivery.pk,
        position=source.position,
        **{_ATTRIBUTES.get(name, name): value for name, value in fields.items()},
    )


_ATTRIBUTES = {"payer": "payer_id", "answers": "answers_id", "interchange": "interchange_id"}


def _fields(source: Set, disposed: _Disposed, now: datetime) -> dict[str, Any]:
    """What a later reading of the same set may tell otherwise."""
    attempt = disposed.attempt
    return {
        "payer": attempt.payer.pk if attempt else None,
        "subject_id": attempt.subject_id if attempt else None,
        "correlation_id": attempt.correlation_id if attempt else None,
        "closed_at": now,
        "disposition": disposed.disposition,
        "answers": attempt.id if attempt else None,
        "interchange": source.interchange_id,
        "error": disposed.error[:60],
        "differences": list(disposed.differing),
    }
