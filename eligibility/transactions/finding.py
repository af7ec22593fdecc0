"""Find by any number: a trace, an ISA13, a file, a batch, a check, a sweep, an MRN."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from eligibility.models import EligibilityCheck
from practice.models import Patient, User
from tradingpartners.models import InboundDelivery, Interchange, Transaction, transaction_id

_SHOWN = 20


class Hit(NamedTuple):
    """One thing the number is of, and where it is shown."""

    words: str
    address: str


def find(user: User, number: str) -> list[Hit]:
    """Everything of this practice that goes by the number; `[]` if nothing does."""
    text = number.strip()
    hits = _by_id(user, text) if _as_id(text) else []
    return hits or _patients(user, text) or [*_files(user, text), *_deliveries(user, text)]


def _as_id(text: str) -> UUID | None:
    """A trace number, or an id with its hyphens."""
    found = transaction_id(text.replace("-", ""))
    return found if found and found.version == 7 else None


def _by_id(user: User, text: str) -> list[Hit]:
    key = _as_id(text)
    if key is None:
        return []
    rows = Transaction.objects.visible_to(user)
    if rows.filter(pk=key).exists():
        return [Hit("The transaction with this trace number", reverse("transaction", args=[key]))]
    if Interchange.objects.visible_to(user).filter(pk=key).exists():
        return [Hit("The file with this id", reverse("interchange", args=[key]))]
    if rows.filter(Q(correlation_id=key) | Q(subject_id=key)).exists():
        return [Hit("Everything asked under this number", _list(correlation_id=key))]
    if EligibilityCheck.objects.visible_to(user).filter(pk=key).exists():
        return [Hit("The check with this id", _list(check=key))]
    return []


def _files(user: User, text: str) -> list[Hit]:
    """By file name, by what the partner calls it, by ISA13: the newest first."""
    named = Q(file_name=text) | Q(reference=text)
    if text.isdigit() and len(text) <= 9:
        named |= Q(control_number=int(text))
    rows = Interchange.objects.visible_to(user).filter(named).select_related("partner")
    return [
        Hit(
            f"{'File to' if row.direction == 'out' else 'File from'} {row.partner.name}"
            f"{f', {row.file_name}' if row.file_name else ''}, ISA13 {row.control_number:09d}",
            reverse("interchange", args=[row.pk]),
        )
        for row in rows.defer("partner__credentials").order_by("-id")[:_SHOWN]
        if row.control_number is not None
    ]


def _deliveries(user: User, text: str) -> list[Hit]:
    rows = InboundDelivery.objects.visible_to(user).filter(
        Q(file_name=text) | Q(message_id=text), ~Q(file_name="") | ~Q(message_id="")
    )
    return [
        Hit(f"What came as {row.file_name or 'a message'}", reverse("delivery", args=[row.pk]))
        for row in rows.order_by("-id")[:_SHOWN]
    ]


def _patients(user: User, text: str) -> list[Hit]:
    rows = Patient.objects.visible_to(user).filter(mrn_index=text)
    return [Hit("Everything asked about the patient with this MRN", _list(patient=row.pk)) for row in rows]


def _list(**query: object) -> str:
    return f"{reverse('transactions')}?{urlencode(query)}"
