"""The pages of whoever runs the shift, in Chromium, with real data behind them."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.axe import violations
from support.backend import ADMIN, PASSWORD
from support.busy_shift import busy_shift
from support.served import Served

NAMES = {
    "history": ("履歴", "History"),
    "figures": ("状況と実績", "Figures"),
    "units": ("隊と勤務", "Units and shifts"),
    "plan": ("対応計画", "Escalation plan"),
    "devices": ("車載機", "Devices"),
    "letters": ("読めない受信", "Unreadable messages"),
    "access": ("閲覧記録", "Access log"),
    "staff": ("アカウント", "Accounts"),
}
SUPERVISION = {
    "operator": ["units"],
    "supervisor": ["figures", "units", "plan", "devices", "letters", "access"],
    "admin": ["figures", "units", "plan", "devices", "letters", "staff"],
    "auditor": ["access"],
}


@pytest.fixture
def shift(served: Served) -> tuple[Served, list[str]]:
    return served, busy_shift(served)


@contextmanager
def at_console(
    browser: Browser,
    served: Served,
    role: str,
    *,
    english: bool = False,
    light: bool = False,
    wide: bool = True,
) -> Generator[Page]:
    """Somebody of this role who has just signed in."""
    name = f"one-{role}"
    if not any(row["name"] == name for row in served.get("/v1/staff", ADMIN)["staff"]):
        served.staff(name, role)
    context = browser.new_context(
        viewport={"width": 1440, "height": 900} if wide else {"width": 390, "height": 844},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(20_000)
    context.add_init_script(
        f"localStorage.setItem('cbutton.language', '{'en' if english else 'ja'}');"
        f"localStorage.setItem('cbutton.theme', '{'light' if light else 'dark'}')"
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    page.goto(f"{served.address}/console")
    page.locator("input").first.fill(name)
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("header nav")).to_be_visible()
    yield page
    assert faults == []
    context.close()


def go(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.address}/console/{name}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("|".join(NAMES[name])))
    expect(page.locator("main .page")).to_have_attribute("aria-busy", "false")


def rows(page: Page, name: str = "") -> list[str]:
    """The rows of a table, by its name, as they are read."""
    table = page.get_by_role("table", name=name, exact=True) if name else page.get_by_role("table").last
    return [" ".join(row.inner_text().split()) for row in table.locator("tbody tr").all()]


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


def test_an_ended_incident_is_found_and_opened(
    browser: Browser, shift: tuple[Served, list[str]], tmp_path: Path
) -> None:
    served, incidents = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "history")
        assert len(rows(page)) == len(incidents)
        page.keyboard.press("/")
        expect(page.get_by_label("開始日")).to_be_focused()
        page.get_by_label("契約者の名前").fill("佐藤太郎")
        page.get_by_label("結果").select_option(label="誤検知")
        page.keyboard.press("Tab")
        page.get_by_role("button", name="検索").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        (logged,) = served.sql("SELECT actor, object FROM access_log WHERE action = 'history.search'")
        assert logged == {"actor": "supervisor:one-supervisor", "object": "holder 佐藤太郎"}
        assert "%" not in page.url, "nobody's name is in the address"
        with page.expect_download() as download:
            page.get_by_role("button", name="CSVで保存").click()
        file = tmp_path / "incidents.csv"
        download.value.save_as(file)
        assert len(file.read_text(encoding="utf-8-sig").splitlines()) == 3
        page.locator("tbody a").last.click()
        expect(page).to_have_url(f"{served.address}/console/incidents/{incidents[1]}")
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.get_by_label("契約者の名前")).to_have_value("佐藤太郎")
        page.get_by_label("車のナンバー").fill("横浜")
        page.get_by_role("button", name="検索").click()
        expect(page.get_by_text("条件に合う案件はありません。")).to_be_visible()
        page.get_by_label("契約者の名前").fill("佐")
        page.get_by_role("button", name="検索").click()
        expect(page.get_by_role("alert")).to_contain_text("この条件では検索できません")
        page.get_by_role("button", name="条件を消す").click()
        expect(page.locator("tbody tr")).to_have_count(len(incidents))


def test_further_pages_follow_without_doubles_while_incidents_come_in(
    browser: Browser, shift: tuple[Served, list[str]]
) -> None:
    served, _ = shift
    served.sql(
        "INSERT INTO incidents (plan_version, trigger, phase, occurred_at, opened_at, closed_at, state, outcome)"
        " SELECT plan_version, trigger, 'closed', occurred_at, opened_at - interval '20 days', now(), state, 'test'"
        " FROM incidents, generate_series(1, 10)"
    )
    with at_console(browser, served, "auditor") as page:
        go(page, served, "history")
        expect(page.locator("tbody tr")).to_have_count(50)
        served.report("car-0001")
        for count in (100, 132):
            page.get_by_role("button", name="さらに表示").click()
            expect(page.locator("tbody tr")).to_have_count(count)
        expect(page.get_by_role("button", name="さらに表示")).to_have_count(0)
        links = page.eval_on_selector_all("tbody a", "(links) => links.map((link) => link.href)")
        assert len(set(links)) == 132


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
        page.get_by_role("button", name="箱根ロード 2号 のリンクを発行").click()
        page.get_by_role("dialog").get_by_role("button", name="リンクを発行").click()
        expect(page.get_by_role("img", name="隊の端末でこのコード")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="コピー").click()
        link = page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="閉じる").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert link not in page.content()
        token = {"Authorization": f"Bearer {link.partition('#token=')[2]}"}
        assert served.get("/v1/unit", token)["unit"]["id"] == "guard-1"
        page.get_by_role("button", name="箱根ロード 2号 の端末を使用停止").click()
        page.get_by_role("dialog").get_by_role("button", name="使用停止").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        served.get("/v1/unit", token, status=401)
        expect(page.locator("tbody tr").nth(1)).to_contain_text("勤務外")


def test_plans_are_compared_and_drawn(browser: Browser, shift: tuple[Served, list[str]]) -> None:
    served, _ = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "plan")
        expect(page.get_by_text("calls: attempts_pause_s 15 → 18")).to_be_visible()
        picture = page.get_by_role("img", name=re.compile("対応計画 第.*版の図"))
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 300")
        page.locator("tbody button").last.click()
        expect(page.get_by_text("calls: attempts_pause_s 18 → 15")).to_be_visible()
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


def test_what_could_not_be_read_is_looked_at(
    browser: Browser, shift: tuple[Served, list[str]], tmp_path: Path
) -> None:
    served, _ = shift
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "letters")
        expect(page.get_by_text("ほかに31件は")).to_be_visible()
        page.get_by_role("combobox").select_option(label="形式の誤り (Protobuf)")
        expect(page.get_by_role("table").last.locator("tbody tr")).to_have_count(1)
        page.get_by_role("button", name=re.compile("内容")).click()
        expect(page.get_by_role("region", name="16進")).to_contain_text("0000  08 ff fe 10 20 6e 6f 74")
        assert violations(page) == []
        with page.expect_download() as download:
            page.get_by_role("button", name="ファイルで保存").click()
        file = tmp_path / "letter.bin"
        download.value.save_as(file)
        assert file.read_bytes().startswith(b"\x08\xff\xfe\x10")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_log_tells_who_looked_at_an_incident(
    browser: Browser, shift: tuple[Served, list[str]], tmp_path: Path
) -> None:
    served, incidents = shift
    served.get(f"/v1/incidents/{incidents[0]}", served.staff("kato") | {"X-Reason": "call%20back"})
    with at_console(browser, served, "auditor") as page:
        go(page, served, "access")
        page.get_by_label("閲覧した人").fill("kato")
        page.get_by_label("操作").select_option(label="案件を閲覧")
        page.get_by_role("button", name="検索").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        (row,) = rows(page)
        assert "kato オペレーター 案件を閲覧" in row
        assert "神奈川県箱根町湯本 call back" in row
        with page.expect_download() as download:
            page.get_by_role("button", name="CSVで保存").click()
        file = tmp_path / "log.csv"
        download.value.save_as(file)
        assert incidents[0] in file.read_text(encoding="utf-8-sig")
        page.get_by_label("閲覧した人").fill("one-auditor")
        page.get_by_label("操作").select_option(label="閲覧記録をCSVで保存")
        page.get_by_role("button", name="検索").click()
        expect(page.locator("tbody tr")).to_have_count(1)


def test_an_account_is_made_changed_and_shut_out(browser: Browser, shift: tuple[Served, list[str]]) -> None:
    served, _ = shift
    with at_console(browser, served, "admin") as page:
        go(page, served, "staff")
        page.get_by_role("button", name="アカウントを追加").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("ユーザー名").fill("hayashi")
        dialog.get_by_label("役割").select_option(label="監査担当")
        assert violations(page) == []
        dialog.get_by_role("button", name="アカウントを追加").click()
        first = dialog.locator("code").inner_text()
        assert re.fullmatch(r"([a-z0-9]{5}-){3}[a-z0-9]{5}", first)
        headers = served.sign_in("hayashi", first)
        dialog.get_by_role("button", name="閉じる").click()
        expect(dialog).to_have_count(0)
        assert first not in page.content()
        page.get_by_role("button", name="hayashi の設定").click()
        dialog.get_by_role("button", name="パスワードを再設定").click()
        served.get("/v1/session", headers)  # asked for twice
        dialog.get_by_role("button", name="パスワードを再設定: 実行").click()
        second = dialog.locator("code").inner_text()
        assert second != first
        served.get("/v1/session", headers, status=401)
        headers = served.sign_in("hayashi", second)
        dialog.get_by_role("button", name="閉じる").click()
        page.get_by_role("button", name="hayashi の設定").click()
        assert violations(page) == []
        dialog.get_by_role("button", name="セッションを終了").click()
        dialog.get_by_role("button", name="セッションを終了: 実行").click()
        expect(page.get_by_text("セッションを終了: 記録しました")).to_be_visible()
        served.get("/v1/session", headers, status=401)
        dialog.get_by_label("役割").select_option(label="オペレーター")
        dialog.get_by_role("button", name="保存").click()
        expect(dialog).to_have_count(0)
        expect(page.locator("tbody tr").first).to_contain_text(re.compile(r"hayashi\s*オペレーター"))
        page.get_by_role("button", name="one-admin の設定").click()
        expect(dialog.get_by_label("役割")).to_be_disabled()
        expect(dialog.get_by_role("button", name="アカウントを停止")).to_have_count(0)
        dialog.get_by_role("button", name="やめる").click()
        page.get_by_role("button", name="hayashi の設定").click()
        dialog.get_by_role("button", name="アカウントを停止").click()
        dialog.get_by_role("button", name="アカウントを停止: 実行").click()
        expect(page.locator("tbody tr").first).to_contain_text("停止中")


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
