"""Sweeps for programs: start, follow and cancel one, and read whom it found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from eligibility import queue
from eligibility.models import ExceptionCase
from practice.api import OrganizationView
from practice.api_inputs import checked
from practice.api_pages import CursorPages
from practice.api_schema import IDEMPOTENCY_KEY, RATE_HEADERS, answer_header, answers
from practice.idempotency import REPLAYED, once
from practice.models import Facility, User
from sweeps import api_shapes as shapes
from sweeps.errors import Refusal, SweepError
from sweeps.models import SweepRun, SweepRunMember, SweepRunMemberQuerySet
from sweeps.progress import member_rows
from sweeps.services import cancel_run, create_run
from tradingpartners.tasks import ring_units

RUN_PAGES = CursorPages("-id")
MEMBER_PAGES = CursorPages("id")  # a roster is written in the order of the visits
CASE_PAGES = CursorPages("visit_at", "id")

_STARTED = [
    answer_header("Location", "The new sweep.", 201),
    answer_header(REPLAYED, "`true` where this is the answer to an earlier request.", 201),
]


class Sweeps(OrganizationView):
    rights = {"GET": "eligibility.read", "POST": "eligibility.update"}

    @extend_schema(
        operation_id="sweeps_list",
        summary="Sweeps, newest first",
        parameters=[shapes.SweepQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.SweepPage),
    )
    def get(self, request: Request) -> Response:
        asked = checked(shapes.SweepQuery, request.query_params)
        runs = SweepRun.objects.visible_to(self.user).filter(
            **chosen(asked, state="state", schedule="schedule_id")
        )
        page = RUN_PAGES.page(runs, cursor=asked["cursor"], limit=asked["limit"])
        shown = shapes.Sweep(counted(page.rows, self.user), many=True)
        return Response(page.answer(request, shown.data))

    @extend_schema(
        operation_id="sweeps_start",
        summary="Start a sweep",
        parameters=[IDEMPOTENCY_KEY, *_STARTED, *RATE_HEADERS],
        request=shapes.NewSweep,
        responses=answers(400, 409, 422, created=shapes.Sweep),
    )
    @once
    def post(self, request: Request) -> Response:
        asked = checked(shapes.NewSweep, request.data)
        run = create_run(
            name=asked.get("name") or f"Visits {asked['window_from']} to {asked['window_to']}",
            window_from=asked["window_from"],
            window_to=asked["window_to"],
            facility=find_facility(self.user, asked["facility"]),
            payer_ids=asked["payer_ids"],
        )
        transaction.on_commit(ring_units, robust=True)
        location = request.build_absolute_uri(reverse("api-sweep", args=[run.pk]))
        return Response(shown_sweep(run, self.user), status=201, headers={"Location": location})


class Sweep(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="sweeps_read",
        summary="One sweep and how far it is",
        parameters=RATE_HEADERS,
        responses=answers(404, ok=shapes.Sweep),
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(shown_sweep(find_run(self.user, run_id), self.user))


class CancelSweep(OrganizationView):
    rights = {"POST": "eligibility.update"}

    @extend_schema(
        operation_id="sweeps_cancel",
        summary="Cancel a sweep",
        description="Who was not asked about yet is skipped; what was sent still comes in. Twice is once.",
        parameters=RATE_HEADERS,
        request=None,
        responses=answers(404, 409, ok=shapes.Sweep),
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = cancel_run(find_run(self.user, run_id))
        return Response(shown_sweep(run, self.user))


class Members(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="sweeps_members",
        summary="Everybody on a sweep's roster",
        parameters=[shapes.MemberQuery, *RATE_HEADERS],
        responses=answers(400, 404, ok=shapes.MemberPage),
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        asked = checked(shapes.MemberQuery, request.query_params)
        members = (
            members_of(find_run(self.user, run_id), self.user)
            .filter(**chosen(asked, state="state", outcome="outcome"))
            .select_related("patient", "payer")
        )
        page = MEMBER_PAGES.page(members, cursor=asked["cursor"], limit=asked["limit"])
        self.shows(member.patient_id for member in page.rows)
        return Response(page.answer(request, shapes.Member(page.rows, many=True).data))


class Exceptions(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="sweeps_exceptions",
        summary="Whom a sweep could not settle: failed and skipped",
        parameters=[shapes.SweepExceptionQuery, *RATE_HEADERS],
        responses=answers(400, 404, ok=shapes.SweepExceptionPage),
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        asked = checked(shapes.SweepExceptionQuery, request.query_params)
        members = (
            members_of(find_run(self.user, run_id), self.user)
            .exceptions()
            .filter(**chosen(asked, state="state"))
            .select_related("patient", "payer", "appointment__facility", "eligibility_check")
            .defer(*queue.RAW)
        )
        page = MEMBER_PAGES.page(members, cursor=asked["cursor"], limit=asked["limit"])
        self.shows(member.patient_id for member in page.rows)
        rows = member_rows(page.rows, self.organization.time_zone)
        return Response(page.answer(request, shapes.SweepException(rows, many=True).data))


class Cases(OrganizationView):
    rights = {"GET": "eligibility.read"}

    @extend_schema(
        operation_id="exceptions_list",
        summary="Everybody who needs a person, by visit",
        parameters=[shapes.CaseQuery, *RATE_HEADERS],
        responses=answers(400, ok=shapes.CasePage),
    )
    def get(self, request: Request) -> Response:
        asked, now = checked(shapes.CaseQuery, request.query_params), timezone.now()
        cases = ExceptionCase.objects.visible_to(self.user).needs_a_person(now)
        cases = queue.with_words(cases.filter(**chosen(asked, cause="cause")))
        page = CASE_PAGES.page(cases, cursor=asked["cursor"], limit=asked["limit"])
        self.shows(case.patient_id for case in page.rows)
        rows = [queue.row(case, self.organization, now) for case in page.rows]
        return Response(page.answer(request, shapes.Case(rows, many=True).data))


def chosen(asked: dict[str, Any], **columns: str) -> dict[str, Any]:
    """The filters somebody named, by column."""
    return {column: asked[name] for name, column in columns.items() if name in asked}


def find_run(user: User, run_id: UUID) -> SweepRun:
    return get_object_or_404(SweepRun.objects.visible_to(user), pk=run_id)


def find_facility(user: User, facility_id: UUID | None) -> Facility | None:
    if facility_id is None:
        return None
    facility = Facility.objects.visible_to(user).filter(pk=facility_id).first()
    if facility is None:
        raise SweepError(Refusal.UNKNOWN_FACILITY, "facility")
    return facility


def members_of(run: SweepRun, user: User) -> SweepRunMemberQuerySet:
    return SweepRunMember.objects.visible_to(user).filter(run=run)


def shown_sweep(run: SweepRun, user: User) -> Any:
    (counted_run,) = counted([run], user)
    return shapes.Sweep(counted_run).data


def counted(runs: Iterable[SweepRun], user: User) -> list[SweepRun]:
    """The runs with their `counts`, from one query over the index for however many."""
    by_id = {run.pk: run for run in runs}
    counts = {pk: dict.fromkeys(shapes.SweepCounts().fields, 0) for pk in by_id}
    groups = (
        SweepRunMember.objects.visible_to(user)
        .filter(run__in=by_id)
        .order_by()
        .values_list("run_id", "state", "outcome")
        .annotate(n=Count("id"))
    )
    for run_id, state, outcome, n in groups:
        counts[run_id]["roster"] += n
        counts[run_id][state] += n
        if outcome:
            counts[run_id][outcome] += n
    for pk, run in by_id.items():
        run.__dict__["counts"] = counts[pk]
    return list(by_id.values())
