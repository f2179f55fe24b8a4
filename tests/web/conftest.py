"""Fixtures for tests of the web pages: a real Chromium, and the API that serves them."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from support.control_room import Room, control_room
from support.guard_phone import NEAR
from support.need import lacking
from support.served import Served, build_pages, serving

from cli.simulated.browser import NoBrowser, chromium

# Pages look at the API every few seconds, and many tests share few processors.
expect.set_options(timeout=20_000)


# One for each file: Playwright's loop would be in the way of others' in the same process.
@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Chromium of the machine; without it the test is skipped, or fails where CI=true."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowser as error:
        lacking(str(error))


@pytest.fixture(scope="session")
def pages() -> None:
    """The pages as they stand, built."""
    build_pages()


@pytest.fixture
def served(database_url: str, pages: None) -> Generator[Served]:
    """The API and its pages, on a database for this test alone."""
    with serving(database_url) as backend:
        yield backend


@pytest.fixture
def phone(browser: Browser) -> Generator[BrowserContext]:
    """A phone with Chromium, three kilometres from the scene."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        geolocation=NEAR,
        permissions=["geolocation", "clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def stack(browser: Browser, pages: None) -> Generator[Room]:
    """A whole stack for the tests of a file."""
    with control_room(browser) as room:
        yield room


@pytest.fixture
def room(stack: Room) -> Generator[Room]:
    """The same, with nothing open in it."""
    yield stack
    stack.tidy()
