"""What an operator orders of the plan, takes back, and merges, with keys and with the pointer."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.backend import PASSWORD, POLICY, until
from support.served import Served

from incident.wording import JAPAN_TIME
from schemas.impact import Severity

# A folder for pictures of each state, where somebody wants to look at them.
PICTURES = os.environ.get("PICTURES")
OTHER = {
    **POLICY,
    "id": "P-0002",
    "vehicles": [{"plate": "横浜 500 う 77-88", "model": "Fit", "colour": "赤"}],
}


@pytest.fixture(params=["ja-dark", "en-light"] if PICTURES else ["ja-dark"])
def desk(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Generator[Page]:
    """An operator who has signed in, in front of a screen of 1440 by 900."""
    language, theme = request.param.split("-")
    served.staff("akiko", "operator")
    context = browser.new_context(
        base_url=served.address, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    context.add_init_script(
        f"localStorage.setItem('cbutton.language', '{language}');localStorage.setItem('cbutton.theme', '{theme}')"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto("/console")
    page.locator("input[autocomplete=username]").fill("akiko")
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("footer button").first).to_be_visible()
    yield page
    context.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        language = page.evaluate("document.documentElement.lang")
        page.wait_for_timeout(300)
        page.screenshot(path=str(Path(PICTURES) / f"{name}-{language}.png"))


def open_incident(page: Page, incident_id: Any) -> None:
    page.goto(f"/console/incidents/{incident_id}")
    expect(page.locator(f"article[data-incident='{incident_id}']")).to_be_visible()


def test_the_plan_waits_and_goes_on(desk: Page, served: Served) -> None:
    served.insure()
    incident_id = served.report()
    open_incident(desk, incident_id)
    desk.keyboard.press("p")
    sheet = desk.locator("dialog[open]")
    expect(sheet).to_be_visible()
    desk.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    assert served.get(f"/v1/incidents/{incident_id}")["pause"] is None
    desk.keyboard.press("p")
    desk.keyboard.type("警察官が運転者と話している")
    picture(desk, "pause-sheet")
    desk.keyboard.press("Enter")
    band = desk.locator(".pause")
    expect(band).to_contain_text("警察官が運転者と話している")
    expect(band).to_contain_text(re.compile(r"4:\d\d"))
    picture(desk, "paused")
    desk.keyboard.press("r")
    expect(band).to_have_count(0)


def test_an_order_that_is_refused_says_why_in_japanese(desk: Page, served: Served) -> None:
    served.insure()
    incident_id = served.report()
    pause = served.post(
        f"/v1/incidents/{incident_id}/pause", {"reason": "警察官が現場に到着", "minutes": 10}
    )["pause"]
    open_incident(desk, incident_id)
    expect(desk.locator(".pause")).to_be_visible()  # nothing has changed that is not seen
    desk.keyboard.press("p")
    desk.keyboard.type("運転者と通話中")
    desk.keyboard.press("Enter")
    until_clock = datetime.fromisoformat(pause["until"]).astimezone(JAPAN_TIME).strftime("%H:%M")
    expect(
        desk.get_by_text(f"状況が変わっています: 担当者 sato が {until_clock} まで一時停止しています")
    ).to_be_visible()


def test_a_planned_step_now_and_one_not_at_all(desk: Page, served: Served) -> None:
    served.insure()
    incident_id = served.report()
    open_incident(desk, incident_id)
    ahead = desk.locator(".ahead li")
    contact = ahead.filter(has_text=re.compile("緊急連絡先|contact"))
    contact.locator("button").first.click()
    expect(contact).to_have_count(0)
    assert "step_now" in [event["kind"] for event in served.get(f"/v1/incidents/{incident_id}")["events"]]
    call = ahead.filter(has_text=re.compile("運転者|driver"))
    call.locator("button").last.click()
    picture(desk, "call-off-sheet")
    desk.locator("dialog[open] ul button").first.click()
    desk.locator("dialog[open] button.main").click()
    expect(call).to_have_count(0)


def test_what_was_done_last_is_undone_with_one_key(desk: Page, served: Served) -> None:
    served.insure()
    incident_id = served.report()
    open_incident(desk, incident_id)
    path = f"/v1/incidents/{incident_id}"
    notice = desk.locator("button[aria-keyshortcuts=z]")
    desk.keyboard.press("t")
    expect(notice).to_be_visible()
    picture(desk, "undo")
    desk.keyboard.press("z")
    expect(notice).to_have_count(0)
    expect(desk.locator("article header")).to_contain_text(re.compile("担当なし|nobody", re.IGNORECASE))
    until(lambda: served.get(path)["taken_by"] is None)
    desk.keyboard.press("f")
    expect(notice).to_be_visible()
    desk.keyboard.press("z")
    until(lambda: served.get(path)["answer"] is None)
    expect(desk.locator(".answer")).to_have_count(0)
    desk.keyboard.press("x")
    desk.keyboard.press("1")
    expect(notice).to_be_visible()
    assert served.get(path)["phase"] == "closed"
    expect(desk.locator("button[aria-keyshortcuts=x]")).to_be_disabled()
    desk.keyboard.press("z")
    expect(desk.locator("button[aria-keyshortcuts=x]")).to_be_enabled()
    until(lambda: served.get(path)["phase"] == "reaching")
    desk.keyboard.press("t")
    expect(notice).to_be_visible()
    desk.keyboard.press("u")
    expect(desk.locator("article header")).to_contain_text(re.compile("担当なし|nobody", re.IGNORECASE))


def test_two_incidents_are_merged_by_the_palette(desk: Page, served: Served) -> None:
    served.insure()
    served.insure("car-0002", OTHER)
    grave, light = served.report(), served.report("car-0002", Severity.LIGHT)
    open_incident(desk, light)
    desk.keyboard.press("Control+k")
    english = desk.evaluate("document.documentElement.lang") == "en"
    desk.locator("dialog[open] input").fill("merge" if english else "統合")
    desk.keyboard.press("Enter")
    expect(desk.locator("dialog[open] li button")).to_have_count(1)
    picture(desk, "merge-sheet")
    desk.keyboard.press("Enter")
    picture(desk, "merge-reason")
    desk.locator("dialog[open] ul button").first.click()
    desk.locator("dialog[open] button.main").click()
    expect(desk.locator("article header button")).to_be_visible()
    picture(desk, "merged")
    assert served.get(f"/v1/incidents/{light}")["merged_into"] == str(grave)
    desk.locator("article header button").click()
    expect(desk.locator(f"article[data-incident='{grave}']")).to_be_visible()
