"""Alerts for programs: what is open, who has it in hand, and that it is over."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from practice import alerts
from practice.api import OrganizationView
from practice.api_inputs import Shape, checked
from practice.api_pages import CursorPages, PageQuery
from practice.api_schema import RATE_HEADERS, answers
from practice.models import Alert
from practice.outbox import alert_words

_NEWEST = CursorPages("-id")


class AlertNotSo(APIException):
    status_code = 409
    default_code = "not_now"
    default_detail = "It is in another state: somebody has it in hand already, or it is over."


# --- in ---------------------------------------------------------------------------------------


class AlertQuery(PageQuery, Shape):
    state = serializers.ChoiceField(
        choices=Alert.State.values,
        required=False,
        help_text="open: nobody has it in hand; resolved: it is over.",
    )
    kind = serializers.CharField(max_length=40, required=False, help_text="For instance held_file.")
    severity = serializers.ChoiceField(choices=Alert.Severity.values, required=False)
    owner = serializers.UUIDField(required=False)


class AlertNote(Shape):
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class AlertOwner(Shape):
    owner = serializers.UUIDField(allow_null=True, help_text="Somebody who works here; null: nobody.")


# --- out --------------------------------------------------------------------------------------


class AlertOut(serializers.Serializer[Any]):
    """An alert in words; `address` is the path of the page it is about. Programs pass things on: they
    are told no name that a partner gave."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    severity = serializers.ChoiceField(choices=Alert.Severity.values)
    state = serializers.ChoiceField(choices=Alert.State.values)
    title = serializers.SerializerMethodField()
    what = serializers.SerializerMethodField()
    todo = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()
    subject_id = serializers.UUIDField(
        allow_null=True, help_text="The connection, payer or file it is about."
    )
    times = serializers.IntegerField(help_text="How often it was seen.")
    owner = serializers.UUIDField(source="owner_id", allow_null=True)
    acknowledged_by = serializers.UUIDField(source="acknowledged_by_id", allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)

    def get_title(self, row: Alert) -> str:
        return alert_words(row, leaves=True).title

    def get_what(self, row: Alert) -> str:
        return alert_words(row, leaves=True).what

    def get_todo(self, row: Alert) -> str:
        return alert_words(row, leaves=True).todo

    def get_address(self, row: Alert) -> str:
        return alert_words(row, leaves=True).address


class AlertPage(serializers.Serializer[Any]):
    results = AlertOut(many=True)
    next = serializers.URLField(allow_null=True)


# --- endpoints --------------------------------------------------------------------------------


class Alerts(OrganizationView):
    rights = {"GET": "partner.read"}

    @extend_schema(
        operation_id="alerts_list",
        summary="Alerts, newest first",
        parameters=[AlertQuery, *RATE_HEADERS],
        responses=answers(400, ok=AlertPage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(AlertQuery, request.query_params)
        filters = {name: asked[name] for name in ("state", "kind", "severity", "owner") if name in asked}
        rows = Alert.objects.visible_to(self.user).filter(**filters)
        page = _NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
        return Response(page.answer(request, AlertOut(page.rows, many=True).data))


class _OneAlert(OrganizationView):
    def find(self, alert_id: UUID) -> Alert:
        return get_object_or_404(Alert.objects.visible_to(self.user), pk=alert_id)

    def shown(self, found: Alert) -> Response:
        found.refresh_from_db()
        return Response(AlertOut(found).data)


class AlertView(_OneAlert):
    rights = {"GET": "partner.read"}

    @extend_schema(
        operation_id="alerts_read",
        summary="One alert",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=AlertOut),
    )
    def get(self, request: Request, alert_id: UUID) -> Response:
        return Response(AlertOut(self.find(alert_id)).data)


class AcknowledgeAlert(_OneAlert):
    rights = {"POST": "partner.update"}

    @extend_schema(
        operation_id="alerts_acknowledge",
        summary="Have an alert in hand",
        parameters=RATE_HEADERS,
        request=AlertNote,
        responses=answers(400, 404, 409, ok=AlertOut),
    )
    def post(self, request: Request, alert_id: UUID) -> Response:
        asked, found = checked(AlertNote, request.data), self.find(alert_id)
        if not alerts.acknowledge_alert(found, note=asked["note"], by=self.user.pk):
            raise AlertNotSo
        return self.shown(found)


class ReopenAlert(_OneAlert):
    rights = {"POST": "partner.update"}

    @extend_schema(
        operation_id="alerts_reopen",
        summary="Have an alert in hand no longer",
        parameters=RATE_HEADERS,
        request=None,
        responses=answers(404, 409, ok=AlertOut),
    )
    def post(self, request: Request, alert_id: UUID) -> Response:
        found = self.find(alert_id)
        if not alerts.reopen_alert(found):
            raise AlertNotSo
        return self.shown(found)


class ResolveAlert(_OneAlert):
    rights = {"POST": "partner.update"}

    @extend_schema(
        operation_id="alerts_resolve",
        summary="Say that it is over; if it happens again, that is a new alert",
        parameters=RATE_HEADERS,
        request=None,
        responses=answers(404, ok=AlertOut),
    )
    def post(self, request: Request, alert_id: UUID) -> Response:
        found = self.find(alert_id)
        alerts.end_alert(found)
        return self.shown(found)


class GiveAlert(_OneAlert):
    rights = {"POST": "partner.update"}

    @extend_schema(
        operation_id="alerts_give",
        summary="Give an alert to somebody, or to nobody",
        parameters=RATE_HEADERS,
        request=AlertOwner,
        responses=answers(400, 404, ok=AlertOut),
    )
    def post(self, request: Request, alert_id: UUID) -> Response:
        asked, found = checked(AlertOwner, request.data), self.find(alert_id)
        owner = asked["owner"]
        if owner is not None and not alerts.who_may_own().filter(pk=owner).exists():
            unknown = ErrorDetail("Nobody of this id works here.", "unknown")
            raise ValidationError({"owner": [unknown]})
        alerts.give_alert(found, owner)
        return self.shown(found)
