"""The threads of the engine role: each repeats one step on a database connection of its own."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

import psycopg
import structlog

from runtime.database import Connection, connect_patiently
from runtime.lifecycle import Lifecycle

_LOOK_S: Final = 0.25
# Hints that come sooner after another are answered together: under load there are hundreds a second.
_HINTS_APART_S: Final = 0.02
# Longer than a statement waits for a server that is gone (see runtime.database).
_PATIENCE_S: Final = 25.0


class Worker(threading.Thread):
    """Repeats a step, sleeping when there is nothing to do.

    A lost database is waited for: what was not committed is still there afterwards.
    idle_s: asked after a step that found nothing: how long to sleep.
    patience_s: the longest a step may take; beyond that the worker counts as hung.
    """

    def __init__(
        self,
        name: str,
        url: str,
        life: Lifecycle,
        step: Callable[[Connection], int | bool],
        *,
        idle_s: Callable[[Connection], float] = lambda _: _LOOK_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.wake = threading.Event()
        self.helper: Worker | None = None
        self.helps = False
        self._url, self._life, self._step, self._idle_s = url, life, step, idle_s
        self._patience_s = patience_s
        self._beaten_s = math.inf
        self._log = structlog.get_logger(role=name)

    @property
    def hung(self) -> bool:
        """Whether its present step takes longer than it may; waiting for the database is no fault of its own."""
        return time.monotonic() - self._beaten_s > self._patience_s

    def run(self) -> None:
        """The thread's life; `start` begins it."""
        while not self._life.stopping:
            try:
                with connect_patiently(self._url, name=self.name, autocommit=True) as conn:
                    self._repeat(conn)
            except psycopg.OperationalError as error:
                self._log.warning("database lost", error=str(error).strip())
                self._life.wait(_LOOK_S)  # it may take connections, and still do no work
            except Exception:  # noqa: BLE001 - a thread that dies silently would stop help for everybody
                self._log.exception("worker failed; the process ends and is started again")
                self._life.fail()

    def _repeat(self, conn: Connection) -> None:
        try:
            while not self._life.stopping:
                self._beaten_s = time.monotonic()
                self.wake.clear()
                if not self._step(conn):
                    self.wake.wait(self._idle_s(conn))
                elif self.helper is not None:
                    self.helper.wake.set()
        finally:
            self._beaten_s = math.inf


def crew(workers: Iterable[Worker]) -> list[Worker]:
    """Workers at the same work: a hint wakes the first, and whoever finds something to do wakes the next."""
    together = list(workers)
    for worker, helper in pairwise(together):
        worker.helper, helper.helps = helper, True
    return together


def listen(url: str, life: Lifecycle, workers: Sequence[Worker]) -> None:
    """Wake the workers when a hint arrives; hints may be lost, the workers look by themselves."""
    log = structlog.get_logger(role="listener")
    while not life.stopping:
        try:
            with connect_patiently(url, name="engine hints", autocommit=True) as conn:
                conn.execute("LISTEN cbutton")
                while not life.stopping:
                    if not list(conn.notifies(timeout=1.0, stop_after=1)):
                        continue
                    list(conn.notifies(timeout=0.0))  # whatever else has come is answered by the same
                    for worker in workers:
                        if not worker.helps:
                            worker.wake.set()
                    life.wait(_HINTS_APART_S)
        except psycopg.OperationalError as error:
            log.warning("database lost", error=str(error).strip())


def watch(life: Lifecycle, workers: Sequence[Worker]) -> None:
    """Wait until told to end; give signs of life as long as no worker hangs."""
    log = structlog.get_logger(role="engine")
    told: frozenset[str] = frozenset()
    while not life.wait(1.0):
        hung = frozenset(worker.name for worker in workers if worker.hung)
        if hung - told:
            log.error("workers hang", workers=sorted(hung))
        if not hung:
            life.beat()
        told = hung
