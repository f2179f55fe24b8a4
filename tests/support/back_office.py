"""Whoever runs the shift, at the console: signed in by role, on a page, reading a table."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect
from support.backend import ADMIN, PASSWORD
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
