"""A control room for tests of the console: a whole stack, cars to strike, and operators at their browsers."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect
from support.guard_phone import until
from support.servers import short_folder

from cli.simulated.rehearsal import Rehearsal
from cli.simulated.world import FieldUnit, Member, Motorist, Staff, World

WIDE: Final[ViewportSize] = {"width": 1440, "height": 900}
NARROW: Final[ViewportSize] = {"width": 390, "height": 844}
CARS: Final = 60
NEAR: Final = (35.2044, 139.0380)

_AT_THE_DESK: Final = {"temperament": "takes_call", "answer_after_s": 0.6, "press_after_s": 0.5}
# Answers later than an operator takes the incident: the machine's own call is called off before.
_DRIVER: Final = {"temperament": "asks_help", "answer_after_s": 12.0, "talks_s": 3.0}
_HOLDER: Final = {"temperament": "wants_operator", "answer_after_s": 1.0}
_QUICK: Final = {"speed_kmh": 400.0, "reaction_s": 1.0, "depart_s": 1.0, "secure_s": 600.0, "report_s": 2.0}


def _motorist(number: int) -> Motorist:
    return Motorist(
        device_id=f"CB-SEEN-{number:02d}",
        name="山田 花子",
        car=(f"相模 300 あ {number:02d}-34", "カローラ", "白"),
        route="",
        phone=f"+8190100000{number:02d}",
        contact=f"+8190200000{number:02d}",
        answers=_HOLDER if number % 4 == 3 else _DRIVER if number % 2 else "never_answers",
    )


SEEN: Final = World(
    motorists=tuple(_motorist(number) for number in range(1, CARS + 1)),
    units=tuple(
        FieldUnit(f"guard-{number}", "guard", f"警備員 箱根{number}号", NEAR, habits=_QUICK)
        for number in range(1, 7)
    ),
    desk=(
        Member("sato", "+819055550001", answers=_AT_THE_DESK),
        Member("mori", "+819055550002", answers=_AT_THE_DESK),
    ),
    staff=(
        Staff("sato", "operator"),
        Staff("mori", "operator"),
        Staff("kato", "supervisor"),
        Staff("ueda", "auditor"),
    ),
)


@dataclass
class Room:
    """The stack, and what is done at and around it."""

    rehearsal: Rehearsal
    browser: Browser
    _numbers: Any = field(default_factory=lambda: count(1))
    _contexts: list[BrowserContext] = field(default_factory=list[BrowserContext])

    def car(self, *, answers: bool = False, holds: bool = False) -> str:
        """A car that nothing has happened to yet; `answers`: its driver picks up, after a while; `holds`: at once,
        and stays on the line for an operator.
        """
        wanted = {3} if holds else {1} if answers else {0, 2}
        while (number := next(self._numbers)) % 4 not in wanted:
            pass
        assert number <= CARS, "all cars are struck already"
        return f"CB-SEEN-{number:02d}"

    def crash(self, *, answers: bool = False, holds: bool = False, delta_v_kmh: float = 48.0) -> str:
        """A car is struck; its device."""
        device_id = self.car(answers=answers, holds=holds)
        self.rehearsal.strike(device_id, delta_v_kmh)
        return device_id

    def incident(self, device_id: str) -> dict[str, Any]:
        """The open incident of a device, as the API tells it, once there is one."""
        return until(
            lambda: next(
                (row for row in self.rehearsal.open_incidents() if row["device_id"] == device_id), None
            )
        )

    def detail(self, incident_id: str) -> dict[str, Any]:
        """All of an incident."""
        return self.rehearsal.http.get(f"/v1/incidents/{incident_id}").raise_for_status().json()

    def window(self, *, language: str = "ja", theme: str = "dark", script: str = "", **options: Any) -> Page:
        """A browser of its own, at the console's address."""
        settings: dict[str, Any] = {"viewport": WIDE, "locale": "ja-JP", "timezone_id": "Asia/Tokyo"}
        context = self.browser.new_context(**{**settings, **options})
        context.set_default_timeout(15_000)
        context.add_init_script(
            f"if (!localStorage.getItem('cbutton.language')) localStorage.setItem('cbutton.language', '{language}');"
            f"if (!localStorage.getItem('cbutton.theme')) localStorage.setItem('cbutton.theme', '{theme}');{script}"
        )
        self._contexts.append(context)
        page = context.new_page()
        page.goto(f"{self.rehearsal.address}/console")
        return page

    def operator(self, name: str = "sato", **options: Any) -> Page:
        """Somebody who has signed in, by pointer."""
        page = self.window(**options)
        page.locator("input[autocomplete=username]").fill(name)
        page.locator("input[type=password]").fill(self.rehearsal.passwords[name])
        page.locator("form button.main").click()
        expect(page.locator("[data-count=open]")).to_be_visible()
        return page

    def tidy(self) -> None:
        """Leave nothing open behind: no incident, no window."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        self.rehearsal.close_all()


def row(page: Page, incident_id: str) -> Locator:
    """An incident's row in the queue."""
    return page.locator(f'.queue [data-id="{incident_id}"]')


def opened(page: Page, incident_id: str) -> Locator:
    """The incident that is looked at."""
    return page.locator(f'[data-incident="{incident_id}"]')


def choose(page: Page, incident_id: str) -> None:
    """Open an incident by the pointer, which then leaves the queue: under it nothing moves."""
    row(page, incident_id).click()
    page.mouse.move(700, 60)
    expect(opened(page, incident_id)).to_be_visible()


def line(page: Page, words: str) -> None:
    """Wait for a line of the time line; people and the carrier take their time."""
    listed = page.locator("[data-incident] section[aria-labelledby=timeline]")
    expect(listed.get_by_text(words).last).to_be_visible(timeout=60_000)


def press(page: Page, name: str) -> None:
    """Press a button by its words, whatever key stands beside them."""
    page.get_by_role("button", name=re.compile(f"^{name}")).click()


def said(page: Page, words: str) -> Locator:
    """What was said of a command."""
    return page.locator(".notices").get_by_text(words)


@contextmanager
def control_room(browser: Browser) -> Generator[Room]:
    """The stack runs for as long as this lasts."""
    with short_folder(in_memory=True) as folder, Rehearsal(SEEN, folder=folder) as rehearsal:
        yield Room(rehearsal, browser)
