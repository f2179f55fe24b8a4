"""Starts processes, watches them, restarts what dies and stops them all.

One thread starts and tends every child and lives as long as they do: on Linux the
kernel ends a child when the thread that started it ends, so not even SIGKILL of the
supervisor leaves one behind.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import structlog

from runtime import logs
from runtime.child import Child, ChildSpec, ChildStatus

_ROUND_S: Final = 0.03
_LOG_CHECK_S: Final = 5.0
# A child that dies this often before it was ever ready will not come right by waiting.
_HOPELESS_DEATHS: Final = 4
_TAIL_LINES: Final = 20


class ChildFailed(RuntimeError):
    """A child did not become ready; carries its name and the last lines of its log."""

    def __init__(self, name: str, reason: str, tail: str) -> None:
        super().__init__(f"{name} {reason}" + (f"; its last words:\n{tail}" if tail else ""))
        self.name = name
        self.tail = tail


class Supervisor:
    """Children by name. `folder` takes their logs (`logs/NAME.log`) and ready files."""

    def __init__(self, folder: Path, log: structlog.stdlib.BoundLogger | None = None) -> None:
        self._folder = folder
        self._log: structlog.stdlib.BoundLogger = log or logs.of_children()
        self._children: dict[str, Child] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._crash: BaseException | None = None
        # What roles say may name people.
        (folder / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *specs: ChildSpec) -> None:
        """Look after more children from now on; each starts once those it comes after are ready."""
        known = {*self._children, *(spec.name for spec in specs)}
        for spec in specs:
            if spec.name in self._children:
                raise ValueError(f"there is a child {spec.name} already")
            if missing := set(spec.after) - known:
                raise ValueError(f"{spec.name} comes after {sorted(missing)}, which nobody starts")
        self._children |= {spec.name: Child(spec, self._folder, self._log) for spec in specs}

    def wait_ready(
        self, *names: str, timeout_s: float = 30.0, stopping: Callable[[], bool] = lambda: False
    ) -> bool:
        """Wait until the named children (all, when none is named) are ready; false when `stopping` came first.

        Raises ChildFailed when one is not ready in time, or dies again and again.
        """
        children = [self._children[name] for name in names or tuple(self._children)]
        deadline_s = time.monotonic() + timeout_s
        while waiting := [child for child in children if child.state != "ready"]:
            self._check()
            if stopping():
                return False
            late = time.monotonic() > deadline_s
            for child in waiting:
                if late:
                    reason = f"was not ready within {timeout_s:g} s"
                elif child.deaths_before_ready >= _HOPELESS_DEATHS or child.state == "stopped":
                    reason = f"did not start ({child.last_exit})"
                else:
                    continue
                raise ChildFailed(child.spec.name, reason, child.log_tail(_TAIL_LINES))
            time.sleep(_ROUND_S)
        return True

    def signal(self, name: str, signum: signal.Signals) -> None:
        """Send a signal to a child, if it runs."""
        self._children[name].signal(signum)

    def status(self) -> list[ChildStatus]:
        """All children as they are now, in the order they were given."""
        self._check()
        return [child.status for child in tuple(self._children.values())]

    def log_tail(self, name: str, lines: int = _TAIL_LINES) -> str:
        """The last lines a child wrote."""
        return self._children[name].log_tail(lines)

    def stop(self) -> None:
        """Stop all children, those that come after others first, and wait until they are gone."""
        self._stopping.set()
        self._thread.join()

    def _check(self) -> None:
        if self._crash is not None:
            raise RuntimeError("the supervisor's thread has ended") from self._crash

    def _run(self) -> None:
        try:
            next_log_check_s = 0.0
            while not self._stopping.wait(_ROUND_S):
                children = tuple(self._children.values())
                ready = {child.spec.name for child in children if child.was_ready}
                for child in children:
                    if ready.issuperset(child.spec.after):
                        child.tend(time.monotonic())
                if time.monotonic() > next_log_check_s:
                    next_log_check_s = time.monotonic() + _LOG_CHECK_S
                    for child in children:
                        child.trim_log()
            self._stop_all()
        except BaseException as error:
            self._crash = error
            raise

    def _stop_all(self) -> None:
        while running := [child for child in self._children.values() if child.state != "stopped"]:
            needed = {name for child in running for name in child.spec.after}
            for child in running:
                if child.spec.name not in needed:
                    child.ask_to_stop(time.monotonic())
            time.sleep(_ROUND_S)
