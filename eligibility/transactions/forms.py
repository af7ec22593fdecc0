"""Shapes of what people choose and type on the transaction pages."""

from __future__ import annotations

from typing import Any

from django import forms

from tradingpartners.models import Lane
from tradingpartners.words import DISPOSITIONS

KINDS = {"270": "Questions", "271": "Answers", "999": "Receipts", "278": "Prior authorizations"}

# What an outgoing one may be asked for by; an incoming one goes by what became of it.
STATUSES = {
    "submitted": "Asked, no answer yet",
    "waiting": "Waiting to go",
    "answered": "Answered",
    "rejected": "Refused by the payer",
    "failed": "Failed",
    "unknown": "Not known what became of it",
    "never_sent": "Not sent",
    "superseded": "Overtaken by an earlier one",
    **DISPOSITIONS,
}
OUTGOING = {"submitted": "sent", "waiting": "prepared"}


_FILTERS = {"tx_type": "kind", "correlation_id": "sweep or check", "interchange": "file", "before": "page"}


class TransactionFilter(forms.Form):
    """The list's address. A value that makes no sense finds nothing, and the page says which it is."""

    tx_type = forms.ChoiceField(choices=list(KINDS.items()), required=False)
    status = forms.ChoiceField(choices=list(STATUSES.items()), required=False)
    correlation_id = forms.UUIDField(required=False)
    interchange = forms.UUIDField(required=False)
    check = forms.UUIDField(required=False)
    patient = forms.UUIDField(required=False)
    payer = forms.UUIDField(required=False)
    partner = forms.UUIDField(required=False)
    lane = forms.ChoiceField(choices=[(Lane.LIVE, "live"), (Lane.BATCH, "batch")], required=False)
    day = forms.DateField(required=False)
    before = forms.UUIDField(required=False)

    def chosen(self) -> dict[str, Any]:
        self.full_clean()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}

    def unread(self) -> list[str]:
        """What of the address makes no sense, by the words of the page."""
        return [_FILTERS.get(name, name.replace("_", " ")) for name in self.errors]


class FindForm(forms.Form):
    number = forms.CharField(
        label="Find by any number",
        max_length=100,
        error_messages={"required": "Type a number: a trace, an ISA13, a file name, a batch, an MRN."},
    )


class ReasonForm(forms.Form):
    """Why a person opens, repeats or decides something: kept with it."""

    reason = forms.CharField(
        label="Why?",
        min_length=4,
        max_length=200,
        error_messages={
            "required": "Say why: it is kept with what you do.",
            "min_length": "A few words more: it is kept with what you do.",
        },
    )
