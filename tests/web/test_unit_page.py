"""The units' page on a phone, against the real API: from the call-out to the report."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, BrowserContext, expect
from support.axe import violations
from support.backend import ADMIN
from support.guard_phone import (
    FIRST,
    GUARD,
    STAGES,
    accept,
    bearer,
    call_out,
    check,
    complete,
    dispatch,
    link,
    on_shift,
    photograph,
    reach,
    tap,
    until,
    works,
)
from support.served import Served


def test_a_call_out_tells_all_that_is_known(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    assert page.url == f"{served.address}/unit"  # the token is out of the address
    call_out(served)
    expect(page.get_by_text("現場の安全確保")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^[01]:\d\d$"))
    expect(page.get_by_text("35.23240, 139.10690")).to_be_visible()
    expect(page.get_by_text("現在地から直線で 3.3 km")).to_be_visible()
    expect(page.get_by_text("燃料の種類は不明です。電気自動車かもしれません。")).to_be_visible()
    assert violations(page) == []


def test_a_guard_works_from_the_call_out_to_the_report(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    accept(page)
    reach(served, incident_id, "accepted")
    page.evaluate(STAGES)
    navigate = page.get_by_role("link", name="地図で案内")
    expect(navigate).to_have_attribute("href", "geo:35.23240,139.10690?q=35.23240,139.10690")
    page.get_by_role("button", name="座標をコピー").click()
    assert page.evaluate("navigator.clipboard.readText()") == "35.23240,139.10690"
    assert violations(page) == []
    tap(page, "出発しました")
    reach(served, incident_id, "en_route")
    tap(page, "到着予定を変える")
    tap(page, "ほかの時間")
    page.get_by_label("到着までの分数").fill("25")
    page.get_by_role("dialog").get_by_role("button", name="到着予定を変える").click()
    tap(page, "現場に到着しました")
    reach(served, incident_id, "on_scene")
    assert violations(page) == []
    tap(page, "私は無事です")
    # What is open must be seen to, or there is a reason.
    tap(page, "安全を確保しました")
    expect(page.get_by_text("必須の確認が残っています")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for item in FIRST:
        check(page, item)
    check(page, "警察への届け出", "不要")
    page.get_by_role("button", name="警察への届け出のメモ").click()
    page.get_by_role("textbox", name="警察への届け出のメモ").fill("運転者が届け出済み")
    tap(page, "メモを保存")
    photograph(page)
    expect(page.get_by_text("1 / 10枚")).to_be_visible()
    until(lambda: dispatch(served, incident_id)["photos"])
    tap(page, "安全を確保しました")
    reach(served, incident_id, "secured")
    # It never steps back, not for a moment: what a guard is typing would be gone.
    assert page.evaluate("window.stages") == ["受諾", "移動中", "現場", "安全確保"]
    complete(page, "けが人なし。車両を路肩に移動。")
    expect(page.get_by_text("依頼を待っています")).to_be_visible()
    done = reach(served, incident_id, "completed")
    assert done["report"] == "けが人なし。車両を路肩に移動。"
    notes = {entry["item"]: (entry["state"], entry["note"]) for entry in done["checklist"]}
    assert notes["police"] == ("not_needed", "運転者が届け出済み")
    assert notes["people_safe"] == ("done", "")
    expect(page.get_by_text("未送信")).to_have_count(0)
    expect(page.get_by_text("取り消されたか")).to_have_count(0)


def test_a_photo_is_shrunk(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    accept(page)
    tap(page, "出発しました")
    tap(page, "現場に到着しました")
    photograph(page)
    (kept,) = until(lambda: dispatch(served, incident_id)["photos"])
    jpeg = served.client.get(f"/v1/photos/{kept['id']}", headers=ADMIN).content
    assert jpeg.startswith(b"\xff\xd8\xff")
    size = page.evaluate(
        """async (bytes) => {
          const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/jpeg" }));
          return [picture.width, picture.height];
        }""",
        list(jpeg),
    )
    assert size == [1600, 600]


def test_work_that_is_called_off_is_told(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    accept(page)
    reach(served, incident_id, "accepted")
    served.delete(f"/v1/incidents/{incident_id}/dispatches/guard")
    expect(page.get_by_text("出動は不要です")).to_be_visible()
    assert violations(page) == []
    tap(page, "確認しました")
    expect(page.get_by_text("出動は不要です")).to_have_count(0)


def test_declining_asks_the_next_with_the_reason(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    expect(page.get_by_role("alert").filter(has_text="出動の依頼")).to_be_visible()
    tap(page, "辞退する")
    assert violations(page) == []
    tap(page, "車両に問題があります")
    expect(page.get_by_text("依頼を待っています")).to_be_visible()
    found = until(
        lambda: served.sql(
            "SELECT o.reason FROM dispatch_offers o JOIN dispatches d ON d.id = o.dispatch_id "
            "WHERE d.incident_id = %s AND o.state = 'declined'",
            incident_id,
        )
    )
    assert found == [{"reason": "車両に問題があります"}]
    expect(page.get_by_text("この依頼は終了しました")).to_have_count(0)


def test_a_guard_is_asked_whether_all_is_well(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    call_out(served)
    accept(page)
    tap(page, "出発しました")
    tap(page, "現場に到着しました")
    expect(page.get_by_text("ときどき無事を確認します")).to_be_visible()
    until(lambda: served.sql("SELECT 1 FROM dispatches WHERE state = 'on_scene'"))
    served.sql("UPDATE dispatches SET reminder = 'confirm_safe', reminder_at = now()")
    expect(page.get_by_text("無事ですか")).to_be_visible()
    assert violations(page) == []
    tap(page, "私は無事です")
    expect(page.get_by_text("無事ですか")).to_have_count(0)
    until(lambda: served.sql("SELECT 1 FROM dispatches WHERE reminder IS NULL"))


def test_without_a_position_a_shift_starts_at_the_base(served: Served, browser: Browser) -> None:
    served.unit(GUARD)
    served.put("/v1/unit/position", {"lat_deg": 35.2, "lon_deg": 139.1, "on_shift": False}, bearer(served))
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP", permissions=[])
    page = context.new_page()
    page.goto(link(served))
    tap(page, "勤務を始める")
    expect(page.get_by_text("位置情報の利用が許可されていません")).to_be_visible()
    assert violations(page) == []
    tap(page, "拠点にいるものとして始める")
    until(lambda: works(served))
    tap(page, "勤務を終える")
    until(lambda: not works(served))
    context.close()


def test_the_phone_is_known_by_its_link_and_can_leave(served: Served, phone: BrowserContext) -> None:
    served.unit(GUARD)
    page = phone.new_page()
    page.goto(f"{served.address}/unit")
    expect(page.get_by_text("専用リンクが必要です")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("リンクを貼り付ける").fill(f"{served.address}/unit#token=nonsense")
    tap(page, "開く")
    expect(page.get_by_text("このリンクは無効になっています")).to_be_visible()
    page.get_by_label("リンクを貼り付ける").fill(link(served))
    tap(page, "開く")
    expect(page.get_by_role("heading", name=f"隊 {GUARD}")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=f"隊 {GUARD}")).to_be_visible()
    tap(page, "設定を開く")
    assert violations(page) == []
    tap(page, "English")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    tap(page, "Light screen")
    page.keyboard.press("Escape")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert violations(page) == []
    tap(page, "Open settings")
    tap(page, "Stop using this phone")
    tap(page, "Remove and leave")
    expect(page.get_by_text("You need your own link")).to_be_visible()
    assert "token" not in str(page.evaluate("JSON.stringify(localStorage)"))


def test_the_keyboard_is_enough(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    expect(page.get_by_role("timer")).to_be_visible()

    def press(name: str) -> None:
        wanted = page.get_by_role("button", name=name, exact=True)
        for _ in range(30):
            page.keyboard.press("Tab")
            if wanted.evaluate("(button) => button === document.activeElement"):
                break
        page.keyboard.press("Enter")

    press("10分")
    press("この時間で受ける")
    expect(page.get_by_role("button", name="出発しました")).to_be_visible()
    press("出発しました")
    press("現場に到着しました")
    reach(served, incident_id, "on_scene")
