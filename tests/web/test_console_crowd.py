"""The console among hundreds of open incidents: every one of them is there, once, in its place, and few are drawn."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.axe import violations
from support.backend import PASSWORD
from support.guard_phone import until
from support.served import Served

from cli.bench import crowd
from cli.bench.bustle import Day
from runtime.database import connect

MANY = 300
# A screen's worth, what lies just beyond it, and the chosen one.
DRAWN_AT_MOST = 40
_GRAVITY = {"very_severe": 0, "severe": 1, "moderate": 3, "light": 4}


@contextmanager
def _day(served: Served) -> Generator[Day]:
    with connect(served.url, name="test", autocommit=True) as conn:
        yield Day(
            conn,
            served.settings,
            seed=1,
            first_car=int(conn.execute("SELECT count(*) AS n FROM incidents").fetchone()["n"]) + 1,
        )  # pyright: ignore[reportOptionalSubscript]


@pytest.fixture
def page(served: Served, browser: Browser) -> Generator[Page]:
    """The console of an operator who has just signed in, among hundreds of open incidents."""
    with connect(served.url, name="test", autocommit=True) as conn:
        crowd.people(conn, 1, 2 * MANY)
    with _day(served) as day:
        for _ in range(MANY):
            day.open()
        for _ in range(MANY // 2):
            day.happen("take")
    served.staff("sato")
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    answer = context.request.post(
        f"{served.address}/v1/session", data={"name": "sato", "password": PASSWORD, "code": None}
    )
    assert answer.ok
    page = context.new_page()
    page.goto(f"{served.address}/console")
    expect(page.locator("[data-count=open]")).to_have_text(str(MANY))
    yield page
    context.close()


def test_all_are_reached_by_scrolling_in_the_order_of_work(served: Served, page: Page) -> None:
    found = _scrolled_through(page)
    assert found == _in_order(served)
    assert len(set(found)) == MANY
    assert violations(page) == []


def test_all_are_reached_by_keys(page: Page) -> None:
    for _ in range(30):
        page.keyboard.press("j")
    chosen = page.locator(".queue [aria-current=true]")
    expect(chosen.locator("..")).to_have_attribute("aria-posinset", "30")
    expect(chosen).to_be_in_viewport()
    # It stays where it is, with its place among all, also out of sight.
    _scroll(page, 0)
    expect(chosen.locator("..")).to_have_attribute("aria-posinset", "30")
    expect(chosen).not_to_be_in_viewport()
    # From row to row by the tabulator, far beyond what was drawn at first.
    page.locator(".queue [data-id]").first.focus()
    for _ in range(DRAWN_AT_MOST):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
    focused = page.locator(".queue li:has(:focus)")
    expect(focused).to_have_attribute("aria-posinset", str(DRAWN_AT_MOST + 1))
    expect(focused).to_have_attribute("aria-setsize", str(MANY))
    expect(focused).to_be_in_viewport()
    _scroll(page, MANY * 100)
    page.locator(f".queue li[aria-posinset='{MANY}'] button").click()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".queue li:has([aria-current=true])")).to_have_attribute(
        "aria-posinset", str(MANY - 1)
    )


def test_after_many_updates_none_is_missing_or_doubled(served: Served, page: Page) -> None:
    with _day(served) as day:
        for what in ("note", "open", "take", "close", "call") * 60:
            day.happen(what)
    many = served.sql("SELECT count(*) AS n FROM incidents WHERE phase <> 'closed'")[0]["n"]
    expect(page.locator("[data-count=open]")).to_have_text(str(many))
    # Also what was told last is drawn.
    until(lambda: _scrolled_through(page) == _in_order(served))


def test_filter_and_search_count_what_they_leave(served: Served, page: Page) -> None:
    told = page.locator(".queue .told")
    expect(told).to_contain_text(f"{MANY}件")
    page.get_by_role("button", name="未着手").click()
    untaken = [row["id"] for row in _open(served) if row["tasks"] and not row["taken_by"]]
    expect(told).to_contain_text(f"{len(untaken)} / {MANY}件")
    assert sorted(_scrolled_through(page)) == sorted(untaken)
    page.get_by_role("button", name="すべて").click()
    page.keyboard.press("/")
    page.keyboard.type("bench-7")
    found = [row["id"] for row in _open(served) if "bench-7" in row["device_id"]]
    expect(told).to_contain_text(f"{len(found)} / {MANY}件")
    assert sorted(_scrolled_through(page)) == sorted(found)
    page.keyboard.type("x")
    expect(page.locator(".queue .empty")).to_contain_text("条件に合う案件はありません")


def test_nothing_moves_under_the_pointer(served: Served, page: Page) -> None:
    under = page.locator(".queue li[aria-posinset='3'] button")
    under.hover()
    before = _drawn(page)
    gone = before[2]
    with _day(served) as day:
        day.open(worst=True)
    served.post(f"/v1/incidents/{before[1]}/take")
    served.post(f"/v1/incidents/{gone}/close", {"outcome": "accident"})
    expect(page.locator(".queue [role=status]")).to_contain_text("新着 1件")
    expect(under).to_contain_text("終了")
    assert _drawn(page) == before
    page.mouse.move(720, 8)
    expect(page.locator(".queue [role=status]")).to_be_empty()
    expect(page.locator(f".queue [data-id='{gone}']")).to_have_count(0)
    until(lambda: _drawn(page)[0] == _in_order(served)[0])
    assert _drawn(page)[0] not in before


def _drawn(page: Page) -> list[str]:
    rows: list[str] = page.evaluate(
        "[...document.querySelectorAll('.queue [data-id]')].map((row) => row.dataset.id)"
    )
    assert len(rows) <= DRAWN_AT_MOST
    return rows


def _scroll(page: Page, to: int) -> None:
    page.evaluate("(to) => document.querySelector('.queue .list').scrollTo(0, to)", to)
    page.wait_for_timeout(50)


def _scrolled_through(page: Page) -> list[str]:
    """All rows by the places they say they have, seen screen by screen."""
    found: dict[int, str] = {}
    size = page.evaluate("document.querySelector('.queue .list').scrollHeight")
    for to in range(0, size, 500):
        _scroll(page, to)
        _drawn(page)
        rows: list[Any] = page.evaluate(
            "[...document.querySelectorAll('.queue li')].map((one) => [+one.ariaPosInSet, one.firstChild.dataset.id])"
        )
        found |= dict(rows)
    _scroll(page, 0)
    assert sorted(found) == list(range(1, len(found) + 1))
    return [found[place] for place in sorted(found)]


def _open(served: Served) -> list[dict[str, Any]]:
    return served.get("/v1/queue")["incidents"]


def _in_order(served: Served) -> list[str]:
    """Who waits on a line, what nobody has by gravity, what comes next, the newest: by hand, from what the API says."""

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        severity = row["severity"]
        gravity = _GRAVITY.get(severity, 5) if severity or row["trigger"] == "short_press" else 1
        due = datetime.fromisoformat(row["next"]["due_at"]).timestamp() if row["next"] else float("inf")
        opened = datetime.fromisoformat(row["opened_at"]).timestamp()
        untaken = bool(row["tasks"]) and not row["taken_by"]
        # The page's clock counts milliseconds.
        return (
            not row["waiting"],
            not untaken,
            gravity,
            int(due * 1000) if row["next"] else due,
            -int(opened * 1000),
            row["id"],
        )

    return [row["id"] for row in sorted(_open(served), key=place)]
