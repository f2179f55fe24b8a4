"""A thread that works on a database connection of its own, and takes a new one whenever it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg
import structlog

from runtime.database import Connection, connect

_RECONNECT_S: Final = 0.3
_STOP_S: Final = 3.0
_SLICE_S: Final = 0.1


class Background:
    """Runs `work(connection, stopping)` again and again until stopped.

    The connection commits by itself. `work` returns when `stopping` is set; a psycopg error
    means that the connection is lost, and another one is made.
    """

    def __init__(self, name: str, url: str, work: Callable[[Connection, threading.Event], None]) -> None:
        self._name, self._url, self._work = name, url, work
        self._stopping = threading.Event()
        self._log = structlog.get_logger(role="api")
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """False once it has ended, be it by a fault of ours."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait for that, but not for a server that hangs."""
        self._stopping.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        trouble = ""
        while not self._stopping.is_set():
            try:
                with connect(self._url, name=self._name, autocommit=True) as conn:
                    if trouble:
                        self._log.info("database is back", thread=self._name)
                        trouble = ""
                    self._work(conn, self._stopping)
            except psycopg.Error as error:
                if type(error).__name__ != trouble:
                    trouble = type(error).__name__
                    self._log.warning("database lost", thread=self._name, error=trouble)
                self._stopping.wait(_RECONNECT_S)


def wait_for_hint(conn: Connection, stopping: threading.Event, seconds: float) -> None:
    """Wait for a NOTIFY, but no longer than so many seconds, nor much past being stopped."""
    deadline_s = time.monotonic() + seconds
    while not stopping.is_set() and (left_s := deadline_s - time.monotonic()) > 0:
        for _ in conn.notifies(timeout=min(left_s, _SLICE_S), stop_after=1):
            return
