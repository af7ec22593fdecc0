"""Transactions: the list, one told in full, files and deliveries, and what a person may do about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from eligibility.cards import by_service
from eligibility.models import BenefitDetail
from eligibility.transactions import deciding, forms, listing
from eligibility.transactions.finding import find
from eligibility.transactions.raw import open_raw
from eligibility.transactions.redacting import redacted
from eligibility.transactions.rereading import differences
from eligibility.transactions.review import review
from eligibility.transactions.story import tell
from practice.access import allowed
from practice.exports import csv_response
from practice.pages import PageRequest, page
from practice.templatetags.preflight import clinic_time
from tradingpartners.models import InboundDelivery, Interchange, Payer, TradingPartner, Transaction
from tradingpartners.services import pausing, payloads, replay
from tradingpartners.words import came_damaged, explain

EXPORT_LIMIT = 50_000
MANY = 500


@page("eligibility.read")
def transactions(request: PageRequest) -> HttpResponse:
    """Every question, answer and receipt, newest first."""
    address = forms.TransactionFilter(request.GET)
    chosen, unread = address.chosen(), address.unread()
    wanted = listing.filtered(request.user, request.organization, chosen)
    found, following = listing.page_of(wanted.none() if unread else wanted, chosen["before"])
    again = listing.replayable_of(chosen["correlation_id"], None)
    rows = listing.with_words(request.user, found)
    request.shown_patients({row.check.patient_id for row in rows if row.check})
    context = {
        **frame(request, "all"),
        "chosen": chosen,
        "is_filtered": bool(unread) or any(value for name, value in chosen.items() if name != "before"),
        "unread": unread,
        "rows": rows,
        "following": following,
        "kinds": forms.KINDS,
        "statuses": forms.STATUSES,
        "payers": Payer.objects.filter(
            pk__in=Transaction.objects.visible_to(request.user).values("payer")
        ).order_by("name")
        if not request.htmx
        else [],
        "partners": _partners(request),
        "counts": listing.counts_of(request.user, chosen["correlation_id"])
        if chosen["correlation_id"]
        else {},
        "again": listing.again_words(again) if chosen["correlation_id"] else "",
    }
    template = "eligibility/transactions/_rows.html" if request.htmx else "eligibility/transactions/list.html"
    return TemplateResponse(request, template, context, status=422 if unread else 200)


def frame(request: PageRequest, tab: str) -> dict[str, Any]:
    return {
        "section": "transactions",
        "tab": tab,
        "zone": request.organization.time_zone,
        "now": timezone.now(),
        "find_form": forms.FindForm(),
    }


def _partners(request: PageRequest) -> list[TradingPartner]:
    return list(TradingPartner.objects.visible_to(request.user).defer("credentials").order_by("name"))


@page("eligibility.read")
def export(request: PageRequest) -> HttpResponse:
    """The list as filtered, without a name or a number of a patient."""
    address = forms.TransactionFilter(request.GET)
    chosen = address.chosen()
    if address.unread():
        return redirect(f"{reverse('transactions')}?{request.GET.urlencode()}")
    found = list(listing.filtered(request.user, request.organization, chosen)[:EXPORT_LIMIT])
    zone, now = request.organization.time_zone, timezone.now()
    header = ["Time", "Kind", "Payer", "Route", "Result", "Why", "Took ms", "Lane", "Asked", "Attempt"]
    header += ["Trace number", "Correlation", "ISA13 file"]
    rows = listing.with_words(request.user, found, patients=False)
    names = dict(
        Interchange.objects.visible_to(request.user)
        .filter(pk__in={row.transaction.interchange_id for row in rows})
        .values_list("pk", "file_name")
    )
    lines = (_line(row, zone, names) for row in rows)
    return csv_response(f"transactions-{now:%Y-%m-%d}.csv", header, lines)


def _line(row: listing.Row, zone: str, names: dict[UUID, str]) -> list[Any]:
    told = row.transaction
    return [
        clinic_time(row.at, zone),
        row.kind,
        row.payer.name if row.payer else "",
        row.partner.name if row.partner else "",
        row.result,
        row.why,
        row.took,
        told.lane,
        row.source,
        told.attempt if told.direction == "out" else "",
        told.trace_number if told.direction == "out" else "",
        told.correlation_id,
        names.get(told.interchange_id, "") if told.interchange_id else "",
    ]


@page("eligibility.read", methods=("POST",))
def find_number(request: PageRequest) -> HttpResponse:
    """By POST: an MRN stands in no address."""
    form = forms.FindForm(request.POST)
    hits = find(request.user, form.cleaned_data["number"]) if form.is_valid() else []
    if len(hits) == 1:
        return redirect(hits[0].address)
    context = {**frame(request, "all"), "find_form": form, "hits": hits}
    status = 200 if form.is_valid() else 422
    return TemplateResponse(request, "eligibility/transactions/found.html", context, status=status)


# --- one transaction --------------------------------------------------------------------------


def find_transaction(request: PageRequest, transaction_id: UUID) -> Transaction:
    return get_object_or_404(Transaction.objects.visible_to(request.user), pk=transaction_id)


@page("eligibility.read")
def transaction(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    """What happened, what it said, and for who may see it what stood on the wire."""
    return show(request, find_transaction(request, transaction_id))


def show(request: PageRequest, told: Transaction, *, status: int = 200, **more: Any) -> HttpResponse:
    (row,) = listing.with_words(request.user, [told])
    if row.check:
        request.shown_patients([row.check.patient_id])
    benefits = BenefitDetail.objects.filter(eligibility_check=row.check.pk) if row.check else []
    is_undecided = deciding.is_for_a_person(told)
    suggested = (
        deciding.candidates(request.user, told)
        if is_undecided and not came_damaged(told) and allowed(request.user, "raw.read", request.organization)
        else []
    )
    request.shown_patients(each.row.check.patient_id for each in suggested if each.row.check)
    context = {
        **frame(request, "all"),
        "row": row,
        "told": told,
        "reason": explain(told.error) if told.error else None,
        "story": tell(request.user, row),
        "services": by_service(list(benefits)),
        "may_replay": replay.replayable().filter(pk=told.pk).exists(),
        "is_undecided": is_undecided,
        "came_damaged": came_damaged(told),
        "candidates": suggested,
        "form": forms.ReasonForm(),
        **more,
    }
    return TemplateResponse(request, "eligibility/transactions/transaction.html", context, status=status)


@page("raw.read", methods=("POST",))
def show_raw(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    """Segment by segment, for a reason that is logged."""
    told = find_transaction(request, transaction_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, told, status=422, raw_form=form)
    (row,) = listing.with_words(request.user, [told])
    _log_raw(request, row, form.cleaned_data["reason"])
    return show(request, told, raw=open_raw(request.user, told, row.check), raw_opened=True)


@page("raw.read", methods=("POST",))
def download_raw(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    """The text as a file, for the same reason and log."""
    told = find_transaction(request, transaction_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, told, status=422, raw_form=form)
    (row,) = listing.with_words(request.user, [told])
    _log_raw(request, row, form.cleaned_data["reason"])
    raw = open_raw(request.user, told, row.check)
    if raw is None:
        messages.error(request, "No text of it is kept.")
        return redirect("transaction", told.pk)
    return _attachment(raw.text.encode(), f"{told.transaction_set}-{told.pk.hex[:12]}.x12")


@page("raw.read", methods=("POST",))
def copy_redacted(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    """The text without who it is about, for a support ticket: for the same reason and log."""
    told = find_transaction(request, transaction_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, told, status=422, raw_form=form)
    (row,) = listing.with_words(request.user, [told])
    _log_raw(request, row, f"redacted: {form.cleaned_data['reason']}")
    raw = open_raw(request.user, told, row.check)
    return show(request, told, redacted=redacted(raw.text) if raw else None, raw_opened=raw is None)


@page("raw.read", methods=("POST",))
def read_today(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    """What would be read otherwise of an answer that was used, by the reader as it is now."""
    told = find_transaction(request, transaction_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, told, status=422, reading_form=form)
    (row,) = listing.with_words(request.user, [told])
    _log_raw(request, row, f"read again: {form.cleaned_data['reason']}")
    is_used = told.disposition == Transaction.Disposition.APPLIED and row.check is not None
    changes = differences(request.user, told, row.check) if is_used and row.check else None
    return show(request, told, changes=changes, was_read=True)


def _log_raw(request: PageRequest, row: listing.Row, reason: str) -> None:
    """Also where nobody is known to be in it: whoever opens raw data is on record."""
    patient = [row.check.patient_id] if row.check else [row.transaction.pk]
    request.shown_patients(patient, reason=f"raw: {reason}")


def _attachment(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/edi-x12")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# --- what waits for a person ---------------------------------------------------------------------


@page("partner.read")
def orphans(request: PageRequest) -> HttpResponse:
    """Questions nobody answered in time, by partner and file."""
    context = {
        **frame(request, "orphans"),
        "orphans": listing.orphans(request.user),
        "waiting": Transaction.objects.visible_to(request.user).unanswered().count(),
    }
    return TemplateResponse(request, "eligibility/transactions/orphans.html", context)


@page("partner.read")
def for_people(request: PageRequest) -> HttpResponse:
    """Answers that fit nothing, answers about strangers, files nobody could read."""
    context = {**frame(request, "review"), "review": review(request.user)}
    return TemplateResponse(request, "eligibility/transactions/review.html", context)


# --- files ---------------------------------------------------------------------------------------


@page("eligibility.read")
def interchange(request: PageRequest, interchange_id: UUID) -> HttpResponse:
    """One file of ours or theirs: what was in it, what became of it, what the wire did."""
    mine = (
        Interchange.objects.visible_to(request.user).select_related("partner").defer("partner__credentials")
    )
    found = get_object_or_404(mine, pk=interchange_id)
    rows = Transaction.objects.visible_to(request.user).filter(interchange=found.pk)
    context = {
        **frame(request, "all"),
        "file": found,
        "counts": listing.counts_in(rows),
        "wire": listing.wire_of(request.user, found),
        "answers": listing.deliveries_answering(request.user, found),
        "replayable": listing.replayable_of(None, found.pk).count(),
        "is_held": pausing.waits_for_a_person(found),
        "form": forms.ReasonForm(),
    }
    return TemplateResponse(request, "eligibility/transactions/interchange.html", context)


@page("eligibility.read")
def delivery(request: PageRequest, delivery_id: UUID) -> HttpResponse:
    """One arrival: what was in it, what is wrong with it, and what a person may do."""
    found = find_delivery(request, delivery_id)
    rows = list(
        Transaction.objects.visible_to(request.user).filter(delivery=found.pk).order_by("position")[:MANY]
    )
    context = {
        **frame(request, "review"),
        "delivery": found,
        "findings": deciding.findings_in_words(found),
        "decisions": deciding.decisions_in_words(found),
        "rows": listing.with_words(request.user, rows),
        "interchanges": Interchange.objects.visible_to(request.user).filter(delivery_id=found.pk),
        "form": forms.ReasonForm(),
    }
    return TemplateResponse(request, "eligibility/transactions/delivery.html", context)


def find_delivery(request: PageRequest, delivery_id: UUID) -> InboundDelivery:
    mine = InboundDelivery.objects.visible_to(request.user).select_related("payload", "partner")
    return get_object_or_404(mine.defer("partner__credentials"), pk=delivery_id)


@page("raw.read", methods=("POST",))
def download_delivery(request: PageRequest, delivery_id: UUID) -> HttpResponse:
    found = find_delivery(request, delivery_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid() or found.payload is None:
        messages.error(request, "Say why, and the file is yours: it is kept with what you do.")
        return redirect("delivery", found.pk)
    request.shown_patients([found.pk], reason=f"raw file: {form.cleaned_data['reason']}")
    return _attachment(payloads.content_of(found.payload), f"delivery-{found.pk.hex[:12]}.x12")
