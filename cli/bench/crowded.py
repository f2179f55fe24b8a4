"""`cbutton bench crowd`: how smooth the operators' console stays among a thousand open incidents.

A real database, the API's own process with the built pages, a real Chromium, and fifty things a second that happen.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from api.pages import FOLDER
from cli.bench.browsing import Operator, Seen, late_frames
from cli.bench.bustle import SQL, gather, going_on
from cli.bench.consoles import watching
from cli.bench.measure import machine, tell
from cli.simulated.browser import chromium
from runtime.database import connect
from runtime.settings import Settings
from runtime.stack import Stack, environment, role

INCIDENTS: Final = 1000
PER_S: Final = 50
_ROUND_S: Final = 30.0
# Scrolling, searching and keys take the rest of a round.
_WATCH_S: Final = 18.0
_PAINTS: Final = 5
_QUEUE_ASKED: Final = 5
_SETTLED_MS: Final = 3000.0


def measured(*, seconds: float, incidents: int, per_s: int, others: int) -> dict[str, Any]:
    """The figures. `others` is how many more consoles follow the same events. Raises NoBrowser, RuntimeError."""
    if not (FOLDER / "index.html").is_file():
        raise RuntimeError("the pages are not built: run scripts/web")
    facts = machine()
    with chromium() as browser, _served(incidents) as (stack, operator):
        settings = stack.settings
        address, url = settings.nearest_api_url, settings.database_url.get_secret_value()
        page = Operator(browser, address, *operator)
        with httpx.Client(
            base_url=address, headers=_bearer(settings.admin_token), timeout=60.0, trust_env=False
        ) as client:
            api = _Api(client, next(one.pid for one in stack.status() if one.name == "api") or 0)
            whole = api.whole_queue(_QUEUE_ASKED)
            loading = page.open()
            paints = page.first_paints(_PAINTS)
            with going_on(settings, incidents, per_s) as so_far, watching(settings, others):
                time.sleep(3.0)
                with connect(url, name="bench", autocommit=True) as conn:
                    page.weigh()
                    tell(f"watching for {seconds:.0f} s")
                    before, events, began_s = api.spent(), _streamed(conn), time.monotonic()
                    while time.monotonic() - began_s < seconds:
                        round_s = time.monotonic()
                        page.work(watch_s=_WATCH_S)
                        page.weigh()
                        time.sleep(max(0.0, round_s + _ROUND_S - time.monotonic()))
                        tell(_line(page.seen))
                    took_s = time.monotonic() - began_s
                    events_per_s = (_streamed(conn) - events) / took_s
                happened = so_far()
            after = api.spent()
    return {
        "bench": "crowd",
        "open": page.seen.memory[-1]["open"],
        "events_per_s": round(events_per_s, 1),
        "seconds": round(took_s),
        "happened": happened["done"],
        "happened_behind_s": round(happened["behind_s"], 1),
        **_smooth(page.seen),
        "new_row_drawn": _delays(page.seen, happened["opened"]),
        **_memory(page.seen, took_s),
        **{name: round(value, 1) for name, value in loading.items()},
        "first_paint_cold_ms": [round(each) for each in paints],
        "javascript_gzip_kb": _javascript_kb(),
        "whole_queue": whole,
        "api": _between(before, after, took_s),
        "other_consoles": others,
        "machine": facts,
    }


@contextmanager
def _served(incidents: int) -> Generator[tuple[Stack, tuple[str, str]]]:
    """A database with so many open incidents, the API on it, and the name and password of an operator."""
    folder = Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
    folder.chmod(0o711)
    # No device takes part, so there is no broker.
    settings = Settings.unconfigured(state_dir=folder, mqtt_url=SecretStr("mqtt://127.0.0.1:1"))
    try:
        with Stack(settings, roles=lambda known: (role("api", "api", env=environment(known)),)) as stack:
            stack.start()
            known = stack.settings
            with connect(known.database_url.get_secret_value(), name="bench", autocommit=True) as conn:
                gather(conn, known, incidents, tell)
            name, password = "bench", secrets.token_urlsafe(16)
            made = httpx.put(
                f"{known.nearest_api_url}/v1/staff/{name}",
                json={"role": "operator", "password": password},
                headers=_bearer(known.admin_token),
                timeout=60.0,
                trust_env=False,
            )
            made.raise_for_status()
            yield stack, (name, password)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Api:
    """The API as it tells of itself."""

    def __init__(self, client: httpx.Client, pid: int) -> None:
        self._client, self._pid = client, pid

    def whole_queue(self, times: int) -> dict[str, float]:
        """How long the whole queue takes, one after another, and how large it is on the way."""
        took_ms: list[float] = []
        size = 0
        for _ in range(times):
            began_s = time.perf_counter()
            with self._client.stream("GET", "/v1/queue") as answer:
                answer.raise_for_status()
                size = sum(len(chunk) for chunk in answer.iter_raw())
            took_ms.append((time.perf_counter() - began_s) * 1000)
        return {
            "first_ms": round(took_ms[0]),
            "median_ms": round(statistics.median(took_ms)),
            "kb": round(size / 1000),
        }

    def spent(self) -> dict[str, float]:
        """Requests answered and seconds they took, by route, and processor time, all since the start."""
        found = self._client.get("/metrics")
        found.raise_for_status()
        spent: dict[str, float] = {}
        for what, route, value in re.findall(
            r'^cbutton_http_request_seconds_(count|sum)\{method="GET",route="([^"]+)"\} (\S+)$',
            found.text,
            re.MULTILINE,
        ):
            spent[f"{what} {route}"] = float(value)
        spent["cpu_s"] = _cpu_s(self._pid)
        return spent


def _between(before: dict[str, float], after: dict[str, float], took_s: float) -> dict[str, Any]:
    routes = {
        route: {
            "per_s": round(many / took_s, 1),
            "mean_ms": round((after[f"sum {route}"] - before.get(f"sum {route}", 0.0)) / many * 1000, 1),
        }
        for route in ("/v1/queue", "/v1/incidents/{incident_id}")
        if (many := after.get(f"count {route}", 0.0) - before.get(f"count {route}", 0.0))
    }
    return {"cpu_share": round((after["cpu_s"] - before["cpu_s"]) / took_s, 2), "routes": routes}


def _smooth(seen: Seen) -> dict[str, Any]:
    return {
        "traced_s": round(seen.traced_s),
        "tasks_over_100_ms": sum(1 for whole, _ in seen.traced if whole > 100),
        "tasks_over_50_ms": sum(1 for whole, _ in seen.traced if whole > 50),
        "longest_task_ms": round(max((whole for whole, _ in seen.traced), default=0.0)),
        "longest_task_processor_ms": round(max((cpu for _, cpu in seen.traced), default=0.0)),
        "observed_over_100_ms": sum(1 for each in seen.long_tasks if each > 100),
        "observed_over_50_ms": len(seen.long_tasks),
        "longest_observed_ms": round(max(seen.long_tasks, default=0.0)),
        "longest_key_ms": round(max(seen.keys, default=0.0)),
        "scrolling": late_frames(seen.scrolling),
        "typing": late_frames(seen.typing),
        "layout_shift": round(seen.shift, 4),
    }


def _memory(seen: Seen, took_s: float) -> dict[str, Any]:
    """Of each thing the first and the last; of the heap each, and how it leans."""
    heap = [one["heap_mb"] for one in seen.memory]
    first, last = seen.memory[0], seen.memory[-1]
    return {
        "heap_mb": heap,
        "heap_mb_per_min": round(_slope(heap[1:]) * 60 / _ROUND_S, 3),
        "nodes": [one["nodes"] for one in seen.memory],
        "lines_of_opened": [one["lines"] for one in seen.memory],
        "listeners": [first["listeners"], last["listeners"]],
        "rows_drawn": max(one["rows"] for one in seen.memory),
        "page_cpu_share": round((last["cpu_s"] - first["cpu_s"]) / took_s, 2),
    }


def _slope(values: Sequence[float]) -> float:
    """How much more each next one is, by least squares."""
    return statistics.linear_regression(range(len(values)), values).slope if len(values) > 1 else 0.0


def _delays(seen: Seen, opened: Sequence[tuple[str, float]]) -> dict[str, float]:
    """From the commit to the row, of very severe ones that opened while nobody scrolled or searched."""
    took = [
        seen.drawn_ms[found] - at_ms
        for found, at_ms in opened
        if found in seen.drawn_ms and any(begin <= at_ms <= end - _SETTLED_MS for begin, end in seen.quiet)
    ]
    if len(took) < 2:
        return {"n": len(took)}
    return {
        "n": len(took),
        "p50_ms": round(statistics.median(took)),
        "p95_ms": round(statistics.quantiles(took, n=20, method="inclusive")[-1]),
        "longest_ms": round(max(took)),
    }


def _javascript_kb() -> dict[str, float]:
    """What the console's first page loads, and all there is, compressed."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    first = set(re.findall(r"/assets/([\w.-]+\.js)", page))
    weights = {
        path.name: len(gzip.compress(path.read_bytes(), 6)) / 1000
        for path in (FOLDER / "assets").glob("*.js")
    }
    return {
        "first": round(sum(weights[name] for name in first), 1),
        "all": round(sum(weights.values()), 1),
    }


def _streamed(conn: Any) -> int:
    row = conn.execute(SQL["streamed"]).fetchone()
    return row["many"] if row is not None else 0


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bearer(token: SecretStr) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def _line(seen: Seen) -> str:
    now, longest = seen.memory[-1], max((whole for whole, _ in seen.traced), default=0.0)
    return f"heap {now['heap_mb']} MB, {now['open']:.0f} open, longest task {longest:.0f} ms"


def show(result: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(box=None, show_header=False)
    for name, value in result.items():
        table.add_row(name, json.dumps(value).strip("{}") if isinstance(value, dict) else str(value))
    Console().print(table)
