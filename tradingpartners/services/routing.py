"""Through whom a payer is asked: a walk down the list of its routes, and why one is passed over.

Codes, no words: "Why can't I check this payer?" puts them into words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from practice.models import Facility
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import writable
from tradingpartners.messages.who_asks import identities_of, who_asks
from tradingpartners.models import BreakerChange, Enrolment, Payer, Route
from tradingpartners.retries import NO_ROUTE, PARTNER_INACTIVE, WORKER_LOST
from tradingpartners.services import telling
from tradingpartners.services.clock import database_now
from tradingpartners.services.holding import Hold, HoldCode, hold_of, holds, refused_units
from tradingpartners.services.wire import connection_of
from tradingpartners.transports import NotSent
from tradingpartners.transports.registry import transport_of


class WhyNot(StrEnum):
    """Why a route cannot be taken. A wrongly filled partner is `settings:…`, as its transport says."""

    PAYER_INACTIVE = "payer_inactive"
    NOT_ELECTRONIC = "payer_answers_nothing"
    OTHER_ENVIRONMENT = "other_environment"
    OTHER_LANE = "other_lane"
    PARTNER_INACTIVE = "partner_inactive"
    NOT_ENROLLED = "not_enrolled"
    NOT_SERVED = "transport_not_served"
    NO_ROUTE = "no_route"


class RouteFinding(NamedTuple):
    """One route in the order of the walk. `waits_for`: it can be taken, and holds for now."""

    route: Route
    reasons: tuple[str, ...] = ()
    waits_for: str = ""

    @property
    def is_open(self) -> bool:
        return not self.reasons


class Asked(NamedTuple):
    payer_id: UUID
    # None: nobody knows; an enrolment that is one facility's says nothing then.
    facility_id: UUID | None


class Walk(NamedTuple):
    """The routes of one payer for one facility, in order of preference."""

    findings: tuple[RouteFinding, ...]

    @property
    def open(self) -> list[Route]:
        return [each.route for each in self.findings if each.is_open]

    def first(self) -> Route | None:
        """The first that can be taken; one whose partner is paused, or refuses us, only where there is
        no other."""
        return next((each for each in self.open if not hold_of(each.partner)), None) or next(
            iter(self.open), None
        )

    def through(self, partner_id: UUID) -> Route | None:
        return next((each for each in self.open if each.partner_id == partner_id), None)

    def beyond(self, partner_id: UUID) -> Route | None:
        """The next one after this partner's; None at the end of the list."""
        places = [place for place, each in enumerate(self.findings) if each.route.partner_id == partner_id]
        rest = Walk(self.findings[max(places, default=-1) + 1 :])
        other = [each for each in rest.findings if each.route.partner_id != partner_id]
        return Walk(tuple(other)).first()

    @property
    def why_not(self) -> str:
        """Why nothing can be asked: that somebody has to be enrolled first, if that is all."""
        if self.open:
            return ""
        if any(each.reasons == (WhyNot.NOT_ENROLLED,) for each in self.findings):
            return WhyNot.NOT_ENROLLED
        return WhyNot.NO_ROUTE


# `waits_for` of a payer that does not answer, until its circuit breaker tries it again.
BREAKER = "breaker"


# --- the walk --------------------------------------------------------------------------------


def walks(asked: Iterable[Asked], transaction_set: str, lane: str = "") -> dict[Asked, Walk]:
    """For each payer and facility its routes; two queries."""
    wanted = set(asked)
    payer_ids = {each.payer_id for each in wanted}
    by_payer = _routes(payer_ids, transaction_set)
    enrolments = _enrolments(payer_ids, transaction_set)
    return {
        each: Walk(
            tuple(
                RouteFinding(route, _why_not(route, each.facility_id, enrolments, lane))
                for route in by_payer.get(each.payer_id, ())
            )
        )
        for each in wanted
    }


def _routes(payer_ids: Collection[UUID], transaction_set: str) -> Mapping[UUID, Sequence[Route]]:
    routes = (
        Route.objects.filter(payer_id__in=payer_ids, transaction_set=transaction_set)
        .select_related("partner", "payer")
        .order_by("preference", "pk")
    )
    found: dict[UUID, list[Route]] = defaultdict(list)
    for route in routes:
        found[route.payer_id].append(route)
    return found


# (payer, partner, facility or None for all of them)
_Enrolments = Mapping[tuple[UUID, UUID, UUID | None], Enrolment]


def _enrolments(payer_ids: Collection[UUID], transaction_set: str) -> _Enrolments:
    rows = Enrolment.objects.filter(payer_id__in=payer_ids, transaction_set=transaction_set)
    return {(row.payer_id, row.partner_id, row.facility_id): row for row in rows}


def _why_not(route: Route, facility_id: UUID | None, enrolments: _Enrolments, lane: str) -> tuple[str, ...]:
    enrolment = enrolments.get((route.payer_id, route.partner_id, facility_id)) or enrolments.get(
        (route.payer_id, route.partner_id, None)
    )
    checks = {
        WhyNot.PAYER_INACTIVE: not route.payer.is_active,
        WhyNot.NOT_ELECTRONIC: route.transaction_set == "270" and not route.payer.answers_270,
        WhyNot.OTHER_ENVIRONMENT: route.environment != settings.ENVIRONMENT,
        WhyNot.OTHER_LANE: bool(lane and route.lane and route.lane != lane),
        WhyNot.PARTNER_INACTIVE: not route.partner.is_active or route.partner.is_deleted,
        WhyNot.NOT_ENROLLED: enrolment is not None and not enrolment.allows_asking,
    }
    return tuple(code for code, is_so in checks.items() if is_so)


# --- the next one ----------------------------------------------------------------------------

_REFUSALS = frozenset(
    {
        *telling.REFUSES_OUR_KEY,
        *("host_key_changed", NO_ROUTE, PARTNER_INACTIVE, HoldCode.PARTNER_PAUSED),
    }
)


# What the transports call it when nothing came through.
_UNREACHABLE = frozenset(
    {
        "bad_address",
        "connect_timeout",
        "connection_lost",
        "connection_refused",
        "not_resolved",
        "timeout",
        "tls",
    }
)


def is_refusal(code: str) -> bool:
    """The partner takes nothing from us as things are, or no route leads there any more: to try it
    again is of no use."""
    return code in _REFUSALS or code.startswith("settings:")


def next_route(walk: Walk, partner_id: UUID, *, kind: OutcomeKind, code: str, is_busy: bool) -> Route | None:
    """The route of the attempt after one that ended so through this partner.

    A partner that refuses us, cannot be reached or does not answer is passed over; at the end of the
    list the walk begins again, unless it was a refusal. Where the partner is busy or has refused the
    file, and where the payer says to ask later, the question is put again where it was.
    """
    if is_refusal(code):
        return walk.beyond(partner_id)
    is_silent = kind == OutcomeKind.UNKNOWN and code != WORKER_LOST or code in _UNREACHABLE
    other = walk.beyond(partner_id) if is_silent and not is_busy else walk.through(partner_id)
    return other or walk.first()


# --- why not ---------------------------------------------------------------------------------


def explain(payer: Payer, facility: Facility | None, transaction_set: str = "270") -> list[RouteFinding]:
    """Every route of the payer in order, each with why it cannot be taken or holds; none: no route."""
    walk = walks([Asked(payer.pk, facility.pk if facility else None)], transaction_set)
    held = holds([payer], now=database_now()).get(payer.pk)
    breaker = BREAKER if _is_cut_off(payer) else ""
    nameless = _unwritable_name(payer, facility) if facility else ()
    found = []
    for each in next(iter(walk.values())).findings:
        hold = hold_of(each.route.partner) or held or _refused_there(each.route)
        unwritable = (f"unwritable:{column}" for column in writable.unwritable_of(each.route))
        reasons = (*each.reasons, *_wrong_settings(each.route), *unwritable, *nameless)
        found.append(RouteFinding(each.route, reasons, hold.code if hold else breaker))
    return found


def _unwritable_name(payer: Payer, facility: Facility) -> tuple[str, ...]:
    identities = identities_of(facilities=[facility.pk], payers=[payer.pk])
    name = who_asks(facility, payer.pk, identities).name
    return () if writable.is_provider_name(name) else ("unwritable:provider_name",)


def _refused_there(route: Route) -> Hold | None:
    """By this payer alone, as its units say that wait."""
    is_refused = refused_units(route.partner_id, route.payer_id).exists()
    return Hold(HoldCode.PARTNER_REFUSES) if is_refused else None


def _is_cut_off(payer: Payer) -> bool:
    """Whether its circuit breaker is open, as far as that is a row already."""
    moves = BreakerChange.objects.filter(payer=payer).order_by("-at")
    return moves.values_list("state", flat=True).first() == "open"


def _wrong_settings(route: Route) -> tuple[str, ...]:
    try:
        transport_of(route.partner.transport).check(connection_of(route.partner))
    except KeyError:
        return (WhyNot.NOT_SERVED,)
    except NotSent as error:
        return (error.code,)
    return ()
