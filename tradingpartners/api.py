"""The gateway for programs: connections, payers, routes, files, transactions, and asking again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from practice.api import OrganizationView
from practice.api_inputs import checked
from practice.api_pages import CursorPages
from practice.api_schema import IDEMPOTENCY_KEY, RATE_HEADERS, answer_header, answers
from practice.idempotency import REPLAYED, once
from practice.models import Facility
from tradingpartners import api_shapes as shapes
from tradingpartners import tasks
from tradingpartners.bells import ring
from tradingpartners.models import Interchange, Payer, Route, TradingPartner, Transaction
from tradingpartners.services import pausing, replay, routing, trying
from tradingpartners.setup.fields import secret_keys
from tradingpartners.transports import Connection, NotSent
from tradingpartners.transports.registry import transport_of

_BY_NAME = CursorPages("name", "id")
_NEWEST = CursorPages("-id")
_MADE = [
    answer_header("Location", "The new one.", 201),
    answer_header(REPLAYED, "`true` where this is the answer to an earlier request.", 201),
]


class NotNow(APIException):
    status_code = 409
    default_code = "not_now"
    default_detail = "It is being asked already, or it was answered meanwhile."


def _chosen(asked: Mapping[str, Any], **columns: str) -> dict[str, Any]:
    return {column: asked[name] for name, column in columns.items() if name in asked}


# --- connections ------------------------------------------------------------------------------


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
        rows = TradingPartner.objects.visible_to(self.user).filter(**_chosen(asked, code="code"))
        page = _BY_NAME.page(rows.defer("credentials"), cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.Partner(page.rows, many=True).data))

    @extend_schema(
        operation_id="trading_partners_create",
        summary="Set up a connection",
        parameters=[IDEMPOTENCY_KEY, *_MADE, *RATE_HEADERS],
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


# --- payers and routes --------------------------------------------------------------------------


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
        rows = Payer.objects.filter(**_chosen(asked, name="name__icontains", payer_id="payer_id"))
        page = _BY_NAME.page(rows, cursor=asked["cursor"], limit=asked["limit"])
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
        rows = Route.objects.visible_to(self.user).filter(**_chosen(asked, payer="payer", partner="partner"))
        page = _NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.Route(page.rows, many=True).data))

    @extend_schema(
        operation_id="routes_create",
        summary="Ask a payer through a connection",
        parameters=[IDEMPOTENCY_KEY, *_MADE, *RATE_HEADERS],
        request=shapes.NewRoute,
        responses=answers(400, 409, 422, created=shapes.Route),
    )
    @once
    def post(self, request: Request) -> Response:
        asked = dict(checked(shapes.NewRoute, request.data))
        asked.setdefault("environment", settings.ENVIRONMENT)
        payer = Payer.objects.filter(pk=asked.pop("payer")).first()
        partner = TradingPartner.objects.visible_to(self.user).filter(pk=asked.pop("partner")).first()
        if payer is None or partner is None:
            wrong = [ErrorDetail("There is no such one.", "unknown")]
            raise ValidationError({"partner" if payer else "payer": wrong})
        try:
            with transaction.atomic():
                made = Route.objects.create(payer=payer, partner=partner, transaction_set="270", **asked)
        except IntegrityError:
            taken = ErrorDetail("Another route to this payer has this place.", "taken")
            raise ValidationError({"preference": [taken]}) from None
        location = request.build_absolute_uri(reverse("api-route", args=[made.pk]))
        return Response(shapes.Route(made).data, status=201, headers={"Location": location})


class RouteView(OrganizationView):
    rights = {"GET": "partner.read", "DELETE": "partner.update"}
    http_method_names = ["get", "head", "delete"]

    @extend_schema(
        operation_id="routes_read",
        summary="One route",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.Route),
    )
    def get(self, request: Request, route_id: UUID) -> Response:
        return Response(shapes.Route(self._find(route_id)).data)

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


# --- what went over the wire ------------------------------------------------------------------------


class Interchanges(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="interchanges_list",
        summary="Files and envelopes, newest first",
        parameters=[shapes.InterchangeQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.InterchangePage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.InterchangeQuery, request.query_params)
        columns = {name: name for name in ("direction", "state", "control_number", "file_name")}
        rows = Interchange.objects.visible_to(self.user).filter(
            **_chosen(asked, partner="partner_id", **columns)
        )
        page = _NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.InterchangeOut(page.rows, many=True).data))


class InterchangeView(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="interchanges_read",
        summary="One file or envelope",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.InterchangeOut),
    )
    def get(self, request: Request, interchange_id: UUID) -> Response:
        found = get_object_or_404(Interchange.objects.visible_to(self.user), pk=interchange_id)
        return Response(shapes.InterchangeOut(found).data)


class Transactions(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="transactions_list",
        summary="Questions and answers, newest first",
        parameters=[shapes.TransactionQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.TransactionPage),
    )
    def get(self, request: Request) -> Response:
        asked = dict(checked(shapes.TransactionQuery, request.query_params))
        if asked.get("status") == "submitted":
            asked["status"] = Transaction.State.SENT.value
        columns = {"tx_type": "transaction_set", "status": "state", "partner": "partner_id"}
        columns |= {"payer": "payer_id", "interchange": "interchange_id"}
        columns |= {name: name for name in ("correlation_id", "disposition")}
        rows = Transaction.objects.visible_to(self.user).filter(**_chosen(asked, **columns))
        page = _NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.TransactionOut(page.rows, many=True).data))


class TransactionView(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="transactions_read",
        summary="One question or answer",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.TransactionOut),
    )
    def get(self, request: Request, transaction_id: UUID) -> Response:
        found = get_object_or_404(Transaction.objects.visible_to(self.user), pk=transaction_id)
        return Response(shapes.TransactionOut(found).data)


class ReplayOne(OrganizationView):
    rights = {"POST": "eligibility.trigger"}

    @extend_schema(
        operation_id="transactions_replay_one",
        summary="Ask once more, under a new trace number",
        parameters=[IDEMPOTENCY_KEY, *_MADE, *RATE_HEADERS],
        request=shapes.Reason,
        responses=answers(400, 404, 409, 422, created=shapes.TransactionOut),
    )
    @once
    def post(self, request: Request, transaction_id: UUID) -> Response:
        asked = checked(shapes.Reason, request.data)
        found = get_object_or_404(Transaction.objects.visible_to(self.user), pk=transaction_id)
        done = replay.replay([found.pk], reason=asked["reason"])
        if not done.attempts:
            raise NotNow
        transaction.on_commit(tasks.ring_units, robust=True)
        new = Transaction.objects.filter(replays=found.pk).latest("pk")
        location = request.build_absolute_uri(reverse("api-transaction", args=[new.pk]))
        return Response(shapes.TransactionOut(new).data, status=201, headers={"Location": location})


class ReplayAll(OrganizationView):
    rights = {"POST": "eligibility.update"}

    @extend_schema(
        operation_id="transactions_replay",
        summary="Ask all failed of a sweep or a file once more",
        parameters=[IDEMPOTENCY_KEY, *RATE_HEADERS],
        request=shapes.ReplayMany,
        responses=answers(400, 404, 409, 422, created=shapes.Replayed),
    )
    @once
    def post(self, request: Request) -> Response:
        asked = checked(shapes.ReplayMany, request.data)
        rows = replay.replayable(correlation_id=asked.get("correlation_id"))
        if "interchange" in asked:
            get_object_or_404(Interchange.objects.visible_to(self.user), pk=asked["interchange"])
            rows = rows.filter(interchange=asked["interchange"])
        chosen = list(rows.values_list("pk", flat=True))
        replay.replay(chosen, reason=asked["reason"])
        transaction.on_commit(tasks.ring_units, robust=True)
        made = Transaction.objects.prepared().filter(replays__in=chosen).order_by("pk")
        shown = {"transactions": list(made.values_list("pk", flat=True))}
        return Response(shapes.Replayed(shown).data, status=201)
