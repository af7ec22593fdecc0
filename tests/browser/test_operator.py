"""The operator's walk: which file a missing answer was in, why, and asking again; by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from practice.models import Alert
from sweeps import services
from sweeps.models import SweepRun
from tests import payers
from tests.browser.conftest import open_context, sign_in
from tests.browser.test_desk import assert_accessible
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import leave, look, questions, send
from tradingpartners.models import InboundDelivery, Interchange, Transaction
from tradingpartners.services import overdue, trying


def apart(work: Callable[[], Any]) -> Any:
    """In a thread of its own: Playwright's event loop has this one, and the transports want none."""

    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(60)


@dataclass
class Night:
    """A sweep of three in one file; two were answered, one passed the partner's time."""

    acme: FileAcme
    run_id: UUID
    file_name: str
    isa13: str
    trace: str
    missing: UUID
    answered: UUID
    interchange: UUID
    delivery: UUID


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    server = SftpServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def night(transactional_db: None, sftp: SftpServer) -> Night:
    def make() -> Night:
        with payers.scripted_payer() as server:
            acme = FileAcme(server, sftp, name="Quietwater", response_sla=timedelta(hours=24))
        run, file = file_of_a_sweep(acme, sftp)
        *answered, missing = questions(file)
        leave(sftp, "answers_of_the_night.271", *(payers.answer(each) for each in answered))
        look(acme)
        with acme.inside():
            Transaction.objects.filter(state="sent").update(sent_at=timezone.now() - timedelta(hours=25))
        assert overdue.fail_overdue(acme.organization.pk) == 1
        services.follow_and_complete(acme.organization.pk, run.pk)
        with acme.inside():
            left = Transaction.objects.get(state="failed")
            assert left.trace_number == missing.trace
            return Night(
                acme,
                run.pk,
                file.name,
                file.read_text().split("*")[13],
                left.trace_number,
                left.pk,
                Transaction.objects.filter(state="answered").latest("pk").pk,
                Interchange.objects.get(direction="out").pk,
                InboundDelivery.objects.get().pk,
            )

    made: Night = apart(make)
    return made


def file_of_a_sweep(acme: FileAcme, sftp: SftpServer) -> tuple[SweepRun, Path]:
    for _ in range(3):
        acme.visit()
    run = acme.sweep()
    for _ in range(10):
        send()
        if sftp.files():
            break
    (file,) = sftp.files()
    return run, file


class Operator:
    """Presses keys and counts them; a number that is pasted is one press."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.pressed += len(keys)

    def paste(self, text: str) -> None:
        self.page.keyboard.insert_text(text)
        self.pressed += 1

    def goes_to(self, path: str, *keys: str) -> None:
        """The keys lead there."""
        self.press(*keys)
        self.page.wait_for_url(f"**{path}")


def sees_which_file_and_why(page: Page, night: Night) -> None:
    callout = page.locator("main .callout")
    expect(callout).to_contain_text("No answer within 24 h.")
    expect(callout).to_contain_text("Then ask again.")
    expect(callout.get_by_role("link")).to_have_text(night.file_name)
    expect(callout).to_contain_text(f"ISA13 {night.isa13}")


def asks_again(operator: Operator, night: Night) -> None:
    """On the page of the missing one: afterwards the new one is there, with the old one beside it."""
    page = operator.page
    operator.press("r")
    expect(page.get_by_label("Why?").first).to_be_focused()
    operator.paste("Quietwater lost it")
    operator.press("Enter")
    sees_the_new_one(page, night)


def sees_the_new_one(page: Page, night: Night) -> None:
    expect(page.locator(".notice")).to_contain_text("asked again, under a new trace number")
    with night.acme.inside():
        new = Transaction.objects.get(replays=night.missing)
    assert page.url.endswith(f"/transactions/{new.pk}/")
    page.get_by_text("Numbers for support").click()
    said = page.locator("details.support")
    expect(said).to_contain_text(new.trace_number)
    expect(said).to_contain_text(f"Asked before as {night.trace}")
    assert new.trace_number != night.trace
    page.get_by_role("link", name="A person had it asked again").click()
    page.wait_for_url(f"**/transactions/{night.missing}/")
    expect(page.get_by_role("link", name="Attempt 2")).to_have_attribute("href", f"/transactions/{new.pk}/")


def test_from_the_alert_to_the_file_and_the_question_asked_again(
    live_server: Any, context: BrowserContext, night: Night
) -> None:
    operator = Operator(sign_in(context, live_server.url, "sam"))
    page = operator.page
    expect(page.locator("header .count")).to_contain_text("1")
    operator.goes_to("/alerts/", "g", "a")
    operator.press("j")
    expect(page.locator("tr.case").first).to_contain_text("Quietwater left questions without an answer")
    operator.goes_to("/transactions/unanswered/", "o")
    row = page.locator("tr.case")
    expect(row).to_contain_text(night.file_name)
    expect(row).to_contain_text(night.isa13)
    operator.goes_to(f"/transactions/files/{night.interchange}/", "j", "Enter")
    expect(page.locator("main")).to_contain_text("answers_of_the_night.271")
    operator.goes_to(f"?interchange={night.interchange}&status=failed", "o")
    operator.goes_to(f"/transactions/{night.missing}/", "j", "Enter")
    sees_which_file_and_why(page, night)
    asks_again(operator, night)
    assert operator.pressed <= 15


def test_from_the_list_of_the_unanswered_the_whole_file_is_asked_again(
    live_server: Any, context: BrowserContext, night: Night
) -> None:
    operator = Operator(sign_in(context, live_server.url, "sam"))
    page = operator.page
    page.goto(f"{live_server.url}/transactions/unanswered/")
    operator.goes_to(f"/transactions/replay/?interchange={night.interchange}", "j", "r")
    expect(page.locator("h1")).to_have_text("Ask 1 question again")
    operator.press("r")
    operator.paste("Quietwater lost it")
    operator.press("Enter")
    sees_the_new_one(page, night)
    page.goto(f"{live_server.url}/transactions/unanswered/")
    expect(page.locator("main")).to_contain_text("Nothing is overdue")
    assert operator.pressed <= 5


def test_from_a_trace_number_in_a_letter(live_server: Any, context: BrowserContext, night: Night) -> None:
    operator = Operator(sign_in(context, live_server.url, "sam"))
    operator.goes_to("/transactions/", "g", "t")
    operator.press("/")
    operator.paste(night.trace)
    operator.goes_to(f"/transactions/{night.missing}/", "Enter")
    sees_which_file_and_why(operator.page, night)
    asks_again(operator, night)
    assert operator.pressed <= 8


def test_from_the_address_in_a_ticket(live_server: Any, context: BrowserContext, night: Night) -> None:
    operator = Operator(sign_in(context, live_server.url, "sam"))
    page = operator.page
    page.goto(f"{live_server.url}/transactions/?tx_type=270&correlation_id={night.run_id}&status=failed")
    expect(page.locator("tr.case")).to_have_count(1)
    expect(page.locator(".notice")).to_contain_text("2 answered, 1 failed")
    operator.goes_to(f"/transactions/{night.missing}/", "j", "Enter")
    sees_which_file_and_why(page, night)
    asks_again(operator, night)
    assert operator.pressed <= 5


def test_tab_alone_reaches_the_same(live_server: Any, context: BrowserContext, night: Night) -> None:
    """For who switched one-letter keys off: past the frame by its first link, then from field to field."""
    page = sign_in(context, live_server.url, "sam")
    page.goto(f"{live_server.url}/transactions/{night.missing}/")
    page.keyboard.press("?")
    page.get_by_label("Switch one-letter keys off").check()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.get_by_label("Why?").first).not_to_be_focused()
    page.goto(f"{live_server.url}/transactions/{night.missing}/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "reason":
            break
    page.keyboard.insert_text("Quietwater lost it")
    page.keyboard.press("Enter")
    sees_the_new_one(page, night)


def test_a_connection_is_paused_and_resumed(live_server: Any, context: BrowserContext, night: Night) -> None:
    page = sign_in(context, live_server.url, "sam")
    page.goto(f"{live_server.url}/trading-partners/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_label("Why pause?").fill("Their server moves tonight")
    page.keyboard.press("Enter")
    expect(page.locator(".callout").first).to_contain_text("Paused")
    expect(page.locator(".callout").first).to_contain_text("Their server moves tonight")
    page.goto(f"{live_server.url}/trading-partners/")
    expect(page.locator("tr.case").first).to_contain_text("Paused")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Resume sending").press("Enter")
    expect(page.get_by_role("button", name="Pause sending")).to_be_visible()


def test_a_new_connection_is_set_up_and_says_in_words_what_fails(
    live_server: Any, context: BrowserContext, night: Night, sftp: SftpServer
) -> None:
    page = sign_in(context, live_server.url, "sam")
    page.goto(f"{live_server.url}/trading-partners/")
    page.get_by_role("link", name="New connection").click()
    page.get_by_label("Another partner, files over SFTP").check()
    page.locator("[name=name]").fill("Stillwater")
    page.locator("[name=sender_id]").fill("ACME")
    page.locator("[name=trace_originator]").fill("9ACME00001")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("h1")).to_have_text("Stillwater")
    partner_id = page.url.rstrip("/").rsplit("/", 1)[-1].split("?")[0]
    given = {**sftp.settings, "username": "u", "password": "not the password"}
    given["host_keys"] = "\n".join(given["host_keys"])
    for name, value in given.items():
        page.locator(f"form[action$='/connection/'] [name={name}]").fill(str(value))
    page.get_by_role("button", name="Save and try out").click()
    expect(page.locator(".notice")).to_be_visible()
    assert "not the password" not in page.content()
    expect(page.locator("#test")).to_contain_text("a worker is reaching the partner")
    apart(lambda: trying.try_out(night.acme.organization.pk, UUID(partner_id)))
    expect(page.locator("#test")).to_contain_text("The partner refused our user name or key.")
    expect(page.locator("#test")).to_contain_text("Enter the credentials anew, then try it out.")
    expect(page.locator("#test")).to_contain_text("The computer answers")


def test_what_was_sent_is_read_for_a_reason_and_explained(
    live_server: Any, context: BrowserContext, night: Night
) -> None:
    page = sign_in(context, live_server.url, "sam")
    page.goto(f"{live_server.url}/transactions/{night.missing}/")
    raw = page.locator("#raw")
    raw.get_by_label("Why?").fill("Quietwater wants to see it")
    page.keyboard.press("Enter")
    segment = page.locator("ol.raw > li", has_text="TRN*1*")
    expect(segment.locator("dl")).not_to_be_visible()
    segment.focus()
    expect(segment.locator("dl")).to_be_visible()
    expect(segment.locator("dl")).to_contain_text(night.trace)


def addresses(night: Night) -> list[str]:
    with night.acme.inside():
        partner, payer = night.acme.partner.pk, night.acme.payer.pk
    return [
        "/transactions/",
        f"/transactions/?tx_type=270&correlation_id={night.run_id}&status=failed",
        "/transactions/?status=unmatched",
        "/transactions/unanswered/",
        "/transactions/decisions/",
        f"/transactions/{night.missing}/",
        f"/transactions/{night.answered}/",
        f"/transactions/files/{night.interchange}/",
        f"/transactions/deliveries/{night.delivery}/",
        f"/transactions/replay/?interchange={night.interchange}",
        "/events/",
        "/alerts/",
        f"/alerts/{alert_of(night)}/",
        "/alerts/?tab=resolved",
        "/alerts/channels/",
        "/trading-partners/",
        "/trading-partners/new/",
        *(
            f"/trading-partners/{partner}/?tab={tab}"
            for tab in ("connection", "identity", "payers", "enrolment", "history")
        ),
        "/payers/",
        f"/payers/{payer}/",
        "/payers/identities/",
    ]


def alert_of(night: Night) -> UUID:
    with night.acme.inside():
        return Alert.objects.get().pk


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    scheme: Any, width: int, live_server: Any, chromium: Browser, night: Night
) -> None:
    context = open_context(chromium, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = sign_in(context, live_server.url, "sam")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in addresses(night):
        page.goto(live_server.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)
        assert_accessible(page, path)
    context.close()
    assert said == []


def test_the_walk_needs_no_script(live_server: Any, chromium: Browser, night: Night) -> None:
    context = open_context(chromium, java_script_enabled=False)
    page = sign_in(context, live_server.url, "sam")
    page.get_by_role("link", name="Alerts").click()
    page.get_by_role("link", name="Quietwater left questions without an answer").click()
    page.get_by_role("link", name="Look at it").click()
    page.get_by_role("link", name=night.file_name).click()
    page.get_by_role("link", name="1 failed", exact=True).click()
    page.locator("tr.case a.name").click()
    sees_which_file_and_why(page, night)
    page.get_by_label("Why?").first.fill("Quietwater lost it")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".notice")).to_contain_text("asked again, under a new trace number")
    context.close()


@pytest.mark.parametrize("width", [1280, 320])
def test_a_transaction_never_scrolls_sideways(
    live_server: Any, context: BrowserContext, night: Night, width: int
) -> None:
    page = sign_in(context, live_server.url, "sam")
    page.set_viewport_size({"width": width, "height": 800})
    for key in (night.missing, night.answered):
        page.goto(f"{live_server.url}/transactions/{key}/")
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, (key, over)
