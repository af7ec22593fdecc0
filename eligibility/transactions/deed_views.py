"""What a person may do about transactions, files and deliveries: each deed with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.contrib import messages
from django.db import transaction as database
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from eligibility.transactions import deciding, forms, listing
from eligibility.transactions.views import find_delivery, find_transaction, frame, show
from practice.pages import PageRequest, back_to, page
from tradingpartners.models import Interchange, Transaction
from tradingpartners.route_words import why_not
from tradingpartners.services import inbound, pausing, replay
from tradingpartners.services.inbound import InboundError, Refusal
from tradingpartners.tasks import ring_units

# --- asked once more --------------------------------------------------------------------------


@page("eligibility.trigger", methods=("POST",))
def replay_one(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    """The same question under a new trace number."""
    told = find_transaction(request, transaction_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, told, status=422, replay_form=form)
    done = replay.replay([told.pk], reason=form.cleaned_data["reason"])
    database.on_commit(ring_units, robust=True)
    if not done.attempts:
        messages.error(request, _refused_words(done.refused))
        return redirect("transaction", told.pk)
    messages.success(request, _again_words(1))
    return redirect("transaction", Transaction.objects.filter(replays=told.pk).latest("pk").pk)


@page("eligibility.update", methods=("GET", "POST"))
def replay_many(request: PageRequest) -> HttpResponse:
    """All failed of a sweep, or all a file lost: first how many and whose, then asked once more."""
    correlation_id, interchange_id = _asked_for(request)
    rows = listing.replayable_of(correlation_id, interchange_id)
    form = forms.ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = list(rows.values_list("pk", flat=True))
        done = replay.replay(asked, reason=form.cleaned_data["reason"])
        database.on_commit(ring_units, robust=True)
        messages.success(request, _again_words(done.attempts))
        if any(done.refused.values()):
            messages.warning(request, _refused_words(done.refused))
        if done.attempts == 1:
            return redirect("transaction", Transaction.objects.filter(replays__in=asked).latest("pk").pk)
        named = {"correlation_id": correlation_id, "interchange": interchange_id}
        query = urlencode({name: str(value) for name, value in named.items() if value})
        return redirect(f"{reverse('transactions')}?{query}")
    context = {
        **frame(request, "all"),
        "form": form,
        "count": rows.count(),
        "by_payer": listing.count_by_payer(rows),
        "correlation_id": correlation_id,
        "interchange_id": interchange_id,
    }
    status = 422 if request.method == "POST" else 200
    return TemplateResponse(request, "eligibility/transactions/replay.html", context, status=status)


def _again_words(attempts: int) -> str:
    if attempts == 1:
        return "It is asked again, under a new trace number."
    return f"{attempts:,} asked again, each under a new trace number."


def _refused_words(refused: Mapping[str, int]) -> str:
    """Why some were not asked again, with their number."""
    words = [f"{count:,}: {why_not(code)}" for code, count in refused.items() if count]
    return " ".join(words) or "It is being asked already, or it was answered meanwhile."


def _asked_for(request: PageRequest) -> tuple[UUID | None, UUID | None]:
    given = request.POST if request.method == "POST" else request.GET
    chosen = forms.TransactionFilter(given).chosen()
    return chosen["correlation_id"], chosen["interchange"]


# --- what only a person can decide ---------------------------------------------------------------


Deed = Callable[[str], object]


def _decide(request: PageRequest, deed: Deed, done: str, back: str) -> HttpResponse:
    """A decision with its reason; a refusal of the service in its own sentence."""
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["reason"][0]))
        return redirect(back_to(request, back))
    try:
        deed(form.cleaned_data["reason"])
    except InboundError as error:
        messages.error(request, deciding.REFUSALS[error.refusal])
    else:
        messages.success(request, done)
    return redirect(back_to(request, back))


@page("raw.read", methods=("POST",))
def match(request: PageRequest, transaction_id: UUID, attempt_id: UUID) -> HttpResponse:
    told, attempt = find_transaction(request, transaction_id), find_transaction(request, attempt_id)
    return _decide(
        request,
        lambda reason: inbound.match_by_hand(told.pk, attempt.pk, reason=reason),
        "The answer was used for this question.",
        reverse("transaction", args=[told.pk]),
    )


@page("raw.read", methods=("POST",))
def dismiss(request: PageRequest, transaction_id: UUID) -> HttpResponse:
    told = find_transaction(request, transaction_id)
    return _decide(
        request,
        lambda reason: inbound.dismiss(told.pk, reason=reason),
        "Put aside: it stays on file and is not used.",
        reverse("transactions-for-people"),
    )


@page("partner.update", methods=("POST",))
def reread(request: PageRequest, delivery_id: UUID) -> HttpResponse:
    """With the reader as it is now."""
    found = find_delivery(request, delivery_id)
    return _decide(
        request,
        lambda reason: inbound.reread(found.pk, reason=reason),
        "It is read again; what was used before stays.",
        reverse("delivery", args=[found.pk]),
    )


@page("partner.update", methods=("POST",))
def release(request: PageRequest, delivery_id: UUID) -> HttpResponse:
    found = find_delivery(request, delivery_id)
    return _decide(
        request,
        lambda reason: inbound.release_delivery(found.pk, reason=reason),
        "What is whole in it is used.",
        reverse("delivery", args=[found.pk]),
    )


@page("partner.update", methods=("POST",))
def drop(request: PageRequest, delivery_id: UUID) -> HttpResponse:
    found = find_delivery(request, delivery_id)
    return _decide(
        request,
        lambda reason: inbound.drop_delivery(found.pk, reason=reason),
        "Nothing of it is used; it stays on file.",
        reverse("transactions-for-people"),
    )


@page("partner.update", methods=("POST",))
def accept_file(request: PageRequest, interchange_id: UUID) -> HttpResponse:
    """A number used twice: this one holds, too."""
    found = get_object_or_404(Interchange.objects.visible_to(request.user), pk=interchange_id)
    return _decide(
        request,
        lambda reason: inbound.accept_interchange(found.pk, reason=reason),
        "It is used now.",
        reverse("interchange", args=[found.pk]),
    )


@page("partner.update", methods=("POST",))
def drop_file(request: PageRequest, interchange_id: UUID) -> HttpResponse:
    found = get_object_or_404(Interchange.objects.visible_to(request.user), pk=interchange_id)
    return _decide(
        request,
        lambda reason: inbound.drop_interchange(found.pk, reason=reason),
        "Nothing of it is used; it stays on file.",
        reverse("interchange", args=[found.pk]),
    )


@page("partner.update", methods=("POST",))
def release_file(request: PageRequest, interchange_id: UUID) -> HttpResponse:
    """A file of ours that waits for a person: the same bytes go once more."""
    found = get_object_or_404(Interchange.objects.visible_to(request.user), pk=interchange_id)
    back = reverse("interchange", args=[found.pk])
    if found.dispatch is None or not pausing.waits_for_a_person(found):
        messages.error(request, deciding.REFUSALS[Refusal.NOT_HELD])
        return redirect(back_to(request, back))
    unit = found.dispatch
    database.on_commit(ring_units, robust=True)
    return _decide(
        request, lambda reason: pausing.release(unit, reason=reason), "It is sent once more.", back
    )


@page("partner.update", methods=("POST",))
def settle(request: PageRequest, delivery_id: UUID) -> HttpResponse:
    found = find_delivery(request, delivery_id)
    return _decide(
        request,
        lambda reason: inbound.settle_delivery(found.pk, reason=reason),
        "Put aside: it stays on file.",
        reverse("transactions-for-people"),
    )
