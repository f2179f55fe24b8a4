"""How the console looks: both languages whole, Japan's time, one screen, nothing that axe finds wrong."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect
from support.axe import violations
from support.control_room import NARROW, WIDE, Room, choose, line, opened, press, row

# Every text of the page itself: what people wrote is marked as not to be translated, and what was said goes away.
_TEXTS = """() => {
  const own = (node) => !node.closest("[translate=no], [lang]:not(html), div[role=status], script, style");
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (own(walk.currentNode.parentElement)) found.push(walk.currentNode.data.trim());
  for (const name of ["aria-label", "title", "placeholder", "alt"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (own(element)) found.push(element.getAttribute(name));
    }
  }
  return found.filter(Boolean);
}"""
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_UNIT = re.compile(r"警備員 箱根\d号")
_WORD = re.compile(r"[A-Za-z]{3,}")
# The same in both languages: names of people, models, policies, rules of the plan, units of measure, keys.
_IN_BOTH = re.compile(
    r"sato|guard-\d|CB-SEEN|severe|English|SMS|Ctrl|Esc|Enter|PDF|NHTSA.*|km/h|push|Leaflet"
)


def english_in(page: Page) -> list[str]:
    return [text for text in page.evaluate(_TEXTS) if _WORD.search(_IN_BOTH.sub("", text))]


def japanese_in(page: Page) -> list[str]:
    return [text for text in page.evaluate(_TEXTS) if _JAPANESE.search(_UNIT.sub("", text))]


def test_each_language_is_whole_and_switching_keeps_the_incident(room: Room) -> None:
    page = room.operator(timezone_id="America/New_York", locale="en-US")
    assert english_in(page) == []
    car = room.crash()
    incident_id = room.incident(car)["id"]
    choose(page, incident_id)
    press(page, "引き受ける")
    line(page, "担当者 sato が引き受け")
    assert english_in(page) == []
    press(page, "English")
    line(page, "Taken by operator sato")
    expect(opened(page, incident_id)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert japanese_in(page) == []
    for key in "gx?":
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        assert japanese_in(page) == []
        page.keyboard.press("Escape")
    moment = datetime.fromisoformat(room.detail(incident_id)["occurred_at"]).astimezone(
        ZoneInfo("Asia/Tokyo")
    )
    expect(opened(page, incident_id).locator("header time")).to_have_text(f"{moment:%H:%M:%S}")


def test_an_incident_fits_on_one_screen(room: Room) -> None:
    page = room.operator()
    incident_id = room.incident(room.crash())["id"]
    choose(page, incident_id)
    for language in ("ja", "en"):
        if language == "en":
            press(page, "English")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        what = page.locator("article .column").evaluate("(one) => [one.scrollHeight, one.clientHeight]")
        assert what[0] <= what[1], (language, what)  # all of what happened and of who comes
        columns = page.locator("article .column, article .list").evaluate_all(
            "(all) => all.map((one) => [one.scrollWidth, one.clientWidth])"
        )
        assert columns
        assert all(needed <= given for needed, given in columns), columns
        tops = page.locator("main footer button").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect().top)"
        )
        assert len(set(tops)) == 1, tops
        for button in page.locator("main footer button").all():
            assert button.evaluate("(one) => one.scrollWidth <= one.clientWidth"), button.inner_text()


def test_axe_finds_nothing(room: Room) -> None:
    page = room.window()
    wrong: dict[str, list[str]] = {}

    def look(what: str, *, narrow: bool = True) -> None:
        for theme in ("dark", "light"):
            page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
            for size in (WIDE, NARROW) if narrow else (WIDE,):
                page.set_viewport_size(size)
                found = violations(page)
                if found:
                    wrong[f"{what} {theme} {size['width']}"] = found
        page.set_viewport_size(WIDE)

    look("sign-in")
    page.get_by_label("ユーザー名").fill("sato")
    page.get_by_label("パスワード").fill(room.rehearsal.passwords["sato"])
    press(page, "サインイン")
    expect(page.get_by_text("対応中の案件はありません。")).to_be_visible()
    look("empty queue")
    crashed = room.incident(room.crash())["id"]
    pressed_car = room.car()
    room.rehearsal.press(pressed_car)
    pressed = room.incident(pressed_car)["id"]
    expect(row(page, pressed)).to_be_visible()
    look("queue")
    choose(page, pressed)
    look("press")
    choose(page, crashed)
    look("impact")
    for key in ("g", "x", "a", "Control+k", "?"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        look(f"dialog of {key}", narrow=False)
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("x")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("誤検知")).click()
    line(page, "案件を終了")
    look("closed")
    page.keyboard.press("l")
    expect(page.get_by_role("form", name="画面はロックされています")).to_be_visible()
    look("locked")
    page.route("**/v1/**", lambda route: route.abort())
    room.rehearsal.kill("api")
    expect(page.get_by_text("接続が切れています")).to_be_visible()
    look("connection lost")
    assert wrong == {}
