"""Work on the database cut into slices: each piece of work stops before and after whatever it asks of others.

A test says who goes on, for how many slices, and who dies. Locks are real: who waits for one is left waiting,
and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import dict_row

from runtime.database import Connection

ALL: Final = 10**6
_LOOK_S: Final = 0.004
_LONGEST_S: Final = 30.0
_working = threading.local()


class Killed(BaseException):
    """The process has died here."""


def boundary(what: str) -> None:
    """Here the piece of work of this thread may be stopped, or die."""
    job: Job | None = getattr(_working, "job", None)
    if job is not None:
        job.gate(what)


class SlicedConnection(psycopg.Connection[dict[str, Any]]):
    """A connection with a boundary before each statement, and on both sides of each commit."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Any:
        boundary(_name(query))
        return super().execute(query, params, **kwargs)

    def _exec_command(self, command: Any, *args: Any, **kwargs: Any) -> PQGen[Any]:
        boundary(_name(command))
        result = yield from super()._exec_command(command, *args, **kwargs)
        if command == b"COMMIT":
            job: Job | None = getattr(_working, "job", None)
            if job is not None:
                job.committed_s = time.monotonic()
            boundary("committed")
        return result


def _name(query: Any) -> str:
    text = query.decode() if isinstance(query, bytes) else str(query)
    return " ".join(text.split())[:60]


def sliced_connection(url: str) -> SlicedConnection:
    """As our processes connect, in autocommit mode."""
    conn = SlicedConnection.connect(url, autocommit=True, row_factory=dict_row, application_name="slices")
    conn.execute("SET timezone = 'UTC'")
    return conn


class Job:
    """One piece of work in a thread of its own. `dies_at` is the boundary at which its process is killed."""

    def __init__(
        self, name: str, conn: SlicedConnection, work: Callable[[Connection], Any], dies_at: int | None
    ) -> None:
        self.name, self.conn, self.dies_at = name, conn, dies_at
        self.pid = conn.info.backend_pid
        self.passed = 0
        self.committed_s: float | None = None
        self.told = False
        self.killed = False
        self.result: Any = None
        self.error: Exception | None = None
        self.at: str = "start"
        self._work = work
        self._credit = 0
        self._state = "parked"
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """`parked` at a boundary, `running` or `done`."""
        return self._state

    def gate(self, what: str) -> None:
        """Called by the work itself: wait here until told to go on, or die."""
        with self._changed:
            self.passed += 1
            self.at = what
            while self._credit == 0:
                self._state = "parked"
                self._changed.notify_all()
                self._changed.wait()
            self._credit -= 1
            self._state = "running"
        if self.dies_at is not None and self.passed >= self.dies_at:
            self.killed = True
            self.conn.close()  # the server rolls back what was open
            raise Killed

    def go_on(self, slices: int) -> None:
        """Let it pass so many boundaries."""
        with self._changed:
            self._credit = slices
            if self._state == "parked":
                self._state = "running"
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Whether it stands still within so long: at a boundary, or at its end."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state != "running", seconds)

    def join(self) -> None:
        self._thread.join(_LONGEST_S)
        assert not self._thread.is_alive(), f"{self.name} hangs at {self.at}"

    def _run(self) -> None:
        _working.job = self
        try:
            self.gate("start")
            self.result = self._work(self.conn)
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001  told to whoever asks
            self.error = error
        finally:
            if self.error is not None and not self.conn.closed:
                self.conn.close()
            with self._changed:
                self._state = "done"
                self._changed.notify_all()


class Slicer:
    """Runs jobs as told; `on_commit` hears of the first commit of each, in their order, `on_done` of its end."""

    def __init__(self, url: str, on_commit: Callable[[Job], None], on_done: Callable[[Job], None]) -> None:
        self.jobs: dict[str, Job] = {}
        self._url, self._on_commit, self._on_done = url, on_commit, on_done
        self._spare: list[SlicedConnection] = []
        self._watch = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        for conn in self._spare:
            conn.close()
        self._watch.close()

    def start(self, name: str, work: Callable[[Connection], Any], *, dies_at: int | None = None) -> Job:
        """A piece of work that begins when it is told to go on."""
        conn = self._spare.pop() if self._spare else sliced_connection(self._url)
        job = self.jobs[name] = Job(name, conn, work, dies_at)
        job.wait(_LONGEST_S)
        return job

    def go_on(self, job: Job, slices: int = ALL) -> None:
        """Let one go on, and wait until everybody stands still again, or waits for somebody who does."""
        job.go_on(slices)
        self.settle()

    def finish(self) -> None:
        """Let everybody come to their end."""
        ends_at = time.monotonic() + _LONGEST_S
        while self.jobs:
            for job in list(self.jobs.values()):
                job.go_on(ALL)
                self.settle()
            assert time.monotonic() < ends_at, [(job.name, job.at) for job in self.jobs.values()]

    def settle(self) -> None:
        ends_at = time.monotonic() + _LONGEST_S
        while running := [job for job in self.jobs.values() if job.state == "running"]:
            if not any(job.wait(_LOOK_S) for job in running) and self._waiting(running):
                break
            assert time.monotonic() < ends_at, [(job.name, job.at) for job in running]
        committed = [(job.committed_s, job) for job in self.jobs.values() if job.committed_s and not job.told]
        for _, job in sorted(committed, key=lambda each: each[0]):
            job.told = True
            self._on_commit(job)
        for name, job in list(self.jobs.items()):
            if job.state == "done":
                job.join()
                del self.jobs[name]
                self._await_end_of(job)
                if not job.conn.closed:
                    self._spare.append(job.conn)
                self._on_done(job)

    def _await_end_of(self, job: Job) -> None:
        """The server rolls back what a dead client left open, a moment later."""
        gone = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
        while job.conn.closed and self._watch.execute(gone, [job.pid]).fetchone() is not None:
            time.sleep(0.001)

    def _waiting(self, running: list[Job]) -> bool:
        """Whether all of these wait for locks of others."""
        found = self._watch.execute("SELECT DISTINCT pid FROM pg_locks WHERE NOT granted").fetchall()
        return {job.pid for job in running} <= {row[0] for row in found}
