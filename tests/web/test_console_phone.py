"""The console on a phone: everything within reach of a thumb, nothing runs out of the screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from support.control_room import NARROW, Room, opened, press, row

_PHONE = {"viewport": NARROW, "has_touch": True, "is_mobile": True}


def sideways(page: Page) -> int:
    """By how many pixels the page could be scrolled to the side."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def page(room: Room) -> Page:
    return room.operator(**_PHONE)


def test_how_things_stand_and_the_menu_are_always_in_sight(room: Room, page: Page) -> None:
    for shown in (".connection", "[data-count=open]", "[data-count=untaken]", "[data-count=waiting]"):
        expect(page.locator(f"header {shown}")).to_be_in_viewport(ratio=1)
    press(page, "離席中")
    expect(page.get_by_role("button", name="受付中 1人")).to_be_visible()
    page.get_by_role("button", name="sato ▾").tap()
    press(page, "English")
    expect(page.get_by_role("button", name=re.compile("At the desk|On duty|there"))).to_be_visible()
    for name in ("Map", "Incidents"):
        page.get_by_role("navigation").get_by_role("link", name=name).tap()
        assert sideways(page) == 0
    page.get_by_role("button", name="sato ▾").tap()
    press(page, "Sign out")
    expect(page.get_by_label("User name")).to_be_visible()


def test_an_incident_is_opened_taken_and_left_by_touch(room: Room, page: Page) -> None:
    incident_id = room.incident(room.crash())["id"]
    row(page, incident_id).tap()
    expect(opened(page, incident_id)).to_be_visible()
    assert sideways(page) == 0
    take = page.get_by_role("button", name=re.compile("^引き受ける"))
    expect(take).to_be_in_viewport(ratio=1)
    expect(take.locator("kbd")).to_be_hidden()  # fingers have no keys
    take.tap()
    expect(page.locator("[data-count=untaken]")).to_have_text("0")
    assert room.detail(incident_id)["taken_by"] == "sato"
    page.get_by_role("navigation").get_by_role("link", name="案件").tap()
    expect(row(page, incident_id)).to_contain_text("担当 sato")
