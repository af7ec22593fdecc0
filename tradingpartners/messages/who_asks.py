"""Who asks (005010X279A1 2100B): which of a practice's identities a payer is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from practice.models import Facility
from tradingpartners.models import ProviderIdentity


class WhoAsks(NamedTuple):
    """2100B: who the payer is told is asking."""

    name: str
    npi: str


# (facility or None for all, payer or None for all)
Identities = Mapping[tuple[UUID | None, UUID | None], WhoAsks]


def identities_of(*, facilities: Iterable[UUID], payers: Iterable[UUID]) -> Identities:
    """All that may be told of these facilities to these payers; one query."""
    rows = ProviderIdentity.objects.filter(
        Q(facility=None) | Q(facility__in=set(facilities)), Q(payer=None) | Q(payer__in=set(payers))
    )
    return {(row.facility_id, row.payer_id): WhoAsks(row.name, row.npi) for row in rows}


def who_asks(facility: Facility, payer_id: UUID, identities: Identities) -> WhoAsks:
    """As this payer knows the facility, or the practice; as the facility is known; as the practice is."""
    for key in ((facility.pk, payer_id), (None, payer_id), (facility.pk, None), (None, None)):
        if key in identities:
            return identities[key]
    return WhoAsks(facility.name, facility.npi)
