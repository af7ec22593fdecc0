"""Alerts: told once, owned, acknowledged, and sent where somebody wants them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from practice import outbox
from practice.alerts import raise_alert, resolve_alert
from practice.models import Alert, AlertChannel, Level, Organization, Outbox, User
from practice.tenancy import tenant
from tests.factories import PartnerFactory, make_member
from tradingpartners.alert_words import _KINDS
from tradingpartners.models import InboundDelivery, Interchange, TransportLog
from tradingpartners.services import telling


def tell(acme: Organization, kind: str = "no_answer", key: str = "k", **facts: Any) -> Alert:
    with tenant(acme.pk):
        pk = raise_alert(kind=kind, key=key, severity=Alert.Severity.PROBLEM, facts=facts)
        return Alert.objects.get(pk=pk)


def test_an_alert_is_listed_once_however_often_it_is_seen(manager: Client, acme: Organization) -> None:
    for _ in range(3):
        tell(acme, partner="Clearing", file_name="a.edi", control_number=7, count=12)
    html = manager.get("/alerts/").content.decode()
    assert html.count("Clearing left questions without an answer") == 1
    assert "a.edi, ISA13 000000007" in html and "3 times" in html
    assert ">1<" in manager.get("/alerts/count/").content.decode()


def test_who_has_it_in_hand_is_on_record_and_can_be_undone(manager: Client, acme: Organization) -> None:
    alert = tell(acme)
    manager.post(f"/alerts/{alert.pk}/acknowledge/", {"note": "called them"})
    html = manager.get(f"/alerts/{alert.pk}/").content.decode()
    assert "max has it in hand" in html and "called them" in html
    assert "Nothing to tell" in manager.get("/alerts/").content.decode()
    tell(acme)  # seen again: still in hand
    assert "Nothing to tell" in manager.get("/alerts/").content.decode()
    manager.post(f"/alerts/{alert.pk}/reopen/")
    assert f"/alerts/{alert.pk}/" in manager.get("/alerts/").content.decode()


def test_what_is_over_and_happens_again_is_a_new_alert(manager: Client, acme: Organization) -> None:
    first = tell(acme)
    manager.post(f"/alerts/{first.pk}/resolve/")
    second = tell(acme)
    assert second.pk != first.pk
    with tenant(acme.pk):
        assert resolve_alert("k") and not resolve_alert("k")


def test_saying_of_an_old_one_that_it_is_over_leaves_the_new_one(manager: Client, acme: Organization) -> None:
    old = tell(acme)
    manager.post(f"/alerts/{old.pk}/resolve/")
    new = tell(acme)
    manager.post(f"/alerts/{old.pk}/resolve/")
    with tenant(acme.pk):
        assert Alert.objects.get(pk=new.pk).state == "open"


def test_only_who_works_here_owns_an_alert(manager: Client, acme: Organization) -> None:
    patient, alert = make_member(acme, Level.PATIENT, "pat"), tell(acme)
    manager.post(f"/alerts/{alert.pk}/owner/", {"owner": str(patient.pk)})
    with tenant(acme.pk):
        assert Alert.objects.get().owner_id is None


def test_an_alert_has_an_owner(manager: Client, acme: Organization) -> None:
    alert = tell(acme)
    with tenant(acme.pk):
        owner = acme.memberships.get().user_id
    manager.post(f"/alerts/{alert.pk}/owner/", {"owner": str(owner)})
    with tenant(acme.pk):
        assert Alert.objects.get().owner_id == owner
    manager.post(f"/alerts/{alert.pk}/owner/", {"owner": "nobody"})
    with tenant(acme.pk):
        assert Alert.objects.get().owner_id is None


@pytest.mark.parametrize("kind", [*sorted(_KINDS), "something_new"])
def test_every_kind_has_words_and_leads_somewhere(manager: Client, acme: Organization, kind: str) -> None:
    alert = tell(
        acme, kind, partner="Clearing", payer="Harbor", code="72", count=40, file_name="a", control_number=1
    )
    with tenant(acme.pk):
        words = outbox.alert_words(alert)
    assert words.title and words.address.startswith("/")
    assert manager.get(f"/alerts/{alert.pk}/").status_code == 200


def test_another_practice_sees_none_of_it(mallory: Client, acme: Organization) -> None:
    alert = tell(acme, partner="Clearing")
    assert "Clearing" not in mallory.get("/alerts/").content.decode()
    for path in ("", "acknowledge/", "resolve/", "owner/", "reopen/"):
        reply = (
            mallory.get(f"/alerts/{alert.pk}/") if not path else mallory.post(f"/alerts/{alert.pk}/{path}")
        )
        assert reply.status_code == 404


# --- channels --------------------------------------------------------------------------------


def test_channels_are_checked_and_their_secret_is_never_shown(
    manager: Client, acme: Organization, settings: Any
) -> None:
    settings.PRIVATE_PARTNERS = []
    given = {"name": "Ops", "kind": "webhook", "least_severity": "problem", "new_secret": "canary-secret"}
    for address in ("http://hooks.example.com/", "https://10.0.0.1/", "mailto:a@b", "https://a@b.example/"):
        reply = manager.post("/alerts/channels/add/", {**given, "address": address})
        assert reply.status_code == 422, address
    good = {**given, "address": "https://hooks.example.com/preflight"}
    assert manager.post("/alerts/channels/add/", good).status_code == 302
    assert "canary-secret" not in manager.get("/alerts/channels/").content.decode()
    email = {**given, "kind": "email", "address": "not an address"}
    assert manager.post("/alerts/channels/add/", email).status_code == 422


def channel(acme: Organization, **fields: Any) -> None:
    with tenant(acme.pk):
        AlertChannel.objects.create(
            **{"name": "Ops", "kind": "email", "address": "ops@acme.example", **fields}
        )


def test_an_alert_leaves_by_e_mail_once(acme: Organization, settings: Any) -> None:
    settings.EMAIL_HOST, settings.PUBLIC_URL = "mail.example", "https://preflight.example"
    channel(acme)
    tell(acme, partner="Clearing", count=3)
    tell(acme, partner="Clearing", count=4)
    assert outbox.organizations_due() == [acme.pk]
    assert outbox.send_due(acme.pk) == 1 and outbox.send_due(acme.pk) == 0
    (sent,) = mail.outbox
    assert sent.to == ["ops@acme.example"] and "Clearing left questions" in sent.subject
    assert "https://preflight.example/transactions/unanswered/" in sent.body


def test_a_channel_hears_of_what_is_grave_enough_for_it(acme: Organization) -> None:
    channel(acme, least_severity="incident")
    tell(acme)
    with tenant(acme.pk):
        assert not Outbox.objects.exists()
        raise_alert(kind="privacy_incident", key="p", severity=Alert.Severity.INCIDENT)
        assert Outbox.objects.count() == 1


@contextmanager
def receiver(status: int) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        server.server_close()


def test_a_webhook_is_signed_and_carries_no_patient(acme: Organization) -> None:
    key = base64.b64encode(b"0123456789abcdef").decode()
    with receiver(204) as (address, got):
        channel(acme, kind="webhook", address=address, secret=f"whsec_{key}")
        tell(acme, partner="Clearing", count=3)
        assert outbox.send_due(acme.pk) == 1
    ((headers, body),) = got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"0123456789abcdef", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body)["data"]["title"] == "Clearing left questions without an answer"


def test_a_receiver_that_fails_is_tried_again_later_and_at_last_given_up(acme: Organization) -> None:
    with receiver(500) as (address, got):
        channel(acme, kind="webhook", address=address)
        tell(acme)
        for tries in range(1, outbox.MOST_TRIES + 1):
            with tenant(acme.pk):
                Outbox.objects.update(due_at="2020-01-01T00:00Z")
            assert outbox.send_due(acme.pk) == 0
            with tenant(acme.pk):
                row = Outbox.objects.get()
            assert (row.tries, row.error) == (tries, "http_500")
        assert row.given_up_at is not None and len(got) == outbox.MOST_TRIES
    assert len({headers["webhook-id"] for headers, _ in got}) == 1
    assert outbox.organizations_due() == []


def test_no_webhook_reaches_into_our_own_network(acme: Organization, settings: Any) -> None:
    with receiver(204) as (address, got):
        settings.PRIVATE_PARTNERS = []
        channel(acme, kind="webhook", address=address)
        tell(acme)
        assert outbox.send_due(acme.pk) == 0
    with tenant(acme.pk):
        assert Outbox.objects.get().error == "not_allowed"
    assert got == []


def test_what_belongs_to_no_channel_any_more_is_given_up(manager: Client, acme: Organization) -> None:
    channel(acme)
    tell(acme)
    with tenant(acme.pk):
        made = AlertChannel.objects.get()
    manager.post(f"/alerts/channels/{made.pk}/remove/")
    assert outbox.send_due(acme.pk) == 0
    with tenant(acme.pk):
        assert Outbox.objects.get().given_up_at is not None
    assert outbox.organizations_due() == []


# --- names of files --------------------------------------------------------------------------------

THEIRS = "DOE_JANE_19610412_271.edi"
ABOUT_THEIR_FILES = {"privacy_incident", "same_number_other_content", "unreadable_file", "held_file"}


@pytest.mark.parametrize("kind", [*sorted(_KINDS), "something_new"])
def test_no_name_that_a_partner_gave_a_file_leaves_us(
    acme: Organization, settings: Any, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    settings.EMAIL_HOST = "mail.example"
    is_ours = kind not in ABOUT_THEIR_FILES
    name = "ACME-270-000000007.edi" if is_ours else THEIRS
    with receiver(500) as (address, got), caplog.at_level("DEBUG"):
        channel(acme)
        channel(acme, kind="webhook", address=address)
        tell(acme, kind, partner="Clearing", file_name=name, control_number=7, codes=["not_x12"], count=1)
        outbox.send_due(acme.pk)
    (sent,), ((headers, body),) = mail.outbox, got
    left = f"{sent.subject} {sent.body} {sent.extra_headers} {headers} {body.decode()} {caplog.text}"
    assert "DOE" not in left and "JANE" not in left


def test_the_page_shows_the_name_to_those_who_may_see_it(
    manager: Client, nurse: Client, acme: Organization
) -> None:
    with tenant(acme.pk):
        delivery = InboundDelivery.objects.create(partner=PartnerFactory(name="Clearing"), file_name=THEIRS)
        telling.unreadable_file(delivery, ["not_x12"])
        alert = Alert.objects.get()
        leaving = outbox.alert_words(alert, leaves=True)
    assert THEIRS in manager.get(f"/alerts/{alert.pk}/").content.decode()
    assert nurse.get(f"/alerts/{alert.pk}/").status_code == 403
    assert leaving.what.startswith("One of its files: ") and THEIRS not in " ".join(leaving)


def test_operators_see_no_name_that_a_partner_gave(acme: Organization) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator"))
    operator.post("/organization/", {"organization": str(acme.pk)})
    with tenant(acme.pk):
        partner = PartnerFactory(name="Clearing")
        delivery = InboundDelivery.objects.create(partner=partner, file_name=THEIRS)
        telling.unreadable_file(delivery, ["not_x12"])
        log = TransportLog.objects.create(partner=partner, event="fetch", file_name=THEIRS)
        theirs = Interchange.objects.create(
            partner=partner, direction="in", state="received", file_name=THEIRS
        )
        ours = Interchange.objects.create(
            partner=partner, direction="out", state="composed", control_number=7, file_name="ours.edi"
        )
        rows = [delivery, log, theirs, Alert.objects.get()]
    for row in rows:
        base = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
        for path in (base, f"{base}{row.pk}/change/"):
            reply = operator.get(path)
            assert reply.status_code == 200 and "DOE" not in reply.content.decode(), path
    listed = operator.get("/admin/tradingpartners/interchange/").content.decode()
    assert str(ours.pk) in listed and "ours.edi" in listed
