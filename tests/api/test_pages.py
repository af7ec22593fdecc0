"""Cursors, and what a list costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eligibility.models import ExceptionCase
from tests.api.conftest import CASES, SWEEPS, ApiClient, Practice, wrongs
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db


def walk(client: ApiClient, path: str, between: Any = None, **filters: Any) -> list[list[str]]:
    """All pages of a list, as ids; something may happen between them."""
    pages = []
    response = client.get(path, filters)
    while True:
        assert response.status_code == 200, response.content
        said = response.json()
        pages.append([row["id"] for row in said["results"]])
        where = said["next"]
        if where is None:
            return pages
        if between:
            between()
        response = client.get(where)


def test_pages_hold_every_row_once(acme: Practice, client: ApiClient) -> None:
    runs = [str(acme.sweep(f"Run {n}").pk) for n in range(5)]
    pages = walk(client, SWEEPS, limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sum(pages, []) == runs[::-1]


def test_rows_added_while_reading_shift_nothing(acme: Practice, client: ApiClient) -> None:
    runs = [str(acme.sweep(f"Run {n}").pk) for n in range(5)]
    pages = walk(client, SWEEPS, between=lambda: acme.sweep("Meanwhile"), limit=2)
    assert sum(pages, []) == runs[::-1]


def test_members_of_a_sweep_go_on_behind_the_last_one(acme: Practice, client: ApiClient) -> None:
    for hour in range(10, 15):
        acme.visit(hour=hour)
    run = acme.sweep()
    whole = walk(client, f"{SWEEPS}/{run.pk}/members")
    pages = walk(client, f"{SWEEPS}/{run.pk}/members", limit=2, state="queued")
    assert sum(pages, []) == whole[0]
    assert len(whole[0]) == 5


def test_cases_go_on_by_visit_whatever_comes_and_goes(acme: Practice, client: ApiClient) -> None:
    for hour in (9, 9, 11, 12, 12):
        acme.visit(hour=hour, covered=False)
    acme.sweep()
    without_visit(acme, 2)
    before = sum(walk(client, CASES), [])
    hours = iter((8, 8, 8, 8, 8, 8, 8, 8))

    def earlier_visit() -> None:
        acme.visit(hour=next(hours), covered=False)
        acme.sweep("Meanwhile")

    pages = walk(client, CASES, between=earlier_visit, limit=1)
    assert sum(pages, []) == before
    assert len(before) == 7


def without_visit(acme: Practice, n: int) -> None:
    with acme.inside():
        for _ in range(n):
            ExceptionCase.objects.create(patient=PatientFactory(), cause="no_coverage")


def test_a_cursor_says_nothing_about_a_visit(acme: Practice, client: ApiClient) -> None:
    first, _ = acme.visit(hour=9, covered=False), acme.visit(hour=10, covered=False)
    acme.sweep()
    where = client.get(CASES, {"limit": 1}).json()["next"]
    assert f"{first.starts_at:%Y-%m-%d}" not in where
    assert "limit=1" in where


@pytest.mark.parametrize("limit", ["0", "501", "-1", "many"])
def test_a_limit_is_between_1_and_500(client: ApiClient, limit: str) -> None:
    (wrong,) = wrongs(client.get(SWEEPS, {"limit": limit}))
    assert wrong[0] == "limit"


def test_a_cursor_nobody_gave_is_refused(acme: Practice, elsewhere: Practice, client: ApiClient) -> None:
    for n in range(2):
        acme.sweep(str(n))
        elsewhere.sweep(str(n))
        acme.visit(covered=False)
    acme.sweep()
    foreign = elsewhere.client().get(SWEEPS, {"limit": 1}).json()["next"].split("cursor=")[1].split("&")[0]
    of_cases = client.get(CASES, {"limit": 1}).json()["next"].split("cursor=")[1].split("&")[0]
    for cursor in ("x", "g1.k1.AAAA", "g1.k1", "\u00fc", "1" * 400, foreign, of_cases):
        assert wrongs(client.get(f"{SWEEPS}?limit=1&cursor={cursor}")) == [("cursor", "invalid_cursor")]


# The token's row under the dispatcher's role, its user, its use and itself; rights; organization.
DOOR = 6
QUERIES = {"sweeps": DOOR + 2, "members": DOOR + 3, "exceptions": DOOR + 3, "cases": DOOR + 2}


@pytest.mark.parametrize("part", QUERIES)
def test_a_list_costs_the_same_however_long_it_is(acme: Practice, client: ApiClient, part: str) -> None:
    for _ in range(3):
        acme.visit(covered=False)
        acme.visit()
        run = acme.sweep()
        path = {"sweeps": SWEEPS, "cases": CASES}.get(part, f"{SWEEPS}/{run.pk}/{part}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        assert len(statements(queries)) == QUERIES[part]


def statements(queries: CaptureQueriesContext) -> list[str]:
    """Without the frame of transactions, which a test nests one deeper."""
    frame = ("SAVEPOINT", "RELEASE", "SET LOCAL", "SELECT set_config")
    return [each["sql"] for each in queries if not each["sql"].startswith(frame)]
