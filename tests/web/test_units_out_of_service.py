"""Units out of service, as a supervisor sets it, an operator sees it and the unit itself is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, BrowserContext, expect
from support.axe import violations
from support.back_office import at_console, go, rows
from support.backend import ADMIN
from support.guard_phone import GUARD, accept, bearer, call_out, on_shift, reach, tap
from support.served import Served

PATH = f"/v1/units/{GUARD}/out_of_service"


def test_a_supervisor_takes_a_unit_out_and_puts_it_back(browser: Browser, served: Served) -> None:
    served.unit(GUARD)
    with at_console(browser, served, "supervisor") as page:
        go(page, served, "units")
        expect(page.get_by_text("勤務の開始と終了は、各隊の端末からだけ行えます。")).to_be_visible()
        page.get_by_role("button", name="運用停止にする: 隊 guard-1").click()
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_text("受諾済みの対応は、最後まで続けます。")).to_be_visible()
        assert violations(page) == []
        sheet.get_by_role("button", name="運用停止にする").click()
        assert served.get("/v1/units")["units"][0]["out_of_service"] is None, "there must be a reason"
        sheet.get_by_label("理由").fill("車両の点検")
        sheet.get_by_label("いつまで").fill("2026-11-01T12:00")
        sheet.get_by_role("button", name="運用停止にする").click()
        assert served.get("/v1/units")["units"][0]["out_of_service"] is None, (
            "not until a moment that is past"
        )
        sheet.get_by_label("いつまで").fill(_tomorrow(page.evaluate("Date.now()")))
        sheet.get_by_role("button", name="運用停止にする").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("tbody tr")).to_contain_text("運用停止中")
        (told,) = rows(page)
        assert re.search(r"車両の点検 \d+/\d+ 12:00 まで · 担当 one-supervisor", told), told
        kept = served.get("/v1/units")["units"][0]["out_of_service"]
        assert kept["until"].endswith("T03:00:00Z"), "noon in Japan"
        assert violations(page) == []
        # Somebody else decides meanwhile: what was not seen is not undone.
        page.get_by_role("button", name="運用を再開する: 隊 guard-1").click()
        served.put(PATH, {"reason": "故障", "replaces": kept["since"]}, ADMIN)
        page.get_by_role("dialog").get_by_role("button", name="運用を再開する").click()
        expect(page.get_by_text("担当者 admin が 隊 guard-1 を運用停止にしています: 故障")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="やめる").click()
        expect(page.locator("tbody tr")).to_contain_text("故障 再開するまで · 担当 admin")
        page.get_by_role("button", name="隊 guard-1 の運用停止を変更").click()
        expect(page.get_by_role("dialog").get_by_label("理由")).to_have_value("故障")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="運用を再開する: 隊 guard-1").click()
        page.get_by_role("dialog").get_by_role("button", name="運用を再開する").click()
        expect(page.locator("tbody tr")).to_contain_text("待機中")
        go(page, served, "access")
        expect(page.get_by_role("cell", name="隊を運用停止").first).to_be_visible()
        expect(page.get_by_role("cell", name="隊の運用を再開").first).to_be_visible()
        expect(page.get_by_role("cell", name=re.compile(r"車両の点検 \(.* まで\)")).first).to_be_visible()


def test_an_operator_sees_it_and_cannot_send_it(browser: Browser, served: Served) -> None:
    served.insure()
    served.unit(GUARD, km_north=2)
    served.unit("guard-2", km_north=9)
    served.put(PATH, {"reason": "車検"}, ADMIN)
    incident_id = served.report()
    with at_console(browser, served, "operator") as page:
        go(page, served, "units")
        expect(page.locator("tbody tr", has_text="guard-1")).to_contain_text("運用停止中 車検")
        assert page.get_by_role("button", name=re.compile("運用")).count() == 0
        page.goto(f"{served.address}/console/incidents/{incident_id}")
        near = page.get_by_role("row", name=re.compile("隊 guard-1"))
        expect(near).to_contain_text("運用停止中")
        other = page.get_by_role("row", name=re.compile("隊 guard-2"))
        expect(other.get_by_role("button")).to_be_visible()
        assert near.get_by_role("button").count() == 0
        page.goto(f"{served.address}/console/map")
        expect(page.get_by_role("button", name=re.compile("隊 guard-1.*運用停止中")).first).to_be_visible()
        assert violations(page) == []


def test_the_unit_is_told_why_and_until_when(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    served.put(PATH, {"reason": "車両の点検"}, ADMIN)
    note = page.get_by_role("region", name="運用停止中")
    expect(note).to_contain_text("勤務中でも、センターからの依頼は届きません。")
    expect(note).to_contain_text("理由: 車両の点検")
    expect(note).to_contain_text("センターが再開するまで")
    expect(page.get_by_text("依頼を待っています")).to_have_count(0)
    assert violations(page) == []
    tap(page, "設定を開く")
    tap(page, "English")
    page.keyboard.press("Escape")
    english = page.get_by_role("region", name="Out of service")
    expect(english).to_contain_text("The centre sends you no call-outs for now, also while you are on shift.")
    expect(english).to_contain_text("Until the centre puts you back into service")
    since = served.get("/v1/unit", bearer(served))["unit"]["out_of_service"]["since"]
    served.client.delete(PATH, params={"since": since}, headers=ADMIN)
    expect(english).to_have_count(0)
    expect(page.get_by_text("Waiting for a call-out")).to_be_visible()


def test_a_unit_that_works_is_told_to_go_on(served: Served, phone: BrowserContext) -> None:
    page = on_shift(served, phone)
    incident_id = call_out(served)
    accept(page)
    reach(served, incident_id, "accepted")
    served.put(PATH, {"reason": "車両の点検"}, ADMIN)
    expect(page.get_by_role("region", name="運用停止中")).to_contain_text(
        "いまの対応は、最後まで続けてください。"
    )
    tap(page, "出発しました")
    reach(served, incident_id, "en_route")


def _tomorrow(now_ms: float) -> str:
    day = datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(hours=33)
    return f"{day:%Y-%m-%d}T12:00"
