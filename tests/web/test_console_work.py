"""An operator works at the console, against a whole stack: from the crash to the closed incident."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from support.control_room import Room, choose, line, opened, press, row
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


def test_an_incident_is_worked_by_the_pointer_alone(room: Room) -> None:
    page = room.operator()
    press(page, "離席中")
    expect(page.get_by_role("button", name="受付中 1人")).to_be_visible()
    incident_id = room.incident(room.crash(answers=True))["id"]
    choose(page, incident_id)
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


def focus(page: Page, wanted: str) -> None:
    """Go to something by Tab alone."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(css) => document.activeElement.matches(css)", wanted):
            return
    raise AssertionError(f"Tab never came to {wanted}")


def in_dialog(page: Page, name: str) -> None:
    """A dialog is open, and Tab does not lead out of it."""
    expect(page.get_by_role("dialog", name=name)).to_be_visible()
    for turn in range(60):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "document.activeElement.closest('dialog') ? 'in' : document.activeElement.tagName"
        )
        assert where in {"in", "BODY"}, where  # in between is the browser itself
        if turn > 20 and where == "in":
            return
    raise AssertionError("the focus never came back into the dialog")


def has_focus(page: Page, wanted: str) -> None:
    page.wait_for_function("(css) => document.activeElement.matches(css)", arg=wanted)


def at_the_desk_by_keys(room: Room) -> Page:
    """Somebody signs in and comes to the desk without ever touching a pointer."""
    page = room.window()
    focus(page, "input[autocomplete=username]")
    page.keyboard.type("sato")
    page.keyboard.press("Tab")
    page.keyboard.type(room.rehearsal.passwords["sato"])
    page.keyboard.press("Enter")
    expect(page.locator("[data-count=open]")).to_have_text("0")
    expect(page.locator("button.desk")).to_be_enabled()
    if page.locator("button.desk").get_attribute("aria-pressed") == "false":
        focus(page, "button.desk")
        page.keyboard.press("Enter")
    expect(page.locator("button.desk")).to_have_attribute("aria-pressed", "true")
    return page


def test_an_incident_is_worked_by_the_keyboard_alone(room: Room) -> None:
    page = at_the_desk_by_keys(room)
    page.keyboard.press("?")
    in_dialog(page, "キー操作")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    incident_id = room.incident(room.crash(answers=True))["id"]
    expect(row(page, incident_id)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("箱根")
    page.keyboard.press("Escape")
    focus(page, f'[data-id="{incident_id}"]')
    page.keyboard.press("Enter")
    expect(opened(page, incident_id)).to_be_visible()
    page.keyboard.press("t")
    line(page, "担当者 sato が引き受け")
    page.keyboard.press("c")
    line(page, "運転者の電話を会議通話に接続")
    page.keyboard.press("a")
    in_dialog(page, "救急要請")
    page.keyboard.press("1")
    line(page, "担当者 sato が消防に救急車を要請")
    has_focus(page, f'[data-id="{incident_id}"]')
    page.keyboard.press("g")
    in_dialog(page, "何を送りますか")
    page.keyboard.press("1")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="コマンドを探す")).to_be_visible()
    page.keyboard.type("助けが必要")
    page.keyboard.press("Enter")
    line(page, "運転者の回答: 助けが必要")
    line(page, "が現場に到着")
    focus(page, "section[aria-labelledby=timeline] form input")
    page.keyboard.type("追突。運転者は首に痛み。")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="経過")).to_contain_text("追突。運転者は首に痛み。")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    in_dialog(page, "結果を選んでください")
    page.keyboard.press("1")
    line(page, "案件を終了: 事故")
    expect(row(page, incident_id)).to_have_count(0)
