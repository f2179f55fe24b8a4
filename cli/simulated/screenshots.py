"""Photographs every page of the running demo: `scripts/screenshots [FOLDER]`.

Each page in Japanese and English, dark and light, 1440 and 390 pixels wide. Playwright comes with
`scripts/setup dev`; Chromium has to be on the machine.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from math import hypot
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

from cli.simulated.browser import NoBrowser, chromium

_HAPPENINGS_S: Final = 160.0
_SIZES: Final = {1440: (1440, 900), 390: (390, 844)}
_UNIT: Final = "guard-picture"
_SETTLE_MS: Final = 1500


@dataclass(frozen=True, slots=True)
class Shot:
    """A page, who looks at it, and the keys pressed before."""

    name: str
    path: str
    who: str = "kato"
    keys: tuple[str, ...] = ()


SHOTS: Final = (
    Shot("queue", "/console"),
    Shot("incident", "/console", "sato", ("ArrowDown",)),
    Shot("keys", "/console", "sato", ("?",)),
    Shot("ambulance", "/console", "sato", ("ArrowDown", "a")),
    Shot("map", "/console/map"),
    Shot("history", "/console/history"),
    Shot("figures", "/console/figures"),
    Shot("units", "/console/units"),
    Shot("plan", "/console/plan"),
    Shot("devices", "/console/devices"),
    Shot("letters", "/console/letters"),
    Shot("access", "/console/access"),
    Shot("staff", "/console/staff", "admin"),
    Shot("account", "/console/account"),
)


@dataclass(slots=True)
class Demo:
    """The running demo, as it told of itself."""

    address: str
    admin_token: str
    passwords: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """A request with the administrator's token, or another. Raises httpx.HTTPError."""
        answer = httpx.request(
            method,
            f"{self.address}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token or self.admin_token}"},
            timeout=30.0,
            trust_env=False,
        )
        return answer.raise_for_status().json()


def main(folder: Path) -> int:
    """Take all pictures; how many there are is told."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, _running() as demo:
        print(f"the demo runs; incidents happen for {_HAPPENINGS_S:.0f} s", flush=True)
        time.sleep(_HAPPENINGS_S)
        taken = 0
        for language, theme in product(("ja", "en"), ("dark", "light")):
            for name, page in _pages(browser, demo, language, theme):
                file = folder / f"{name}-{language}-{theme}.png"
                page.screenshot(path=file)
                taken += 1
                print(file, flush=True)
    print(f"{taken} pictures")
    return 0


def _pages(browser: Browser, demo: Demo, language: str, theme: str) -> Iterator[tuple[str, Page]]:
    for wide, (width, height) in _SIZES.items():
        for who in dict.fromkeys(shot.who for shot in SHOTS):
            context = _context(browser, width, height, language, theme)
            entered = context.request.post(
                f"{demo.address}/v1/session",
                data={"name": who, "password": demo.passwords[who], "code": None},
            )
            if not entered.ok:
                raise RuntimeError(f"{who} was not let in: {entered.text()}")
            for shot in (each for each in SHOTS if each.who == who):
                page = context.new_page()
                page.goto(f"{demo.address}{shot.path}")
                page.wait_for_timeout(_SETTLE_MS)
                for key in shot.keys:
                    page.keyboard.press(key)
                    page.wait_for_timeout(_SETTLE_MS)
                yield f"{shot.name}-{wide}", page
                page.close()
            context.close()
    width, height = _SIZES[390]
    context = _context(browser, width, height, language, theme)
    page = context.new_page()
    page.goto(f"{demo.address}/console")
    page.wait_for_timeout(_SETTLE_MS)
    yield "sign-in-390", page
    page.goto(_called_out(demo, language))
    page.wait_for_timeout(2 * _SETTLE_MS)
    yield "unit-390", page
    context.close()


def _context(browser: Browser, width: int, height: int, language: str, theme: str) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        is_mobile=width < 500,
        has_touch=width < 500,
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        reduced_motion="reduce",
        geolocation={"latitude": 35.22, "longitude": 139.06},
        permissions=["geolocation"],
    )
    kept = {"cbutton.language": language, "cbutton.theme": theme}
    context.add_init_script(
        f"for (const [key, value] of Object.entries({json.dumps(kept)})) localStorage.setItem(key, value)"
    )
    return context


def _called_out(demo: Demo, language: str) -> str:
    """Offer the work of an open incident to a unit that nobody plays; the link to its page."""
    place = {"lat_deg": 35.22, "lon_deg": 139.06}
    unit = {"id": f"{_UNIT}-{time.time_ns() % 10**9}", "kind": "guard", "name": "警備員 箱根7号", **place}
    demo.ask("POST", "/v1/units", unit | {"language": language})
    token: str = demo.ask("POST", f"/v1/units/{unit['id']}/token")["token"]
    demo.ask("PUT", "/v1/unit/position", place | {"on_shift": True}, token)
    nearest = sorted(
        (each for each in demo.ask("GET", "/v1/queue")["incidents"] if each["lat_deg"] is not None),
        key=lambda each: hypot(each["lat_deg"] - place["lat_deg"], each["lon_deg"] - place["lon_deg"]),
    )
    for incident in nearest:
        path = f"/v1/incidents/{incident['id']}/dispatches"
        try:
            demo.ask("POST", path, {"kind": "guard", "unit_id": unit["id"]})
        except httpx.HTTPStatusError:
            continue  # a guard is on the way there already
        break
    return f"{demo.address}/unit#token={token}"


@contextmanager
def _running() -> Generator[Demo]:
    with tempfile.TemporaryDirectory(prefix="cb-pictures-", ignore_cleanup_errors=True) as state:
        Path(state).chmod(0o755)
        told = Path(state) / "told"
        with told.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up", "--demo"],
                stdout=out,
                env=os.environ | {"CBUTTON_STATE_DIR": state},
            )
        try:
            yield _read(process, told)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _read(process: subprocess.Popen[bytes], told: Path) -> Demo:
    """What the demo tells of itself. Raises RuntimeError where it does not start."""
    while "Stop with" not in (text := told.read_text()):
        if process.poll() is not None:
            raise RuntimeError(f"the demo did not start:\n{text}")
        time.sleep(0.2)
    found = {name: re.search(rf"^{name} +(\S+)", text, re.MULTILINE) for name in ("API", "admin token")}
    address, token = found["API"], found["admin token"]
    if address is None or token is None:
        raise RuntimeError(f"the demo did not tell its address:\n{text}")
    return Demo(address[1], token[1], dict(re.findall(r"^sign in as (\S+) +(\S+)", text, re.MULTILINE)))


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/pictures")))
    except NoBrowser as error:
        sys.exit(str(error))
