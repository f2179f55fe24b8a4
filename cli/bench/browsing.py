"""An operator's Chromium at the console: works on it as a person would, and tells how smooth that was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final, cast

from playwright.sync_api import Browser, CDPSession, Page

_WATCH: Final = resources.files("cli.bench").joinpath("watch.js")
_CATEGORIES: Final = ("-*", "disabled-by-default-devtools.timeline", "__metadata")
_LEAST_MS: Final = 10.0
# Where the console's parts lie at 1440 x 900: within the queue, and in the header, over nothing.
_LIST: Final = (170, 500)
_AWAY: Final = (720, 8)
_SEARCHES: Final = ("箱根", "市", "operator-07", "bench")
_STEP_MS: Final = 80
_LATE_FRAME_MS: Final = 34.0


@dataclass(slots=True)
class Seen:
    """What was seen over some time; durations in ms."""

    long_tasks: list[float] = field(default_factory=list[float])
    traced: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """Tasks of the main thread of 10 ms and more in the trace: how long, and how much processor time of it."""
    traced_s: float = 0.0
    keys: list[float] = field(default_factory=list[float])
    """From a key or click to the picture that followed; those under 16 ms are not told."""
    scrolling: list[float] = field(default_factory=list[float])
    typing: list[float] = field(default_factory=list[float])
    drawn_ms: dict[str, float] = field(default_factory=dict[str, float])
    """When a row was drawn for the first time, as a Unix time."""
    quiet: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """While nothing was done at the console, from and to, as Unix times."""
    shift: float = 0.0
    memory: list[dict[str, float]] = field(default_factory=list[dict[str, float]])


class Operator:
    """One page of the console, signed in. All times it tells are in ms."""

    def __init__(self, browser: Browser, address: str, name: str, password: str) -> None:
        self._browser = browser
        self._address = address
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="ja-JP", timezone_id="Asia/Tokyo"
        )
        context.add_init_script(_WATCH.read_text(encoding="utf-8"))
        entered = context.request.post(
            f"{address}/v1/session", data={"name": name, "password": password, "code": None}
        )
        if not entered.ok:
            raise RuntimeError(f"{name} was not let in: {entered.text()}")
        self._page: Page = context.new_page()
        self._tools: CDPSession = context.new_cdp_session(self._page)
        for domain in ("HeapProfiler", "Performance"):
            self._tools.send(f"{domain}.enable")
        self.seen = Seen()

    def open(self) -> dict[str, float]:
        """Open the console, and wait until the queue stands."""
        self._page.goto(f"{self._address}/console")
        self._page.wait_for_selector(".queue [data-id]", timeout=60_000)
        stands = self._page.evaluate("performance.now()")
        self._page.wait_for_timeout(2000)
        loading = self._take()
        return {
            "first_paint_ms": self._page.evaluate(
                "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
            ),
            "queue_stands_ms": stands,
            "longest_task_while_loading_ms": max(loading["tasks"], default=0.0),
        }

    def first_paints(self, times: int) -> list[float]:
        """The first paint with nothing in the cache, so often."""
        self._tools.send("Network.enable")
        self._tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        paints: list[float] = []
        for _ in range(times):
            self._page.reload(wait_until="load")
            self._page.wait_for_selector(".queue [data-id]", timeout=60_000)
            paints.append(
                self._page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
        self._tools.send("Network.setCacheDisabled", {"cacheDisabled": False})
        self._take()
        return paints

    def work(self, *, watch_s: float) -> None:
        """A round: watch for so long, scroll, search, go through the queue by keys; all of it traced."""
        page, seen = self._page, self.seen
        self._browser.start_tracing(page=page, categories=list(_CATEGORIES))
        began_ms = self._now_ms()
        # As somebody waits for what comes: at the top, with the pointer elsewhere.
        page.mouse.move(*_LIST)
        page.mouse.wheel(0, -1_000_000)
        page.mouse.move(*_AWAY)
        page.wait_for_timeout(watch_s * 1000)
        seen.quiet.append((began_ms, self._now_ms()))
        seen.scrolling += self._scroll()
        seen.typing += self._type(_SEARCHES[len(seen.memory) % len(_SEARCHES)])
        for key in ("j",) * 8 + ("k",) * 4:
            page.keyboard.press(key)
            page.wait_for_timeout(_STEP_MS * 2)
        seen.traced_s += (self._now_ms() - began_ms) / 1000
        seen.traced += _tasks(self._browser.stop_tracing())
        taken = self._take()
        seen.long_tasks += taken["tasks"]
        seen.keys += taken["keys"]
        seen.drawn_ms = taken["drawn"] | seen.drawn_ms  # where it was drawn twice, the first counts
        seen.shift += taken["shift"]

    def weigh(self) -> None:
        """Note what the page holds once all garbage is collected, which is not counted as its work."""
        self._page.evaluate("bench.deaf(true)")
        for _ in range(2):
            self._ask("HeapProfiler.collectGarbage")
        heap = self._ask("Runtime.getHeapUsage")
        metrics = {one["name"]: one["value"] for one in self._ask("Performance.getMetrics")["metrics"]}
        self.seen.memory.append(
            {
                "heap_mb": round(heap["usedSize"] / 2**20, 2),
                "nodes": metrics["Nodes"],
                "listeners": metrics["JSEventListeners"],
                "lines": self._page.locator("article ol li").count(),
                "rows": self._page.locator(".queue [data-id]").count(),
                "open": int(self._page.locator("[data-count=open]").inner_text()),
                "cpu_s": round(metrics["TaskDuration"], 2),
            }
        )
        self._page.evaluate("bench.take() && bench.deaf(false)")

    def _scroll(self) -> list[float]:
        self._page.mouse.move(*_LIST)
        self._page.evaluate("bench.countFrames()")
        for by in (400,) * 20 + (-400,) * 20:
            self._page.mouse.wheel(0, by)
            self._page.wait_for_timeout(_STEP_MS)
        self._page.mouse.move(*_AWAY)
        return self._page.evaluate("bench.frames()")

    def _type(self, words: str) -> list[float]:
        self._page.keyboard.press("/")
        self._page.evaluate("bench.countFrames()")
        self._page.keyboard.type(words, delay=_STEP_MS)
        self._page.wait_for_timeout(500)
        for _ in words:
            self._page.keyboard.press("Backspace")
            self._page.wait_for_timeout(_STEP_MS)
        frames = self._page.evaluate("bench.frames()")
        self._page.keyboard.press("Escape")
        return frames

    def _ask(self, what: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self._tools.send(what))

    def _take(self) -> dict[str, Any]:
        return self._page.evaluate("bench.take()")

    def _now_ms(self) -> float:
        return self._page.evaluate("Date.now()")


def late_frames(between: Sequence[float]) -> dict[str, float]:
    """How many frames came more than one late, of how many there should have been, and the longest wait."""
    return {
        "late": sum(1 for each in between if each > _LATE_FRAME_MS),
        "of": round(sum(between) / (1000 / 60)),
        "longest_ms": round(max(between, default=0.0)),
    }


def _tasks(trace: bytes) -> list[tuple[float, float]]:
    """Tasks of the page's main thread in ms: how long they took, and the processor time of it."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        (event["dur"] / 1000, event.get("tdur", 0) / 1000)
        for event in events
        if event["name"] == "RunTask"
        and (event["pid"], event["tid"]) in mains
        and event.get("dur", 0) >= _LEAST_MS * 1000
    ]
