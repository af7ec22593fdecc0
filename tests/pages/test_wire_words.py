"""What the transaction pages and Events say: about damage, sweeps, pauses, and single failures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from practice.models import ReadLog
from practice.tenancy import tenant
from sweeps.models import SweepRun
from tests.pages.test_transactions import ST, World
from tests.pages.test_transactions import world as world  # noqa: PLC0414
from tradingpartners import x12
from tradingpartners.models import InboundDelivery, Interchange, Transaction

DAMAGE = "set_trailer_missing"


def make_run(world: World, name: str = "Tomorrow's visits") -> SweepRun:
    """The sweep that the world's questions belong to."""
    with tenant(world.acme.pk):
        day = timezone.now().date()
        return SweepRun.objects.create(id=world.run_id, name=name, window_from=day, window_to=day)


# --- answers that came damaged ----------------------------------------------------------------------


def test_a_torn_answer_came_damaged_and_is_no_incident(manager: Client, world: World) -> None:
    came = world.come("quarantined", error=DAMAGE)
    for path in ("/transactions/", "/transactions/decisions/", f"/transactions/{came.pk}/"):
        html = manager.get(path).content.decode()
        assert "Came damaged" in html and "About somebody else" not in html, path
        assert "chip-not-active" not in html, path
    html = manager.get(f"/transactions/{came.pk}/").content.decode()
    assert "Whose answer is it?" not in html and "No open question" not in html


def test_an_answer_about_somebody_else_stays_an_incident(manager: Client, world: World) -> None:
    world.come("quarantined", error="somebody_else")
    html = manager.get("/transactions/decisions/").content.decode()
    assert "About somebody else, kept apart" in html and "chip-not-active" in html


def test_what_needs_a_decision_names_its_file(manager: Client, world: World) -> None:
    came = world.come("quarantined", error=DAMAGE)
    with tenant(world.acme.pk):
        delivery = InboundDelivery.objects.get(pk=came.delivery_id)
    html = manager.get("/transactions/decisions/").content.decode()
    assert delivery.file_name in html and f"/transactions/deliveries/{delivery.pk}/" in html


def test_a_torn_answer_without_text_says_where_the_file_is(manager: Client, world: World) -> None:
    came = world.come("quarantined", error=DAMAGE)
    html = manager.post(f"/transactions/{came.pk}/raw/", {"reason": "what came"}).content.decode()
    assert "it came torn" in html and f"/transactions/deliveries/{came.delivery_id}/" in html
    assert f'action="/transactions/{came.pk}/raw/#raw"' in html


def test_a_held_file_is_one_line_and_not_one_for_each_answer_in_it(manager: Client, world: World) -> None:
    came = world.come("held")
    with tenant(world.acme.pk):
        InboundDelivery.objects.update(held_at=timezone.now())
    html = manager.get("/transactions/decisions/").content.decode()
    assert f"/transactions/deliveries/{came.delivery_id}/" in html
    assert f"/transactions/{came.pk}/" not in html and "Its file waits" not in html


def test_an_answer_held_by_its_number_alone_is_still_listed(manager: Client, world: World) -> None:
    came = world.come("held")
    assert f"/transactions/{came.pk}/" in manager.get("/transactions/decisions/").content.decode()


def test_a_level_is_explained_whole() -> None:
    explained = {each.segment_id: each.purpose for each in x12.explain_set(ST.replace("EQ*30", "HL*1**20*1"))}
    assert explained["HL"] == "A level: payer, provider, policy holder or dependent"


# --- what stands in the list ------------------------------------------------------------------------


def test_a_sweeps_banner_names_it_and_counts_its_newest_attempts(manager: Client, world: World) -> None:
    make_run(world)
    first = world.ask("failed", "timeout")
    with tenant(world.acme.pk):
        Transaction.objects.filter(pk=first.pk).update(closed_at=timezone.now())
    world.ask("answered", subject_id=first.subject_id, attempt=2)
    world.ask("failed", "timeout")
    world.ask("rejected", "AAA 75")
    world.ask("never_sent", "no_route")
    html = manager.get(f"/transactions/?correlation_id={world.run_id}").content.decode()
    assert f'<a href="/eligibility/sweeps/{world.run_id}/">Tomorrow&#x27;s visits</a>' in html
    assert "1 failed" in html and "1 not sent" in html and "2 failed" not in html
    assert "never_sent" not in html.split('class="notice"')[1].split("</div>")[0]
    asked_again = html.split("Ask again: ")[1].split("</a>")[0]
    assert sorted(asked_again.split(", ")) == ["1 failed", "1 not sent", "1 refused"]


def test_a_sweep_is_chosen_by_its_name(manager: Client, world: World) -> None:
    make_run(world)
    assert f'<option value="{world.run_id}">Tomorrow' in manager.get("/transactions/").content.decode()
    chosen = manager.get(f"/transactions/?correlation_id={world.run_id}").content.decode()
    assert f'<option value="{world.run_id}" selected>Tomorrow' in chosen


def test_another_practices_sweeps_are_not_offered(mallory: Client, world: World) -> None:
    make_run(world)
    assert str(world.run_id) not in mallory.get("/transactions/").content.decode()


def test_a_sweep_leads_to_its_transactions(manager: Client, world: World) -> None:
    make_run(world)
    html = manager.get(f"/eligibility/sweeps/{world.run_id}/").content.decode()
    assert f"/transactions/?correlation_id={world.run_id}" in html


def test_a_patients_checks_lead_to_the_wire(manager: Client, world: World) -> None:
    asked, other = world.ask(), world.ask()
    row = manager.get("/transactions/").content.decode()
    patient = row.split("/patients/")[1:]
    pages = {part.split('"')[0] for part in patient if part[:8].strip("/")}
    html = "".join(manager.get(f"/patients/{page}").content.decode() for page in pages)
    assert f"/transactions/?check={asked.subject_id}" in html
    found = manager.get(f"/transactions/?check={asked.subject_id}").content.decode()
    assert f"/transactions/{asked.pk}/" in found and f"/transactions/{other.pk}/" not in found


def test_an_answers_result_is_what_it_said(manager: Client, world: World) -> None:
    asked = world.ask("answered")
    world.come("applied", answers=asked, subject_id=asked.subject_id)
    html = manager.get("/transactions/?tx_type=271").content.decode()
    assert "Answer: " in html and "Taken as the answer</span>" not in html


def test_the_story_writes_before_it_sends(manager: Client, world: World) -> None:
    asked = world.ask()
    with tenant(world.acme.pk):
        Interchange.objects.update(created_at=asked.sent_at + timedelta(seconds=1))
    story = manager.get(f"/transactions/{asked.pk}/").content.decode()
    assert story.index("Written as") < story.index("Marked as sent")


def test_what_is_still_in_time_is_not_called_answered(manager: Client, world: World) -> None:
    world.ask(), world.ask()
    html = manager.get("/transactions/unanswered/").content.decode()
    assert "2 questions" in html and "still in time" in html


@pytest.mark.parametrize("path", ["/transactions/", "/events/", "/alerts/"])
def test_a_live_page_has_a_refresh_for_who_has_no_script(manager: Client, path: str) -> None:
    html = manager.get(path).content.decode()
    assert f'<a href="{path}">Refresh</a>' in html


def test_export_stands_beside_find_whatever_is_filtered(manager: Client, world: World) -> None:
    html = manager.get("/transactions/?status=failed").content.decode()
    head, rest = html.split('<nav class="tabs" aria-label="Transactions">')
    assert "/transactions/export/?status=failed" in head and "/transactions/export/" not in rest


def test_a_redacted_copy_is_given_for_a_reason_that_is_kept(
    manager: Client, desk: Client, world: World
) -> None:
    asked = world.ask()
    path = f"/transactions/{asked.pk}/redacted/"
    assert manager.post(path, {"reason": ""}).status_code == 422
    assert desk.post(path, {"reason": "for support"}).status_code == 403
    html = manager.post(path, {"reason": "for support"}).content.decode()
    assert "EQ*30" in html and "BHT*0022*13*#*20261122*0700" in html
    with tenant(world.acme.pk):
        assert ReadLog.objects.filter(reason="raw: redacted: for support").count() == 1
