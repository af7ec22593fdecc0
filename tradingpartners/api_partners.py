"""Connections for programs: set up, changed, paused, tried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from practice.alerts import who_may_own
from practice.api import OrganizationView
from practice.api_inputs import checked
from practice.api_schema import IDEMPOTENCY_KEY, RATE_HEADERS, answers
from practice.idempotency import once
from tradingpartners import api_partner_shapes as shapes
from tradingpartners import api_shapes as common
from tradingpartners import tasks
from tradingpartners.api_rows import BY_NAME, MADE, chosen, refuse, save
from tradingpartners.bells import ring
from tradingpartners.models import CREDENTIAL_COLUMNS, TradingPartner
from tradingpartners.services import pausing, refusing, trying
from tradingpartners.setup.fields import known_credentials
from tradingpartners.setup.rules import NAME_TAKEN, REACHED_BY, Fault, clean_settings, partner_faults


class Partners(OrganizationView):
    rights = {"GET": "partner.read", "POST": "partner.update"}

    @extend_schema(
        operation_id="trading_partners_list",
        summary="Connections, by name",
        parameters=[shapes.PartnerQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.PartnerPage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.PartnerQuery, request.query_params)
        rows = TradingPartner.objects.visible_to(self.user).filter(**chosen(asked, code="code"))
        page = BY_NAME.page(rows.defer("credentials"), cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.Partner(page.rows, many=True).data))

    @extend_schema(
        operation_id="trading_partners_create",
        summary="Set up a connection",
        parameters=[IDEMPOTENCY_KEY, *MADE, *RATE_HEADERS],
        request=shapes.NewPartner,
        responses=answers(400, 409, 422, created=shapes.Partner),
    )
    @once
    def post(self, request: Request) -> Response:
        asked = {"settings": {}, "credentials": {}, **checked(shapes.NewPartner, request.data)}
        made = TradingPartner()
        columns = _fill(made, asked)
        if not (made.is_active or made.settings or made.credentials):
            columns -= REACHED_BY
        refuse(partner_faults(made, columns))
        save(made, NAME_TAKEN)
        location = request.build_absolute_uri(reverse("api-partner", args=[made.pk]))
        return Response(shapes.Partner(made).data, status=201, headers={"Location": location})


def _fill(partner: TradingPartner, asked: Mapping[str, Any]) -> set[str]:
    """Give a connection what was asked for; the columns that differ now. Credentials add to those
    stored; null takes one away."""
    columns = shapes.columns_of(asked)
    if "owner" in columns:
        owner = columns.pop("owner")
        columns["owner_id"] = owner
        if owner is not None and not who_may_own().filter(pk=owner).exists():
            refuse([Fault("owner", "unknown", "Nobody of this id works here.")])
    if "settings" in columns:
        transport = columns.get("transport", partner.transport)
        columns["settings"] = clean_settings(transport, columns["settings"])
    if "credentials" in columns:
        wanted = {**(partner.credentials or {}), **columns.pop("credentials")}
        kept = {name: value for name, value in wanted.items() if value is not None}
        partner.take_credentials(kept, now=timezone.now())
    for name, value in columns.items():
        setattr(partner, name, value)
    return {*columns, *(CREDENTIAL_COLUMNS if "credentials" in asked else ())}


class Partner(OrganizationView):
    rights = {"GET": "partner.read", "PATCH": "partner.update"}
    http_method_names = ["get", "head", "patch"]

    @extend_schema(
        operation_id="trading_partners_read",
        summary="One connection",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.Partner),
    )
    def get(self, request: Request, partner_id: UUID) -> Response:
        return Response(shapes.Partner(self._find(partner_id)).data)

    @extend_schema(
        operation_id="trading_partners_change",
        summary="Change a connection",
        parameters=RATE_HEADERS,
        request=shapes.PartnerChange,
        responses=answers(400, 404, ok=shapes.Partner),
    )
    def patch(self, request: Request, partner_id: UUID) -> Response:
        partner = self._find(partner_id, locked=True)
        partner.credentials = known_credentials(partner.transport, partner.credentials)
        asked = checked(shapes.PartnerChange, request.data)
        before = copy(partner)
        columns = _fill(partner, asked)
        same = {name for name in columns - REACHED_BY if getattr(partner, name) == getattr(before, name)}
        refuse(partner_faults(partner, columns - same))
        _want_secrets_anew(before, asked)
        if REACHED_BY & columns:
            partner.test_result, partner.tested_at = [], None
            columns |= {"test_result", "tested_at"}
        save(partner, NAME_TAKEN, columns)
        if REACHED_BY & columns:
            refusing.end(partner.pk)
        return Response(shapes.Partner(partner).data)

    def _find(self, partner_id: UUID, *, locked: bool = False) -> TradingPartner:
        """Locked, nobody else changes what a change is added to."""
        rows = TradingPartner.objects.visible_to(self.user)
        if locked:
            rows = rows.select_for_update(of=("self",), no_key=True)
        return get_object_or_404(rows, pk=partner_id)


def _want_secrets_anew(before: TradingPartner, asked: Mapping[str, Any]) -> None:
    """What is stored goes to no other computer than the one it was entered for."""
    if "settings" in asked and trying.leads_elsewhere(before.settings, asked["settings"]):
        missing = sorted(set(before.credentials or {}) - set(asked.get("credentials", {})))
        words = "The address has changed: send this again."
        refuse(Fault(f"credentials.{name}", "address_changed", words) for name in missing)


class _PartnerDeed(OrganizationView):
    rights = {"POST": "partner.update"}

    def find(self, partner_id: UUID) -> TradingPartner:
        return get_object_or_404(TradingPartner.objects.visible_to(self.user), pk=partner_id)

    def shown(self, partner: TradingPartner) -> Response:
        partner.refresh_from_db()
        return Response(shapes.Partner(partner).data)


def _for_a_reason(name: str, summary: str, deed: Callable[..., object]) -> type[_PartnerDeed]:
    """An endpoint that does this to a connection and keeps why."""

    class Deed(_PartnerDeed):
        @extend_schema(
            operation_id=f"trading_partners_{name}",
            summary=summary,
            parameters=RATE_HEADERS,
            request=common.Reason,
            responses=answers(400, 404, ok=shapes.Partner),
        )
        def post(self, request: Request, partner_id: UUID) -> Response:
            asked, partner = checked(common.Reason, request.data), self.find(partner_id)
            deed(partner, reason=asked["reason"])
            transaction.on_commit(tasks.ring_units, robust=True)
            return self.shown(partner)

    return Deed


PausePartner = _for_a_reason("pause", "Send nothing through a connection", pausing.pause_partner)
ResumePartner = _for_a_reason("resume", "Send through a connection again", pausing.resume_partner)
PausePoller = _for_a_reason("pause_poller", "Fetch no answers from a connection", pausing.pause_poller)
ResumePoller = _for_a_reason("resume_poller", "Fetch answers from a connection again", pausing.resume_poller)


class TryPartner(_PartnerDeed):
    @extend_schema(
        operation_id="trading_partners_test",
        summary="Try a connection out; test_result has the steps once tested_at is set",
        parameters=RATE_HEADERS,
        request=None,
        responses=answers(404, ok=shapes.Partner),
    )
    def post(self, request: Request, partner_id: UUID) -> Response:
        partner = self.find(partner_id)
        trying.begin(partner)
        ring(tasks.try_out_task, partner.organization_id, partner.pk)
        return self.shown(partner)
