"""The pages of whoever runs the shift, in Chromium, with real data behind them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect
from support.axe import violations
from support.back_office import NAMES, at_console, go, rows
from support.busy_shift import busy_shift
from support.served import Served

SUPERVISION = {
    "operator": ["units"],
    "supervisor": ["figures", "units", "plan", "devices", "letters", "access"],
    "admin": ["figures", "units", "plan", "devices", "letters", "staff"],
    "auditor": ["access"],
}


@pytest.fixture
def shift(served: Served) -> tuple[Served, list[str]]:
    return served, busy_shift(served)


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
def test_every_page_is_accessible_in_both_languages(
    browser: Browser, shift: tuple[Served, list[str]], light: bool
) -> None:
    served, _ = shift
    for english in (False, True):
        for role in ("supervisor", "admin"):
            with at_console(browser, served, role, english=english, light=light) as page:
                for name in ("history", *SUPERVISION[role]) if role == "supervisor" else ("staff",):
                    go(page, served, name)
                    expect(page.get_by_role("heading", level=1)).to_have_text(NAMES[name][int(english)])
                    assert violations(page) == [], name
                    # Nothing of the page runs out of a phone's width.
                    page.set_viewport_size({"width": 390, "height": 844})
                    wider = page.evaluate(
                        "[...document.querySelectorAll('main, main .page')]"
                        ".filter((one) => one.scrollWidth > one.clientWidth + 1).length"
                    )
                    assert wider == 0, name
                    page.set_viewport_size({"width": 1440, "height": 900})


def test_each_role_is_shown_the_way_to_what_it_may_see(
    browser: Browser, shift: tuple[Served, list[str]]
) -> None:
    served, _ = shift
    for role, names in SUPERVISION.items():
        with at_console(browser, served, role) as page:
            ways = page.locator("header nav a").all_inner_texts()
            assert {"履歴", "管理"} <= set(ways)
            page.get_by_role("link", name="管理", exact=True).click()
            shown = page.get_by_role("navigation", name="管理").get_by_role("link").all_inner_texts()
            assert shown == [NAMES[name][0] for name in names], role
            if "units" in names:
                go(page, served, "units")
                assert page.get_by_role("button", name="リンクを発行").count() == (
                    0 if role == "operator" else 3
                )
            for name in {*NAMES} - {"history", *names}:
                page.goto(f"{served.address}/console/{name}")
                expect(page.locator("header nav a[aria-current]")).to_have_text("案件")
            go(page, served, "history")
            assert page.get_by_role("button", name="CSVで保存").count() == int(
                role in ("supervisor", "admin")
            )


def test_the_figures_are_those_of_the_moment(browser: Browser, shift: tuple[Served, list[str]]) -> None:
    served, incidents = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "figures")
        assert rows(page, "現在の状況")[-1] == "合計 2 1 0"
        expect(page.get_by_text("接続中の車載機が応答しない指示 2件")).to_be_visible()
        assert "sato オペレーター 応答できます" in rows(page, "受付の席")
        page.get_by_role("button", name="7日間").click()
        expect(page.get_by_role("table", name="対応にかかった時間").locator("tbody tr")).to_have_count(6)
        expect(page.locator("canvas")).to_have_count(4)
        assert rows(page, "誤検知の割合")[0].startswith("衝撃 すべて 66.7%")
        served.post(f"/v1/incidents/{incidents[-2]}/take")
        expect(page.get_by_role("table", name="現在の状況").locator("tbody tr").last).to_have_text(
            re.compile(r"合計\s*2\s*0\s*0")
        )
        served.stop()
        expect(page.get_by_text(re.compile("更新できません。表示は.*前のものです。"))).to_be_visible()
        served.start()
        expect(page.get_by_text(re.compile("更新できません"))).to_have_count(0)


def test_a_units_link_is_shown_once_and_lets_its_phone_in(
    browser: Browser, shift: tuple[Served, list[str]]
) -> None:
    served, incidents = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "units")
        assert rows(page)[0].startswith("小田原警備 1号 guard-0 打診中")
        expect(page.get_by_role("link", name="案件を開く")).to_have_attribute(
            "href", f"/console/incidents/{incidents[-1]}"
        )
        page.get_by_role("button", name="リンクを発行: 箱根ロード 2号").click()
        page.get_by_role("dialog").get_by_role("button", name="リンクを発行").click()
        expect(page.get_by_role("img", name="隊の端末でこのコード")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="コピー").click()
        link = page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="閉じる").click()
        expect(page.locator("dialog")).to_have_count(0)
        assert link not in page.content()
        token = {"Authorization": f"Bearer {link.partition('#token=')[2]}"}
        assert served.get("/v1/unit", token)["unit"]["id"] == "guard-1"
        page.get_by_role("button", name="無効化: 箱根ロード 2号").click()
        page.get_by_role("dialog").get_by_role("button", name="無効化").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        served.get("/v1/unit", token, status=401)
        expect(page.locator("tbody tr").nth(1)).to_contain_text("勤務外")


def test_plans_are_compared_and_drawn(browser: Browser, shift: tuple[Served, list[str]]) -> None:
    served, _ = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "plan")
        expect(page.get_by_text("電話 — 次の電話まであける時間: 15秒 → 18秒")).to_be_visible()
        picture = page.get_by_role("img", name=re.compile("対応計画 第.*版の図"))
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 300")
        page.locator("tbody button").last.click()
        expect(page.get_by_text("電話 — 次の電話まであける時間: 18秒 → 15秒")).to_be_visible()
        expect(page.get_by_role("region", name="本文 (TOML)")).to_contain_text("attempts_pause_s = 15")


def test_devices_are_found_by_what_is_wrong(browser: Browser, shift: tuple[Served, list[str]]) -> None:
    served, _ = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "devices")
        assert rows(page)[0].startswith("car-0001 接続中")
        page.get_by_label("絞り込み").select_option(label="24時間以上通信なし")
        expect(page.locator("tbody tr")).to_have_count(2)
        page.get_by_label("番号の一部").fill("0005")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_label("番号の一部").fill("none")
        page.keyboard.press("Enter")
        expect(page.get_by_text("条件に合う車載機はありません。")).to_be_visible()


def test_a_page_that_cannot_be_loaded_says_so_and_tries_again(
    browser: Browser, shift: tuple[Served, list[str]]
) -> None:
    served, _ = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "devices")
        page.get_by_role("link", name="隊と勤務", exact=True).click()
        expect(page.get_by_text("小田原警備 1号")).to_be_visible()
        served.stop()
        page.get_by_role("link", name="車載機", exact=True).click()
        expect(page.get_by_role("alert").filter(has_text="読み込めません")).to_be_visible()
        assert violations(page) == []
        served.start()
        page.get_by_role("button", name="再読み込み").click()
        expect(page.get_by_role("table").last).to_contain_text("car-0001")
