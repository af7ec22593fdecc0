"""Who gets in, with what, and what everybody else is told: every endpoint, every method."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from practice.access import grant, set_level
from practice.models import ApiToken, Level, Membership, User
from sweeps.models import SweepRun
from tests.api.conftest import CASES, SWEEPS, ApiClient, Practice, problem

pytestmark = pytest.mark.django_db

LISTS = [("get", SWEEPS), ("get", CASES)]
OF_ONE = [
    ("get", SWEEPS + "/{id}"),
    ("get", SWEEPS + "/{id}/members"),
    ("get", SWEEPS + "/{id}/exceptions"),
    ("post", SWEEPS + "/{id}/cancel"),
]
ALL = [*LISTS, ("post", SWEEPS), *OF_ONE]
READS = [(method, path) for method, path in ALL if method == "get"]
WRITES = [(method, path) for method, path in ALL if method == "post"]


@pytest.fixture
def run(acme: Practice) -> SweepRun:
    acme.visit()
    return acme.sweep()


def call(client: Client, method: str, path: str, run_id: Any, **more: Any) -> Any:
    if method == "post":
        more |= {"content_type": "application/json", "headers": {"Idempotency-Key": "k"}}
    return getattr(client, method)(path.format(id=run_id), **more)


# --- logged out -------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), ALL)
def test_without_a_token_nothing_is_said(run: SweepRun, method: str, path: str) -> None:
    response = call(ApiClient(), method, path, run.pk)
    problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


def refused(token: str) -> None:
    problem(ApiClient(token).get(SWEEPS), 401, "authentication_failed")


def test_a_token_that_is_none_is_refused(acme: Practice) -> None:
    for token in ("pf_", "pf_" + "x" * 43, acme.token()[:-1], acme.token() + "x"):
        refused(token)


def test_an_expired_token_is_refused(acme: Practice) -> None:
    refused(acme.token(days=-1))


def test_a_revoked_token_is_refused_at_once(acme: Practice) -> None:
    token = acme.token()
    assert ApiClient(token).get(SWEEPS).status_code == 200
    with acme.inside():
        ApiToken.objects.update(revoked_at=timezone.now())
    refused(token)


def test_the_token_of_somebody_who_may_not_sign_in_is_refused(acme: Practice) -> None:
    token = acme.token()
    User.objects.filter(pk=acme.manager.pk).update(is_active=False)
    refused(token)


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "authorization"])
def test_a_token_in_the_address_opens_nothing(acme: Practice, name: str) -> None:
    token = acme.token()
    problem(ApiClient().get(SWEEPS, {name: token}), 401, "not_authenticated")
    said = problem(ApiClient(token).get(SWEEPS, {name: token}), 400, "invalid")
    assert token not in str(said)


# --- another practice ---------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), OF_ONE)
def test_another_practices_sweep_is_as_one_that_does_not_exist(
    run: SweepRun, acme: Practice, elsewhere: Practice, method: str, path: str
) -> None:
    mallory = elsewhere.client()
    foreign, missing = (call(mallory, method, path, each) for each in (run.pk, uuid4()))
    problem(foreign, 404, "not_found")
    assert foreign.content == missing.content
    with acme.inside():
        assert SweepRun.objects.get(pk=run.pk).state == "running"


def test_an_address_that_is_none_is_told_alike(client: ApiClient, run: SweepRun) -> None:
    missing = client.get(f"{SWEEPS}/{uuid4()}")
    for path in (f"{SWEEPS}/x", f"{SWEEPS}/{run.pk}/", f"{SWEEPS}/{run.pk}/raw", "/api/v2/x", "/api/v1/"):
        response = client.get(path)
        problem(response, 404, "not_found")
        assert response.content == missing.content


def test_a_token_works_in_its_own_practice_whatever_else_its_owner_belongs_to(
    acme: Practice, elsewhere: Practice, run: SweepRun
) -> None:
    with elsewhere.inside():
        set_level(
            Membership(organization=elsewhere.organization, user=acme.manager, level=70),
            Level.PRACTICE_MANAGER,
        )
        token = elsewhere.token(acme.manager)
    problem(ApiClient(token).get(f"{SWEEPS}/{run.pk}"), 404, "not_found")
    assert ApiClient(token).get(SWEEPS).json()["results"] == []


def test_a_token_of_somebody_who_left_opens_nothing(acme: Practice, run: SweepRun) -> None:
    client = acme.client()
    with acme.inside():
        Membership.objects.filter(user=acme.manager).update(is_deleted=True)
    for method, path in ALL:
        problem(call(client, method, path, run.pk), 403, "not_allowed")
    assert acme.count(SweepRun) == 1


def test_a_token_for_a_practice_one_never_belonged_to_opens_nothing(
    acme: Practice, elsewhere: Practice
) -> None:
    problem(acme.client(elsewhere.manager).get(SWEEPS), 403, "not_allowed")


# --- roles --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [Level.FRONT_DESK, Level.NURSE, Level.BILLER, Level.CLINICIAN])
def test_who_may_only_read_starts_and_cancels_nothing(acme: Practice, run: SweepRun, level: Level) -> None:
    client = acme.client(acme.member(level, "reader"))
    for method, path in READS:
        assert call(client, method, path, run.pk).status_code == 200
    for method, path in WRITES:
        said = problem(call(client, method, path, run.pk), 403, "not_allowed")
        assert said["detail"] == "This needs the right eligibility.update."
    with acme.inside():
        assert [each.state for each in SweepRun.objects.all()] == ["running"]


@pytest.mark.parametrize("level", [Level.PATIENT, Level.EDIT_AMI])
def test_levels_without_the_right_read_nothing(acme: Practice, run: SweepRun, level: Level) -> None:
    client = acme.client(acme.member(level, "outsider"))
    for method, path in ALL:
        problem(call(client, method, path, run.pk), 403, "not_allowed")


def test_a_right_granted_beyond_the_level_counts(acme: Practice, run: SweepRun) -> None:
    biller = acme.member(Level.BILLER, "bill")
    with acme.inside():
        grant(Membership.objects.get(user=biller), "eligibility.update")
    assert acme.client(biller).post(f"{SWEEPS}/{run.pk}/cancel").status_code == 200


def test_a_role_taken_away_ends_with_the_next_request(acme: Practice, run: SweepRun) -> None:
    client = acme.client()
    assert client.get(SWEEPS).status_code == 200
    with acme.inside():
        set_level(Membership.objects.get(user=acme.manager), Level.PATIENT)
    problem(client.get(SWEEPS), 403, "not_allowed")


def test_platform_operators_see_no_practices_sweeps(acme: Practice, run: SweepRun) -> None:
    User.objects.filter(pk=acme.manager.pk).update(is_superuser=True)
    problem(acme.client().get(SWEEPS), 403, "not_allowed")


# --- sessions -----------------------------------------------------------------------------------


def test_a_session_reads_and_writes_with_its_csrf_token_only(acme: Practice, run: SweepRun) -> None:
    browser = Client(enforce_csrf_checks=True, **{"wsgi.url_scheme": "https"})
    browser.force_login(acme.manager, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(f"{SWEEPS}/{run.pk}/members").status_code == 200
    problem(browser.post(f"{SWEEPS}/{run.pk}/cancel"), 403, "permission_denied")
    with acme.inside():
        assert SweepRun.objects.get(pk=run.pk).state == "running"


def test_a_session_without_a_practice_opens_nothing(db: None, settings: Any) -> None:
    browser = Client(**{"wsgi.url_scheme": "https"})
    nobody = User.objects.create_user("nobody")
    browser.force_login(nobody, backend="django.contrib.auth.backends.ModelBackend")
    problem(browser.get(SWEEPS), 403, "not_allowed")


# --- methods ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (SWEEPS, {"GET", "HEAD", "POST"}),
        (CASES, {"GET", "HEAD"}),
        (SWEEPS + "/{id}", {"GET", "HEAD"}),
        (SWEEPS + "/{id}/members", {"GET", "HEAD"}),
        (SWEEPS + "/{id}/exceptions", {"GET", "HEAD"}),
        (SWEEPS + "/{id}/cancel", {"POST"}),
    ],
)
def test_a_wrong_method_is_refused_and_the_right_ones_named(
    client: ApiClient, run: SweepRun, path: str, allowed: set[str]
) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - allowed:
        response = client.generic(method, path.format(id=run.pk))
        problem(response, 405, "method_not_allowed")
        assert set(response["Allow"].split(", ")) == allowed


def test_head_says_what_get_says_without_a_body(client: ApiClient, run: SweepRun) -> None:
    response = client.head(f"{SWEEPS}/{run.pk}/members")
    assert (response.status_code, response.content) == (200, b"")


def test_answers_are_kept_by_nobody(client: ApiClient, run: SweepRun) -> None:
    for path in (SWEEPS, f"{SWEEPS}/{run.pk}/members", f"{SWEEPS}/{uuid4()}"):
        assert client.get(path)["Cache-Control"] == "no-store"
