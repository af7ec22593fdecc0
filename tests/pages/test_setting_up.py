"""Setting up without a detour: what is wrong is said at once, where it is; and what can be undone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from practice.models import Facility, Level, Organization
from practice.tenancy import tenant
from tests.factories import FacilityFactory, PartnerFactory, PayerFactory, RouteFactory, make_member
from tests.pages.test_connection_forms import LIMITS, faulty, identity, make
from tests.pages.test_partners import HOST_KEY, SFTP, read
from tradingpartners.models import Enrolment, ProviderIdentity, Route, TradingPartner
from tradingpartners.services import pausing


def said(reply: Any, field: str) -> str:
    """What a page says at one field."""
    html = reply.content.decode()
    found = re.search(rf'id="id_{field}_error">(?:<svg.*?</svg>)?(.*?)</p>', html, re.DOTALL)
    return found[1].strip() if found else ""


# --- names that go over the wire ------------------------------------------------------------------------

UNWRITABLE = ["a~b", "DEMO~É*", "RFM~*", "Ünï*", "A:B", "A^B", "`A`", "A\tB", " A "]


IDS = ["sender_id", "receiver_id", "application_sender_id", "application_receiver_id"]


@pytest.mark.parametrize("value", UNWRITABLE)
@pytest.mark.parametrize("field", IDS)
def test_an_id_the_writer_refuses_is_refused_at_save(
    manager: Client, acme: Organization, field: str, value: str
) -> None:
    partner = make(acme, "sftp")
    reply = manager.post(f"/trading-partners/{partner.pk}/identity/", identity(partner, **{field: value}))
    assert faulty(reply) == {field}


@pytest.mark.parametrize(
    ("name", "receiver_id"),
    [("Müller & Söhne", "MULLER & SOHNE"), ("RFM~* north", "RFM NORTH"), ("Ω", ""), ("健康", "")],
)
def test_what_the_partner_is_called_begins_as_an_id_that_can_be_written(
    manager: Client, acme: Organization, name: str, receiver_id: str
) -> None:
    given = {"preset": "sftp", "name": name, "sender_id": "ACME", "trace_originator": "9ACME00001"}
    assert manager.post("/trading-partners/new/", given).status_code == 302
    with tenant(acme.pk):
        made = TradingPartner.objects.get(name=name)
    assert made.receiver_id == receiver_id


def test_without_an_id_no_connection_comes_in_use(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp", receiver_id="")
    path = f"/trading-partners/{partner.pk}"
    manager.post(f"{path}/connection/", SFTP)
    reply = manager.post(f"{path}/identity/", identity(partner, is_active="on", receiver_id=""))
    assert faulty(reply) == {"is_active", "receiver_id"} or faulty(reply) == {"receiver_id"}
    with tenant(acme.pk):
        assert not TradingPartner.objects.get(pk=partner.pk).is_active


WHO = {"facility": "", "payer": "", "npi": "1234567893"}


@pytest.mark.parametrize(
    ("name", "is_fine"), [("A~B*", False), ("健康", False), ("Müller `Clinic`", True), ("Straße", True)]
)
def test_a_name_nobody_could_be_asked_under_is_refused(
    manager: Client, acme: Organization, name: str, is_fine: bool
) -> None:
    reply = manager.post("/payers/identities/add/", {**WHO, "name": name})
    if is_fine:
        assert reply.status_code == 302
    else:
        assert faulty(reply) == {"name"}
        with tenant(acme.pk):
            assert not ProviderIdentity.objects.exists()


ROUTE = {
    "payer_identifier": "HB1",
    "payer_name": "HARBOR",
    "preference": "1",
    "environment": "prod",
    "lane": "",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payer_identifier", "PR~44"),
        ("payer_identifier", "1"),
        ("payer_name", "X*"),
        ("payer_name", "Étoile"),
    ],
)
def test_a_route_names_its_payer_as_it_can_be_written(
    manager: Client, acme: Organization, field: str, value: str
) -> None:
    partner = make(acme, "sftp")
    given = {**ROUTE, "payer": str(PayerFactory().pk), field: value}
    assert faulty(manager.post(f"/trading-partners/{partner.pk}/routes/", given)) == {field}


def why(client: Client, payer: Any) -> str:
    return " ".join(client.get(f"/payers/{payer.pk}/").content.decode().split())


def test_why_not_tells_of_a_name_that_cannot_be_written(
    manager: Client, acme: Organization, facility: Facility, settings: Any
) -> None:
    settings.ENVIRONMENT = "prod"
    address = {"url": "https://edi.example.com/x12"}
    with tenant(acme.pk):
        partner = PartnerFactory(settings=address)
        route = RouteFactory(payer=PayerFactory(), partner=partner)
    assert "</svg>Yes</span>" in why(manager, route.payer)
    with tenant(acme.pk):
        ProviderIdentity.objects.create(payer=route.payer, name="A~B*", npi="1234567893")
        ProviderIdentity.objects.create(name="Fine", npi="1234567893")
    html = why(manager, route.payer)
    assert "The name it is asked under cannot be written." in html and "</svg>Yes</span>" not in html
    with tenant(acme.pk):
        ProviderIdentity.objects.filter(payer=route.payer).update(name="Fine")
        Route.objects.filter(pk=route.pk).update(payer_identifier="PR~44")
    assert "identifier on this route cannot be written" in why(manager, route.payer)


def test_a_pause_is_no_green_yes(
    manager: Client, acme: Organization, facility: Facility, settings: Any
) -> None:
    settings.ENVIRONMENT = "prod"
    with tenant(acme.pk):
        route = RouteFactory(
            payer=PayerFactory(), partner=PartnerFactory(settings={"url": "https://edi.example.com/x12"})
        )
        pausing.pause_payer(route.payer, reason="they renumber")
    html = why(manager, route.payer)
    assert "Not now</span>" in html and "</svg>Yes</span>" not in html


# --- places have names ------------------------------------------------------------------------------------


def test_facilities_stand_by_their_name_in_every_select(
    manager: Client, acme: Organization, facility: Facility
) -> None:
    with tenant(acme.pk):
        FacilityFactory(name="Northside")
    partner = make(acme, "sftp")
    for path in ("/payers/identities/", f"/trading-partners/{partner.pk}/?tab=enrolment"):
        html = manager.get(path).content.decode()
        assert ">Northside</option>" in html and ">facility 0" not in html


def test_an_empty_choice_says_what_it_means(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    make_member(acme, Level.BILLER, "bill")
    paths = [
        "/payers/identities/",
        *(f"/trading-partners/{partner.pk}/?tab={tab}" for tab in ("connection", "payers", "enrolment")),
    ]
    pages = [manager.get(path).content.decode() for path in paths]
    assert not [path for path, html in zip(paths, pages, strict=True) if "-----" in html]
    assert "Every practice manager" in pages[1] and "Choose a payer" in pages[2]


# --- the words of the transport, at its field -------------------------------------------------------------


@pytest.mark.parametrize(
    ("transport", "given", "field", "words"),
    [
        ("sftp", {**SFTP, "host": "169.254.169.254"}, "host", "leads into a private network"),
        ("sftp", {**SFTP, "host": "10.0.0.5"}, "host", "leads into a private network"),
        ("sftp", {**SFTP, "host": "localhost"}, "host", "leads into a private network"),
        ("sftp", {**SFTP, "host": "0x7f.1"}, "host", "not its number"),
        ("sftp", {**SFTP, "host": "https://files.example.com"}, "host", "with nothing before it"),
        ("sftp", {**SFTP, "port": "1"}, "port", "This port is not one"),
        ("sftp", {**SFTP, "host_keys": "garbage"}, "host_keys", "no server key"),
        ("sftp", {**SFTP, "password": "", "private_key": "garbage"}, "private_key", "cannot be read"),
        ("sftp", {**SFTP, "password": ""}, "password", "This is missing."),
        ("realtime", {"url": "https://u:p@edi.example.com/"}, "url", "fields of their own"),
        ("realtime", {"url": "ftp://edi.example.com/"}, "url", "begins with https://"),
        ("realtime", {"url": "http://edi.example.com/"}, "url", "begins with https://"),
        ("realtime", {"url": "https://10.0.0.5/"}, "url", "leads into a private network"),
    ],
)
def test_a_refusal_says_what_is_wrong_at_its_field(
    manager: Client, acme: Organization, settings: Any, transport: str, given: Any, field: str, words: str
) -> None:
    settings.PRIVATE_PARTNERS = []
    partner = make(acme, transport)
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", {"envelope": "plain", **given})
    assert faulty(reply) == {field} and words in said(reply, field)


def test_all_that_is_wrong_is_said_in_one_round(manager: Client, acme: Organization, settings: Any) -> None:
    settings.PRIVATE_PARTNERS = []
    partner = make(acme, "sftp")
    given = {**SFTP, "host": "10.0.0.5", "port": "1", "host_keys": "garbage", "inbox": "", "username": ""}
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", given)
    assert faulty(reply) == {"host", "port", "host_keys", "inbox", "username"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"inbox": "inbox/../.."}, "inbox"),
        ({"outbox": ".."}, "outbox"),
        ({"outbox": "/in/"}, "outbox"),
        ({"archive": "out"}, "archive"),
    ],
)
def test_folders_stay_inside_and_apart(
    manager: Client, acme: Organization, given: dict[str, str], field: str
) -> None:
    partner = make(acme, "sftp")
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", {**SFTP, **given})
    assert faulty(reply) == {field}
    assert read(partner).settings == {}


# --- trying out ---------------------------------------------------------------------------------------------


def test_save_and_try_out_is_one_step(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    path = f"/trading-partners/{partner.pk}/"
    page = manager.get(path).content.decode()
    assert "Save and try out" in page and "with what is saved" in page
    assert manager.post(f"{path}connection/", {**SFTP, "try": "yes"}).status_code == 302
    saved = read(partner)
    assert saved.settings["host"] == SFTP["host"] and saved.test_result == [{"name": "waiting", "code": ""}]


def test_a_step_that_failed_claims_no_success(manager: Client, acme: Organization) -> None:
    from django.utils import timezone

    partner = make(
        acme, "sftp", test_result=[{"name": "settings", "code": "settings:port", "milliseconds": 0}]
    )
    with tenant(acme.pk):
        TradingPartner.objects.filter(pk=partner.pk).update(tested_at=timezone.now())
    html = manager.get(f"/trading-partners/{partner.pk}/try/result/").content.decode()
    assert "Failed</span>" in html and "The settings are complete" not in html


# --- only what matters --------------------------------------------------------------------------------------

TAKEN = {"taken_sign", "taken_timeout"}
ACKNOWLEDGED = {"acknowledgement_due", "send_ta1", "send_999", "is_strict", "damaged_files"}
BATCHES = {"max_st_per_interchange", "max_interchanges_per_minute", "max_concurrent_files"}


@pytest.mark.parametrize(
    ("transport", "fields"),
    [
        ("sftp", TAKEN | ACKNOWLEDGED | BATCHES | {"poll_interval"}),
        ("as2", ACKNOWLEDGED | BATCHES),
        ("stedi_batch", BATCHES | {"poll_interval"}),
        ("availity", {"poll_interval"}),
        ("stedi", set()),
        ("realtime", set()),
    ],
)
def test_a_connection_asks_only_for_what_matters_to_its_kind(
    manager: Client, acme: Organization, transport: str, fields: set[str]
) -> None:
    partner = make(acme, transport)
    context = manager.get(f"/trading-partners/{partner.pk}/").context_data
    assert {*context["limits_form"].fields, *context["files_form"].fields} == fields | {
        "response_sla",
        "owner",
    }


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("1 day", timedelta(days=1)),
        ("2 weeks", timedelta(days=14)),
        ("90 minutes", timedelta(minutes=90)),
        ("1 minute", timedelta(minutes=1)),
        ("1 hour", timedelta(hours=1)),
        ("45 seconds", timedelta(seconds=45)),
    ],
)
def test_a_length_of_time_is_taken_as_people_write_it(
    manager: Client, acme: Organization, written: str, span: timedelta
) -> None:
    partner = make(acme, "sftp")
    given = {**LIMITS, "response_sla": written}
    assert manager.post(f"/trading-partners/{partner.pk}/limits/", given).status_code == 302
    assert read(partner).response_sla == span


def test_long_limits_are_said_in_days(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp", response_sla=timedelta(days=14))
    path = f"/trading-partners/{partner.pk}/"
    assert 'value="14 days"' in manager.get(path).content.decode()
    reply = manager.post(f"{path}limits/", {**LIMITS, "response_sla": "3 weeks"})
    assert said(reply, "response_sla") == "Between 1 s and 14 days."


@pytest.mark.parametrize(
    ("written", "is_fine"), [("12-3456789", True), ("123456789", True), ("1-23456789", False)]
)
def test_a_tax_id_is_taken_as_people_write_it(
    manager: Client, acme: Organization, written: str, is_fine: bool
) -> None:
    reply = manager.post("/payers/identities/add/", {**WHO, "name": "Acme", "tax_id": written})
    if is_fine:
        with tenant(acme.pk):
            assert ProviderIdentity.objects.get().tax_id == "123456789"
    else:
        assert faulty(reply) == {"tax_id"}


# --- changing and undoing -----------------------------------------------------------------------------------


def test_a_route_is_changed_where_it_stands(manager: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        route = RouteFactory(partner=PartnerFactory())
        taken = RouteFactory(partner=route.partner, payer=route.payer, preference=2)
    path = f"/trading-partners/{route.partner_id}/"
    assert 'value="12345"' in manager.get(f"{path}?tab=payers&route={route.pk}").content.decode()
    given = {**ROUTE, "payer_identifier": "HB2", "preference": "3", "lane": "batch"}
    assert faulty_route(manager.post(f"{path}routes/{route.pk}/", {**given, "preference": "2"})) == {
        "preference"
    }
    assert faulty_route(manager.post(f"{path}routes/{route.pk}/", {**given, "payer_name": "X*"})) == {
        "payer_name"
    }
    assert manager.post(f"{path}routes/{route.pk}/", given).status_code == 302
    with tenant(acme.pk):
        changed = Route.objects.get(pk=route.pk)
        assert Route.objects.get(pk=taken.pk).preference == 2
    assert (changed.payer_identifier, changed.preference, changed.lane) == ("HB2", 3, "batch")
    assert changed.payer_id == route.payer_id


def faulty_route(reply: Any) -> set[str]:
    assert reply.status_code == 422
    return set(reply.context_data["change_form"].errors)


def test_routes_of_one_partner_are_told_apart(
    manager: Client, acme: Organization, facility: Facility
) -> None:
    with tenant(acme.pk):
        route = RouteFactory(partner=PartnerFactory())
        RouteFactory(partner=route.partner, payer=route.payer, preference=3, payer_identifier="SECOND99")
    html = why(manager, route.payer)
    assert "First, as EXAMPLE BLUE (12345)" in html and "Third, as EXAMPLE BLUE (SECOND99)" in html


def test_a_note_on_an_enrolment_can_be_removed(manager: Client, mallory: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    with tenant(acme.pk):
        noted = Enrolment.objects.create(partner=partner, payer=PayerFactory(), state="rejected")
    path = f"/trading-partners/{partner.pk}/enrolments/{noted.pk}/remove/"
    assert mallory.post(path).status_code == 404
    assert manager.post(path).status_code == 302
    with tenant(acme.pk):
        assert not Enrolment.objects.exists() and Enrolment.all_objects.count() == 1


def test_a_stored_credential_can_be_removed(manager: Client, acme: Organization) -> None:
    stored = {"username": "u", "password": "s3cret-canary", "token": "t"}
    address = {"url": "https://edi.example.com/x12", "envelope": "plain"}
    partner = make(acme, "realtime", settings=address, credentials=stored)
    path = f"/trading-partners/{partner.pk}/"
    page = manager.get(path).content.decode()
    assert "Remove what is stored" in page and "s3cret-canary" not in page
    half = manager.post(f"{path}connection/", {**address, "remove": ["password"]})
    assert faulty(half) == {"password"}  # a user name without one is no login
    assert (
        manager.post(f"{path}connection/", {**address, "remove": ["username", "password"]}).status_code == 302
    )
    assert read(partner).credentials == {"token": "t"}
    assert manager.post(f"{path}connection/", {**address, "remove": ["nonsense"]}).status_code == 422


# --- the history -----------------------------------------------------------------------------------


def test_history_says_keys_by_their_fingerprint(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    path = f"/trading-partners/{partner.pk}/"
    manager.post(f"{path}connection/", SFTP)
    html = manager.get(f"{path}?tab=history").content.decode()
    fingerprint = "SHA256:"
    assert f"Server keys: none → ssh-ed25519 {fingerprint}" in html
    assert HOST_KEY.split()[1] not in html and "{&#x27;" not in html and "[&#x27;" not in html


def changes(client: Client, path: str) -> list[str]:
    shown = client.get(f"{path}?tab=history")
    return [words for change in shown.context_data["changes"] for words in change.what]


def test_history_tells_who_is_named_and_how_long_is_waited(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp", sender_id="OLD", poll_interval=timedelta(minutes=2))
    path = f"/trading-partners/{partner.pk}/"
    given = {"sender_id": "NEW", "sender_qualifier": "30", "application_receiver_id": "APP"}
    manager.post(f"{path}identity/", identity(partner, **given, trace_originator="1123456789"))
    manager.post(f"{path}limits/", {**LIMITS, "acknowledgement_due": "1 h"})
    assert {
        "Our ID (ISA06): OLD → NEW",
        "Our qualifier (ISA05): ZZ → 30",
        "Its ID in the group (GS03): none → APP",
        "Trace originator (TRN03): 9ACME00001 → 1123456789",
        "Look for answers every: 2 min → 30 s",
        "A file counts as not taken after: 30 min → 45 min",
        "Receipts are due within: none → 1 h",
    } <= set(changes(manager, path))


def test_history_tells_that_credentials_were_replaced_and_never_which(
    manager: Client, acme: Organization
) -> None:
    partner = make(acme, "sftp")
    path = f"/trading-partners/{partner.pk}/"
    manager.post(f"{path}connection/", SFTP)
    manager.post(f"{path}connection/", {**SFTP, "password": "", "username": ""})  # kept
    manager.post(f"{path}connection/", {**SFTP, "password": "another-canary"})
    assert changes(manager, path).count("Credentials replaced") == 2
    html = manager.get(f"{path}?tab=history").content.decode()
    assert "canary" not in html
