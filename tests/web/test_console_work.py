"""An operator works at the console, against a whole stack: from the crash to the closed incident."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from support.control_room import Room, opened, row
from support.guard_phone import until

from cli.bench.crash import SEEN_AT, WATCH_ROWS

# What is promised is one second; a machine that also runs other tests takes longer.
_AT_THE_LATEST_S = 5.0


def test_a_crash_appears(room: Room) -> None:
    page = room.operator(script=WATCH_ROWS)
    car = room.car()
    told_s = room.rehearsal.strike(car)
    incident = room.incident(car)
    expect(row(page, incident["id"])).to_be_visible()
    took_s = until(lambda: page.evaluate(SEEN_AT, incident["id"])) / 1000 - told_s
    print(f"from the impact message to the row: {took_s:.3f} s")
    assert took_s < _AT_THE_LATEST_S
    expect(row(page, incident["id"])).to_contain_text("箱根町")
    expect(page.locator("[data-count=open]")).to_have_text("1")
    expect(page.locator("[data-count=untaken]")).to_have_text("1")


def line(page: Page, words: str) -> None:
    """A line of the time line; people and the carrier take their time."""
    expect(page.get_by_role("region", name="経過").get_by_text(words).last).to_be_visible(timeout=60_000)


def press(page: Page, name: str) -> None:
    """Press a button by its words, whatever key stands beside them."""
    page.get_by_role("button", name=re.compile(f"^{name}")).click()


def test_an_incident_is_worked_by_the_pointer_alone(room: Room) -> None:
    page = room.operator()
    press(page, "離席中")
    expect(page.get_by_role("button", name="受付中 1人")).to_be_visible()
    incident_id = room.incident(room.crash(answers=True))["id"]
    row(page, incident_id).click()
    view = opened(page, incident_id)
    line(page, "案件を開始")
    press(page, "引き受ける")
    line(page, "担当者 sato が引き受け")
    expect(row(page, incident_id)).to_contain_text("担当 sato")
    press(page, "運転者に電話")
    line(page, "担当者 sato が電話で引き受け")
    expect(view).to_contain_text("satoが通話中")
    line(page, "運転者の電話を会議通話に接続")
    line(page, "運転者への電話 (2回目) が終了: 通話終了")
    press(page, "隊を派遣")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("現場警備員")).click()
    for words in ("が受諾", "が出発", "が現場に到着"):
        line(page, words)
    expect(page.get_by_role("region", name="手配")).to_contain_text("現場到着")
    press(page, "終了する")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("事故")).click()
    line(page, "案件を終了: 事故")
    expect(row(page, incident_id)).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^引き受ける"))).to_be_disabled()
    happened = [
        event["kind"] for event in room.detail(incident_id)["events"] if event["actor"] == "operator:sato"
    ]
    assert happened == ["taken", "call_driver_wanted", "desk_answered", "dispatch_requested", "closed"]
