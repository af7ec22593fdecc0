"""What the gateway's endpoints share: orders of lists, filters, headers, refusals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from rest_framework.exceptions import ErrorDetail, ValidationError

from practice.api_pages import CursorPages
from practice.api_schema import answer_header
from practice.idempotency import REPLAYED
from tradingpartners.setup.rules import Fault

BY_NAME = CursorPages("name", "id")
NEWEST = CursorPages("-id")
MADE = [
    answer_header("Location", "The new one.", 201),
    answer_header(REPLAYED, "`true` where this is the answer to an earlier request.", 201),
]


def chosen(asked: Mapping[str, Any], **columns: str) -> dict[str, Any]:
    """The filters that were given, by their columns."""
    return {column: asked[name] for name, column in columns.items() if name in asked}


def refuse(faults: Iterable[Fault]) -> None:
    """Answer with what is wrong, if anything is."""
    wrong: dict[str, list[ErrorDetail]] = {}
    for fault in faults:
        wrong.setdefault(fault.field, []).append(ErrorDetail(fault.words, fault.code))
    if wrong:
        raise ValidationError(wrong)


def save(row: Model, taken: Fault, columns: Collection[str] | None = None) -> None:
    """All of it, or these columns; `taken` where somebody came first since it was looked at."""
    try:
        with transaction.atomic():
            row.save(update_fields=columns)
    except IntegrityError:
        refuse([taken])
