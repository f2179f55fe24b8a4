"""The units' page without a signal: nothing that was said is lost, doubled or out of order."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Route, expect
from support.axe import violations
from support.guard_phone import (
    FIRST,
    accept,
    call_out,
    check,
    complete,
    dispatch,
    kinds,
    on_shift,
    photograph,
    reach,
    tap,
    unchecked,
)
from support.served import Served


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
    expect(page.get_by_text("ほかの隊が受諾しました(状態: 依頼)")).to_have_count(2)
    assert violations(page) == []
    for _ in range(2):
        page.get_by_role("alert").filter(has_text="受け付けられなかった").get_by_role(
            "button", name="確認しました"
        ).first.click()
    expect(page.get_by_text("受け付けられなかった")).to_have_count(0)
    assert kinds(served, incident_id) == []
