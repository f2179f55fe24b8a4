"""The units' page on a phone, against the real API: the whole work, also through a dead spot."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Generator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Geolocation, Page, Route, expect
from support.axe import violations
from support.backend import ADMIN, SCENE
from support.served import Served

GUARD = "guard-1"
_NEAR: Geolocation = {"latitude": SCENE.lat_deg + 0.03, "longitude": SCENE.lon_deg}
FIRST = ("人の安全", "三角表示板とハザードランプ", "二次事故の防止")
_PICTURE = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = 3200; canvas.height = 1200;
  const brush = canvas.getContext("2d");
  for (let n = 0; n < 400; n++) {
    brush.fillStyle = `hsl(${(n * 37) % 360} 80% 50%)`;
    brush.fillRect((n * 61) % 3200, (n * 97) % 1200, 160, 90);
  }
  return canvas.toDataURL("image/png");
}"""


_STAGES = """() => {
  window.stages = [];
  const look = () => {
    const stage = document.querySelector("[aria-current]")?.textContent ?? "";
    if (stage && window.stages.at(-1) !== stage) window.stages.push(stage);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  look();
}"""


def until(happened: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for something without keeping the API busy by asking; what it was."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


@pytest.fixture
def phone(browser: Browser) -> Generator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        geolocation=_NEAR,
        permissions=["geolocation", "clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


def link(served: Served) -> str:
    """What the administration sends a unit."""
    token = served.post(f"/v1/units/{GUARD}/token", headers=ADMIN)["token"]
    return f"{served.address}/unit#token={token}"


def on_shift(served: Served, phone: BrowserContext) -> Page:
    """A unit that works, at the page that waits for a call-out."""
    served.insure()
    served.unit(GUARD)
    served.put("/v1/unit/position", {"lat_deg": 35.2, "lon_deg": 139.1, "on_shift": False}, bearer(served))
    page = phone.new_page()
    page.goto(link(served))
    tap(page, "勤務を始める")
    expect(page.get_by_text("依頼を待っています")).to_be_visible()
    until(lambda: works(served))
    return page


def bearer(served: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.post(f'/v1/units/{GUARD}/token', headers=ADMIN)['token']}"}


def works(served: Served) -> bool:
    """Whether the API has heard that it is on shift."""
    return served.get("/v1/unit", bearer(served))["unit"]["on_shift"]


def call_out(served: Served) -> UUID:
    incident_id = served.report()
    served.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    return incident_id


def dispatch(served: Served, incident_id: UUID) -> dict[str, Any]:
    (only,) = served.get(f"/v1/incidents/{incident_id}")["dispatches"]
    return only


def reach(served: Served, incident_id: UUID, state: str) -> dict[str, Any]:
    until(lambda: dispatch(served, incident_id)["state"] == state)
    return dispatch(served, incident_id)


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def check(page: Page, item: str, state: str = "実施") -> None:
    button = page.get_by_role("group", name=item, exact=True).get_by_role("button", name=state)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def accept(page: Page) -> None:
    expect(page.get_by_role("alert").filter(has_text="出動の依頼")).to_be_visible()
    tap(page, "15分")
    tap(page, "この時間で受ける")
    expect(page.get_by_role("button", name="出発しました")).to_be_visible()


def photograph(page: Page) -> None:
    picture = str(page.evaluate(_PICTURE)).partition(",")[2]
    page.locator("input[type=file]").set_input_files(
        {"name": "scene.png", "mimeType": "image/png", "buffer": base64.b64decode(picture)}
    )


def complete(page: Page, report: str) -> None:
    tap(page, "報告して完了")
    page.get_by_role("textbox", name="報告").fill(report)
    tap(page, "完了を報告する")


def kinds(served: Served, incident_id: UUID) -> list[str]:
    """What the unit reported, in the order in which it came."""
    events = served.get(f"/v1/incidents/{incident_id}/events")["events"]
    return [
        event["kind"] + ":" + event["data"]["item"] if event["kind"] == "scene_checked" else event["kind"]
        for event in events
        if event["actor"] == f"unit:{GUARD}"
    ]


def unchecked(served: Served) -> str | None:
    """Why a scene was secured with some of the checklist open."""
    (only,) = served.sql("SELECT unchecked_reason FROM dispatches")
    return only["unchecked_reason"]


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
    page.evaluate(_STAGES)
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


def test_what_is_said_in_a_dead_spot_is_sent_later_in_order_and_once(
    served: Served, phone: BrowserContext
) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    accept(page)
    reach(served, incident_id, "accepted")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    served.stop()
    tap(page, "出発しました")
    expect(page.get_by_text("未送信 1件")).to_be_visible()
    tap(page, "現場に到着しました")
    expect(page.get_by_text("圏外", exact=False).first).to_be_visible()
    for item in FIRST:
        check(page, item)
    photograph(page)
    expect(page.get_by_text("未送信 6件")).to_be_visible()
    assert violations(page) == []
    # The page itself comes from the phone, and so does all that was said.
    page.reload()
    expect(page.get_by_text("未送信 6件")).to_be_visible()
    expect(page.get_by_role("group", name="人の安全").get_by_role("button", name="実施")).to_have_attribute(
        "aria-pressed", "true"
    )
    tap(page, "安全を確保しました")
    # A killed tab.
    page.close()
    page = phone.new_page()
    page.goto(f"{served.address}/unit")
    complete(page, "二次事故なし。")
    expect(page.get_by_text("未送信 8件")).to_be_visible()
    served.start()
    done = reach(served, incident_id, "completed")
    expect(page.locator("[data-unsent]")).to_have_count(0)
    # A photo goes beside the reports that come after it, and before the last.
    told = kinds(served, incident_id)
    assert 5 < told.index("photo_added") < len(told) - 1
    assert [kind for kind in told if kind != "photo_added"] == [
        "dispatch_accepted",
        "dispatch_en_route",
        "dispatch_on_scene",
        "scene_checked:people_safe",
        "scene_checked:triangle_and_hazard_lights",
        "scene_checked:secondary_accident_prevention",
        "dispatch_secured",
        "dispatch_completed",
    ]
    assert done["report"] == "二次事故なし。"
    assert len(done["photos"]) == 1
    expect(page.get_by_text("依頼を待っています")).to_be_visible()
    expect(page.get_by_text("受け付けられなかった")).to_have_count(0)
    expect(page.get_by_text("取り消されたか")).to_have_count(0)


def test_a_report_whose_answer_was_lost_is_not_doubled(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    lost: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.url in lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.fetch()
        route.abort("connectionreset")

    page.route(re.compile(r"/v1/unit/dispatches/"), lose_the_answer)
    accept(page)
    tap(page, "出発しました")
    tap(page, "現場に到着しました")
    photograph(page)
    tap(page, "安全を確保しました")
    page.get_by_label("残っている理由").fill("車が見当たりません")
    tap(page, "理由を付けて報告")
    complete(page, "完了。")
    expect(page.get_by_text("依頼を待っています")).to_be_visible()
    # Waited for here: while this thread sleeps, nobody loses answers.
    expect(page.locator("[data-unsent]")).to_have_count(0, timeout=60_000)
    done = dispatch(served, incident_id)
    assert done["state"] == "completed"
    assert len(lost) == 6
    assert unchecked(served) == "車が見当たりません"
    assert len(done["photos"]) == 1
    told = kinds(served, incident_id)
    assert len(told) == len(set(told)), told
    expect(page.get_by_text("取り消されたか")).to_have_count(0)
    expect(page.get_by_text("受け付けられなかった")).to_have_count(0)


def test_what_was_held_back_says_when_it_was_meant(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    accept(page)
    reach(served, incident_id, "accepted")
    served.stop()
    tap(page, "出発しました")
    tap(page, "現場に到着しました")
    for item in FIRST:
        check(page, item)
    said_at = page.evaluate(
        """async () => {
          const database = await new Promise((done) => {
            const opening = indexedDB.open("cbutton.unit");
            opening.onsuccess = () => done(opening.result);
          });
          const store = database.transaction("outbox", "readwrite").objectStore("outbox");
          const read = store.getAll();
          const entries = await new Promise((done) => (read.onsuccess = () => done(read.result)));
          for (const entry of entries) store.put({ ...entry, said_at: entry.said_at - 600_000 });
          await new Promise((done) => (store.transaction.oncomplete = done));
          database.close();
          return entries.map(({ said_at }) => new Date(said_at - 600_000).toTimeString().slice(0, 5));
        }"""
    )
    served.start()
    reach(served, incident_id, "on_scene")
    tap(page, "安全を確保しました")
    reach(served, incident_id, "secured")
    complete(page, "けが人なし。")
    done = reach(served, incident_id, "completed")
    setting_off, arriving, checking, *_ = said_at
    notes = {entry["item"]: entry["note"] for entry in done["checklist"]}
    assert notes["people_safe"] == f"({checking}の報告。圏外のため後から送信)"
    assert done["report"] == (
        f"けが人なし。\n圏外のため後から送信した報告: 出発 {setting_off}、到着 {arriving}"
    )
    # A reason would stand for the checklist: there is none that the guard did not give.
    assert unchecked(served) is None


def test_an_answer_that_comes_too_late_is_told_so(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    expect(page.get_by_role("timer")).to_be_visible()
    served.stop()
    accept(page)
    expect(page.get_by_text("受諾はまだ届いていません")).to_be_visible()
    tap(page, "出発しました")
    expect(page.get_by_text("未送信 2件")).to_be_visible()
    served.sql("UPDATE dispatch_offers SET state = 'taken', answered_at = now()")
    served.sql("UPDATE dispatches SET state = 'requested'")
    served.start()
    expect(page.get_by_text("受け付けられなかった報告 2件")).to_be_visible(timeout=40_000)
    assert violations(page) == []
    for _ in range(2):
        page.get_by_role("alert").filter(has_text="受け付けられなかった").get_by_role(
            "button", name="確認しました"
        ).first.click()
    expect(page.get_by_text("受け付けられなかった")).to_have_count(0)
    assert kinds(served, incident_id) == []


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
