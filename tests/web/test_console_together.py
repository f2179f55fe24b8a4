"""Several people at the console: two operators on one incident, what each role may do."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from support.control_room import Room, choose, line, press, row, said


def test_two_operators_on_one_incident_see_each_other(room: Room) -> None:
    sato, mori = room.operator("sato"), room.operator("mori")
    incident_id = room.incident(room.crash())["id"]
    choose(sato, incident_id)
    choose(mori, incident_id)
    expect(mori.get_by_text("閲覧中: sato")).to_be_visible()
    expect(sato.get_by_text("閲覧中: mori")).to_be_visible()
    press(sato, "引き受ける")
    expect(row(mori, incident_id)).to_contain_text("担当 sato")
    line(mori, "担当者 sato が引き受け")
    sato.get_by_role("button", name="sato ▾").click()
    press(sato, "サインアウト")
    expect(mori.get_by_text("閲覧中")).to_have_count(0)


def test_what_was_asked_for_on_an_old_picture_is_refused_with_what_changed(room: Room) -> None:
    sato, mori = room.operator("sato"), room.operator("mori", language="en")
    incident_id = room.incident(room.crash())["id"]
    choose(sato, incident_id)
    choose(mori, incident_id)
    line(mori, "Call 1 to the driver rings")
    # What happens from now on does not reach the one screen.
    mori.route("**/v1/stream**", lambda route: route.abort())
    mori.route(f"**/v1/incidents/{incident_id}", lambda route: route.abort())
    press(sato, "引き受ける")
    line(sato, "担当者 sato が引き受け")
    press(mori, "Close")
    mori.get_by_role("dialog").get_by_role("button", name=re.compile("Pressed by mistake")).click()
    expect(said(mori, "Things have changed: Taken by operator sato")).to_be_visible()
    assert room.detail(incident_id)["phase"] != "closed"
    mori.unroute("**/v1/stream**")
    mori.unroute(f"**/v1/incidents/{incident_id}")
    line(mori, "Taken by operator sato")
    press(mori, "Close")
    mori.get_by_role("dialog").get_by_role("button", name=re.compile("Pressed by mistake")).click()
    line(sato, "案件を終了")
    expect(row(sato, incident_id)).to_have_count(0)


def test_an_auditor_reads_and_does_nothing(room: Room) -> None:
    refused: list[str] = []
    page = room.window()
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    page.on("request", lambda sent: refused.append(sent.url) if sent.method in {"PUT", "DELETE"} else None)
    page.get_by_label("ユーザー名").fill("ueda")
    page.get_by_label("パスワード").fill(room.rehearsal.passwords["ueda"])
    press(page, "サインイン")
    incident_id = room.incident(room.crash())["id"]
    choose(page, incident_id)
    expect(page.get_by_text("閲覧のみ: この役割では操作できません")).to_be_visible()
    buttons = page.locator("main footer button")
    for number in range(6):
        expect(buttons.nth(number)).to_be_disabled()
    for key in "tcfgaxh":
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("textbox", name="お客様へのメッセージ")).to_have_count(0)
    expect(page.get_by_role("textbox", name="メモを追加")).to_have_count(0)
    expect(page.get_by_text("この役割では表示できません")).to_be_visible()  # of injuries
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("button", name="印刷")).to_be_visible()
    assert room.detail(incident_id)["taken_by"] is None
    assert refused == []
