"""The time line of an incident to which the same happens again and again."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from support.control_room import Room, choose, opened
from support.guard_phone import until

PRESSES = 9


def test_the_same_again_and_again_is_told_once_and_whole_on_request_and_on_paper(room: Room) -> None:
    page = room.operator()
    car = room.car()
    room.rehearsal.press(car)
    incident_id = room.incident(car)["id"]
    for _ in range(PRESSES):
        room.rehearsal.press(car)
    until(
        lambda: (
            sum(event["kind"] == "press_joined" for event in room.detail(incident_id)["events"]) == PRESSES
        )
    )
    choose(page, incident_id)
    happened = opened(page, incident_id).locator("section[aria-labelledby=timeline] ol:not(.ahead)")
    presses = happened.get_by_text("対応中にボタンの短押し")
    expect(presses).to_have_count(1)
    folded = happened.get_by_role("button", name=f"この時刻まで同じことをさらに{PRESSES - 1}回")
    expect(folded).to_be_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(presses).to_have_count(PRESSES)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(presses).to_have_count(1)
    folded.click()
    expect(presses).to_have_count(PRESSES)
    expect(happened.get_by_role("button", name=re.compile("同じこと"))).to_have_count(0)
