"""The transactions pages: the list and its filters, one told in full, raw text, what people decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eligibility.models import EligibilityCheck
from practice.models import Facility, Level, Organization, ReadLog
from practice.rows import uuid7
from practice.tenancy import tenant
from tests.factories import CoverageFactory, PartnerFactory, PatientFactory, RouteFactory, make_member
from tests.pages.conftest import make_check, signed_in
from tradingpartners.models import (
    Dispatch,
    InboundDelivery,
    Interchange,
    Transaction,
    TransportLog,
)
from tradingpartners.services import payloads

HTMX = {"HX-Request": "true"}
ST = "ST*270*0001*005010X279A1~BHT*0022*13*X*20261122*0700~EQ*30~SE*4*0001~"


class World:
    """One file partner, one payer, a file that went out, and questions in it."""

    def __init__(self, acme: Organization, facility: Facility) -> None:
        self.acme, self.facility = acme, facility
        with tenant(acme.pk):
            route = RouteFactory(partner=PartnerFactory(transport="sftp", name="Clearing"))
            self.route, self.partner, self.payer = route, route.partner, route.payer
            self.run_id = uuid7()
            self.dispatch = Dispatch.objects.create(
                partner=self.partner,
                transaction_set="270",
                correlation_id=self.run_id,
                lane="batch",
                queue="partner.x",
            )
            content = ST.encode()
            self.file = Interchange.objects.create(
                partner=self.partner,
                direction="out",
                dispatch=self.dispatch,
                control_number=42,
                state="in_flight",
                file_name="ACME_270_1_000000042.edi",
                started_at=timezone.now() - timedelta(hours=30),
                payload=payloads.keep(content),
                transaction_set="270",
            )

    def ask(self, state: str = "sent", error: str = "", **fields: Any) -> Transaction:
        """A question in the file, about a patient of its own."""
        with tenant(self.acme.pk):
            coverage = CoverageFactory(
                patient=PatientFactory(first_name="Zelda", last_name="Canary"),
                insurance_plan__payer=self.payer,
            )
            key = uuid7()
            check = make_check(
                coverage,
                self.facility,
                id=uuid7(),
                correlation_id=self.run_id,
                transaction_trace_number=key.hex.upper(),
                raw_request=ST,
            )
            return Transaction.objects.create(
                **{
                    "id": key,
                    "direction": "out",
                    "transaction_set": "270",
                    "partner": self.partner,
                    "payer": self.payer,
                    "dispatch": self.dispatch,
                    "interchange": self.file,
                    "subject_id": check.pk,
                    "correlation_id": self.run_id,
                    "lane": "batch",
                    "state": state,
                    "error": error,
                    "set_control_number": "0001",
                    "sent_at": None if state == "prepared" else timezone.now() - timedelta(hours=30),
                    "closed_at": None if state in {"prepared", "sent"} else timezone.now(),
                    **fields,
                }
            )

    def come(self, disposition: str, **fields: Any) -> Transaction:
        with tenant(self.acme.pk):
            delivery = InboundDelivery.objects.create(
                partner=self.partner,
                file_name=f"{uuid7().hex}.271",
                remote_size=1,
                remote_modified=1,
                payload=payloads.keep(b"not X12"),
                read_at=timezone.now(),
            )
            return Transaction.objects.create(
                direction="in",
                transaction_set="271",
                partner=self.partner,
                state="received",
                delivery=delivery,
                position=1,
                disposition=disposition,
                **fields,
            )


@pytest.fixture
def world(acme: Organization, facility: Facility) -> World:
    return World(acme, facility)


def test_the_list_shows_each_with_its_result_and_hides_who_it_is(manager: Client, world: World) -> None:
    world.ask()
    world.ask("rejected", "AAA 72")
    world.come("unmatched")
    html = manager.get("/transactions/").content.decode()
    assert "No answer yet" in html and "Refused" in html and "Fits no question of ours" in html
    assert "Clearing" in html and world.payer.name in html
    assert "Canary" not in html and "Zelda" not in html and "Z•••" in html


def test_seed_001s_address_finds_what_a_sweep_still_waits_for(manager: Client, world: World) -> None:
    waiting, done = world.ask(), world.ask("answered")
    html = manager.get(
        f"/transactions/?tx_type=270&correlation_id={world.run_id}&status=submitted"
    ).content.decode()
    assert f"/transactions/{waiting.pk}/" in html and f"/transactions/{done.pk}/" not in html
    other = manager.get(f"/transactions/?tx_type=270&correlation_id={uuid7()}&status=submitted")
    assert "Nothing fits these filters" in other.content.decode()


@pytest.mark.parametrize("query", ["tx_type=999x", "correlation_id=no", "status=?", "day=x", "before=y"])
def test_a_filter_that_makes_no_sense_finds_nothing_and_says_so(
    manager: Client, world: World, query: str
) -> None:
    asked = world.ask()
    shown = manager.get(f"/transactions/?{query}")
    html = shown.content.decode()
    assert shown.status_code == 422 and f"/transactions/{asked.pk}/" not in html
    assert "This address makes no sense here" in html
    export = manager.get(f"/transactions/export/?{query}")
    assert export.status_code == 302 and export.headers["Location"].startswith("/transactions/?")


@pytest.mark.parametrize(
    ("query", "is_there"),
    [("tx_type=271", False), ("status=failed", True), ("lane=live", False), ("lane=batch", True)],
)
def test_filters_narrow_the_list(manager: Client, world: World, query: str, is_there: bool) -> None:
    asked = world.ask("failed", "timeout")
    html = manager.get(f"/transactions/?{query}").content.decode()
    assert (f"/transactions/{asked.pk}/" in html) is is_there


def test_pages_go_on_where_the_last_one_ended(
    manager: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eligibility.transactions.listing.PAGE_SIZE", 2)
    oldest, *_ = [world.ask() for _ in range(3)]
    first = manager.get("/transactions/").content.decode()
    assert f"/transactions/{oldest.pk}/" not in first
    following = first.split("before=")[1].split('"')[0]
    assert f"/transactions/{oldest.pk}/" in manager.get(f"/transactions/?before={following}").content.decode()


def test_the_list_costs_as_many_queries_for_many_rows_as_for_one(manager: Client, world: World) -> None:
    world.ask()
    manager.get("/transactions/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        manager.get("/transactions/")
    for _ in range(8):
        world.ask()
    with CaptureQueriesContext(connection) as many:
        manager.get("/transactions/")
    assert len(many) == len(one)


def test_the_export_names_nobody(manager: Client, world: World) -> None:
    asked = world.ask("failed", "timeout")
    text = manager.get("/transactions/export/").content.decode()
    assert asked.trace_number in text and "ACME_270_1_000000042.edi" in text and "Canary" not in text


def test_another_practice_sees_nothing_of_it(mallory: Client, world: World) -> None:
    asked, came = world.ask(), world.come("unmatched")
    assert f"/transactions/{asked.pk}/" not in mallory.get("/transactions/").content.decode()
    for path in (
        f"/transactions/{asked.pk}/",
        f"/transactions/files/{world.file.pk}/",
        f"/transactions/deliveries/{came.delivery_id}/",
    ):
        assert mallory.get(path).status_code == 404
    for path in (
        f"/transactions/{asked.pk}/raw/",
        f"/transactions/{asked.pk}/replay/",
        f"/transactions/{came.pk}/dismiss/",
        f"/transactions/{came.pk}/match/{asked.pk}/",
        f"/transactions/deliveries/{came.delivery_id}/reread/",
    ):
        assert mallory.post(path, {"reason": "because I may"}).status_code == 404


def test_who_reads_sees_the_story_and_no_raw_text(desk: Client, world: World) -> None:
    asked = world.ask()
    html = desk.get(f"/transactions/{asked.pk}/").content.decode()
    assert "What happened" in html and "ISA13 000000042" in html and 'id="raw"' not in html
    assert desk.post(f"/transactions/{asked.pk}/raw/", {"reason": "curious"}).status_code == 403


# --- one transaction ----------------------------------------------------------------------------


def test_the_story_tells_which_file_and_what_the_wire_did(manager: Client, world: World) -> None:
    asked = world.ask("failed", "No 271 within 24 h")
    with tenant(world.acme.pk):
        TransportLog.objects.create(
            partner=world.partner,
            dispatch=world.dispatch,
            interchange=world.file,
            event="put",
            file_name=world.file.file_name,
            size=900,
            duration_ms=120,
        )
    html = manager.get(f"/transactions/{asked.pk}/").content.decode()
    for words in (
        world.file.file_name,
        "000000042",
        "File handed over",
        "No answer within 24 h",
        asked.trace_number,
    ):
        assert words in html
    assert f"/transactions/files/{world.file.pk}/" in html


def test_raw_text_is_opened_for_a_reason_that_is_kept(manager: Client, world: World) -> None:
    asked = world.ask()
    path = f"/transactions/{asked.pk}/raw/"
    assert manager.post(path, {"reason": ""}).status_code == 422
    html = manager.post(path, {"reason": "partner asked for it"}).content.decode()
    assert "EQ*30" in html and "The service asked about" in html
    with tenant(world.acme.pk):
        assert ReadLog.objects.filter(reason="raw: partner asked for it").count() == 1
    file = manager.post(f"/transactions/{asked.pk}/download/", {"reason": "for the partner"})
    assert file.content.decode() == ST and "attachment" in file.headers["Content-Disposition"]


def test_an_answer_about_changed_identifiers_says_which(manager: Client, world: World) -> None:
    asked = world.ask("answered")
    world.come("applied", answers=asked, subject_id=asked.subject_id, differences=["last_name"])
    html = manager.get(f"/transactions/{asked.pk}/").content.decode()
    assert "knows the person otherwise: last name" in html


def test_an_answer_tells_how_its_file_was_fetched(manager: Client, world: World) -> None:
    asked = world.ask("answered")
    came = world.come("applied", answers=asked, subject_id=asked.subject_id)
    with tenant(world.acme.pk):
        envelope = Interchange.objects.create(
            partner=world.partner,
            direction="in",
            delivery_id=came.delivery_id,
            control_number=7,
            state="received",
            transaction_set="271",
        )
        Transaction.objects.filter(pk=came.pk).update(interchange=envelope)
        TransportLog.objects.create(
            partner=world.partner,
            delivery_id=came.delivery_id,
            event="fetch",
            file_name=came.delivery.file_name,
            size=361,
        )
    html = manager.get(f"/transactions/{came.pk}/").content.decode()
    assert "File fetched" in html and "Nothing went over the wire yet" not in html


def test_the_numbers_of_a_file_lead_to_the_questions_they_count(manager: Client, world: World) -> None:
    waiting, lost = world.ask(), world.ask("failed", "No 271 within 24 h")
    html = manager.get(f"/transactions/files/{world.file.pk}/").content.decode()
    for status, shown in (("failed", lost), ("submitted", waiting)):
        path = f"/transactions/?interchange={world.file.pk}&amp;status={status}"
        assert path in html
        listed = manager.get(path.replace("&amp;", "&")).content.decode()
        assert {each.pk for each in (waiting, lost) if f"/transactions/{each.pk}/" in listed} == {shown.pk}


# --- find -------------------------------------------------------------------------------------------


def test_any_number_finds_it(manager: Client, world: World) -> None:
    asked, came = world.ask(), world.come("unmatched")
    with tenant(world.acme.pk):
        check = EligibilityCheck.objects.get(pk=asked.subject_id)
        delivery = InboundDelivery.objects.get(pk=came.delivery_id)
        mrn = check.patient.mrn
    wanted = {
        asked.trace_number: f"/transactions/{asked.pk}/",
        str(asked.pk): f"/transactions/{asked.pk}/",
        "42": f"/transactions/files/{world.file.pk}/",
        "000000042": f"/transactions/files/{world.file.pk}/",
        world.file.file_name: f"/transactions/files/{world.file.pk}/",
        str(world.run_id): f"/transactions/?correlation_id={world.run_id}",
        delivery.file_name: f"/transactions/deliveries/{delivery.pk}/",
        mrn: f"/transactions/?patient={check.patient_id}",
    }
    for number, address in wanted.items():
        reply = manager.post("/transactions/find/", {"number": f" {number} "})
        assert (reply.status_code, reply.headers.get("Location")) == (302, address), number
    assert "Nothing of yours" in manager.post("/transactions/find/", {"number": "777"}).content.decode()
    assert manager.post("/transactions/find/", {"number": ""}).status_code == 422


def test_a_number_of_another_practice_finds_nothing(mallory: Client, world: World) -> None:
    asked = world.ask()
    for number in (asked.trace_number, "42", world.file.file_name):
        assert "Nothing of yours" in mallory.post("/transactions/find/", {"number": number}).content.decode()


# --- orphans and decisions -------------------------------------------------------------------------------


def test_what_nobody_answered_is_listed_by_file_until_it_is_asked_again(
    manager: Client, world: World
) -> None:
    asked = [world.ask("failed", "No 271 within 24 h") for _ in range(3)]
    html = manager.get("/transactions/unanswered/").content.decode()
    assert world.file.file_name in html and "000000042" in html
    with tenant(world.acme.pk):
        for each in asked:
            Transaction.objects.create(
                direction="out",
                transaction_set="270",
                partner=world.partner,
                payer=world.payer,
                subject_id=each.subject_id,
                correlation_id=each.correlation_id,
                attempt=2,
                state="prepared",
                replays=each,
            )
    assert "Nothing is overdue" in manager.get("/transactions/unanswered/").content.decode()


def test_what_needs_a_decision_is_listed(manager: Client, desk: Client, world: World) -> None:
    world.come("unmatched")
    world.come("quarantined")
    with tenant(world.acme.pk):
        InboundDelivery.objects.update(error="not_x12")
    html = manager.get("/transactions/decisions/").content.decode()
    assert "Fits no question of ours" in html and "About somebody else" in html
    assert "It is not an X12 file." in html
    assert desk.get("/transactions/decisions/").status_code == 403
    assert desk.get("/transactions/unanswered/").status_code == 403


def test_empty_pages_say_what_they_are_for(manager: Client, acme: Organization) -> None:
    assert "Nothing was sent yet" in manager.get("/transactions/").content.decode()
    assert "Nothing is overdue" in manager.get("/transactions/unanswered/").content.decode()
    assert "Nothing to decide" in manager.get("/transactions/decisions/").content.decode()


@pytest.mark.parametrize("level", [Level.PATIENT, Level.EDIT_AMI])
def test_roles_without_reading_are_turned_away(acme: Organization, level: Level) -> None:
    client = signed_in(make_member(acme, level, "x"))
    for path in ("/transactions/", "/transactions/export/", f"/transactions/{UUID(int=1)}/"):
        assert client.get(path).status_code == 403


def test_a_file_of_ours_that_waits_for_a_person_is_sent_once_more_for_a_reason(
    manager: Client, desk: Client, world: World
) -> None:
    page, release = f"/transactions/files/{world.file.pk}/", f"/transactions/files/{world.file.pk}/release/"
    assert release not in manager.get(page).content.decode()
    with tenant(world.acme.pk):
        Dispatch.objects.update(waits_for="held", due_at=timezone.now() + timedelta(days=9_999))
        Interchange.objects.update(problem="mdn_mic_differs")
    assert release in manager.get(page).content.decode()
    assert release not in desk.get(page).content.decode()
    assert desk.post(release, {"reason": "They lost it"}).status_code == 403
    manager.post(release, {"reason": ""})
    with tenant(world.acme.pk):
        assert Dispatch.objects.get().waits_for == "held"
    manager.post(release, {"reason": "They lost it"})
    with tenant(world.acme.pk):
        assert (Dispatch.objects.get().waits_for, Interchange.objects.get().problem) == ("", "")
    again = manager.post(release, {"reason": "They lost it"}, follow=True)
    assert "not held any more" in again.content.decode()


def test_a_delivery_tells_what_was_decided_and_why(manager: Client, world: World) -> None:
    came = world.come("applied")
    with tenant(world.acme.pk):
        InboundDelivery.objects.update(error="poison", read_at=timezone.now())
    page = f"/transactions/deliveries/{came.delivery_id}/"
    manager.post(f"{page}settle/", {"reason": "A new one is on its way"})
    shown = manager.get(page).content.decode()
    assert "Settled by a person: A new one is on its way" in shown
    assert "Decision" not in shown
