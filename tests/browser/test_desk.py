"""The desk in a real browser: by keyboard, on a telephone, in the dark, and without script."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from practice.models import Organization
from practice.tenancy import tenant
from sweeps.models import SweepRun, SweepRunMember
from tests.browser.conftest import Morning, open_context, sign_in

SCREENSHOTS = Path(settings.BASE_DIR) / "docs" / "screenshots"


def focused_name(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def rows(page: Page) -> int:
    return page.locator("tr.case").count()


def test_the_queue_is_worked_by_keyboard_alone(
    live_server: Any, context: BrowserContext, morning: Morning
) -> None:
    page = sign_in(context, live_server.url)
    assert rows(page) == 13
    page.keyboard.press("j")
    assert focused_name(page) == "Ngozi Okafor"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused_name(page) == "Maja Lindqvist"
    page.keyboard.press("Enter")
    expect(page.locator("dialog#panel h2")).to_have_text("Maja Lindqvist")
    expect(page.locator("dialog#panel h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#panel")).not_to_be_visible()
    assert focused_name(page) == "Maja Lindqvist"
    page.keyboard.press("d")
    expect(page.locator("dialog#panel input[type=radio]").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("tr.settled")).to_contain_text("Maja Lindqvist")
    expect(page.locator("dialog#panel")).not_to_be_visible()
    expect(page.locator("#toast")).to_contain_text("Marked as done.")
    assert focused_name(page) == "Bobby Ames"
    assert rows(page) == 12
    page.keyboard.press("u")
    expect(page.locator("tr.case")).to_have_count(13)


def test_check_again_by_key_shows_checking_in_place(
    live_server: Any, context: BrowserContext, morning: Morning
) -> None:
    page = sign_in(context, live_server.url)
    page.keyboard.press("j")
    page.keyboard.press("r")
    first = page.locator("tr.case").first
    expect(first.locator(".chip")).to_have_text("Checking")
    expect(page.locator("#toast")).to_contain_text("Asking the payer.")
    assert rows(page) == 13


def test_keys_can_be_switched_off_and_stay_off(
    live_server: Any, context: BrowserContext, morning: Morning
) -> None:
    page = sign_in(context, live_server.url)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.get_by_label("Switch one-letter keys off in this browser").check()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.get_by_role("button", name="Next row").click()
    assert focused_name(page) == "Ngozi Okafor"


def test_slash_goes_to_the_search(live_server: Any, context: BrowserContext, morning: Morning) -> None:
    page = sign_in(context, live_server.url)
    page.keyboard.press("/")
    page.wait_for_url("**/patients/")
    expect(page.get_by_label("MRN")).to_be_focused()
    page.keyboard.type("A-100")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Alice Ames")
    assert "A-100" not in page.url
    page.get_by_role("button", name="Show the whole member ID").click()
    expect(page.locator("[id^=member-]")).to_contain_text(morning.answered.subscriber_id)


def test_a_filter_applies_as_it_is_chosen(
    live_server: Any, context: BrowserContext, morning: Morning
) -> None:
    page = sign_in(context, live_server.url)
    page.locator("select[name=cause]").select_option("no_coverage")
    page.wait_for_url("**cause=no_coverage**")
    assert rows(page) == 2
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator("tr.case")).to_have_count(13)


def addresses(morning: Morning) -> list[str]:
    return [
        "/",
        "/?tab=cleared",
        "/?group=cause",
        "/patients/",
        f"/patients/{morning.answered.patient_id}/",
        "/eligibility/sweeps/",
        "/eligibility/sweeps/new/",
        f"/eligibility/sweeps/{morning.run.pk}/",
        f"/eligibility/sweeps/{morning.open_run.pk}/",
        f"/eligibility/sweeps/{morning.open_run.pk}/cancel/",
        "/eligibility/sweeps/schedules/new/",
        "/organization/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_never_scrolls_sideways_and_axe_finds_nothing(
    scheme: Any, live_server: Any, chromium: Browser, morning: Morning
) -> None:
    context = open_context(chromium, viewport={"width": 320, "height": 700}, color_scheme=scheme)
    page = sign_in(context, live_server.url)
    for path in addresses(morning):
        page.goto(live_server.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)
        assert_accessible(page, path)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_a_desk(
    scheme: Any, live_server: Any, chromium: Browser, morning: Morning
) -> None:
    context = open_context(chromium, color_scheme=scheme)
    page = sign_in(context, live_server.url)
    for path in addresses(morning):
        page.goto(live_server.url + path)
        assert_accessible(page, path)
    page.goto(live_server.url)
    page.keyboard.press("j")
    page.keyboard.press("d")
    expect(page.locator("dialog#panel h2")).to_be_visible()
    assert_accessible(page, "the panel")
    context.close()


def assert_accessible(page: Page, where: str) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"


def test_the_dark_is_dark(live_server: Any, chromium: Browser, morning: Morning) -> None:
    context = open_context(chromium, color_scheme="dark")
    page = sign_in(context, live_server.url)
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert max(red, green, blue) < 40
    context.close()


def test_everything_works_without_script(live_server: Any, chromium: Browser, morning: Morning) -> None:
    context = open_context(chromium, java_script_enabled=False)
    page = sign_in(context, live_server.url)
    assert rows(page) == 13
    page.locator("select[name=payer]").select_option(label="Sample Health (3)")
    page.get_by_role("button", name="Apply").click()
    assert rows(page) == 3
    page.get_by_role("link", name=re.compile("Done.*Maja Lindqvist")).click()
    page.get_by_label("Called the payer").check()
    page.get_by_label("Note").fill("Spoke to Kim, reference 4711")
    page.get_by_role("button", name="Mark as done").click()
    expect(page.locator(".notice")).to_contain_text("Marked as done.")
    assert rows(page) == 12
    page.get_by_role("button", name="Undo").click()
    assert rows(page) == 13
    page.goto(f"{live_server.url}/eligibility/sweeps/new/")
    page.get_by_role("button", name="Start sweep").click()
    expect(page.locator("h1")).to_contain_text("Sweep of")
    context.close()


def test_progress_moves_by_itself_and_says_little(
    live_server: Any, context: BrowserContext, morning: Morning, acme: Organization
) -> None:
    page = sign_in(context, live_server.url)
    page.goto(f"{live_server.url}/eligibility/sweeps/{morning.open_run.pk}/")
    expect(page.locator("#progress")).to_contain_text("33 of 47")
    with tenant(acme.pk):
        members = SweepRunMember.objects.filter(run=morning.open_run, state="queued")
        members.update(state="received", outcome="active")
        SweepRun.objects.filter(pk=morning.open_run.pk).update(state="completed", completed_at=timezone.now())
    expect(page.locator("#progress")).to_contain_text("47 of 47")
    expect(page.locator("#announcer")).to_have_text("100 percent done")
    expect(page.get_by_role("link", name="show the results")).to_be_visible()


def test_the_preview_follows_the_typing(live_server: Any, context: BrowserContext, morning: Morning) -> None:
    page = sign_in(context, live_server.url)
    page.goto(f"{live_server.url}/eligibility/sweeps/schedules/new/")
    page.get_by_role("link", name="Weekdays at 05:00").click()
    expect(page.locator("#preview")).to_contain_text("Monday through Friday")
    page.fill("#id_cron", "61 * * * *")
    expect(page.locator("#preview .error")).to_be_visible()


def test_no_page_breaks_the_content_policy_or_logs_an_error(
    live_server: Any, context: BrowserContext, morning: Morning
) -> None:
    page = sign_in(context, live_server.url)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in addresses(morning):
        page.goto(live_server.url + path)
    page.goto(live_server.url)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("dialog#panel h2")).to_be_visible()
    assert said == []


@pytest.mark.skipif(os.environ.get("SCREENSHOTS") != "1", reason="writes into docs/; set SCREENSHOTS=1")
def test_the_pictures_of_the_documentation(live_server: Any, chromium: Browser, morning: Morning) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = open_context(chromium, viewport={"width": 1280, "height": 860}, device_scale_factor=2)
    page = sign_in(context, live_server.url)
    page.screenshot(path=SCREENSHOTS / "desk.png")
    context.close()
