"""What is on record, as it is found and looked at in Chromium: incidents, unreadable messages, looks, accounts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.axe import violations
from support.back_office import at_console, go, rows
from support.busy_shift import busy_shift
from support.served import Served


@pytest.fixture
def shift(served: Served) -> tuple[Served, list[str]]:
    return served, busy_shift(served)


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
        expect(page.get_by_role("alert")).to_have_text(
            "この条件では検索できません。(2文字以上で入力してください)"
        )
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


@pytest.mark.parametrize("english", [False, True])
def test_what_was_looked_for_and_from_where_is_in_words(
    browser: Browser, shift: tuple[Served, list[str]], english: bool
) -> None:
    served, _ = shift
    kato = served.staff("kato", "supervisor")
    served.get("/v1/access_log", kato)
    served.get("/v1/history?holder=佐藤, plate&severity=very_severe&plate=12-34", kato)
    served.get("/v1/access_log?action=session.begin&since=2026-11-25T15:00:00Z", kato)
    served.client.post("/v1/session", json={"name": "kato", "password": "not this one"})
    with at_console(browser, served, "auditor", english=english) as page:
        go(page, served, "access")
        expect(page.locator("tbody tr").nth(3)).to_be_visible()
        told = "\n".join(rows(page))
        if not english:
            for words in (
                "車のナンバー: 12-34、契約者の名前: 佐藤, plate",
                "開始日: 2026/11/26 0:00、操作: サインイン",
                "接続元 127.0.0.1",
                "すべて",
                "パスワードの誤り",
            ):
                assert words in told, told
            assert not re.search(r"address|\ball\b|wrong password|holder|since", told), told
        else:
            assert "Number plate: 12-34, Policyholder's name: 佐藤, plate" in told, told
            assert "from 127.0.0.1" in told, told


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
        expect(page.locator("dialog")).to_have_count(0)
        assert first not in page.content()
        page.get_by_role("button", name="変更: hayashi").click()
        dialog.get_by_role("button", name="パスワードを再設定").click()
        served.get("/v1/session", headers)  # asked for twice
        dialog.get_by_role("button", name="パスワードを再設定: 実行").click()
        second = dialog.locator("code").inner_text()
        assert second != first
        served.get("/v1/session", headers, status=401)
        headers = served.sign_in("hayashi", second)
        dialog.get_by_role("button", name="閉じる").click()
        page.get_by_role("button", name="変更: hayashi").click()
        assert violations(page) == []
        dialog.get_by_role("button", name="セッションを終了").click()
        dialog.get_by_role("button", name="セッションを終了: 実行").click()
        expect(page.get_by_text("セッションを終了: 記録しました")).to_be_visible()
        served.get("/v1/session", headers, status=401)
        dialog.get_by_label("役割").select_option(label="オペレーター")
        dialog.get_by_role("button", name="保存").click()
        expect(dialog).to_have_count(0)
        expect(page.locator("tbody tr").first).to_contain_text(re.compile(r"hayashi\s*オペレーター"))
        page.get_by_role("button", name="変更: one-admin").click()
        expect(dialog.get_by_label("役割")).to_be_disabled()
        expect(dialog.get_by_role("button", name="アカウントを停止")).to_have_count(0)
        dialog.get_by_role("button", name="やめる").click()
        page.get_by_role("button", name="変更: hayashi").click()
        dialog.get_by_role("button", name="アカウントを停止").click()
        dialog.get_by_role("button", name="アカウントを停止: 実行").click()
        expect(page.locator("tbody tr").first).to_contain_text("停止中")
