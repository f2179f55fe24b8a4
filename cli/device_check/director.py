"""Tells whoever handles the device under test what to do, and how it went."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from rich.console import Console
from rich.markup import escape

from cli.device_check.rules.fault import Fault

Order = dict[str, Any]
"""A line of the session: `step`, with `do` and `say` for something asked for."""


class Director(Protocol):
    """Where a session is shown."""

    def order(self, order: Order) -> None:
        """Ask for something to be done to the device."""
        ...

    def note(self, step: str, words: str) -> None:
        """Say something for the person's eyes; nothing is measured by it."""
        ...

    def waiting(self, what: str, left_s: float) -> None:
        """Something is awaited."""
        ...

    def result(self, step: str, faults: Sequence[Fault]) -> None:
        """A step is over; without faults it has passed."""
        ...

    def summary(self, device: str, results: dict[str, bool]) -> None:
        """All steps are over."""
        ...


def hands(director: Director, do: Callable[[Order], None]) -> Director:
    """A director whose orders are also carried out, by hands that need no eyes."""
    return _WithHands(director, do)


class JsonLines:
    """One JSON object a line, for test rigs."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def order(self, order: Order) -> None:
        """{"step", "do", "say", …}."""
        self._line(order)

    def note(self, step: str, words: str) -> None:
        """{"step", "note"}."""
        self._line({"step": step, "note": words})

    def waiting(self, what: str, left_s: float) -> None:
        """Nothing: a rig has a clock."""

    def result(self, step: str, faults: Sequence[Fault]) -> None:
        """{"step", "result", "why", "fix"}; the latter two only for "fail"."""
        line: Order = {"step": step, "result": "fail" if faults else "pass"}
        if faults:
            line["why"] = "; ".join(fault.why for fault in faults)
            line["fix"] = "; ".join(dict.fromkeys(fault.fix for fault in faults))
        self._line(line)

    def summary(self, device: str, results: dict[str, bool]) -> None:
        """{"summary": "pass" or "fail", "device", "passed", "failed"}."""
        passed, failed = _split(results)
        outcome = "pass" if results and not failed else "fail"
        self._line({"summary": outcome, "device": device, "passed": passed, "failed": failed})

    def _line(self, line: Order) -> None:
        self._write(json.dumps(line, ensure_ascii=False))


class Terminal:
    """For a person beside the device: what to do, a countdown, what was wrong and what to mend."""

    _COLUMN: Final = 14

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._status = self._console.status("")
        self._running = False

    def order(self, order: Order) -> None:
        """The words of the order, set off."""
        self._quiet()
        self._console.print(f"\n[bold cyan]▶ {escape(str(order['say']))}[/]")

    def note(self, step: str, words: str) -> None:
        """Dim words."""
        self._quiet()
        self._console.print(f"  [dim]{step}: {escape(words)}[/]")

    def waiting(self, what: str, left_s: float) -> None:
        """A line that counts down."""
        self._status.update(f"{escape(what)} … {left_s:.0f} s")
        if not self._running and self._console.is_terminal:
            self._status.start()
            self._running = True

    def result(self, step: str, faults: Sequence[Fault]) -> None:
        """Pass, or each fault with its remedy."""
        self._quiet()
        self._console.print(
            f"{step:<{self._COLUMN}} {'[bold red]FAIL[/]' if faults else '[bold green]pass[/]'}"
        )
        for fault in faults:
            self._console.print(f"  [red]✗ {escape(fault.why)}[/]")
            self._console.print(f"    → {escape(fault.fix)}")

    def summary(self, device: str, results: dict[str, bool]) -> None:
        """How many steps have passed."""
        self._quiet()
        passed, failed = _split(results)
        self._console.print(
            f"\n{escape(device) or 'no device'}: {len(passed)} of {len(results)} steps passed"
        )
        if failed:
            self._console.print(f"[red]failed: {', '.join(failed)}[/]")

    def _quiet(self) -> None:
        if self._running:
            self._status.stop()
            self._running = False


class _WithHands:
    def __init__(self, director: Director, do: Callable[[Order], None]) -> None:
        self._director = director
        self._do = do
        self.note = director.note
        self.waiting = director.waiting
        self.result = director.result
        self.summary = director.summary

    def order(self, order: Order) -> None:
        self._director.order(order)
        self._do(order)


def _split(results: dict[str, bool]) -> tuple[list[str], list[str]]:
    return [step for step, ok in results.items() if ok], [step for step, ok in results.items() if not ok]
