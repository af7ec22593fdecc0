"""Connections for programs: set up, changed, paused, tried out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from practice.api import OrganizationView
from practice.api_inputs import checked
from practice.api_schema import IDEMPOTENCY_KEY, RATE_HEADERS, answers
from practice.idempotency import once
from tradingpartners import api_shapes as shapes
from tradingpartners import tasks
from tradingpartners.api_rows import BY_NAME, MADE, chosen
from tradingpartners.bells import ring
from tradingpartners.models import TradingPartner
from tradingpartners.services import pausing, trying
from tradingpartners.setup.fields import secret_keys
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.registry import transport_of


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
        asked = dict(checked(shapes.NewPartner, request.data))
        if TradingPartner.objects.filter(name=asked["name"]).exists():
            raise ValidationError({"name": [ErrorDetail("There is one of this name.", "unique")]})
        given = {"settings": asked.pop("settings", {}), "credentials": asked.pop("credentials", {})}
        made = TradingPartner(**_columns(asked), settings=given["settings"], credentials=given["credentials"])
        _check(made)
        made.save()
        location = request.build_absolute_uri(reverse("api-partner", args=[made.pk]))
        return Response(shapes.Partner(made).data, status=201, headers={"Location": location})


def _columns(asked: dict[str, Any]) -> dict[str, Any]:
    seconds = asked.pop("response_sla_seconds", None)
    return asked if seconds is None else {**asked, "response_sla": timedelta(seconds=seconds)}


def _check(partner: TradingPartner) -> None:
    """Whether it could be reached as it is filled, by the transport's own rule; settings hold no secret."""
    for key in sorted(secret_keys(partner.transport) & partner.settings.keys()):
        shown = ErrorDetail("This belongs into the credentials: settings are shown.", "secret")
        raise ValidationError({f"settings.{key}": [shown]})
    connection = Connection(partner.pk, partner.settings, partner.credentials or {})
    try:
        transport_of(partner.transport).check(connection)
    except NotSent as error:
        field = error.code.partition(":")[2] or "settings"
        wrong = ErrorDetail("This is missing, or cannot be used.", error.code.partition(":")[0])
        raise ValidationError({f"settings.{field}": [wrong]}) from None


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
        summary="Change a connection's limits, settings or credentials",
        parameters=RATE_HEADERS,
        request=shapes.Limits,
        responses=answers(400, 404, ok=shapes.Partner),
    )
    def patch(self, request: Request, partner_id: UUID) -> Response:
        partner = self._find(partner_id)
        asked = dict(checked(shapes.Limits, request.data))
        credentials = asked.pop("credentials", None)
        columns = _columns(asked)
        if "settings" in columns and trying.leads_elsewhere(partner.settings, columns["settings"]):
            missing = sorted(set(partner.credentials or {}) - set(credentials or {}))
            if missing:
                anew = [ErrorDetail("The address has changed: send this again.", "address_changed")]
                raise ValidationError({f"credentials.{name}": anew for name in missing})
        for name, value in columns.items():
            setattr(partner, name, value)
        if credentials:
            partner.credentials = {**(partner.credentials or {}), **credentials}
            columns["credentials"] = partner.credentials
        if {"settings", "credentials"} & columns.keys():
            _check(partner)
            columns |= {"test_result": [], "tested_at": None}
            partner.test_result, partner.tested_at = [], None
        try:
            with transaction.atomic():
                partner.save(update_fields=list(columns))
        except IntegrityError:
            raise ValidationError({"name": [ErrorDetail("There is one of this name.", "unique")]}) from None
        return Response(shapes.Partner(partner).data)

    def _find(self, partner_id: UUID) -> TradingPartner:
        return get_object_or_404(TradingPartner.objects.visible_to(self.user), pk=partner_id)


class _PartnerDeed(OrganizationView):
    rights = {"POST": "partner.update"}

    def find(self, partner_id: UUID) -> TradingPartner:
        return get_object_or_404(TradingPartner.objects.visible_to(self.user), pk=partner_id)

    def shown(self, partner: TradingPartner) -> Response:
        partner.refresh_from_db()
        return Response(shapes.Partner(partner).data)


class PausePartner(_PartnerDeed):
    @extend_schema(
        operation_id="trading_partners_pause",
        summary="Send nothing through a connection",
        parameters=RATE_HEADERS,
        request=shapes.Reason,
        responses=answers(400, 404, ok=shapes.Partner),
    )
    def post(self, request: Request, partner_id: UUID) -> Response:
        asked, partner = checked(shapes.Reason, request.data), self.find(partner_id)
        pausing.pause_partner(partner, reason=asked["reason"])
        return self.shown(partner)


class ResumePartner(_PartnerDeed):
    @extend_schema(
        operation_id="trading_partners_resume",
        summary="Send through a connection again",
        parameters=RATE_HEADERS,
        request=shapes.Reason,
        responses=answers(400, 404, ok=shapes.Partner),
    )
    def post(self, request: Request, partner_id: UUID) -> Response:
        asked, partner = checked(shapes.Reason, request.data), self.find(partner_id)
        pausing.resume_partner(partner, reason=asked["reason"])
        transaction.on_commit(tasks.ring_units, robust=True)
        return self.shown(partner)


class TryPartner(_PartnerDeed):
    @extend_schema(
        operation_id="trading_partners_test",
        summary="Try a connection out; the result shows on its page",
        parameters=RATE_HEADERS,
        request=None,
        responses=answers(404, ok=shapes.Partner),
    )
    def post(self, request: Request, partner_id: UUID) -> Response:
        partner = self.find(partner_id)
        trying.begin(partner)
        ring(tasks.try_out_task, partner.organization_id, partner.pk)
        return self.shown(partner)
