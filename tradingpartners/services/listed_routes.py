"""Routes made from what a clearinghouse's directory lists: identifiers and names are copied, not typed."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, QuerySet

from practice.tenancy import current_organization_id
from tradingpartners.models import Enrolment, Payer, PayerListing, Route, TradingPartner

_LONGEST_NAME = Route._meta.get_field("payer_name").max_length
_SUPPORT = PayerListing.Support


class Added(NamedTuple):
    """How many routes were made, and how many of their payers want an enrolment first."""

    routes: int
    enrolments: int


def unrouted_listings(partner: TradingPartner) -> QuerySet[PayerListing]:
    """What its clearinghouse lists of known payers that are not asked through it here, by name."""
    here = Route.objects.filter(partner=partner, environment=settings.ENVIRONMENT, transaction_set="270")
    return (
        PayerListing.objects.filter(clearinghouse=partner.code, gone_at=None, payer__is_active=True)
        .exclude(eligibility=_SUPPORT.NOT_SUPPORTED)
        .exclude(payer__in=here.values("payer"))
        .select_related("payer")
        .order_by("name", "identifier")
    )


@transaction.atomic
def add_listed_routes(partner: TradingPartner, listing_ids: Collection[UUID]) -> Added:
    """A route of this environment to the payer of each chosen listing, behind those it has already.

    A payer that has one through this partner, or was chosen under two identifiers, gets no second.
    Where the clearinghouse asks for an enrolment and none is noted, it is noted as needed.
    """
    with connection.cursor() as cursor:  # two people at once must not take the same place
        lock = f"routes {current_organization_id()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 271))", [lock])
    chosen: dict[Payer, PayerListing] = {}
    for listing in unrouted_listings(partner).filter(pk__in=listing_ids):
        if listing.payer is not None:
            chosen.setdefault(listing.payer, listing)
    here = Route.objects.filter(
        payer__in=[*chosen], environment=settings.ENVIRONMENT, transaction_set="270"
    ).values_list("payer")
    last = dict(here.annotate(last=Max("preference")).order_by())
    for payer, listing in chosen.items():
        Route.objects.create(
            payer=payer,
            partner=partner,
            preference=last.get(payer.pk, 0) + 1,
            payer_identifier=listing.identifier,
            payer_name=listing.name[:_LONGEST_NAME],
            environment=settings.ENVIRONMENT,
        )
    wanted = {payer for payer, each in chosen.items() if each.eligibility == _SUPPORT.ENROLMENT_REQUIRED}
    return Added(len(chosen), _note_enrolments(partner, wanted))


def _note_enrolments(partner: TradingPartner, wanted: Collection[Payer]) -> int:
    noted = Enrolment.objects.filter(partner=partner, payer__in=wanted, transaction_set="270")
    known = set(noted.values_list("payer", flat=True))
    missing = [payer for payer in wanted if payer.pk not in known]
    for payer in missing:
        Enrolment.objects.create(partner=partner, payer=payer, state=Enrolment.State.NEEDED)
    return len(missing)
