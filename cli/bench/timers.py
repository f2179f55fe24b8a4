"""`cbutton bench timers`: how late timers fire among many, how many fire a second, and how fast effects leave.

Engines are processes that run the engine role's own worker. What counts is the commit of the outbox row a timer
leads to, by PostgreSQL's own record of when transactions were committed.
"""

from __future__ import annotations

import multiprocessing
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from cli.bench.crowd import SQL, gather
from cli.bench.effects import sent
from cli.bench.measure import machine, tell
from incident.engine.engine import Engine
from incident.engine.worker import Worker, listen
from incident.service import Incidents
from runtime import migrate
from runtime.database import Connection, connect
from runtime.lifecycle import Lifecycle
from runtime.postgres import Postgres
from runtime.settings import Settings
from runtime.supervisor import Supervisor

DUE_PER_S: Final = 200
_LEAD: Final = timedelta(seconds=2)
_LOOK_S: Final = 0.2
_EFFECTS_S: Final = 8
_SPAWN: Final = multiprocessing.get_context("spawn")


def measured(*, timers: int, seconds: int, engines: int) -> dict[str, Any]:
    """The figures. Timers is how many are open all the while; the rest of them are not due for an hour."""
    facts = machine()
    with _database() as (url, supervisor, folder):
        settings = Settings.unconfigured(database_url=SecretStr(url))
        with connect(url, name="bench", autocommit=True) as conn:
            incidents = gather(conn, settings, timers, tell)
            open_timers = _count(conn, "SELECT count(*) AS many FROM timers")
            conn.execute("CHECKPOINT")
            with _engines(url, engines):
                tell(f"{DUE_PER_S} due a second for {seconds} s")
                late = _fire(conn, 1, DUE_PER_S * seconds, timedelta(seconds=seconds))
            # Before any engine runs: all of them overdue at once.
            backlog = incidents - DUE_PER_S * seconds
            tell(f"{backlog} due at once")
            _let_come_due(conn, 2, backlog, timedelta(0), timedelta(0))
            conn.execute("CHECKPOINT")
            with _engines(url, engines):
                _drain(conn, 2)
            fired = _committed(conn, 2)
            effects = sent(conn, url, supervisor, folder, _EFFECTS_S, tell)
    return {
        "bench": "timers",
        **_lateness([row["late_ms"] for row in late]),
        "fired_per_s": round(_rate([row["at_s"] for row in fired])),
        "fired_n": len(fired),
        "fired_per_transaction": round(len(fired) / len({row["transaction"] for row in fired}), 1),
        **effects,
        "open_timers": open_timers,
        "open_incidents": incidents,
        "due_per_s": DUE_PER_S,
        "seconds": seconds,
        "engines": engines,
        "machine": facts,
    }


@contextmanager
def _database() -> Generator[tuple[str, Supervisor, Path]]:
    """A server of its own that forgets nothing in a crash, as in real use, and notes when it commits."""
    folder = Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        postgres = Postgres(folder / "postgres", "bench")
        spec = postgres.spec()
        with Supervisor(folder) as supervisor:
            supervisor.start(replace(spec, argv=(*spec.argv, "-c", "track_commit_timestamp=on")))
            supervisor.wait_ready(timeout_s=60.0)
            migrate.apply(postgres.url())
            yield postgres.url(), supervisor, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_engine(url: str, ready: Event) -> None:
    """One engine's process: its worker for timers, without senders."""
    life = Lifecycle()
    engine = Engine(Incidents(Settings.unconfigured(database_url=SecretStr(url))))
    worker = Worker("timers", url, life, engine.step, idle_s=engine.idle_s)
    worker.start()
    threading.Thread(target=listen, args=(url, life, [worker]), daemon=True).start()
    ready.set()
    life.wait(3600.0)
    worker.wake.set()
    worker.join(10.0)


@contextmanager
def _engines(url: str, many: int) -> Generator[None]:
    running: list[tuple[Any, Event]] = []
    try:
        for _ in range(many):
            ready = _SPAWN.Event()
            process = _SPAWN.Process(target=_run_engine, args=(url, ready), daemon=True)
            process.start()
            running.append((process, ready))
        for _, ready in running:
            if not ready.wait(60.0):
                raise RuntimeError("an engine did not start")
        yield
    finally:
        for process, _ in running:
            process.terminate()
        for process, _ in running:
            process.join(15.0)


def _let_come_due(conn: Connection, phase: int, many: int, lead: timedelta, within: timedelta) -> None:
    conn.execute(SQL["let_come_due"], {"phase": phase, "many": many, "lead": lead, "within": within})


def _fire(conn: Connection, phase: int, many: int, within: timedelta) -> list[dict[str, Any]]:
    _let_come_due(conn, phase, many, _LEAD, within)
    time.sleep((_LEAD + within).total_seconds())
    _drain(conn, phase)
    return _committed(conn, phase)


def _drain(conn: Connection, phase: int) -> None:
    """Wait until every timer of a phase has fired; tells how many are left, every few seconds."""
    told_s = time.monotonic()
    while left := _count(conn, SQL["left_over"], phase):
        time.sleep(_LOOK_S)
        if time.monotonic() - told_s > 3.0:
            told_s = time.monotonic()
            tell(f"{left} left")


def _committed(conn: Connection, phase: int) -> list[dict[str, Any]]:
    return conn.execute(SQL["committed"], {"phase": phase}).fetchall()


def _count(conn: Connection, query: Any, phase: int | None = None) -> int:
    row = conn.execute(query, {"phase": phase} if phase is not None else None).fetchone()
    return row["many"] if row is not None else 0


def _lateness(late_ms: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(late_ms)
    cuts = statistics.quantiles(ordered, n=1000, method="inclusive")
    return {
        "n": len(ordered),
        "lateness_p50_ms": round(cuts[499], 2),
        "lateness_p99_ms": round(cuts[989], 2),
        "lateness_p999_ms": round(cuts[998], 2),
        "lateness_max_ms": round(ordered[-1], 2),
    }


def _rate(at_s: Sequence[float]) -> float:
    """Commits a second from the first to the last."""
    ordered = sorted(at_s)
    return (len(ordered) - 1) / (ordered[-1] - ordered[0])
