"""Signing in, choosing a practice, and the pages for what went wrong."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver

from practice.models import Level, Membership, Organization, User
from practice.tenancy import tenant
from tests.factories import make_member

PASSWORD = "correct horse battery"


def test_signing_in_leads_back_to_where_one_wanted_to_go(acme: Organization) -> None:
    make_member(acme, Level.FRONT_DESK, "fran")
    client = Client()
    page = client.get("/sign-in/?next=/eligibility/sweeps/").content.decode()
    assert 'autocomplete="current-password"' in page and 'value="/eligibility/sweeps/"' in page
    data = {"username": "fran", "password": PASSWORD, "next": "/eligibility/sweeps/"}
    assert client.post("/sign-in/", data).headers["Location"] == "/eligibility/sweeps/"
    assert client.get("/").status_code == 200


def test_a_wrong_password_says_so_and_not_which_of_the_two(acme: Organization) -> None:
    make_member(acme, Level.FRONT_DESK, "fran")
    for name in ("fran", "nobody"):
        reply = Client().post("/sign-in/", {"username": name, "password": "wrong"})
        assert "User name or password is not right" in reply.content.decode()


def test_signing_in_never_leads_off_this_site(acme: Organization) -> None:
    make_member(acme, Level.FRONT_DESK, "fran")
    data = {"username": "fran", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert Client().post("/sign-in/", data).headers["Location"] == "/"


def test_signing_out_takes_a_post(desk: Client) -> None:
    assert desk.get("/sign-out/").status_code == 405
    assert desk.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert desk.get("/").status_code == 302


def test_a_person_with_two_practices_chooses_one(acme: Organization, elsewhere: Organization) -> None:
    user = make_member(acme, Level.FRONT_DESK, "fran")
    with tenant(elsewhere.pk):
        from practice.access import set_level

        set_level(Membership(organization=elsewhere, user=user, level=30), 30)
    client = Client()
    client.force_login(user)
    assert "Acme Family Medicine" in client.get("/").content.decode()
    page = client.get("/organization/").content.decode()
    assert "Acme Family Medicine" in page and "Elsewhere Clinic" in page
    client.post("/organization/", {"organization": str(elsewhere.pk)})
    assert "Elsewhere Clinic" in client.get("/").content.decode()


def test_nobody_chooses_a_practice_they_do_not_belong_to(desk: Client, elsewhere: Organization) -> None:
    for key in (str(elsewhere.pk), "nonsense", ""):
        assert desk.post("/organization/", {"organization": key}).status_code == 400
    assert "Elsewhere" not in desk.get("/organization/").content.decode()


def test_a_person_without_a_practice_is_told_kindly(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("nobody"))
    reply = client.get("/")
    assert reply.status_code == 403 and "do not belong to a practice yet" in reply.content.decode()


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator", password=PASSWORD))
    return client


def test_an_operator_sees_no_patient_page(operator: Client, acme: Organization) -> None:
    operator.post("/organization/", {"organization": str(acme.pk)})
    for path in ("/", "/patients/", "/eligibility/sweeps/"):
        reply = operator.get(path)
        assert reply.status_code == 403 and "Operators do not see patients" in reply.content.decode()


def test_an_operator_begins_in_the_administration(operator: Client, acme: Organization) -> None:
    reply = Client().post("/sign-in/", {"username": "operator", "password": PASSWORD})
    assert reply.headers["Location"] == "/admin/"
    assert "Acme Family Medicine" in operator.get("/organization/").content.decode()


def test_the_organization_page_wants_a_person(db: None) -> None:
    assert Client().get("/organization/").headers["Location"].startswith("/sign-in/")


def test_an_unknown_address_is_a_page_of_ours(desk: Client) -> None:
    reply = desk.get("/nothing/here/")
    assert reply.status_code == 404 and "There is nothing here" in reply.content.decode()


def test_a_broken_page_shows_no_detail(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("canary-of-a-name")

    monkeypatch.setattr("eligibility.queue.facets", broken)
    desk.raise_request_exception = False
    reply = desk.get("/")
    assert reply.status_code == 500 and "Something broke on our side" in reply.content.decode()
    assert "canary" not in reply.content.decode()


def test_a_form_without_its_token_is_refused_with_a_page(acme: Organization) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(acme, Level.FRONT_DESK, "fran"))
    reply = client.post("/sign-out/")
    assert reply.status_code == 403 and "open too long" in reply.content.decode()


def test_no_page_carries_script_or_style_inside(desk: Client, manager: Client) -> None:
    for path in ("/", "/patients/", "/eligibility/sweeps/", "/organization/", "/sign-in/", "/nothing/"):
        for html in (desk.get(path).content.decode(), manager.get(path).content.decode()):
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", html), path


def test_every_page_has_one_heading_a_skip_link_and_its_language(desk: Client) -> None:
    for path in ("/", "/patients/", "/eligibility/sweeps/", "/organization/", "/nothing/"):
        html = desk.get(path).content.decode()
        assert len(re.findall(r"<h1[ >]", html)) == 1, path
        assert 'href="#main"' in html and 'id="main"' in html and '<html lang="en">' in html


def test_nothing_of_a_patient_stands_in_an_address() -> None:
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    assert not any(word in route for route in routes for word in ("mrn", "last_name", "birth"))
