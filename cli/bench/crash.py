"""`cbutton bench crash`: from a device's impact message to the drawn row in the console, in a real browser."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any, Final

from cli.bench.measure import machine, tell
from cli.simulated.browser import chromium
from cli.simulated.rehearsal import Rehearsal
from cli.simulated.world import Motorist, Staff, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WATCH_ROWS: Final = """
window.rowsSeen = {};
new MutationObserver(() => {
  for (const row of document.querySelectorAll(".queue [data-id]")) {
    const id = row.dataset.id;
    if (id in window.rowsSeen) continue;
    window.rowsSeen[id] = null;
    requestAnimationFrame(() => setTimeout(() => (window.rowsSeen[id] = Date.now())));
  }
}).observe(document, { subtree: true, childList: true });
"""
"""A script for the page: when each incident's row was on the screen, by this machine's clock."""
SEEN_AT: Final = "(id) => window.rowsSeen[id]"
"""Of an incident: Unix time in ms; nothing until it is drawn."""

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_OPERATOR: Final = "bench"
_PATIENCE_S: Final = 30.0
_LOOK_S: Final = 0.05
_ALL_SEEN: Final = "() => window.rowsSeen"


def measured(*, crashes: int, gap_s: float) -> dict[str, Any]:
    """The figures. Raises NoBrowser, and what the stack raises where it does not start."""
    facts = machine()
    cars = tuple(_car(number) for number in range(1, crashes + 2))
    world = World(cars, units=(), staff=(Staff(_OPERATOR, "operator"),))
    with chromium() as browser, Rehearsal(world) as rehearsal:
        page = _signed_in(browser, rehearsal)
        # The first one also makes what is simulated, and warms up every process.
        _crash(rehearsal, page, cars[0].device_id)
        took_ms: list[float] = []
        for number, car in enumerate(cars[1:], start=1):
            # Only rows in view are drawn: among many that are as grave a new one may lie below.
            rehearsal.close_all()
            time.sleep(gap_s)
            took_ms.append(_crash(rehearsal, page, car.device_id))
            if number % 10 == 0:
                tell(f"{number} of {crashes}: the last after {took_ms[-1]:.0f} ms")
    cuts = statistics.quantiles(took_ms, n=100, method="inclusive")
    return {
        "bench": "crash",
        "n": len(took_ms),
        "drawn_p50_ms": round(cuts[49]),
        "drawn_p99_ms": round(cuts[98]),
        "drawn_max_ms": round(max(took_ms)),
        "machine": facts,
    }


def _car(number: int) -> Motorist:
    return Motorist(
        device_id=f"CB-BENCH-{number:03d}",
        name="山田 花子",
        car=(f"相模 300 あ {number}", "カローラ", "白"),
        route="",
        phone=f"+819010000{number:03d}",
        contact=f"+819020000{number:03d}",
    )


def _signed_in(browser: Browser, rehearsal: Rehearsal) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(WATCH_ROWS)
    page.goto(f"{rehearsal.address}/console")
    page.locator("input[autocomplete=username]").fill(_OPERATOR)
    page.locator("input[type=password]").fill(rehearsal.passwords[_OPERATOR])
    page.locator("form button.main").click()
    page.locator("[data-count=open]").wait_for()
    return page


def _crash(rehearsal: Rehearsal, page: Page, device_id: str) -> float:
    """How many ms lie between the message and the row."""
    # Only the page is asked, and seldom: the API has nothing to do but what is measured.
    seen: dict[str, float | None] = page.evaluate(_ALL_SEEN)
    told_s = rehearsal.strike(device_id)
    give_up_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up_s:
        time.sleep(_LOOK_S)
        for incident_id, at_ms in page.evaluate(_ALL_SEEN).items():
            if at_ms is not None and incident_id not in seen:
                return at_ms - told_s * 1000.0
    raise RuntimeError(f"{device_id} never came into view")
