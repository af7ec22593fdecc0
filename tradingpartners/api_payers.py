"""Payers and the routes to them, for programs."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
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
from practice.models import Facility
from tradingpartners import api_shapes as shapes
from tradingpartners import tasks
from tradingpartners.api_rows import BY_NAME, MADE, NEWEST, chosen, refuse, save
from tradingpartners.models import Payer, Route, TradingPartner
from tradingpartners.services import pausing, routing
from tradingpartners.setup.rules import PLACE_TAKEN, route_faults


class Payers(OrganizationView):
    rights = {"GET": "partner.read"}

    @extend_schema(
        operation_id="payers_list",
        summary="Payers, by name",
        parameters=[shapes.PayerQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.PayerPage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.PayerQuery, request.query_params)
        rows = Payer.objects.filter(**chosen(asked, name="name__icontains", payer_id="payer_id"))
        page = BY_NAME.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.Payer(page.rows, many=True).data))


class PayerFindings(OrganizationView):
    rights = {"GET": "partner.read"}

    @extend_schema(
        operation_id="payers_why",
        summary="Why a payer can or cannot be checked, by facility and route",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.FacilityFindings(many=True)),
    )
    def get(self, request: Request, payer_id: UUID) -> Response:
        payer = get_object_or_404(Payer, pk=payer_id)
        facilities = Facility.objects.visible_to(self.user).order_by("name")
        found = [{"facility": each, "routes": routing.explain(payer, each, "270")} for each in facilities]
        return Response(shapes.FacilityFindings(found, many=True).data)


class PausePayer(OrganizationView):
    rights = {"POST": "partner.update"}

    @extend_schema(
        operation_id="payers_pause",
        summary="Do not ask a payer for now",
        parameters=RATE_HEADERS,
        request=shapes.PauseOf,
        responses=answers(400, 404, ok=shapes.Payer),
    )
    def post(self, request: Request, payer_id: UUID) -> Response:
        asked, payer = checked(shapes.PauseOf, request.data), get_object_or_404(Payer, pk=payer_id)
        pausing.pause_payer(payer, reason=asked["reason"], resumes_at=asked["resumes_at"])
        return Response(shapes.Payer(payer).data)


class ResumePayer(OrganizationView):
    rights = {"POST": "partner.update"}

    @extend_schema(
        operation_id="payers_resume",
        summary="Ask a payer again",
        parameters=RATE_HEADERS,
        request=shapes.Reason,
        responses=answers(400, 404, ok=shapes.Payer),
    )
    def post(self, request: Request, payer_id: UUID) -> Response:
        asked, payer = checked(shapes.Reason, request.data), get_object_or_404(Payer, pk=payer_id)
        pausing.resume_payer(payer, reason=asked["reason"])
        transaction.on_commit(tasks.ring_units, robust=True)
        return Response(shapes.Payer(payer).data)


class Routes(OrganizationView):
    rights = {"GET": "partner.read", "POST": "partner.update"}

    @extend_schema(
        operation_id="routes_list",
        summary="Which payer is asked through which connection",
        parameters=[shapes.RouteQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.RoutePage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.RouteQuery, request.query_params)
        rows = Route.objects.visible_to(self.user).filter(**chosen(asked, payer="payer", partner="partner"))
        page = NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.Route(page.rows, many=True).data))

    @extend_schema(
        operation_id="routes_create",
        summary="Ask a payer through a connection",
        parameters=[IDEMPOTENCY_KEY, *MADE, *RATE_HEADERS],
        request=shapes.NewRoute,
        responses=answers(400, 409, 422, created=shapes.Route),
    )
    @once
    def post(self, request: Request) -> Response:
        asked = dict(checked(shapes.NewRoute, request.data))
        asked.setdefault("environment", settings.ENVIRONMENT)
        payer = Payer.objects.filter(is_active=True, pk=asked.pop("payer")).first()
        partner = TradingPartner.objects.visible_to(self.user).filter(pk=asked.pop("partner")).first()
        if payer is None or partner is None:
            wrong = [ErrorDetail("There is no such one.", "unknown")]
            raise ValidationError({"partner" if payer else "payer": wrong})
        made = Route(payer=payer, partner=partner, transaction_set="270", **asked)
        refuse(route_faults(made))
        save(made, PLACE_TAKEN)
        location = request.build_absolute_uri(reverse("api-route", args=[made.pk]))
        return Response(shapes.Route(made).data, status=201, headers={"Location": location})


class RouteView(OrganizationView):
    rights = {"GET": "partner.read", "PATCH": "partner.update", "DELETE": "partner.update"}
    http_method_names = ["get", "head", "patch", "delete"]

    @extend_schema(
        operation_id="routes_read",
        summary="One route",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.Route),
    )
    def get(self, request: Request, route_id: UUID) -> Response:
        return Response(shapes.Route(self._find(route_id)).data)

    @extend_schema(
        operation_id="routes_change",
        summary="Name a payer otherwise at a connection, or try it sooner or later",
        parameters=RATE_HEADERS,
        request=shapes.RouteChange,
        responses=answers(400, 404, ok=shapes.Route),
    )
    def patch(self, request: Request, route_id: UUID) -> Response:
        asked, route = checked(shapes.RouteChange, request.data), self._find(route_id)
        for name, value in asked.items():
            setattr(route, name, value)
        refuse(route_faults(route))
        save(route, PLACE_TAKEN, sorted(asked))
        return Response(shapes.Route(route).data)

    @extend_schema(
        operation_id="routes_delete",
        summary="Ask a payer no longer through a connection",
        parameters=RATE_HEADERS,
        responses={**answers(404), 204: None},
    )
    def delete(self, request: Request, route_id: UUID) -> Response:
        route = self._find(route_id)
        route.is_deleted = True
        route.save(update_fields=["is_deleted"])
        return Response(status=204)

    def _find(self, route_id: UUID) -> Route:
        return get_object_or_404(Route.objects.visible_to(self.user), pk=route_id)
