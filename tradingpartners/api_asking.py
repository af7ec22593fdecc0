"""Who may ask a payer, and under which name, for programs: enrolments and provider identities."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from practice.api import OrganizationView
from practice.api_inputs import checked
from practice.api_schema import IDEMPOTENCY_KEY, RATE_HEADERS, answers
from practice.idempotency import once
from practice.models import Facility
from tradingpartners import api_shapes as shapes
from tradingpartners.api_rows import MADE, NEWEST, chosen, refuse, save
from tradingpartners.models import Enrolment, Payer, ProviderIdentity, TradingPartner
from tradingpartners.setup.rules import IDENTITY_TAKEN, Fault, enrolment_faults, identity_faults

Row = TypeVar("Row", bound=models.Model)


def _named(field: str, rows: models.QuerySet[Row], key: UUID | None) -> Row | None:
    """The row of an id that was given; refused where there is none of it here."""
    found = rows.filter(pk=key).first() if key else None
    if key and found is None:
        refuse([Fault(field, "unknown", "There is no such one.")])
    return found


def _payers() -> models.QuerySet[Payer]:
    return Payer.objects.filter(is_active=True)


class Enrolments(OrganizationView):
    rights = {"GET": "partner.read", "POST": "partner.update"}

    @extend_schema(
        operation_id="enrolments_list",
        summary="Whether facilities may ask payers, newest first",
        parameters=[shapes.EnrolmentQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.EnrolmentPage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.EnrolmentQuery, request.query_params)
        columns = {name: name for name in ("partner", "payer", "facility", "state")}
        rows = Enrolment.objects.visible_to(self.user).filter(**chosen(asked, **columns))
        page = NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.EnrolmentOut(page.rows, many=True).data))

    @extend_schema(
        operation_id="enrolments_note",
        summary="Note an enrolment, or the state of one that is noted",
        parameters=[IDEMPOTENCY_KEY, *MADE, *RATE_HEADERS],
        request=shapes.NewEnrolment,
        responses=answers(400, 409, 422, created=shapes.EnrolmentOut),
    )
    @once
    def post(self, request: Request) -> Response:
        asked = checked(shapes.NewEnrolment, request.data)
        key: dict[str, Any] = {
            "partner": _named("partner", TradingPartner.objects.visible_to(self.user), asked["partner"]),
            "payer": _named("payer", _payers(), asked["payer"]),
            "facility": _named("facility", Facility.objects.visible_to(self.user), asked["facility"]),
            "transaction_set": "270",
        }
        said = {name: asked[name] for name in ("state", "decided_on", "note")}
        today = timezone.localdate(timezone=self.organization.zone)
        refuse(enrolment_faults(Enrolment(**key, **said), today=today))
        noted, _ = Enrolment.objects.update_or_create(**key, defaults=said)
        location = request.build_absolute_uri(reverse("api-enrolment", args=[noted.pk]))
        return Response(shapes.EnrolmentOut(noted).data, status=201, headers={"Location": location})


class EnrolmentView(OrganizationView):
    rights = {"GET": "partner.read", "DELETE": "partner.update"}
    http_method_names = ["get", "head", "delete"]

    @extend_schema(
        operation_id="enrolments_read",
        summary="One enrolment",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.EnrolmentOut),
    )
    def get(self, request: Request, enrolment_id: UUID) -> Response:
        return Response(shapes.EnrolmentOut(self._find(enrolment_id)).data)

    @extend_schema(
        operation_id="enrolments_delete",
        summary="Ask without enrolment again, as where none is noted",
        parameters=RATE_HEADERS,
        responses={**answers(404), 204: None},
    )
    def delete(self, request: Request, enrolment_id: UUID) -> Response:
        found = self._find(enrolment_id)
        found.is_deleted = True
        found.save(update_fields=["is_deleted"])
        return Response(status=204)

    def _find(self, enrolment_id: UUID) -> Enrolment:
        return get_object_or_404(Enrolment.objects.visible_to(self.user), pk=enrolment_id)


class Identities(OrganizationView):
    rights = {"GET": "partner.read", "POST": "partner.update"}

    @extend_schema(
        operation_id="provider_identities_list",
        summary="Under which names and NPIs payers are asked, newest first",
        parameters=[shapes.IdentityQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.IdentityPage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.IdentityQuery, request.query_params)
        rows = ProviderIdentity.objects.visible_to(self.user)
        rows = rows.filter(**chosen(asked, facility="facility", payer="payer"))
        page = NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, shapes.IdentityOut(page.rows, many=True).data))

    @extend_schema(
        operation_id="provider_identities_create",
        summary="Ask under another name and NPI than the facility's own",
        parameters=[IDEMPOTENCY_KEY, *MADE, *RATE_HEADERS],
        request=shapes.NewIdentity,
        responses=answers(400, 409, 422, created=shapes.IdentityOut),
    )
    @once
    def post(self, request: Request) -> Response:
        asked: dict[str, Any] = checked(shapes.NewIdentity, request.data)
        facility = _named("facility", Facility.objects.visible_to(self.user), asked["facility"])
        payer = _named("payer", _payers(), asked["payer"])
        made = ProviderIdentity(**{**asked, "facility": facility, "payer": payer})
        refuse(identity_faults(made))
        save(made, IDENTITY_TAKEN)
        location = request.build_absolute_uri(reverse("api-identity", args=[made.pk]))
        return Response(shapes.IdentityOut(made).data, status=201, headers={"Location": location})


class IdentityView(OrganizationView):
    rights = {"GET": "partner.read", "DELETE": "partner.update"}
    http_method_names = ["get", "head", "delete"]

    @extend_schema(
        operation_id="provider_identities_read",
        summary="One name and NPI",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.IdentityOut),
    )
    def get(self, request: Request, identity_id: UUID) -> Response:
        return Response(shapes.IdentityOut(self._find(identity_id)).data)

    @extend_schema(
        operation_id="provider_identities_delete",
        summary="Ask under the facility's own name and NPI again",
        parameters=RATE_HEADERS,
        responses={**answers(404), 204: None},
    )
    def delete(self, request: Request, identity_id: UUID) -> Response:
        found = self._find(identity_id)
        found.is_deleted = True
        found.save(update_fields=["is_deleted"])
        return Response(status=204)

    def _find(self, identity_id: UUID) -> ProviderIdentity:
        return get_object_or_404(ProviderIdentity.objects.visible_to(self.user), pk=identity_id)
