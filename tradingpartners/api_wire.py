"""What went over the wire, for programs: files, transactions, and asking again."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from practice.api import OrganizationView
from practice.api_inputs import checked
from practice.api_schema import IDEMPOTENCY_KEY, RATE_HEADERS, answers
from practice.idempotency import once
from tradingpartners import api_shapes as shapes
from tradingpartners import tasks
from tradingpartners.api_rows import MADE, NEWEST, chosen
from tradingpartners.models import Direction, Interchange, Transaction
from tradingpartners.services import replay


class NotNow(APIException):
    status_code = 409
    default_code = "not_now"
    default_detail = "It is being asked already, or it was answered meanwhile."


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
            **chosen(asked, partner="partner_id", **columns)
        )
        if "file_name" in asked:  # partners name theirs after people, and addresses are logged
            rows = rows.filter(direction=Direction.OUT)
        page = NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
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
        rows = Transaction.objects.visible_to(self.user).filter(**chosen(asked, **columns))
        page = NEWEST.page(rows, cursor=asked["cursor"], limit=asked["limit"])
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
        parameters=[IDEMPOTENCY_KEY, *MADE, *RATE_HEADERS],
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
        pks = list(rows.values_list("pk", flat=True))
        replay.replay(pks, reason=asked["reason"])
        transaction.on_commit(tasks.ring_units, robust=True)
        made = Transaction.objects.prepared().filter(replays__in=pks).order_by("pk")
        shown = {"transactions": list(made.values_list("pk", flat=True))}
        return Response(shapes.Replayed(shown).data, status=201)
