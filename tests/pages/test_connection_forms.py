"""What a connection may be set to, on its pages: each refusal names its field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practice.models import Level, Organization
from practice.tenancy import tenant
from tests.factories import PartnerFactory, PayerFactory, make_member
from tests.pages.test_partners import SFTP, read
from tests.transports.as2_peer import THEM, US, keys, make_keys
from tradingpartners.models import PayerPause, Route, TradingPartner


def make(acme: Organization, transport: str, **fields: Any) -> TradingPartner:
    with tenant(acme.pk):
        return PartnerFactory(
            **{"transport": transport, "settings": {}, "credentials": None, "is_active": False, **fields}
        )


def faulty(reply: Any) -> set[str]:
    """The fields that a page complains of."""
    assert reply.status_code == 422
    names = ("connection_form", "limits_form", "identity_form", "route_form", "enrolment_form", "form")
    forms = [reply.context_data[name] for name in names if name in reply.context_data]
    return {field for form in forms if form.is_bound for field in form.errors}


# --- settings of each kind ----------------------------------------------------------------------------

AVAILITY = {"client_id": "id", "client_secret": "secret"}


def test_demo_answers_are_switched_on_and_off(manager: Client, acme: Organization) -> None:
    partner = make(acme, "availity")
    path = f"/trading-partners/{partner.pk}/connection/"
    assert "Demo answers" in manager.get(f"/trading-partners/{partner.pk}/").content.decode()
    manager.post(path, {**AVAILITY, "demo": "on", "scenario": "Coverages-Complete-i"})
    assert read(partner).settings == {"demo": True, "scenario": "Coverages-Complete-i"}
    manager.post(path, {})
    assert read(partner).settings == {"demo": False}


def test_what_no_field_asks_for_does_not_stay(manager: Client, acme: Organization) -> None:
    partner = make(acme, "availity", settings={"scope": "demo"}, credentials={**AVAILITY, "scope": "x"})
    assert manager.post(f"/trading-partners/{partner.pk}/connection/", {}).status_code == 302
    saved = read(partner)
    assert (saved.settings, saved.credentials) == ({"demo": False}, AVAILITY)


@pytest.mark.parametrize(("hours", "is_fine"), [("7", False), ("8", True), ("24", True), ("25", False)])
def test_stedi_goes_on_asking_for_8_to_24_hours(
    manager: Client, acme: Organization, hours: str, is_fine: bool
) -> None:
    partner = make(acme, "stedi_batch", credentials={"api_key": "k"})
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", {"max_retry_hours": hours})
    if is_fine:
        assert read(partner).settings == {"max_retry_hours": int(hours)}
    else:
        assert faulty(reply) == {"max_retry_hours"} and "Between 8 and 24." in reply.content.decode()
        assert read(partner).settings == {}


def as2(**changes: Any) -> dict[str, Any]:
    ours = keys("preflight")
    return {
        "url": "https://partner.example/as2",
        "as2_from": US,
        "as2_to": THEM,
        "partner_certificates": keys("peer").certificate,
        "mdn": "sync",
        "encryption": "aes256_cbc",
        "signature": "sha256",
        "compress": "on",
        "private_key": ours.key,
        "certificate": ours.certificate,
        **changes,
    }


def test_flags_that_are_on_by_themselves_can_be_switched_off(manager: Client, acme: Organization) -> None:
    partner = make(acme, "as2")
    path = f"/trading-partners/{partner.pk}/"
    assert manager.get(path).content.decode().count(" checked") == 3
    assert manager.post(f"{path}connection/", as2(require_signature="on")).status_code == 302
    flags = {name: read(partner).settings[name] for name in ("compress", "require_encryption")}
    assert flags == {"compress": True, "require_encryption": False}
    assert manager.get(path).content.decode().count(" checked") == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (lambda: {"partner_certificates": make_keys("peer", days=-1).certificate}, "partner_certificates"),
        (lambda: {"certificate": make_keys("preflight", days=-1).certificate}, "private_key"),
        (
            lambda: dict(
                zip(("private_key", "certificate"), make_keys("preflight", days=-1)[:2], strict=True)
            ),
            "certificate",
        ),
        (lambda: {"mdn": "async"}, "mdn"),
        (lambda: {"as2_to": "a\nb"}, "as2_to"),
        (lambda: {"username": "only"}, "password"),
        (lambda: {"client_key": "only"}, "client_certificate"),
    ],
    ids=["their certificate", "another certificate", "our certificate", "mdn", "name", "login", "tls"],
)
def test_what_is_wrong_with_an_as2_connection_is_said_at_its_field(
    manager: Client, acme: Organization, changes: Any, field: str, settings: Any
) -> None:
    settings.PUBLIC_URL = ""
    partner = make(acme, "as2")
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", as2(**changes()))
    assert faulty(reply) == {field}
    assert read(partner).settings == {}


@pytest.mark.parametrize(
    ("transport", "given", "field"),
    [
        ("stedi", {}, "api_key"),
        ("stedi_batch", {"max_retry_hours": "8"}, "api_key"),
        ("availity", {"client_secret": "secret"}, "client_id"),
        ("availity", {"client_id": "id"}, "client_secret"),
        ("sftp", {**SFTP, "username": ""}, "username"),
        ("sftp", {**SFTP, "password": ""}, "password"),
        ("realtime", {"url": "https://a.example", "envelope": "plain", "username": "u"}, "password"),
        ("realtime", {"url": "https://a.example", "envelope": "plain", "token": "a b"}, "token"),
        ("realtime", {"url": "https://a.example", "envelope": "plain", "api_key": "é"}, "api_key"),
    ],
)
def test_which_credential_is_missing_is_said_at_its_field(
    manager: Client, acme: Organization, transport: str, given: dict[str, str], field: str
) -> None:
    partner = make(acme, transport)
    host_key = {} if transport != "sftp" else {"host_keys": HOST_KEY}
    reply = manager.post(f"/trading-partners/{partner.pk}/connection/", {**given, **host_key})
    assert faulty(reply) == {field}


HOST_KEY = SFTP["host_keys"]


# --- limits and identity ------------------------------------------------------------------------------

LIMITS = {
    "max_st_per_interchange": "250",
    "max_interchanges_per_minute": "",
    "max_concurrent_files": "2",
    "response_sla": "12 h",
    "taken_sign": "gone",
    "taken_timeout": "45 min",
    "poll_interval": "30 s",
    "acknowledgement_due": "",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_st_per_interchange", "100001"),
        ("max_interchanges_per_minute", "1001"),
        ("max_concurrent_files", "1001"),
        ("max_concurrent_files", "40000"),
        ("response_sla", "15 d"),
        ("taken_timeout", "30 s"),
        ("poll_interval", "25 h"),
        ("acknowledgement_due", "59 s"),
    ],
)
def test_a_limit_without_sense_is_refused_at_its_field(
    manager: Client, acme: Organization, field: str, value: str
) -> None:
    partner = make(acme, "sftp")
    path = f"/trading-partners/{partner.pk}/limits/"
    assert faulty(manager.post(path, {**LIMITS, field: value})) == {field}
    assert read(partner).max_st_per_interchange == 1000


def test_saving_limits_leaves_the_pollers_columns_alone(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    with CaptureQueriesContext(database) as asked:
        manager.post(f"/trading-partners/{partner.pk}/limits/", LIMITS)
    begin = 'UPDATE "tradingpartners_tradingpartner"'
    (update,) = [each["sql"] for each in asked if each["sql"].startswith(begin)]
    assert '"max_concurrent_files" = 2' in update
    assert "poll_cursor" not in update and "credentials" not in update


def identity(partner: TradingPartner, **changes: str) -> dict[str, str]:
    return {
        "name": partner.name,
        "code": partner.code,
        "is_test": "on",
        "sender_qualifier": "ZZ",
        "sender_id": "ACME",
        "receiver_qualifier": "ZZ",
        "receiver_id": "EXAMPLE",
        "trace_originator": "9ACME00001",
        **changes,
    }


def test_a_connection_comes_in_use_only_when_it_is_complete(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    path = f"/trading-partners/{partner.pk}"
    reply = manager.post(f"{path}/identity/", identity(partner, is_active="on"))
    assert faulty(reply) == {"is_active"}
    assert "Complete the connection first. Port: " in reply.content.decode()
    assert not read(partner).is_active
    manager.post(f"{path}/connection/", SFTP)
    assert manager.post(f"{path}/identity/", identity(partner, is_active="on")).status_code == 302
    assert read(partner).is_active


def test_one_in_use_that_has_gone_bad_can_still_be_renamed_and_stopped(
    manager: Client, acme: Organization
) -> None:
    partner = make(acme, "sftp", is_active=True)
    path = f"/trading-partners/{partner.pk}/identity/"
    assert manager.post(path, identity(partner, is_active="on", name="Other")).status_code == 302
    assert manager.post(path, identity(partner, name="Other")).status_code == 302
    assert (read(partner).name, read(partner).is_active) == ("Other", False)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "Taken"), ("sender_id", "A"), ("sender_id", "AC*ME"), ("receiver_id", "ÉTÉ"), ("code", "")],
)
def test_an_identity_no_file_could_carry_is_refused_at_its_field(
    manager: Client, acme: Organization, field: str, value: str
) -> None:
    make(acme, "sftp", name="Taken")
    partner = make(acme, "sftp")
    reply = manager.post(f"/trading-partners/{partner.pk}/identity/", identity(partner, **{field: value}))
    assert faulty(reply) == {field}


def test_only_who_works_here_is_told_of_problems(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp")
    patient, biller = make_member(acme, Level.PATIENT, "pat"), make_member(acme, Level.BILLER, "bill")
    path = f"/trading-partners/{partner.pk}/files/"
    given = {"send_ta1": "never", "send_999": "always", "damaged_files": "hold"}
    assert manager.post(path, {**given, "owner": str(patient.pk)}).status_code == 422
    assert manager.post(path, {**given, "owner": str(biller.pk)}).status_code == 302
    assert read(partner).owner_id == biller.pk


# --- routes, enrolments, pauses -------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["0", "100", "40000"])
def test_a_route_has_a_sensible_place(manager: Client, acme: Organization, place: str) -> None:
    partner = make(acme, "sftp")
    given = {
        "payer": str(PayerFactory().pk),
        "payer_identifier": "HB1",
        "payer_name": "HARBOR",
        "preference": place,
        "environment": "prod",
        "lane": "",
    }
    assert faulty(manager.post(f"/trading-partners/{partner.pk}/routes/", given)) == {"preference"}
    with tenant(acme.pk):
        assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("state", "days", "is_fine"),
    [
        ("approved", 0, True),
        ("rejected", -30, True),
        ("submitted", -1, True),
        ("approved", 2, False),
        ("needed", -1, False),
        ("not_needed", -1, False),
    ],
)
def test_since_when_an_enrolment_holds_goes_with_its_state(
    manager: Client, acme: Organization, state: str, days: int, is_fine: bool
) -> None:
    partner = make(acme, "sftp")
    day = timezone.localdate() + timedelta(days=days)
    given = {"payer": str(PayerFactory().pk), "facility": "", "state": state, "decided_on": day.isoformat()}
    reply = manager.post(f"/trading-partners/{partner.pk}/enrolments/", given)
    if is_fine:
        assert reply.status_code == 302
    else:
        assert faulty(reply) == {"decided_on"}


def test_a_pause_does_not_end_before_it_begins(manager: Client, acme: Organization) -> None:
    path = f"/payers/{PayerFactory().pk}/pause/"
    over = {"reason": "they renumber members", "resumes_at": "2026-01-01T10:00"}
    assert faulty(manager.post(path, over)) == {"resumes_at"}
    with tenant(acme.pk):
        assert not PayerPause.objects.exists()


def test_no_page_shows_the_name_of_a_setting(manager: Client, acme: Organization) -> None:
    for transport in ("realtime", "sftp", "as2", "stedi", "stedi_batch", "availity"):
        partner = make(acme, transport)
        reply = manager.get(f"/trading-partners/{partner.pk}/")
        forms = [reply.context_data[name] for name in ("connection_form", "limits_form", "files_form")]
        said = " ".join(f"{field.label} {field.help_text}" for form in forms for field in form)
        assert "_" not in said.replace("{payer_id}", "")  # which is to be typed as it stands


def test_history_says_in_plain_words_what_was_changed(manager: Client, acme: Organization) -> None:
    partner = make(acme, "sftp", name="Quietwater")
    owner = make_member(acme, Level.BILLER, "bill")
    path = f"/trading-partners/{partner.pk}"
    manager.post(f"{path}/connection/", SFTP)
    manager.post(f"{path}/limits/", {**LIMITS, "taken_sign": "acknowledged", "acknowledgement_due": "1 h"})
    files = {"send_ta1": "never", "send_999": "always", "damaged_files": "sets", "owner": str(owner.pk)}
    manager.post(f"{path}/files/", files)
    manager.post(f"{path}/pause/", {"reason": "they move house"})
    shown = manager.get(f"{path}/?tab=history")
    said = [words for change in shown.context_data["changes"] for words in change.what]
    assert {
        "Server: none → files.example.com",
        "Questions in one file, at most: 1000 → 250",
        "A file counts as taken when: The file left the drop folder → A TA1 or 999 came",
        "Answers are due within: 24 h → 12 h",
        "Acknowledge transactions (999): Never → Always",
        "Who is told of problems: none → bill",
        "Sending is paused: no → yes",
    } <= set(said)
    assert not [words for words in said if "_" in words.partition(":")[0]]
    assert "s3cret-canary" not in shown.content.decode()
