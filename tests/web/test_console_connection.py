"""The console while the API is killed and comes back, and when the session ends or the screen is locked."""

from __future__ import annotations

import time

import psycopg
from playwright.sync_api import Page, expect
from support.control_room import Room, choose, line, opened, press, row, said
from support.guard_phone import until

_NO_DOUBLES = """
window.doubled = [];
new MutationObserver(() => {
  const ids = [...document.querySelectorAll(".queue [data-id]")].map((row) => row.dataset.id);
  if (new Set(ids).size < ids.length) window.doubled.push(ids);
}).observe(document, { subtree: true, childList: true });
"""


def shown(page: Page) -> list[str]:
    return page.eval_on_selector_all(".queue [data-id]", "(rows) => rows.map((row) => row.dataset.id).sort()")


def lines(page: Page) -> list[str]:
    """The time line's moments of what happened."""
    found = "[data-incident] section[aria-labelledby=timeline] ol:not(.ahead) time"
    return page.eval_on_selector_all(found, "(times) => times.map((time) => time.dateTime)")


def test_the_api_is_killed_and_nothing_is_missing_or_doubled(room: Room) -> None:
    page = room.operator(script=_NO_DOUBLES)
    incident_id = room.incident(room.crash())["id"]
    choose(page, incident_id)
    line(page, "運転者の電話を呼び出し中 (1回目)")
    killed_s = time.monotonic()
    room.rehearsal.kill("api")
    expect(page.get_by_text("接続が切れています")).to_be_visible(timeout=10_000)
    print(f"from the kill to the words that the connection is lost: {time.monotonic() - killed_s:.2f} s")
    expect(page.get_by_role("status").filter(has_text="前の状態です")).to_be_visible()
    assert shown(page) == [incident_id]
    cars = [room.crash() for _ in range(3)]
    page.keyboard.press("t")
    expect(said(page, "サーバーに接続できません。実行されたかどうか確認してください。")).to_be_visible()
    expect(page.get_by_text("接続が切れています")).to_have_count(0, timeout=60_000)
    ids = sorted([incident_id, *(room.incident(car)["id"] for car in cars)])
    until(lambda: shown(page) == ids)
    press(page, "引き受ける")
    line(page, "担当者 sato が引き受け")
    # The calls went on; all of it is there, each once, as the record has it.
    until(lambda: lines(page) == [event["at"] for event in room.detail(incident_id)["events"]])
    assert page.evaluate("window.doubled") == []
    expect(page.locator("[data-count=open]")).to_have_text("4")


def test_a_session_that_ended_leads_back_to_the_same_incident(room: Room) -> None:
    page = room.operator()
    incident_id = room.incident(room.crash())["id"]
    choose(page, incident_id)
    with psycopg.connect(room.rehearsal.settings.database_url.get_secret_value()) as conn:
        conn.execute("DELETE FROM staff_sessions")
    expect(page.get_by_text("セッションが終了しました。もう一度サインインしてください。")).to_be_visible(
        timeout=30_000
    )
    expect(row(page, incident_id)).to_have_count(0)
    page.get_by_label("ユーザー名").fill("sato")
    page.get_by_label("パスワード").fill(room.rehearsal.passwords["sato"])
    press(page, "サインイン")
    expect(opened(page, incident_id)).to_be_visible()
    expect(row(page, incident_id)).to_be_visible()


def test_a_locked_screen_shows_what_comes_and_lets_nothing_be_done(room: Room) -> None:
    page = room.operator()
    first = room.incident(room.crash())["id"]
    choose(page, first)
    page.keyboard.press("l")
    lock = page.get_by_role("form", name="画面はロックされています")
    expect(lock).to_be_visible()
    second = room.incident(room.crash())["id"]
    expect(row(page, second)).to_be_visible()
    press(page, "引き受ける")
    page.wait_for_timeout(500)
    assert room.detail(first)["taken_by"] is None
    page.reload()
    expect(lock).to_be_visible()
    expect(row(page, second)).to_be_visible()
    lock.get_by_label("パスワード").fill("not the password")
    page.keyboard.press("Enter")
    expect(lock.get_by_role("alert")).to_have_text("パスワードが正しくありません。")
    lock.get_by_label("パスワード").fill(room.rehearsal.passwords["sato"])
    page.keyboard.press("Enter")
    expect(lock).to_have_count(0)
    expect(opened(page, first)).to_be_visible()
    press(page, "引き受ける")
    line(page, "担当者 sato が引き受け")


def test_a_part_that_cannot_be_drawn_leaves_the_others(room: Room) -> None:
    page = room.operator()
    incident_id = room.incident(room.crash())["id"]
    detail = f"**/v1/incidents/{incident_id}"
    page.route(detail, lambda route: route.fulfill(json=room.detail(incident_id) | {"events": None}))
    row(page, incident_id).click()
    page.mouse.move(700, 60)
    broken = page.get_by_role("alert").filter(has_text="この部分を表示できません。")
    expect(broken.first).to_be_visible()
    second = room.incident(room.crash())["id"]
    choose(page, second)
    expect(broken).to_have_count(0)
    page.unroute(detail)
    choose(page, incident_id)
    press(page, "引き受ける")
    line(page, "担当者 sato が引き受け")
