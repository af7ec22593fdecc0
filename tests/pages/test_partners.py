"""Setting connections up: what is checked, what is never shown, who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from practice.models import Facility, Organization
from practice.rows import uuid7
from practice.tenancy import tenant
from tests.factories import PartnerFactory, PayerFactory, RouteFactory
from tradingpartners.models import (
    Enrolment,
    Payer,
    PayerPause,
    ProviderIdentity,
    Route,
    TradingPartner,
)
from tradingpartners.services import trying
from tradingpartners.transports import Step

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv1zGwHgSdkHc6ZDrRbm0sGmSOb0KkG1Y3sFj3lH4bM"
SFTP = {
    "host": "files.example.com",
    "port": "22",
    "inbox": "/in",
    "outbox": "/out",
    "host_keys": HOST_KEY,
    "username": "acme",
    "password": "s3cret-canary",
}


@pytest.fixture
def partner(acme: Organization) -> TradingPartner:
    with tenant(acme.pk):
        return PartnerFactory(name="Quietwater", transport="sftp", settings={}, credentials=None)


def read(partner: TradingPartner) -> TradingPartner:
    with tenant(partner.organization_id):
        return TradingPartner.objects.get(pk=partner.pk)


def test_a_new_connection_begins_as_its_preset_and_switched_off(manager: Client, acme: Organization) -> None:
    given = {
        "preset": "stedi_batch",
        "name": "Stedi nightly",
        "sender_id": "ACME",
        "trace_originator": "9acme00001",
    }
    reply = manager.post("/trading-partners/new/", given)
    with tenant(acme.pk):
        made = TradingPartner.objects.get(name="Stedi nightly")
    assert reply.headers["Location"] == f"/trading-partners/{made.pk}/"
    assert (made.transport, made.max_st_per_interchange, made.is_active) == ("stedi_batch", 500, False)
    assert made.is_test and made.trace_originator == "9ACME00001"
    again = manager.post("/trading-partners/new/", given)
    assert again.status_code == 422 and "is here already" in again.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("preset", "", "Choose how this connection works."),
        ("name", "", "This field is required."),
        ("trace_originator", "short", "Ten digits or capital letters."),
    ],
)
def test_a_new_connection_names_what_is_missing(
    manager: Client, field: str, value: str, words: str, acme: Organization
) -> None:
    given = {"preset": "sftp", "name": "X", "sender_id": "ACME", "trace_originator": "9ACME00001"}
    reply = manager.post("/trading-partners/new/", {**given, field: value})
    assert reply.status_code == 422 and words in reply.content.decode()


def test_a_secret_is_never_shown_again_and_an_empty_field_keeps_it(
    manager: Client, partner: TradingPartner
) -> None:
    path = f"/trading-partners/{partner.pk}/"
    assert manager.post(f"{path}connection/", SFTP).status_code == 302
    assert read(partner).credentials == {"username": "acme", "password": "s3cret-canary"}
    html = manager.get(path).content.decode()
    assert "s3cret-canary" not in html and "Stored. Leave it empty to keep it." in html
    manager.post(f"{path}connection/", {**SFTP, "password": "", "inbox": "/new"})
    changed = read(partner)
    assert changed.credentials == {"username": "acme", "password": "s3cret-canary"}
    assert changed.settings["inbox"] == "/new" and "password" not in changed.settings
    assert "s3cret-canary" not in manager.get(f"{path}?tab=history").content.decode()


@pytest.mark.parametrize("missing", ["host", "port", "inbox", "outbox", "host_keys"])
def test_what_is_missing_is_named_and_nothing_is_saved(
    manager: Client, partner: TradingPartner, missing: str
) -> None:
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", {**SFTP, missing: ""})
    html = reply.content.decode()
    assert reply.status_code == 422 and f'id="id_{missing}_error"' in html
    assert "s3cret-canary" not in html
    assert read(partner).settings == {}


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "10.0.0.1", "0x7f.1", "[::1]", "user@files.example.com", "::ffff:10.0.0.1"]
)
def test_fault_87_an_address_inside_our_own_network_is_refused_at_save(
    manager: Client, partner: TradingPartner, host: str, settings: Any
) -> None:
    settings.PRIVATE_PARTNERS = []
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", {**SFTP, "host": host})
    assert reply.status_code == 422
    assert read(partner).settings == {}


def test_what_is_stored_goes_to_no_other_computer(manager: Client, partner: TradingPartner) -> None:
    path = f"/trading-partners/{partner.pk}/connection/"
    manager.post(path, SFTP)
    moved = {**SFTP, "host": "elsewhere.example.com"}
    reply = manager.post(path, {**moved, "password": ""})
    assert reply.status_code == 422 and "enter this again" in reply.content.decode()
    assert read(partner).settings["host"] == SFTP["host"]
    assert manager.post(path, {**moved, "password": "new-one"}).status_code == 302
    assert read(partner).credentials == {"username": "acme", "password": "new-one"}


def test_batch_limits_are_checked_and_saved(manager: Client, partner: TradingPartner) -> None:
    path = f"/trading-partners/{partner.pk}/limits/"
    given = {
        "max_st_per_interchange": "250",
        "max_interchanges_per_minute": "6",
        "max_concurrent_files": "2",
        "response_sla": "12 h",
        "taken_sign": "acknowledged",
        "taken_timeout": "45 min",
        "poll_interval": "30 s",
        "acknowledgement_due": "",
    }
    assert manager.post(path, given).status_code == 302
    saved = read(partner)
    assert (saved.max_st_per_interchange, saved.max_interchanges_per_minute) == (250, 6)
    assert (saved.response_sla, saved.taken_timeout) == (timedelta(hours=12), timedelta(minutes=45))
    assert saved.acknowledgement_due is None
    for field, value in [
        ("max_st_per_interchange", "0"),
        ("max_interchanges_per_minute", "-1"),
        ("response_sla", "soon"),
        ("response_sla", "90 days"),
        ("poll_interval", "1 s"),
    ]:
        reply = manager.post(path, {**given, field: value})
        assert reply.status_code == 422, field
        assert f'id="id_{field}_error"' in reply.content.decode(), field
    assert read(partner).max_st_per_interchange == 250


def test_a_batch_for_stedi_is_no_larger_than_it_takes(manager: Client, partner: TradingPartner) -> None:
    path = f"/trading-partners/{partner.pk}/limits/"
    given = {
        "max_st_per_interchange": "10001",
        "max_concurrent_files": "1",
        "response_sla": "12 h",
        "taken_sign": "uploaded",
        "taken_timeout": "45 min",
        "poll_interval": "30 s",
    }
    with tenant(partner.organization_id):
        TradingPartner.objects.filter(pk=partner.pk).update(transport="stedi_batch")
    refused = manager.post(path, given)
    assert refused.status_code == 422
    assert "Stedi takes 10,000 at once" in refused.content.decode()
    assert manager.post(path, {**given, "max_st_per_interchange": "10000"}).status_code == 302
    assert read(partner).max_st_per_interchange == 10_000


def test_defaults_are_the_seeds(manager: Client, acme: Organization) -> None:
    manager.post(
        "/trading-partners/new/",
        {"preset": "sftp", "name": "New", "sender_id": "ACME", "trace_originator": "9ACME00001"},
    )
    with tenant(acme.pk):
        made = TradingPartner.objects.get(name="New")
    limits = (made.max_st_per_interchange, made.max_interchanges_per_minute, made.max_concurrent_files)
    assert limits == (1000, None, 1)


def test_trying_out_shows_each_step_in_words(manager: Client, partner: TradingPartner) -> None:
    path = f"/trading-partners/{partner.pk}/try/"
    manager.post(path)
    assert "a worker is reaching" in manager.get(f"{path}result/").content.decode()
    with tenant(partner.organization_id):
        found = TradingPartner.objects.get(pk=partner.pk)
        trying.keep_result(found, [Step("resolve", "", 12), Step("connect", "connection_refused")])
    html = manager.get(f"{path}result/").content.decode()
    assert "The address is known" in html and "did not let us connect" in html
    assert "every 1s" not in html


def test_a_partner_that_refuses_our_key_says_so_and_is_resumed_on_its_page(
    manager: Client, partner: TradingPartner
) -> None:
    path = f"/trading-partners/{partner.pk}/"
    assert f"{path}resume/" not in manager.get(path).content.decode()
    with tenant(partner.organization_id):
        TradingPartner.objects.update(refusal="login_refused")
    html = manager.get(path).content.decode()
    assert "The partner refused our user name or key" in html and f"{path}resume/" in html
    manager.post(f"{path}resume/")
    assert read(partner).refusal == ""


def test_pausing_wants_a_reason_and_resuming_ends_it(manager: Client, partner: TradingPartner) -> None:
    path = f"/trading-partners/{partner.pk}"
    assert manager.post(f"{path}/pause/", {"reason": ""}).status_code == 422
    manager.post(f"{path}/pause/", {"reason": "they move house"})
    assert read(partner).sending_paused
    assert "they move house" in manager.get(f"{path}/").content.decode()
    manager.post(f"{path}/resume/")
    assert not read(partner).sending_paused


def test_fetching_is_paused_for_a_reason_that_the_history_tells(
    manager: Client, partner: TradingPartner
) -> None:
    path = f"/trading-partners/{partner.pk}"
    refused = manager.post(f"{path}/poller/", {"reason": ""})
    assert refused.status_code == 422 and "Say why" in refused.content.decode()
    assert not read(partner).poller_paused
    manager.post(f"{path}/poller/", {"reason": "they are renaming files"})
    assert read(partner).poller_paused
    manager.post(f"{path}/poller/")
    assert not read(partner).poller_paused
    shown = manager.get(f"{path}/?tab=history").content.decode()
    assert "Fetching is paused: no → yes (they are renaming files)" in shown


def test_a_route_names_the_payer_as_the_partner_does(manager: Client, partner: TradingPartner) -> None:
    payer = PayerFactory(name="Harbor")
    path = f"/trading-partners/{partner.pk}/routes/"
    given = {
        "payer": str(payer.pk),
        "payer_identifier": "HB1",
        "payer_name": "HARBOR",
        "preference": "1",
        "environment": "prod",
        "lane": "",
    }
    assert manager.post(path, given).status_code == 302
    assert manager.post(path, given).status_code == 422  # the place is taken
    with tenant(partner.organization_id):
        route = Route.objects.get()
    assert "HB1" in manager.get(f"/trading-partners/{partner.pk}/?tab=payers").content.decode()
    manager.post(f"/trading-partners/{partner.pk}/routes/{route.pk}/remove/")
    with tenant(partner.organization_id):
        assert not Route.objects.exists() and Route.all_objects.count() == 1


def test_an_enrolment_is_noted_once_and_then_changed(
    manager: Client, partner: TradingPartner, facility: Facility
) -> None:
    payer = PayerFactory()
    path = f"/trading-partners/{partner.pk}/enrolments/"
    for state in ("needed", "approved"):
        given = {"payer": str(payer.pk), "facility": str(facility.pk), "state": state}
        assert manager.post(path, given).status_code == 302
    with tenant(partner.organization_id):
        assert Enrolment.objects.get().state == "approved"


def test_why_a_payer_cannot_be_checked_is_said_for_each_facility(
    manager: Client, partner: TradingPartner, facility: Facility
) -> None:
    payer = PayerFactory(name="Harbor")
    path = f"/payers/{payer.pk}/"
    assert "No connection leads to this payer." in manager.get(path).content.decode()
    with tenant(partner.organization_id):
        RouteFactory(payer=payer, partner=partner)
        Enrolment.objects.create(partner=partner, payer=payer, facility=facility, state="submitted")
    html = manager.get(path).content.decode()
    assert "not enrolled" in html and facility.name in html


def test_a_payer_is_paused_here_with_a_reason(manager: Client, partner: TradingPartner) -> None:
    with tenant(partner.organization_id):
        payer = RouteFactory(partner=partner).payer
    path = f"/payers/{payer.pk}/"
    assert manager.post(f"{path}pause/", {"reason": ""}).status_code == 422
    manager.post(f"{path}pause/", {"reason": "they renumber members"})
    assert "they renumber members" in manager.get("/payers/").content.decode()
    with tenant(partner.organization_id):
        assert PayerPause.objects.get().ended_at is None
    manager.post(f"{path}resume/")
    with tenant(partner.organization_id):
        assert PayerPause.objects.get().ended_at is not None


def test_who_asks_is_checked_to_the_check_digit(manager: Client, acme: Organization) -> None:
    given = {"facility": "", "payer": "", "name": "Acme Medical", "npi": "1234567890", "tax_id": ""}
    reply = manager.post("/payers/identities/add/", given)
    assert reply.status_code == 422 and "check digit" in reply.content.decode()
    assert manager.post("/payers/identities/add/", {**given, "npi": "1234567893"}).status_code == 302
    assert manager.post("/payers/identities/add/", {**given, "npi": "1234567893"}).status_code == 422
    with tenant(acme.pk):
        row = ProviderIdentity.objects.get()
    manager.post(f"/payers/identities/{row.pk}/remove/")
    with tenant(acme.pk):
        assert not ProviderIdentity.objects.exists()


PAGES = ["/trading-partners/", "/trading-partners/new/", "/payers/", "/payers/identities/", "/events/"]


@pytest.mark.parametrize("path", PAGES)
def test_set_up_is_for_managers(manager: Client, desk: Client, path: str) -> None:
    assert manager.get(path).status_code == 200
    assert desk.get(path).status_code == 403
    assert Client().get(path).status_code == 302


def test_another_practice_cannot_reach_it(mallory: Client, partner: TradingPartner) -> None:
    path = f"/trading-partners/{partner.pk}/"
    assert mallory.get(path).status_code == 404
    for deed in ("connection", "limits", "files", "identity", "try", "pause", "resume", "poller", "routes"):
        assert mallory.post(f"{path}{deed}/", {"reason": "because"}).status_code == 404
    assert "Quietwater" not in mallory.get("/trading-partners/").content.decode()
    assert "Quietwater" not in mallory.get("/events/").content.decode()


def test_history_says_who_changed_what(manager: Client, partner: TradingPartner) -> None:
    manager.post(f"/trading-partners/{partner.pk}/pause/", {"reason": "they move house"})
    html = manager.get(f"/trading-partners/{partner.pk}/?tab=history").content.decode()
    assert "max" in html and "paused" in html


def test_unknown_payers_and_partners_are_not_found(manager: Client, acme: Organization) -> None:
    assert manager.get(f"/payers/{uuid7()}/").status_code == 404
    assert manager.get(f"/trading-partners/{uuid7()}/").status_code == 404
    assert not Payer.objects.exists()
